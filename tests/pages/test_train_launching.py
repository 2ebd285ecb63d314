"""Train: weights, sizes, time and memory, launching, and the queue."""

import os
import re
import time
from pathlib import Path

import pytest
import streamlit as st

from allcore.hardware import Devices
from allcore.number_text import speed
from allcore.runs.execution.devices import Device, devices_here
from allcore.runs.execution.executor import LocalExecutor
from allcore.runs.execution.lease import device_lease, write_ticket
from allcore.runs.folder.process import own_identity
from allcore.runs.folder.states import ACTIVE
from allcore.runs.folder.status import Status, write_status
from allcore.runs.measure import Measurement
from allcore.studies.store import StudyStore
from allcore.text import for_page
from tests.conftest import TINY
from tests.pages.opening import button, choose, metric, open_page, press, texts, tiny


@pytest.fixture
def no_weights(monkeypatch, tmp_path):
    """Let neither the environment nor Keras have the ImageNet weights."""
    monkeypatch.delenv("ALLCORE_VGG16_WEIGHTS", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))


def test_weights_that_must_be_downloaded_are_said_before_launching(data, no_weights):
    app = open_page("train", preset="Quick")
    assert "not on this machine" in app.warning[0].proto.title
    press(app, "Use random weights")
    assert app.selectbox(key="quick.weights").value == "random"
    assert not app.warning


def test_wrong_weights_file_is_said_on_launching(data, launched):
    data.root.mkdir()
    (data.root / "text.weights.h5").write_text("no")
    session = {"custom.weights": str(data.root / "text.weights.h5")}
    app = open_page("train", session, **{**tiny(), "custom__weights": ""}, preset="Custom")
    press(app, "Launch")
    assert "not a readable HDF5 file" in app.error[0].value
    assert launched() == []


@pytest.mark.parametrize("field", ["split.groups", "weights"])
def test_an_address_reads_no_file_but_those_of_the_roots_and_opens_no_pipe(data, tmp_path, field):
    (tmp_path / "secret.csv").write_text("SECRET,x\n")
    data.root.mkdir()
    os.mkfifo(data.root / "pipe.csv")
    for file, why in (
        (tmp_path / "secret.csv", "it is outside the folders"),
        (Path("/dev/zero"), "it is outside the folders"),
        (data.root / "pipe.csv", "it is a pipe, a device or a socket"),
    ):
        app = open_page("train", preset="Paper", **{f"paper.{field}": file})
        assert for_page(f"{field}: {file} cannot be used: {why}") in app.error[0].value
        assert button(app, "Launch").disabled
        assert "SECRET" not in texts(app)


def test_launch_returns_at_once_links_to_the_run_and_queues_it(data, launched):
    app = open_page("train", **tiny(), preset="Custom")
    press(app, "Launch")
    (run,) = launched()
    assert run.status().state in ACTIVE
    assert {name: getattr(run.config, name) for name in TINY} == TINY
    assert for_page(run.id) in app.success[0].proto.title
    (follow,) = [link for link in app.get("page_link") if link.label == "Follow it"]
    assert (follow.page, follow.proto.query_string) == ("runs", f"run={run.id}")
    assert for_page(run.id) in [link.label for link in app.get("page_link")]


def test_two_clicks_in_a_moment_launch_one_run(data, launched):
    app = open_page("train", **tiny(), preset="Custom")
    press(app, "Launch")
    press(app, "Launch")
    assert len(launched()) == 1
    assert for_page(launched()[0].id) in app.success[0].proto.title


@pytest.fixture
def no_runner(data, monkeypatch):
    """Let a study be launched, and nobody carry it out."""
    started = []
    monkeypatch.setattr("pages.ui.train.launching.start_study", lambda study, workspace: started.append(study.name))
    return started


