"""How many images each class, size and colour mode has."""

from __future__ import annotations

from functools import partial

import streamlit as st

from allcore.data.browse import class_counts, image_kinds
from allcore.data.catalog import Catalog
from allcore.data.splits.split import Split
from allcore.reporting.class_counts import class_counts_figure
from pages.ui import show


def show_counts(images: Catalog, variant: str, split: Split | None) -> None:
    """Show the images of each class, by their parts in a split where there is one, and their sizes and modes."""
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
