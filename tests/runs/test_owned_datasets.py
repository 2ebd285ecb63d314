"""Datasets as things that one owns: what is known of them, renaming that runs follow, deleting that refuses."""

import json
import os
import shutil
from pathlib import Path

import pytest

from allcore.data.importing.sources import copy_folder, draw_smears, free_name
from allcore.data.labels.meanings import class_meanings, name_classes
from allcore.data.synthetic import SyntheticSpec
from allcore.errors import DatasetError
from allcore.runs.folder.store import Run, RunStore
from allcore.runs.owned_datasets import dataset_facts, delete_dataset, find_dataset, rename_dataset
from allcore.runs.prune import remove, superfluous
from allcore.runs.recorded_images import images_of_run
from allcore.studies.plan import make_plan
from allcore.studies.store import StudyStore
from allcore.workspace import Workspace, open_workspace


@pytest.fixture
def dataset(workspace, smears):
    return copy_folder(smears, workspace.datasets, "mine")


@pytest.fixture
def run(workspace, dataset, finished_run) -> Run:
    """Return the finished run, as if it had been made on the workspace's own dataset."""
    folder = shutil.copytree(finished_run.folder, workspace.runs / finished_run.id, copy_function=os.link)
    config = json.loads((folder / "config.json").read_text()) | {"dataset": str(dataset.resolve())}
    (folder / "config.json").unlink()
    (folder / "config.json").write_text(json.dumps(config))
    return Run(folder)


@pytest.fixture
def queued(workspace, dataset, tiny_config, finished_run) -> Run:
    """Return a run on the dataset that waits for its worker."""
    return RunStore(workspace.runs).create(tiny_config(dataset=str(dataset)), finished_run.split)


def names(workspace):
    return sorted(folder.name for folder in workspace.datasets.iterdir())


def test_where_a_dataset_came_from_its_size_and_its_runs_are_known(workspace, dataset, run, smears):
    facts = dataset_facts(dataset, workspace, [run])
    assert (facts.name, facts.owned, facts.runs) == ("mine", True, (run.id,))
    assert facts.note.source == f"folder {smears}"
    assert facts.note.moment == pytest.approx(dataset.stat().st_mtime, abs=60)
    assert facts.bytes >= sum(file.stat().st_size for file in smears.rglob("*.jpg"))
    drawn = draw_smears(workspace.datasets, "drawn", SyntheticSpec(3, 32))
    assert dataset_facts(drawn, workspace, [run]).note.source == "drawn smears"


def test_a_run_finds_its_images_after_a_renaming_and_a_second_and_one_back(workspace, dataset, run):
    for name in ("other", "third", "mine"):
        now = rename_dataset(find_dataset(name if name == "mine" else "mine", workspace), name, workspace)
        found = Run(run.folder)
        assert Path(found.config.dataset) == now == workspace.datasets / name
        catalog, rows = images_of_run(found, workspace.cache)
        assert (catalog.root, len(rows)) == (now, len(run.split.table))
    assert names(workspace) == ["mine"]


def test_a_folder_below_a_renamed_dataset_is_found_too(workspace, smears, run):
    copy_folder(smears, workspace.datasets, "both")
    config = json.loads((run.folder / "config.json").read_text())
    (run.folder / "config.json").write_text(json.dumps(config | {"dataset": str(workspace.datasets / "both" / "Pro")}))
    rename_dataset(workspace.datasets / "both", "two", workspace)
    assert Run(run.folder).config.dataset == str(workspace.datasets / "two" / "Pro")


def test_a_study_and_what_the_classes_mean_follow_too(workspace, dataset, tiny_config):
    plan = make_plan(name="folds", config=tiny_config(dataset=str(dataset.resolve())), vary={"image_size": (32, 48)})
    study = StudyStore(workspace.studies).create(plan)
    name_classes(dataset, ("Benign", "Early", "Pre", "Pro"), {"Pro": "pro-B"}, ["Pro"], workspace.classes)
    now = rename_dataset(dataset, "other", workspace)
    assert study.plan().config.dataset == str(now)
    assert class_meanings([now], ["Benign", "Pro"], workspace.classes).meanings == {"Pro": "pro-B"}
    delete_dataset(now, workspace)
    assert list(workspace.classes.iterdir()) == []


@pytest.mark.parametrize("name", ["taken", "../out", "a b", ""])
def test_a_name_that_will_not_do_changes_nothing(workspace, dataset, name):
    draw_smears(workspace.datasets, "taken", SyntheticSpec(3, 32))
    with pytest.raises(DatasetError):
        rename_dataset(dataset, name, workspace)
    assert names(workspace) == ["mine", "taken"]


