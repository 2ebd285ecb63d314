"""What a study's report says, in words and in tables."""

from dataclasses import replace

import numpy as np
import pytest

from allcore.errors import InputError
from allcore.evaluation.comparing.repeated import compare_repeated, spread
from allcore.evaluation.comparing.verdict import SettingDifference
from allcore.reporting.studies.report import make_study_report, readme_tables
from allcore.reporting.studies.tables import (
    differences_table,
    methods_table,
    probes_table,
    scores_table,
    study_settings_table,
)
from allcore.reporting.studies.wording import (
    best_in_words,
    difference_in_words,
    folds_in_words,
    mean_and_spread,
    parts_in_words,
    pooled_in_words,
    progress_in_words,
    setting_names,
    shortcuts_in_words,
    verdicts_in_words,
)
from allcore.studies.baselines import divisions
from allcore.studies.findings import StudyFindings
from allcore.studies.plan import make_plan
from allcore.studies.probes import ProbeSpread, SettingProbes
from allcore.studies.recipe import study_command
from allcore.studies.results import SettingScores

NAMES = {"image_size=32": "32 px", "image_size=48": "48 px"}


@pytest.fixture
def plan(tiny_config):
    """Return the plan of two sizes, three folds and two seeds."""
    config = tiny_config(split={"protocol": "grouped", "folds": 3})
    return make_plan(name="sizes", config=config, folds=(1, 2, 3), seeds=(0, 1), vary={"image_size": [32, 48]})


def scored(setting, accuracies):
    """Return what a setting with these accuracies (seeds, folds) has."""
    of = spread(accuracies)
    spreads, matrix = {"accuracy": of, "f1_macro": of}, ((90, 10), (5, 95))
    return SettingScores(
        setting=setting, members=6, succeeded=6, images=200, spreads=spreads, pooled=dict.fromkeys(spreads, of.mean),
        intervals={"accuracy": (of.mean - 0.01, of.mean + 0.01)}, classes=("A", "B"), confusion_matrix=matrix,
        training_seconds=80.0, memory_bytes=2_000_000_000, parameters=15_200_000, latency_seconds=0.0042,
    )  # fmt: skip


def difference(first, second, by, p, interval, same=False, repeated=None):
    """Return how far the first is above the second, within a margin of a point."""
    return SettingDifference(
        first=first, second=second, images=200, difference=by, interval=interval, p=p, margin=0.01, same_images=same,
        repeated=repeated,
    )  # fmt: skip


def found(plan, differences=(), baselines=(), against=()):
    """Return findings of 32 px with 90 % and 48 px with 95 %, and no run behind them."""
    settings = [scored("image_size=32", np.full((2, 3), 0.9)), scored("image_size=48", [[0.94, 0.95, 0.96]] * 2)]
    return StudyFindings("sizes", plan, 0.01, [], settings, list(differences), list(baselines), list(against), [])


def test_settings_are_called_by_what_they_are(plan, tiny_config):
    assert setting_names(plan) == NAMES
    both = {"network": ["vgg16", "resnet50"], "dropout": [0.25, 0.5]}
    networks = make_plan(name="n", config=tiny_config(), vary=both)
    assert list(setting_names(networks).values())[:2] == ["VGG16, dropout=0.25", "VGG16, dropout=0.5"]
    assert list(setting_names(make_plan(name="s", config=tiny_config())).values()) == ["VGG16, 32 px"]
    assert parts_in_words(plan) == "3 folds of 2 seeds"


def test_a_mean_stands_with_its_spread_over_folds_or_else_over_seeds():
    assert mean_and_spread(spread([[0.94, 0.95, 0.96]])) == "95.0 ± 1.0 %"
    assert mean_and_spread(spread([[0.94], [0.96]])) == "95.0 ± 1.4 %"
    assert mean_and_spread(spread([[0.94]])) == "94.0 %"
    assert mean_and_spread(None) == "–"
    assert mean_and_spread(spread([[1, 1, 1, 1, 0.9981]])) == "> 99.9 ± 0.1 %"
    assert mean_and_spread(spread([[1, 1, 1, 1]])) == "100.0 ± 0.0 %"


def test_a_spread_near_nothing_is_written_as_a_number_in_the_table_of_scores_too():
    steady = scores_table(scored("image_size=32", [[0.9, 0.90004], [0.9, 0.90004]]), "32 px").rows[0]
    assert steady[1:4] == ("90.00", "0.00", "0.00")
    assert scores_table(scored("image_size=32", [[0.9]]), "32 px").rows[0][1:4] == ("90.00", "–", "–")


def test_no_spread_is_told_of_a_single_run(tiny_config):
    plan = make_plan(name="alone", config=tiny_config(), vary={"image_size": [32, 48]})
    settings = [scored(setting, [[0.9]]).model_copy(update={"members": 1, "succeeded": 1}) for setting in NAMES]
    of = StudyFindings("alone", plan, 0.01, [], settings, [], [], [], [])
    assert "32 px: accuracy 90.0 % (one run), and" in best_in_words(of)
    assert study_settings_table(of).caption.startswith("Accuracy (of one run each), and")


