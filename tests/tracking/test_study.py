"""A study on a server: one run that its members name as their parent."""

from shutil import rmtree

import pytest

from allcore.config import make_config
from allcore.errors import TrackingError
from allcore.runs.folder.files import MIRRORED_FILE, STATUS_FILE
from allcore.runs.folder.status import write_status
from allcore.studies.plan import make_plan
from allcore.studies.store import IDENTITY_FILE, PLAN_FILE, StudyStore
from allcore.tracking.exporter import catch_up
from allcore.tracking.mirror import mirror
from allcore.tracking.record import Mirrored, read_mirrored, write_mirrored
from allcore.tracking.study import mirror_study
from tests.cli.conftest import call
from tests.tracking.conftest import rest


@pytest.fixture
def study(workspace):
    """Return a study of two sizes."""
    config = make_config(dataset="smears")
    plan = make_plan(name="sizes", config=config, seeds=(0,), folds=[], vary={"image_size": [64, 96]})
    return StudyStore(workspace.studies).create(plan)


@pytest.fixture
def members(study, make_run):
    """Return a run at each of the study's places."""
    return [make_run(study="sizes", place=place.name, image_size=place.config.image_size)
            for place in study.plan().places]  # fmt: skip


def test_members_have_the_study_as_their_parent(study, members, stand_in, server, workspace):
    for run in members:
        rest(run, "failed")
        mirror(run, server, workspace)
    parent, *children = stand_in.runs.values()
    assert (parent["name"], parent["params"]) == ("sizes", {"seeds": "0", "image_size": "64, 96"})
    assert [child["name"] for child in children] == [place.name for place in study.plan().places]
    assert {child["tags"]["mlflow.parentRunId"] for child in children} == {parent["info"]["run_id"]}


def test_the_parent_ends_with_its_study(study, members, stand_in, server, workspace):
    write_status(study.folder, study.status().model_copy(update={"state": "running", "pid": 1}))
    mirror(members[0], server, workspace)
    write_status(study.folder, study.status().model_copy(update={"state": "succeeded", "heartbeat": 5.0}))
    mirror_study(study, server, read_mirrored(study.folder).experiment)
    parent = next(iter(stand_in.runs.values()))
    assert (parent["info"]["status"], parent["info"]["end_time"]) == ("FINISHED", 5000)


def never_mirrored(study, server):
    """Leave a study as it is."""


def mirrored_elsewhere(study, server):
    """Let another server have a study, as its record tells."""
    write_mirrored(study.folder, Mirrored(server="http://another", experiment="1", run="r7"))


def deleted_there(study, server):
    """Let somebody have deleted a study's run on the server."""
    server.delete_run(mirror_study(study, server, server.experiment()))


@pytest.mark.parametrize("before", [never_mirrored, mirrored_elsewhere, deleted_there])
def test_of_two_that_make_the_parent_at_a_time_one_is_kept(
    study, members, stand_in, server, workspace, monkeypatch, before
):
    before(study, server)
    find, others = type(server).find_run, []

    def find_while_another_machine_makes_it(self, experiment, tag, value):
        found = find(self, experiment, tag, value)
        if tag == "allscope.parent" and not others:
            others.append(tag)
            mirror_study(study, self, experiment)
        return found

    monkeypatch.setattr(type(server), "find_run", find_while_another_machine_makes_it)
    mirror(members[0], server, workspace)
    parents = [run for run in stand_in.runs.values() if "allscope.parent" in run["tags"]]
    assert [run["info"]["run_id"] for run in parents] == [read_mirrored(study.folder).run]
    (child,) = [run for run in stand_in.runs.values() if "allscope.run" in run["tags"]]
    assert child["tags"]["mlflow.parentRunId"] == parents[0]["info"]["run_id"]


def test_members_of_a_study_whose_run_was_deleted_there_are_mirrored_below_a_new_one(
    study, members, stand_in, server, workspace
):
    mirror(members[0], server, workspace)
    server.delete_run(read_mirrored(study.folder).run)
    write_status(study.folder, study.status().model_copy(update={"state": "failed", "heartbeat": 5.0}))
    mirror(members[1], server, workspace)
    _, parent, child = stand_in.runs.values()
    assert (parent["info"]["status"], parent["params"]["image_size"]) == ("FAILED", "64, 96")
    assert child["tags"]["mlflow.parentRunId"] == parent["info"]["run_id"]