def test_a_former_name_is_not_given_to_another_dataset(workspace, dataset, smears):
    rename_dataset(dataset, "other", workspace)
    with pytest.raises(DatasetError, match="former name of 'other'"):
        copy_folder(smears, workspace.datasets, "mine")
    assert free_name(workspace.datasets, "mine") == "mine-2"
    assert find_dataset("mine", workspace).name == "other"


def test_a_former_name_in_other_capitals_is_free_for_its_own_dataset_alone(workspace, dataset, smears):
    now = rename_dataset(dataset, "other", workspace)
    with pytest.raises(DatasetError, match="former name of 'other'"):
        copy_folder(smears, workspace.datasets, "Mine")  # where a disk ignores capitals, runs would find these images
    assert free_name(workspace.datasets, "MINE") == "MINE-2"
    assert rename_dataset(now, "Mine", workspace).name == "Mine"


@pytest.mark.parametrize("change", [delete_dataset, lambda folder, place: rename_dataset(folder, "other", place)])
def test_what_a_run_uses_is_kept_and_the_run_named(workspace, dataset, queued, change):
    with pytest.raises(DatasetError, match=queued.id):
        change(dataset, workspace)
    assert names(workspace) == ["mine"]


def test_a_deleted_dataset_is_gone_and_its_finished_run_says_so(workspace, dataset, run):
    delete_dataset(dataset, workspace)
    assert names(workspace) == []
    assert len(Run(run.folder).predictions())
    with pytest.raises(DatasetError, match="no dataset at"):
        images_of_run(Run(run.folder), workspace.cache)


@pytest.mark.parametrize("change", [delete_dataset, lambda folder, place: rename_dataset(folder, "other", place)])
def test_a_folder_outside_the_workspace_is_never_touched(workspace, smears, change):
    place = Workspace(workspace.root, (smears.parent,))
    with pytest.raises(DatasetError, match="only read"):
        change(find_dataset(str(smears), place), place)
    assert any(smears.iterdir())


def test_of_a_link_the_link_alone_is_removed(workspace, smears):
    workspace.datasets.mkdir(parents=True)
    (workspace.datasets / "linked").symlink_to(smears)
    with pytest.raises(DatasetError, match="is a link"):
        rename_dataset(workspace.datasets / "linked", "other", workspace)
    delete_dataset(workspace.datasets / "linked", workspace)
    assert names(workspace) == []
    assert any(smears.iterdir())


def test_what_a_killed_deletion_leaves_can_be_freed(workspace, dataset, monkeypatch):
    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("allcore.writing.shutil.rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            delete_dataset(dataset, workspace)
    assert workspace.list_datasets() == []
    freed = superfluous(workspace)
    assert [(thing.path.parent, thing.what) for thing in freed] == [
        (workspace.datasets, "rest of a dataset that was deleted")
    ]
    remove(freed)
    assert names(workspace) == []


def test_the_next_deletion_frees_what_a_killed_one_left(workspace, dataset, smears, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("allcore.runs.folder.trash.remove_folder", lambda _: None)
        patch.setattr("allcore.runs.folder.trash.shutil.rmtree", lambda *_, **__: None)
        delete_dataset(dataset, workspace)
    assert len(names(workspace)) == 1
    delete_dataset(copy_folder(smears, workspace.datasets, "second"), workspace)
    assert names(workspace) == []


def test_a_dataset_of_the_longest_name_is_deleted(workspace, dataset):
    longest = dataset.rename(dataset.with_name("x" * 255))
    delete_dataset(longest, workspace)
    assert names(workspace) == []


def test_a_disk_that_refuses_leaves_all_as_it_was(workspace, dataset, no_room):
    with no_room(".part"), pytest.raises(DatasetError, match="cannot be renamed"):
        rename_dataset(dataset, "other", workspace)
    assert names(workspace) == ["mine"]


def test_of_two_datasets_that_are_listed_by_one_name_none_is_taken_for_the_other(
    workspace, smears, tmp_path, monkeypatch
):
    roots = [tmp_path / each / "data" for each in ("first", "second")]
    for root in roots:
        shutil.copytree(smears, root / "smears", copy_function=os.link)
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", os.pathsep.join(map(str, roots)))
    with pytest.raises(DatasetError, match=r"'data/smears' fits 2 datasets: .*first.*, .*second.*; give"):
        find_dataset("data/smears", open_workspace())
    assert find_dataset(str(roots[0] / "smears"), open_workspace()) == roots[0] / "smears"
