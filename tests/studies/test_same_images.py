"""All members of a study divide the same images: where these have changed meanwhile, the others are not trained."""

import shutil
from pathlib import Path

import pytest

from allcore.data.importing.sources import copy_folder
from allcore.errors import DatasetError
from allcore.runs.execution.executor import LocalExecutor
from allcore.runs.folder.files import SPLIT_FILE
from allcore.runs.owned_datasets import rename_dataset
from allcore.studies.launch import resolved_plan
from allcore.studies.plan import make_plan
from allcore.studies.runner import run_study
from allcore.studies.store import StudyStore
from tests.studies.conftest import set_state


class AtOnce(LocalExecutor):
    """Checks and makes runs as the local executor does; each succeeds without being trained."""

    def _launch(self, run, launch):
        set_state(run, "succeeded")


@pytest.fixture
def dataset(smears, tmp_path):
    """Return a copy of the drawn smears that a test may change."""
    return shutil.copytree(smears, tmp_path / "blood")


@pytest.fixture
def config(tiny_config, dataset):
    """Return a configuration of three folds of it."""
    return tiny_config(dataset=str(dataset), split={"protocol": "grouped", "folds": 3})


@pytest.fixture
def begun(workspace, config):
    """Return a study of three folds of which the first is trained."""
    store = StudyStore(workspace.studies)
    plan = resolved_plan(make_plan(name="folds", config=config, folds=(1,)), workspace)
    study = store.create(plan)
    assert run_study(study.folder, AtOnce(workspace)) == 0
    store.change(study, plan, plan.extended(folds=(2, 3)))
    return study


def add_image(dataset):
    """Put one more image into a dataset, and return its path."""
    added = dataset / "Pro" / "zzz-later.jpg"
    added.write_bytes(next((dataset / "Pro").iterdir()).read_bytes() + b"\0")
    return added


def trained(study, workspace):
    return sorted(study.members(AtOnce(workspace).store.runs()))


def test_folds_of_other_images_are_not_trained_and_what_changed_is_said(begun, workspace, dataset):
    (first,) = AtOnce(workspace).store.runs()
    added = add_image(dataset)
    assert run_study(begun.folder, AtOnce(workspace)) == 1
    assert trained(begun, workspace) == ["fold=1 seed=0"]
    said = begun.status().error
    assert said.startswith("2 members did not succeed (fold=2 seed=0: ")
    assert (
        f"the images of {dataset} are others than when the study began: 64 in run {first.id}, 65 now, the first that "
        "differs is Pro/zzz-later.jpg; put them back as they were, or make another study"
    ) in said
    added.unlink()
    assert run_study(begun.folder, AtOnce(workspace)) == 0
    assert len(trained(begun, workspace)) == 3


def test_an_image_of_the_same_name_that_holds_another_picture_is_another_one(begun, workspace, dataset):
    one, other, *_ = sorted((dataset / "Pro").iterdir())
    one.write_bytes(other.read_bytes())
    assert run_study(begun.folder, AtOnce(workspace)) == 1
    assert f"64 in run {AtOnce(workspace).store.runs()[0].id}, 64 now, the first" in begun.status().error


def test_a_study_is_not_extended_over_other_images(begun, workspace, dataset):
    add_image(dataset)
    with pytest.raises(DatasetError, match="are others than when the study began"):
        resolved_plan(begun.plan().extended(seeds=(1,)), workspace, extends=begun)


def test_a_member_that_has_not_succeeded_may_be_deleted_for_the_images_that_there_are_now(begun, workspace, dataset):
    (first,) = AtOnce(workspace).store.runs()
    set_state(first, "failed")
    add_image(dataset)
    extended = begun.plan().extended(seeds=(1,))
    with pytest.raises(DatasetError, match=rf"delete run {first.id}, which has not succeeded, or make another study"):
        resolved_plan(extended, workspace, extends=begun)
    shutil.rmtree(first.folder)
    assert resolved_plan(extended, workspace, extends=begun) == extended


def test_a_study_goes_on_over_its_dataset_wherever_that_lies_by_now(begun, workspace, dataset, config):
    moved = dataset.rename(dataset.with_name("moved"))
    dataset.symlink_to(moved)
    assert run_study(begun.folder, AtOnce(workspace)) == 0
    assert len(trained(begun, workspace)) == 3