def test_a_study_that_the_server_refuses_keeps_no_other_from_being_told(study, stand_in, server, workspace):
    other = StudyStore(workspace.studies).create(study.plan().model_copy(update={"name": "other"}))
    for each in (study, other):
        mirror_study(each, server, server.experiment())
        write_status(each.folder, each.status().model_copy(update={"state": "succeeded"}))
    stand_in.fails = {"runs/update": (403, {"error_code": "PERMISSION_DENIED", "message": "not yours"})}
    found = {each.name: problem for each, problem in catch_up(server, workspace, [])}
    assert set(found) == {"sizes", "other"}
    assert all("not yours" in problem for problem in found.values())
    outcome = call(workspace.root, "mlflow", "sync")
    assert (outcome.code, "study other: " in outcome.err, "study sizes: " in outcome.err) == (1, True, True)
    stand_in.fails = {}
    assert "study sizes: sent" in call(workspace.root, "mlflow", "sync").out
    assert {run["info"]["status"] for run in stand_in.runs.values()} == {"FINISHED"}


def test_a_parent_that_could_not_be_described_is_described_later(study, members, stand_in, server, workspace):
    stand_in.fails = {"runs/log-batch": (503, b"")}
    with pytest.raises(TrackingError):
        mirror(members[0], server, workspace)
    stand_in.fails = {}
    (study.folder / MIRRORED_FILE).write_text("{")  # and the power was cut
    mirror(members[0], server, workspace)
    parent, _ = stand_in.runs.values()
    assert parent["params"]["image_size"] == "64, 96"


@pytest.mark.parametrize("name", [PLAN_FILE, STATUS_FILE])
def test_members_of_a_damaged_study_are_mirrored_and_what_was_damaged_is_told_once_it_is_repaired(
    study, members, stand_in, server, workspace, name
):
    whole = (study.folder / name).read_bytes()
    (study.folder / name).write_text("{")
    mirror(members[0], server, workspace)
    parent, child = stand_in.runs.values()
    assert child["tags"]["mlflow.parentRunId"] == parent["info"]["run_id"]
    (study.folder / name).write_bytes(whole)
    mirror(members[1], server, workspace)
    assert (len(stand_in.runs), parent["params"]["image_size"]) == (3, "64, 96")
    assert parent["info"]["status"] == "KILLED"


def test_a_study_that_was_extended_and_whose_record_was_lost_is_found_again(
    study, members, stand_in, server, workspace
):
    mirror(members[0], server, workspace)
    plan = study.plan()
    StudyStore(workspace.studies).change(study, plan, plan.extended(seeds=[1]))
    forget(study)
    mirror(members[1], server, workspace)
    parent, _, child = stand_in.runs.values()
    assert parent["params"]["seeds"] == "0"
    assert child["tags"]["mlflow.parentRunId"] == parent["info"]["run_id"]


def test_a_study_of_an_earlier_version_is_found_again_by_its_name(study, stand_in, server):
    (study.folder / IDENTITY_FILE).unlink()
    first = mirror_study(study, server, server.experiment())
    forget(study)
    assert mirror_study(study, server, server.experiment()) == first
    assert stand_in.runs[first]["tags"]["allscope.parent"] == "sizes"


def test_a_study_that_is_made_anew_has_a_run_of_its_own(study, members, stand_in, server, workspace):
    mirror(members[0], server, workspace)
    plan = study.plan()
    rmtree(study.folder)
    StudyStore(workspace.studies).create(plan.extended(seeds=[1]))
    mirror(members[1], server, workspace)
    _, _, parent, child = stand_in.runs.values()
    assert parent["params"]["seeds"] == "0, 1"
    assert child["tags"]["mlflow.parentRunId"] == parent["info"]["run_id"]


def test_studies_of_one_name_in_two_workspaces_have_a_run_each(study, stand_in, server, tmp_path):
    other = StudyStore(tmp_path / "elsewhere" / "studies").create(study.plan().extended(seeds=[1]))
    for each in (study, other):
        mirror_study(each, server, server.experiment())
    assert [(run["name"], run["params"]["seeds"]) for run in stand_in.runs.values()] == [
        ("sizes", "0"), ("sizes", "0, 1"),
    ]  # fmt: skip


def forget(study):
    """Lose which run stands for a study, and how far it is mirrored."""
    for file in study.folder.glob("mlflow*.json"):
        file.unlink()


def test_a_member_of_a_study_that_was_deleted_is_a_run_like_others(make_run, stand_in, server, workspace):
    mirror(make_run(study="gone", place="image_size=64"), server, workspace)
    (run,) = stand_in.runs.values()
    assert run["tags"]["allscope.study"] == "gone"
    assert "mlflow.parentRunId" not in run["tags"]
