"""Predict, all images of a dataset or of a folder: with progress, as one table, and scored where they are labelled."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from zlib import crc32

import pandas as pd
import streamlit as st

from allcore.data.intake.images import read_image
from allcore.data.relations import Relations
from allcore.data.unlabelled import unlabelled_images
from allcore.errors import InputError
from allcore.evaluation.scoring.intervals import wilson
from allcore.inference.cached_predictions import predict_catalogued
from allcore.inference.metadata import NOT_SAID
from allcore.inference.predictor import Predictor
from allcore.inference.results import folder_table
from allcore.number_text import per_cent_within
from allcore.progress import Progress
from allcore.text import counted, for_page
from allcore.workspace import open_workspace
from pages.ui import address
from pages.ui.known.workspace import catalog, relations
from pages.ui.predict.answers import ImageFile
from pages.ui.predict.answers_table import say_answers, show_answers
from pages.ui.shared.choose import choose_dataset, choose_variant
from pages.ui.shared_work import CancelledError, ask_again, asked_for, is_under_way, wait_for

KINDS = ("A dataset", "A folder")
_OF_A_FOLDER = ("image", "all")
"""What an address says of one folder, and of no other."""
_KIND = "images_from"
_READ_AGAIN = "Read the folder again"


def images_at_hand(served: Predictor, model: Path) -> list[ImageFile]:
    """Let the user choose a dataset or a folder, once that is opened, and one of its images; return the chosen one.

    All of them can be asked for too, and are shown here.
    """
    wanted = bool({"image", "all", "folder"} & {*st.query_params})
    own = st.expander(
        "Or a dataset, or a folder: one image of it, or all", wanted, icon=":material/photo_library:", key="own",
        on_change="rerun",
    )  # fmt: skip
    if not own.open:
        return []
    with own:
        return _images_of_either(served, model)


def _images_of_either(served: Predictor, model: Path) -> list[ImageFile]:
    of_folder = "folder" in st.query_params
    st.session_state[_KIND] = KINDS[of_folder]
    st.segmented_control("From", KINDS, required=True, key=_KIND, on_change=_say_kind)
    return (_images_of_a_folder if of_folder else _images_of_a_dataset)(served, model)


def _say_kind() -> None:
    address.put("folder", "" if st.session_state[_KIND] == KINDS[True] else None, _OF_A_FOLDER)


def _images_of_a_dataset(served: Predictor, model: Path) -> list[ImageFile]:
    """Let the user choose a dataset, and one of its images or all of them; return the chosen one.

    They are in the address as `data`, `variant`, `image` and `all`.
    """
    folder = choose_dataset()
    if folder is None:
        return []
    images = catalog(folder)
    variant = choose_variant(images, served.metadata)
    of_variant = images.table[images.table["variant"] == variant].reset_index(drop=True)
    chosen = _choose_image(images.table)
    key = f"predictions by {model} of {images.contents(variant)} in {open_workspace().cache}"
    if _asked_for_all(key, f"Predict all {counted(len(images.images(variant)), 'image')}"):
        _show_all(key, served, model, images.root, of_variant, relations(images, variant))
        if chosen is not None:
            st.header("One image", anchor=False)
    return [] if chosen is None else [_file(images.root, images.table, chosen)]


def _images_of_a_folder(served: Predictor, model: Path) -> list[ImageFile]:
    """Let the user name a folder of images within the roots, labelled or not; all are predicted; return the chosen one.

    They are in the address as `folder` and `image`.
    """
    named = st.query_params.get("folder", "")
    typed = st.text_input(
        "Folder on this machine", placeholder="below the folders that may be read",
        help="Its images and those of its subfolders, whether they are sorted into classes or not.",
        **address.follow("folder", named or None, _OF_A_FOLDER),
    )  # fmt: skip
    if not typed:
        return []
    try:
        folder = open_workspace().allowed(Path(typed))
        images, contents = _listed(folder)
    except CancelledError:
        st.warning("Its images can be chosen once it is read.", title="The reading of this folder was cancelled")
        if asked_for(_reading(folder), _READ_AGAIN, icon=":material/refresh:"):
            st.rerun()
        return []
    except InputError as error:
        st.error(for_page(str(error)), title="This folder cannot be predicted")
        return []
    key = f"predictions by {model} of {contents} of {folder} in {open_workspace().cache}"
    if _asked_for_all(key, f"Predict all {counted(int((images['problem'] == '').sum()), 'image')}"):
        _show_all(key, served, model, folder, images)
    chosen = _choose_image(images)
    st.button(
        _READ_AGAIN, icon=":material/refresh:", on_click=_kept_lists.clear, args=(str(folder),),
        help="Shows what was added, replaced or removed since.",
    )  # fmt: skip
    return [] if chosen is None else [_file(folder, images, chosen)]


def _choose_image(images: pd.DataFrame) -> str | None:
    problems = dict(zip(images["path"].tolist(), images["problem"].tolist(), strict=True))
    usable = [path for path, problem in problems.items() if not problem]
    wanted = st.query_params.get("image")
    if wanted and wanted not in usable:
        reason = problems.get(wanted, "the dataset has no such image")
        st.warning(for_page(f"{wanted}: {reason}"), title="This image cannot be used")
    chosen = wanted if wanted in usable else None
    st.selectbox("Image", usable, None, placeholder="Search by name", **address.follow("image", chosen))
    return chosen


def _file(root: Path, images: pd.DataFrame, path: str) -> ImageFile:
    digest = str(images.loc[images["path"] == path, "sha256"].iloc[0])
    return ImageFile(path, digest, partial(read_image, root / path))


def _asked_for_all(key: str, label: str) -> bool:
    """Show the button that asks for all images; return whether they are wanted (in the address as `all`)."""
    wanted = st.query_params.get("all") == "true"
    if not wanted:
        st.button(label, icon=":material/grid_on:", on_click=_ask_for_all, args=(key,))
    return wanted or is_under_way(key)


def _ask_for_all(key: str) -> None:
    ask_again(key)
    address.put("all", "true")


def _show_all(
    key: str, served: Predictor, model: Path, root: Path, images: pd.DataFrame, known: Relations | None = None
) -> None:
    """Predict all images, with progress where that is not done, and show what came of it.

    `known` are the relations of those that can be used, where the images are labelled.
    """
    usable, cache = images[images["problem"] == ""], open_workspace().cache
    if usable.empty:
        st.info("None of its files can be used.", title="No image")
        return
    try:
        said = wait_for(
            key,
            f"Predicting {counted(len(usable), 'image')}; it goes on when you leave this page",
            lambda progress: predict_catalogued(served, model, root, usable, cache, progress),
        )
    except CancelledError:
        address.put("all", None)
        st.caption("Cancelled. What was predicted so far is kept.")
        return
    except InputError as error:
        st.error(for_page(str(error)), title="These images cannot be predicted")
        return
    table = folder_table(images, said, served.metadata)
    _summarise(table, known, served)
    _show_table(table, served, root)


def _summarise(table: pd.DataFrame, known: Relations | None, served: Predictor) -> None:
    """Say how many images each class was given, how many are novel, and how many are right where that is known.

    The interval of the accuracy is Wilson's for as many trials as the labelled images have groups.
    """
    predicted = table[table["error"] == ""]
    if known is not None and len(judged := predicted["correct"].dropna()):
        right, groups = int(judged.sum()), pd.Series(known.groups, predicted.index)[judged.index].nunique()
        low, high = wilson(right / len(judged) * groups, groups)
        score = per_cent_within(right / len(judged), (float(low), float(high)))
        st.markdown(f"**{right:,} of {len(judged):,} labelled images are right: accuracy {score}.**")
        if not known.searched:
            st.caption(
                "Shared fields were not searched for: images that show the same field count as one each, and the "
                "interval may be too narrow."
            )
        if trained := int((predicted["split"] == "train").sum()):
            st.caption(f"The model was trained on {trained:,} of them, so the accuracy is too good.")
        elif not served.metadata.says_training:
            st.caption(f"{NOT_SAID[:1].upper()}{NOT_SAID[1:]}.")
        link = {name: st.query_params[name] for name in ("model", "data", "variant") if name in st.query_params}
        st.page_link(
            "pages/evaluate.py", label="All scores, and every mistake", icon=":material/grid_on:",
            query_params={"score": "images", **link},
        )  # fmt: skip
    say_answers(table)


def _show_table(table: pd.DataFrame, served: Predictor, root: Path) -> None:
    """Show a row an image; the one that is clicked is chosen."""
    address.catch_up()
    show_answers(
        table, served.classes, f"predictions-{root.name}", list(table["path"]), partial(address.put, "image"),
        st.query_params.get("image"),
    )  # fmt: skip
    st.caption(
        "A click on a heading sorts; a click at the left of a row shows that image with its evidence below, or why it "
        "has none."
    )


_Listed = tuple[pd.DataFrame, int]
"""The images of a folder, and a number that changes with them and their order."""


def _listed(folder: Path) -> _Listed:
    kept = _kept_lists(str(folder))
    if kept:
        return kept[0]

    def read(progress: Progress) -> _Listed:
        images = unlabelled_images(folder, progress)
        kept.append((images, crc32(images.to_csv().encode())))
        return kept[0]

    return wait_for(_reading(folder), "Reading the images", read)


def _reading(folder: Path) -> str:
    return f"images of {folder}"


@st.cache_resource(max_entries=8, ttl=600, show_spinner=False)
def _kept_lists(folder: str) -> list[_Listed]:
    """Return where the list of a folder's images is put when it is made; all sessions share it."""
    return []
