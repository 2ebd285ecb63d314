"""Baselines are trained on train and scored on test; what is kept is not computed again."""

import json
from dataclasses import replace

import numpy as np
import pytest

from allcore.data.decoded import DecodedImages
from allcore.data.splits.split import Split
from allcore.errors import InputError
from allcore.evaluation.comparing.comparison import compare
from allcore.evaluation.comparing.pairing import pair
from allcore.evaluation.scoring.scores import score
from allcore.evaluation.shortcuts import (
    BASELINES,
    Baseline,
    baselines_json,
    cached_shortcuts,
    shortcut_scores,
)
from allcore.evaluation.shortcuts.registry import trees

ONE = BASELINES[:1]  # it takes no training
FAST = BASELINES[:2]


def same(results, others):
    return all(
        one.name == other.name and one.scores == other.scores and one.predictions.table.equals(other.predictions.table)
        for one, other in zip(results, others, strict=True)
    )


def unreadable(images):
    """Return images whose pixels nobody can have read and still agree."""
    return DecodedImages(np.zeros_like(images.pixels), images.offsets, images.shapes)


def relabelled(of, /, **columns):
    return Split(of.table.assign(**columns))


def test_new_baseline_is_a_few_lines(two_colours):
    redness = Baseline(
        "redness", "Sees how red the image is.", lambda image: image[..., 0].mean(keepdims=True).ravel(), trees
    )
    results = shortcut_scores(*two_colours, baselines=(*FAST, redness))
    assert [result.name for result in results] == [*(baseline.name for baseline in FAST), "redness"]
    assert results[-1].scores.accuracy == 1


def test_exactly_the_test_images_are_scored(two_colours):
    images, split = two_colours
    test = split.table[split.table["split"] == "test"]
    for result in shortcut_scores(images, split, baselines=FAST):
        table = result.predictions.table
        assert list(table["path"]) == list(test["path"])
        assert list(table["label"]) == list(test["label"])
        assert result.scores == score(
            list(test["label"]), result.predictions.probabilities, split.classes, list(test["group"])
        )
        assert result.scores.accuracy == table["correct"].mean() == (table["predicted"] == table["label"]).mean()


def test_neither_test_labels_nor_validation_images_reach_a_classifier(two_colours):
    images, split = two_colours
    probabilities = [result.predictions.probabilities for result in shortcut_scores(images, split, baselines=FAST)]
    in_train = split.table["split"] == "train"
    turned = split.table["label"].map({"Benign": "Pro", "Pro": "Benign"})
    other = relabelled(split, label=split.table["label"].where(in_train, turned))
    pixels = images.pixels.copy()
    for row in split.rows("validation"):
        pixels[images.offsets[row] :][: 24 * 24 * 3] = 0
    changed = shortcut_scores(DecodedImages(pixels, images.offsets, images.shapes), other, baselines=FAST)
    for before, result in zip(probabilities, changed, strict=True):
        np.testing.assert_array_equal(before, result.predictions.probabilities)


def test_images_of_several_splits_are_seen_once(two_colours):
    images, split = two_colours
    turned = relabelled(split, split=split.table["split"].replace({"test": "validation", "validation": "test"}))
    calls, seen = [], {}

    def counted(image):
        calls.append(image.shape)
        return FAST[1].features(image)

    baselines = (replace(FAST[1], features=counted),)
    for of in (split, turned):
        alone = shortcut_scores(images, of, baselines=FAST[1:])
        assert same(shortcut_scores(images, of, baselines=baselines, seen=seen), alone)
    assert len(calls) == len(images)


@pytest.mark.slow
def test_same_split_gives_the_same_results(two_colours):
    assert same(shortcut_scores(*two_colours), shortcut_scores(*two_colours))


def test_intervals_are_over_the_groups_of_the_split(two_colours):
    images, split = two_colours
    pairs = relabelled(split, group=[f"g{row // 10:05d}" for row in range(len(split.table))])
    assert shortcut_scores(images, pairs, baselines=FAST)[1].scores.interval_method == "group bootstrap"
    assert shortcut_scores(images, split, baselines=FAST)[1].scores.interval_method == "wilson"


def test_twins_in_train_are_marked(two_colours):
    images, split = two_colours
    groups = split.table["group"].copy()
    test = split.rows("test")
    groups[test[0]] = groups[split.rows("train")[0]]
    table = shortcut_scores(images, relabelled(split, group=groups), baselines=FAST)[0].predictions.table
    assert list(table["twin"]) == [True] + [False] * (len(test) - 1)


@pytest.mark.slow
def test_class_that_train_lacks_gets_no_probability(two_colours):
    images, split = two_colours
    parts = split.table["split"].where(split.table["label"] != "Pro", "test")
    for result in shortcut_scores(images, relabelled(split, split=parts)):
        np.testing.assert_array_equal(result.predictions.probabilities[:, 1], 0)


@pytest.mark.slow
def test_one_training_image_a_class_is_enough(two_colours):
    images, split = two_colours
    parts = np.full(len(split.table), "test", object)
    parts[[0, len(parts) - 1]] = "train"
    assert len(shortcut_scores(images, relabelled(split, split=parts))) == len(BASELINES)


