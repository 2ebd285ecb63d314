"""Dividing a dataset into train, validation and test."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd

from allcore.config_parts import SplitConfig
from allcore.data.class_names import in_order
from allcore.data.folder.parts import PARTS
from allcore.data.relations import Relations, catalog_relations
from allcore.data.splits.group_table import connected_rows, groups_of, read_groups
from allcore.data.splits.protocols import divide
from allcore.errors import DatasetError, FileError
from allcore.files import read_file
from allcore.result_cache import short_digest

_LARGEST_BYTES = 512 * 2**20
COLUMNS = ("path", "sha256", "label", "group", "stain", "split")


@dataclass(frozen=True)
class Split:
    """Which image is trained on, chosen by and scored.

    `table` has path, sha256, label, group, stain (its stain cluster, '' where that is not known) and split a row.
    `merged` counts the groups of a table of groups that images of the same content or field connect with another; it is
    known of a split that was just made, and not kept.
    """

    table: pd.DataFrame
    merged: int = 0

    @cached_property
    def content(self) -> str:
        """A text that splits of the same images, labels, groups and parts share, whatever their files are called."""
        rows = self.table[["sha256", "label", "group", "split"]]
        return short_digest(repr((rows.to_csv(index=False),)))

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The class names in the order of the network's outputs."""
        return in_order(self.table["label"].unique())

    def rows(self, split: str) -> np.ndarray:
        """Return the row numbers (int64) of the images in `split`."""
        return np.flatnonzero((self.table["split"] == split).to_numpy())

    def groups(self, split: str) -> int:
        """Return how many groups the images in `split` form."""
        return int(self.table.loc[self.table["split"] == split, "group"].nunique())

    def labels(self) -> np.ndarray:
        """Return the class number (int64) of every row."""
        return _numbers(self.table["label"], self.classes)

    def counts(self) -> pd.DataFrame:
        """Return how many images each class has in each part: a row a class, columns train, validation and test."""
        parts = _numbers(self.table["split"], PARTS)
        known = parts >= 0
        counts = np.zeros((len(self.classes), len(PARTS)), np.int64)
        np.add.at(counts, (self.labels()[known], parts[known]), 1)
        return pd.DataFrame(counts, pd.Index(self.classes, name="label"), pd.Index(PARTS, name="split"))

    def twins_in_train(self) -> np.ndarray:
        """Return for every row whether it is not in train but shares its group with an image that is (bool)."""
        in_train = self.table["split"] == "train"
        train_groups = set(self.table.loc[in_train, "group"])
        return (~in_train & self.table["group"].isin(train_groups)).to_numpy()

    def write(self, path: Path) -> None:
        """Write the table as CSV."""
        path.write_bytes(self._csv)

    @cached_property
    def _csv(self) -> bytes:
        """The table as CSV, made once for all members of a study that share a split.

        Quoted throughout, for a file's name may hold what ends a line.
        """
        text = StringIO(newline="")
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(zip(*(self.table[column].to_numpy(object) for column in COLUMNS), strict=True))
        return text.getvalue().encode()


def _numbers(texts: pd.Series, of: Sequence[str]) -> np.ndarray:
    """Return the place of each text in `of`, int64 (N,); -1 of one that is not there."""
    return pd.Index(of).get_indexer(pd.Index(texts)).astype(np.int64)


def read_split(path: Path) -> Split:
    """Read a `split.csv`. Raises `DatasetError` when it is damaged."""
    table = _read_table(path)
    if "stain" not in table:  # written before stain clusters were
        table["stain"] = ""
    if not set(COLUMNS) <= set(table.columns) or not table.columns.is_unique or table.empty:
        raise DatasetError(
            f"{path.name} is not a split: expected columns {', '.join(COLUMNS)}, "
            f"found {', '.join(table.columns)[:200]} and {len(table)} rows"
        )
    table = table[list(COLUMNS)]
    unknown = set(table["split"]) - set(PARTS)
    twice = table["path"][table["path"].duplicated()]
    if unknown or len(twice):
        raise DatasetError(
            f"{path.name} is damaged: expected each path once, in {', '.join(PARTS)}; "
            f"found {', '.join([*map(repr, sorted(unknown)), *(f'{path} again' for path in twice)][:3])}"
        )
    return Split(table)


