"""`runs`: list, show, watch, stop, resume, delete, on one background run and on damaged folders."""

import json
import shutil
import signal

import pytest

from allcore.config_parts import SplitConfig
from allcore.data.splits.split import make_split
from allcore.files import bytes_below
from allcore.number_text import memory
from allcore.runs.execution.executor import LocalExecutor
from allcore.runs.folder.states import ACTIVE
from allcore.runs.folder.status import write_status
from allcore.runs.folder.store import RunStore
from allcore.workspace import Workspace
from tests.cli.conftest import call
from tests.conftest import TINY, device_taken, wait_for
from tests.data.rows import images

TINY_OPTIONS = [f"--{name.replace('_', '-')}={value}" for name, value in TINY.items()]
DAMAGE = {
    "no-status": ("status.json", None, "has no status.json"),
    "half-status": ("status.json", b'{"schema_number": 1, "sta', "status.json cannot be read"),
    "newer-status": ("status.json", b'{"schema_number": 99, "state": "running"}', "status.json has schema 99"),
    "foreign-status": ("status.json", b"[1, 2]", "it is not a JSON object"),
    "garbage-config": ("config.json", b"\x80\xff\x00", "config.json cannot be read"),
    "half-config": ("config.json", b'{"schema": 1, "image_si', "config.json cannot be read"),
    "newer-config": ("config.json", b'{"schema": 99}', "config.json has schema 99"),
    "wrong-config": ("config.json", b'{"schema": 1, "dataset": "x", "epochs": 0}', "epochs: input should be greater"),
    "foreign-metrics": ("metrics.jsonl", b'{"kind": "epoch", "epoch": 0, "step": 1}\n', "validation_accuracy"),
}


@pytest.fixture(scope="module")
def life(start, smears, tmp_path_factory):
    """Let one run be launched, stopped, resumed, looked at, interrupted and deleted; return what was said.

    It is stopped while it waits for the device, and has so many epochs that it never ends by itself.
    """
    workspace = Workspace(tmp_path_factory.mktemp("life"))
    store = LocalExecutor(workspace).store

    def say(*arguments):
        return call(workspace.root, *arguments)

    with device_taken(workspace):
        said = {"train": say("train", "--data", smears, *TINY_OPTIONS, "--epochs", 5000, "--background")}
        (run,) = store.runs()
        said["stop"], said["stopped"] = say("runs", "stop", run.id), run.status()
    try:
        said["stop again"], said["watch the end"] = say("runs", "stop", run.id), say("runs", "watch", run.id)
        with start(workspace.root, "runs", "resume", run.id) as resuming:
            first = resuming.stderr.readline()
            wait_for(run, lambda status: status.epoch >= 1)
            said["list"], said["show"] = say("runs", "list", "--json"), say("runs", "show", "latest", "--json")
            said["delete while running"] = say("runs", "delete", run.id)
            said["resume while running"] = say("runs", "resume", run.id)
            said["watch"] = _watched(start, workspace, run)
            resuming.send_signal(signal.SIGINT)
            said["resume"] = (first + resuming.stderr.read(), resuming.wait(), run.status())
        said["id"], said["folder"] = run.id, run.folder
        said["delete a part"] = say("runs", "delete", run.id[-4:]), run.folder.exists()
        said["delete"], said["deleted"] = say("runs", "delete", run.id), not run.folder.exists()
    finally:
        if run.folder.exists() and run.status().state in ACTIVE:
            LocalExecutor(workspace).stop(run)
    return said


def _watched(start, workspace, run):
    """Watch a run, end the watching, and return what was said, the exit status, and what became of the run."""
    with start(workspace.root, "runs", "watch", run.id) as watching:
        first = watching.stderr.readline()
        watching.send_signal(signal.SIGINT)
        return first + watching.stderr.read(), watching.wait(), run.status().state


def test_background_training_returns_the_runs_id_and_how_to_follow_it(life):
    assert (life["train"].code, life["train"].out) == (0, f"{life['id']}\n")
    assert life["train"].err == f"follow with: python -m allcore runs watch {life['id']}\n"


def test_list_tells_what_a_running_run_does(life):
    (row,) = life["list"].json
    assert (row["run"], row["state"], row["epochs"], row["image_size"]) == (life["id"], "running", 5000, 32)
    assert 0 <= row["best_validation_accuracy"] <= 1


def test_show_tells_state_configuration_environment_and_epochs(life):
    shown = life["show"].json
    assert set(shown) == {"run", "folder", "about", "status", "config", "environment", "epochs", "mlflow"}
    assert (shown["run"], shown["folder"]) == (life["id"], str(life["folder"]))
    assert shown["status"]["state"] == "running"
    assert shown["config"]["dense_units"] == TINY["dense_units"]
    assert shown["epochs"][0]["epoch"] == 0


