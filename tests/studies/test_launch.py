"""What is looked at before a study is started."""

import os
import shutil
import signal
import threading
from dataclasses import replace

import h5py
import numpy as np
import pytest

from allcore.data.catalog import scan
from allcore.data.labels.judgements import add_judgements, make_judgement
from allcore.errors import ConfigError, RunError
from allcore.runs.execution.devices import Device
from allcore.runs.execution.executor import LocalExecutor
from allcore.runs.folder.launches import claim_launch, last_launch
from allcore.runs.folder.process import host, own_identity, start_mark
from allcore.runs.folder.store import RunStore
from allcore.runs.folder.worker_lock import worker_lock
from allcore.studies.launch import ask_study_to_stop, resolved_plan, start_study, stop_study
from allcore.studies.plan import make_plan
from allcore.studies.runner import run_study
from allcore.studies.store import StudyStore
from tests.studies.conftest import set_state


def weights_of_resnet50(file):
    """Write a file of weights as far as it is looked at before a launch, and return its path."""
    with h5py.File(file, "w") as written:
        written["conv1_conv/conv1_conv/kernel:0"] = np.zeros((7, 7, 3, 64), np.float32)
    return str(file)


def test_each_of_several_networks_begins_with_its_own_weights(tiny_config, workspace, tmp_path, monkeypatch):
    file = weights_of_resnet50(tmp_path / "resnet50.weights.h5")
    monkeypatch.setenv("ALLCORE_RESNET50_WEIGHTS", file)
    alone = make_plan(name="alone", config=tiny_config(network="resnet50", weights="imagenet"))
    assert resolved_plan(alone, workspace).config.weights == file
    several = make_plan(name="several", config=alone.config, vary={"network": ["resnet50", "densenet121"]})
    assert resolved_plan(several, workspace).config.weights == "imagenet"


def test_a_study_names_folders_and_files_by_where_they_are_each_once(
    tiny_config, workspace, smears, groups_of, tmp_path, monkeypatch
):
    weights, groups = weights_of_resnet50(tmp_path / "own.h5"), groups_of(tmp_path / "one.csv")
    shutil.copy(groups, tmp_path / "other.csv")
    (tmp_path / "smears").symlink_to(smears)
    monkeypatch.chdir(tmp_path)
    split = {"protocol": "patient", "groups": "one.csv"}
    config = tiny_config(dataset="smears", network="resnet50", split=split)
    found = resolved_plan(
        make_plan(name="a", config=config, vary={"weights": ["random", "own.h5", "./own.h5"]}), workspace
    )
    assert found.vary == {"weights": ["random", weights]}
    assert (found.config.dataset, found.config.split.groups) == (str(smears), groups)
    assert {place.config.split.groups for place in found.places} == {groups}
    tables = make_plan(name="b", config=config, vary={"split.groups": ["one.csv", "other.csv"]})
    assert resolved_plan(tables, workspace).vary == {"split.groups": [groups, str(tmp_path / "other.csv")]}


def test_a_member_whose_network_is_too_large_to_be_served_is_refused_before_any_trains(tiny_config, workspace):
    config = tiny_config(network="resnet50", head="flatten", dense_units=1024)
    plan = make_plan(name="large", config=config, vary={"image_size": [32, 512]})
    with pytest.raises(ConfigError, match="a smaller image size than 512"):
        resolved_plan(plan, workspace)


@pytest.fixture
def judged(workspace, smears):
    """Let one image be judged wrong."""
    row = scan(smears).images().iloc[0]
    made = make_judgement(row["sha256"], row["path"], row["label"], ("Benign", "Pro"), "wrong", "Pro")
    add_judgements(workspace.judgements, [made])


def test_a_study_keeps_to_the_labels_as_they_were_judged_when_it_began(tiny_config, workspace, judged):
    alone = resolved_plan(make_plan(name="alone", config=tiny_config(labels="corrected")), workspace).config
    assert alone.labels.startswith("corrected-")
    several = make_plan(name="several", config=tiny_config(), vary={"labels": ["as_given", "corrected"]})
    assert resolved_plan(several, workspace).vary == {"labels": ["as_given", alone.labels]}


def test_a_study_that_is_extended_by_labels_that_it_has_has_them_once(tiny_config, workspace, judged):
    store, labels = StudyStore(workspace.studies), {"labels": ["as_given", "corrected"]}
    study = store.create(resolved_plan(make_plan(name="labels", config=tiny_config(), vary=labels), workspace))
    begin = study.plan()
    store.change(study, begin, resolved_plan(begin.extended(seeds=[1], vary=labels), workspace))
    assert study.plan() == begin.extended(seeds=[1])


def test_labels_that_are_another_version_in_each_variant_are_refused(tiny_config, workspace, smears, tmp_path):
    for variant in ("Original", "Segmented"):
        shutil.copytree(smears, tmp_path / "both" / variant)
    rows = scan(smears).images().iloc[:2]
    (tmp_path / "both" / "Segmented" / rows["path"][1]).unlink()
    for row in rows.itertuples():
        made = make_judgement(row.sha256, row.path, row.label, ("Benign", "Pro"), "wrong", "Pro")
        add_judgements(workspace.judgements, [made])
    config = tiny_config(dataset=str(tmp_path / "both"), labels="corrected")
    plan = make_plan(name="variants", config=config, vary={"variant": ["Original", "Segmented"]})
    with pytest.raises(ConfigError, match="labels: corrected is another version in each variant"):
        resolved_plan(plan, workspace)


