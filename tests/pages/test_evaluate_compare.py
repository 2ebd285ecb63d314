"""A run against another on the Evaluate page."""

import pandas as pd
import pytest

from allcore.evaluation.comparing.comparison import compare
from allcore.evaluation.comparing.pairing import disagreements, pair
from allcore.evaluation.predictions.recorded import recorded_predictions
from allcore.reporting.comparison import score_differences, verdict
from allcore.reporting.interval_words import DIFFERENCES
from allcore.runs.folder.store import Run
from tests.copies import copy_of
from tests.pages.opening import choose, metrics, open_page, table, texts

CLASSES = ["Benign", "Early", "Pre", "Pro"]


@pytest.fixture
def other(run) -> Run:
    """An older copy of the run, which calls every image Pre."""
    other = Run(run.folder.with_name("20200101-000000-vgg16-32px-ffff"))
    copy_of(run, other.folder)
    rewrite(other, probability_Pre=0.7, **{f"probability_{name}": 0.1 for name in CLASSES if name != "Pre"})
    return other


@pytest.fixture
def paired(run, other):
    return pair(recorded_predictions(run, "test"), recorded_predictions(other, "test"))


def rewrite(run, **columns):
    run.predictions().assign(**columns).to_parquet(run.folder / "predictions.parquet")


def open_compare(**query):
    return open_page("evaluate", view="Compare", **query)


def files_shown(app):
    """Return the file names under the images, one for each of the two runs."""
    said = [str(caption.value).replace("\\", "") for caption in app.caption]
    return [text.split("  \n")[0] for text in said if "predicted **" in text]


def test_with_one_run_it_says_what_to_do(run):
    app = open_compare()
    assert [info.proto.title for info in app.info] == ["No other run"]


def test_the_run_itself_cannot_be_chosen_and_none_is_at_first(run, other):
    app = open_compare(run=run.id)
    against = app.selectbox(key="against")
    assert (against.options, against.value) == ([other.id], None)
    assert choose(app, "against", other.id).query_params["against"] == other.id


def test_both_scores_and_their_differences_are_shown(run, other, paired):
    app = open_compare(run=run.id, against=other.id)
    shown = table(app, "difference")
    assert DIFFERENCES in texts(app)
    pd.testing.assert_frame_equal(shown, score_differences(compare(paired)))


def test_large_numbers_and_the_sentence_say_who_is_better(run, other, paired):
    app = open_compare(run=run.id, against=other.id)
    comparison = compare(paired)
    names = f"32 px ({run.id[-4:]})", "32 px (ffff)"
    difference = metrics(app)["Difference in points (95 % interval)"]
    assert difference.startswith(f"{100 * comparison.differences['accuracy']:+.1f} (")
    assert verdict(comparison.mcnemar, *names) in texts(app).replace("\\", "")


def test_mcnemars_table_counts_all_shared_images(run, other, paired):
    name = f"32 px ({run.id[-4:]}) right"
    counts = table(open_compare(run=run.id, against=other.id), "32 px (ffff) right").set_index("")
    assert counts.loc[name, "32 px (ffff) wrong"] == compare(paired).mcnemar.only_first
    assert counts.to_numpy().sum() == len(paired.groups)


@pytest.mark.parametrize(
    ("kind", "right"),
    [("this run right", ["first"]), ("the other right", ["second"]), ("all", ["first", "second", "neither"])],
)
def test_images_they_disagree_on_are_shown_by_both(run, other, paired, kind, right):
    rows = disagreements(paired)
    expected = paired.first.table["path"].iloc[rows.index[rows.isin(right)]]
    app = open_compare(run=run.id, against=other.id, kind=kind)
    assert files_shown(app) == [path.rsplit("/", 1)[-1] for path in expected[:12] for _ in range(2)]
    assert len(app.get("image")) == 2 * min(len(expected), 12)


def test_each_picture_says_whose_answer_it_shows(run, other):
    alts = [image.proto.imgs[0].alt for image in open_compare(run=run.id, against=other.id).get("image")]
    assert all(f"by 32 px ({run.id[-4:]})" in alt for alt in alts[::2])
    assert all("predicted Pre by 32 px (ffff)" in alt for alt in alts[1::2])


def test_runs_that_answer_alike_have_no_image_to_show(run):
    alike = Run(run.folder.with_name("20200101-000000-vgg16-32px-eeee"))
    copy_of(run, alike.folder)
    app = open_compare(run=run.id, against=alike.id)
    assert "The two runs predict every image alike." in texts(app)
    assert "They cannot be told apart" in texts(app)
    assert not app.get("image")


def test_runs_that_share_no_image_are_refused_with_the_reason(run, other):
    rewrite(other, sha256=other.predictions()["sha256"].str[::-1])
    app = open_compare(run=run.id, against=other.id)
    assert [error.proto.title for error in app.error] == ["These two runs cannot be compared"]
    assert "share no image" in app.error[0].value


def test_other_run_whose_predictions_are_damaged_is_said_to_be(run, other):
    (other.folder / "predictions.parquet").write_text("no parquet")
    assert "predictions.parquet cannot be read" in open_compare(run=run.id, against=other.id).error[0].value


def test_changing_the_run_to_the_one_compared_with_lets_go_of_the_comparison(run, other):
    app = open_compare(run=run.id, against=other.id)
    app = choose(app, "run", other.id)
    assert app.selectbox(key="against").value is None
    assert app.selectbox(key="against").options == [run.id]


def test_twins_in_train_of_either_run_are_counted(run, other):
    table = other.split.table.copy()
    table.loc[table["split"] == "test", "group"] = table.loc[table["split"] == "train", "group"].iloc[0]
    table.to_csv(other.folder / "split.csv", index=False)
    n = int((table["split"] == "test").sum())
    said = texts(open_compare(run=run.id, against=other.id)).replace("\\", "")
    assert (
        f"{n} images of these share a group with an image in train of 32 px (ffff), which may have helped it." in said
    )
