"""A run folder without training, and what may become of any of its files."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from allcore.config import TrainConfig
from allcore.config_parts import SplitConfig
from allcore.data.splits.split import make_split
from allcore.runs.folder.status import Status, write_status
from allcore.runs.folder.store import Run, RunStore
from tests.data.rows import images

CLASSES = ("Benign", "Early", "Pre", "Pro")
EPOCHS = 3
FILES = ("status.json", "config.json", "environment.json", "metrics.jsonl", "split.csv", "predictions.parquet")
EVIL = (
    -1, 0, 1.5, 2**31, 2**63, 10**400, float("nan"), float("-inf"), 1e308, 5e-324, True, None, "", "\0", "\ud800",
    "x" * 5_000, "/" * 5_000, "/dev/zero", "..", [], {}, [[]], {"\udfff": 1},
)  # fmt: skip


def finished_folder(store: RunStore, config: TrainConfig) -> Run:
    """Return a run of `config` as if it had succeeded: everything that a page reads, but no model."""
    split = make_split(images(dict.fromkeys(CLASSES, 12)), SplitConfig())
    run = store.create(config, split)
    write_status(run.folder, Status(state="succeeded", heartbeat=2.0, queued_at=1.0, epoch=EPOCHS, epochs=EPOCHS))
    (run.folder / "metrics.jsonl").write_text("".join(f"{json.dumps(record)}\n" for record in _records()))
    environment = {"allscope": "0", "packages": {"keras": "3"}, "plan": {"kind": "cpu"}, "weights": {"sha256": "0"}}
    (run.folder / "environment.json").write_text(json.dumps(environment))
    rows = split.table[split.table["split"] != "train"].drop(columns="stain").reset_index(drop=True)
    probabilities = np.random.default_rng(0).dirichlet(np.ones(len(CLASSES)), len(rows))
    rows[[f"probability_{name}" for name in CLASSES]] = probabilities
    rows = rows.assign(predicted=rows["label"], correct=True, novelty=1.0, novel=False)
    rows.to_parquet(run.folder / "predictions.parquet", index=False)
    return Run(run.folder)


def _records() -> list[dict[str, Any]]:
    numbers = ("loss", "accuracy", "validation_loss", "validation_accuracy", "seconds", "learning_rate")
    records: list[dict[str, Any]] = []
    for epoch in range(EPOCHS):
        place = {"segment": 0, "epoch": epoch, "step": 1}
        records += [
            {"kind": "batch", **place, "global_step": epoch + 1, "loss": 0.5},
            {"kind": "epoch", **place, **dict.fromkeys(numbers, 0.5)},
        ]
    return records


def damage(file: Path, rng: random.Random) -> None:
    """Let something happen to a file."""
    ways: list[Callable[[Path, random.Random], None]] = [_bytes, _bytes, _gone]
    if file.suffix in (".json", ".jsonl"):
        ways += [_value] * 8 + [_nested]
    rng.choice(ways)(file, rng)


def _bytes(file: Path, rng: random.Random) -> None:
    data = bytearray(file.read_bytes())
    for _ in range(rng.choice((1, 1, 3, 30))):
        at = rng.randrange(len(data))
        piece = rng.choice((b"", b"\0", b'"', b",", b"\n", b"\xff", b"-1", b"9" * 30, b"," * 20_000, rng.randbytes(4)))
        data[at : at + rng.choice((0, 1, 1, 4, 100))] = piece
        if not data:
            return
    file.write_bytes(data)


def _gone(file: Path, rng: random.Random) -> None:
    file.unlink()
    rng.choice((lambda: None, file.mkdir, lambda: os.mkfifo(file), lambda: file.symlink_to("/dev/zero"), file.touch))()


def _value(file: Path, rng: random.Random) -> None:
    """Put a value that is none where another stands."""
    lines = file.read_text().splitlines() if file.suffix == ".jsonl" else [file.read_text()]
    number = rng.randrange(len(lines))
    fields = json.loads(lines[number])
    at = fields
    while (inner := [value for value in at.values() if isinstance(value, dict) and value]) and rng.random() < 0.5:
        at = rng.choice(inner)
    name = rng.choice(list(at))
    if rng.random() < 0.2:
        del at[name]
    else:
        at[name] = rng.choice(EVIL)
    lines[number] = json.dumps(fields)
    file.write_text("\n".join(lines))


def _nested(file: Path, rng: random.Random) -> None:
    deep = rng.choice((30, 900, 100_000))
    file.write_text(rng.choice(("[" * deep + "]" * deep, '{"schema": ' * deep + "1" + "}" * deep, "[" * deep)) + "\n")
