"""Images that a run recorded: as a table, and as a gallery with evidence, computed for those that are shown alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import streamlit as st

from allcore.cells.finder import find_cells
from allcore.cells.outline import outlined
from allcore.data.intake import decode
from allcore.errors import DatasetError, ImageError, InputError
from allcore.inference.overlay import overlay
from allcore.inference.predictor import Predictor
from allcore.reporting.probes import image_finding
from allcore.runs.images import read_recorded_image
from allcore.runs.store import Run
from pages.ui import show
from pages.ui.guarded import guarded
from pages.ui.judging import dataset_of, show_judging
from pages.ui.run_view import short_name
from pages.ui.show import THUMBNAIL, plain
from pages.ui.state import predictor, workspace

SHEET = 12
_BESIDE = 144
"""Pixels of a picture beside another run's, so that two in a frame fit a narrow screen."""


@dataclass(frozen=True)
class Look:
    """How an image is drawn: opacity of the evidence, 0 to 1, and whether its nucleated cells are outlined."""

    opacity: float
    outlines: bool


@st.fragment
@guarded("the evidence")
def sheets_of_evidence(
    run: Run,
    images: pd.DataFrame,
    classes: tuple[str, ...],
    place: str,
    beside: tuple[Run, pd.DataFrame] | None = None,
) -> None:
    """Show rows of `RecordedPredictions.table` with evidence, a sheet of them at a time.

    Sheet and opacity are in the URL by the name of the `place`, a tab. `beside` are another run and its rows for the
    same images, shown beside.
    """
    rows, look = choose_sheet(len(images), place, cells=lambda rows: _any_cells(run, images.iloc[rows]))
    shown = [(run, images)] if beside is None else [(run, images), beside]
    recorded_gallery([(of, table.iloc[rows]) for of, table in shown], classes, look, place)
    st.caption(
        "Orange speaks for the predicted class, blue against it; each map has its own scale. Novel: unlike the "
        "training images."
    )


def choose_sheet(
    count: int, place: str, cells: Callable[[list[int]], bool], evidence: bool = True
) -> tuple[list[int], Look]:
    """Let the user choose a sheet of `count` images and how they are drawn, kept in the URL by a `place`'s name.

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
            sheet = st.pagination(math.ceil(count / SHEET), key=_sheet(place), bind="query-params")
        start, stop = (sheet - 1) * SHEET, min(sheet * SHEET, count)
        st.caption(f"{start + 1:,} to {stop:,} of {count:,}", width="content")
    rows, outlines = list(range(start, stop)), False
    if cells(rows):
        outlines = before.toggle("Outline the nucleated cells", key=f"{place}_outlines", bind="query-params")
    return rows, Look(opacity / 100, outlines)


def _any_cells(run: Run, images: pd.DataFrame) -> bool:
    """Return whether a cell is found in any of the images, or cannot be looked for."""
    try:
        for path, digest in zip(images["path"], images["sha256"], strict=True):
            file = workspace().allowed(Path(run.config.dataset) / path)
            if _has_cells(read_recorded_image(file, digest), file.name, digest):
                return True
    except (DatasetError, ImageError):
        return True
    return False


@st.cache_data(max_entries=6_000, show_spinner=False)
def _has_cells(_data: bytes, name: str, sha256: str) -> bool:
    return bool(find_cells(decode(_data, name)).any())


def first_sheet(place: str) -> None:
    """Go back to the first sheet of a place, as other images were chosen; for `on_change`."""
    st.session_state[_sheet(place)] = 1


def _sheet(place: str) -> str:
    return f"{place}_sheet"


def recorded_gallery(
    shown: Sequence[tuple[Run, pd.DataFrame]], classes: tuple[str, ...], look: Look, place: str
) -> None:
    """Show rows of `RecordedPredictions.table`, with the evidence for the predicted class and how much is in cells.

    Of several runs, each image stands with its neighbours by the other runs, whose rows are of the same images; of one,
    its label can be judged there. Images that are gone, or have changed since the run, are named below the others.
    """
    dataset = dataset_of(shown[0][0]) if len(shown) == 1 else None
    judges = [_judges(run, images) for run, images in shown]
    tiles = st.container(horizontal=True)
    missing = []
    with st.spinner("Computing the evidence …"):
        of_rows = zip(*(images.to_dict("records") for _, images in shown), strict=True)
        for rows, of_row in zip(of_rows, zip(*judges, strict=True), strict=True):
            try:
                pictures = [_tile_of(run, model, row, look) for (run, model), row in zip(of_row, rows, strict=True)]
            except (DatasetError, ImageError) as error:
                missing.append(f"- {plain(rows[0]['path'])}: {plain(str(error))}")
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


def _judges(run: Run, images: pd.DataFrame) -> list[tuple[Run, Predictor | None]]:
    """Return for each row the run that predicted it and its model: of a study's predictions, the member that did."""
    if "run" not in images:
        return [(run, _open_model(run))] * len(images)
    members = {name: Run(workspace().runs / Path(name).name) for name in images["run"].unique()}
    opened = {name: (member, _open_model(member)) for name, member in members.items()}
    return [opened[name] for name in images["run"]]


