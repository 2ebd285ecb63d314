"""`labels`: which labels of a dataset are most suspicious."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from allcore.cli.kit.output import Json, check_files, json_rows, print_json, progress_bar, say, table, write_file
from allcore.number_text import percentage
from allcore.text import for_csv

if TYPE_CHECKING:
    import pandas as pd

    from allcore.evaluation.labels.review import LabelReview


def labels(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="the dataset's folder")],
    variant: Annotated[str | None, typer.Option("--variant", help="variant folder; unset: the first by name")] = None,
    runs: Annotated[
        list[str] | None,
        typer.Option("--run", help="count this run's predictions; may be repeated; unset: all runs on these images"),
    ] = None,
    top: Annotated[int, typer.Option("--top", help="images to list; the CSV file holds all", min=1)] = 20,
    csv: Annotated[Path | None, typer.Option("--csv", help="write every image, the most suspicious first")] = None,
    json: Json = False,
) -> None:
    """Print the first rows of a review of labels, and write all where that is asked for."""
    from allcore.data.catalog import scan
    from allcore.data.labels.judgements import read_judgements
    from allcore.data.relations import find_relations
    from allcore.evaluation.labels.review import review_dataset
    from allcore.runs.folder.store import RunStore
    from allcore.workspace import open_workspace

    check_files(csv)
    workspace = open_workspace()
    store = RunStore(workspace.runs)
    wanted = list(dict.fromkeys(map(store.find, runs))) if runs else store.runs()
    with progress_bar("reading images") as progress:
        catalog = scan(folder, workspace.cache, progress)
    images = catalog.trainable_images(variant)
    with progress_bar("comparing images") as progress:
        relations = find_relations(catalog.root, images, workspace.cache, progress)
    # a dataset may lie some folders below DIR
    images["path"] = [(catalog.root / path).relative_to(folder).as_posix() for path in images["path"]]
    with progress_bar("reviewing labels") as progress:
        review = review_dataset(folder, images, relations, wanted, workspace.cache, progress)
    listed = review.listed(read_judgements(workspace.judgements))
    try:
        if csv is not None:
            write_file(csv, for_csv(listed))
    finally:
        if json:
            print_json(
                {
                    "images": len(images),
                    "suspicious": len(review.suspicious),
                    "sources": json_rows(review.sources),
                    "labels": json_rows(listed.head(top)),
                }
            )
        else:
            _print(review, listed.head(top))


def _print(review: LabelReview, listed: pd.DataFrame) -> None:
    headings = ["source", "#images", "#left out, twin in train", "#agreeing with the label", "note"]
    table(headings, review.sources.to_numpy().tolist())
    say(f"\n{len(review.suspicious)} of {len(review.table)} labels are suspicious\n")
    rows = [
        (
            "*" if row["suspicious"] else "", row["path"], row["label"], percentage(row["probability_label"]),
            row["suggestion"], percentage(row["probability_suggestion"]), row["judged"], row["source"], row["group"],
            row["stain"], row["contradicted_by"],
        )
        for row in listed.to_dict("records")
    ]  # fmt: skip
    headings = ["", "image", "label", "#P(label) %", "suggested", "#P(suggested) %", "judged"]
    table([*headings, "source", "group", "stain", "other label in its group"], rows)
    say("\n* suspicious. The colour classifier sees only stain: look at an image before you change its label.")
