"""`probe`, on a run that really finished."""

import shutil

import pytest

from allcore.evaluation.held_out import views_of
from allcore.evaluation.probes.probing import cached_report
from allcore.evaluation.probes.registry import PROBES
from allcore.evaluation.probes.subject import subject_of_run
from allcore.reporting.probes import CAVEAT, evidence_findings, findings, what_it_looks_at


@pytest.fixture(scope="module")
def probed(finished):
    """Return what `probe --json` prints for the finished run."""
    from tests.cli.conftest import call

    return call(finished.workspace.root, "probe", "latest", "--json").json


def test_json_has_every_probe_with_its_scores_and_what_it_did(probed, finished, finished_run):
    report = cached_report(subject_of_run(finished_run), finished.workspace.cache)
    assert [result["name"] for result in probed["results"]] == [probe.name for probe in PROBES]
    assert [result["what"] for result in probed["results"]] == [probe.what for probe in PROBES]
    grey = next(result for result in probed["results"] if result["name"] == "grey")
    assert grey["scores"]["accuracy"] == report.result("grey").scores.accuracy
    assert grey["change"] == report.result("grey").change
    assert probed["corner"]["share"] == report.corner.share
    assert (probed["findings"], probed["note"]) == (findings(report), CAVEAT)
    assert probed["looks_at"] == what_it_looks_at(views_of(report))
    assert probed["model"] == finished_run.id


def test_table_and_sentences_say_the_same(probed, on_finished, finished, finished_run):
    outcome = on_finished("probe", finished_run.id)
    report = cached_report(subject_of_run(finished_run), finished.workspace.cache)
    lines = outcome.out.splitlines()
    (grey,) = [line.split() for line in lines if line.startswith("grey ")]
    assert float(grey[1]) == pytest.approx(100 * report.result("grey").scores.accuracy, abs=0.005)
    assert float(grey[5]) == pytest.approx(100 * report.result("grey").change, abs=0.005)
    for sentence in (*findings(report), what_it_looks_at(views_of(report)), *evidence_findings(report)):
        assert sentence in lines
    assert lines[-2:] == ["segmented: skipped, the dataset has no variant Segmented", CAVEAT]
    assert (outcome.code, outcome.err) == (0, "")


def test_file_by_itself_is_probed_with_the_images_of_a_folder(probed, on_finished, finished_run, smears, tmp_path):
    model = shutil.copy(finished_run.served_model, tmp_path / "model.onnx")
    alone = on_finished("probe", model, "--data", smears, "--json").json
    accuracy = {result["name"]: (result["scores"] or {}).get("accuracy") for result in alone["results"]}
    assert accuracy == {result["name"]: (result["scores"] or {}).get("accuracy") for result in probed["results"]}


def test_file_by_itself_without_a_folder_is_bad_input(on_finished, finished_run, tmp_path):
    model = shutil.copy(finished_run.served_model, tmp_path / "model.onnx")
    outcome = on_finished("probe", model)
    assert outcome.code == 2
    assert "give --data DIR" in outcome.err


@pytest.mark.parametrize("arguments", [("probe", "latest"), ("novelty", "latest", "x")], ids=" ".join)
def test_other_images_than_a_runs_own_are_refused(on_finished, smears_in_parts, smears, arguments):
    outcome = on_finished(*arguments, "--data", smears_in_parts)
    assert (outcome.code, outcome.out) == (2, "")
    assert f"{smears_in_parts} is not the dataset of run" in outcome.err
    assert "--data DIR" in outcome.err
    assert "is not the dataset" not in on_finished(*arguments, "--data", smears).err
