"""A study at a glance: states, progress and the time that is left."""

import json

import pytest

from allcore.studies.grid import grid_table, read_grid, time_of_all
from allcore.studies.plan import make_plan
from allcore.studies.store import StudyStore
from tests.studies.conftest import set_state

PER_EPOCH = {"loss": 1.0, "accuracy": 0.5, "validation_loss": 1.0, "validation_accuracy": 0.6}


def add_member(executor, place, state, seconds, **progress):
    """Put a run at a place that trained for so many seconds, an epoch each."""
    run = executor.store.create(place.config, executor.split)
    records = [{"kind": "epoch", "epoch": n, "step": 4, "seconds": s, **PER_EPOCH} for n, s in enumerate(seconds)]
    (run.folder / "metrics.jsonl").write_text("".join(f"{json.dumps(record)}\n" for record in records))
    set_state(run, state, **progress)
    return run


def test_nothing_is_done_at_first_and_no_time_is_guessed(study):
    grid = read_grid(study, study.plan(), [])
    assert grid.counts == {"missing": 4}
    assert (grid.progress, grid.eta_seconds, grid.is_active, grid.is_whole) == (0.0, None, False, False)


def test_what_is_left_is_counted_by_what_finished_members_of_the_setting_took(study, plan, executor):
    add_member(executor, plan.places[0], "succeeded", [10.0, 10.0])  # 32 px, fold 1
    add_member(executor, plan.places[1], "succeeded", [30.0, 30.0])  # 48 px, fold 1
    grid = read_grid(study, study.plan(), executor.store.runs())
    assert grid.progress == pytest.approx(0.5)
    assert grid.eta_seconds == pytest.approx(20.0 + 60.0)


def test_a_setting_that_nobody_has_begun_is_reckoned_by_its_pixels(study, plan, executor):
    add_member(executor, plan.places[0], "succeeded", [16.0, 16.0])
    grid = read_grid(study, study.plan(), executor.store.runs())
    assert grid.eta_seconds == pytest.approx(32.0 + 2 * 32.0 * (48 / 32) ** 2)


def test_a_member_that_trains_counts_by_its_steps(study, plan, executor):
    add_member(executor, plan.places[0], "running", [10.0], epoch=1, epochs=2, steps_per_epoch=5)
    grid = read_grid(study, study.plan(), executor.store.runs())
    assert grid.is_active
    of_both = 2 * (32**2 + 48**2)
    assert grid.progress == pytest.approx(0.5 * 32**2 / of_both)
    assert grid.eta_seconds == pytest.approx(10.0 * (of_both / 32**2 * 2 - 1))


def test_what_trains_at_the_same_time_is_over_sooner(study, plan, executor):
    for place in (plan.places[0], plan.places[2]):  # 32 px, both folds
        add_member(executor, place, "running", [10.0], epoch=1, epochs=2, steps_per_epoch=5)
    grid = read_grid(study, study.plan(), executor.store.runs())
    assert grid.eta_seconds == pytest.approx(10.0 + 20.0 * (48 / 32) ** 2)  # then 48 px, both folds at a time


def test_members_count_by_how_many_epochs_they_have(plan, executor):
    epochs = make_plan(name="epochs", config=plan.config, folds=(1,), vary={"epochs": [1, 3]})
    study = StudyStore(executor.workspace.studies).create(epochs)
    add_member(executor, epochs.places[0], "succeeded", [10.0])
    grid = read_grid(study, epochs, executor.store.runs())
    assert grid.progress == pytest.approx(1 / 4)
    assert grid.eta_seconds == pytest.approx(30.0)


@pytest.mark.parametrize(("at_once", "whole"), [(1, 10.0), (2, 7.0), (3, 5.0), (9, 4.0)])
def test_trainings_begin_in_order_as_soon_as_one_before_is_over(at_once, whole):
    assert time_of_all([3.0, 2.0, 1.0, 4.0], at_once) == whole


def test_the_table_names_each_member_with_its_state_and_what_went_wrong(study, plan, executor):
    run = add_member(executor, plan.places[2], "failed", [5.0], error="the disk is full")
    table = grid_table(read_grid(study, study.plan(), executor.store.runs())).set_index("place")
    assert list(table.index) == [place.name for place in plan.places]
    row = table.loc[plan.places[2].name]
    assert (row["state"], row["run"], row["note"]) == ("failed", run.id, "the disk is full")
    assert set(table["state"].drop(plan.places[2].name)) == {"missing"}
