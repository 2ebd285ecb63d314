"""What of a run is sent to a server, each thing once, whatever breaks in between."""

from contextlib import nullcontext

import pytest

from allcore.config_fields import config_values, setting_text
from allcore.errors import RunError, TrackingError
from allcore.runs.folder.files import ABOUT_FILE, CONFIG_FILE, LOG_FILE, METRICS_FILE, SPLIT_FILE
from allcore.runs.folder.trash import delete_folder
from allcore.tracking.mirror import is_behind, mirror
from allcore.tracking.record import read_mirrored, write_mirrored
from tests.copies import copy_of
from tests.tracking.conftest import batch, epoch, report, rest


def only(stand_in):
    """Return the one run that a server has."""
    (run,) = stand_in.runs.values()
    return run


def values(run, key):
    """Return a metric's values by their steps, each step as often as it stands there."""
    return sorted((step, value) for name, step, value, _ in run["metrics"] if name == key)


def test_settings_metrics_files_and_the_end_are_mirrored(make_run, stand_in, server, workspace):
    run = make_run(image_size=64)
    report(run, batch(1, 0.9), batch(2, 0.8), epoch(0, 0.85))
    mirror(run, server, workspace)
    sent = only(stand_in)
    assert sent["params"] == {path: setting_text(value) for path, value in config_values(run.config).items()}
    assert (sent["name"], sent["tags"]["allscope.run"]) == (run.id, run.id)
    assert values(sent, "batch/loss") == [(1, 0.9), (2, 0.8)]
    assert (values(sent, "loss"), values(sent, "validation_accuracy")) == ([(1, 0.85)], [])
    assert {key.removeprefix("batch/") for key, *_ in sent["metrics"]} == {
        "loss", "accuracy", "validation_loss", "seconds",
    }  # fmt: skip
    assert ("batch/loss", 1, 0.9, 1_001_000) in sent["metrics"]
    assert (sent["info"]["status"], stand_in.files) == ("RUNNING", {})
    rest(run, "failed", error="out of memory", host="node1")
    record = mirror(run, server, workspace)
    assert (sent["info"]["status"], sent["info"]["end_time"]) == ("FAILED", 2_000_000)
    assert (sent["tags"]["allscope.error"], sent["tags"]["allscope.host"]) == ("out of memory", "node1")
    folder = f"{sent['info']['run_id']}/artifacts"
    names = (CONFIG_FILE, SPLIT_FILE, METRICS_FILE)
    assert stand_in.files == {f"{folder}/{name}": (run.folder / name).read_bytes() for name in names}
    assert not is_behind(run, record)


def test_a_run_whose_name_is_damaged_is_mirrored_without_it(make_run, stand_in, server, workspace):
    run = make_run()
    (run.folder / ABOUT_FILE).write_text("{")
    report(run, batch(1))
    rest(run)
    mirror(run, server, workspace)
    sent = only(stand_in)
    assert (sent["name"], values(sent, "batch/loss")) == (run.id, [(1, 1.0)])
    assert sent["info"]["status"] == "KILLED"


def test_accuracies_of_a_run_that_has_succeeded_are_mirrored(finished, finished_run, stand_in, server, tmp_path):
    from allcore.runs.folder.predictions import recorded_accuracy

    run = copy_of(finished_run, tmp_path / finished_run.id)
    mirror(run, server, finished.workspace)
    sent = only(stand_in)
    assert [of for _, of in values(sent, "served/test_accuracy")] == [recorded_accuracy(run.predictions(), "test")]
    epochs = run.history().epochs
    assert values(sent, "validation_loss") == [(n + 1, loss) for n, loss in enumerate(epochs["validation_loss"])]
    assert {name.rpartition("/")[2] for name in stand_in.files} >= {"model.onnx", "predictions.parquet", LOG_FILE}
    assert sent["info"]["status"] == "FINISHED"


def test_what_is_new_is_sent_and_nothing_else(make_run, stand_in, server, workspace):
    run = make_run()
    report(run, batch(1))
    mirror(run, server, workspace)
    stand_in.asked.clear()
    mirror(run, server, workspace)
    assert stand_in.asked == []
    report(run, batch(2))
    mirror(run, server, workspace)
    assert stand_in.asked == ["runs/log-batch"]


def test_a_line_that_is_half_written_waits_for_its_end_and_a_torn_one_is_passed_over(
    make_run, stand_in, server, workspace
):
    run = make_run()
    file = run.folder / METRICS_FILE
    file.write_text('{"kind": "batch", "glo')
    mirror(run, server, workspace)
    file.write_text('{"kind": "batch", "glo\n{"kind": "batch", "global_step": 3, "loss": 0.5, "time": 5}\n')
    mirror(run, server, workspace)
    assert values(only(stand_in), "batch/loss") == [(3, 0.5)]


def test_what_a_resumed_run_repeats_is_sent_once(make_run, stand_in, server, workspace):
    run = make_run()
    report(run, batch(1), batch(2), epoch(0), batch(3, 0.3))
    mirror(run, server, workspace)
    rest(run)
    mirror(run, server, workspace)
    report(run, {"kind": "segment", "segment": 1, "epoch": 0, "step": 1}, batch(2, time=9), epoch(0), batch(3, time=9))
    report(run, batch(4, 0.4))
    rest(run, "failed")
    mirror(run, server, workspace)
    assert [step for step, _ in values(only(stand_in), "batch/loss")] == [1, 2, 3, 4]
    assert len(values(only(stand_in), "loss")) == 1
    assert only(stand_in)["info"]["status"] == "FAILED"