def test_a_study_of_which_one_member_could_never_start_here_is_refused(tiny_config, workspace, monkeypatch):
    monkeypatch.setattr("allcore.runs.execution.executor.devices_here", lambda: (Device("cpu", 0, "here"),))
    plan = make_plan(name="gpus", config=tiny_config(), vary={"devices": [1, 2]})
    with pytest.raises(ConfigError, match="devices: 2 GPUs were asked for"):
        resolved_plan(plan, workspace)


def test_what_members_have_in_common_is_asked_once_of_who_carries_them_out(tiny_config, workspace, monkeypatch):
    asked = []
    monkeypatch.setattr(LocalExecutor, "check", lambda self, config: asked.append((config.device, config.devices)))
    vary = {"image_size": [32, 48], "device": ["auto", "cpu"]}
    resolved_plan(make_plan(name="sizes", config=tiny_config(), seeds=(0, 1), vary=vary), workspace)
    assert sorted(asked) == [("auto", 1), ("cpu", 1)]


def carried_out_by(process, of):
    """Let the status of a study or run say that a process carries it out."""
    set_state(of, "running", pid=process.pid, process_started=start_mark(process.pid))


@pytest.fixture
def started(monkeypatch):
    """Return the commands that would have been started."""
    commands = []
    monkeypatch.setattr("allcore.studies.launch.subprocess.Popen", lambda command, **_: commands.append(command))
    return commands


def test_a_study_is_stopped_by_a_signal_where_the_disk_is_full(study, workspace, idle_process, no_room):
    carried_out_by(idle_process, study)
    with no_room(study.name):
        stop_study(study, workspace)
    assert idle_process.wait() == -signal.SIGTERM
    assert study.status().state == "interrupted"


def test_a_request_to_stop_that_reaches_nobody_is_said(study, workspace, no_room):
    set_state(study, "queued", pid=None)
    with no_room(study.name), pytest.raises(OSError, match="No space left"):
        ask_study_to_stop(study, workspace)


def test_members_of_a_study_that_nobody_carries_out_any_more_are_stopped(study, workspace, executor, idle_process):
    set_state(study, "running", process_started="gone")
    with pytest.raises(RunError, match="study sizes is interrupted; there is nothing to stop"):
        ask_study_to_stop(study, workspace)
    member = executor.store.create(study.plan().places[0].config, executor.split)
    carried_out_by(idle_process, member)
    ask_study_to_stop(study, workspace)
    assert member.status().state == "stopping"
    idle_process.kill()
    for thread in threading.enumerate():
        if member.id in thread.name:
            thread.join()
    assert member.status().state == "cancelled"


def test_a_member_of_another_workspace_is_not_stopped_with_the_study(study, workspace, executor, split, tmp_path):
    member = RunStore(tmp_path / "theirs").create(study.plan().places[0].config, split)
    set_state(member, "running")
    workspace.runs.mkdir()
    (workspace.runs / member.id).symlink_to(member.folder)
    with pytest.raises(RunError, match="there is nothing to stop"):
        ask_study_to_stop(study, workspace)
    assert member.status().state == "running"


@pytest.mark.parametrize("machine", ["lost", ""], ids=["of another name", "of the same name"])
def test_a_study_is_started_anew_where_the_machine_that_carried_it_out_is_lost_and_its_lock_stays(
    study, workspace, started, machine
):
    _, started_at = own_identity()
    of_another_boot = str(started_at).replace("boot ", "boot 0")
    of_it = {"host": machine} if machine else {"host": host(), "process_started": of_another_boot}
    set_state(study, "running", **of_it)
    with worker_lock(study.folder):
        start_study(study, workspace)
        assert started == []  # it was just heard of
        os.utime(study.folder / "status.json", (0, 0))
        start_study(study, workspace)
    assert len(started) == 1


def test_of_two_machines_that_start_a_study_at_a_time_one_does(study, workspace, started, monkeypatch):
    def looks_while_another_starts(folder):
        last = last_launch(folder)
        if not started:
            monkeypatch.setattr("allcore.studies.launch.last_launch", last_launch)
            start_study(study, workspace)
            monkeypatch.setattr("allcore.studies.launch.is_carried_out", lambda _: False)  # as an old view of the disk
        return last

    monkeypatch.setattr("allcore.studies.launch.last_launch", looks_while_another_starts)
    start_study(study, workspace)
    assert [command[-2:] for command in started] == [["--launch", "1"]]


def test_who_carried_a_study_out_that_was_started_again_launches_nothing_more(study, executor):
    claim_launch(study.folder, "local", None)
    launch_again = iter([lambda: claim_launch(study.folder, "local", last_launch(study.folder))])

    def ends(place):
        next(launch_again, lambda: None)()
        return "succeeded"

    assert run_study(study.folder, replace(executor, ends=ends), 1) == 2
    assert len(executor.launched) == 1
    assert study.status().state == "running"
    assert run_study(study.folder, executor, 1) == 2
    assert run_study(study.folder, executor, 2) == 0
