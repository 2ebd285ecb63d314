"""The four ways to a dataset: drawn, a folder, a zip, Kaggle. What is got is the chosen dataset from then on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from allcore.data.folder.layout import find_layout
from allcore.data.importing.sources import Progress, draw_smears, fetch_kaggle, free_name, import_upload
from allcore.data.synthetic import SyntheticSpec
from allcore.errors import InputError
from allcore.paper import IMAGES
from allcore.refusals import what_went_wrong
from allcore.text import counted, for_page, printable
from allcore.workspace import open_workspace
from pages.ui.known.workspace import forget_catalogs, select_dataset
from pages.ui.shared_work import CancelledError, ask_again, is_under_way, wait_for, wait_if_under_way
from pages.ui.sign_in import RightError, may_act, permitted
from pages.ui.stored_form import empty_form, key_of_form

KAGGLE = "mehradaria/leukemia"
_ADDED = "dataset added"
_ASKED = "dataset asked for"
_ZIP = "zip"
_SMEARS = "name of drawn smears"
AT_ONE_CLICK = SyntheticSpec(images_per_class=40, twins=0.25)


def draw_button() -> None:
    """Offer a small dataset of drawn smears at one click."""
    if is_getting():
        st.page_link("pages/dataset.py", label="A dataset is on its way", icon=":material/hourglass_top:")
    elif st.button("Draw synthetic smears", type="primary", icon=":material/draw:", disabled=not may_act()):
        folder = open_workspace().datasets
        name = free_name(folder, "synthetic-smears")
        _import(name, "Drawing", lambda progress: draw_smears(folder, name, AT_ONE_CLICK, progress))


def get_dataset() -> None:
    """Offer the ways to a dataset, and carry out the one that the user asks for; an error is shown in place.

    While one is on its way that was asked for here, its progress is shown instead; another's stands below.
    """
    if is_getting_what_was_asked_here():
        show_getting()
        return
    if said := _failures().pop(_key(), None):
        st.error(for_page(said), title="No dataset was added")
    ways: dict[str, Callable[[], None]] = {
        "Synthetic smears": _draw,
        "A folder": _open_folder,
        "A zip file": _upload,
        "Kaggle": _download,
    }
    chosen = st.segmented_control(
        "Where from", list(ways), default="Synthetic smears", required=True, key="source", bind="query-params"
    )
    ways[str(chosen)]()
    if is_getting():
        show_getting()


def _draw() -> None:
    st.write(
        "Four classes of drawn cells, to try everything without real images. They look like smears and carry no "
        "diagnostic information."
    )
    folder = open_workspace().datasets
    with st.form("draw"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            images = st.number_input("Images a class", 3, 5_000, 60, 10, width=140)
            size = st.number_input("Size (px)", 32, 1_024, 224, 32, width=140)
            twins = st.slider(
                "Twins", 0.0, 1.0, 0.2, 0.05, width=200,
                help="share of the images that show the same region of a slide as another, shifted",
            )  # fmt: skip
            free = free_name(folder, "smears")  # with a key the field stays the same one when another name is free
            name = st.text_input("Name", key=key_of_form(_SMEARS), placeholder=free, width=180).strip() or free
        scale_bars = st.checkbox("Scale bars", help="burnt in, in a style that mostly follows the class: a shortcut")
        pressed = st.form_submit_button(
            "Draw synthetic smears", type="primary", icon=":material/draw:", disabled=not may_act()
        )
    if pressed:
        spec = SyntheticSpec(images, size, twins=twins, scale_bars=scale_bars)
        _import(name, "Drawing", lambda progress: draw_smears(folder, name, spec, progress))


def _open_folder() -> None:
    roots = [open_workspace().datasets, *open_workspace().data_roots]
    st.write(
        "A folder with one subfolder for each class, or with variants such as Original and Segmented that hold them. "
        "It is read where it is. These folders and what is below them may be read; the environment variable "
        "`ALLCORE_DATA_ROOTS` names more."
    )
    st.code("\n".join(printable(str(root)) for root in roots), language=None)
    with st.form("folder"):
        typed = st.text_input("Folder", printable(str(roots[-1])))
        pressed = st.form_submit_button("Open folder", type="primary", icon=":material/folder_open:")
    if pressed:
        here = open_workspace()
        _get(None, "Looking into the folder", lambda _: find_layout(here.allowed(Path(typed.strip()))).root)


def _upload() -> None:
    st.write(
        "A zip of class folders, or of variants that hold them, such as the one that Kaggle offers. Its pictures "
        "are unpacked into the workspace, and what is left out is named; an unsafe zip is refused whole."
    )
    with st.form(key_of_form(_ZIP)):
        upload = st.file_uploader("Zip file", "zip")
        name = st.text_input("Name", placeholder="that of the file", width=240).strip()
        pressed = st.form_submit_button("Import", type="primary", icon=":material/upload:", disabled=not may_act())
    if not pressed:
        return
    if upload is None:
        st.warning("Choose a zip file first.", icon=":material/upload_file:")
    else:
        folder = open_workspace().datasets
        _import(
            name or upload.name,
            "Unpacking",
            lambda progress: import_upload(upload, upload.name, folder, name or None, progress),
        )


def _download() -> None:
    st.write(
        f"The ALL image dataset of Aria et al. (`{KAGGLE}`): {sum(IMAGES.values()):,} images of four classes, "
        "original and segmented. Its licence is not stated; using it is up to you. "
        "It needs a network connection and takes minutes."
    )
    st.link_button("See it on Kaggle", f"https://www.kaggle.com/datasets/{KAGGLE}", icon=":material/open_in_new:")
    with st.form(key_of_form(KAGGLE)):
        name = st.text_input("Name", placeholder="leukemia", width=240).strip()
        pressed = st.form_submit_button(
            "Download from Kaggle", type="primary", icon=":material/download:", disabled=not may_act()
        )
    if pressed:
        folder = open_workspace().datasets
        _import(name or KAGGLE, "Downloading", lambda progress: fetch_kaggle(folder, KAGGLE, progress, name or None))


def is_getting() -> bool:
    """Return whether a dataset is on its way into the workspace."""
    return is_under_way(_key())


def is_getting_what_was_asked_here() -> bool:
    """Return whether a dataset is on its way that this session asked for; others go on with what they look at."""
    if not is_getting():  # what was asked for has come or failed: the next may be somebody else's
        st.session_state.pop(_ASKED, None)
    return _ASKED in st.session_state


def show_getting() -> None:
    """Show how far the dataset is that is on its way, and choose it when it is there, if it was asked for here."""
    _choose_when_there(lambda: wait_if_under_way(_key(), "Getting a dataset; it goes on when you leave this page"))


def _import(name: str, doing: str, get: Callable[[Progress], Path]) -> None:
    """Get a dataset that is added to the workspace, which only who may act can do."""
    try:
        allowed = permitted("import", name, get, makes=True)
    except RightError as error:
        st.error(for_page(str(error)), title="No dataset was added")
    else:
        _get(name, doing, allowed)


def _get(name: str | None, doing: str, get: Callable[[Progress], Path]) -> None:
    """Get a dataset, as work that goes on when its page is left, and choose it; an error is shown in its place.

    One at a time: where another is on its way that somebody else asked for, it is said that this one was not begun.
    """
    key, failures = _key(), _failures()
    if is_getting() and not is_getting_what_was_asked_here():
        st.warning("Another dataset is on its way; ask again when it is there.", title="Yours was not begun")
        return

    def work(progress: Progress) -> Path:
        try:
            return get(progress)
        except (InputError, OSError) as error:
            failures[key] = what_went_wrong(error)  # for whoever comes next, where nobody waits any more
            raise

    ask_again(key)
    st.session_state[_ASKED] = True
    _choose_when_there(lambda: wait_for(key, f"{doing}; it goes on when you leave this page", work, on=name))


def _choose_when_there(wait: Callable[[], Path | None]) -> None:
    try:
        folder = wait()
    except CancelledError:
        _failures().pop(_key(), None)
        return
    except (InputError, OSError) as error:
        _failures().pop(_key(), None)
        st.error(for_page(what_went_wrong(error)), title="No dataset was added")
        return
    forget_catalogs()
    if folder is not None and _ASKED in st.session_state:
        empty_form(KAGGLE)
        select_dataset(folder)
        empty_form(_ZIP)
        empty_form(_SMEARS)
        st.session_state[_ADDED] = folder
    st.rerun()


def say_added() -> None:
    """Say once that a dataset has been added or opened, and what it holds."""
    folder: Path | None = st.session_state.pop(_ADDED, None)
    if folder is None:
        return
    layout = find_layout(folder)
    classes = sorted({of.label for variant in layout.variants for of in layout.class_folders(variant)})
    done = (
        "added to the workspace" if folder.parent == open_workspace().datasets else "opened; it is read where it lies"
    )
    of_variants = f" in {counted(len(layout.variants), 'variant')}" if len(layout.variants) > 1 else ""
    st.success(
        for_page(f"{counted(len(classes), 'class', 'classes')}{of_variants}: {', '.join(classes)}."),
        title=for_page(f"{folder.name} is {done}"), icon=":material/check:",
    )  # fmt: skip


def _key() -> str:
    return f"a dataset into {open_workspace().datasets}"


@st.cache_resource(show_spinner=False)
def _failures() -> dict[str, str]:
    """Return why the last dataset could not be got, until somebody has been told."""
    return {}
