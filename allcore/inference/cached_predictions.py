"""A model's predictions of many images, kept by content, so that no image is predicted twice by one model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from allcore import __version__
from allcore.augment import resize
from allcore.data.class_names import probability_columns
from allcore.data.decoded import decode_catalogued
from allcore.data.intake.images import INTAKE_VERSION
from allcore.errors import FileError
from allcore.files import file_sha256, read_file
from allcore.inference.predictor import Predictor
from allcore.progress import Progress, ProgressCounter
from allcore.result_cache import cache_result, cached_file
from allcore.threads import in_threads

_CHUNK: Final = 256
"""Images after which what was predicted is put on the disk: so much a cancelled prediction loses at the most."""
_LARGEST_BYTES: Final = 2**30


def predict_catalogued(
    predictor: Predictor,
    model: Path,
    root: Path,
    images: pd.DataFrame,
    cache: Path,
    on_progress: Progress | None = None,
) -> pd.DataFrame:
    """Return a row for each of the usable catalog rows `images` below `root`: probability_<class>, novelty, novel.

    `predictor` is that of the file `model`. What `cache` keeps of the same model and pixels is not predicted again;
    `on_progress` hears of the images that are. Raises `DatasetError` when an image is gone or has changed.
    """
    file = _file(model, cache)
    columns = [*probability_columns(predictor.classes), "novelty"]
    kept = _read(file, columns)
    missing = images[~images["pixel_sha256"].isin(kept.index)].drop_duplicates("pixel_sha256")
    count = ProgressCounter(on_progress, len(missing))
    for start in range(0, len(missing), _CHUNK):
        rows = missing.iloc[start : start + _CHUNK]
        said = predictor.predict(_pixels(root, rows, predictor.metadata.image_size), count.add)
        values = np.column_stack([said.probabilities, said.novelty]).astype(np.float64)
        kept = pd.concat([kept, pd.DataFrame(values, index=rows["pixel_sha256"], columns=columns)])
        cache_result(file, kept.rename_axis("pixel_sha256").reset_index().to_parquet)
    found = kept.reindex(images["pixel_sha256"]).set_axis(images.index)
    return found.assign(novel=found["novelty"] > predictor.metadata.novelty.threshold)


def _pixels(root: Path, rows: pd.DataFrame, size: int) -> Iterator[np.ndarray]:
    """Yield the images as the network sees them, read in threads while it looks at those before."""

    def read(row: tuple[str, str]) -> np.ndarray:
        return resize(decode_catalogued(root, *row), size)

    return in_threads(read, zip(rows["path"], rows["pixel_sha256"], strict=True))


def _file(model: Path, cache: Path) -> Path:
    return cached_file(cache, "predictions", repr((file_sha256(model), INTAKE_VERSION, __version__)), ".parquet")


def _read(file: Path, columns: list[str]) -> pd.DataFrame:
    """Return what is kept, by the pixels' digests; nothing where the file is missing or damaged."""
    try:
        table = pq.read_table(pa.BufferReader(read_file(file, _LARGEST_BYTES))).replace_schema_metadata().to_pandas()
        kept = table.set_index("pixel_sha256")[columns].astype(np.float64)
    except (FileError, pa.ArrowException, OSError, ValueError, TypeError, KeyError):
        kept = pd.DataFrame(columns=columns, dtype=np.float64)
    return kept[~kept.index.duplicated() & kept.notna().all(axis=1)]
