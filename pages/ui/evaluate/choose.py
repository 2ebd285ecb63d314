"""Evaluate, a model on images of any dataset: choosing both, what the classes are, and scoring what was not scored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from allcore.config import AS_GIVEN
from allcore.data.catalog import Catalog
from allcore.data.class_names import in_order
from allcore.data.folder.parts import PARTS
from allcore.errors import InputError
from allcore.evaluation.predictions.evaluation_run import (
    EvaluationRecord,
    evaluation_place,
    evaluation_record,
    evaluation_run,
)
from allcore.evaluation.predictions.recorded import RecordedPredictions
from allcore.evaluation.predictions.score_folder import (
    LEFT_OUT,
    ScoringRequest,
    digests_of,
    parts_of_run,
    scored_images,
)
from allcore.files import stamp
from allcore.inference.predictor import Predictor
from allcore.result_cache import short_digest
from allcore.runs.folder.store import Run
from allcore.text import counted, for_page
from allcore.workspace import open_workspace
from pages.ui import address
from pages.ui.known.judgements import labelled
from pages.ui.known.workspace import catalog, forget_catalogs, predictor
from pages.ui.shared.choose import choose_dataset, choose_variant
from pages.ui.shared.choose_model import choose_model, served_models
from pages.ui.shared.labels import choose_labels
from pages.ui.shared_work import asked_for, make_and_show

KINDS = {"run": "A run on its own images", "images": "A model on any images"}
_ALL = "all"
_MAP = "map"
_REFUSED = "These images cannot be scored"


def choose_kind() -> bool:
    """Let the user choose what is scored (in the address as `score`); return whether it is a run on its own images."""
    kind = address.settle("score", KINDS, "kind of score", default="run")
    st.segmented_control(
        "Score", list(KINDS), required=True, format_func=lambda name: KINDS[name],
        **address.follow("score", kind, ("true", "predicted", "against", "split", "at")),
    )  # fmt: skip
    if kind is None:
        st.stop()
    return kind == "run"


def choose_evaluation() -> Run | None:
    """Let the user choose a model and labelled images, and return the scoring in the form of a run.

    They are in the address as `model`, `data`, `variant`, `part` and `map`. None, with what to do, until it is scored.
    """
    model = choose_model()
    folder = None if model is None else choose_dataset()
    if model is None or folder is None:
        return None
    served = _served(model)
    if served is None:
        return None
    images = catalog(folder)
    variant = choose_variant(images, served.metadata)
    version = labelled(images, variant, choose_labels(images, variant) or AS_GIVEN)
    images = version.catalog
    part = _choose_part(images, variant, served)
    mapping = _choose_mapping(in_order(images.images(variant)["label"]), served.classes)
    if mapping is None:
        return None
    of = ScoringRequest(folder=images.root, variant=variant, split=part, mapping=mapping, labels=version.name)
    return _scored_run(served, model, images, of)


def _scored_run(served: Predictor, model: Path, images: Catalog, of: ScoringRequest) -> Run | None:
    """Return a model's scoring of labelled images in the form of a run; where there is none yet, offer to make it."""
    counts = f"{images.contents(str(of.variant))} {len(images.problems())}"
    key = f"{model} {stamp(model)} {counts} {short_digest(of.model_dump_json())}"
    run = _place(key, (model, images, of), str(open_workspace().cache))
    if evaluation_record(run) is not None:
        return run
    try:
        count = len(scored_images(images, images.variant(of.variant), of, served.metadata))
    except InputError as error:
        st.error(for_page(str(error)), title=_REFUSED)
        return None
    st.caption(
        "The model has not been scored on these images yet. What it says of an image is kept, so that it is asked once."
    )
    if not asked_for(key, f"Score it on {counted(count, 'image')}", type="primary", icon=":material/play_arrow:"):
        return None
    forget_catalogs()  # the images that are there now are scored: so many are to be shown then
    cache, judged = open_workspace().cache, open_workspace().judgements
    make_and_show(
        key, "Predicting and scoring", _REFUSED,
        lambda progress: evaluation_run(served, model, of, cache, progress, judged),
    )  # fmt: skip
    return None


