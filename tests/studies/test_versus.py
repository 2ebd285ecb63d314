"""Two settings of a study: they differ, are the same within a margin, or nobody knows yet."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from allcore.data.splits.split import make_split
from allcore.errors import InputError
from allcore.evaluation.comparing.repeated import compare_repeated
from allcore.evaluation.predictions.recorded import RecordedPredictions
from allcore.studies.between_settings import compare_pairs, compare_settings
from allcore.studies.plan import make_plan
from allcore.studies.results import FinishedMember, finished_members
from allcore.studies.runner import run_study
from allcore.studies.store import StudyStore
from tests.data.rows import in_groups
from tests.studies.conftest import Instantly, set_state

ROWS = in_groups({"A": [2] * 12, "B": [2] * 12})


class Knowing(Instantly):
    """Carries out runs in no time; a network of 48 px is right, one of 32 px as its setting's share says."""

    right_at_32 = 0.5

    def submit(self, config, on_progress=None, look=None):
        run = self.store.create(config, make_split(ROWS, config.split))
        table = run.split.table.query("split != 'train'").reset_index(drop=True)
        share = 1.0 if config.image_size == 48 else self.right_at_32
        right = np.random.default_rng(list(config.place.encode())).uniform(size=len(table)) < share
        p = np.where(right == (table["label"] == "A"), 0.9, 0.1)
        table = table.assign(probability_A=p, probability_B=1 - p, novelty=0.5, novel=False)
        table.drop(columns="stain").to_parquet(run.folder / "predictions.parquet", index=False)
        set_state(run, "succeeded")
        return run


@pytest.fixture
def carried_out(tmp_path, tiny_config, executor):
    """Return a maker of a study of two sizes, as its plan and its finished members, by how often 32 px is right."""

    def carry_out(right_at_32, **grid):
        config = tiny_config(split={"protocol": "grouped", "folds": 3})
        fields = {"folds": (1, 2, 3), "seeds": (0, 1), "vary": {"image_size": [32, 48]}, **grid}
        name = f"by-{'-'.join(fields['vary'])}"
        study = StudyStore(tmp_path / "workspace" / "studies").create(make_plan(name=name, config=config, **fields))
        knowing = Knowing(executor.workspace, executor.split)
        object.__setattr__(knowing, "right_at_32", right_at_32)
        run_study(study.folder, knowing)
        plan = study.plan()
        return plan, finished_members(plan, study.members(knowing.store.runs()))

    return carry_out


@pytest.fixture
def compared(carried_out):
    """Return a maker of the comparisons of such a study, by how often 32 px is right and the margin."""
    return lambda right_at_32, margin, **grid: compare_settings(*carried_out(right_at_32, **grid), margin)


def test_a_network_that_is_half_as_often_right_is_told_apart(compared):
    (found,) = compared(0.5, 0.05)
    assert (found.first, found.second, found.images) == ("image_size=32", "image_size=48", len(ROWS))
    assert -0.7 < found.difference < -0.3
    assert found.interval[1] < 0
    assert found.repeated.parts == 6
    assert found.verdict == "they differ"


def test_parts_count_for_less_by_the_training_images_that_they_share(carried_out):
    plan, finished = carried_out(0.8)
    (found,) = compare_settings(plan, finished, 0.05)
    counts = pd.DataFrame([of.run.split.counts().sum() for of in finished])
    shared = (counts["test"] / counts["train"]).mean()
    assert shared == pytest.approx(0.5, abs=0.1)  # a third of the images is tested, and part of the rest validates
    small, large = (
        [of.predictions.table["correct"].mean() for of in finished if of.place.config.image_size == size]
        for size in (32, 48)
    )
    assert found.repeated == compare_repeated(small, large, shared, 0.05)
    assert found.repeated.p > 2 * compare_repeated(small, large, 0.0, 0.05).p


def test_networks_that_are_always_right_are_the_same_within_a_margin_that_the_images_can_tell(compared):
    (found,) = compared(1.0, 0.15)
    assert found.difference == 0
    assert found.verdict == "the same within the margin"


def test_few_images_cannot_say_that_networks_are_the_same_within_a_point(compared):
    (found,) = compared(1.0, 0.01)
    assert found.repeated is None  # no part differs from another
    assert not found.same_images
    assert found.verdict == "cannot be told apart"


def test_one_part_has_no_spread_and_speaks_by_its_images_alone(compared):
    (found,) = compared(0.0, 0.05, folds=(1,), seeds=(0,))
    assert found.repeated is None
    assert found.verdict == "they differ"


def test_p_values_are_raised_for_the_number_of_pairs(compared):
    (alone,) = compared(0.0, 0.05, folds=(1,), seeds=(0,))
    four_settings = compared(0.0, 0.05, folds=(1,), seeds=(0,), vary={"image_size": [32, 48], "dropout": [0.1, 0.2]})
    assert len(four_settings) == 6
    assert min(each.p for each in four_settings) == pytest.approx(6 * alone.p)


def test_the_same_images_under_other_labels_are_not_compared(executor, tiny_config):
    plan = make_plan(name="labels", config=tiny_config(), vary={"labels": ["as_given", "corrected"]})
    tested = ROWS.assign(group=ROWS["path"], probability_A=0.9, probability_B=0.1)
    corrected = tested.assign(label=["B", *tested["label"][1:]])
    finished = [
        FinishedMember(
            place, executor.store.create(place.config, executor.split), RecordedPredictions(("A", "B"), table)
        )
        for place, table in zip(plan.places, (tested, corrected), strict=True)
    ]
    assert compare_settings(plan, finished, 0.01) == []
    alike = [finished[0], replace(finished[1], predictions=finished[0].predictions)]
    assert [each.difference for each in compare_settings(plan, alike, 0.01)] == [0]


@pytest.mark.parametrize("margin", [0.0, 1.0, -0.1])
def test_a_margin_that_is_none_is_refused(margin):
    with pytest.raises(InputError, match="margin"):
        compare_pairs([], [], margin)