def test_another_table_of_groups_than_the_study_began_with_is_refused(workspace, config, dataset, groups_of, tmp_path):
    table = Path(groups_of(tmp_path / "patients.csv"))
    split = config.split.model_copy(update={"groups": str(table)})
    plan = make_plan(name="patients", config=config.model_copy(update={"split": split}), folds=(1,))
    study = StudyStore(workspace.studies).create(resolved_plan(plan, workspace))
    assert run_study(study.folder, AtOnce(workspace)) == 0
    former = table.read_text(encoding="utf-8")
    header, first, second, *rest = former.splitlines()
    table.write_text("\n".join([header, first, f"{second.split(',')[0]},{first.split(',')[1]}", *rest]), "utf-8")
    extended = study.plan().extended(folds=(2,))
    with pytest.raises(DatasetError, match=r"are grouped otherwise than .* put the table .*patients\.csv back"):
        resolved_plan(extended, workspace, extends=study)
    table.write_text(former, "utf-8")
    assert resolved_plan(extended, workspace, extends=study) == extended


def test_members_of_different_tables_have_groups_of_their_own(workspace, config, groups_of, tmp_path):
    tables = {"split.groups": [None, groups_of(tmp_path / "patients.csv")]}
    plan = make_plan(name="tables", config=config, folds=(1, 2, 3), vary=tables)
    study = StudyStore(workspace.studies).create(resolved_plan(plan, workspace))
    assert run_study(study.folder, AtOnce(workspace)) == 0
    assert len(trained(study, workspace)) == 6


@pytest.fixture
def own(workspace, smears):
    """Return a dataset of the workspace that a test may change."""
    return copy_folder(smears, workspace.datasets, "mine")


def test_a_study_goes_on_by_a_table_of_groups_that_lies_in_a_renamed_dataset(workspace, own, config, groups_of):
    split = config.split.model_copy(update={"groups": groups_of(own / "patients.csv")})
    mine = config.model_copy(update={"dataset": str(own), "split": split})
    plan = make_plan(name="patients", config=mine, folds=(1,))
    study = StudyStore(workspace.studies).create(resolved_plan(plan, workspace))
    assert run_study(study.folder, AtOnce(workspace)) == 0
    now = rename_dataset(own, "other", workspace)
    extended = study.plan().extended(folds=(2,))
    assert extended.config.split.groups == str(now / "patients.csv")
    assert resolved_plan(extended, workspace, extends=study) == extended
    one, other, *_ = sorted((now / "Pro").iterdir())
    one.write_bytes(other.read_bytes())
    with pytest.raises(DatasetError, match="are others than when the study began"):
        resolved_plan(extended, workspace, extends=study)


def test_members_of_different_tables_keep_their_places_when_the_dataset_that_holds_one_is_renamed(
    workspace, own, config, groups_of
):
    tables = {"split.groups": [None, groups_of(own / "patients.csv")]}
    mine = config.model_copy(update={"dataset": str(own)})
    store = StudyStore(workspace.studies)
    plan = resolved_plan(make_plan(name="tables", config=mine, folds=(1,), vary=tables), workspace)
    study = store.create(plan)
    assert run_study(study.folder, AtOnce(workspace)) == 0
    rename_dataset(own, "other", workspace)
    former = study.plan()
    store.change(study, former, resolved_plan(former.extended(folds=(2, 3)), workspace, extends=study))
    assert run_study(study.folder, AtOnce(workspace)) == 0
    assert len(trained(study, workspace)) == len(AtOnce(workspace).store.runs()) == 6


def test_a_damaged_member_stands_in_nobodys_way(begun, workspace):
    (first,) = AtOnce(workspace).store.runs()
    (first.folder / SPLIT_FILE).write_bytes(b"")
    assert run_study(begun.folder, AtOnce(workspace)) == 0
    assert len(trained(begun, workspace)) == 3


def test_a_run_is_not_to_be_deleted_where_another_has_succeeded_on_the_former_images(begun, workspace, dataset):
    assert run_study(begun.folder, AtOnce(workspace)) == 0
    set_state(AtOnce(workspace).store.runs()[-1], "interrupted")
    add_image(dataset)
    with pytest.raises(DatasetError, match="put them back as they were, or make another study"):
        resolved_plan(begun.plan().extended(seeds=(1,)), workspace, extends=begun)
