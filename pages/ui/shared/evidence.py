"""Images that a run recorded: as a table, and as a gallery with evidence, computed for those that are shown alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from allcore.data.class_names import probability_columns
from allcore.errors import DatasetError, ImageError, InputError
from allcore.number_text import per_cent
from allcore.runs.folder.store import Run
from allcore.text import for_page
from allcore.workspace import open_workspace
from pages.ui import show
from pages.ui.guarded import guarded
from pages.ui.known.judgements import catalog_of_run
from pages.ui.known.runs import short_name
from pages.ui.known.workspace import opener
from pages.ui.paging import choose_page
from pages.ui.shared.evidence_pictures import Look, Model, any_cells, picture_of
from pages.ui.shared.labels import show_judging
from pages.ui.show import THUMBNAIL

SHEET = 12
_BESIDE = 144
"""Pixels of a picture beside another run's, so that two in a frame fit a narrow screen."""
_FEW, _NAMED = 4, 3
"""Up to how many classes a thumbnail names all with their probabilities, and of more, how many."""


@st.fragment
@guarded("the evidence")
def sheets_of_evidence(
    run: Run,
    images: pd.DataFrame,
    classes: tuple[str, ...],
    place: str,
    of: str,
    beside: tuple[Run, pd.DataFrame] | None = None,
) -> None:
    """Show rows of `RecordedPredictions.table` with evidence, a sheet of them at a time.

    Sheet and opacity are in the URL by the name of the `place`, a tab; `of` is another text where other images are
    shown there. `beside` are another run and its rows for the same images, shown beside.
    """
    rows, look = choose_sheet(len(images), place, of, cells=lambda rows: any_cells(run, images.iloc[rows]))
    shown = [(run, images)] if beside is None else [(run, images), beside]
    _recorded_gallery([(of, table.iloc[rows]) for of, table in shown], classes, look, place)
    st.caption(
        "Orange speaks for the predicted class, blue against it; each map has its own scale. Novel: unlike the "
        "training images."
    )


def choose_sheet(
    count: int, place: str, of: str, cells: Callable[[list[int]], bool], *, evidence: bool = True
) -> tuple[list[int], Look]:
    """Let the user choose a sheet of `count` images and how they are drawn, kept in the URL by a `place`'s name.

    `of` is another text where other images are shown there: their first sheet is.
    `cells` says whether images of these numbers may hold cells, `evidence` whether any is shown: without, nothing is
    asked of them. Returns the numbers of the sheet's images, and how they are drawn.
    """
    opacity, sheet = 0, 1
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if evidence:
            opacity = st.slider(
                "Opacity of the evidence (%)", 0, 100, 60, 5, key=f"{place}_opacity", bind="query-params", width=320
            )
        before = st.container(width="content")
        if count > SHEET:
            sheet = choose_page(math.ceil(count / SHEET), f"{place}_sheet", of)
        start, stop = (sheet - 1) * SHEET, min(sheet * SHEET, count)
        st.caption(f"{start + 1:,} to {stop:,} of {count:,}", width="content")
    rows, outlines = list(range(start, stop)), False
    if cells(rows):
        outlines = before.toggle("Outline the nucleated cells", key=f"{place}_outlines", bind="query-params")
    return rows, Look(opacity / 100, outlines)


