"""The Trade-off page in every state."""

from dataclasses import replace
from functools import partial

import pytest
from streamlit.testing.v1 import AppTest

from allcore.data.known_images import OF_DRAWN
from allcore.evaluation.tradeoff.points import TradeoffPoint, tradeoff_point
from allcore.evaluation.tradeoff.record import EXAMPLE as SHIPPED
from allcore.evaluation.tradeoff.record import read_tradeoff
from allcore.runs.folder.store import RunStore
from allcore.runs.owned_datasets import rename_dataset
from tests.pages import opening
from tests.pages.test_tradeoff_pairs import pairs_of

ALL = "all succeeded runs"
EXAMPLE = "example: real images"
OTHERWISE = "not all tested on the same images"


open_page = partial(opening.open_page, "tradeoff")


def test_without_a_run_it_says_so_links_to_training_and_shows_the_example(workspace):
    app = open_page()
    assert app.info[0].proto.title == "No run yet"
    assert [link.value for link in app.page_link] == ["Train"]
    assert app.selectbox(key="study").options == [EXAMPLE]
    record = read_tradeoff(SHIPPED)
    assert list(app.dataframe[0].value["accuracy"]) == [100 * point.accuracy for point in record.points]
    assert app.dataframe[0].value["latency_ms"].notna().all()
    assert list(pairs_of(app)["p_holm"]) == list(record.pairs["p_holm"])
    assert len(app.get("plotly_chart")) == 2
    assert app.code[0].value.startswith(record.commands[0])


def test_example_can_be_chosen_beside_runs(add_run):
    add_run()
    app = open_page(study=EXAMPLE)
    assert not app.info
    assert len(app.dataframe[0].value) == len(read_tradeoff(SHIPPED).points)


def test_damaged_example_is_said_to_be(workspace, tmp_path, monkeypatch):
    damaged = tmp_path / "tradeoff.json"
    damaged.write_text("{")
    monkeypatch.setattr("pages.ui.tradeoff.example.EXAMPLE", damaged)
    app = open_page()
    assert app.error[0].proto.title == "The example cannot be shown"
    assert "tradeoff.json cannot be read" in app.error[0].value


def test_queued_runs_of_a_study_are_listed_before_any_has_finished(workspace, tiny_config, finished_run):
    run = RunStore(workspace.runs).create(tiny_config(study="sizes", image_size=64), finished_run.split)
    app = open_page()
    assert app.selectbox(key="study").value == "sizes"
    assert app.info[0].proto.title == "No finished run yet"
    row = app.dataframe[0].value.iloc[0]
    assert (row["run"], row["state"], row["image size (px)"]) == (run.id, "queued", 64)


def test_point_of_a_finished_run_is_in_the_table(add_run):
    run = add_run()
    row = open_page().dataframe[0].value.iloc[0]
    point = tradeoff_point(run)
    assert (row["accuracy"], row["accuracy_low"]) == (100 * point.accuracy, 100 * point.accuracy_low)
    assert row["training_minutes"] == pytest.approx(point.training_seconds / 60)
    assert row["on_front_of_training_minutes"]
    assert not any("differ in the number of epochs" in caption.value for caption in open_page().caption)


def test_a_point_that_was_measured_follows_its_dataset_to_another_name(add_run, dataset, workspace):
    add_run(dataset=str(dataset))
    before = open_page().dataframe[0].value["dataset"].iloc[0]
    rename_dataset(dataset, "other", workspace)
    after = open_page().dataframe[0].value["dataset"].iloc[0]
    assert (before, after) == ("mine", "other")


def many_runs(folder):
    from pathlib import Path

    from allcore.runs.folder.store import Run
    from pages.ui.tradeoff.measured import measured_points

    measured_points([Run(Path(folder) / str(number)) for number in range(201)])


def test_of_many_runs_each_is_scored_once_however_often_the_page_is_drawn(workspace, monkeypatch):
    scored = []

    def score(run, scores):
        scored.append(run.id)
        return TradeoffPoint(run.id, "mine", "grouped", 96, 1, 9, 0.9, 0.8, 1.0, 9.0, 9, 9)

    monkeypatch.setattr("pages.ui.tradeoff.measured.recorded_scores", lambda run: None)
    monkeypatch.setattr("pages.ui.tradeoff.measured.dataset_name", lambda run: "mine")
    monkeypatch.setattr("pages.ui.tradeoff.measured.tradeoff_point", score)
    app = AppTest.from_function(many_runs, default_timeout=60, kwargs={"folder": str(workspace.runs)}).run()
    app.run()
    assert not app.exception
    assert sorted(scored) == sorted(map(str, range(201)))


def test_study_of_the_url_shows_its_own_runs_alone(add_run):
    add_run(0, study="first")
    second = add_run(1, study="second")
    add_run(2)
    assert list(open_page(study="second").dataframe[0].value["run"]) == [second.id]
    assert len(open_page(study=ALL).dataframe[0].value) == 3


def test_newest_study_comes_first_and_all_runs_last(add_run):
    add_run(0, study="older")
    add_run(1, study="newer")
    assert list(open_page().selectbox(key="study").options) == ["newer", "older", ALL, EXAMPLE]


def test_finished_runs_are_shown_while_others_are_under_way(add_run, workspace, tiny_config, finished_run):
    done = add_run(0, study="sizes")
    waiting = RunStore(workspace.runs).create(tiny_config(study="sizes"), finished_run.split)
    app = open_page()
    listed = [table.value for table in app.dataframe if "run" in table.value]
    assert [list(table["run"]) for table in listed] == [[done.id], [waiting.id]]
    assert "1 of 2 runs succeeded, 1 queued or running" in app.caption[0].value


