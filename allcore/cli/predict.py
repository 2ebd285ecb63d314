"""`predict`: what a served model says of image files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from allcore.cli.kit.arguments import ModelName
from allcore.cli.kit.class_text import class_columns
from allcore.cli.kit.free_name import free_name
from allcore.cli.kit.output import Json, check_files, make_folder_for, print_json, progress_bar, say, table, write_file
from allcore.cli.predict_similar import say_similar, similar_rows, training_features
from allcore.errors import ImageError, InputError
from allcore.number_text import percentage
from allcore.refusals import what_went_wrong
from allcore.reporting.answers import answers_in_words
from allcore.text import counted, for_file
from allcore.writing import write_whole

if TYPE_CHECKING:
    from allcore.inference.predictor import Prediction, Predictor


def predict(
    model: ModelName,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE", help="image files, or folders of them")],
    evidence: Annotated[
        Path | None,
        typer.Option("--evidence", help="folder for one picture per image, with the evidence for its class over it"),
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="write every image's row to this CSV file")] = None,
    similar: Annotated[
        int,
        typer.Option(
            "--similar", min=0, metavar="N", help="tell the N training images most like each, as the model sees them"
        ),
    ] = 0,
    json: Json = False,
) -> None:
    """Print what a model says of each file, and write it, and pictures of its evidence, where that is asked for."""
    from allcore.inference.predictor import load_predictor

    files = [file for path in images for file in _image_files(path)]
    file = _model_file(model)
    predictor = load_predictor(file)
    features = training_features(file, predictor.metadata) if similar else None
    check_files(csv)
    if evidence is not None:
        make_folder_for("--evidence", evidence)
    rows: list[dict[str, Any]] = []
    overlays: dict[str, int] = {}
    unwritten: list[str] = []
    for path, prediction in _predicted(predictor, files):
        rows.append(_row(predictor, path, prediction))
        if features is not None and not isinstance(prediction, ImageError):
            rows[-1]["similar"] = similar_rows(features, prediction.features, similar)
        if evidence is not None and not isinstance(prediction, ImageError):
            name = free_name(for_file(f"{path.stem}-{prediction.label}"), overlays)
            try:
                _write_overlay(predictor, path, prediction, evidence / f"{name}.png")
            except (ImageError, OSError) as error:  # a full disk, say: the prediction is whole without its picture
                unwritten.append(f"the first: {path} ({what_went_wrong(error)})")
    try:
        if csv is not None:
            _write_csv(rows, predictor.classes, csv)
    finally:  # a disk that is full by now takes no more than the file
        if json:
            print_json(rows)
        else:
            _print_rows(predictor, rows)
            say_similar(row for row in rows if "similar" in row)
    if all("error" in row for row in rows):
        one = f"{rows[0]['path']}: {rows[0]['error']}"
        raise InputError(one if len(rows) == 1 else f"none of the {len(rows)} files can be predicted; the first: {one}")
    if unwritten:
        raise InputError(f"--evidence: {len(unwritten)} of {len(rows)} pictures could not be written; {unwritten[0]}")


def _predicted(predictor: Predictor, files: Sequence[Path]) -> Iterator[tuple[Path, Prediction | ImageError]]:
    """Yield each file with its prediction, or with why there is none, and show how far that is."""
    with progress_bar("predicting images") as progress:
        for done, predicted in enumerate(predictor.predict_files(files), start=1):
            yield predicted
            progress(done, len(files))


def _model_file(model: str) -> Path:
    from allcore.inference.model_file import named_model_file

    file = named_model_file(model)
    if file is not None:  # runs need not come in
        return file
    from allcore.runs.folder.store import RunStore
    from allcore.workspace import open_workspace

    return RunStore(open_workspace().runs).find(model).served_model


def _image_files(path: Path) -> list[Path]:
    """Return a file as it is, and in a folder's place the images in it and below. Raises `InputError` without any."""
    from allcore.data.folder.listing import images_below
    from allcore.files import is_folder

    return images_below(path) if is_folder(path) else [path]


