"""Showing figures, tables and images: with a download, a description, and nothing that jumps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from allcore.cells.finder import find_cells
from allcore.cells.outline import outlined
from allcore.data.encode import jpeg, shrunk
from allcore.data.intake.images import decode
from allcore.files import Stamp, stamp
from allcore.text import for_csv, for_file, for_table
from pages.ui.figures import drawn

THUMBNAIL = 160
"""Pixels of a thumbnail's longer side."""


def figure(
    draw: partial[go.Figure], name: str, alt: str, key: str | None = None, on_choice: Callable[[], None] | None = None
) -> None:
    """Show the figure that `draw` makes over the whole width; its camera button saves it as an SVG file called `name`.

    It is drawn once for all who look at the same, see `drawn`. With `on_choice`, points are chosen by click, lasso or
    box, and it is called; they stand in the session by the key.
    """
    if on_choice is None:
        st.plotly_chart(drawn(draw), key=key or name, config=figure_config(name), alt=alt)
        return
    config = figure_config(name) | {"modeBarButtonsToRemove": ["autoScale2d"], "scrollZoom": False}
    st.plotly_chart(drawn(draw), key=key or name, config=config, alt=alt, on_select=on_choice)


def figure_config(name: str) -> dict[str, object]:
    """Return Plotly's settings for every figure: a download button, no advertisement."""
    return {
        "displaylogo": False,
        "displayModeBar": True,
        "toImageButtonOptions": {"format": "svg", "filename": for_file(name)},
        "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
    }


def table(
    frame: pd.DataFrame,
    name: str,
    alt: str,
    column_config: Mapping[str, Any] | None = None,
    placeholder: str | None = None,
) -> None:
    """Show a table without its index, missing values as `placeholder`, and offer it as a CSV file called `name`.

    What a `per_cent_column` or `per_cent_bar` shows stands in the file as fractions, as in all files.
    """
    headings = column_config or {}
    whole = partial(
        _in_fractions, frame, [name for name in map(str, frame.columns) if isinstance(headings.get(name), _PerCent)]
    )
    st.dataframe(
        for_table(frame),
        hide_index=True,
        column_config=column_config,
        alt=alt,
        placeholder=placeholder,
        key=f"table-{name}",
    )
    st.download_button(
        "Download CSV", lambda: for_csv(whole()).encode(), f"{for_file(name)}.csv", "text/csv",
        key=f"csv-{name}", icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def table_with_rows(
    frame: pd.DataFrame,
    name: str,
    alt: str,
    column_config: Mapping[str, Any],
    whole: pd.DataFrame,
    rows: Sequence[str],
    on_row: Callable[[str], None],
    chosen: str | None,
    row_height: int | None = None,
) -> None:
    """Show a table and offer `whole` as CSV; `on_row` is called with what a row is of, from `rows`, when it is clicked.

    `chosen` is what is chosen now, by whatever means; None where nothing is.
    """
    key = _key_of_rows(f"table-{name}", rows, chosen)

    def take() -> None:
        if key != _key_now(f"table-{name}"):  # a request that was under way still tells of a table that is no more
            return
        marked = [(row, rows[row]) for row in st.session_state[key].selection.rows if row < len(rows)]
        st.session_state[f"marked in {key}"] = next(iter(marked), None)
        for _, one in marked:
            on_row(one)

    st.dataframe(
        for_table(frame), hide_index=True, column_config=column_config, alt=alt, placeholder="", key=key,
        on_select=take, selection_mode="single-row", row_height=row_height,
    )  # fmt: skip
    st.download_button(
        "Download CSV", lambda: for_csv(whole).encode(), f"{for_file(name)}.csv", "text/csv",
        key=f"csv-{name}", icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def _key_of_rows(name: str, rows: Sequence[str], chosen: str | None) -> str:
    """Return the key of a table whose rows can be clicked.

    It is another one, so that no row is marked, where the browser marks one that is not that of `chosen` any more, as
    another control has chosen since, or as `rows` were added, removed or moved: the browser marks a row by its number.
    A click on a row that is marked takes the mark away instead of choosing it.
    """
    number, marked = st.session_state.get(f"marked in {_key_now(name)}") or (0, None)
    if marked is not None and (marked != chosen or list(rows[number : number + 1]) != [marked]):
        st.session_state[_made_anew(name)] = st.session_state.get(_made_anew(name), 0) + 1
    return _key_now(name)


def _key_now(name: str) -> str:
    return f"{name}-{st.session_state.get(_made_anew(name), 0)}"


def _made_anew(name: str) -> str:
    """Return where the session has how often a table was made anew."""
    return f"made anew: {name}"


class _PerCent(dict[str, Any]):
    """Settings of a column whose numbers are per cents, or points of them."""


def per_cent_column(label: str, help: str | None = None, decimals: int = 1, sign: str = "") -> object:
    """Return the settings of a table's column of per cents; two decimals where the paper's figures stand beside."""
    return _PerCent(st.column_config.NumberColumn(label, format=f"%{sign}.{decimals}f", help=help))


def per_cent_bar(label: str, width: int | None = None) -> object:
    """Return the settings of a table's column of per cents that are drawn as bars."""
    return _PerCent(st.column_config.ProgressColumn(label, width=width, format="%.0f %%", min_value=0, max_value=100))


def _in_fractions(frame: pd.DataFrame, per_cents: Sequence[str]) -> pd.DataFrame:
    return frame.assign(**{name: pd.to_numeric(frame[name]) / 100 for name in per_cents})


def gallery(
    images: Sequence[np.ndarray | bytes],
    captions: Sequence[str],
    alts: Sequence[str],
    width: int = THUMBNAIL,
    *,
    lossless: bool = False,
) -> None:
    """Show images in rows that wrap, each with a caption and a description for screen readers.

    They go to the browser as JPEG unless `lossless`.
    """
    output: Literal["PNG", "auto"] = "PNG" if lossless else "auto"
    with st.container(horizontal=True):
        for image, caption, alt in zip(images, captions, alts, strict=True):
            with st.container(width=width):
                st.image(image, caption, width="stretch", alt=alt, output_format=output)


def thumbnail(path: Path, *, outlines: bool = False) -> bytes:
    """Return a JPEG of an image file whose longer side is `THUMBNAIL` pixels, its cells perhaps outlined.

    Raises `ImageError`.
    """
    return _thumbnail(path=str(path), version=stamp(path), outlines=outlines)


@st.cache_data(max_entries=2_000, show_spinner=False)
def _thumbnail(*, path: str, version: Stamp, outlines: bool) -> bytes:
    pixels = decode(Path(path))
    small = shrunk(pixels, THUMBNAIL)
    if outlines:
        small = outlined(small, find_cells(pixels))
    return jpeg(small, 90)
