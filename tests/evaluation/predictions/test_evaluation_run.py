"""A model's scoring of a labelled folder opens like a run."""

import shutil

import pytest

from allcore.data.catalog import scan
from allcore.evaluation.predictions import evaluation_run as module
from allcore.evaluation.predictions.evaluation_run import evaluation_place, evaluation_record, evaluation_run
from allcore.evaluation.predictions.recorded import recorded_predictions
from allcore.evaluation.predictions.score_folder import ScoringRequest, score_folder
from allcore.inference.predictor import load_predictor
from allcore.runs.recorded_images import images_of_run


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def opened(finished_run, cache):
    """Return a scorer of the finished run's model on a folder, in the form of a run."""
    model = finished_run.served_model
    predictor = load_predictor(model)

    def scored(of):
        run = evaluation_run(predictor, model, of, cache)
        return run, score_folder(predictor, model, of, cache).evaluation

    return scored


def test_its_predictions_and_scores_are_those_of_the_folder(opened, smears):
    run, evaluation = opened(ScoringRequest(folder=smears))
    recorded = recorded_predictions(run, "test")
    assert recorded.score() == evaluation.scores
    assert list(recorded.table["twin"]) == list(evaluation.predictions.table["twin"])
    assert evaluation_record(run).facts.notes(ScoringRequest(folder=smears)) == evaluation.notes
    assert run.status().state == "succeeded"


def test_it_knows_the_classes_of_the_model_where_the_folder_lacks_one(opened, smears, tmp_path, finished_run):
    copied = shutil.copytree(smears, tmp_path / "copied")
    shutil.rmtree(copied / "Pro")
    run, evaluation = opened(ScoringRequest(folder=copied))
    assert recorded_predictions(run, "test").classes == evaluation.predictions.classes == finished_run.split.classes


def test_its_model_and_its_images_are_found(opened, smears, finished_run, cache):
    run, _ = opened(ScoringRequest(folder=smears, split="test"))
    assert run.served_model.resolve() == finished_run.served_model.resolve()
    _, rows = images_of_run(run, cache, "test")
    assert sorted(rows["path"]) == sorted(finished_run.split.table.query("split == 'test'")["path"])


def test_images_of_the_folder_that_the_model_was_trained_on_stand_beside_as_such(opened, smears, finished_run):
    run, _ = opened(ScoringRequest(folder=smears, split="test"))
    ours, theirs = (of.split.table.set_index("path")["split"] for of in (run, finished_run))
    assert ours.to_dict() == theirs[theirs != "validation"].to_dict()


def test_it_is_found_again_until_a_label_an_image_or_what_is_asked_changes(
    opened, smears, tmp_path, finished_run, cache
):
    copied, model = shutil.copytree(smears, tmp_path / "copied"), finished_run.served_model
    of = ScoringRequest(folder=copied)
    run, _ = opened(of)
    assert evaluation_place(model, scan(copied, cache), "", of, cache) == run
    other = ScoringRequest(folder=copied, mapping={"Pro": "Pre"})
    assert evaluation_place(model, scan(copied, cache), "", other, cache) != run
    first = next((copied / "Pro").iterdir())
    first.rename(copied / "Pre" / first.name)
    assert evaluation_place(model, scan(copied, cache), "", of, cache) != run


def test_images_that_came_since_the_folder_was_looked_at_are_scored_and_it_is_kept_for_those_that_were_scored(
    opened, smears, tmp_path, finished_run, cache
):
    copied, model = shutil.copytree(smears, tmp_path / "copied"), finished_run.served_model
    of, before = ScoringRequest(folder=copied), scan(copied, cache)
    shutil.copy(copied / "Pro" / "pro-0001.jpg", copied / "Pro" / "more.jpg")
    run, _ = opened(of)
    assert evaluation_record(run).facts.images == 65
    assert evaluation_place(model, scan(copied, cache), "", of, cache) == run
    assert evaluation_record(evaluation_place(model, before, "", of, cache)) is None


def test_files_that_cannot_be_used_are_counted_anew_once_there_are_more(opened, smears, tmp_path, finished_run, cache):
    copied, model = shutil.copytree(smears, tmp_path / "copied"), finished_run.served_model
    of = ScoringRequest(folder=copied)
    opened(of)
    (copied / "Pro" / "empty.jpg").write_bytes(b"")
    assert evaluation_record(evaluation_place(model, scan(copied, cache), "", of, cache)) is None
    run, _ = opened(of)
    assert evaluation_record(run).facts.unusable == 1


@pytest.mark.parametrize("part", ["_FORM", "INTAKE_VERSION", "SEARCH_VERSION", "__version__"])
def test_it_is_made_anew_once_another_program_would_read_search_or_predict_otherwise(
    opened, smears, finished_run, cache, monkeypatch, part
):
    of, images, model = ScoringRequest(folder=smears), scan(smears, cache), finished_run.served_model
    run, _ = opened(of)
    assert evaluation_place(model, images, "", of, cache) == run
    monkeypatch.setattr(module, part, "another", raising=False)
    assert evaluation_record(evaluation_place(model, images, "", of, cache)) is None


def test_a_run_is_no_scoring_of_a_folder(finished_run):
    assert evaluation_record(finished_run) is None
