"""The Evaluate page in every state; the click on the matrix is the browser's."""

import os
import shutil
from functools import partial
from pathlib import Path

import pytest

from allcore.data.known_images import OF_DRAWN
from allcore.data.labels.meanings import name_classes
from allcore.evaluation.predictions.chosen_point import Target, chosen_point
from allcore.evaluation.predictions.evaluate_model import evaluate_run
from allcore.evaluation.predictions.mistakes import commonest_mistake, images_of_cell, mistakes
from allcore.evaluation.predictions.recorded import recorded_predictions
from allcore.number_text import per_cent_within
from allcore.paper import CLASSES, HEADLINE
from allcore.reporting.interval_words import intervals_in_words
from allcore.runs.folder.store import Run, RunStore
from allcore.runs.owned_datasets import rename_dataset
from tests.pages import opening
from tests.reporting.report.conftest import sure_of_a_mistake

open_page = partial(opening.open_page, "evaluate")


def texts(elements):
    return " ".join(str(element.value) for element in elements)


def cell_count(app):
    return int(app.metric[0].value)


def shown_images(app):
    return app.get("image")


@pytest.fixture
def run(finished_run, workspace, monkeypatch) -> Run:
    """The finished run in a workspace of its own, to be damaged, with its dataset within the roots."""
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(Path(finished_run.config.dataset).parent))
    folder = workspace.runs / finished_run.id
    shutil.copytree(finished_run.folder, folder, copy_function=os.link)
    return Run(folder)


@pytest.fixture
def own_dataset(run, workspace, monkeypatch) -> Path:
    """The run's dataset as a copy, from which images can be taken."""
    monkeypatch.delenv("ALLCORE_DATA_ROOTS")
    folder = workspace.datasets / "smears"
    shutil.copytree(run.config.dataset, folder, copy_function=os.link)
    rewrite(run, "config.json", (run.folder / "config.json").read_text().replace(run.config.dataset, str(folder)))
    return folder


def rewrite(run: Run, name: str, content: str) -> None:
    path = run.folder / name
    path.unlink()  # a link to the file that other tests read
    path.write_text(content)


def test_without_a_run_it_says_so_and_links_to_training(workspace):
    app = open_page()
    assert app.info[0].proto.title == "No finished run yet"
    assert [link.value for link in app.page_link] == ["Train"]


def test_queued_run_cannot_be_evaluated_yet(workspace, tiny_config, finished_run):
    RunStore(workspace.runs).create(tiny_config(), finished_run.split)
    assert open_page().info[0].proto.title == "No finished run yet"


@pytest.mark.parametrize("split", ["test", "validation"])
def test_scores_of_the_split_stand_beside_the_papers(run, split, photographed):
    app, scores = open_page(split=split), evaluate_run(run, split).scores
    table = app.dataframe[0].value.set_index("score")
    assert intervals_in_words(scores.interval_method) in texts(app.caption)
    assert table.loc["accuracy", "weighted"] == 100 * scores.accuracy
    assert table.loc["accuracy", "macro"] == 100 * scores.balanced_accuracy
    assert table.loc["accuracy", "paper"] == 100 * HEADLINE["accuracy"]
    assert (table.loc["F1", "low"], table.loc["F1", "high"]) == tuple(
        100 * end for end in scores.intervals["f1_weighted"]
    )


def test_a_run_that_was_looked_at_follows_its_dataset_to_another_name(run, own_dataset, workspace):
    name_classes(own_dataset, CLASSES, {}, ["Pro"], workspace.classes)
    assert f"split of {own_dataset}" in texts(open_page().caption).replace("\\", "")
    now = rename_dataset(own_dataset, "renamed", workspace)
    app = open_page(view="Positive or negative")
    assert f"split of {now}" in texts(app.caption).replace("\\", "")
    assert "Sensitivity (95 % interval)" in opening.metrics(app)


def test_drawn_smears_are_said_to_be_and_not_set_beside_the_paper(run):
    app = open_page()
    assert OF_DRAWN in texts(app.caption)
    assert "paper" not in app.dataframe[0].value
    assert "The paper" not in texts(app.caption)


@pytest.mark.parametrize(("right", "title"), [(True, "The score looks better than it is"), (False, "Twins in train")])
def test_twins_in_train_flatter_only_where_the_score_is_lower_without_them(run, right, title):
    table, predicted = run.split.table.copy(), run.predictions().set_index("path")["correct"]
    table["group"] = [f"g{number}" for number in range(len(table))]
    test = table.index[table["split"] == "test"]
    twin = next(row for row in test if predicted[table["path"][row]] == right)
    table.loc[twin, "group"] = table.loc[table["split"] == "train", "group"].iloc[0]
    rewrite(run, "split.csv", table.to_csv(index=False))
    app = open_page()
    said = (app.warning if right else app.info)[0]
    assert said.proto.title == title
    assert f"1 of {len(test)} test images share a group" in said.value
    assert f"{len(test) - 1} images" in said.value


