"""Trust, stain clusters: which images of a class are coloured alike, and what the protocol `stain` holds out."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import streamlit as st

from allcore.data.decoded import decoded_images
from allcore.data.encode import jpeg
from allcore.data.intake.images import decode
from allcore.data.splits.split import Split
from allcore.data.stain.clusters import CLUSTERS
from allcore.errors import DatasetError, ImageError
from allcore.files import Stamp, stamp
from allcore.number_text import per_cent
from allcore.reporting.stain_clusters import cluster_examples, cluster_table, mean_colours
from allcore.text import for_page
from allcore.workspace import open_workspace
from pages.ui import show
from pages.ui.trust.examined import Examined

_EXAMPLES = 4
_SIDE = 96
"""Pixels a side of the swatch and of each example."""
HELD_OUT = {"test": "held out for the test", "validation": "held out for validation", "train": "", "": ""}


def show_stains(of: Examined) -> None:
    """Show the clusters of each class with their counts, mean colours and examples, and which are held out."""
    if not of.relations.searched:
        st.info("They are found together with the shared fields.", title="The stain clusters are not known")
        return
    st.write(
        "Images of one stain cluster have similar colours and probably come from the same slides, which the files do "
        "not name. Within each class, k-means on nine colour numbers (mean, standard deviation and skewness of red, "
        f"green and blue) makes up to {CLUSTERS} clusters; overlap groups are not divided."
    )
    split = _split(of)
    colours = _known_colours(of)
    clusters, examples = _clusters(of, of.key, split, colours, coloured=colours is not None)
    for label, of_label in clusters.groupby("label", sort=False):
        st.header(for_page(str(label)), anchor=False)
        with st.grid(3, min_column_width=290, border=True) as grid:
            for _, cluster in of_label.iterrows():
                with grid.cell():
                    _show_cluster(of, cluster, examples[cluster["stain"]])
    show.table(
        clusters.drop(columns="label"),
        "stain-clusters",
        "Stain clusters of each class with counts, mean colour and part of the stain split",
        {
            "stain": "cluster",
            "share": show.per_cent_column("of its class (%)"),
            "groups": "overlap groups",
            "colour": "mean colour",
            "part": "part of the stain split",
        },
    )


def _split(of: Examined) -> Split | None:
    """Return the split by stain, and say what it holds out, or why there is none."""
    try:
        split = of.split("stain")
    except DatasetError as error:
        st.warning(for_page(str(error)), title="The protocol stain cannot be used here")
        return None
    st.write(
        "The split protocol `stain` keeps two whole clusters of every class out of train: one for validation, one for "
        "the test. A network that has learnt a stain instead of cells fails there. With seed 0 these are the clusters "
        "marked below."
    )
    return split


def _known_colours(of: Examined) -> np.ndarray | None:
    """Return the mean colour of each image; None, with the reason, when an image is gone."""
    try:
        return _colours(of, of.key, str(open_workspace().cache))
    except DatasetError as error:
        st.warning(for_page(str(error)), title="The mean colours cannot be computed")
        return None


@st.cache_resource(max_entries=8, show_spinner=False)
def _clusters(
    _of: Examined, key: str, _split: Split | None, _colours: np.ndarray | None, *, coloured: bool
) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Return the table of clusters, and the paths of some images of each."""
    groups, stains = _of.relations.groups, _of.relations.stains
    table = cluster_table(_of.images, groups, stains, _colours, _split)
    examples = {stain: cluster_examples(_of.images, groups, stains == stain, _EXAMPLES) for stain in table["stain"]}
    return table, examples


@st.cache_data(max_entries=8, show_spinner="Averaging the colours …")
def _colours(_of: Examined, key: str, cache: str) -> np.ndarray:
    return mean_colours(decoded_images(_of.root, _of.images, Path(cache)))


def _show_cluster(of: Examined, cluster: pd.Series, paths: list[str]) -> None:
    share = per_cent(cluster["share"] / 100, 0)
    st.markdown(f"**{for_page(cluster['stain'])}**: {cluster['images']:,} images, {share}")
    files = [of.root / path for path in paths]
    try:
        strip = _strip(cluster["colour"], tuple((str(file), stamp(file)) for file in files))
    except ImageError:
        st.caption("Its examples cannot be shown: a file is gone or damaged.")
    else:
        names = ", ".join(path.rsplit("/", 1)[-1] for path in paths)
        st.image(strip, width="stretch", alt=f"Mean colour {cluster['colour']} of the cluster, and its images {names}")
    if HELD_OUT[cluster["part"]]:
        st.badge(HELD_OUT[cluster["part"]], color="orange" if cluster["part"] == "test" else "blue")


@st.cache_data(max_entries=256, show_spinner=False)
def _strip(colour: str, files: tuple[tuple[str, Stamp], ...]) -> bytes:
    """Return a JPEG: the colour, then the images."""
    tiles = [cv2.resize(decode(Path(file)), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA) for file, _ in files]
    if colour:
        width = (1 + _EXAMPLES - len(tiles)) * _SIDE  # as wide in all, however few images there are
        swatch = np.full((_SIDE, width, 3), list(bytes.fromhex(colour[1:])), np.uint8)
        tiles.insert(0, swatch)
    return jpeg(np.hstack(tiles), 92)