def _read_table(path: Path) -> pd.DataFrame:
    """Return a CSV table of texts, in a time that grows with its length: pandas takes minutes over a damaged line."""
    try:
        text = read_file(path, _LARGEST_BYTES).decode("utf-8-sig")
        header, *rows = [row for row in csv.reader(StringIO(text, newline=""), strict=True) if row] or [[]]
    except (FileError, csv.Error, UnicodeDecodeError) as error:
        raise DatasetError(f"{path.name} cannot be read ({error})") from None
    if "\0" in text or {len(row) for row in rows} - {len(header)}:
        raise DatasetError(f"{path.name} is damaged: null characters, or rows that are not as long as the first")
    return pd.DataFrame(rows, columns=header, dtype="str")


def make_split(images: pd.DataFrame, config: SplitConfig, relations: Relations | None = None) -> Split:
    """Divide usable catalog rows by `config.protocol`, every class into every part.

    - `random` draws within each class without regard to groups, as the paper does.
    - `grouped` and `patient` keep the images of a group in one part.
    - `stain` keeps whole stain clusters out of train: one of each class for validation and one for the test, whatever
      fractions are asked for.
    - `folders` takes the parts that the dataset's own folders make.

    With `config.folds`, the images are divided into that many parts of about equal size, of which one is the test; over
    all folds every image is tested once. Groups come from `relations` or, without these, from what the catalog shows;
    with a table `config.groups`, from the table, and those of its groups that such images connect are one, by the name
    that its first image has there. Raises `DatasetError` when the table does not fit or is given with `stain`, or a
    class has too few groups or stain clusters for three parts.
    """
    if config.protocol == "stain" and config.groups is not None:  # here, so that runs that were made so can be read
        raise DatasetError(
            "a table of groups and stain clusters cannot both be kept whole: a patient's images may lie in several "
            "clusters; leave out the table (--groups), or keep its groups together with --split patient or grouped"
        )
    relations = relations or catalog_relations(images)
    table = images.reindex(columns=["path", "sha256", "label", "part"], fill_value="").reset_index(drop=True)
    if config.groups is None:
        table["group"], merged = [f"g{number:05d}" for number in relations.groups], 0
    else:
        given = _groups_of_table(list(images["path"]), config.groups)
        table["group"], merged = _merged(given, relations.groups)
    table["stain"] = relations.stains
    table["split"] = np.array(PARTS)[divide(table, config)]
    split = Split(table[list(COLUMNS)], merged)
    _check_every_class_everywhere(split, config)
    return split


def _merged(given: pd.Series, shown: np.ndarray) -> tuple[pd.Series, int]:
    """Return groups (N,), one where images that show the same connect them, and how many of them that concerns."""
    connected = given.groupby(connected_rows(given, shown))
    names = connected.nunique()
    return connected.transform("first"), int(names[names > 1].sum())


def _groups_of_table(paths: list[str], file: str) -> pd.Series:
    found = groups_of(paths, read_groups(Path(file)))
    missing = [path for path, group in zip(paths, found, strict=True) if not group]
    if missing:
        raise DatasetError(
            f"table of groups {file} lacks {len(missing)} of {len(paths)} images, the first {missing[0]}; "
            "every image's path (or its file name, where no other image has it) must stand in its column file"
        )
    return pd.Series(found, dtype="str")


def _check_every_class_everywhere(split: Split, config: SplitConfig) -> None:
    counts = split.counts()
    if counts.to_numpy().all():
        return
    for label, row in counts.iterrows():
        if (row == 0).any():
            groups = split.table.loc[split.table["label"] == label, "group"].nunique()
            listed = ", ".join(f"{part} {row[part]}" for part in PARTS)
            formed = (
                f"its {row.sum()} images form {groups} groups; use another seed, other fractions or another protocol"
            )
            if config.protocol == "folders":
                formed = "the folders hold no others of it; add some, or use another protocol"
            raise DatasetError(f"class {label} cannot be in every part ({listed}): {formed}")
