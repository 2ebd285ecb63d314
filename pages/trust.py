"""Trust: what in a dataset makes a score look better than it is."""

import math
from pathlib import Path

import pandas as pd
import streamlit as st

from allcore.config import SplitConfig
from allcore.data.browse import duplicates, leakage
from allcore.data.relations import Relations
from allcore.errors import DatasetError
from pages.ui import show
from pages.ui.choose import choose_dataset, choose_variant
from pages.ui.gallery import show_thumbnail
from pages.ui.state import catalog, searched_relations

GROUPS_PER_PAGE = 8
IMAGES_PER_GROUP = 6
PROTOCOLS = {
    "random": "The paper's: images are drawn class by class, blind to which of them belong together.",
    "grouped": "Images of one group stay together: all in train, all in validation, or all in test.",
    "stain": "Whole stain clusters of each class are held out: the test has colours that train has not.",
}


@st.cache_data(max_entries=32, show_spinner="Splitting …")
def _leakage(_images: pd.DataFrame, _relations: Relations, contents: str, protocol: str) -> pd.DataFrame:
    return leakage(_images, SplitConfig(protocol=protocol), _relations)


def _show_leakage(images: pd.DataFrame, relations: Relations) -> None:
    """Show for each protocol how many test images the network has as good as seen."""
    contents = "\n".join(images["path"] + images["label"] + images["pixel_sha256"])
    tables = []
    with st.grid(2, min_column_width=300, border=True) as grid:
        for protocol, meaning in PROTOCOLS.items():
            with grid.cell():
                st.markdown(f"**{protocol.capitalize()}**")
                try:
                    table = _leakage(images, relations, contents, protocol)
                except DatasetError as error:
                    st.warning(show.plain(str(error)), title="This dataset cannot be split so")
                    continue
                test = table[table["part"] == "test"].iloc[0]
                share = test["twins_in_train"] / test["images"]
                st.metric("Test images with a twin in train", f"{test['twins_in_train']} of {test['images']}")
                st.caption(f"{100 * share:.1f} % of the test. {meaning}")
                tables.append(table.assign(protocol=protocol)[["protocol", "part", "images", "twins_in_train"]])
    if tables:
        show.table(
            pd.concat(tables), "leakage", "Images of validation and test with a twin in train, for each protocol",
            {"twins_in_train": "with a twin in train"},
        )  # fmt: skip


def _show_group(root: Path, of_group: pd.DataFrame) -> None:
    shown = of_group.head(IMAGES_PER_GROUP)
    with st.container(horizontal=True):
        for path, label in zip(shown["path"], shown["label"], strict=True):
            name = path.rsplit("/", 1)[-1]
            with st.container(width=140):
                show_thumbnail(root / path, f"{label} smear {name}", show.plain(f"{label}: {name}"))
    if len(shown) < len(of_group):
        st.caption(f"and {len(of_group) - len(shown)} more")


def _show_duplicates(root: Path, repeated: pd.DataFrame) -> None:
    """Show groups of identical images side by side, a page at a time, and all of them as a table."""
    labels = repeated.groupby("group")["label"].nunique()
    contradicting = labels[labels > 1]
    if len(contradicting):
        st.warning(
            f"{len(contradicting)} groups hold one picture under different classes; at least one label is wrong.",
            title="Labels contradict each other",
        )
    groups = list(labels.index)
    page = st.pagination(max(1, math.ceil(len(groups) / GROUPS_PER_PAGE)), key="groups_page", bind="query-params")
    with st.grid("auto", min_column_width=330, border=True) as grid:
        for group in groups[(page - 1) * GROUPS_PER_PAGE : page * GROUPS_PER_PAGE]:
            with grid.cell():
                _show_group(root, repeated[repeated["group"] == group])
    show.table(repeated[["group", "label", "path"]], "exact-duplicates", "Images with identical pixels, by group")


st.title("Trust")
st.write(
    "A test score is worth something only when the test images are new to the network. This page looks for what makes "
    "a dataset's scores look better than they are."
)
with st.container(horizontal=True, vertical_alignment="bottom"):
    folder = choose_dataset()
    variant = None if folder is None else choose_variant(catalog(folder))

if folder is not None:
    whole = catalog(folder)
    images = whole.images(variant)
    if images.empty:
        st.info("The Dataset page names what is wrong with each file.", title="No usable image in this dataset")
        st.page_link("pages/dataset.py", label="Dataset", icon=":material/photo_library:")
    else:
        repeated = duplicates(images)
        relations = searched_relations(whole, variant)
        with st.container(horizontal=True):
            st.metric("Images", f"{len(images):,}", border=True)
            st.metric("Groups", f"{relations.groups.max() + 1:,}", border=True)
            st.metric("Images with an identical twin", f"{len(repeated):,}", border=True)

        st.header("Leakage of each split", anchor=False)
        st.write(
            "When the same picture stands in train and in test, the network can answer from memory. How often that "
            "happens depends on the split. With 80 % of the images for training, 10 % for validation, 10 % for the "
            "test, and seed 0:"
        )
        _show_leakage(images, relations)

        st.header("Exact duplicates", anchor=False)
        if repeated.empty:
            st.success("No two images of this variant have the same pixels.", icon=":material/check:")
        else:
            st.write("These images have the same pixels, whatever their files are called. They form one group.")
            _show_duplicates(whole.root, repeated)

        st.header("Not looked for yet", anchor=False)
        st.markdown(
            "- **Shared fields**: images that show the same region of a slide, shifted, turned or mirrored. They are "
            "no exact duplicates, so the counts above are a lower bound.\n"
            "- **Shortcut baselines**: what a classifier reaches that sees only colour, only the corner with the scale "
            "bar, or only a grey thumbnail."
        )
