"""The catalog: one row an image of a dataset, with what is known about it and why it cannot be used, if so."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from pathlib import Path

import pandas as pd
import PIL
import simplejpeg
from PIL import features

from allcore import __version__
from allcore.data.class_names import class_name, in_order
from allcore.data.intake import INTAKE_VERSION, inspect, pixel_sha256, read_image
from allcore.data.layout import DatasetFile, Layout, find_layout
from allcore.data.left_out import left_out
from allcore.errors import DatasetError, ImageError
from allcore.progress import Progress
from allcore.result_cache import cache_text, cached_file
from allcore.threads import in_threads

COLUMNS = {
    "path": "str", "variant": "str", "part": "str", "label": "str", "width": "int64", "height": "int64", "mode": "str",
    "white": "int64", "judged": "bool",
    "bytes": "int64", "mtime_ns": "int64", "sha256": "str", "pixel_sha256": "str", "problem": "str",
}  # fmt: skip
MINIMUM_PER_CLASS = 3


_Row = dict[str, object]


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
        """Return every file that is of no use, or that the import left out, each with why."""
        problems = self.problems()
        return {**dict(zip(problems["path"], problems["problem"], strict=True)), **self.left_out}

    def fingerprint(self, variant: str | None = None) -> str:
        """Return a SHA-256 over the usable images' labels, parts and contents, whatever the files are called."""
        return self._fingerprints[self.variant(variant)]

    def contents(self, variant: str) -> str:
        """Return a short text that changes with a variant's usable images, their order, names and classes."""
        return self._contents[variant]

    # Every page asks for these, and a catalog does not change.
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
    rows_file = None if cache is None else _cached_rows_file(cache, layout.root)
    known = {} if rows_file is None else _read_rows(rows_file)
    files = _list_files(layout)
    news = [(file, row) for file, row in files if _key(row) not in known]

    def describe(of: tuple[Path, _Row]) -> _Row:
        file, row = of
        return row if row["problem"] else row | _look_at(file, str(row["path"]))

    described, rows = in_threads(describe, news), []
    for _, row in files:
        rows.append(known.get(_key(row)) or next(described))
        if on_progress is not None and news:
            on_progress(len(rows), len(files))
    _refuse_odd_ranges(rows)
    if rows_file is not None and news:
        _cache_rows(rows_file, [row for row in rows if row["problem"] == ""])
    elsewhere = left_out(folder)
    if not layout.root.is_dir():
        find_layout(folder)  # says that it is gone
    return Catalog(
        root=layout.root,
        variants=tuple(map(_storable, layout.variants)),
        labels={
            _storable(name): in_order(folder.label for folder in layout.class_folders(name)) for name in layout.variants
        },
        table=pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS),
        left_out=elsewhere,
    )


def _list_files(layout: Layout) -> list[tuple[Path, _Row]]:
    """Return every file with its row as far as it is known without opening the file, in the order of their paths."""
    files: list[tuple[Path, _Row]] = []
    before = len((layout.root / "_").as_posix()) - 1  # what all paths begin with; relative_to is slow
    for file in layout.files():
        if (facts := _facts(file)) is None:
            continue
        size, modified, fault = facts
        row = {
            "path": _storable(file.path.as_posix()[before:]), "variant": _storable(file.variant),
            "part": file.part, "label": file.label, "bytes": size, "mtime_ns": modified,
            "width": 0, "height": 0, "mode": "", "white": 255, "judged": False,
            "sha256": "", "pixel_sha256": "", "problem": fault,
        }  # fmt: skip
        files.append((file.path, row))
    return sorted(files, key=lambda entry: str(entry[1]["path"]))


def _facts(file: DatasetFile) -> tuple[int, int, str] | None:
    """Return a file's size in bytes, its time of change in ns, and why it is left out, or ''; None when it is gone."""
    try:
        facts = file.path.lstat() if file.fault else file.path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        return 0, 0, f"cannot be read: {error.strerror}"
    return facts.st_size, facts.st_mtime_ns, file.fault


def _refuse_odd_ranges(rows: list[_Row]) -> None:
    """Give a problem to images whose range alone told their white, where others tell a brighter one.

    What is white is decided for a dataset, not for an image: a dark one would come out brighter than the others.
    """
    judged = [row for row in rows if row["judged"] and not row["problem"]]
    white = max((int(str(row["white"])) for row in judged), default=0)
    for row in judged:
        if row["white"] != white:
            row["problem"] = (
                f"its values fit {row['white']} as white, while those of other images here need {white}: one scale for "
                "both is not known; save them with 8 bits, or let the files say how many bits they use"
            )


def _storable(name: str) -> str:
    """Return a file's name with what is not UTF-8 in it (old archives have such names) replaced by U+FFFD."""
    return os.fsencode(name).decode("utf-8", "replace")


_key = itemgetter("path", "variant", "part", "label", "bytes", "mtime_ns")
"""Return by what a row is known again."""


def _look_at(file: Path, path: str) -> _Row:
    """Return what opening `file`, listed as `path`, adds to its row."""
    if "\N{REPLACEMENT CHARACTER}" in path:
        return {"problem": "its path is not valid UTF-8; rename the file or its folder"}
    try:
        data = read_image(file)
        pixels, facts = inspect(data, file.name)
        digest = hashlib.sha256(data).hexdigest()
    except ImageError as error:
        return {"problem": str(error)}
    except OSError as error:
        return {"problem": f"cannot be read: {error.strerror}"}
    return {
        "width": facts.width, "height": facts.height, "mode": facts.mode, "white": facts.white, "judged": facts.judged,
        "sha256": digest, "pixel_sha256": pixel_sha256(pixels),
    }  # fmt: skip


def _cached_rows_file(cache: Path, root: Path) -> Path:
    """Return where the catalog of `root` is cached, apart for every version of what decodes its images."""
    readers = (str(INTAKE_VERSION), PIL.__version__, str(features.version("jpg")), simplejpeg.__version__)
    made_by = (str(root.resolve()), __version__, *readers)
    return cached_file(cache, "catalogs", repr(made_by), ".catalog")


def _read_rows(file: Path) -> dict[tuple[object, ...], _Row]:
    """Return the cached rows by their key; none when the file is missing or damaged, which costs one scan."""
    try:
        digest, _, text = file.read_text(encoding="utf-8").partition("\n")
    except (OSError, ValueError):
        return {}
    if hashlib.sha256(text.encode()).hexdigest() != digest:
        return {}
    return {_key(row): row for row in json.loads(text)}


def _cache_rows(file: Path, rows: list[_Row]) -> None:
    """Cache the usable rows: what made a file unusable may pass without a change to it, so those are read again."""
    text = json.dumps(rows, separators=(",", ":"))
    cache_text(file, f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}")
