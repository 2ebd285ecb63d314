"""What the classes of datasets mean."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import streamlit as st

from allcore.data.labels.meanings import ClassMeanings, class_meanings
from allcore.errors import DatasetError
from allcore.text import for_page
from allcore.workspace import open_workspace


def meanings(datasets: Sequence[str], classes: Collection[str]) -> ClassMeanings:
    """Return what was named for the first of `datasets` for which something was; warn where that is damaged."""
    try:
        return class_meanings(datasets, classes, open_workspace().classes)
    except DatasetError as error:
        st.warning(for_page(str(error)), title="What the classes mean is not known")
        return ClassMeanings({})
