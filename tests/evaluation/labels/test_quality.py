import numpy as np
import pytest

from allcore.evaluation.labels.quality import class_thresholds, cross_validated_probabilities, label_quality

LABELS = np.array([0, 0, 0, 0, 1, 1])
PROBABILITIES = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.45, 0.55], [0.1, 0.9], [0.7, 0.3]])


def test_thresholds_are_the_mean_probability_of_a_class_over_its_own_images():
    np.testing.assert_allclose(class_thresholds(LABELS, PROBABILITIES), [2.25 / 4, 1.2 / 2])


def test_class_without_images_has_a_threshold_that_nothing_reaches():
    quality = label_quality(np.zeros(3, np.int64), np.tile([0.1, 0.9], (3, 1)))
    assert not quality.suspicious.any()
    assert list(quality.suggestion) == [1, 1, 1]


def test_case_worked_by_hand():
    quality = label_quality(LABELS, PROBABILITIES)
    # The fourth is more probably of class 1, whose threshold of 0.6 its 0.55 does not reach.
    assert list(quality.suspicious) == [False, False, True, False, False, True]
    assert list(quality.suggestion) == [1, 1, 1, 1, 0, 0]
    np.testing.assert_allclose(quality.margin, [0.9, 0.8, 0.1, 0.45, 0.9, 0.3])


def in_words(labels, probabilities):
    """Return (suspicious, suggestion) of each image, as equation 1 of Northcutt et al. has it."""
    classes = range(probabilities.shape[1])
    thresholds = [np.mean([p[j] for p, y in zip(probabilities, labels, strict=True) if y == j]) for j in classes]
    found = []
    for p, label in zip(probabilities, labels, strict=True):
        reached = [j for j in classes if p[j] >= thresholds[j]]
        confident = max(reached, key=lambda j: p[j], default=label)
        other = max((j for j in classes if j != label), key=lambda j: p[j])
        found.append((confident != label, confident if confident != label else other))
    return found


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_the_definition_in_words(seed):
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(4), rng.integers(4, size=200)])
    probabilities = rng.dirichlet(np.full(4, 0.6), 204)
    quality = label_quality(labels, probabilities)
    assert list(zip(quality.suspicious, quality.suggestion, strict=True)) == in_words(labels, probabilities)


def test_two_classes_that_are_equally_probable_leave_the_label():
    quality = label_quality(np.array([1, 0]), np.array([[0.5, 0.5], [0.5, 0.5]]))
    assert not quality.suspicious.any()


@pytest.fixture
def clouds():
    """Three classes that lie one in another as shells do, in groups of three images."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 60)
    directions = rng.normal(size=(180, 4))
    radii = 1 + labels + rng.normal(0, 0.1, 180)
    features = radii[:, None] * directions / np.linalg.norm(directions, axis=1, keepdims=True)
    return features, labels, np.arange(180) // 3


def test_what_only_squares_tell_apart_is_told_apart(clouds):
    probabilities = cross_validated_probabilities(*clouds)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert (probabilities.argmax(axis=1) == clouds[1]).mean() > 0.9


def test_groups_are_not_learnt_by_heart():
    rng = np.random.default_rng(1)
    groups = np.arange(180) // 3
    images = rng.normal(size=(60, 4))[groups]  # the images of a group are the same
    labels = rng.integers(3, size=60)[groups]  # and their label is a matter of luck
    alone = cross_validated_probabilities(images, labels, np.arange(180))
    together = cross_validated_probabilities(images, labels, groups)
    assert (alone.argmax(axis=1) == labels).mean() > 0.6
    assert (together.argmax(axis=1) == labels).mean() < 0.5


def test_same_arguments_give_the_same_probabilities(clouds):
    np.testing.assert_array_equal(cross_validated_probabilities(*clouds), cross_validated_probabilities(*clouds))


def test_class_of_one_group_cannot_be_predicted_where_that_is_held_out(clouds):
    features, labels, groups = clouds
    groups = np.where(labels == 2, 1_000, groups)
    covered = ~np.isnan(cross_validated_probabilities(features, labels, groups)).any(axis=1)
    assert not covered[labels == 2].any()
    assert covered[labels < 2].any()


def test_images_of_one_group_or_class_alone_cannot_be_predicted(clouds):
    features, labels, groups = clouds
    assert np.isnan(cross_validated_probabilities(features, labels, np.zeros(180))).all()
    assert np.isnan(cross_validated_probabilities(features, np.zeros(180, np.int64), groups)).all()
    assert np.isnan(cross_validated_probabilities(features[:3], np.arange(3), np.arange(3))).all()