def _open_model(run: Run) -> Predictor | None:
    try:
        return predictor(run.served_model)
    except InputError as error:
        st.warning(plain(str(error)), title="No evidence can be computed", icon=":material/visibility_off:")
        return None


def _tile_of(run: Run, model: Predictor | None, row: dict[Any, Any], look: Look) -> tuple[bytes, str]:
    """Return a row's picture, and in words how much of its evidence falls inside nucleated cells."""
    path, label = Path(run.config.dataset) / row["path"], row["predicted"]
    drawn = picture(path, row["sha256"], run, model, label, look)
    if model is None:
        return drawn, ""
    data = read_recorded_image(workspace().allowed(path), row["sha256"])
    written = run.served_model.stat().st_mtime_ns
    return drawn, _in_cells(data, path.name, row["sha256"], model, str(run.folder), written, label)


def picture(path: Path, sha256: str, run: Run | None, model: Predictor | None, label: str, look: Look) -> bytes:
    """Return the image with this content as a JPEG, where there is a run's model under its evidence for `label`.

    Raises `DatasetError` when the file lies outside the roots, `ImageError` when it is gone or has changed.
    """
    allowed = workspace().allowed(path)
    data = read_recorded_image(allowed, sha256)
    if run is None or model is None:
        return _drawn(data, allowed.name, sha256, None, "", 0, "", look)
    written = run.served_model.stat().st_mtime_ns
    return _drawn(data, allowed.name, sha256, model, str(run.folder), written, label, look)


@st.cache_data(max_entries=600, show_spinner=False)
def _drawn(
    _data: bytes, name: str, sha256: str, _model: Predictor | None, run: str, written: int, label: str, look: Look
) -> bytes:
    """Return an image as a JPEG, under the evidence for class `label` where there is a model."""
    pixels = decode(_data, name)
    drawn = pixels
    if _model is not None:
        drawn = overlay(pixels, _evidence(pixels, sha256, _model, run, written, label), look.opacity)
    if look.outlines:
        drawn = outlined(drawn, find_cells(pixels))
    return cv2.imencode(".jpg", cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()


@st.cache_data(max_entries=6_000, show_spinner=False)
def _in_cells(_data: bytes, name: str, sha256: str, _model: Predictor, run: str, written: int, label: str) -> str:
    """Return in a sentence how much of the evidence for `label` falls inside cells; empty where none is found."""
    pixels = decode(_data, name)
    cells = find_cells(pixels)
    return image_finding(_evidence(pixels, sha256, _model, run, written, label), cells) if cells.any() else ""


@st.cache_data(max_entries=6_000, show_spinner=False)
def _evidence(_pixels: np.ndarray, sha256: str, _model: Predictor, run: str, written: int, label: str) -> np.ndarray:
    """Return the evidence (h, w) for class `label`."""
    return _model.predict([_pixels])[0].evidence[_model.classes.index(label)]


def _tile(picture: bytes, row: dict[Any, Any], classes: tuple[str, ...], by: str, in_cells: str) -> None:
    name = Path(row["path"]).name
    by_class = sorted(((row[f"probability_{label}"], label) for label in classes), reverse=True)
    answer = f"predicted {row['predicted']}{f' by {by}' if by else ''}"
    st.image(
        picture,
        width="stretch",
        alt=f"{name}, true {row['label']}, {answer}, under the evidence for {row['predicted']}",
    )
    st.caption(
        f"{plain(name)}  \ntrue **{plain(row['label'])}**, predicted **{plain(row['predicted'])}**"
        f"{f' by {plain(by)}' if by else ''}  \n"
        + " · ".join(f"{plain(label)} {100 * probability:.0f} %" for probability, label in by_class)
        + (f"  \nEvidence: {in_cells}" if in_cells else "")
    )
    if row["novel"]:
        st.badge("novel", icon=":material/help:", color="orange")


def recorded_table(images: pd.DataFrame, classes: tuple[str, ...], name: str, alt: str) -> None:
    """Show rows of `RecordedPredictions.table` as a table, with a CSV file called `name`."""
    probabilities = [f"probability_{label}" for label in classes]
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
