"""The history of a run has no gap and no repeat, whatever its workers went through."""

import json

import pandas as pd
import pytest

import allcore.runs.folder.history as history_module
from allcore.errors import RunError
from allcore.runs.folder.history import HistoryReader, read_history
from allcore.writing import append_lines


@pytest.fixture
def write(tmp_path):
    def writer(*records, tail=""):
        lines = [json.dumps(record) for record in records]
        (tmp_path / "metrics.jsonl").write_text("".join(line + "\n" for line in lines) + tail)
        return read_history(tmp_path)

    return writer


def batch(epoch, step, segment=0):
    return {
        "kind": "batch",
        "segment": segment,
        "epoch": epoch,
        "step": step,
        "global_step": 3 * epoch + step,
        "loss": 1.0,
    }


def epoch_end(epoch, segment=0):
    numbers = ("loss", "accuracy", "validation_loss", "validation_accuracy", "seconds")
    return {"kind": "epoch", "segment": segment, "epoch": epoch, "step": 3} | dict.fromkeys(numbers, 1.0)


def segment(number, epoch, step):
    return {"kind": "segment", "segment": number, "epoch": epoch, "step": step}


def positions(history):
    return list(zip(history.batches["segment"], history.batches["epoch"], history.batches["step"], strict=True))


def test_torn_last_line_costs_neither_the_resume_marker_nor_a_repeat(write, tmp_path):
    write(batch(0, 1), batch(0, 2), tail='{"kind": "batch", "segm')
    append_lines(tmp_path / "metrics.jsonl", map(json.dumps, [segment(1, 0, 1), batch(0, 2, 1)]))
    assert positions(read_history(tmp_path)) == [(0, 0, 1), (1, 0, 2)]


def test_unbroken_run_is_as_written(write):
    history = write(batch(0, 1), batch(0, 2), epoch_end(0), batch(1, 1))
    assert positions(history) == [(0, 0, 1), (0, 0, 2), (0, 1, 1)]
    assert list(history.epochs["epoch"]) == [0]


def test_what_was_reported_beyond_the_checkpoint_is_left_out(write):
    history = write(batch(0, 1), batch(0, 2), batch(0, 3), segment(1, 0, 1), batch(0, 2, 1))
    assert positions(history) == [(0, 0, 1), (1, 0, 2)]


def test_epoch_beyond_the_checkpoint_is_left_out(write):
    history = write(epoch_end(0), batch(1, 1), epoch_end(1), segment(1, 1, 0), epoch_end(1, 1))
    assert list(zip(history.epochs["segment"], history.epochs["epoch"], strict=True)) == [(0, 0), (1, 1)]


def test_resuming_from_the_start_keeps_nothing(write):
    history = write(batch(0, 1), epoch_end(0), segment(1, 0, 0), batch(0, 1, 1))
    assert positions(history) == [(1, 0, 1)]


def test_second_resume_may_go_back_behind_the_first(write):
    history = write(batch(0, 1), segment(1, 0, 1), batch(0, 2, 1), segment(2, 0, 0), batch(0, 1, 2))
    assert positions(history) == [(2, 0, 1)]


def test_half_written_line_is_left_out(write):
    assert len(write(batch(0, 1), tail='{"kind": "batch", "epo').batches) == 1


def test_line_written_after_a_half_written_one_is_kept(write):
    assert len(write(batch(0, 1), tail='{"kind": "ba\n' + json.dumps(batch(0, 2)) + "\n").batches) == 2


def test_no_file_is_an_empty_history(tmp_path):
    history = read_history(tmp_path)
    assert len(history.epochs) == len(history.batches) == 0


FOREIGN = (
    "[]", '"text"', '{"kind": "other"}', '{"kind": "batch", "epoch": "one", "step": 2}',
    '{"kind": "batch", "epoch": 0, "step": 2, "loss": "low"}', '{"kind": "epoch", "epoch": 0, "step": 2, "loss": {}}',
)  # fmt: skip


@pytest.mark.parametrize("line", FOREIGN)
def test_foreign_line_is_left_out(write, line):
    history = write(batch(0, 1), tail=line + "\n")
    assert (len(history.batches), len(history.epochs)) == (1, 0)


def test_file_that_cannot_be_read_says_why(tmp_path):
    (tmp_path / "metrics.jsonl").mkdir()
    with pytest.raises(RunError, match=r"metrics\.jsonl cannot be read"):
        read_history(tmp_path)


def lines(*records):
    return [json.dumps(record) for record in records]


def test_reader_that_watches_a_run_sees_what_one_that_comes_late_does(tmp_path):
    """At every byte of the file: the reader never parses a line twice, and still takes back what a resume undid."""
    file = tmp_path / "metrics.jsonl"
    data = "\n".join(
        lines(batch(0, 1), batch(0, 2), epoch_end(0), batch(1, 1), segment(1, 0, 1), batch(0, 2, 1), epoch_end(0, 1))
    ).encode()
    file.touch()
    reader = HistoryReader(tmp_path)
    for end in range(0, len(data) + 1, 7):
        with file.open("r+b") as open_file:
            open_file.write(data[:end])
        watched, late = reader.read(), read_history(tmp_path)
        pd.testing.assert_frame_equal(watched.batches, late.batches)
        pd.testing.assert_frame_equal(watched.epochs, late.epochs)


def test_reader_parses_no_line_twice(tmp_path, monkeypatch):
    append_lines(tmp_path / "metrics.jsonl", lines(batch(0, 1), batch(0, 2)))
    reader = HistoryReader(tmp_path)
    reader.read()
    append_lines(tmp_path / "metrics.jsonl", lines(batch(0, 3)))
    parsed = []
    monkeypatch.setattr(history_module, "parse_json", lambda line: parsed.append(line) or json.loads(line))
    assert len(reader.read().batches) == 3
    assert len(parsed) == 1


def test_reader_begins_again_where_the_file_was_replaced_or_went(write, tmp_path):
    write(batch(0, 1), batch(0, 2))
    reader = HistoryReader(tmp_path)
    assert len(reader.read().batches) == 2
    write(batch(0, 1))
    assert len(reader.read().batches) == 1
    (tmp_path / "metrics.jsonl").unlink()
    assert len(reader.read().batches) == 0


def test_damage_is_told_at_every_look_and_by_its_line(tmp_path):
    append_lines(tmp_path / "metrics.jsonl", lines(batch(0, 1)))
    reader = HistoryReader(tmp_path)
    reader.read()
    append_lines(tmp_path / "metrics.jsonl", [json.dumps({"kind": "batch", "epoch": 0, "step": 2})])
    for _ in range(2):
        with pytest.raises(RunError, match="line 2 lacks global_step"):
            reader.read()


def test_training_time_is_that_of_all_epochs_and_memory_the_most_of_epochs_and_batches(write):
    history = write(batch(0, 3) | {"memory_bytes": 3}, epoch_end(0) | {"memory_bytes": 2}, epoch_end(1))
    assert (history.training_seconds, history.most_memory) == (2.0, 3)
    assert (write(batch(0, 3)).training_seconds, write(batch(0, 3)).most_memory) == (None, None)
    nothing_said = write(batch(0, 3) | {"memory_bytes": None}, epoch_end(0) | {"memory_bytes": None})
    assert nothing_said.most_memory is None
