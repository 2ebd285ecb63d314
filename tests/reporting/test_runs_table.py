"""All runs in one table, the damaged ones too."""

import time

import pandas as pd
import pytest

from allcore.config import make_config
from allcore.data.split import Split
from allcore.errors import RunError
from allcore.reporting.runs_table import COLUMNS, runs_table
from allcore.runs.status import Status, write_status
from allcore.runs.store import RunStore


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def add(store, state, **fields):
    row = {"path": "Pro/1.jpg", "sha256": "0" * 64, "label": "Pro", "group": "g0", "split": "train"}
    run = store.create(make_config(dataset="/data/all/Original", image_size=150), Split(pd.DataFrame([row])))
    now = time.time()
    write_status(run.folder, Status(state=state, heartbeat=now, queued_at=now, epochs=25, **fields))
    return run


def test_run_is_described_by_state_and_configuration(store):
    run = add(store, "succeeded", epoch=25)
    row = runs_table([run], lambda _: 0.9).iloc[0]
    assert row.to_dict() == {
        "run": run.id,
        "state": "succeeded",
        "epochs": "25 of 25",
        "image_size": 150,
        "split": "random",
        "dataset": "all/Original",
        "test_accuracy": 0.9,
        "note": "",
    }


@pytest.mark.parametrize("state", ["queued", "failed", "cancelled"])
def test_only_succeeded_runs_are_asked_for_their_accuracy(store, state):
    def refuse(run):
        raise AssertionError(run)

    row = runs_table([add(store, state, error="out of memory")], refuse).iloc[0]
    assert pd.isna(row["test_accuracy"])
    assert row["note"] == "out of memory"


def test_damaged_run_says_why_and_the_others_stay(store):
    good, bad = add(store, "succeeded"), add(store, "succeeded")
    (bad.folder / "config.json").write_text("{")
    table = runs_table([bad, good], lambda _: 0.5).set_index("run")
    assert table.at[bad.id, "state"] == "damaged"
    assert "config.json" in table.at[bad.id, "note"]
    assert table.at[good.id, "state"] == "succeeded"


def test_run_whose_predictions_cannot_be_read_says_why(store):
    def unreadable(run):
        raise RunError("predictions.parquet cannot be read")

    row = runs_table([add(store, "succeeded")], unreadable).iloc[0]
    assert (row["state"], row["note"]) == ("damaged", "predictions.parquet cannot be read")


def test_no_run_gives_an_empty_table_with_all_columns():
    assert list(runs_table([], lambda _: 0.0).columns) == list(COLUMNS)
