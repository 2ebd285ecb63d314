"""The four ways to a dataset: drawn, a folder, a zip, Kaggle. What is got is the chosen dataset from then on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from allcore.data.layout import find_layout
from allcore.data.sources import Progress, draw_smears, fetch_kaggle, free_name, import_upload
from allcore.data.synthetic import SyntheticSpec
from allcore.errors import InputError
from allcore.paper import IMAGES
from allcore.text import printable
from pages.ui.show import plain
from pages.ui.state import forget_catalogs, select_dataset, workspace

KAGGLE = "mehradaria/leukemia"
AT_ONE_CLICK = SyntheticSpec(images_per_class=40, twins=0.25)


def draw_button() -> None:
    """Offer a small dataset of drawn smears at one click."""
    if st.button("Draw synthetic smears", type="primary", icon=":material/draw:"):
        name = free_name(workspace().datasets, "synthetic-smears")
        _get("Drawing", lambda progress: draw_smears(workspace().datasets, name, AT_ONE_CLICK, progress))


def get_dataset() -> None:
    """Offer the ways to a dataset, and carry out the one that the user asks for; an error is shown in place."""
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


def _draw() -> None:
    st.write(
        "Four classes of drawn cells, to try everything without real images. They look like smears and carry no "
        "diagnostic information."
    )
    with st.form("draw"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            images = st.number_input("Images a class", 3, 5_000, 60, 10, width=140)
            size = st.number_input("Size (px)", 32, 1_024, 224, 32, width=140)
            twins = st.slider(
                "Twins", 0.0, 1.0, 0.2, 0.05, width=200,
                help="share of the images that show the same region of a slide as another, shifted",
            )  # fmt: skip
            name = st.text_input("Name", free_name(workspace().datasets, "smears"), width=180)
        scale_bars = st.checkbox("Scale bars", help="burnt in, in a style that mostly follows the class: a shortcut")
        pressed = st.form_submit_button("Draw synthetic smears", type="primary", icon=":material/draw:")
    if pressed:
        spec = SyntheticSpec(images, size, twins=twins, scale_bars=scale_bars)
        _get("Drawing", lambda progress: draw_smears(workspace().datasets, name, spec, progress))


def _open_folder() -> None:
    roots = [workspace().datasets, *workspace().data_roots]
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
        _get("Looking into the folder", lambda _: find_layout(workspace().allowed(Path(typed.strip()))).root)


def _upload() -> None:
    st.write(
        "A zip of class folders, or of variants that hold them, such as the one that Kaggle offers. Its pictures "
        "are unpacked into the workspace, and what is left out is named; an unsafe zip is refused whole."
    )
    with st.form("zip", clear_on_submit=True):
        upload = st.file_uploader("Zip file", "zip")
        name = st.text_input("Name", placeholder="that of the file", width=240).strip()
        pressed = st.form_submit_button("Import", type="primary", icon=":material/upload:")
    if not pressed:
        return
    if upload is None:
        st.warning("Choose a zip file first.", icon=":material/upload_file:")
    else:
        _get(
            "Unpacking",
            lambda progress: import_upload(upload, upload.name, workspace().datasets, name or None, progress),
        )


def _download() -> None:
    st.write(
        f"The ALL image dataset of Aria et al. (`{KAGGLE}`): {sum(IMAGES.values()):,} images of four classes, "
        "original and segmented. Its licence is not stated; using it is up to you. "
        "It needs a network connection and takes minutes."
    )
    st.link_button("See it on Kaggle", f"https://www.kaggle.com/datasets/{KAGGLE}", icon=":material/open_in_new:")
    if st.button("Download from Kaggle", type="primary", icon=":material/download:"):
        _get("Downloading", lambda progress: fetch_kaggle(workspace().datasets, KAGGLE, progress))


def _get(doing: str, get: Callable[[Progress], Path]) -> None:
    """Get a dataset with a progress bar and choose it; an error is shown in the bar's place."""
    slot = st.empty()
    slot.progress(0.0, f"{doing} …")

    def show(done: int, total: int) -> None:
        if done % 10 == 0 or done == total:
            slot.progress(done / total, f"{doing}, {done:,} of {total:,}")

    try:
        folder = get(show)
    except InputError as error:
        slot.error(plain(str(error)), title="No dataset was added")
        return
    forget_catalogs()
    select_dataset(folder)
    st.rerun()
