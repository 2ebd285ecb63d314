"""The catalog: one row an image of a dataset, with what is known about it and why it cannot be used, if so."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from allcore.data.catalog_rows import (
    COLUMNS,
    KNOWN_BY,
    CachedRows,
    FileContent,
    hold,
    known_again,
    list_files,
    no_rows,
    storable,
)
from allcore.data.class_names import class_name, in_order
from allcore.data.folder.layout import find_layout
from allcore.data.importing.left_out import left_out, told_apart
from allcore.errors import DatasetError
from allcore.progress import Progress
from allcore.threads import in_threads

MINIMUM_PER_CLASS = 3
_AT_ONCE = 16
"""How many files a thread takes at once where there are many: handing one over takes a tenth of a small file's time."""
_NEWS_OF_PROGRESS = 256
"""How often a caller is told of progress at least, where there are as many files."""


@dataclass(frozen=True)
class Catalog:
    """The images of one dataset folder.

    `table` has one row an image, in the order of its `path` (relative to `root`, with '/'): variant ('' when the
    dataset has none), part (train, validation or test where the folders divide the images so, else ''), label ('' for
    what is left out as being of no class), width and height in pixels after orientation, mode as stored, white (the
    stored value that became 255) and judged (whether the range of the values told it), bytes, mtime_ns, sha256 of the
    file, pixel_sha256 of the decoded pixels, and problem (empty, or why it is unusable).
    `left_out` has what the dataset's import left out, by name, each with why.
    """

    root: Path
    variants: tuple[str, ...]
    labels: dict[str, tuple[str, ...]]
    table: pd.DataFrame
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of all variants, in their order."""
        return in_order(label for labels in self.labels.values() for label in labels)

    def variant(self, name: str | None = None) -> str:
        """Return the variant called `name`, or the first; raises `DatasetError` when there is none so called."""
        if name is None:
            return self.variants[0]
        name = next((known for known in self.variants if class_name(known) == class_name(name)), name)
        if name not in self.variants:
            raise DatasetError(f"{self.root} has no variant {name!r}; it has {', '.join(self.variants) or 'none'}")
        return name

    @property
    def has_parts(self) -> bool:
        """Whether the dataset's own folders divide it into train, validation and test."""
        return bool((self.table["part"] != "").any())

    def images(self, variant: str | None = None) -> pd.DataFrame:
        """Return the usable rows of a variant (the first when unset), renumbered from 0."""
        return self._usable[self.variant(variant)].copy(deep=False)

    def number_of(self, path: str) -> int | None:
        """Return the row of `table` that holds a path, or None; pages ask for many, one after the other."""
        return self._numbers.get(path)

    def trainable_images(self, variant: str | None = None) -> pd.DataFrame:
        """Return the usable rows of a variant, or raise `DatasetError` when a class is empty or too small."""
        rows = self.images(variant)
        counts = {label: int((rows["label"] == label).sum()) for label in self.labels[self.variant(variant)]}
        few = {label: count for label, count in counts.items() if count < MINIMUM_PER_CLASS}
        if few:
            listed = ", ".join(f"{label} {count}" for label, count in counts.items())
            raise DatasetError(
                f"{self.root}: each class needs at least {MINIMUM_PER_CLASS} usable images, found {listed}; "
                f"add images to {', '.join(few)} or remove the folder"
            )
        return rows

    def problems(self) -> pd.DataFrame:
        """Return the rows that cannot be used, with why."""
        return self.table[self.table["problem"] != ""].reset_index(drop=True)

    def not_used(self) -> dict[str, str]:
        """Return every file that is of no use, or that the import left out, by name, each with why."""
        problems = self.problems()
        return told_apart([*zip(problems["path"], problems["problem"], strict=True), *self.left_out.items()])

    def fingerprint(self, variant: str | None = None) -> str:
        """Return a SHA-256 over the usable images' labels, parts and contents, whatever the files are called."""
        return self._fingerprints[self.variant(variant)]

    def contents(self, variant: str) -> str:
        """Return a short text that changes with a variant's usable images, their order, names and classes."""
        return self._contents[variant]

    # Every page asks for these, and a catalog does not change.
    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {path: number for number, path in enumerate(self.table["path"].tolist())}

    @cached_property
    def _usable(self) -> dict[str, pd.DataFrame]:
        usable = self.table[self.table["problem"] == ""]
        return {name: usable[usable["variant"] == name].reset_index(drop=True) for name in self.variants}

    @cached_property
    def _fingerprints(self) -> dict[str, str]:
        return {name: fingerprint(rows) for name, rows in self._usable.items()}

    @cached_property
    def _contents(self) -> dict[str, str]:
        named = ((name, rows["path"] + rows["label"] + rows["pixel_sha256"]) for name, rows in self._usable.items())
        return {name: _digest(lines.tolist()) for name, lines in named}