def test_commonest_mistake_is_shown_at_first(run):
    app = open_page()
    cell = (app.selectbox(key="true").value, app.selectbox(key="predicted").value)
    assert cell == commonest_mistake(evaluate_run(run, "test").scores)


@pytest.mark.parametrize("predicted", ["Benign", "Early", "Pre", "Pro"])
def test_cell_of_the_url_shows_exactly_its_images(run, predicted):
    images = images_of_cell(recorded_predictions(run, "test").table, "Early", predicted)
    app = open_page(true="Early", predicted=predicted)
    assert cell_count(app) == len(images) == len(shown_images(app))
    for path in images["path"]:
        assert Path(path).name in texts(app.caption).replace("\\", "")


def test_selectors_change_the_cell_and_the_address(run):
    app = open_page(true="Early", predicted="Pre")
    app.selectbox(key="true").select("Pro").run()
    assert cell_count(app) == evaluate_run(run, "test").scores.confusion_matrix[3][2]
    assert {name: app.query_params[name] for name in ("true", "predicted")} == {"true": "Pro", "predicted": "Pre"}


def test_class_that_does_not_exist_leaves_no_cell_chosen(run):
    app = open_page(true="Lymphoma", predicted="Pre")
    assert app.selectbox(key="true").value is None
    assert not app.metric


def test_class_that_another_run_does_not_have_gives_way_to_its_commonest_mistake(run):
    other = Run(run.folder.with_name("20200101-000000-vgg16-32px-ffff"))
    shutil.copytree(run.folder, other.folder, copy_function=os.link)
    renamed = run.predictions().replace("Early", "Late").rename(columns={"probability_Early": "probability_Late"})
    (other.folder / "predictions.parquet").unlink()
    renamed.to_parquet(other.folder / "predictions.parquet")
    rewrite(other, "split.csv", run.split.table.replace("Early", "Late").to_csv(index=False))
    app = open_page(true="Early", predicted="Early")
    app.selectbox(key="run").select(other.id).run()
    cell = (app.selectbox(key="true").value, app.selectbox(key="predicted").value)
    assert cell == commonest_mistake(evaluate_run(other, "test").scores)


def test_another_run_of_the_same_classes_opens_with_its_own_commonest_mistake(run):
    _, common = commonest_mistake(evaluate_run(run, "test").scores)
    called = next(name for name in run.split.classes if name != common)
    other = Run(run.folder.with_name("20200101-000000-vgg16-32px-ffff"))
    shutil.copytree(run.folder, other.folder, copy_function=os.link)
    (other.folder / "predictions.parquet").unlink()
    probabilities = {f"probability_{name}": 0.7 if name == called else 0.1 for name in run.split.classes}
    run.predictions().assign(**probabilities).to_parquet(other.folder / "predictions.parquet")
    app = open_page(run=run.id)
    app.selectbox(key="run").select(other.id).run()
    cell = (app.selectbox(key="true").value, app.selectbox(key="predicted").value)
    assert cell == commonest_mistake(evaluate_run(other, "test").scores)
    assert cell[1] == called


def test_most_confident_image_of_the_cell_comes_first(run):
    worst = mistakes(recorded_predictions(run, "test").table).iloc[0]
    app = open_page(true=worst["label"], predicted=worst["predicted"])
    names = [str(caption.value).replace("\\", "") for caption in app.caption if "predicted **" in str(caption.value)]
    assert names[0].startswith(Path(worst["path"]).name)


def test_missing_image_is_named_and_the_rest_goes_on(run, own_dataset):
    true, predicted = commonest_mistake(evaluate_run(run, "test").scores)
    images = images_of_cell(recorded_predictions(run, "test").table, true, predicted)
    (own_dataset / images["path"][0]).unlink()
    app = open_page(true=true, predicted=predicted)
    assert len(shown_images(app)) == len(images) - 1
    assert Path(images["path"][0]).name in app.warning[-1].value.replace("\\", "")


