"""What the report's figures say of chance, they say of groups."""

import pytest

from allcore.reporting.report.facts import gather
from allcore.reporting.report.rendering.blocks import Figure, Pair
from allcore.reporting.report.sections.calibration import calibration_section
from allcore.reporting.report.sections.method import training_section
from allcore.runs.folder.store import Run


def figures(section):
    blocks = [each for block in section.blocks for each in (block.figures if isinstance(block, Pair) else (block,))]
    return [block.markup for block in blocks if isinstance(block, Figure)]


@pytest.mark.parametrize("section", [calibration_section, training_section])
def test_intervals_are_others_where_all_images_show_the_same_field(run, readers, section):
    before = figures(section(gather(run, readers)))[-1]
    run.predictions().assign(group="g").to_parquet(run.folder / "predictions.parquet")
    run.split.table.assign(group="g").to_csv(run.folder / "split.csv", index=False)
    after = figures(section(gather(Run(run.folder), readers)))[-1]
    assert after != before