def test_predictions_can_be_paired_with_others(two_colours):
    majority, colour = shortcut_scores(*two_colours, baselines=FAST)
    comparison = compare(pair(colour.predictions, majority.predictions))
    assert comparison.differences["accuracy"] == colour.scores.accuracy - majority.scores.accuracy > 0


@pytest.mark.parametrize("part", ["train", "test"])
def test_split_without_an_image_to_train_on_or_to_score_is_refused(two_colours, part):
    images, split = two_colours
    parts = split.table["split"].replace(part, "validation")
    with pytest.raises(InputError, match=f"no image in {part}"):
        shortcut_scores(images, relabelled(split, split=parts))


def test_images_of_another_split_are_refused(two_colours):
    images, split = two_colours
    with pytest.raises(InputError, match=r"32 images for a split of 31"):
        shortcut_scores(images, Split(split.table[1:]))


def test_kept_results_are_the_computed_ones_and_no_image_is_read(two_colours, tmp_path):
    images, split = two_colours
    assert cached_shortcuts(split, tmp_path, ONE) is None
    first = shortcut_scores(images, split, tmp_path, baselines=ONE)
    heard = []
    assert same(first, shortcut_scores(unreadable(images), split, tmp_path, lambda *now: heard.append(now), ONE))
    assert same(first, cached_shortcuts(split, tmp_path, ONE))
    assert heard == []


def test_a_new_baseline_alone_is_computed_beside_kept_ones(two_colours, tmp_path):
    images, split = two_colours
    first = shortcut_scores(images, split, tmp_path, baselines=FAST[:1])
    heard = []
    results = shortcut_scores(images, split, tmp_path, lambda *now: heard.append(now), FAST)
    assert same(first, results[:1])
    used = len(split.rows("train")) + len(split.rows("test"))
    assert heard[-1] == (2 * used, 2 * used)
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)


@pytest.mark.parametrize("column", ["sha256", "label", "group", "split"])
def test_results_are_kept_for_this_content_alone(two_colours, tmp_path, column):
    images, split = two_colours
    shortcut_scores(images, split, tmp_path, baselines=ONE)
    values = split.table[column].copy()
    values.iloc[0] = {"sha256": "0" * 64, "label": "Pro", "group": "g99999", "split": "validation"}[column]
    assert cached_shortcuts(relabelled(split, **{column: values}), tmp_path, ONE) is None


@pytest.mark.parametrize("part", ["WORK", "FINDER_WORK", "INTAKE_VERSION", "__version__"])
def test_results_of_another_program_are_not_shown(two_colours, tmp_path, monkeypatch, part):
    images, split = two_colours
    shortcut_scores(images, split, tmp_path, baselines=ONE)
    monkeypatch.setattr(f"allcore.evaluation.shortcuts.cached.{part}", "another")
    assert cached_shortcuts(split, tmp_path, ONE) is None


def test_what_files_are_called_does_not_matter(two_colours, tmp_path):
    images, split = two_colours
    shortcut_scores(images, split, tmp_path, baselines=ONE)
    moved = relabelled(split, path="elsewhere/" + split.table["path"])
    assert cached_shortcuts(moved, tmp_path, ONE)[0].predictions.table["path"].str.startswith("elsewhere/").all()


@pytest.mark.parametrize("damage", ["", "{", "[]", None])
def test_damaged_result_is_computed_again(two_colours, tmp_path, damage):
    images, split = two_colours
    first = shortcut_scores(images, split, tmp_path, baselines=ONE)
    file = next(tmp_path.rglob("*.json"))
    kept = json.loads(file.read_text())
    kept["probabilities"].pop()
    file.write_text(json.dumps(kept) if damage is None else damage)
    assert cached_shortcuts(split, tmp_path, ONE) is None
    assert same(first, shortcut_scores(images, split, tmp_path, baselines=ONE))
    assert same(first, cached_shortcuts(split, tmp_path, ONE))


def test_results_that_cannot_be_kept_are_still_given(two_colours, tmp_path):
    images, split = two_colours
    in_the_way = tmp_path / "cache"
    in_the_way.write_text("a file")
    assert same(
        shortcut_scores(images, split, in_the_way, baselines=ONE), shortcut_scores(images, split, baselines=ONE)
    )


def test_nothing_half_written_stays_beside_kept_results(two_colours, tmp_path):
    images, split = two_colours
    shortcut_scores(images, split, tmp_path, baselines=ONE)
    assert {file.suffix for file in tmp_path.rglob("*") if file.is_file()} == {".json"}


def test_json_has_accuracy_and_interval_of_each_baseline(two_colours):
    results = shortcut_scores(*two_colours, baselines=FAST)
    written = json.loads(json.dumps(baselines_json(results)))
    assert list(written) == ["majority", "nine colour numbers"]
    low, high = results[0].scores.intervals["accuracy"]
    assert written["majority"] == {"accuracy": 0.5, "interval": [low, high]}
