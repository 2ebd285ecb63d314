"""`dataset judge` and `dataset judgements`: what people say of labels, and what that corrects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from allcore.cli.kit.opening import scanned
from allcore.cli.kit.output import Json, check_files, json_rows, print_json, say, table, write_file
from allcore.errors import DatasetError, InputError

if TYPE_CHECKING:
    import pandas as pd

    from allcore.config import TrainConfig
    from allcore.data.catalog import Catalog

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="the dataset's folder")]


def judge(
    folder: Folder,
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="its path below DIR, as `labels` lists it")],
    verdict: Annotated[str, typer.Argument(metavar="right|wrong|unsure|excluded", help="what its label is")],
    becomes: Annotated[str, typer.Option("--class", help="the class that a wrong label becomes")] = "",
    who: Annotated[str, typer.Option("--who", help="whose judgement it is; unset: this account's name")] = "",
) -> None:
    """Judge the label of an image; kept in the workspace with who and when, the latest counts, the file stays."""
    from allcore.data.labels.judgements import add_judgements, make_judgement
    from allcore.workspace import open_workspace

    catalog = scanned(folder)
    row = _row(catalog, folder, image)
    classes = catalog.labels[row["variant"]]
    judgement = make_judgement(row["sha256"], row["path"], row["label"], classes, verdict, becomes, who)
    add_judgements(open_workspace().judgements, [judgement])
    say(f"{judgement.image}: {judgement.label}, judged {judgement.in_words()} by {judgement.who}")


def judgements(
    folder: Folder,
    csv: Annotated[Path | None, typer.Option("--csv", help="write every judgement of its images to this file")] = None,
    read: Annotated[
        Path | None, typer.Option("--import", metavar="CSV", help="add the judgements of such a file, each once")
    ] = None,
    json: Json = False,
) -> None:
    """Show what was judged of a dataset's labels and what `train --labels corrected` makes of it."""
    from allcore.data.csv_rows import MOST_BYTES
    from allcore.data.labels.judgement_table import import_judgements, judgement_table
    from allcore.files import read_file
    from allcore.text import for_csv
    from allcore.workspace import open_workspace

    check_files(csv)
    catalog, file = scanned(folder), open_workspace().judgements
    if read is not None:
        try:
            data = read_file(read, MOST_BYTES)
        except InputError as error:
            raise InputError(f"{read} cannot be imported: {error}") from None
        say(import_judgements(data, read.name, catalog, file).in_words(), err=True)
    judged = judgement_table(catalog, file)
    if csv is not None:
        write_file(csv, for_csv(judged))
    versions = {variant: _version(catalog, variant, file) for variant in catalog.variants}
    if json:
        named = {variant: {"labels": name, "classes": json_rows(of)} for variant, (name, of) in versions.items()}
        print_json({"folder": str(catalog.root), "judgements": json_rows(judged), "variants": named})
        return
    _print(catalog, judged, versions)


def say_labels(config: TrainConfig) -> None:
    """Say which labels a run is made with, and what they change, where they are not those of the folders."""
    from allcore.config import AS_GIVEN
    from allcore.data.catalog import scan
    from allcore.data.labels.versions import changes_by_class, changes_in_words, label_version
    from allcore.workspace import open_workspace

    if config.labels == AS_GIVEN:
        return
    workspace = open_workspace()
    given = scan(Path(config.dataset), workspace.cache)
    version = label_version(given, config.variant, config.labels, workspace.judgements)
    changes = changes_by_class(given, version.catalog, given.variant(config.variant))
    say(f"labels {version.name}: {changes_in_words(changes)}", err=True)


def _row(catalog: Catalog, folder: Path, image: str) -> dict[str, str]:
    """Return the catalog's row of an image that is named by its path, below the dataset or from anywhere."""
    usable = catalog.table[catalog.table["problem"] == ""]
    named = {image, *(_below(catalog.root, path) for path in (folder / image, Path(image)))}
    found = usable[usable["path"].isin(named)]
    if found.empty:
        raise DatasetError(f"{image} is no usable image of {catalog.root}; name it by its path in there")
    return {name: str(found.iloc[0][name]) for name in ("sha256", "path", "label", "variant")}


def _below(root: Path, path: Path) -> str:
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except (OSError, RuntimeError, ValueError):
        return ""


def _version(catalog: Catalog, variant: str, file: Path) -> tuple[str, pd.DataFrame]:
    from allcore.config import AS_GIVEN, CORRECTED
    from allcore.data.labels.judgements import read_judgements
    from allcore.data.labels.versions import changes_by_class, label_changes, label_version, version_name

    name = version_name(label_changes(catalog, variant, read_judgements(file)))
    corrected = label_version(catalog, variant, AS_GIVEN if name == AS_GIVEN else CORRECTED, file).catalog
    return name, changes_by_class(catalog, corrected, variant)


def _print(catalog: Catalog, judged: pd.DataFrame, versions: dict[str, tuple[str, pd.DataFrame]]) -> None:
    from allcore.config import AS_GIVEN

    if judged.empty:
        say("no label was judged yet; `labels` lists suspicious ones, `dataset judge` judges one")
        return
    table(list(judged.columns[:-1]), judged.iloc[:, :-1].to_numpy().tolist())
    for variant, (name, changes) in versions.items():
        say(f"\n{catalog.root / variant}", bold=True)
        if name == AS_GIVEN:
            say("no judgement moves or excludes an image here")
            continue
        table(
            ["class", *(f"#{column.replace('_', ' ')}" for column in changes.columns[1:])], changes.to_numpy().tolist()
        )
        say(f"`--labels corrected` is {name}: `train` and `evaluate` take it")
