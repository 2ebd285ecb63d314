"""What a whole report of a study says of the images, the split and the files that it was made of."""

import pytest

from allcore.data.known_images import OF_DRAWN
from allcore.reporting.interval_words import intervals_in_words
from allcore.reporting.report.sections.data import LEVELS, PROTOCOLS
from allcore.reporting.studies.report import make_study_report
from allcore.studies.findings import study_findings
from allcore.studies.plan import make_plan


@pytest.fixture
def of_run(finished_run, tiny_config, tmp_path):
    """Return what a study of two sizes found whose one member that has succeeded is the finished run."""
    plan = make_plan(name="drawn", config=tiny_config(epochs=3), vary={"image_size": [32, 48]})
    return study_findings("drawn", plan, {plan.places[0].name: finished_run}, tmp_path)


def test_drawn_smears_are_said_to_be_and_not_set_beside_the_paper(of_run, workspace):
    said = make_study_report(of_run, workspace, "md").decode()
    assert intervals_in_words(of_run.settings[0].interval_method) in said
    assert said.count(OF_DRAWN) == 2
    for of_paper in ("The paper", "the paper, 300 px", "the paper had other images", "Proposed (modified VGG16)"):
        assert of_paper not in said
    assert "Patients are not known" not in said


def test_a_random_split_of_photographs_has_all_of_its_limits_and_stands_beside_the_paper(
    of_run, workspace, photographed
):
    said = make_study_report(of_run, workspace, "md").decode()
    assert "Patients are not known, so images of one patient may be in train and in test." in said
    assert "The split is random: where images come in series" in said
    assert OF_DRAWN not in said
    for of_paper in ("The paper", "the paper, 300 px", "the paper had other images"):
        assert of_paper in said


def test_a_study_of_several_protocols_says_each_of_them_and_no_other(finished_run, tiny_config, workspace, tmp_path):
    plan = make_plan(name="drawn", config=tiny_config(), vary={"split.protocol": ["grouped", "stain"]})
    of_both = study_findings("drawn", plan, {plan.places[0].name: finished_run}, tmp_path)
    said = make_study_report(of_both, workspace, "md").decode()
    assert f"The split of some members is grouped. {PROTOCOLS['grouped']}. {LEVELS['grouped']}." in said
    assert f"The split of some members is stain. {PROTOCOLS['stain']}. {LEVELS['stain']}." in said
    assert "is random" not in said
    assert PROTOCOLS["random"] not in said
    plan = make_plan(name="leaks", config=tiny_config(), vary={"split.protocol": ["grouped", "random"]})
    leaks = study_findings("leaks", plan, {plan.places[0].name: finished_run}, tmp_path)
    assert "The split of some members is random: where images" in make_study_report(leaks, workspace, "md").decode()


def test_a_study_of_several_variants_names_each_of_them(finished_run, tiny_config, workspace, tmp_path):
    plan = make_plan(name="both", config=tiny_config(), vary={"variant": ["Original", "Segmented"]})
    of_both = study_findings("both", plan, {plan.places[0].name: finished_run}, tmp_path)
    assert "on smears/Original and smears/Segmented" in make_study_report(of_both, workspace, "md").decode()


@pytest.mark.parametrize("form", ["html", "md"])
def test_a_report_says_which_files_were_varied_and_not_where_they_lie(
    finished_run, tiny_config, workspace, tmp_path, form
):
    own = tmp_path / "own.h5"
    plan = make_plan(name="own", config=tiny_config(), vary={"weights": ["random", str(own)]})
    of_files = study_findings("own", plan, {plan.places[0].name: finished_run}, tmp_path)
    said = make_study_report(of_files, workspace, form).decode()
    assert str(tmp_path) not in said
    assert "with weights (random, own.h5) varied" in said
    assert "Missing: weights=own.h5 seed=0" in said
    assert "--vary weights=random,own.h5" in said
