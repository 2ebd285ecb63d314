"""The catalog: one row an image of a dataset, with what is known about it and why it cannot be used, if so."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from allcore.data.intake import inspect, pixel_sha256
from allcore.data.layout import Layout, find_layout, image_files
from allcore.errors import DatasetError, ImageError

COLUMNS = {
    "path": "str", "variant": "str", "label": "str", "width": "int64", "height": "int64", "mode": "str",
    "bytes": "int64", "mtime_ns": "int64", "sha256": "str", "pixel_sha256": "str", "problem": "str",
}  # fmt: skip
MINIMUM_PER_CLASS = 3

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Catalog:
    """The images of one dataset folder.

    `table` has one row an image, in the order of its `path` (relative to `root`, with '/'): variant ('' when the
    dataset has none), label, width and height in pixels after orientation, mode as stored, bytes, mtime_ns, sha256 of
    the file, pixel_sha256 of the decoded pixels, and problem (empty, or why the image is unusable).
    """

    root: Path
    variants: tuple[str, ...]
    labels: dict[str, tuple[str, ...]]
    table: pd.DataFrame

    def variant(self, name: str | None = None) -> str:
        """Return the variant called `name`, or the first; raises `DatasetError` when there is none so called."""
        if name is None:
            return self.variants[0]
        if name not in self.variants:
            raise DatasetError(f"{self.root} has no variant {name!r}; it has {', '.join(self.variants) or 'none'}")
        return name

    def images(self, variant: str | None = None) -> pd.DataFrame:
        """Return the usable rows of a variant (the first when unset), renumbered from 0."""
        rows = self.table[(self.table["variant"] == self.variant(variant)) & (self.table["problem"] == "")]
        return rows.reset_index(drop=True)

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

    def fingerprint(self, variant: str | None = None) -> str:
        """Return a SHA-256 over the usable images' labels and file contents, whatever the files are called."""
        rows = self.images(variant)
        lines = sorted(f"{label} {digest}" for label, digest in zip(rows["label"], rows["sha256"], strict=True))
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def scan(folder: Path, cache: Path | None = None, on_progress: Progress | None = None) -> Catalog:
    """Return the catalog of a dataset folder.

    Files whose size and modification time are as in the catalog kept below `cache` are not read again. One unusable
    file becomes a row with a problem; the others go on. Raises `DatasetError` when the folder is not a dataset.
    """
    layout = find_layout(folder)
    kept = _kept_file(cache, layout.root)
    known = _read_kept(kept)
    jobs = _list_files(layout)
    fresh = [job for job in jobs if _key(job) not in known]

    def describe(job: _Job) -> dict[str, object]:
        return known.get(_key(job)) or _describe(job)

    rows = []
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for done, row in enumerate(pool.map(describe, jobs), start=1):
            rows.append(row)
            if on_progress is not None and fresh:
                on_progress(done, len(jobs))
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
    if kept is not None and (fresh or len(known) != len(jobs)):
        _write_kept(kept, table)
    labels = {variant: tuple(layout.class_folders(variant)) for variant in layout.variants}
    return Catalog(root=layout.root, variants=layout.variants, labels=labels, table=table)


@dataclass(frozen=True)
class _Job:
    file: Path
    path: str
    variant: str
    label: str
    bytes: int
    mtime_ns: int


def _key(job: _Job) -> tuple[str, int, int]:
    return (job.path, job.bytes, job.mtime_ns)


def _list_files(layout: Layout) -> list[_Job]:
    jobs = []
    for variant in layout.variants:
        for label, class_folder in layout.class_folders(variant).items():
            for file in image_files(class_folder):
                facts = file.stat()
                path = file.relative_to(layout.root).as_posix()
                jobs.append(_Job(file, path, variant, label, facts.st_size, facts.st_mtime_ns))
    return jobs


def _describe(job: _Job) -> dict[str, object]:
    row: dict[str, object] = {
        "path": job.path, "variant": job.variant, "label": job.label, "bytes": job.bytes, "mtime_ns": job.mtime_ns,
        "width": 0, "height": 0, "mode": "", "sha256": "", "pixel_sha256": "", "problem": "",
    }  # fmt: skip
    try:
        pixels, facts = inspect(job.file)
        row["sha256"] = hashlib.sha256(job.file.read_bytes()).hexdigest()
    except ImageError as error:
        return row | {"problem": str(error)}
    except OSError as error:
        return row | {"problem": f"cannot be read ({error.strerror})"}
    return row | {
        "width": facts.width, "height": facts.height, "mode": facts.mode, "pixel_sha256": pixel_sha256(pixels),
    }  # fmt: skip


def _kept_file(cache: Path | None, root: Path) -> Path | None:
    if cache is None:
        return None
    return cache / "catalogs" / f"{hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:16]}.parquet"


def _read_kept(kept: Path | None) -> dict[tuple[str, int, int], dict[str, object]]:
    if kept is None or not kept.is_file():
        return {}
    try:
        rows = pd.read_parquet(kept, columns=list(COLUMNS)).to_dict("records")
    except (OSError, ValueError, pa.ArrowException):
        return {}  # a damaged copy costs one scan, no more
    return {
        (str(row["path"]), int(row["bytes"]), int(row["mtime_ns"])): {str(name): row[name] for name in row}
        for row in rows
    }


def _write_kept(kept: Path, table: pd.DataFrame) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    unfinished = kept.with_suffix(f".{os.getpid()}.part")
    table.to_parquet(unfinished, index=False)
    unfinished.replace(kept)
