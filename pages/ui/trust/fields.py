"""Trust, shared fields: the pairs of images that show the same region of a slide, and the groups that they form."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from allcore.reporting.overlap import ORDERS, group_table, ordered_pairs, pair_table
from allcore.text import counted, for_page
from pages.ui import address, show
from pages.ui.paging import choose_page, turn_to
from pages.ui.shared.gallery import show_thumbnail
from pages.ui.trust.examined import Examined
from pages.ui.trust.pair import GROUPS, PAIRS, close_pair, open_pair, pair_card, show_pair

_PAIRS_PER_PAGE = 6
IMAGES_PER_GROUP = 48
_PAGE = "pairs_page"


def show_fields(of: Examined) -> None:
    """Show the pairs, one of them (in the URL as `first` and `second`), or a group (as `group`)."""
    if not of.relations.searched:
        st.info("The search was not completed; the reason is given above.", title="Shared fields are not known")
        return
    pairs = _pairs(of, of.key)
    if pairs.empty:
        st.success("No two images of this variant show the same region of a slide.", icon=":material/check:")
        return
    st.write(
        f"{counted(len(pairs), 'pair of images shows', 'pairs of images show')} the same region of a slide: shifted, "
        "turned, mirrored, scaled, lighter, darker, or compressed again. The search matches landmarks of the cells, "
        "then measures how well the shared part correlates."
    )
    shown = st.segmented_control(
        "Show", [PAIRS, GROUPS], default=PAIRS, required=True, key="fields", bind="query-params", on_change=close_pair,
        label_visibility="collapsed",
    )  # fmt: skip
    if shown == GROUPS:
        _show_groups(of, pairs)
    else:
        _show_pairs(of, pairs)


@st.cache_data(max_entries=16, show_spinner=False)
def _pairs(_of: Examined, key: str) -> pd.DataFrame:
    return pair_table(_of.images, _of.relations.overlap)


@st.cache_data(max_entries=16, show_spinner=False)
def _groups(_of: Examined, key: str) -> pd.DataFrame:
    return group_table(_of.images, _of.relations.overlap)


def _show_pairs(of: Examined, pairs: pd.DataFrame) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        order = st.selectbox(
            "Show first", ORDERS, key="order", bind="query-params", width=220,
            help="The pairs that are most in doubt, or that look least alike, come first.",
        )  # fmt: skip
        across = st.toggle(
            "Across classes only", key="across", bind="query-params",
            help="Pairs whose images have different labels. If both show the same field, a label is wrong.",
        )  # fmt: skip
    chosen, listed = ordered_pairs(pairs[pairs["across"]] if across else pairs, order), f"{of.name} {order} {across}"
    first, second = st.query_params.get("first"), st.query_params.get("second")
    if first is not None and second is not None:
        for among in (chosen, ordered_pairs(pairs, order)):
            place = _place(among, first, second)
            if place is not None:
                _show_one(of, among, place, listed)
                return
        st.warning(for_page(f"{first} and {second} are not a pair that shows the same field."), title="No such pair")
    if chosen.empty:
        st.success(f"None of the {len(pairs):,} pairs lies across classes.", icon=":material/check:")
        return
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(f"{len(chosen):,} of {len(pairs):,} pairs", width="content")
        page = choose_page(math.ceil(len(chosen) / _PAIRS_PER_PAGE), _PAGE, listed)
    _show_cards(of, chosen.iloc[(page - 1) * _PAIRS_PER_PAGE : page * _PAIRS_PER_PAGE])
    _show_table(chosen, "shared-fields")


def _show_one(of: Examined, chosen: pd.DataFrame, place: int, listed: str) -> None:
    """Show one of the chosen pairs, and the way to its neighbours, its group and the list, told by what is `listed`."""
    pair = chosen.iloc[place]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("All pairs", icon=":material/arrow_back:", on_click=_to_all_pairs, args=(place, listed))
        for label, icon, other in (
            ("Previous", ":material/chevron_left:", place - 1),
            ("Next", ":material/chevron_right:", place + 1),
        ):
            there = 0 <= other < len(chosen)
            args = tuple(chosen.iloc[other][["first", "second"]]) if there else None
            st.button(label, icon=icon, on_click=open_pair, args=args, disabled=not there)
        st.button(f"Group {pair['group']}", icon=":material/grid_view:", on_click=_to_group, args=(pair["group"],))
        st.caption(f"{place + 1:,} of {len(chosen):,}", width="content")
    show_pair(of, pair)


def _show_groups(of: Examined, pairs: pd.DataFrame) -> None:
    groups = _groups(of, of.key)
    numbers = [str(number) for number in groups["group"]]
    asked = st.query_params.get("group")
    st.session_state["shown_group"] = asked if asked in numbers else numbers[0]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        group = st.selectbox("Group, the largest first", numbers, key="shown_group", on_change=_show_group, width=220)
        members = of.images[of.relations.groups == int(group)]
        st.caption(f"{len(members)} images, {for_page(groups['classes'][numbers.index(group)])}", width="content")
    with st.grid("auto", min_column_width=120) as grid:
        for path, label in zip(members["path"].head(IMAGES_PER_GROUP), members["label"], strict=False):
            with grid.cell(), st.container(gap=None):
                name = path.rsplit("/", 1)[-1]
                show_thumbnail(of.root / path, f"{label} smear {name}", for_page(f"{label}: {name}"))
                of.link_to(path, "Open")
    if len(members) > IMAGES_PER_GROUP:
        st.caption(f"and {len(members) - IMAGES_PER_GROUP} more")
    of_group = ordered_pairs(pairs[pairs["group"] == int(group)], ORDERS[0])
    if of_group.empty:
        st.caption("All its images have the same pixels.")
    else:
        st.header("Its pairs", anchor=False)
        _show_cards(of, of_group.head(_PAIRS_PER_PAGE))
        _show_table(of_group, f"shared-fields-group-{group}")
    st.header("All groups", anchor=False)
    show.table(
        groups, "groups", "Groups of several images, the largest first",
        {"identical": "with an identical twin", "pairs": "pairs of a shared field"},
    )  # fmt: skip


def _show_cards(of: Examined, pairs: pd.DataFrame) -> None:
    with st.grid(2, min_column_width=320, border=True) as grid:
        for _, pair in pairs.iterrows():
            with grid.cell():
                pair_card(of, pair)


def _show_table(pairs: pd.DataFrame, name: str) -> None:
    show.table(
        pairs.drop(columns=["shift"]),
        name,
        "Pairs of images that show the same field, with placement and likeness",
        {
            "first_label": "class of first",
            "second_label": "class of second",
            "across": "across classes",
            "scale": st.column_config.NumberColumn(format="%.3f"),
            "angle": st.column_config.NumberColumn("angle (°)", format="%.1f"),
            "dx": st.column_config.NumberColumn(format="%.1f"),
            "dy": st.column_config.NumberColumn(format="%.1f"),
            "overlap": show.per_cent_column("of the frame (%)"),
            "correlation": st.column_config.NumberColumn(format="%.3f"),
        },
    )


def _place(pairs: pd.DataFrame, first: str, second: str) -> int | None:
    """Return the row number of the pair of two paths, whichever stands first; None when there is none."""
    there = (pairs["first"] == first) & (pairs["second"] == second)
    turned = (pairs["first"] == second) & (pairs["second"] == first)
    found = (there | turned).to_numpy().nonzero()[0]
    return int(found[0]) if len(found) else None


def _to_all_pairs(place: int, listed: str) -> None:
    close_pair()
    turn_to(place // _PAIRS_PER_PAGE + 1, _PAGE, listed)


def _to_group(group: int) -> None:
    close_pair()
    st.session_state["fields"] = GROUPS
    address.put("group", str(group))


def _show_group() -> None:
    """Put the group that was just chosen into the URL."""
    address.put("group", st.session_state["shown_group"])
