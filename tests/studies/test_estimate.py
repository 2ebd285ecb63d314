"""What a study takes before it is launched."""

import pytest

from allcore.hardware import Devices
from allcore.runs.estimate import Speed, WholeRun
from allcore.studies.estimate import estimate_study
from allcore.studies.plan import make_plan

MACHINE = Devices(cores=2, cpu_bfloat16=True, memory=24 * 2**30)


@pytest.mark.parametrize(
    ("grid", "divisions"),
    [
        ({"seeds": (0, 1), "vary": {"image_size": [32, 48]}}, 2),
        ({"seeds": (0, 1), "folds": (1, 2), "vary": {"image_size": [32, 48]}}, 4),
        ({"vary": {"split.protocol": ["random", "grouped"], "image_size": [32, 48, 64]}}, 2),
        ({}, 1),
    ],
)
def test_the_baselines_are_scored_once_for_each_division_of_the_images(tiny_config, split, tmp_path, grid, divisions):
    split_of = {"folds": 3} if "folds" in grid else {}
    plan = make_plan(name="sizes", config=tiny_config(split=split_of), **grid)

    def seconds(baselines):
        images = (len(split.rows("train")), len(split.rows("validation")), len(split.table))
        whole = WholeRun(before=1.0, epoch=2.0, after=3.0, baselines=baselines, images=images)
        speed = Speed(10.0, "measured", whole=whole)
        return estimate_study(plan, split, MACHINE, lambda config: speed, lambda config: 1, tmp_path).total_seconds

    assert seconds(100.0) - seconds(0.0) == pytest.approx(100.0 * divisions)
