"""Trust, a pair of images that show the same field: on one frame, each alone and both together."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import streamlit as st

from allcore.data.encode import jpeg
from allcore.data.intake.images import decode, pixel_sha256
from allcore.data.shared_fields.alignment import AlignedViews, aligned_views
from allcore.data.shared_fields.placement import Placement
from allcore.errors import ImageError, InputError
from allcore.files import Stamp, stamp
from allcore.number_text import per_cent
from allcore.reporting.aligned_pair import blended, differing, side_by_side
from allcore.text import for_page
from pages.ui import address
from pages.ui.guarded import guarded
from pages.ui.trust.examined import Examined

PAIRS, GROUPS = "Pairs", "Groups"
BLEND, DIFFERENCE = "Blend", "Difference"
_QUALITY = 92


def open_pair(first: str, second: str) -> None:
    """Show one of the pairs (kept in the URL as `first` and `second`); for `on_click`."""
    st.session_state["fields"] = PAIRS
    address.put("first", first)
    address.put("second", second)


def close_pair() -> None:
    """Go back from one pair to all of them; for `on_click`."""
    for side in ("first", "second"):
        address.put(side, None)


def pair_card(of: Examined, pair: pd.Series) -> None:
    """Show a row of `pair_table` in little: both images on their common frame, and the button that shows it large."""
    try:
        pictures = _alone(_content(of, pair))
    except InputError as error:
        _say_why(pair, error)
    else:
        with st.container(horizontal=True, gap="small"):
            for side, picture in zip(("first", "second"), pictures, strict=True):
                with st.container(gap=None):
                    st.image(picture, width="stretch", alt=_alt(pair, side))
                    st.caption(for_page(f"{pair[f'{side}_label']}: {_name(pair[side])}"))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(facts(pair), width="stretch")
        st.button(
            "Look closer", key=f"pair-{pair['first']}-{pair['second']}", on_click=open_pair,
            args=(pair["first"], pair["second"]), type="tertiary", icon=":material/zoom_in:",
        )  # fmt: skip


def facts(pair: pd.Series) -> str:
    """Return in a line how a pair lies and how alike it is."""
    shared = per_cent(pair["overlap"] / 100, 0)
    return f"{pair['placement']} · both show {shared} of the frame · correlation {pair['correlation']:.3f}"


def show_pair(of: Examined, pair: pd.Series) -> None:
    """Show a row of `pair_table` large."""
    if pair["across"]:
        st.warning(
            "If both show the same field, at least one of their labels is wrong.", title="Their classes contradict"
        )
    st.markdown(
        f"The first image, {pair['placement']}, lies on the second. Both show the outlined part, "
        f"**{per_cent(pair['overlap'] / 100, 0)}** of the frame; its pixels correlate with "
        f"**{pair['correlation']:.3f}**, and **{pair['landmarks']}** landmarks agree."
    )
    _show_pictures(of, pair)


@st.fragment
@guarded("a pair")
def _show_pictures(of: Examined, pair: pd.Series) -> None:
    try:
        content = _content(of, pair)
        pictures = _alone(content)
    except InputError as error:
        _say_why(pair, error)
        return
    with st.grid(3, min_column_width=240) as grid:
        for side, picture in zip(("first", "second"), pictures, strict=True):
            with grid.cell():
                st.markdown(f"**{side.capitalize()}**: {for_page(pair[f'{side}_label'])}")
                st.image(picture, width="stretch", alt=_alt(pair, side))
                of.link_to(pair[side])
        with grid.cell():
            st.markdown("**Both**")
            _show_overlaid(content)


def _show_overlaid(content: _Content) -> None:
    slot = st.container()
    kind = st.segmented_control(
        "Both", [BLEND, DIFFERENCE], default=BLEND, required=True, key="both", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    if kind == DIFFERENCE:
        picture, alt = _overlaid(content, None), "How far both images differ where they overlap"
        st.caption("Black where both agree; the brighter, the further apart their colours are.")
    else:
        weight = st.slider("Second image (%)", 0, 100, 50, 5, key="blend", bind="query-params")
        picture, alt = _overlaid(content, weight / 100), f"Both images in place, the second at {weight} per cent"
    slot.image(picture, width="stretch", alt=alt)


def _say_why(pair: pd.Series, error: InputError) -> None:
    names = f"{_name(pair['first'])} and {_name(pair['second'])}"
    st.warning(for_page(f"{names}: {error}"), title="This pair cannot be shown", icon=":material/hide_image:")


def _alt(pair: pd.Series, side: str) -> str:
    return f"{pair[f'{side}_label']} smear {_name(pair[side])} in place, what the other shows as well outlined"


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]


class _Content(NamedTuple):
    """All that the pictures of a pair follow from: files, digests of their pixels, when written, placement."""

    first: str
    second: str
    first_pixels: str
    second_pixels: str
    written: tuple[Stamp, Stamp]
    placement: Placement


def _content(of: Examined, pair: pd.Series) -> _Content:
    """Return what the pictures of a row of `pair_table` follow from."""
    first, second = (of.root / pair[side] for side in ("first", "second"))
    return _Content(
        str(first), str(second), of.pixels_of(pair["first"]), of.pixels_of(pair["second"]),
        (stamp(first), stamp(second)),
        Placement(
            float(pair["scale"]), float(pair["angle"]), bool(pair["mirrored"]), float(pair["dx"]), float(pair["dy"])
        ),
    )  # fmt: skip


@st.cache_resource(max_entries=32, show_spinner=False)
def _views(content: _Content) -> AlignedViews:
    first, second = _image(content.first, content.first_pixels), _image(content.second, content.second_pixels)
    return aligned_views(first, second, content.placement)


def _image(path: str, expected: str) -> np.ndarray:
    pixels = decode(Path(path))
    if pixel_sha256(pixels) != expected:
        raise ImageError(f"{_name(path)} has changed since the folder was read; read it again on the Dataset page")
    return pixels


@st.cache_data(max_entries=256, show_spinner=False)
def _alone(content: _Content) -> tuple[bytes, bytes]:
    first, second = side_by_side(_views(content))
    return jpeg(first, _QUALITY), jpeg(second, _QUALITY)


@st.cache_data(max_entries=128, show_spinner=False)
def _overlaid(content: _Content, weight: float | None) -> bytes:
    """Return the blend of a pair, the second image by `weight` (0 to 1), or, without one, the difference."""
    views = _views(content)
    return jpeg(differing(views) if weight is None else blended(views, weight), _QUALITY)
