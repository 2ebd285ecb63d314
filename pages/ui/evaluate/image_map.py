"""Evaluate, the map of the images: two dimensions of the network's features; what is chosen on it opens below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from allcore.errors import InputError
from allcore.evaluation.image_map.making import MOST, NEIGHBOURS, ImageMap, known_map, make_map
from allcore.evaluation.image_map.table import agreement, map_table
from allcore.files import is_file, stamp
from allcore.reporting.image_map import (
    COLOURINGS,
    MEANING,
    PROJECTIONS,
    STAIN_TOO,
    map_figure,
    mapped_of,
)
from allcore.reporting.neighbours import agreement_findings, agreement_table
from allcore.runs.folder.files import FEATURES_FILE, SERVED_FILE, SPLIT_FILE
from allcore.text import counted, for_page
from allcore.workspace import open_workspace
from pages.ui import address, show
from pages.ui.evaluate.evaluated import Evaluated
from pages.ui.evaluate.map_gallery import show_chosen
from pages.ui.guarded import guarded
from pages.ui.shared_work import asked_for, make_and_show

_CHOSEN = "chosen on the map"


@dataclass(frozen=True)
class Mapped:
    """The map of a run's images, as a table with an image a row, and what their neighbours have in common."""

    image_map: ImageMap
    table: pd.DataFrame
    agreement: pd.DataFrame


def show_map(of: Evaluated) -> None:
    """Show the map of the run's images, or offer to make it."""
    st.write(f"{MEANING} {STAIN_TOO}")
    if of.labels is not None:
        st.caption("The map is by the labels that the run was made with.")
    try:
        mapped = _known(of)
    except InputError as error:
        st.error(for_page(str(error)), title="There is no map of these images")
        return
    if mapped is None:
        _offer(of)
        return
    _explore(of, mapped)
    _show_agreement(of, mapped)


def _offer(of: Evaluated) -> None:
    kept = is_file(of.run.folder / FEATURES_FILE)
    total = len(of.run.split.table)
    asks = "" if kept else ", as its model is asked for the features first"
    st.caption(f"It is made once, of {mapped_of(min(MOST, total), total)}, in about a minute for every 2,000{asks}.")
    if asked_for(_work(of), "Make the map", type="primary", icon=":material/scatter_plot:"):
        _make(of)


def _work(of: Evaluated) -> str:
    return f"map of {of.run.folder}"


def _make(of: Evaluated) -> None:
    """Make the map with progress, and run the page again to show it."""
    cache, dataset = open_workspace().cache, Path(of.run.config.dataset)
    make_and_show(
        _work(of), "Making the map", "The map cannot be made",
        lambda progress: make_map(of.run, cache, progress), dataset,
    )  # fmt: skip


def _known(of: Evaluated) -> Mapped | None:
    """Return the map if it is made. Raises `InputError` where there can be none."""
    stamps = tuple(stamp(of.run.folder / name) for name in (FEATURES_FILE, SERVED_FILE, SPLIT_FILE))
    try:
        return _read(str(of.run.folder), stamps, str(open_workspace().cache), of)
    except LookupError:
        return None


@st.cache_resource(max_entries=8, show_spinner=False)
def _read(folder: str, stamps: tuple[tuple[int, int], ...], cache: str, _of: Evaluated) -> Mapped:
    found = known_map(_of.run, Path(cache))
    if found is None:
        raise LookupError  # which Streamlit does not keep, so that the next look finds what has been made since
    table = map_table(found, _of.run)
    return Mapped(found, table, agreement(found, table))


