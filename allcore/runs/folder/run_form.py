"""Predictions that no training run of their own made, in the form of a run's folder, so that they open like a run's."""

from __future__ import annotations

import time
from pathlib import Path

import pandas as pd

from allcore.config import TrainConfig
from allcore.data.splits.split import Split
from allcore.runs.folder.files import CONFIG_FILE, PREDICTIONS_FILE, SPLIT_FILE
from allcore.runs.folder.status import Status, write_status
from allcore.writing import write_whole

DEVICES_JOINED = "; "
"""What stands between the devices on which predictions of several runs were made."""


def write_run_form(
    folder: Path, config: TrainConfig, images: pd.DataFrame, predictions: pd.DataFrame, device: str = ""
) -> None:
    """Write the files of a run that has succeeded: `images` are the rows of its split, `predictions` those recorded.

    `device` is what the predictions were made on; several are joined by `DEVICES_JOINED`. Raises `OSError` when the
    disk refuses.
    """
    write_whole(folder / CONFIG_FILE, config.to_json())
    Split(images).write(folder / SPLIT_FILE)
    predictions.to_parquet(folder / PREDICTIONS_FILE, index=False)
    moment = time.time()
    write_status(folder, Status(state="succeeded", heartbeat=moment, queued_at=moment, device=device))
