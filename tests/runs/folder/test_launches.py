"""Each launch of a run counts once, whoever launches and from wherever."""

import pytest

from allcore.errors import FileError, RunError
from allcore.json_text import read_json
from allcore.runs.folder import launches
from allcore.runs.folder.launches import Launch, claim_launch, last_launch, record_launch
from allcore.training.worker import run_worker


def test_launches_are_numbered_and_the_last_one_counts(tmp_path):
    assert last_launch(tmp_path) is None
    first = claim_launch(tmp_path, "local", None)
    record_launch(tmp_path, first.model_copy(update={"state": "over"}))
    second = claim_launch(tmp_path, "slurm", last_launch(tmp_path))
    record_launch(tmp_path, second.model_copy(update={"job": "17"}))
    assert (first.number, first.is_local) == (1, True)
    assert last_launch(tmp_path) == Launch(number=2, executor="slurm", job="17")


def test_of_two_who_launch_at_a_time_one_is_refused(tmp_path):
    seen_by_both = last_launch(tmp_path)
    claim_launch(tmp_path, "local", seen_by_both)
    with pytest.raises(RunError, match="is being launched by another process"):
        claim_launch(tmp_path, "slurm", seen_by_both)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"number": "x"}'])
def test_of_a_damaged_launch_its_number_is_known(tmp_path, content):
    claim_launch(tmp_path, "local", None)
    (tmp_path / "launches" / "1.json").write_text(content)
    assert claim_launch(tmp_path, "local", last_launch(tmp_path)).number == 2


def test_worker_of_a_launch_that_counts_no_more_ends_at_once(tmp_path, capsys):
    claim_launch(tmp_path, "slurm", None)
    claim_launch(tmp_path, "slurm", last_launch(tmp_path))
    assert run_worker(tmp_path, launch=1) == 2
    assert "launch 2 counts, this is 1" in capsys.readouterr().err


def test_a_launch_that_is_replaced_while_it_is_read_is_read_again(tmp_path, monkeypatch):
    launch = claim_launch(tmp_path, "slurm", None)
    refusals = iter([FileError("Stale file handle")])

    def read(*arguments):
        for refusal in refusals:
            raise refusal
        return read_json(*arguments)

    monkeypatch.setattr(launches, "read_json", read)
    assert last_launch(tmp_path) == launch
