"""What a long queue costs to look at: `python -m benchmarks.many_runs [1000]`, in milliseconds of the processor.

Makes so many runs that wait for Slurm in a folder of its own, and reads them as `runs list` and as the app's pages do.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from allcore.config import make_config
from allcore.config_parts import SplitConfig
from allcore.data.split import make_split
from allcore.runs.launches import claim_launch, record_launch
from allcore.runs.store import RunStore
from allcore.runs.summary import summarize, summary_table


def main() -> None:
    """Print what a first and a second look cost."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with TemporaryDirectory() as folder:
        os.environ["ALLCORE_WORKSPACE"] = folder
        store = RunStore(Path(folder) / "runs")
        print(f"{count:,} runs made in {_milliseconds(lambda: _make(store, count)):,.0f} ms")
        print(f"runs list: {_milliseconds(lambda: summary_table([summarize(run) for run in store.runs()])):,.0f} ms")

        from pages.ui.live import runs, summaries

        for look in ("first", "second", "third"):
            print(f"page, {look} look: {_milliseconds(lambda: summary_table(summaries(runs()))):,.0f} ms")


def _make(store: RunStore, count: int) -> None:
    images = pd.DataFrame({"path": [f"{c}/{n}.png" for c in "AB" for n in range(20)]})
    images["label"], images["sha256"] = images["path"].str[0], images["path"]
    images["pixel_sha256"] = images["path"]
    split = make_split(images, SplitConfig())
    for number in range(count):
        run = store.create(make_config(dataset="smears", seed=number), split)
        launch = claim_launch(run.folder, "slurm", None)
        word = f"Slurm job {number}: pending, Priority"
        record_launch(run.folder, launch.model_copy(update={"job": str(number), "state": "waiting", "word": word}))


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return 1000 * (time.process_time() - began)


if __name__ == "__main__":
    main()