@pytest.mark.parametrize("labels", ["as_given", "corrected-0ae948aa5ccf"])
def test_run_whose_variant_is_gone_has_its_scores(run, own_dataset, labels):
    for variant in ("Segmented", "Third"):
        shutil.copytree(own_dataset, own_dataset.parent / "all" / variant, copy_function=os.link)
    lost = {"dataset": str(own_dataset.parent / "all"), "variant": "Original", "labels": labels}
    rewrite(run, "config.json", run.config.model_copy(update=lost).to_json())
    app = open_page()
    assert not app.error
    assert len(app.dataframe)
    assert ("whether they were judged anew since cannot be told" in texts(app.caption)) is (labels != "as_given")


def test_images_outside_the_roots_are_not_shown(run, monkeypatch):
    monkeypatch.delenv("ALLCORE_DATA_ROOTS")
    app = open_page()
    assert not shown_images(app)
    assert "outside the folders that may be read" in app.warning[-1].value


@pytest.mark.parametrize("damage", [None, "damaged"])
def test_without_a_usable_model_images_are_shown_without_evidence(run, damage):
    path = run.folder / "model.onnx"
    path.unlink()
    if damage:
        path.write_text(damage)
    app = open_page()
    assert len(shown_images(app)) == cell_count(app) > 0
    assert "No evidence can be computed" in [warning.proto.title for warning in app.warning]


@pytest.mark.parametrize("content", ["", "no parquet"])
def test_damaged_predictions_are_said_to_be_damaged(run, content):
    rewrite(run, "predictions.parquet", content)
    app = open_page()
    assert "predictions.parquet cannot be read" in app.error[0].value
    assert app.selectbox(key="run").value == run.id


def test_all_mistakes_are_listed_for_download(run):
    app = open_page(view="Mistakes")
    wrong = mistakes(recorded_predictions(run, "test").table)
    assert list(app.dataframe[1].value["path"]) == list(wrong["path"])
    tables = [each for each in app.get("download_button") if each.label == "Download CSV"]
    assert len(tables) == 2


@pytest.mark.parametrize(("view", "charts"), [("Classes", 1), ("Curves", 2), ("Calibration", 2)])
def test_figures_are_drawn_with_a_description(run, view, charts):
    drawn = open_page(view=view).get("plotly_chart")
    assert len(drawn) == charts
    assert all(chart.proto.alt for chart in drawn)


def test_benign_against_malignant_is_shown_where_there_is_a_benign_class(run):
    app = open_page(view="Malignant or benign")
    assert [metric.label for metric in app.metric][:2] == ["Sensitivity (95 % interval)", "Specificity (95 % interval)"]
    crossed = app.dataframe[1].value
    assert ((crossed["label"] == "Benign") != (crossed["predicted"] == "Benign")).all()


def test_where_no_threshold_holds_the_target_that_is_said_and_what_is_undefined_is_not_shown(run):
    sure_of_a_mistake(run)
    app = open_page(view="Malignant or benign")
    assert "No threshold holds a specificity of at least 95 %" in texts(app.markdown)
    assert "is said from a probability" not in texts(app.markdown)
    assert "NPV at this line" in (shown := [metric.label for metric in app.metric])
    assert "PPV at this line" not in shown


def test_the_line_between_two_sides_moves_with_what_it_must_hold(run):
    app = open_page(view="Malignant or benign")
    assert {"PPV at this line", "NPV at this line"} <= {metric.label for metric in app.metric}
    assert "The line was chosen on the validation images" in "".join(text.value for text in app.markdown)
    app = open_page(view="Malignant or benign", split="validation")
    assert "it flatters" in "".join(text.value for text in app.markdown)
    app = open_page(view="Malignant or benign", hold="sensitivity", at_least="100")
    assert app.number_input[0].value == 100


def test_the_prevalence_is_that_of_the_images_until_it_is_set_and_stays_as_it_was_set(run):
    test, validation = (recorded_predictions(run, part) for part in ("test", "validation"))
    positive, target = ("Early", "Pre", "Pro"), Target("specificity", 0.95)
    app = open_page(view="Malignant or benign")
    for asked in (None, 0.03):
        app.number_input(key="prevalence").set_value(asked).run()
        share = None if asked is None else asked / 100
        point = chosen_point(test, positive, target, validation, share).point
        assert opening.metrics(app)["PPV at this line"] == per_cent_within(point.ppv, point.intervals["ppv"])
    for view in ("Mistakes", "Malignant or benign"):
        app.query_params["view"] = view
        app = opening.ran(app)
    assert app.number_input(key="prevalence").value == 0.03
    assert app.query_params["prevalence"] == "0.03"


def test_numbers_of_the_line_that_are_none_are_not_taken(run):
    app = open_page(view="Malignant or benign", at_least="inf", prevalence="inf")
    assert not app.exception
    assert [field.value for field in app.number_input] == [95, None]