def _row(predictor: Predictor, path: Path, prediction: Prediction | ImageError) -> dict[str, Any]:
    if isinstance(prediction, ImageError):
        return {"path": str(path), "error": str(prediction)}
    return {
        "path": str(path),
        "label": prediction.label,
        "probabilities": dict(zip(predictor.classes, map(float, prediction.probabilities), strict=True)),
        "novelty": prediction.novelty,
        "novel": prediction.novel,
        "feature_distance": prediction.feature_distance,
        "colour_distance": None if isnan(prediction.colour_distance) else prediction.colour_distance,
        "split": prediction.split,
        **({"scaling": prediction.scaling} if prediction.scaling else {}),
    }


def _write_csv(rows: list[dict[str, Any]], classes: Sequence[str], csv: Path) -> None:
    import pandas as pd

    from allcore.inference.results import answer_columns, answers_table
    from allcore.text import for_csv

    good = {place: row for place, row in enumerate(rows) if "error" not in row}
    said = [[*row["probabilities"].values(), row["novelty"], row["novel"]] for row in good.values()]
    answers = pd.DataFrame(said, index=list(good), columns=answer_columns(classes))
    splits, errors = [row.get("split") or "" for row in rows], [row.get("error", "") for row in rows]
    write_file(csv, for_csv(answers_table(classes, [row["path"] for row in rows], answers, splits, errors)))


def _shown_probabilities(row: dict[str, Any], classes: Sequence[str]) -> list[str]:
    return [percentage(row["probabilities"][name]) for name in classes]


def _print_rows(predictor: Predictor, rows: list[dict[str, Any]]) -> None:
    good = [row for row in rows if "error" not in row]
    if not good:
        return
    headings = class_columns(predictor.classes)
    cells = [
        (row["path"], row["label"], *_shown_probabilities(row, predictor.classes if headings else [row["label"]]),
         f"{row['novelty']:.2f}", ", ".join(_remarks(row)))
        for row in good
    ]  # fmt: skip
    table(["image", "class", *(f"{name} %" for name in headings or ["#probability"]), "#novelty", ""], cells)
    say()
    novel = sum(row["novel"] for row in good)
    if len(rows) > 1:
        say(answers_in_words((row["label"] for row in good), novel, len(rows) - len(good)))
    if novel:
        threshold = predictor.metadata.novelty.threshold
        say(f"novel: over {threshold:.2f}, unlike the images that this model knows, so the class means little")
    say("For research and education only; not for diagnosis.")
    _say_what_was_trained_on(predictor, good)
    for row in rows:
        if "error" in row:
            say(f"{row['path']}: {row['error']}", err=True)
        elif "scaling" in row:
            say(f"{row['path']}: {row['scaling']}", err=True)


def _remarks(row: dict[str, Any]) -> list[str]:
    return [*(["novel"] if row["novel"] else []), *(["trained on"] if row["split"] == "train" else [])]


def _say_what_was_trained_on(predictor: Predictor, rows: list[dict[str, Any]]) -> None:
    """Say on how many of these files the model was trained, or that its file does not tell."""
    from allcore.inference.metadata import NOT_SAID

    trained = sum(row["split"] == "train" for row in rows)
    if trained:
        files = counted(len(rows), "file")
        said = f"the model was trained on {trained:,} of {files}, so right answers there say nothing about other images"
        say(said, err=True)
    elif not predictor.metadata.says_training:
        say(NOT_SAID, err=True)


def _write_overlay(predictor: Predictor, path: Path, prediction: Prediction, target: Path) -> None:
    from allcore.data.intake.images import decode
    from allcore.inference.overlay import evidence_png

    chosen = predictor.classes.index(prediction.label)
    write_whole(target, evidence_png(decode(path), prediction.evidence[chosen]))
