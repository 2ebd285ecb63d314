"""Trust, the overview: how much of a dataset is there more than once, and what each split makes of it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from allcore.data.browse import leakage
from allcore.errors import DatasetError
from allcore.number_text import per_cent
from allcore.reporting.overlap import OverlapNumbers, overlap_numbers
from allcore.text import counted, for_page
from pages.ui import show
from pages.ui.trust.examined import Examined


def show_overview(of: Examined) -> None:
    """Show the numbers of images, groups and pairs, and for each protocol how many test images have a twin in train."""
    numbers = _numbers(of, of.key)
    _show_numbers(numbers, searched=of.relations.searched)
    if numbers.across_classes:
        st.warning(
            f"{counted(numbers.across_classes, 'pair has', 'pairs have')} different classes. Look at them under Shared "
            "fields: where both images show the same field, at least one label is wrong.",
            title="Labels contradict each other",
        )
    st.header("Leakage of each split", anchor=False)
    answer = st.container()
    st.write(
        "If a test image shows a field that a training image shows too, the network can answer from memory. How often "
        "that happens depends on how the images are split (here with seed 0; random and grouped: 80 % train, "
        "10 % validation, 10 % test):"
    )
    tables = _show_leakage(of)
    if tables:
        answer.markdown(f"**{_leakage_in_words(tables)}**")


@st.cache_data(max_entries=32, show_spinner=False)
def _numbers(_of: Examined, key: str) -> OverlapNumbers:
    return overlap_numbers(_of.images, _of.relations.overlap)


def _show_numbers(numbers: OverlapNumbers, *, searched: bool) -> None:
    unknown = None if searched else "–"
    shown = [
        ("Images", numbers.images, None),
        ("Groups", numbers.groups, "images that pairs connect, also through others, form one group"),
        ("Identical images", numbers.identical, "images with the same pixels as another"),
        ("Sharing a field", unknown or numbers.sharing, "images that show a part of the field of another"),
        ("Pairs", numbers.exact_pairs + numbers.field_pairs, _pairs_in_words(numbers)),
        ("Pairs across classes", numbers.across_classes, "pairs whose images have different labels"),
        ("Largest group", numbers.largest, "images that are connected"),
    ]
    with st.grid("auto", min_column_width=165) as grid:
        for label, value, help in shown:
            with grid.cell():
                st.metric(label, value if isinstance(value, str) else f"{value:,}", help=help, border=True)


def _pairs_in_words(numbers: OverlapNumbers) -> str:
    return f"{numbers.exact_pairs:,} with the same pixels, {numbers.field_pairs:,} of the same field"


@st.cache_data(max_entries=32, show_spinner="Splitting …")
def _leakage(_of: Examined, key: str, protocol: str) -> pd.DataFrame:
    table = leakage(_of.images, _of.config(protocol), _of.relations)
    return table.assign(per_cent=100 * table["twins_in_train"] / table["images"])


def _show_leakage(of: Examined) -> list[pd.DataFrame]:
    """Show what each protocol leaks, and return the tables of those that the dataset can be split by."""
    tables = []
    with st.grid(3, min_column_width=260, border=True) as grid:
        for protocol, meaning in of.protocols.items():
            with grid.cell():
                st.markdown(f"**{protocol.capitalize()}**")
                try:
                    table = _leakage(of, of.key, protocol)
                except DatasetError as error:
                    st.warning(for_page(str(error)), title="This split is not possible here")
                    continue
                test = table[table["part"] == "test"].iloc[0]
                st.metric("Test images with a twin in train", f"{test['twins_in_train']} of {test['images']}")
                st.caption(f"That is {per_cent(test['per_cent'] / 100, 1)} of the test. {meaning}")
                tables.append(table.assign(protocol=protocol)[["protocol", *table.columns]])
    if tables:
        show.table(
            pd.concat(tables), "leakage", "Images of validation and test with a twin in train, for each protocol",
            {
                "twins_in_train": "with a twin in train",
                "per_cent": st.column_config.NumberColumn("per cent", format="%.1f"),
            },
        )  # fmt: skip
    return tables


def _leakage_in_words(tables: list[pd.DataFrame]) -> str:
    """Return in a sentence how many test images each protocol leaves with a twin in train."""
    tests = [table[table["part"] == "test"].iloc[0] for table in tables]
    counts = [f"{test['twins_in_train']:,} of {test['images']:,} under the {test['protocol']} split" for test in tests]
    return f"Test images with a twin in train: {', '.join(counts)}."
