"""Trade-off: runs that are compared, the front of a cost, and every two of a study."""

import json
from functools import partial

import pandas as pd
import pytest

from allcore.evaluation.comparing.comparison import compare_all
from allcore.evaluation.predictions.recorded import recorded_predictions
from allcore.reporting.comparison import not_compared
from tests.pages import opening

open_page = partial(opening.open_page, "tradeoff")


@pytest.fixture
def sizes(add_run):
    """Put three runs of a study into the workspace: two that are always right, and one that never is.

    They have three times the test images, as if each were three: so many are needed to tell two runs apart.
    """
    runs = [add_run(number, study="sizes", image_size=size) for number, size in enumerate((96, 64, 32))]
    for run in runs:
        classes, table = run.split.classes, run.predictions()
        more = [table.assign(**{of: f"{n}" + table[of] for of in ("path", "sha256", "group")}) for n in range(3)]
        table = pd.concat(more, ignore_index=True)
        wrong = dict(zip(classes, [*classes[1:], classes[0]], strict=True))
        said = table["label"].map(wrong) if run is runs[2] else table["label"]
        path = run.folder / "predictions.parquet"
        path.unlink()  # a link to the file that other tests read
        table.assign(**{f"probability_{name}": (said == name) * 1.0 for name in classes}).to_parquet(path)
    return runs


def test_the_table_marks_the_front_of_the_cost_that_is_shown(sizes):
    def front(cost, **asked):
        table = open_page(study="sizes", **asked).dataframe[0].value
        assert [column for column in table if "front" in column] == [f"on_front_of_{cost}"]
        return dict(zip(table["image_size_px"], table[f"on_front_of_{cost}"], strict=True))

    records = [json.loads(line) for line in (sizes[1].folder / "metrics.jsonl").read_text().splitlines()]
    slower = [each | {"seconds": 1_000.0} if each["kind"] == "epoch" else each for each in records]
    (sizes[1].folder / "metrics.jsonl").unlink()  # a link to the file that other tests read
    (sizes[1].folder / "metrics.jsonl").write_text("\n".join(map(json.dumps, slower)) + "\n")
    assert front("training_minutes") == {32: False, 64: False, 96: True}
    assert front("parameters_millions", price="parameters") == {32: False, 64: True, 96: True}  # all have as many


def pairs_of(app):
    """Return the table of every two runs that a page shows."""
    return next(table.value for table in app.dataframe if "p_holm" in table.value)


def test_every_two_runs_of_a_study_are_compared_by_size(sizes):
    pairs = pairs_of(open_page(study="sizes"))
    assert list(zip(pairs["first"], pairs["second"], strict=True)) == [
        ("32 px", "64 px"),
        ("32 px", "96 px"),
        ("64 px", "96 px"),
    ]
    expected = compare_all({f"{run.config.image_size} px": recorded_predictions(run, "test") for run in sizes[::-1]})
    assert list(pairs["p_holm"]) == list(expected["p_holm"])
    assert list(pairs["difference"]) == list(100 * expected["difference"])


def test_pairs_that_cannot_be_told_apart_are_named(sizes):
    said = [str(markdown.value).strip("*").replace("\\", "") for markdown in open_page(study="sizes").markdown]
    assert "1 of 3 pairs cannot be told apart by their accuracy: 64 px and 96 px." in said


def test_a_single_run_has_nothing_to_be_compared_with(add_run):
    add_run()
    assert "Which runs differ" not in [header.value for header in open_page().header]


@pytest.mark.parametrize(
    ("column", "other"),
    [("sha256", lambda digests: digests.str[::-1]), ("label", lambda labels: labels.replace("Pre", "Pro"))],
)
def test_runs_without_shared_test_images_or_with_other_labels_are_counted(sizes, column, other):
    path = sizes[0].folder / "predictions.parquet"
    table = sizes[0].predictions()
    path.unlink()
    table.assign(**{column: other(table[column])}).to_parquet(path)
    app = open_page(study="sizes")
    assert len(pairs_of(app)) == 1
    assert not_compared(1, 3) in [caption.value for caption in app.caption]
    assert "Every two runs can" not in opening.texts(app)