def choose_evaluation_against(of: EvaluationRecord, scored: RecordedPredictions) -> Run | None:
    """Let the user choose another model (in the address as `against`) and return its scoring of the `scored` images.

    None at first, and until it is scored.
    """
    others = {name: model for name, model in served_models().items() if model != of.model}
    name = address.settle("against", others, "other model")
    if not others:
        st.info(
            f"Train one, or put an .onnx file into {for_page(str(open_workspace().models))}.", title="No other model"
        )
        return None
    st.selectbox("Against model", list(others), None, placeholder="Choose a model", **address.follow("against", name))
    served = None if name is None else _served(others[name])
    if name is None or served is None:
        return None
    images = catalog(of.of.folder)
    images = labelled(images, images.variant(of.of.variant), of.of.labels).catalog
    same = of.of if of.of.split is None else of.of.model_copy(update={"digests": digests_of(scored)})
    return _scored_run(served, others[name], images, same)


def _served(model: Path) -> Predictor | None:
    """Return the predictor of a model; None, which is said in place, where it cannot be opened."""
    try:
        return predictor(model)
    except InputError as error:
        st.error(for_page(str(error)), title="This model cannot be used")
        return None


@st.cache_data(max_entries=500, show_spinner=False)
def _place(key: str, _asked: tuple[Path, Catalog, ScoringRequest], cache: str) -> Run:
    model, images, of = _asked
    return evaluation_place(model, images, str(of.variant), of, Path(cache))


def _choose_part(images: Catalog, variant: str, served: Predictor) -> str | None:
    """Let the user choose among the parts of the model's run where it had some of these images; None for all."""
    parts = _parts(images.contents(variant), served.metadata.run, (images, variant, served))
    if not parts:
        return None
    names = {_ALL: "all"} | {part: f"its {part} images" for part in PARTS if part in parts}
    part = address.settle("part", names, "part of the model's run", default=_ALL)
    st.segmented_control(
        "Images", list(names), required=True, format_func=lambda name: names[name],
        help="The model's run had some of these images. Those that it was not trained on show what it is worth.",
        **address.follow("part", part, ("true", "predicted", "at")),
    )  # fmt: skip
    if part is None:
        st.stop()
    return None if part == _ALL else part


@st.cache_data(max_entries=64, show_spinner=False)
def _parts(key: str, run: str, _of: tuple[Catalog, str, Predictor]) -> dict[str, int]:
    images, variant, served = _of
    return parts_of_run(images.images(variant), served.metadata)


def _choose_mapping(theirs: Sequence[str], ours: Sequence[str]) -> dict[str, str] | None:
    """Let the user say which of the model's classes each class of the images is (in the address as `map`).

    None until it is said of every class that the model does not know.
    """
    known = {name: name for name in theirs if name in ours}
    pairs = {f"{name}={of}": (name, of) for name in theirs for of in (*ours, LEFT_OUT)}  # classes may have a "=" too
    asked = dict.fromkeys(pairs[entry] for entry in st.query_params.get_all(_MAP) if entry in pairs)
    said = dict(asked.keys())
    if len(said) < len(asked):
        st.warning("It says that one class is several, so nothing of that is taken.", title="Contradictory address")
        said = {}
    mapping = known | said
    missing = [name for name in theirs if name not in mapping]
    if missing or said:
        _show_mapping(theirs, ours, mapping)
    if missing:
        st.info(
            f"The model has no class of the name{'' if len(missing) == 1 else 's'} {for_page(', '.join(missing))}. "
            f"Choose what {'it is' if len(missing) == 1 else 'they are'} to the model, or leave "
            f"{'it' if len(missing) == 1 else 'them'} out.",
            title="The classes have other names",
        )
        return None
    return {name: chosen for name, chosen in mapping.items() if chosen != name}


def _show_mapping(theirs: Sequence[str], ours: Sequence[str], mapping: dict[str, str]) -> None:
    with st.container(horizontal=True, border=True):
        for number, name in enumerate(theirs):
            key = f"map {number}"
            st.session_state[key] = mapping.get(name)
            st.selectbox(
                f"{for_page(name)} is", [*ours, LEFT_OUT], None, key=key, placeholder="Choose a class", width=200,
                format_func=lambda chosen: for_page(chosen) if chosen else "left out",
                on_change=_say_mapping, args=(tuple(theirs),),
            )  # fmt: skip


def _say_mapping(theirs: tuple[str, ...]) -> None:
    chosen = {name: st.session_state[f"map {number}"] for number, name in enumerate(theirs)}
    mapped = [f"{name}={of}" for name, of in chosen.items() if of is not None and of != name]
    address.put(_MAP, mapped, ("true", "predicted", "at"))