@pytest.mark.parametrize("what", ["delete", "resume"])
def test_running_run_is_neither_deleted_nor_resumed(life, what):
    refused = life[f"{what} while running"]
    assert refused.code == 2
    assert f"run {life['id']} is running" in refused.err


@pytest.mark.parametrize("asked", ["list", "show", "delete"])
def test_run_that_slurm_has_lost_is_interrupted_also_where_new_runs_are_local(
    workspace, tiny_config, lost_by_slurm, asked
):
    run = RunStore(workspace.runs).create(tiny_config(), make_split(images({"A": 8, "B": 8}), SplitConfig()))
    write_status(run.folder, run.status().model_copy(update={"state": "running", "pid": 1, "process_started": "x"}))
    lost_by_slurm(run)
    outcome = call(workspace.root, "runs", asked, *([] if asked == "list" else [run.id]))
    assert outcome.code == 0, outcome.err
    assert run.folder.exists() == (asked != "delete")
    assert asked == "delete" or "interrupted" in outcome.out


def test_watching_can_end_while_the_run_goes_on(life):
    text, code, state = life["watch"]
    assert text.startswith("epoch 1/5000  loss ")
    assert text.endswith(f"run {life['id']} goes on\n")
    assert (code, state) == (0, "running")


def test_stopped_run_is_called_stopped(life):
    assert (life["stop"].code, life["stop"].out) == (0, f"run {life['id']} is stopped\n")
    assert life["stopped"].state == "cancelled"


def test_stopped_run_cannot_be_stopped_again(life):
    assert life["stop again"].code == 2
    assert "is stopped; there is nothing to stop" in life["stop again"].err


def test_watching_a_run_that_has_ended_says_how(life):
    assert life["watch the end"].out == f"run {life['id']} is stopped\n"
    assert life["watch the end"].code == 1


def test_watching_a_run_that_succeeded_ends_with_success(on_finished, finished_run):
    watched = on_finished("runs", "watch", finished_run.id)
    assert (watched.code, watched.out) == (0, f"run {finished_run.id} is succeeded\n")


def test_resumed_run_that_is_interrupted_keeps_its_checkpoint_and_says_how_to_go_on(life):
    text, code, status = life["resume"]
    assert "stopping at the next batch; the checkpoint is kept" in text
    assert text.endswith(f"go on with: python -m allcore runs resume {life['id']}\n")
    assert (code, status.state) == (1, "cancelled")


def test_part_of_an_id_is_not_enough_to_delete_where_nobody_can_be_asked(life):
    refused, still_there = life["delete a part"]
    assert (refused.code, still_there) == (2, True)
    assert f"means run {life['id']}; to delete it give its whole id, or --yes" in refused.err


def test_deleted_run_is_gone(life):
    assert (life["delete"].code, life["delete"].out) == (0, f"run {life['id']} is deleted\n")
    assert life["deleted"]


def test_list_of_no_runs_says_how_to_start_one(command):
    assert "python -m allcore train --data DIR" in command("runs", "list").out
    assert command("runs", "list", "--json").json == []


def test_list_has_finished_runs_with_their_best_accuracy(on_finished, finished_run):
    (row,) = on_finished("runs", "list", "--json").json
    best = finished_run.history().epochs["validation_accuracy"].max()
    assert (row["run"], row["state"]) == (finished_run.id, "succeeded")
    assert row["best_validation_accuracy"] == pytest.approx(best)
    line = on_finished("runs", "list").out.splitlines()[1].split()
    assert line[:2] == [finished_run.id, "succeeded"]
    assert line[4:8] == ["datasets/smears", "3/3", "32", "random"]  # after date and time


def test_show_in_words_has_the_settings_and_where_they_are_not_the_papers(on_finished):
    lines = [line.split() for line in on_finished("runs", "show", "latest").out.splitlines()]
    assert ["image_size", "32", "300"] in lines
    assert ["dropout", "0.25"] in lines
    assert ["augment.brightness", "0.8", "to", "1.2"] in lines
    assert [line[0] for line in lines[-3:]] == ["1", "2", "3"]


