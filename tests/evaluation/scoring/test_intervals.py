import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from allcore.evaluation.scoring.intervals import (
    bootstrap_intervals,
    bootstrap_multiplicities,
    paired_interval,
    wilson,
)


def mean_of(values):
    return lambda multiplicity: {"mean": multiplicity @ values / multiplicity.sum(axis=-1)}


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(("successes", "trials"), [(0, 1), (1, 1), (0, 50), (50, 50), (81, 89), (315, 326), (3, 7)])
def test_wilson_agrees_with_scipy(successes, trials, confidence):
    expected = binomtest(successes, trials).proportion_ci(confidence, method="wilson")
    assert wilson(successes, trials, confidence) == pytest.approx(tuple(expected), abs=1e-12)


def test_wilson_works_elementwise():
    low, high = wilson([0, 81, 50], [10, 89, 50])
    one_by_one = [wilson(s, t) for s, t in [(0, 10), (81, 89), (50, 50)]]
    np.testing.assert_allclose(np.stack([low, high], axis=1), one_by_one)


def test_wilson_reaches_zero_and_one_exactly():
    trials = np.arange(1, 400)
    np.testing.assert_array_equal(wilson(0, trials)[0], 0)
    np.testing.assert_array_equal(wilson(trials, trials)[1], 1)


def test_wilson_of_no_trials_is_undefined():
    assert np.isnan(wilson(0, 0)).all()


def test_images_of_a_group_are_drawn_together():
    groups = np.array(["b", "a", "b", "c", "a", "b"])
    rows = np.concatenate(list(bootstrap_multiplicities(6, groups, samples=200, seed=0)))
    np.testing.assert_array_equal(rows[:, 0], rows[:, 2])
    np.testing.assert_array_equal(rows[:, 0], rows[:, 5])
    np.testing.assert_array_equal(rows[:, 1], rows[:, 4])


def test_each_resample_draws_as_many_groups_as_there_are():
    first_of_group = [0, 1, 3]
    rows = np.concatenate(list(bootstrap_multiplicities(6, [7, 5, 7, 9, 5, 7], samples=200, seed=0)))
    np.testing.assert_array_equal(rows[:, first_of_group].sum(axis=1), 3)


def test_without_groups_each_image_is_drawn_once_on_average():
    rows = np.concatenate(list(bootstrap_multiplicities(20, samples=4000, seed=0)))
    np.testing.assert_array_equal(rows.sum(axis=1), 20)
    np.testing.assert_allclose(rows.mean(axis=0), 1, atol=0.08)


def test_the_same_seed_gives_the_same_resamples():
    first, second = (np.concatenate(list(bootstrap_multiplicities(30, samples=50, seed=3))) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_another_seed_gives_other_resamples():
    first, second = (np.concatenate(list(bootstrap_multiplicities(30, samples=50, seed=s))) for s in (3, 4))
    assert (first != second).any()


def test_a_large_test_set_is_resampled_in_small_chunks():
    chunks = [chunk.shape for chunk in bootstrap_multiplicities(3000, samples=500)]
    assert sum(rows for rows, _ in chunks) == 500
    assert max(rows * images for rows, images in chunks) * 8 <= 2**20


def test_interval_agrees_with_a_loop_that_repeats_the_images():
    rng = np.random.default_rng(0)
    values, groups = rng.normal(size=90), rng.integers(30, size=90)
    resamples = np.concatenate(list(bootstrap_multiplicities(90, groups, samples=300, seed=5))).astype(int)
    looped = [np.repeat(values, row).mean() for row in resamples]
    interval = bootstrap_intervals(mean_of(values), 90, groups, samples=300, seed=5)["mean"]
    np.testing.assert_allclose(interval, np.percentile(looped, [2.5, 97.5]))


def test_resamples_without_a_value_are_left_out():
    def share_where_first_image_occurs(multiplicity):
        return {"share": np.where(multiplicity[:, 0] > 0, multiplicity[:, 0] / 20, np.nan)}

    resamples = np.concatenate(list(bootstrap_multiplicities(20, samples=400)))
    occurring = resamples[resamples[:, 0] > 0, 0] / 20
    interval = bootstrap_intervals(share_where_first_image_occurs, 20, samples=400)["share"]
    np.testing.assert_allclose(interval, np.percentile(occurring, [2.5, 97.5]))


def test_a_statistic_that_never_has_a_value_has_no_interval():
    def never(multiplicity):
        return {"never": np.full((len(multiplicity), 2), np.nan)}

    assert np.isnan(bootstrap_intervals(never, 20, samples=50)["never"]).all()


def test_one_group_says_nothing_about_variation():
    values = np.random.default_rng(0).normal(size=10)
    assert np.isnan(bootstrap_intervals(mean_of(values), 10, np.zeros(10), samples=50)["mean"]).all()


def test_interval_covers_the_true_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    covered = 0
    for seed in range(300):
        low, high = bootstrap_intervals(mean_of(rng.random(150) < 0.8), 150, samples=400, seed=seed)["mean"]
        covered += low <= 0.8 <= high
    assert 0.91 <= covered / 300 <= 0.98


def coverage_of_copied_images(grouped):
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(60), 5)
    covered = 0
    for seed in range(200):
        values = np.repeat(rng.random(60) < 0.7, 5)
        interval = bootstrap_intervals(mean_of(values), 300, groups if grouped else None, samples=300, seed=seed)
        low, high = interval["mean"]
        covered += low <= 0.7 <= high
    return covered / 200


def test_copied_images_are_covered_only_when_their_groups_are_known():
    assert coverage_of_copied_images(grouped=True) > 0.89
    assert coverage_of_copied_images(grouped=False) < 0.75


def surplus_of(only_first, only_second, images):
    return np.repeat([1, -1, 0], [only_first, only_second, images - only_first - only_second])


@pytest.mark.parametrize(("only_first", "images"), [(0, 1), (0, 50), (3, 50), (50, 50)])
def test_where_one_alone_errs_the_difference_reaches_as_far_as_that_share(only_first, images):
    _, high = paired_interval(surplus_of(only_first, 0, images), np.arange(images), (np.nan, np.nan))
    assert high == pytest.approx(wilson(only_first, images)[1])


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 30))
def test_differences_interval_has_no_preference_and_holds_the_difference(only_first, only_second, alike):
    images = only_first + only_second + alike
    of_both = [
        paired_interval(surplus_of(*counts, images), np.arange(images), (np.nan, np.nan))
        for counts in ((only_first, only_second), (only_second, only_first))
    ]
    np.testing.assert_allclose(of_both[0], -of_both[1][::-1])
    low, high = of_both[0]
    assert -1 <= low <= (only_first - only_second) / images <= high <= 1


def test_where_every_image_sets_them_apart_the_difference_is_that_of_one_share():
    # Each image is right for exactly one, so the difference is twice a share less one, and so are its ends.
    share = np.array(wilson(30, 100))
    of_both = paired_interval(surplus_of(30, 70, 100), np.arange(100), (np.nan, np.nan))
    np.testing.assert_allclose(of_both, 2 * share - 1)


def test_of_images_in_groups_the_bootstraps_end_counts_where_it_is_farther():
    surplus, groups = surplus_of(2, 1, 40), np.arange(40) // 2
    assert paired_interval(surplus, groups, (-0.9, 0.0))[0] == -0.9
    assert paired_interval(surplus, groups, (-0.9, 0.0))[1] == paired_interval(surplus, groups, (np.nan, np.nan))[1]
    assert paired_interval(surplus, np.arange(40), (-0.9, 0.9))[0] > -0.9
