"""Judgements of labels as a table that people exchange: written as CSV, and read again wherever it was edited."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pandas as pd
from pydantic import ValidationError

from allcore.data.catalog import Catalog
from allcore.data.class_names import class_name
from allcore.data.csv_rows import table_rows
from allcore.data.labels.judgements import MOMENT, VERDICTS, Judgement, add_judgements, read_judgements
from allcore.errors import DatasetError, FileError
from allcore.text import counted, from_csv, printable

COLUMNS: Final = ("image", "label", "verdict", "class", "who", "when", "counts", "sha256")
"""`class` is what a wrong label becomes; `counts` says of which the latest is that counts."""
_NEEDED: Final = ("sha256", "label", "verdict", "class", "who", "when")


@dataclass(frozen=True)
class Imported:
    """What an import came to: judgements `added`, `known` before, and how many of the added are of `other` images than
    the dataset's."""

    added: int
    known: int
    other: int

    def in_words(self) -> str:
        """Return it in a sentence."""
        said = f"{counted(self.added, 'judgement')} added, {self.known:,} known before"
        other = counted(self.other, "is of an image", "are of images")
        return f"{said}; of the added, {other} outside this dataset" if self.other else said


def judgement_table(catalog: Catalog, file: Path) -> pd.DataFrame:
    """Return every judgement of a dataset's images in the order in which they were added: the columns of `COLUMNS`.

    An image is named as its file is now. Read in again in this order, they make the same versions of the labels one
    after the other. Raises `DatasetError` when the judgements cannot be read.
    """
    judged = read_judgements(file)
    now = catalog.table.drop_duplicates("sha256").set_index("sha256")["path"]
    rows = [
        (now[one.sha256], one.label, one.verdict, one.becomes, one.who, one.when,
         "yes" if judged.latest[one.sha256] == one else "", one.sha256)
        for one in judged.of(now.index)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype="str")


def import_judgements(data: bytes, name: str, catalog: Catalog, file: Path) -> Imported:
    """Add the judgements of a CSV table called `name` to those in `file`: each once, however often it is imported.

    Raises `DatasetError`, and adds nothing, when a line is damaged, none is of an image of the dataset, or one of these
    names a class that the dataset does not have.
    """
    try:
        given = list(_judgements(data, catalog))
    except FileError as error:
        raise DatasetError(f"the judgements in {printable(name)} cannot be imported: {error}") from None
    known = {_without_place(one) for one in read_judgements(file).every}
    new = [one for key, one in {_without_place(one): one for one in given}.items() if key not in known]
    here = set(catalog.table["sha256"])
    if given and not any(one.sha256 in here for one in given):
        raise DatasetError(
            f"no judgement in {printable(name)} is of an image in {catalog.root}; import them where the images that "
            "they are of lie"
        )
    if new:
        add_judgements(file, new)
    return Imported(len(new), len(given) - len(new), sum(one.sha256 not in here for one in new))


def _without_place(judgement: Judgement) -> Judgement:
    """Return a judgement as it is wherever the image's file lay: files are renamed, and judged once all the same."""
    return judgement.model_copy(update={"image": ""})


def _judgements(data: bytes, catalog: Catalog) -> Iterator[Judgement]:
    rows = table_rows(data)
    _, header = next(rows, (0, []))
    names = [name.strip().casefold() for name in header]
    if lacking := [name for name in _NEEDED if names.count(name) != 1]:
        raise FileError(f"its first line lacks {', '.join(lacking)}; expected the columns {', '.join(_NEEDED)}")
    places = dict(zip(catalog.table["sha256"], catalog.table["path"], strict=True))
    latest = (datetime.now(UTC) + timedelta(days=1)).strftime(MOMENT)
    for number, fields in rows:
        if len(fields) != len(names):
            raise FileError(f"line {number} has {len(fields)} fields; expected {len(names)}, as in the first line")
        said = dict(zip(names, (from_csv(field.strip()) for field in fields), strict=True))
        judgement = _judgement(number, said, places.get(said["sha256"].lower(), said.get("image", "")))
        if judgement.when > latest:
            raise FileError(f"line {number} is of {judgement.when}, which is in the future; correct the date")
        if judgement.sha256 in places and judgement.says not in (None, "", *catalog.classes):
            raise FileError(
                f"line {number}: the dataset has no class {judgement.says!r}; it has {', '.join(catalog.classes)}"
            )
        yield judgement


def _judgement(number: int, said: dict[str, str], image: str) -> Judgement:
    verdict = said["verdict"].casefold()
    if verdict not in VERDICTS:
        raise FileError(f"line {number}: expected one of {', '.join(VERDICTS)} as verdict (received {verdict!r:.100})")
    try:
        return Judgement(
            sha256=said["sha256"].lower(), image=image, label=class_name(said["label"]), verdict=verdict,
            becomes=class_name(said["class"]), who=printable(said["who"]) or "somebody", when=said["when"],
        )  # fmt: skip
    except ValidationError as error:
        what = {"sha256": "sha256 of 64 hexadecimal digits", "when": "when as 2026-11-27T09:30:00Z"}
        field = str(next(iter(error.errors()[0]["loc"]), ""))
        expected = what.get(field, f"{field} of at most 500 characters") if field else (
            "another class where the verdict is wrong, and none where it is not"
        )  # fmt: skip
        raise FileError(f"line {number}: expected {expected}") from None
