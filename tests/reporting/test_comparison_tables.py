import pandas as pd
import pytest

from allcore.evaluation.comparing.comparison import Comparison, McNemar, mcnemar_exact
from allcore.evaluation.scoring.scores import LABEL_METRICS, SCALAR_METRICS, score
from allcore.reporting.comparison import (
    error_differences,
    mcnemar_table,
    not_compared,
    p_text,
    pairs_in_words,
    score_differences,
    verdict,
)

ONE = score(["Early", "Pre", "Pre"], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], ("Early", "Pre"), samples=20)


def counts(only_first, only_second):
    p = mcnemar_exact(only_first, only_second)
    return McNemar(both_right=90, only_first=only_first, only_second=only_second, both_wrong=4, p=p, p_over_groups=p)


@pytest.fixture
def comparison():
    differences = dict.fromkeys(SCALAR_METRICS, 0.02) | {"auroc_macro": None}
    intervals = dict.fromkeys(SCALAR_METRICS, (-0.01, 0.05)) | {"auroc_macro": (None, None)}
    return Comparison(
        n=3, n_groups=3, n_first=3, n_second=5, differences=differences, intervals=intervals, mcnemar=counts(1, 2),
        first=ONE, second=ONE,
    )  # fmt: skip


def test_differences_of_scores_are_in_points(comparison):
    row = score_differences(comparison).set_index("score").loc["accuracy"]
    assert list(row) == pytest.approx([100 * ONE.accuracy, 100 * ONE.accuracy, 2, -1, 5])


def test_undefined_differences_are_missing(comparison):
    assert score_differences(comparison).set_index("score").loc["AUROC (macro)", ["difference", "low"]].isna().all()


def test_every_score_is_in_one_of_the_two_tables(comparison):
    tables = score_differences(comparison), error_differences(comparison)
    assert sum(map(len, tables)) == len(SCALAR_METRICS)
    assert len(tables[0]) > len(LABEL_METRICS)
    assert list(tables[1].set_index("score").loc["Brier score"])[2:] == [0.02, -0.01, 0.05]


def test_mcnemars_table_has_the_first_model_in_rows():
    table = mcnemar_table(counts(7, 2), "A", "B").set_index("")
    assert table.loc["A right", "B wrong"] == 7
    assert table.loc["A wrong", "B right"] == 2
    assert table.to_numpy().sum() == 103


@pytest.mark.parametrize(("only_first", "only_second", "said"), [(1, 8, "They can be"), (1, 7, "They cannot be")])
def test_models_can_be_told_apart_when_p_is_below_five_per_cent(only_first, only_second, said):
    words = verdict(counts(only_first, only_second), "A", "B")
    assert words.startswith(said)
    assert f"A alone gets 1 image right, B alone {only_second}" in words


@pytest.mark.parametrize(
    ("p", "text"), [(1.0, "p = 1"), (0.0496, "p = 0.0496"), (0.00042, "p = 0.00042"), (1e-9, "p < 0.0001")]
)
def test_p_values_are_written_with_the_digits_that_matter(p, text):
    assert p_text(p) == text


@pytest.mark.parametrize(
    ("apart", "words"),
    [
        ([True, True, True], "Every two runs that were compared can be told apart by their accuracy."),
        ([False, False, False], "No two runs that were compared can be told apart by their accuracy."),
        (
            [False, True, False],
            "2 of 3 pairs cannot be told apart by their accuracy: 64 px and 96 px; 96 px and 128 px.",
        ),
    ],
)
def test_pairs_that_cannot_be_told_apart_are_named(apart, words):
    rows = [("64 px", "96 px"), ("64 px", "128 px"), ("96 px", "128 px")]
    pairs = pd.DataFrame(rows, columns=["first", "second"]).assign(apart=apart)
    assert pairs_in_words(pairs) == words


def test_pairs_that_were_not_compared_are_counted_with_the_reason():
    assert not_compared(3, 3) == not_compared(0, 1) == ""
    assert not_compared(1, 3).startswith("Not compared: 2 of 3 pairs of runs, which share no test image, label one")


def test_the_only_pair_is_named():
    pair = pd.DataFrame({"first": ["64 px"], "second": ["96 px"], "apart": [False]})
    assert pairs_in_words(pair) == "64 px and 96 px cannot be told apart by their accuracy."