def fingerprint(images: pd.DataFrame) -> str:
    """Return a SHA-256 over the labels, parts and contents of usable catalog rows, whatever the files are called."""
    placed = images["part"].where(images["part"] == "", images["part"] + " ")
    return _digest(sorted((placed + images["label"] + " " + images["sha256"]).tolist()))


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def scan(folder: Path, cache: Path | None = None, on_progress: Progress | None = None) -> Catalog:
    """Return the catalog of a dataset folder.

    Usable files whose size and modification time are as in the catalog cached below `cache` are not read again. One
    unusable file becomes a row with a problem; the others go on. Files that are deleted meanwhile are left out. Raises
    `DatasetError` when the folder is not a dataset, or is deleted meanwhile.
    """
    layout = find_layout(folder)
    cached = None if cache is None else CachedRows.of(cache, layout.root)
    places, listed = list_files(layout)
    known = no_rows() if cached is None else cached.read()
    rows = _with_what_they_hold(places, listed, known, on_progress)
    _refuse_odd_ranges(rows)
    usable = rows[rows["problem"] == ""].reset_index(drop=True)
    if cached is not None and not usable[list(KNOWN_BY)].equals(known[list(KNOWN_BY)]):
        cached.keep(usable)
    elsewhere = left_out(folder)
    if not layout.root.is_dir():
        find_layout(folder)  # says that it is gone
    return Catalog(
        root=layout.root,
        variants=tuple(map(storable, layout.variants)),
        labels={
            storable(name): in_order(folder.label for folder in layout.class_folders(name)) for name in layout.variants
        },
        table=rows,
        left_out=elsewhere,
    )


def _with_what_they_hold(
    places: Sequence[str], listed: pd.DataFrame, known: pd.DataFrame, on_progress: Progress | None
) -> pd.DataFrame:
    """Return the rows of listed files with what they hold: of those that are known as they are, what is known."""
    again = known_again(listed, known)
    news = np.flatnonzero(again < 0)
    paths, faults = listed["path"].to_numpy(object), listed["problem"].to_numpy(object)

    def describe(numbers: np.ndarray) -> list[FileContent]:
        return [
            hold(places[number], paths[number]) if not faults[number] else FileContent(problem=faults[number])
            for number in numbers.tolist()
        ]

    held: list[FileContent] = []
    at_once = min(_AT_ONCE, max(1, len(news) // _NEWS_OF_PROGRESS))
    for some in in_threads(describe, (news[start : start + at_once] for start in range(0, len(news), at_once))):
        held += some
        if on_progress is not None:
            on_progress(len(listed) - len(news) + len(held), len(listed))
    contents = pd.DataFrame(held, news, columns=list(FileContent._fields)).astype(
        {name: COLUMNS[name] for name in FileContent._fields}
    )
    if len(news) < len(listed):
        of_known = known[list(FileContent._fields)].take(again[again >= 0]).set_axis(np.flatnonzero(again >= 0))
        contents = pd.concat([of_known, contents]).sort_index() if len(news) else of_known
    return pd.concat([listed.drop(columns="problem"), contents], axis=1)[list(COLUMNS)]


def _refuse_odd_ranges(rows: pd.DataFrame) -> None:
    """Give a problem to images whose range alone told their white, where others tell a brighter one.

    What is white is decided for a dataset, not for an image: a dark one would come out brighter than the others.
    """
    judged = rows[rows["judged"] & (rows["problem"] == "")]
    white = judged["white"].max()
    odd = judged[judged["white"] != white]
    if len(odd):
        rows.loc[odd.index, "problem"] = [
            f"its values fit {own} as white, while those of other images here need {white}: one scale for "
            "both is not known; save them with 8 bits, or let the files say how many bits they use"
            for own in odd["white"]
        ]
