"""A line a run, whatever state its folder is in."""

from pathlib import Path

import pandas as pd
import pytest

from allcore.evaluation.predictions.recorded import recorded_predictions
from allcore.runs.folder.status import write_status
from allcore.runs.summarize import summarize
from allcore.runs.summary import RunSummary, summary_rows, summary_table
from tests.copies import copy_of


@pytest.fixture
def copy(finished_run, tmp_path):
    """Return a copy of the finished run that a test may harm."""
    return copy_of(finished_run, tmp_path / finished_run.id)


def test_finished_run_is_told_with_its_best_validation_accuracy(finished_run):
    summary = summarize(finished_run)
    assert (summary.state, summary.is_active, summary.note, summary.progress) == ("succeeded", False, "", 1.0)
    assert summary.best_validation_accuracy == finished_run.history().epochs["validation_accuracy"].max()


def test_finished_run_is_told_with_its_test_accuracy_and_one_without_predictions_is_listed(copy):
    tested = recorded_predictions(copy, "test").table
    assert summarize(copy).test_accuracy == pytest.approx(tested["correct"].mean())
    (copy.folder / "predictions.parquet").unlink()
    summary = summarize(copy)
    assert (summary.state, summary.test_accuracy) == ("succeeded", None)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("status.json", None),
        ("status.json", "{"),
        ("config.json", None),
        ("config.json", '{"schema": 99}'),
        ("metrics.jsonl", '{"kind": "segment", "epoch": "x", "step": 0}\n{"kind": "epoch", "epoch": 0, "step": 0}'),
        ("metrics.jsonl", '{"kind": "epoch", "epoch": 0, "step": 0}'),
    ],
)
def test_damaged_run_is_listed_with_the_reason(copy, file, content):
    (copy.folder / file).unlink() if content is None else (copy.folder / file).write_text(content)
    summary = summarize(copy)
    assert summary == RunSummary(copy.id, problem=summary.problem, bytes=summary.bytes)
    assert (summary.state, summary.is_active, summary.is_at_rest) == ("damaged", False, False)
    assert summary.note == summary.problem != ""


def test_progress_counts_steps(copy):
    status = copy.status().model_copy(update={"epoch": 1, "epochs": 4, "step": 5, "steps_per_epoch": 10})
    write_status(copy.folder, status)
    assert summarize(copy).progress == 15 / 40


def test_run_that_has_not_begun_has_no_progress(copy):
    write_status(copy.folder, copy.status().model_copy(update={"epoch": 0, "steps_per_epoch": 0}))
    assert summarize(copy).progress == 0.0


def test_note_is_the_error_or_else_a_warning(copy):
    status = copy.status().model_copy(update={"warnings": ("the disk is slow", "again"), "error": ""})
    write_status(copy.folder, status)
    assert summarize(copy).note == "the disk is slow"
    write_status(copy.folder, status.model_copy(update={"state": "failed", "error": "the disk is full"}))
    assert summarize(copy).note == "the disk is full"


def test_a_run_is_found_by_its_study_and_its_variant_which_stands_behind_its_dataset(finished_run):
    told = summarize(finished_run)._replace(study="sizes", variant="Segmented")
    assert told.says("SIZES segmented")
    assert not summarize(finished_run).says("sizes")
    (row,) = summary_rows([told])
    assert row["dataset"] == "/".join([*Path(finished_run.config.dataset).parts[-2:], "Segmented"])


def test_table_has_a_row_a_run_and_leaves_out_what_is_not_known(finished_run):
    table = summary_table([summarize(finished_run), RunSummary("damaged-run", problem="no status.json")])
    assert list(table["state"]) == ["succeeded", "damaged"]
    assert table["launched"][0] == f"{finished_run.id[:4]}-{finished_run.id[4:6]}-{finished_run.id[6:8]} " + (
        f"{finished_run.id[9:11]}:{finished_run.id[11:13]}"
    )
    assert list(table["note"]) == ["", "no status.json"]
    assert table["image_size"][0] == finished_run.config.image_size
    assert finished_run.config.dataset.endswith("/" + table["dataset"][0])
    assert pd.isna(table["image_size"][1])
    assert pd.isna(table["best_validation_accuracy"][1])


def test_table_of_no_runs_has_its_columns():
    assert "best_validation_accuracy" in summary_table([])


def test_size_is_that_of_all_its_files(copy):
    before = summarize(copy).bytes
    assert before > 0
    (copy.folder / "checkpoints").mkdir()
    (copy.folder / "checkpoints" / "kept-00001.npz").write_bytes(bytes(1000))
    (copy.folder / "elsewhere").symlink_to(copy.folder / "model.keras")
    assert summarize(copy).bytes == before + 1000