def test_study_is_shown_with_its_runs_and_room_and_launched_once(data, no_runner):
    asked = {"launch": "Study", "sizes": ["64", "32"], "folds": 3, "seeds": "0,1", "custom__split.protocol": "grouped"}
    app = open_page("train", **tiny(), preset="Custom", **asked)
    assert app.markdown[0].value.startswith("image\\_size 64, 32; 3 folds; seed 0, 1, 500 epochs")
    assert app.dataframe[0].value["enlarged"].tolist() == [64, 0]
    assert app.dataframe[0].value["runs"].tolist() == [6, 6]
    assert any("12 runs, one after the other" in caption.value for caption in app.caption)
    press(app, "Launch 12 runs")
    press(app, "Launch 12 runs")
    (study,) = StudyStore(data.studies).studies()
    assert no_runner == [study.name]
    assert for_page(study.name) in app.success[0].proto.title
    (follow,) = [link for link in app.get("page_link") if link.label == "Follow it"]
    assert (follow.page, follow.proto.query_string) == ("runs", f"study={study.name}")
    assert len(study.plan().places) == 12


def test_a_study_takes_half_the_time_where_two_of_its_runs_go_on_at_a_time(data, monkeypatch):
    told = Measurement(40.0, 9.0, 1000.0, 60.0, 30.0, 6000.0, (1, 1, 4), 3 * 2**30, "CPU, 2 cores")
    monkeypatch.setattr("pages.ui.train.measuring.measure", lambda config, workspace, while_waiting: told)
    st.cache_resource.clear()  # the speeds that another test measured
    said = []
    for devices in ("cpu",), ("gpu", "gpu"):
        here = tuple(Device(kind, number, f"{kind}-{number}") for number, kind in enumerate(devices))
        monkeypatch.setattr(LocalExecutor, "devices", lambda _, here=here: here)
        st.cache_data.clear()  # how many run at a time is kept for a minute
        app = press(open_page("train", **tiny(), preset="Custom", launch="Study", folds=4), "Measure")
        said.append(next(caption.value for caption in app.caption if caption.value.startswith("4 runs")))
    st.cache_data.clear()
    one, two = (float(re.search(r"about (\d+) h", each, re.IGNORECASE)[1]) for each in said)
    assert "4 runs, one after the other. About" in said[0]
    assert "4 runs, 2 at a time: about" in said[1]
    assert "one after the other" not in said[1]
    assert one == pytest.approx(2 * two, abs=1)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"quick__sizes": ["64", "16"]}, "image\\_size"),
        ({"quick__sizes": ["64", "big"]}, "valid integer"),
        ({"vary": "colour=1"}, "expected a setting and its values"),
        ({"quick__sizes": ["64"], "vary": "image_size=96"}, "expected each setting once"),
        ({"seeds": "one"}, "expected whole numbers"),
        ({"vary": "weights=/dev/zero"}, "outside the folders"),
    ],
)
def test_what_makes_no_study_is_refused_in_place(data, typed, said):
    app = open_page("train", preset="Quick", launch="Study", **typed)
    assert said in app.error[0].value
    assert all(each.disabled for each in app.button if each.label.startswith("Launch"))


def test_page_begins_with_what_a_machine_without_gpu_can_do_and_warns_before_hours_are_spent(data, monkeypatch):
    monkeypatch.setattr("pages.ui.train.devices.system_devices", lambda: Devices(4, False, 2**34))
    st.cache_data.clear()
    app = open_page("train")
    assert app.query_params["preset"] == "Quick"
    assert "takes hours" not in texts(app)
    assert "takes hours" in texts(choose(app, "preset", "Paper"))


@pytest.mark.parametrize("launch", ["One run", "Study"])
def test_train_says_where_memory_decides_over_how_many_images_a_network_normalises(data, monkeypatch, launch):
    monkeypatch.setattr("pages.ui.train.devices.system_devices", lambda: Devices(2, False, 2**30))
    st.cache_data.clear()
    asked = {"quick__network": "resnet50", "quick__image_size": "64", "quick__weights": "random"}
    app = open_page("train", preset="Quick", launch=launch, **asked)
    said = [each.value for each in app.warning if each.proto.title == "Training depends on this machine's memory"]
    assert said  # a study says it of each size that is divided otherwise
    assert all(each.startswith("ResNet50 normalises ") for each in said)
    assert "Training depends" not in str(open_page("train", preset="Quick", launch=launch).warning)


