"""Thumbnails to browse, and one image with all that is known about it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from allcore.cells.finder import find_cells
from allcore.cells.outline import outlined
from allcore.data.encode import png, shrunk
from allcore.data.intake.images import decode
from allcore.errors import ImageError
from allcore.files import Stamp, stamp
from allcore.text import counted, for_page
from pages.ui import address
from pages.ui.show import thumbnail

PER_PAGE = 24
NOT_COUNTED = -1
"""Stands for the number of an image's cells where they are not counted."""
_LONGEST = 1024
"""Pixels to which an image's longer side is reduced on its own page."""


def thumbnails(rows: pd.DataFrame, root: Path, *, outlines: bool = False) -> None:
    """Show catalog rows as thumbnails below `root`; the button under one opens its page (kept in the URL as `image`).

    `rows` has the columns of `browse`, `split` where a run is chosen, and `cells` where nucleated cells were counted;
    with `outlines` each cell has a line around it.
    """
    with st.grid("auto", min_column_width=120) as grid:
        for row in rows.to_dict("records"):
            with grid.cell(), st.container(gap=None):
                name = row["path"].rsplit("/", 1)[-1]
                if not row["problem"]:
                    alt = f"{row['label']} smear {name}{', its nucleated cells outlined' if outlines else ''}"
                    link = f"?{urlencode({**st.query_params.to_dict(), 'image': row['path']})}"
                    show_thumbnail(root / row["path"], alt, link=link, outlines=outlines)
                st.button(
                    for_page(name), key=f"open-{row['path']}", on_click=open_image, args=(row["path"],),
                    type="tertiary", width="stretch", wrap=True, help="Open this image",
                )  # fmt: skip
                st.caption(for_page(_caption(row)), text_alignment="center")


def show_thumbnail(
    path: Path, alt: str, caption: str | None = None, link: str | None = None, *, outlines: bool = False
) -> None:
    """Show one thumbnail, which leads to a `link` (relative to the page's address), or why the file cannot be shown."""
    try:
        st.image(thumbnail(path, outlines=outlines), caption, width="stretch", alt=alt, link=link)
    except ImageError as error:
        st.caption(for_page(f"{path.name}: {error}"))


def picture(path: Path, alt: str, width: int, *, outlines: bool = False) -> None:
    """Show one image without loss, with `outlines` its nucleated cells outlined, or why it cannot be shown."""
    try:
        st.image(_png(str(path), stamp(path), outlines=outlines), width=width, output_format="PNG", alt=alt)
    except ImageError as error:
        st.warning(for_page(str(error)), title="This file cannot be shown")


def open_image(path: str) -> None:
    """Go to an image's own page; for `on_click`."""
    address.put("image", path)


def close_image() -> None:
    """Go back from an image's own page; for `on_click`."""
    address.put("image", None)


def _caption(row: Mapping[Hashable, Any]) -> str:
    if row["problem"]:
        return f"{row['label']}: {row['problem']}"
    words = [str(row["label"]), str(row.get("split", ""))]
    if row.get("cells", NOT_COUNTED) != NOT_COUNTED:
        words.append(counted(row["cells"], "cell"))
    if row["twins"]:
        words.append(f"group {row['group']}")
    return ", ".join(word for word in words if word)


@st.cache_data(max_entries=64, show_spinner=False)
def _png(path: str, version: Stamp, *, outlines: bool) -> bytes:
    pixels = decode(Path(path))
    cells = find_cells(pixels) if outlines else None
    small = shrunk(pixels, _LONGEST)
    return png(small if cells is None else outlined(small, cells))
