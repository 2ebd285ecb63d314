"""The rows of a catalog: which files there are, what they hold, and what is cached of that."""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
import PIL
import pyarrow as pa
import simplejpeg
from PIL import features

from allcore import __version__
from allcore.data.folder.layout import DatasetFile, Layout
from allcore.data.intake.images import INTAKE_VERSION, inspect, pixel_sha256, read_image
from allcore.errors import ImageError
from allcore.result_cache import cache_result, cached_file

COLUMNS: Final = {
    "path": "str", "variant": "str", "part": "str", "label": "str", "width": "int64", "height": "int64", "mode": "str",
    "white": "int64", "judged": "bool",
    "bytes": "int64", "mtime_ns": "int64", "sha256": "str", "pixel_sha256": "str", "problem": "str",
}  # fmt: skip
KNOWN_BY: Final = ("path", "variant", "part", "label", "bytes", "mtime_ns")
"""By what a row is known again."""
_DIGEST_BYTES: Final = 32
_COMPRESSION: Final = "lz4" if pa.Codec.is_available("lz4") else None


class FileContent(NamedTuple):
    """What opening a file adds to its row."""

    width: int = 0
    height: int = 0
    mode: str = ""
    white: int = 255
    judged: bool = False
    sha256: str = ""
    pixel_sha256: str = ""
    problem: str = ""


def no_rows() -> pd.DataFrame:
    """Return a catalog's table without a row."""
    return pd.DataFrame(columns=list(COLUMNS)).astype(COLUMNS)


def list_files(layout: Layout) -> tuple[list[str], pd.DataFrame]:
    """Return the place of every file, and a table of what is known of each without opening it, in the order of `path`.

    Its `problem` is why a file is left out, whatever it holds.
    """
    before = len((layout.root / "_").as_posix()) - 1  # what all paths begin with; relative_to is slow
    places: list[str] = []
    columns: dict[str, list[object]] = {name: [] for name in (*KNOWN_BY, "problem")}  # a row each takes twice as long
    add = [column.append for column in columns.values()]
    for file in layout.files():
        facts = _facts(file)
        if facts is None:
            continue
        places.append(file.place)
        path = storable(file.place[before:].replace(os.sep, "/"))
        for append, value in zip(add, (path, storable(file.variant), file.part, file.label, *facts), strict=True):
            append(value)
    order = sorted(range(len(places)), key=lambda number: str(columns["path"][number]))
    listed = pd.DataFrame(columns).astype({name: COLUMNS[name] for name in columns})
    return [places[number] for number in order], listed.take(order).reset_index(drop=True)


def _facts(file: DatasetFile) -> tuple[int, int, str] | None:
    """Return a file's size in bytes, its time of change in ns, and why it is left out, or ''; None when it is gone."""
    try:
        facts = os.stat(file.place, follow_symlinks=not file.fault)  # noqa: PTH116 - of 100,000 files: Path's takes twice
    except FileNotFoundError:
        return None
    except OSError as error:
        return 0, 0, f"cannot be read: {error.strerror}"
    return facts.st_size, facts.st_mtime_ns, file.fault


def known_again(listed: pd.DataFrame, known: pd.DataFrame) -> np.ndarray:
    """Return for each listed file the number of the known row that is of it as it is now, int64; -1 without one."""
    at = pd.Index(known["path"]).get_indexer(pd.Index(listed["path"]))
    same = (at >= 0) & (listed["problem"] == "").to_numpy()
    there = known[list(KNOWN_BY)].take(at[same])
    here = listed[same]
    alike = np.ones(len(here), bool)
    for name in KNOWN_BY[1:]:
        alike &= here[name].to_numpy() == there[name].to_numpy()
    again = np.full(len(listed), -1)
    again[np.flatnonzero(same)[alike]] = at[same][alike]
    return again


def storable(name: str) -> str:
    """Return a file's name with what is not UTF-8 in it (old archives have such names) replaced by U+FFFD."""
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "replace")


def hold(place: str, path: str) -> FileContent:
    """Open the file at a place, listed as `path`, and return what it holds."""
    if "\N{REPLACEMENT CHARACTER}" in path:
        return FileContent(problem="its path is not valid UTF-8; rename the file or its folder")
    try:
        data = read_image(place)
        pixels, facts = inspect(data, place)
        digest = hashlib.sha256(data).hexdigest()
    except ImageError as error:
        return FileContent(problem=str(error))
    except OSError as error:
        return FileContent(problem=f"cannot be read: {error.strerror}")
    return FileContent(facts.width, facts.height, facts.mode, facts.white, facts.judged, digest, pixel_sha256(pixels))


@dataclass(frozen=True)
class CachedRows:
    """The usable rows of a dataset as they were last time: what made a file unusable may pass without a change to it.

    In the file, the SHA-256 of what follows it: a table in Arrow's format.
    """

    file: Path

    @classmethod
    def of(cls, cache: Path, root: Path) -> CachedRows:
        """Return those of the dataset at `root`, apart for every version of what decodes its images."""
        readers = (str(INTAKE_VERSION), PIL.__version__, str(features.version("jpg")), simplejpeg.__version__)
        made_by = (str(root.resolve()), __version__, *readers)
        return cls(cached_file(cache, "catalogs", repr(made_by), ".catalog"))

    def read(self) -> pd.DataFrame:
        """Return the rows; none when the file is missing or damaged, which costs one scan."""
        try:
            content = memoryview(self.file.read_bytes())
            if hashlib.sha256(content[_DIGEST_BYTES:]).digest() != content[:_DIGEST_BYTES]:
                return no_rows()
            return pa.ipc.open_file(content[_DIGEST_BYTES:]).read_pandas()[list(COLUMNS)].astype(COLUMNS)
        except (OSError, ValueError, KeyError, pa.ArrowException):
            return no_rows()

    def keep(self, rows: pd.DataFrame) -> None:
        """Keep some rows in place of what was kept."""
        table = pa.Table.from_pandas(rows, preserve_index=False)
        written = io.BytesIO()
        with pa.ipc.new_file(written, table.schema, options=pa.ipc.IpcWriteOptions(compression=_COMPRESSION)) as file:
            file.write_table(table)
        content = written.getbuffer()

        def write(unfinished: Path) -> None:
            with unfinished.open("wb") as into:
                into.write(hashlib.sha256(content).digest())
                into.write(content)

        cache_result(self.file, write)
