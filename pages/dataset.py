"""Dataset: choose or get one, count it, and browse its images."""

from functools import partial

import streamlit as st

from allcore.text import for_page
from pages.ui.dataset.about import show_about_dataset
from pages.ui.dataset.cells import show_cells
from pages.ui.dataset.classes import show_naming
from pages.ui.dataset.counts import show_counts
from pages.ui.dataset.facts import show_facts
from pages.ui.dataset.gallery import show_gallery
from pages.ui.dataset.image import show_image_page
from pages.ui.dataset.labels import show_judged
from pages.ui.dataset.map_link import link_to_map
from pages.ui.dataset.problems import show_problems
from pages.ui.dataset.rows import browsed, split_of
from pages.ui.known.cells import hold_no_cells, known_cells
from pages.ui.known.workspace import catalog
from pages.ui.shared.choose import choose_dataset, choose_run_on, choose_variant
from pages.ui.shared.gallery import close_image
from pages.ui.shared.get_dataset import get_dataset, is_getting_what_was_asked_here, say_added, show_getting
from pages.ui.tabs import open_tab

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
    split = split_of(run)
    path = st.query_params.get("image")
    if path is not None and images.number_of(path) is None:
        st.warning(for_page(f"{path} is not an image of this dataset."), title="No such image")
        close_image()
        path = None
    if path is not None:
        show_image_page(images, path, run, split)
    else:
        cells, labels = known_cells(images, variant), images.labels[variant]
        rows = browsed(images, variant, split, cells)
        show_facts(images, rows, labels)
        link_to_map("Map of these images", images.root, variant, run)
        open_tab(
            {
                "Images": partial(show_gallery, rows, labels, images.root, variant, cells=not hold_no_cells(cells)),
                "Counts": partial(show_counts, images, variant, split),
                "Cells": partial(show_cells, images, variant),
                "Classes": partial(show_naming, images),
                "Labels": partial(show_judged, images, variant),
                "Problems": partial(show_problems, images),
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
