"""A run that is carried out in this process, and what it recorded."""

import json
import time

from allcore.runs.folder.status import Status
from allcore.training.reporter import Reporter
from allcore.training.session import carry_out

RESULTS = ("model.keras", "model.onnx", "features.npy", "predictions.parquet")


def carried_out(run, segment=0, stop_when=lambda status: False):
    """Carry out the run as its worker does, stopped when its status is as wanted; return (finished, phases)."""
    phases = []
    status = Status(state="running", heartbeat=time.time(), queued_at=0.0, segment=segment, epochs=run.config.epochs)
    reporter = Reporter(run.folder, status)

    def stop_requested():
        phases.append(reporter.status.phase)
        return stop_when(reporter.status)

    try:
        return carry_out(run.folder, reporter, stop_requested), phases
    finally:
        reporter.close(patience=0.0)


def records(run):
    return [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text().splitlines()]