def test_run_whose_predictions_are_damaged_is_left_out_with_the_reason(add_run):
    good, bad = add_run(0), add_run(1)
    (bad.folder / "predictions.parquet").unlink()
    app = open_page()
    assert bad.id in app.warning[0].value.replace("\\", "")
    assert list(app.dataframe[0].value["run"]) == [good.id]


@pytest.mark.parametrize("file", ["status.json", "config.json"])
def test_run_that_cannot_be_read_does_not_hide_the_others(add_run, file):
    good, bad = add_run(0), add_run(1)
    (bad.folder / file).unlink()
    (bad.folder / file).write_text("{")
    assert good.id in list(open_page().dataframe[0].value["run"])


def test_latency_is_measured_when_asked_for(add_run):
    add_run()
    app = open_page()
    assert app.dataframe[0].value["latency_ms"].isna().all()
    app.toggle(key="latency").set_value(True).run()
    assert (app.dataframe[0].value["latency_ms"] > 0).all()
    assert open_page(latency="true", price="time for one image").get_by_key("price").value == "latency_ms"
    assert app.toggle(key="latency").proto.query_param_key == "latency"


def test_run_that_kept_no_model_stays_where_times_are_measured(add_run):
    kept, given_up = add_run(0), add_run(1)
    (given_up.folder / "model.onnx").unlink()
    app = open_page(latency="true")
    rows = app.dataframe[0].value.set_index("run")
    assert rows.loc[given_up.id, "accuracy"] == rows.loc[kept.id, "accuracy"]
    assert rows["latency_ms"].isna().to_dict() == {given_up.id: True, kept.id: False}
    assert "Where no model was kept" in opening.texts(app)
    assert not app.warning


def test_runs_of_which_none_can_be_shown_are_not_told_to_succeed(add_run):
    run = add_run()
    (run.folder / "predictions.parquet").unlink()
    app = open_page()
    assert run.id in app.warning[0].value.replace("\\", "")
    assert "No finished run yet" not in opening.texts(app)


def test_time_for_one_image_is_measured_again_when_asked_for(add_run, monkeypatch):
    add_run()
    seconds = iter([0.9, 0.1])
    monkeypatch.setattr(
        "pages.ui.tradeoff.measured.measured_latency",
        lambda point, model: replace(point, latency_seconds=next(seconds)),
    )
    app = open_page(latency="true")
    assert list(app.dataframe[0].value["latency_ms"]) == [900.0]
    assert list(open_page(latency="true").dataframe[0].value["latency_ms"]) == [900.0]
    assert list(opening.press(app, "Measure again").dataframe[0].value["latency_ms"]) == [100.0]
    app.toggle(key="latency").set_value(False).run()
    assert "Measure again" not in [button.label for button in app.button]


def test_figures_have_a_description(add_run):
    add_run()
    drawn = open_page().get("plotly_chart")
    assert len(drawn) == 2
    assert all(chart.proto.alt for chart in drawn)


def test_runs_on_other_test_images_are_said_to_be(add_run):
    add_run(0)
    other = add_run(1)
    assert OTHERWISE not in opening.texts(open_page())
    table = other.predictions()
    (other.folder / "predictions.parquet").unlink()  # a link to the file that other tests read
    of_another_seed = table["split"].map({"test": "validation", "validation": "test"})
    table.assign(split=of_another_seed).to_parquet(other.folder / "predictions.parquet")
    assert OTHERWISE in opening.texts(open_page())


def test_runs_on_images_of_unknown_size_are_not_called_up_sampled(add_run):
    run = add_run(0, dataset="/elsewhere/mine", image_size=300)
    table = run.split.table
    (run.folder / "split.csv").unlink()  # a link to the file that other tests read
    table.assign(path=table["path"] + ".png").to_csv(run.folder / "split.csv", index=False)
    app = open_page()
    said = opening.texts(app) + "".join(chart.proto.spec for chart in app.get("plotly_chart"))
    assert "enlarge" not in said
    assert "up-sampled" not in said
    assert "native" not in said
    assert "up_sampled" not in app.dataframe[0].value
    assert OF_DRAWN not in said


def test_drawn_smears_are_said_to_be_and_not_set_beside_the_paper(add_run):
    add_run()
    app = open_page()
    assert OF_DRAWN in opening.texts(app)
    said = opening.texts(app) + "".join(chart.proto.spec + chart.proto.alt for chart in app.get("plotly_chart"))
    assert "paper" not in said
    assert "Beside published results" not in [header.value for header in app.header]
    assert "beside_paper" not in app.dataframe[0].value


def test_photographs_of_the_papers_classes_stand_beside_the_paper(add_run, photographed):
    add_run()
    app = open_page()
    assert "the paper, Table 1" in app.get("plotly_chart")[0].proto.spec
    assert "Beside published results" in [header.value for header in app.header]


def shown_from_elsewhere():
    from allcore.evaluation.tradeoff.points import TradeoffPoint
    from pages.ui.tradeoff.points import show_points

    show_points(
        [
            TradeoffPoint("a", "smears", "grouped", 96, 12, 326, 0.97, 0.95, 0.98, 900.0, 2 * 10**9, 15_000_000, 0.02),
            TradeoffPoint("b", "smears", "grouped", 300, 8, 326, 0.98, None, None, None, None, 57_000_000),
        ],
        "example",
        joined=True,
    )


def test_points_that_are_of_no_run_here_can_be_shown():
    app = AppTest.from_function(shown_from_elsewhere, default_timeout=60).run()
    assert not app.exception
    assert list(app.dataframe[0].value["accuracy"]) == [97.0, 98.0]
    assert any("differ in the number of epochs" in caption.value for caption in app.caption)
    assert len(app.get("plotly_chart")) == 2