def test_means_are_said_to_be_over_what_was_measured(plan):
    of = found(plan)
    some = of.settings[1].model_copy(update={"succeeded": 4})
    assert "(mean and standard deviation over 4 of 6 runs)" in best_in_words(replace(of, settings=[some]))
    two = scored("image_size=48", [[0.95, np.nan, np.nan], [0.93, np.nan, np.nan]]).model_copy(update={"succeeded": 2})
    assert "accuracy 94.0 % (mean over 2 of 6 runs)" in best_in_words(replace(of, settings=[two]))
    whole, part = "over 3 folds of 2 seeds", "over the runs that have it, of 3 folds of 2 seeds"
    assert study_settings_table(of).caption.startswith(f"Accuracy (mean ± standard deviation {whole})")
    assert study_settings_table(replace(of, settings=[of.settings[0], some])).caption.startswith(
        f"Accuracy (mean ± standard deviation {part})"
    )
    for members, means in ((1, "of one run each"), (2, f"mean ± standard deviation {part}")):
        of_probe = ProbeSpread(probe="as it is", members=members, accuracy=spread([[0.9] * members]))
        probed = SettingProbes(setting="image_size=48", members=members, without_model=0, probes=(of_probe,))
        assert probes_table(replace(of, probes=[probed])).caption == f"Accuracy under each probe ({means})"


@pytest.mark.parametrize(
    ("folds", "finished", "said"),
    [
        ((1, 2, 3), 12, ", so that every image is tested once a seed by a network that has not seen it. "),
        ((1, 2), 8, "; the study has 2 of 3 folds (1 and 2). Each image that is tested is tested once a seed"),
        ((1, 2, 3), 11, "; the test images of missing runs are not tested yet. Each image that is tested is tested"),
    ],
)
def test_every_image_is_tested_only_where_all_folds_have_been(plan, folds, finished, said):
    plan = plan.model_copy(update={"folds": folds})
    words = folds_in_words(replace(found(plan), finished=[None] * finished))
    assert words.startswith(f"Each fold is the test of one run and the others train and validate{said}")


def test_images_stand_once_a_seed_in_a_matrix_only_where_all_folds_have_been(plan, tiny_config):
    scores = scored("image_size=32", np.full((2, 3), 0.9))
    assert pooled_in_words(plan, scores) == "all test images, each once a seed, 2 seeds together"
    some = [(plan, scores.model_copy(update={"succeeded": 5})), (plan.model_copy(update={"folds": (1, 2)}), scores)]
    seeds = make_plan(name="seeds", config=tiny_config(), seeds=(0, 1))
    assert {pooled_in_words(*of) for of in [*some, (seeds, scores)]} == {"all test images, 2 seeds together"}
    assert folds_in_words(found(seeds)) == ""


def test_the_answer_names_the_best_setting_with_its_spread_and_pooled(plan):
    assert best_in_words(found(plan)) == (
        "The most accurate of 2 settings is 48 px: accuracy 95.0 ± 1.0 % (mean and standard deviation over 3 folds of "
        "2 seeds), and 95.0 % (94.0 to 96.0) of all 200 test images taken together."
    )
    assert progress_in_words(found(plan)) == "12 of 12 members have not succeeded yet: all this may change."


def test_a_pair_of_settings_differs_is_the_same_or_is_not_known(plan):
    anew = compare_repeated([0.9] * 3, [0.95, 0.951, 0.949], 0.5, 0.01)
    apart = difference("image_size=32", "image_size=48", -0.05, 0.001, (-0.07, -0.03), repeated=anew)
    begin = "48 px is better than 32 px: 5.0 points apart in accuracy on 200 images"
    ours = "for these networks +3.0 to +7.0 points, p = 0.001"
    assert difference_in_words(apart, NAMES) == f"{begin} ({ours}; trained again +4.6 to +5.4)."
    alone = difference("image_size=32", "image_size=48", -0.05, 0.001, (-0.07, -0.03))
    same = difference("image_size=32", "image_size=48", 0.001, 1.0, (-0.002, 0.004), same=True)
    unknown = difference("image_size=32", "image_size=48", 0.02, 0.4, (-0.01, 0.05))
    assert difference_in_words(alone, NAMES) == f"{begin} ({ours}; trained again: not known)."
    assert difference_in_words(same, NAMES).startswith("32 px and 48 px are the same within 1 point: 0.1 points apart")
    assert difference_in_words(unknown, NAMES).startswith(
        "32 px and 48 px cannot be told apart, nor called the same within 1 point: 2.0 points apart"
    )
    assert verdicts_in_words([alone, same, unknown], NAMES) == [
        "Different: 48 px above 32 px (5.0 points apart; trained again: not known).",
        "The same within 1 point: 32 px and 48 px (0.1 points apart; trained again: not known).",
        "Not known: neither different nor the same: 32 px and 48 px (2.0 points apart).",
    ]
    assert verdicts_in_words([apart], NAMES)[0] == "Different: 48 px above 32 px (5.0 points apart)."
    shown = differences_table([apart, alone], found(plan)).rows
    assert [row[5:8] for row in shown] == [("-5.39 to -4.61", "0.000333", "1"), ("not known", "–", "–")]
    assert alone.turned().difference == 0.05
    assert alone.turned().interval == (0.03, 0.07)
    assert apart.turned().turned() == apart