def test_epoch_without_a_number_is_null_in_the_json(on_copy, copied_run):
    lines = (copied_run / "metrics.jsonl").read_text().splitlines()
    epochs = [number for number, line in enumerate(lines) if json.loads(line)["kind"] == "epoch"]
    lines[epochs[0]] = json.dumps(json.loads(lines[epochs[0]]) | {"validation_accuracy": float("nan")})
    (copied_run / "metrics.jsonl").write_text("\n".join(lines) + "\n")
    assert on_copy("runs", "show", "latest", "--json").json["epochs"][0]["validation_accuracy"] is None
    assert on_copy("runs", "list", "--json").json[0]["best_validation_accuracy"] is not None


@pytest.fixture
def copied_run(finished_run, workspace):
    """Return the folder of a copy of the finished run, without what is large."""
    large = shutil.ignore_patterns("*.onnx", "*.keras", "checkpoints", "tensorboard")
    return shutil.copytree(finished_run.folder, workspace.runs / finished_run.id, ignore=large)


@pytest.fixture
def on_copy(command, copied_run):
    return command


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_run_is_listed_with_the_reason_and_the_others_are_too(command, workspace, copied_run, name):
    file, content, reason = DAMAGE[name]
    damaged = shutil.copytree(copied_run, workspace.runs / f"a-{name}")
    (damaged / file).unlink()
    if content is not None:
        (damaged / file).write_bytes(content)
    broken, whole = command("runs", "list", "--json").json
    assert (whole["run"], whole["state"]) == (copied_run.name, "succeeded")
    assert (broken["run"], broken["state"]) == (f"a-{name}", "damaged")
    assert reason in broken["note"]
    assert reason in command("runs", "list").out


@pytest.mark.parametrize("arguments", [("half-made",), ("half", "--yes"), ("latest", "--yes")])
def test_damaged_run_can_be_deleted(command, workspace, arguments):
    (workspace.runs / "half-made").mkdir(parents=True)
    assert command("runs", "delete", *arguments).code == 0
    assert command("runs", "list", "--json").json == []


def test_showing_a_damaged_run_says_what_is_wrong(command, copied_run):
    (copied_run / "config.json").write_text("{")
    outcome = command("runs", "show", "latest")
    assert (outcome.code, outcome.out) == (2, "")
    assert "config.json cannot be read" in outcome.err


def test_part_of_an_id_that_fits_two_runs_is_refused(command, workspace, copied_run):
    shutil.copytree(copied_run, workspace.runs / "20200101-000000-vgg16-32px-0000")
    outcome = command("runs", "show", "vgg16")
    assert outcome.code == 2
    assert "fits 2 runs" in outcome.err


@pytest.mark.parametrize(
    "arguments",
    [("runs", action, "") for action in ("show", "watch", "stop", "resume", "delete")]
    + [
        ("runs", "delete", "", "--yes"),
        ("evaluate", ""),
        ("report", ""),
        ("probe", ""),
        ("tradeoff", ""),
        ("export", ""),
    ],
)
def test_empty_name_means_no_run_though_there_is_but_one(command, copied_run, arguments):
    outcome = command(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert "the run's name is empty" in outcome.err
    assert copied_run.is_dir()


def test_deleting_a_link_says_what_stays(command, copied_run, workspace, tmp_path):
    elsewhere = copied_run.rename(tmp_path / "elsewhere")
    copied_run.symlink_to(elsewhere)
    assert (
        command("runs", "delete", copied_run.name).out
        == f"the link {copied_run.name} is removed; {elsewhere} is as it was\n"
    )
    assert (elsewhere / "status.json").is_file()


def test_prune_names_what_can_go_and_removes_it_only_when_told_to(command, workspace, copied_run):
    weights = copied_run / "checkpoints" / "kept-00001.npz"
    weights.parent.mkdir()
    weights.write_bytes(bytes(3 * 2**20))
    what = "checkpoints of a finished run, which only resuming needs"
    named = command("runs", "prune")
    assert f"3 MB  {weights.parent}  {what}" in named.out
    assert named.out.endswith("3 MB can be freed: python -m allcore runs prune --yes\n")
    listed = [{"path": str(weights.parent), "what": what, "bytes": 3 * 2**20}]
    assert command("runs", "prune", "--json").json == {"bytes": 3 * 2**20, "freed": 0, "superfluous": listed}
    assert weights.is_file()
    assert command("runs", "prune", "--yes").out.endswith("3 MB are free again\n")
    assert not weights.exists()
    assert command("runs", "prune").out == "there is nothing that can be removed\n"


def test_list_tells_the_size_of_a_run(command, copied_run):
    (copied_run / "large").write_bytes(bytes(5 * 2**20))
    assert command("runs", "list", "--json").json[0]["bytes"] == bytes_below(copied_run)
    assert memory(bytes_below(copied_run)) in command("runs", "list").out
