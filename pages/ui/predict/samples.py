"""Predict, images to try at once: one of each class of the dataset that was looked at last, and drawn ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

from allcore.data.encode import png
from allcore.data.folder.layout import find_layout
from allcore.data.folder.listing import entries, is_image
from allcore.data.synthetic import draw_field
from allcore.data.synthetic.cells import CLASSES
from allcore.errors import InputError
from allcore.text import for_page
from pages.ui import address
from pages.ui.known.workspace import datasets
from pages.ui.predict.answers import ImageFile, image_file
from pages.ui.shared.choose import OF_A_DATASET
from pages.ui.shared.gallery import show_thumbnail

_MOST = 4
_WIDTH = 112


def chosen_sample() -> ImageFile | None:
    """Return the drawn sample that the address names as `sample`, with a way back to all of them."""
    label = address.settle("sample", CLASSES, "drawn sample")
    if label is None:
        return None
    st.button(
        "Try another image", icon=":material/close:", type="tertiary", on_click=address.put, args=("sample", None)
    )
    data = _drawn(label)
    return image_file(f"drawn {label}.png", data)


def show_samples() -> None:
    """Show images that are predicted when their button is pressed: of a dataset where there is one, and drawn."""
    st.subheader("Or try one of these", anchor=False)
    of_dataset = _of_a_dataset()
    with st.container(horizontal=True):
        if of_dataset is not None:
            name, folder, images = of_dataset
            for label, path in images.items():
                with st.container(width=_WIDTH, gap="xxsmall"):
                    show_thumbnail(folder / path, f"{label} smear of {name}")
                    st.button(
                        for_page(label), key=f"sample-{path}", width="stretch", on_click=_choose_image,
                        args=(name, path), help=for_page(f"of the dataset {name}"),
                    )  # fmt: skip
        for label in CLASSES:
            with st.container(width=_WIDTH, gap="xxsmall"):
                st.image(_drawn(label), width="stretch", alt=f"Drawn {label} smear")
                st.button(
                    f"Drawn {label}", key=f"sample-drawn-{label}", width="stretch", on_click=address.put,
                    args=("sample", label), help="Drawn by this program: a smear-like picture, no real one.",
                )  # fmt: skip


def _choose_image(name: str, path: str) -> None:
    address.put("data", name, ("folder", *OF_A_DATASET))
    address.put("image", path)
    st.session_state["own"] = True  # where it was closed by hand, the image in it would not be shown


def _of_a_dataset() -> tuple[str, Path, dict[str, str]] | None:
    """Return a dataset's name, its folder, and the path of an image of each of its first classes; None without any."""
    folders = datasets()
    last = address.remembered("data")
    name = last if last in folders else next(iter(folders), None)
    if name is None:
        return None
    try:
        folder, images = _one_of_each_class(str(folders[name]))
    except (InputError, OSError):  # Dataset says what is wrong with it
        return None
    return (name, folder, images) if images else None


@st.cache_data(max_entries=8, ttl=60, show_spinner=False)
def _one_of_each_class(folder: str) -> tuple[Path, dict[str, str]]:
    layout = find_layout(Path(folder))
    found: dict[str, str] = {}
    for of_class in layout.class_folders(layout.variants[0]):
        if len(found) < _MOST and (images := sorted(filter(is_image, entries(of_class.path)))):
            found.setdefault(of_class.label, images[len(images) // 2].relative_to(layout.root).as_posix())
    return layout.root, found


@st.cache_data(max_entries=8, show_spinner=False)
def _drawn(label: str) -> bytes:
    """Return a drawn smear of a class as a PNG file, always the same."""
    return png(draw_field(label, np.random.default_rng([0, CLASSES.index(label)])))