@pytest.mark.parametrize(
    ("by", "p", "said"),
    [
        (0.1, 0.001, "10.0 points of the network's accuracy are explained by no shortcut."),
        (0.01, 0.5, "the network cannot be told from it, so that its accuracy alone is no evidence"),
        (-0.1, 0.5, "the network is not above it (10.0 points below), so that its accuracy alone is no evidence"),
    ],
)
def test_the_best_network_is_held_against_the_best_shortcut(plan, by, p, said):
    shortcuts = [scored("pathologist's cell morphology", [[0.99]]), scored("colour histogram", [[0.85]])]
    against = [difference("image_size=48", "colour histogram", by, p, (by - 0.02, by + 0.02))]
    words = shortcuts_in_words(found(plan, baselines=shortcuts, against=against))
    assert words.startswith("The best shortcut on the same folds is the colour histogram, 85.0 %: ")
    assert said in words


def test_the_tables_of_a_readme_have_settings_methods_and_the_command(plan):
    shortcuts = [scored("colour histogram", [[0.97] * 3, [0.95] * 3])]
    against = [difference("image_size=48", "colour histogram", -0.01, 0.5, (-0.03, 0.01))]
    tables = readme_tables(found(plan, baselines=shortcuts, against=against))
    assert "| 48 px | 6 of 6 | 95.00 ± 1.00 % | 95.00 % (94.00 to 96.00) | 80 s | 2.0 GB | 15.2 | 4.2 ms |" in tables
    lead = "| -1.00 (-3.00 to +1.00) | cannot be told apart |"
    assert (
        f"| colour histogram | shortcut | 96.00 ± 0.00 % | 96.00 % (95.00 to 97.00) | 96.00 ± 0.00 % {lead}" in tables
    )
    assert "python -m allcore study run --data smears --name sizes --vary image_size=32,48" in tables


def test_files_of_one_name_stand_with_the_folders_that_tell_them_apart(tiny_config):
    tables = [None, "/home/ann/first/patients.csv", "/home/ann/second/patients.csv", "/home/ann/first/slides.csv"]
    plan = make_plan(name="tables", config=tiny_config(), vary={"split.groups": tables})
    shown = ["none", "first/patients.csv", "second/patients.csv", "slides.csv"]
    assert list(setting_names(plan).values()) == [f"split.groups={each}" for each in shown]
    assert list(divisions(plan).values()) == [f"split.groups={each}" for each in shown]
    assert f"--vary split.groups={','.join(shown)}" in study_command(plan)


def test_settings_that_test_other_images_are_not_ranked_and_stand_beside_shortcuts_of_their_own(tiny_config):
    config = tiny_config(split={"folds": 3})
    vary = {"image_size": [32, 48], "split.protocol": ["grouped", "random"]}
    plan = make_plan(name="leaks", config=config, folds=(1, 2, 3), vary=vary)
    accuracies = (0.95, 0.96, 0.97, 0.94)
    settings = [scored(setting, [[accuracy] * 3]) for setting, accuracy in zip(plan.settings, accuracies, strict=True)]
    shortcuts = [
        scored(f"colour histogram (split.protocol={of})", [[accuracy] * 3])
        for of, accuracy in (("random", 0.99), ("grouped", 0.98))
    ]
    against = [difference(plan.settings[2], shortcuts[1].setting, -0.01, 0.5, (-0.03, 0.01))]
    of_both = StudyFindings("leaks", plan, 0.01, [], settings, [], shortcuts, against, [])
    assert best_in_words(of_both).startswith(
        "Settings that differ in split.protocol test different images or labels, and are not ranked together. The most "
        "accurate of 2 settings with split.protocol=grouped is 48 px, split.protocol=grouped: accuracy 97.0 ± 0.0 % "
    )
    of_others = "2 settings with split.protocol=random is 32 px, split.protocol=random: accuracy 96.0 "
    assert of_others in best_in_words(of_both)
    of_grouped, of_random = shortcuts_in_words(of_both).split("The best shortcut on the same folds is the ")[1:]
    assert of_grouped.startswith("colour histogram (split.protocol=grouped), 98.0 ± 0.0 %: the network is not above it")
    assert of_random == "colour histogram (split.protocol=random), 99.0 ± 0.0 %."
    methods = methods_table(of_both)
    assert ("colour histogram (split.protocol=grouped)", "cannot be told apart") in [
        (row[0], row[-1]) for row in methods.rows
    ]
    assert "lead is that of 48 px, split.protocol=grouped and 32 px, split.protocol=random" in methods.caption


def test_no_report_is_made_before_a_member_has_succeeded(plan, workspace):
    with pytest.raises(InputError, match="no member of study sizes has succeeded yet"):
        make_study_report(found(plan), workspace)
    with pytest.raises(InputError, match="format: unknown"):
        make_study_report(found(plan), workspace, "pdf")