@pytest.mark.parametrize("broken", ["experiments/create", "runs/create", "runs/log-batch", "runs/update", "upload"])
def test_an_outage_at_any_moment_loses_and_doubles_nothing(make_run, stand_in, server, workspace, broken):
    run = make_run()
    report(run, *map(batch, range(1, 250)), epoch(0))
    rest(run)
    stand_in.fails = {broken: (503, b"busy")}
    with pytest.raises(TrackingError, match=r"refuses \(503"):
        mirror(run, server, workspace)
    assert "503" in read_mirrored(run.folder).problem
    assert is_behind(run, read_mirrored(run.folder))
    stand_in.fails = {}
    record = mirror(run, server, workspace)
    assert [step for step, _ in values(only(stand_in), "batch/loss")] == list(range(1, 250))
    assert (record.problem, is_behind(run, record)) == ("", False)


@pytest.mark.parametrize("damage", ["gone", "foreign", "from before"])
def test_a_record_that_is_lost_is_made_again_from_what_the_server_has(make_run, stand_in, server, workspace, damage):
    run = make_run()
    report(run, batch(1), epoch(0))
    rest(run)
    first = mirror(run, server, workspace)
    before = {key: set(values) if isinstance(values, set) else values for key, values in only(stand_in).items()}
    if damage == "from before":  # a server that has moved
        write_mirrored(run.folder, first.model_copy(update={"server": "x"}))
    for file in run.folder.glob("mlflow*.json") if damage != "from before" else ():
        file.unlink() if damage == "gone" else file.write_text("[1")
    assert mirror(run, server, workspace) == first
    assert only(stand_in) == before


def test_of_two_machines_that_mirror_a_run_at_a_time_one_makes_it(make_run, stand_in, server, workspace, monkeypatch):
    run, find, others = make_run(), type(server).find_run, []

    def find_while_another_machine_makes_it(self, experiment, tag, value):
        found = find(self, experiment, tag, value)
        if not others:
            others.append(tag)
            mirror(run, self, workspace)
        return found

    monkeypatch.setattr("allcore.tracking.mirror.lock_in", lambda *_, **__: nullcontext())  # which does not reach it
    monkeypatch.setattr(type(server), "find_run", find_while_another_machine_makes_it)
    record = mirror(run, server, workspace)
    assert only(stand_in)["info"]["run_id"] == record.run == read_mirrored(run.folder).run


def test_a_file_that_has_changed_since_is_sent_again(make_run, stand_in, server, workspace):
    run = make_run()
    rest(run)
    (run.folder / LOG_FILE).write_text("stopped")
    mirror(run, server, workspace)
    (run.folder / LOG_FILE).write_text("stopped, resumed")
    assert is_behind(run, read_mirrored(run.folder))
    mirror(run, server, workspace)
    assert [content for name, content in stand_in.files.items() if LOG_FILE in name] == [b"stopped, resumed"]


def test_where_the_server_stores_no_files_the_rest_is_mirrored_and_the_way_out_said(
    make_run, stand_in, server, workspace
):
    stand_in.artifacts = "/home/lab/mlruns/{}"
    run = make_run()
    report(run, batch(1))
    rest(run)
    with pytest.raises(TrackingError, match="--serve-artifacts"):
        mirror(run, server, workspace)
    assert values(only(stand_in), "batch/loss") == [(1, 1.0)]
    assert only(stand_in)["info"]["status"] == "KILLED"


def test_a_run_that_was_deleted_here_leaves_nothing(make_run, stand_in, server, workspace):
    run = make_run()
    delete_folder(run.folder, "the run")
    with pytest.raises(RunError, match="was deleted"):
        mirror(run, server, workspace)
    assert not run.folder.exists()
    assert not stand_in.runs


def test_a_run_that_was_deleted_on_the_server_is_mirrored_anew_once_it_has_something_to_send(
    make_run, stand_in, server, workspace
):
    run = make_run()
    report(run, batch(1, 0.9), epoch(0))
    rest(run)
    first = mirror(run, server, workspace)
    server.delete_run(first.run)
    assert mirror(run, server, workspace) == first  # whoever deleted it wants no copy of what it had
    report(run, batch(2, 0.8))
    record = mirror(run, server, workspace)
    assert record.run != first.run
    assert values(only(stand_in), "batch/loss") == [(1, 0.9), (2, 0.8)]
    assert only(stand_in)["params"] == {path: setting_text(of) for path, of in config_values(run.config).items()}
    assert only(stand_in)["info"]["status"] == "KILLED"
    assert (record.problem, is_behind(run, record)) == ("", False)


def test_what_a_server_refuses_of_a_run_that_it_has_is_said_and_makes_no_other_run(
    make_run, stand_in, server, workspace
):
    run = make_run()
    mirror(run, server, workspace)
    report(run, batch(1))
    stand_in.fails = {"runs/log-batch": (400, {"error_code": "INVALID_PARAMETER_VALUE", "message": "no such key"})}
    with pytest.raises(TrackingError, match="no such key"):
        mirror(run, server, workspace)
    assert "no such key" in read_mirrored(run.folder).problem
    assert len(stand_in.runs) == 1
