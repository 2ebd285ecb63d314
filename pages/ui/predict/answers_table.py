"""Predict: what a model said of several images, in a sentence and as a table in which one can be chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from allcore.data.class_names import probability_columns
from allcore.reporting.answers import answers_in_words
from allcore.text import for_page
from pages.ui.show import per_cent_column, table_with_rows


def say_answers(table: pd.DataFrame) -> None:
    """Say how many images each class was given, how many are novel, and how many were not predicted."""
    predicted = table[table["error"] == ""]
    novel = int(predicted["novel"].sum())
    st.markdown(answers_in_words(predicted["label"], novel, len(table) - len(predicted), for_page))


def show_answers(
    table: pd.DataFrame,
    classes: Sequence[str],
    name: str,
    rows: Sequence[str],
    on_row: Callable[[str], None],
    chosen: str | None,
    icons: Sequence[str] | None = None,
) -> None:
    """Show a row an image, with its small image where there are such, and offer `table` as a CSV file called `name`.

    `on_row` is called with what a row is of, from `rows`, when it is clicked; `chosen` is what is chosen now.
    """
    probabilities = probability_columns(classes)
    shown = table.assign(**(100 * table[probabilities]))
    if icons is not None:
        shown["image"] = icons
    told = [column for column in ("image", "path", "true", "label", "correct") if column in shown]
    told += [] if (table["error"] == "").all() else ["error"]
    told += [*probabilities, "novelty", "novel"]
    told += [] if (table["split"] == "").all() else ["split"]
    table_with_rows(
        shown[told], name,
        "Class, probabilities and novelty of each image; a click shows its evidence, or why it has none",
        {
            "image": st.column_config.ImageColumn("Image", width="small"),
            "path": st.column_config.TextColumn("File", width="medium"),
            "true": "Label", "label": "Predicted",
            "correct": st.column_config.CheckboxColumn("Right"),
            **{column: per_cent_column(f"{of} (%)") for column, of in zip(probabilities, classes, strict=True)},
            "novelty": st.column_config.NumberColumn("Novelty", format="%.2f"),
            "novel": st.column_config.CheckboxColumn("Novel", help="not like the images this model knows"),
            "split": st.column_config.TextColumn("Part", help="of the model's run in which the same file was"),
            "error": st.column_config.TextColumn("Not predicted because", width="medium"),
        },
        table, rows, on_row, chosen, row_height=None if icons is None else 44,
    )  # fmt: skip
