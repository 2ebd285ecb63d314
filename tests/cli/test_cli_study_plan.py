"""`study run --plan`: what a study would take; and what is said of stopping one."""

import shlex
import sys

import pytest

from allcore.errors import InputError
from allcore.runs.execution.devices import Device
from allcore.runs.execution.executor import LocalExecutor
from allcore.studies.launch import is_carried_out, start_study
from allcore.studies.plan import make_plan
from allcore.studies.recipe import study_command
from tests.cli.test_cli_study import OPTIONS

GPUS = tuple(Device("gpu", number, str(number)) for number in range(2))


def test_the_plan_alone_says_what_it_takes_and_makes_nothing(command, workspace, smears):
    varied = ["--vary", "image_size=32,64", "--folds", "3", "--seeds", "0,1"]
    outcome = command("study", "run", "--data", smears, *OPTIONS, *varied, "--plan", "--json")
    assert (outcome.json["members"], len(outcome.json["places"])) == (12, 12)
    assert [(each["cell"], each["members"], each["seconds_each"]) for each in outcome.json["cells"]] == [
        ("image_size=32", 6, None), ("image_size=64", 6, None),
    ]  # fmt: skip
    assert 0 < outcome.json["kept_bytes"] < outcome.json["needed_bytes"]
    assert outcome.json["at_once"] == 1
    assert "12 runs (2 of image_size x 3 folds x 2 seeds)" in outcome.err
    assert "time not known in all, one run after another; disk" in outcome.err
    assert not workspace.studies.exists()


def test_the_plan_counts_as_many_runs_at_a_time_as_there_are_devices(command, smears, monkeypatch):
    monkeypatch.setattr(LocalExecutor, "devices", lambda _: GPUS)
    options = [*OPTIONS, "--image-size", "32", "--folds", "3"]
    outcome = command("study", "run", "--data", smears, *options, "--plan", "--json")
    assert outcome.json["at_once"] == 2
    assert "3 runs (3 folds x 1 seed)" in outcome.err
    assert "2 runs at a time" in outcome.err


def test_a_study_is_planned_without_tensorflow_and_not_begun(command, workspace, smears, study_of, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # as where it is not installed
    launch = ["study", "run", "--data", smears, *OPTIONS, "--image-size", "32"]
    assert command(*launch, "--plan").code == 0
    begun = command(*launch)
    assert (begun.code, begun.out) == (2, "")
    assert begun.err.startswith("error: training needs tensorflow, which is not installed; add it with: ")
    assert not workspace.studies.exists()
    study = study_of(done=1)
    assert command("study", "resume", study.name, "--seeds", "2") == begun
    assert study.plan().seeds == (0, 1)
    with pytest.raises(InputError, match="training needs tensorflow"):
        start_study(study, workspace)
    assert not is_carried_out(study)


def test_a_study_that_varies_the_protocol_is_not_bound_to_the_folders_that_divide_its_dataset(
    command, smears_in_parts, tiny_config, monkeypatch
):
    config = tiny_config(dataset=str(smears_in_parts), split={"protocol": "grouped", "folds": 3})
    plan = make_plan(name="two", config=config, folds=(1, 2, 3), vary={"split.protocol": ["grouped", "random"]})
    monkeypatch.chdir(smears_in_parts.parent)  # the command names the dataset without where it lies
    typed = shlex.split(study_command(plan).replace("\\\n", ""))
    outcome = command(*typed[3:], "--plan", "--json")
    assert outcome.code == 0
    assert outcome.json["places"] == [place.name for place in plan.places]
    assert "the dataset's folders divide it" not in outcome.err


def test_what_stops_a_study_says_that_all_of_its_runs_stop(command):
    said = " ".join(command("study", "stop", "--help").out.split())
    assert "its members under way stop at their next batch and keep their checkpoints" in said
