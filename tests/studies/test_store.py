"""Studies on disk: found by name, refused when damaged, and their members among all runs."""

import json
import os
import shutil
from threading import Thread

import pytest

from allcore import writing
from allcore.errors import RunError
from allcore.runs.folder.store import RunStore
from allcore.runs.folder.trash import delete_folder
from allcore.studies.plan import StudyPlan
from allcore.studies.store import PLAN_FILE, Study, StudyStore
from tests.studies.conftest import set_state


def test_a_study_comes_back_from_its_folder(study, plan):
    assert StudyStore(study.folder.parent).studies() == [study]
    assert Study(study.folder).plan() == plan
    assert study.status().state == "cancelled"


def test_a_folder_that_cannot_be_looked_at_or_has_no_text_as_name_leaves_the_others(study):
    root = study.folder.parent
    (root / "in-a-circle").symlink_to("in-a-circle")
    (root / os.fsdecode(b"L\xe4ufe")).mkdir()
    assert {one.name for one in StudyStore(root).studies()} == {study.name, "in-a-circle"}


def test_the_file_of_an_earlier_version_is_the_same_study_and_is_written_with_the_same_keys(study, plan):
    file = study.folder / PLAN_FILE
    common = json.loads(file.read_text(encoding="utf-8"))["config"]
    earlier = {
        "schema_number": 1, "name": "sizes", "config": common, "seeds": [3], "folds": [2, 1],
        "vary": {"image_size": [32, 48], "augment.brightness": [[0.8, 1.2]]}, "keep_models": False,
    }  # fmt: skip
    file.write_text(json.dumps(earlier), encoding="utf-8")
    read = study.plan()
    assert [place.name for place in read.places] == [
        f"image_size={size} augment.brightness=0.8-1.2 fold={fold} seed=3" for fold in (2, 1) for size in (32, 48)
    ]
    assert read.settings == tuple(f"image_size={size} augment.brightness=0.8-1.2" for size in (32, 48))
    assert json.loads(read.to_json()) == earlier


def test_a_name_is_given_once(study, plan):
    with pytest.raises(RunError, match="there is a study 'sizes' already; give another name"):
        StudyStore(study.folder.parent).create(plan)


def test_no_study_is_called_as_the_newest_is_and_one_that_is_can_be_named(study, plan):
    store = StudyStore(study.folder.parent)
    with pytest.raises(RunError, match="a study cannot be called latest, which stands for the newest study"):
        store.create(plan.model_copy(update={"name": "latest"}))
    so_called = store.root / "latest"
    shutil.copytree(study.folder, so_called)
    os.utime(so_called / PLAN_FILE, (0, 0))
    assert store.studies() == [study, Study(so_called)]
    assert store.find("latest") == Study(so_called)


def test_of_two_studies_of_one_name_made_at_once_the_first_stays(study, plan):
    store = StudyStore(study.folder.parent)

    class Overtaken(StudyPlan):
        def to_json(self):
            store.create(plan.model_copy(update={"name": "seeds"}))
            return super().to_json()

    with pytest.raises(RunError, match="there is a study 'seeds' already; give another name"):
        store.create(Overtaken.model_construct(**{**dict(plan), "name": "seeds", "seeds": (5,)}))
    assert store.find("seeds").plan().seeds == plan.seeds
    assert sorted(path.name for path in store.root.iterdir()) == ["seeds", "sizes"]


def test_a_study_that_is_deleted_before_it_is_extended_leaves_nothing(study, plan):
    store = StudyStore(study.folder.parent)
    more = plan.extended(seeds=[1])
    delete_folder(study.folder, "the study")
    with pytest.raises(RunError, match="sizes was deleted"):
        store.change(study, plan, more)
    assert store.studies() == []
    assert store.create(more).plan() == more


def test_of_two_who_extend_a_study_at_the_same_moment_one_is_told_so(study, plan, monkeypatch):
    store, really, refused = StudyStore(study.folder.parent), writing.write_whole, []

    def another():
        with pytest.raises(RunError, match="study sizes is being extended by another process"):
            store.change(study, plan, plan.extended(seeds=[7]))
        refused.append(True)

    def slowly(path, content):  # another looks at the plan, and writes, while this is under way
        thread = Thread(target=another)
        thread.start()
        thread.join()
        really(path, content)

    monkeypatch.setattr("allcore.studies.store.write_whole", slowly)
    store.change(study, plan, plan.extended(seeds=[1]))
    monkeypatch.undo()
    assert refused
    assert study.plan().seeds == (0, 1)
    with pytest.raises(RunError, match="study sizes was extended meanwhile; look at it"):
        store.change(study, plan, plan.extended(seeds=[7]))
    store.change(study, study.plan(), study.plan().extended(seeds=[7]))
    assert study.plan().seeds == (0, 1, 7)


def test_a_study_is_found_by_part_of_its_name_or_as_the_latest(study, plan):
    store = StudyStore(study.folder.parent)
    other = store.create(plan.model_copy(update={"name": "seeds"}))
    assert store.find("siz") == study
    assert store.find("latest") in (study, other)
    with pytest.raises(RunError, match="'s' fits 2 studies"):
        store.find("s")
    with pytest.raises(RunError, match=r"there is no study 'x' .*study list"):
        store.find("x")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_number": 9}, "has schema 9, this version reads 1"),
        ({"seeds": []}, "is damaged .*seeds"),
        ({"config": 3}, "is damaged .*not a JSON object"),
        ({"colour": 3}, "is damaged .*colour"),
    ],
)
def test_a_damaged_plan_is_refused_by_name(study, change, message):
    fields = json.loads((study.folder / PLAN_FILE).read_text(encoding="utf-8")) | change
    (study.folder / PLAN_FILE).write_text(json.dumps(fields), encoding="utf-8")
    with pytest.raises(RunError, match=f"study sizes: {PLAN_FILE} {message}"):
        study.plan()


def test_a_study_whose_folder_has_another_name_is_refused_since_none_of_its_members_would_be_found(study):
    renamed = study.folder.rename(study.folder.with_name("fewer"))
    with pytest.raises(RunError, match=f"study fewer: {PLAN_FILE} is that of study sizes; give the folder that name"):
        Study(renamed).plan()


def test_members_are_the_runs_of_the_study_that_have_a_place(study, plan, tmp_path, split, tiny_config):
    store = RunStore(tmp_path / "runs")
    place = plan.places[1]
    store.create(tiny_config(study="other", place=place.name), split)
    store.create(tiny_config(study="sizes"), split)  # as a sweep's runs are
    member = store.create(place.config, split)
    (tmp_path / "runs" / "damaged").mkdir()
    assert study.members(store.runs()) == {place.name: member}


def test_of_two_runs_at_a_place_the_one_that_succeeded_is_the_member(study, plan, tmp_path, split):
    store = RunStore(tmp_path / "runs")
    runs = [store.create(plan.places[0].config, split) for _ in range(2)]
    for run, state in zip(runs, ("succeeded", "failed"), strict=True):
        set_state(run, state)
    for order in (runs, runs[::-1]):
        assert study.members(order) == {plan.places[0].name: runs[0]}
