"""Dataset: choose or get one, count it, and browse its images."""

from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from allcore.data.browse import (
    browse,
    class_counts,
    held_out_twins,
    image_kinds,
    place_in_split,
    scaled_to_8_bits,
)
from allcore.data.catalog import Catalog
from allcore.data.folder.parts import PARTS
from allcore.data.overlap import exact_duplicate_pairs
from allcore.data.splits.split import Split
from allcore.errors import RunError
from allcore.reporting.class_counts import class_counts_figure
from allcore.reporting.number_text import counted
from allcore.runs.folder.store import Run
from pages.ui import show
from pages.ui.dataset.about import show_about_dataset
from pages.ui.dataset.cells import show_cells
from pages.ui.dataset.classes import show_naming
from pages.ui.dataset.filter import choose_gallery_page, filter_images
from pages.ui.dataset.image import show_image_page
from pages.ui.dataset.labels import show_judged
from pages.ui.dataset.map_link import link_to_map
from pages.ui.known.cells import hold_no_cells, known_cells
from pages.ui.known.workspace import catalog, forget_catalogs, relations
from pages.ui.shared.choose import choose_dataset, choose_run_on, choose_variant
from pages.ui.shared.gallery import NOT_COUNTED, PER_PAGE, close_image, thumbnails
from pages.ui.shared.get_dataset import get_dataset, is_getting_what_was_asked_here, say_added, show_getting
from pages.ui.tabs import open_tab


def _split_of(run: Run | None) -> Split | None:
    """Return the split of the chosen run; None, with the reason, when it cannot be read."""
    try:
        return None if run is None else run.split
    except RunError as error:
        st.warning(show.plain(str(error)), title="This run's split cannot be shown")
        return None


def _facts(rows: pd.DataFrame, labels: tuple[str, ...]) -> None:
    """Say in one line what a variant holds."""
    usable = rows[rows["problem"] == ""]
    sizes = usable[["width", "height"]].drop_duplicates()
    pairs, unusable = len(exact_duplicate_pairs(usable)), len(rows) - len(usable)
    size = _in_bold(len(sizes), "size")
    if len(sizes) == 1:
        size = f"**{sizes['width'].iloc[0]} × {sizes['height'].iloc[0]}** px"
    of_classes = _in_bold(len(labels), "class", "classes")
    st.markdown(
        f"{_in_bold(len(usable), 'usable image')} · {of_classes} · {size} · "
        f"{_in_bold(pairs, 'exact duplicate pair')} · {_in_bold(unusable, 'unusable file')}"
    )


def _in_bold(count: int, thing: str, things: str | None = None) -> str:
    number, _, named = counted(count, thing, things).partition(" ")
    return f"**{number}** {named}"


def _say_if_divided(rows: pd.DataFrame) -> None:
    """Say that the dataset's own folders make a split, and what of its held-out images stands in train too."""
    usable = rows[rows["problem"] == ""]
    counts = [f"{int((usable['part'] == part).sum()):,} {part}" for part in PARTS]
    st.caption(
        f"The folders divide these images: {', '.join(counts)}. Train keeps that with the split protocol *folders*."
    )
    if twins := held_out_twins(usable):
        st.warning(
            "The same pixels are in train. Trust looks for images that show the same field as well.",
            title=f"{counted(twins, 'validation or test image is', 'validation or test images are')} in train too",
        )


def _gallery(rows: pd.DataFrame, labels: tuple[str, ...], root: Path, variant: str, *, cells: bool) -> None:
    """Show the chosen images a page at a time; `cells` says whether they can hold nucleated cells to be outlined."""
    chosen = filter_images(rows, labels)
    if chosen.empty:
        st.info("No image matches all that is chosen above.", title="No image")
        return
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(f"{len(chosen):,} of {len(rows):,} files", width="content")
        outlines = cells and st.toggle("Outline the nucleated cells", key="outlines", bind="query-params")
        page = choose_gallery_page(len(chosen), root, variant)
    thumbnails(chosen.iloc[(page - 1) * PER_PAGE : page * PER_PAGE], root, outlines=outlines)


def _counts(images: Catalog, variant: str, split: Split | None) -> None:
    counts = class_counts(images, split)
    if images.variants == ("",):
        counts = counts.drop(columns="variant")
        of_variant = counts
    else:
        of_variant = counts[counts["variant"] == variant]
    most = of_variant.iloc[int(of_variant["images"].argmax())]
    show.figure(
        partial(class_counts_figure, of_variant),
        "class-counts",
        f"Images of each class; {most['class']} has most, {most['images']}",
    )
    show.table(counts, "class-counts", "Images of each variant and class")
    st.header("Sizes and colour modes", anchor=False)
    show.table(image_kinds(images.images(variant)), "image-sizes", "How many images have which size and mode")


def _problems(images: Catalog) -> None:
    problems = pd.DataFrame(images.not_used().items(), columns=["file", "why"])
    if problems.empty:
        st.success("Every file of this dataset can be used.", icon=":material/check:")
    else:
        st.write("These files are left out everywhere; the others are used.")
        show.table(problems, "problems", "Files that cannot be used, with the reason")
    st.button("Read the folder again", icon=":material/refresh:", on_click=forget_catalogs)


st.title("Dataset")
say_added()
with st.container(horizontal=True, vertical_alignment="bottom"):
    folder = choose_dataset(hint=False)
    if folder is not None:
        images = catalog(folder)
        variant = choose_variant(images)
        run = choose_run_on(folder)

if folder is None and "data" not in st.query_params:
    st.info("Draw one in seconds, or bring your own.", title="No dataset yet")
    get_dataset()
elif folder is not None:
    split = _split_of(run)
    path = st.query_params.get("image")
    if path is not None and not (images.table["path"] == path).any():
        st.warning(show.plain(f"{path} is not an image of this dataset."), title="No such image")
        close_image()
        path = None
    if path is not None:
        show_image_page(images, path, run, split)
    else:
        rows = browse(images, relations(images, variant), variant)
        if split is not None:
            rows["split"] = place_in_split(rows, split)["split"]
        cells = known_cells(images, variant)
        if cells is not None and not hold_no_cells(cells):
            rows["cells"] = NOT_COUNTED
            rows.loc[rows["problem"] == "", "cells"] = cells["cells"].to_numpy()
        labels = images.labels[variant]
        _facts(rows, labels)
        for sentence in scaled_to_8_bits(rows[rows["problem"] == ""]):
            st.caption(sentence)
        if images.left_out:
            left_out = counted(len(images.left_out), "file was", "files were")
            st.caption(f"{left_out} left out at the import; see the tab Problems.")
        if images.has_parts:
            _say_if_divided(rows)
        link_to_map("Map of these images", images.root, variant, run)
        open_tab(
            {
                "Images": partial(_gallery, rows, labels, images.root, variant, cells=not hold_no_cells(cells)),
                "Counts": partial(_counts, images, variant, split),
                "Cells": partial(show_cells, images, variant),
                "Classes": partial(show_naming, images),
                "Labels": partial(show_judged, images, variant),
                "Problems": partial(_problems, images),
                "About": partial(show_about_dataset, folder, images),
            }
        )
if folder is not None or "data" in st.query_params:
    more = st.expander("Get another dataset", icon=":material/add:", on_change="rerun", key="more")
    if more.open:
        with more:
            get_dataset()
    elif is_getting_what_was_asked_here():
        show_getting()