@st.fragment
@guarded("the map")
def _explore(of: Evaluated, mapped: Mapped) -> None:
    """Show the map as the user wants to see it, and below it the images that are chosen on it."""
    table = mapped.table
    by = address.settle("map_by", COLOURINGS, "colouring", default="class") or "class"
    projection = address.settle("projection", PROJECTIONS, "projection", default="t_sne") or "t_sne"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Colour by", list(COLOURINGS), format_func=lambda name: COLOURINGS[name], width=220,
            **address.follow("map_by", by),
        )  # fmt: skip
        st.segmented_control(
            "Projection", list(PROJECTIONS), required=True, format_func=lambda name: PROJECTIONS[name],
            **address.follow("projection", projection),
        )  # fmt: skip
    at = address.settle("at", set(table["path"]), "image")
    key = f"map {by} {projection} {of.run.folder}"
    show.figure(
        partial(map_figure, table, projection, by, of.classes, mapped.image_map.variance, at),
        of.named("map"),
        f"Map of {len(table):,} images by the network's features, coloured by {COLOURINGS[by]}; the table below it "
        "chooses an image as well",
        key,
        lambda: _take_choice(key, of, table),
    )
    total = len(of.run.split.table)
    if len(table) < total:
        st.caption(f"The map has {mapped_of(len(table), total)}; nearest images are told among these.")
    st.caption(
        f"Click on an image to see it with its {NEIGHBOURS} nearest by features. To see several, take the lasso or the "
        "box above the map and draw around them."
    )
    listed = st.expander("Choose in a table", icon=":material/table:", on_change="rerun", key="map_table")
    if listed.open:
        with listed:
            _show_table(of, mapped, at)
    chosen = _chosen(of)
    if at is not None:
        row = int(table.index[table["path"] == at][0])
        show_chosen(of.run, table.iloc[[row, *mapped.image_map.near[row]]], nearest=True)
    elif len(chosen):
        show_chosen(of.run, table[table["path"].isin(chosen)], nearest=False)


def _take_choice(key: str, of: Evaluated, table: pd.DataFrame) -> None:
    """Take what was chosen on the map: one image stands in the address, several in the session."""
    rows = chosen_rows(st.session_state[key].selection.points, len(table))
    paths = table["path"].iloc[rows].tolist()
    address.put("at", paths[0] if len(paths) == 1 else None)
    st.session_state[_CHOSEN] = (str(of.run.folder), paths if len(paths) > 1 else [])
    st.session_state.pop("map_sheet", None)


def chosen_rows(points: Sequence[dict[str, object]], count: int) -> list[int]:
    """Return the rows of a map of `count` images that points stand for, each once, in order."""
    rows = set()
    for point in points:
        of = point.get("customdata")
        row = of[0] if isinstance(of, list) else of
        if isinstance(row, int | float) and 0 <= row < count:
            rows.add(int(row))
    return sorted(rows)


def _chosen(of: Evaluated) -> list[str]:
    folder, paths = st.session_state.get(_CHOSEN, ("", []))
    return list(paths) if folder == str(of.run.folder) else []


def _show_table(of: Evaluated, mapped: Mapped, at: str | None) -> None:
    """Show every image of the map as a row; one that is chosen is the chosen image."""
    columns = ["path", "label", "predicted", "part", "stain", "group", "novelty", "neighbours"]
    places = [f"{name}_{axis}" for name in PROJECTIONS for axis in "xy"]
    listed = mapped.table[columns].assign(neighbours=100 * mapped.table["neighbours"])

    show.table_with_rows(
        listed, of.named("map"), "Every image of the map; choosing a row shows it with its nearest images",
        {
            "path": "image", "label": "true", "stain": "stain cluster", "group": "overlap group",
            "part": "part of the split",
            "novelty": st.column_config.NumberColumn("novelty", format="%.2f"),
            "neighbours": show.per_cent_column("neighbours of its class (%)", decimals=0),
        },
        mapped.table[[*columns, *places]], list(listed["path"]), partial(address.put, "at"), at,
    )  # fmt: skip


def _show_agreement(of: Evaluated, mapped: Mapped) -> None:
    """Say what the features tell apart, in words and as a table, part by part."""
    st.subheader("What the features tell apart", anchor=False)
    st.markdown("\n".join(f"- {for_page(one)}" for one in agreement_findings(mapped.agreement, NEIGHBOURS)))
    show.table(
        agreement_table(mapped.agreement), of.named("map-neighbours"),
        "How many of an image's nearest images are of its class and of its stain cluster, part by part",
        {
            "what": f"shared with the {NEIGHBOURS} nearest",
            "features": show.per_cent_column("by features (%)"),
            "low": show.per_cent_column("95 % from"), "high": show.per_cent_column("to"),
            "colours": show.per_cent_column("by colours (%)", "by nine colour numbers, without the network"),
            "chance": show.per_cent_column("by chance (%)"),
        },
        placeholder="",
    )  # fmt: skip
    st.caption(
        f"Of {counted(len(mapped.table), 'image')}, in the space of all features and not on the map. Images of the "
        "same overlap group are left out, stain clusters are compared within a class. A network has learnt to "
        "bring the images that it trained on together by class: the other parts show what that is worth."
    )