def test_time_is_known_from_a_former_run(finished, finished_run, smears, monkeypatch):
    st.cache_data.clear()  # the devices that another test drew up are kept for a minute
    st.cache_resource.clear()  # and the speeds that another measured
    monkeypatch.setenv("ALLCORE_WORKSPACE", str(finished.workspace.root))
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(smears.parent))
    app = open_page("train", **tiny(), preset="Custom")
    time_metric = metric(app, "Time, about")
    assert time_metric.delta == f"{speed(finished_run.status().images_per_second)} images/s, from an earlier run"
    assert time_metric.value != "–"


def test_time_is_not_guessed(data):
    assert (metric(open_page("train", preset="Quick"), "Time, about").value) == "–"


def test_measuring_shows_speed_and_memory(data, monkeypatch):
    told = Measurement(40.0, 9.0, 12.0, 60.0, 30.0, 6000.0, (1, 1, 4), 3 * 2**30, "CPU, 2 cores")
    monkeypatch.setattr("pages.ui.train.measuring.measure", lambda config, workspace, while_waiting: told)
    st.cache_resource.clear()  # the speeds that another test measured
    app = open_page("train", **tiny(), preset="Custom")
    press(app, "Measure")
    assert not app.error
    time_metric, memory_metric = metric(app, "Time, about"), metric(app, "Memory, about")
    assert (time_metric.value != "–", time_metric.delta) == (True, "40 images/s, measured")
    assert (memory_metric.value, memory_metric.delta) == ("3.2 GB", "measured")


def test_a_slow_speed_does_not_read_zero(data, monkeypatch):
    told = Measurement(0.314, 9.0, 12.0, 60.0, 30.0, 6000.0, (1, 1, 4), 3 * 2**30, "CPU, 2 cores")
    monkeypatch.setattr("pages.ui.train.measuring.measure", lambda config, workspace, while_waiting: told)
    st.cache_resource.clear()  # the speeds that another test measured
    app = press(open_page("train", **tiny(), preset="Custom"), "Measure")
    assert metric(app, "Time, about").delta == "0.3 images/s, measured"


@pytest.mark.process
def test_measuring_that_fails_is_said_in_place(data):
    app = open_page("train", **tiny(), preset="Custom")
    with device_lease(data.runs, "a-run", time.time(), devices_here(), give_up=lambda: True):
        press(app, "Measure")
    assert for_page("runs have this machine's devices, or wait for them") in app.error[0].value


def test_queue_names_what_runs_and_what_waits(data, finished_run):
    pid, started = own_identity()
    moment = time.time()
    for number, state in enumerate(("running", "queued", "queued")):
        run = LocalExecutor(data).store.create(finished_run.config, finished_run.split)
        progress = {"epoch": 1, "epochs": 4, "phase": "training", "eta_seconds": 120.0} if state == "running" else {}
        identity = {"pid": pid, "process_started": started, "heartbeat": moment, "queued_at": moment + number}
        write_status(run.folder, Status(state=state, **identity, **progress))
        if number == 2:  # the one before has left the queue, and starts on the next device
            write_ticket(data.runs, run.id, moment + number, "cpu", pid, started)
    app = open_page("train", preset="Quick")
    assert not button(app, "Measure").disabled  # another device may be free
    captions = [caption.value for caption in app.caption]
    assert "epoch 2 of 4, training, 2 min left" in captions
    assert captions.count("next in the queue") == 1
    assert any(caption.startswith(for_page("CPU 0: free")) and "2 wait, first " in caption for caption in captions)
    assert "starting" in captions
