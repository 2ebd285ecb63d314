"""Choosing what a page shows (a dataset, its variant, a run), or, where there is none, getting it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from allcore.data.catalog import Catalog
from allcore.data.folder.layout import find_layout
from allcore.data.importing.dataset_note import renamed_to
from allcore.errors import DatasetError, RunError
from allcore.evaluation.predictions.score_folder import variant_of
from allcore.inference.metadata import ServedMetadata
from allcore.runs.folder.store import Run
from allcore.runs.owned_datasets import was_made_on
from allcore.studies.out_of_fold import is_out_of_fold, out_of_fold_place
from allcore.text import for_page
from allcore.workspace import open_workspace
from pages.ui import address
from pages.ui.known.out_of_fold import open_out_of_fold, out_of_fold_choices
from pages.ui.known.runs import runs, summary
from pages.ui.known.workspace import named_and_nameless_datasets
from pages.ui.shared.get_dataset import draw_button, say_added

_OF_A_VARIANT = ("image", "class", "first", "second", "group", "true", "predicted", "at")
"""What an address says of one variant of a dataset, and of no other."""
OF_A_DATASET = ("variant", "run", "part", "map", "all", *_OF_A_VARIANT)
"""What an address says of one dataset, and of no other."""
_OF_A_RUN = ("against", "true", "predicted", "at")
"""What an address says of one run, and of no other."""


def choose_dataset(*, hint: bool = True) -> Path | None:
    """Let the user choose one of the datasets (in the address as `data`); None when there is none, or not that one.

    A folder deeper in a root is named by its whole path. `hint` says what to do when there is no dataset.
    """
    say_added()
    folders, nameless = named_and_nameless_datasets()
    _follow_renamed(folders)
    for given in (address.remembered("data"), st.query_params.get("data")):
        if given and given not in folders and (folder := _dataset_at(given)):
            folders[given] = folder
    if nameless:
        st.caption(f"Not listed, for their paths are not valid UTF-8: {for_page(', '.join(nameless))}. Rename them.")
    name = address.settle("data", folders, "dataset", first=next(iter(folders), None))
    if folders:
        st.selectbox(
            "Dataset", list(folders), None if name is None else 0, placeholder="Choose a dataset",
            **address.follow("data", name, OF_A_DATASET),
        )  # fmt: skip
    elif hint:
        with st.container():
            st.info("Draw synthetic smears, in seconds, or bring your own images.", title="No dataset yet")
            draw_button()
            st.page_link("pages/dataset.py", label="Get a dataset", icon=":material/download:")
    return None if name is None else folders[name]


def choose_variant(of: Catalog, model: ServedMetadata | None = None) -> str:
    """Let the user choose a variant of a dataset that has several (in the address as `variant`).

    At first it is the one that this session had last; for a `model` the one that it was trained on, and another one is
    said to be another. The page ends here when the address asks for one that the dataset does not have.
    """
    if len(of.variants) == 1:
        return of.variants[0]
    first = of.variants[0] if model is None else variant_of(of, model)
    name = address.settle("variant", of.variants, "variant", first=first, remembers=model is None)
    st.segmented_control(
        "Variant", of.variants, required=True, format_func=for_page, **address.follow("variant", name, _OF_A_VARIANT)
    )
    if name is None:
        st.stop()
    if model is not None and (own := model.config.get("variant")) and own != name:
        st.caption(f"The model was trained on {for_page(str(own))}.")
    return name


def choose_run() -> Run | None:
    """Let the user choose one of the runs, without damaged ones (in the address as `run`).

    None, with what to do, when there is no run or not the one that is asked for.
    """
    found = {run.id: run for run in runs() if summary(run).state != "damaged"}
    run = select_run(found)
    if not found:
        st.info("Launch one on the Train page; the quick preset takes minutes.", title="No run yet")
        st.page_link("pages/train.py", label="Train", icon=":material/model_training:")
    return run


def choose_predictions(missing: str) -> Run | None:
    """Let the user choose a succeeded run, or a study's out-of-fold predictions, which are opened in a run's form.

    None, with what to do, when there is neither or not the one that is asked for (in the address as `run`).
    """
    found = {run.id: run for run in runs() if _succeeded(run)}
    of_studies = out_of_fold_choices()
    name = _select([*found, *of_studies])
    if not found:
        st.info("Launch one on the Train page; the quick preset takes minutes.", title=missing)
        st.page_link("pages/train.py", label="Train", icon=":material/model_training:")
    if name is None or name in found:
        return None if name is None else found[name]
    try:
        return open_out_of_fold(*of_studies[name])
    except RunError as error:
        st.error(for_page(str(error)), title="These predictions cannot be opened")
        return None


def select_run(found: dict[str, Run]) -> Run | None:
    """Let the user choose one of these runs, by their ids (in the address as `run`); None if it is not among them."""
    name = _select(list(found))
    return None if name is None else found[name]


def _select(names: list[str]) -> str | None:
    name = address.settle("run", names, "run", first=next(iter(names), None))
    if names:
        st.selectbox(
            "Run", names, None if name is None else 0, placeholder="Choose a run",
            **address.follow("run", name, _OF_A_RUN),
        )  # fmt: skip
    return name


def choose_run_against(run: Run) -> Run | None:
    """Let the user choose another succeeded run to compare `run` with (in the address as `against`); None at first."""
    others = {other.id: other for other in runs() if other.id != run.id and _succeeded(other)}
    of_studies = out_of_fold_choices() if is_out_of_fold(run) else {}
    of_studies = {name: one for name, one in of_studies.items() if out_of_fold_place(*one).folder != run.folder}
    names = [*of_studies, *others]
    name = address.settle("against", names, "other run")
    if not names:
        st.info("Launch another on the Train page: of another size, say, or with another recipe.", title="No other run")
        return None
    st.selectbox("Against run", names, None, placeholder="Choose another run", **address.follow("against", name))
    return None if name is None else others[name] if name in others else open_out_of_fold(*of_studies[name])


def choose_run_on(folder: Path) -> Run | None:
    """Let the user choose a run that was made on a dataset folder, to see its split (in the address as `run`)."""
    found = {run.id: run for run in runs() if was_made_on(run, folder)}
    name = address.settle("run", found, "run of this dataset")
    if found:
        st.selectbox(
            "Split of run", list(found), None, placeholder="None", **address.follow("run", name, ("split",)),
            help="Shows which images the run trained on, chose its epoch by, and was tested on.",
        )  # fmt: skip
    return None if name is None else found[name]


def _succeeded(run: Run) -> bool:
    return summary(run).state == "succeeded"


def _follow_renamed(folders: Mapping[str, Path]) -> None:
    """Let an address, and what this session had last, lead on to a dataset that has another name now."""
    datasets = open_workspace().datasets
    for given, follow in ((address.remembered("data"), address.remember), (st.query_params.get("data"), address.put)):
        if given and given not in folders and (datasets / given).parent == datasets:  # its name, or its whole path
            now = renamed_to(datasets, Path(given).name)
            if now is not None:
                follow("data", now.name)


def _dataset_at(path: str) -> Path | None:
    """Return the dataset at an absolute path, if it is one and may be read: how folders deeper in a root are named."""
    try:
        return find_layout(open_workspace().allowed(Path(path))).root if Path(path).is_absolute() else None
    except DatasetError:
        return None
