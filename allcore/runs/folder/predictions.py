"""A run's `predictions.parquet`: the served model's answer for every validation and test image."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from allcore.data.class_names import classes_of_columns, probability_columns
from allcore.errors import FileError
from allcore.files import read_file

_LARGEST_BYTES: Final = 2**30
_LARGEST_TABLE: Final = 2 * 2**30
_TEXTS: Final = ("path", "sha256", "group", "split", "label", "predicted", "run")
_TRUTHS: Final = ("correct", "novel", "twin", "trained")
_NUMBERS: Final = ("novelty",)


def read_predictions(path: Path) -> pd.DataFrame:
    """Return the table of predictions, one row an image; which of its columns are there is for the caller to check.

    Texts are texts, `probability_…` lie between 0 and 1, and no value is missing; foreign columns are left out. Raises
    `FileError` when the file holds anything else, `MissingFileError` when there is none.
    """
    try:
        file = pq.ParquetFile(pa.BufferReader(read_file(path, _LARGEST_BYTES)))
        facts = file.metadata
        size = sum(facts.row_group(number).total_byte_size for number in range(facts.num_row_groups))
        if max(size, facts.num_rows * facts.num_columns) > _LARGEST_TABLE:
            raise FileError("it would unpack to more than 2 GiB")
        table = file.read().replace_schema_metadata().to_pandas()
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError) as error:  # what damage brings out of Arrow
        raise FileError(" ".join(str(error).split())) from None
    if not table.columns.is_unique:
        raise FileError("a column is there twice")
    probabilities = probability_columns(classes_of_columns(table.columns))
    known = [name for name in table.columns if name in (*_TEXTS, *_TRUTHS, *_NUMBERS, *probabilities)]
    for name in known:
        if not _is_as_expected(name, table[name]):
            raise FileError(f"its column {name} holds something else than predictions have")
    return table[known]


def recorded_accuracy(predictions: pd.DataFrame, split: str) -> float | None:
    """Return which part of a split's images (0 to 1) has its own class as the most probable one; None of no image."""
    of_split = predictions[predictions["split"] == split]
    classes = classes_of_columns(of_split.columns)
    if of_split.empty or not classes:
        return None
    predicted = of_split[probability_columns(classes)].to_numpy(np.float64).argmax(axis=1)
    named = np.array(classes, object)[predicted]
    return float((named == of_split["label"].to_numpy()).mean())


def _is_as_expected(name: str, values: pd.Series) -> bool:
    if name in _TEXTS:
        return all(isinstance(value, str) and "\0" not in value for value in values)
    if name in _TRUTHS:
        return values.dtype == bool
    if values.dtype.kind not in "fiu" or not np.isfinite(values.to_numpy(np.float64)).all():
        return False
    return name in _NUMBERS or bool(values.between(0.0, 1.0 + 1e-6).all())