def _recorded_gallery(
    shown: Sequence[tuple[Run, pd.DataFrame]], classes: tuple[str, ...], look: Look, place: str
) -> None:
    """Show rows of `RecordedPredictions.table`, with the evidence for the predicted class and how much is in cells.

    Of several runs, each image stands with its neighbours by the other runs, whose rows are of the same images; of one,
    its label can be judged there. Images that are gone, or have changed since the run, are named below the others.
    """
    dataset = catalog_of_run(shown[0][0]) if len(shown) == 1 else None
    judges = [_judges(run, images) for run, images in shown]
    tiles = st.container(horizontal=True)
    missing = []
    with st.spinner("Computing the evidence …"):
        of_rows = zip(*(images.to_dict("records") for _, images in shown), strict=True)
        for rows, of_row in zip(of_rows, zip(*judges, strict=True), strict=True):
            try:
                pictures = [picture_of(run, model, row, look) for (run, model), row in zip(of_row, rows, strict=True)]
            except (DatasetError, ImageError) as error:
                missing.append(f"- {for_page(rows[0]['path'])}: {for_page(str(error))}")
                continue
            alone = len(shown) == 1
            names = [""] if alone else [short_name(run) for run, _ in shown]
            with tiles if alone else tiles.container(horizontal=True, border=True, width="content", gap="small"):
                for name, (picture, in_cells), row in zip(names, pictures, rows, strict=True):
                    with st.container(width=THUMBNAIL if alone else _BESIDE, gap="xxsmall"):
                        _tile(picture, row, classes, name, in_cells)
                        if dataset is not None:
                            show_judging(dataset, row["path"], row["sha256"], place)
    if missing:
        title = f"{len(missing)} of these {len(shown[0][1])} images cannot be shown"
        st.warning("\n".join(missing), title=title, icon=":material/hide_image:")


def _judges(run: Run, images: pd.DataFrame) -> list[tuple[Run, Model | None]]:
    """Return for each row the run that predicted it and its model: of a study's predictions, the member that did."""
    if "run" not in images:
        return [(run, _open_model(run))] * len(images)
    members = {name: Run(open_workspace().runs / Path(name).name) for name in images["run"].unique()}
    opened = {name: (member, _open_model(member)) for name, member in members.items()}
    return [opened[name] for name in images["run"]]


def _open_model(run: Run) -> Model | None:
    try:
        return opener(run.served_model)
    except InputError as error:
        st.warning(for_page(str(error)), title="No evidence can be computed", icon=":material/visibility_off:")
        return None


def _tile(picture: bytes, row: dict[Any, Any], classes: tuple[str, ...], by: str, in_cells: str) -> None:
    name = Path(row["path"]).name
    answer = f"predicted {row['predicted']}{f' by {by}' if by else ''}"
    st.image(
        picture,
        width="stretch",
        alt=f"{name}, true {row['label']}, {answer}, under the evidence for {row['predicted']}",
    )
    st.caption(
        f"{for_page(name)}  \ntrue **{for_page(row['label'])}**, predicted **{for_page(row['predicted'])}**"
        f"{f' by {for_page(by)}' if by else ''}  \n"
        + _most_probable(row, classes)
        + (f"  \nEvidence: {in_cells}" if in_cells else "")
    )
    if row["novel"]:
        st.badge("novel", icon=":material/help:", color="orange")


def _most_probable(row: dict[Any, Any], classes: tuple[str, ...]) -> str:
    """Return the probabilities of all classes where they are few, else the highest ones and how many others are."""
    by_class = sorted(zip(map(row.get, probability_columns(classes)), classes, strict=True), reverse=True)
    named = by_class if len(by_class) <= _FEW else by_class[:_NAMED]
    said = [f"{for_page(label)} {per_cent(probability, 0)}" for probability, label in named]
    others = len(by_class) - len(named)
    return " · ".join(said) + (f" and {others} more" if others else "")


def recorded_table(images: pd.DataFrame, classes: tuple[str, ...], name: str, alt: str) -> None:
    """Show rows of `RecordedPredictions.table` as a table, with a CSV file called `name`."""
    probabilities = probability_columns(classes)
    belonging = [column for column in ("group", "stain") if column in images]
    shown = images[["path", "label", "predicted", "confidence", *probabilities, "novelty", "novel", "twin", *belonging]]
    shown = shown.assign(**{name: 100 * shown[name] for name in ("confidence", *probabilities)})
    headings: dict[str, Any] = {
        "path": "image",
        "label": "true",
        "confidence": show.per_cent_column("confidence (%)", "probability of the predicted class"),
        "novelty": st.column_config.NumberColumn("novelty", format="%.2f"),
        "novel": st.column_config.CheckboxColumn("novel", help="unlike the training images"),
        "twin": st.column_config.CheckboxColumn("twin in train", help="shares its group with an image in train"),
    }
    for label, column in zip(classes, probabilities, strict=True):
        headings[column] = show.per_cent_column(f"{label} (%)")
    show.table(shown, name, alt, headings)
