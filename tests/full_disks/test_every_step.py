"""What people do to labels, datasets, runs and studies is, refused at any one step, done whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

import pandas as pd
import pytest

from allcore.actions import actions_on, record_action
from allcore.config import make_config
from allcore.data.importing.dataset_note import read_note
from allcore.data.importing.sources import copy_folder
from allcore.data.labels.judgements import add_judgements, make_judgement, read_judgements
from allcore.data.labels.meanings import class_meanings, name_classes
from allcore.data.splits.split import Split
from allcore.errors import InputError
from allcore.runs.folder.about import About, about, say_of_run
from allcore.runs.folder.launches import claim_launch, last_launch
from allcore.runs.folder.status import write_status
from allcore.runs.folder.store import Run, RunStore
from allcore.runs.owned_datasets import delete_dataset, rename_dataset
from allcore.studies.deletion import delete_study
from allcore.studies.plan import StudyPlan, make_plan
from allcore.studies.store import StudyStore
from allcore.workspace import Workspace
from tests.full_disks.failing import FailingDisk

CLASSES = ("Blast", "Other")
SPLIT = Split(
    pd.DataFrame(
        {"path": ["a"], "sha256": ["0" * 64], "label": ["Blast"], "group": ["g"], "stain": [""], "split": ["train"]}
    )
)


@dataclass(frozen=True)
class Deed:
    """Something that is done in a workspace after `before` was, and what is there to be seen of it."""

    do: Callable[[Workspace], object]
    seen: Callable[[Workspace], object]
    before: Callable[[Workspace], object] = lambda workspace: None


def judge(workspace: Workspace) -> None:
    add_judgements(workspace.judgements, [make_judgement("0" * 64, "a", "Blast", CLASSES, "excluded", who="me")])


def bring(workspace: Workspace) -> None:
    source = workspace.root.parent / f"{workspace.root.name}-source"
    for name in CLASSES:
        (source / name).mkdir(parents=True, exist_ok=True)
        (source / name / "a.png").write_bytes(b"an image")
    copy_folder(source, workspace.datasets, "mine", said="a test")


def name(workspace: Workspace) -> None:
    name_classes(workspace.datasets / "mine", CLASSES, {"Blast": "a blast"}, ["Blast"], workspace.classes)


def bring_and_name(workspace: Workspace) -> None:
    bring(workspace)
    name(workspace)


def of_datasets(workspace: Workspace) -> object:
    """Return the datasets, each with its files, its former names and what its classes mean."""
    with suppress(FileNotFoundError):
        return [
            (
                folder.name, sorted(file.name for file in folder.rglob("*.png")), read_note(folder).former,
                class_meanings([folder], CLASSES, workspace.classes).positive,
            )
            for folder in sorted(workspace.datasets.iterdir()) if not folder.name.startswith(".")
        ]  # fmt: skip
    return []


def a_run(workspace: Workspace) -> Run:
    folder = workspace.runs / "20260101-000000-vgg16-32px-aaaa"
    folder.mkdir(parents=True, exist_ok=True)
    return Run(folder)


def two_runs(workspace: Workspace) -> None:
    store = RunStore(workspace.runs)
    for run in [store.create(make_config(dataset="x"), SPLIT) for _ in range(2)]:
        write_status(run.folder, run.status().model_copy(update={"state": "cancelled"}))


def plan(seeds: tuple[int, ...] = (0,)) -> StudyPlan:
    return make_plan(name="folds", config=make_config(dataset="x"), seeds=seeds)


def study_of_two_runs(workspace: Workspace) -> None:
    StudyStore(workspace.studies).create(plan((0, 1)))
    store = RunStore(workspace.runs)
    for run in [store.create(place.config, SPLIT) for place in plan((0, 1)).places]:
        write_status(run.folder, run.status().model_copy(update={"state": "cancelled"}))


def extend(workspace: Workspace) -> None:
    study = StudyStore(workspace.studies).find("folds")
    StudyStore(workspace.studies).change(study, study.plan(), plan((0, 1)))


def delete_what_is_left(workspace: Workspace) -> None:
    for study in StudyStore(workspace.studies).studies():
        delete_study(study, workspace, with_runs=True)


def plans(workspace: Workspace) -> object:
    return [study.plan() for study in StudyStore(workspace.studies).studies()]


DEEDS = {
    "judge": Deed(judge, lambda ws: [one.image for one in read_judgements(ws.judgements).every]),
    "judge again": Deed(judge, lambda ws: [one.image for one in read_judgements(ws.judgements).every], judge),
    "name a run": Deed(
        lambda ws: say_of_run(a_run(ws), About(name="new")),
        lambda ws: about(a_run(ws)),
        lambda ws: say_of_run(a_run(ws), About(name="old")),
    ),
    "note an action": Deed(
        lambda ws: record_action(ws.root, "me", "stop", "a run"), lambda ws: len(actions_on(ws.root, ["a run"]))
    ),
    "bring a dataset": Deed(bring, of_datasets),
    "name classes": Deed(name, of_datasets, bring),
    "rename a dataset": Deed(lambda ws: rename_dataset(ws.datasets / "mine", "other", ws), of_datasets, bring_and_name),
    "delete a dataset": Deed(lambda ws: delete_dataset(ws.datasets / "mine", ws), of_datasets, bring_and_name),
    "make a run": Deed(
        lambda ws: RunStore(ws.runs).create(make_config(dataset="x"), SPLIT), lambda ws: len(RunStore(ws.runs).runs())
    ),
    "launch a run": Deed(
        lambda ws: claim_launch(a_run(ws).folder, "local", None), lambda ws: last_launch(a_run(ws).folder)
    ),
    "delete a run": Deed(
        lambda ws: RunStore(ws.runs).delete(RunStore(ws.runs).runs()[0]),
        lambda ws: len(RunStore(ws.runs).runs()),
        two_runs,
    ),
    "make a study": Deed(lambda ws: StudyStore(ws.studies).create(plan()), plans),
    "extend a study": Deed(
        extend,
        plans,
        lambda ws: StudyStore(ws.studies).create(plan()),
    ),
    "delete a study": Deed(lambda ws: delete_study(StudyStore(ws.studies).find("folds"), ws), plans, study_of_two_runs),
    "delete a study with its runs": Deed(delete_what_is_left, plans, study_of_two_runs),
}


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> FailingDisk:
    """Return a disk that fails below a folder of its own."""
    return FailingDisk(tmp_path_factory.mktemp("refusing"), errno.EIO)


def what_is_said(deed: Deed, workspace: Workspace, disk: FailingDisk, step: int) -> str:
    """Do it while the disk refuses a step, and return what is said of that; '' where it was done all the same."""
    try:
        with disk.failing(at=step):
            deed.do(workspace)
    except (InputError, OSError) as error:
        return str(error)
    return ""


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
def test_refused_at_any_step_it_says_so_and_is_done_whole_when_it_is_asked_for_again(deed: Deed, disk: FailingDisk):
    def workspace(name: object) -> Workspace:
        made = Workspace(disk.root / f"{id(deed)} {name}")
        deed.before(made)
        return made

    whole = workspace("whole")
    deed.do(whole)
    done = deed.seen(whole)
    for step in count(1):
        at, refused = workspace(step), len(disk.refused)
        before = deed.seen(at)
        if said := what_is_said(deed, at, disk, step):
            assert os.strerror(errno.EIO) in said
            assert deed.seen(at) in (before, done)
            deed.do(at)
        if len(disk.refused) == refused:  # it has fewer steps
            break
        assert deed.seen(at) == done, disk.refused[-1]
        assert not [*at.root.rglob("*.part*")], disk.refused[-1]
    assert step > 1
