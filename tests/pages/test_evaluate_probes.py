"""The probes on the Evaluate page: offered, made, shown, and said why not."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from allcore.data.intake.images import decode
from allcore.evaluation.probes.evidence_share import EvidenceShare
from allcore.evaluation.probes.probing import ProbeResult, cached_report, lenders_of, probe_model
from allcore.evaluation.probes.registry import AS_IT_IS, PROBES, Sample
from allcore.evaluation.probes.subject import subject_of_run
from allcore.reporting.probes import evidence_findings, findings, probe_table
from tests.pages.opening import button, choose, open_page, press, table, texts

MADE = [probe for probe in PROBES if probe.variant is None]  # the drawn smears have no other variant


def open_probes(**query):
    return open_page("evaluate", view="Probes", **query)


def labels(app):
    return [button.label for button in app.button]


@pytest.fixture(scope="module")
def kept(finished_run, tmp_path_factory):
    """Return a folder with what is kept of the finished run's probes."""
    cache = tmp_path_factory.mktemp("probed")
    probe_model(subject_of_run(finished_run), cache)
    return cache / "probes"


@pytest.fixture
def probed(run, workspace, kept):
    """Return the run with its probes kept, and their report."""
    shutil.copytree(kept, workspace.cache / "probes")
    return run, cached_report(subject_of_run(run), workspace.cache)


@pytest.fixture
def own_dataset(probed, workspace, monkeypatch):
    """Return the probed run's dataset as a copy of its own, within the workspace."""
    run, _ = probed
    monkeypatch.delenv("ALLCORE_DATA_ROOTS")
    folder = shutil.copytree(run.config.dataset, workspace.datasets / "smears")
    config = run.folder / "config.json"
    config.write_text(config.read_text().replace(run.config.dataset, str(folder)))
    return folder


def test_probes_are_offered_and_made_on_a_click(run, workspace):
    app = open_probes()
    assert not app.get("plotly_chart")
    assert f"{len(PROBES) - 1} probes are still to be made, of {len(run.split.rows('test'))} test images" in texts(app)
    app = press(app, "Probe the model")
    assert len(app.get("plotly_chart")) == 1
    assert "Probe the model" not in labels(app)
    assert cached_report(subject_of_run(run), workspace.cache).complete


def test_second_look_shows_what_was_found_in_a_figure_words_and_a_table(probed):
    run, report = probed
    app = open_probes()
    assert "Probe the model" not in labels(app)
    assert all(chart.proto.alt for chart in app.get("plotly_chart"))
    said = texts(app).replace("\\", "").replace("**", "")
    for sentence in findings(report):
        assert sentence in said
    assert evidence_findings(report)
    for sentence in evidence_findings(report):
        assert sentence in said
    shown = table(app, "probe")
    assert list(shown["probe"]) == list(probe_table(report)["probe"])
    assert list(shown["accuracy"].dropna()) == list(probe_table(report)["accuracy"].dropna())
    assert any(f"csv-probes-{run.id}" in each.proto.id for each in app.get("download_button"))


def test_where_the_evidence_of_a_larger_map_falls_is_said(probed, workspace):
    _, report = probed
    share = EvidenceShare(share=0.3, interval=(0.25, 0.35), area=0.15)
    (file,) = (workspace.cache / "probes").iterdir()
    file.write_text(report.model_copy(update={"cells": share, "corner": share}).model_dump_json())
    said = texts(open_probes()).replace("\\", "")
    assert "of the evidence for the predicted class falls inside nucleated cells, 2.0 times their 15.0 %" in said
    assert "of the evidence for the predicted class falls in the scale-bar corner, 2.0 times its 15.0 %" in said


def test_skipped_probe_is_named_with_the_reason_and_can_be_tried_again(probed):
    app = open_probes()
    assert "Skipped: segmented, for the dataset has no variant Segmented." in texts(app)
    assert len(press(app, "Try the skipped again").get("plotly_chart")) == 1


def test_work_that_was_broken_off_can_be_gone_on_with(probed, workspace):
    run, report = probed
    (file,) = (workspace.cache / "probes").iterdir()
    file.write_text(report.model_copy(update={"results": report.results[:3]}).model_dump_json())
    app = open_probes()
    assert f" 2 of {len(PROBES) - 1} are made" in texts(app)
    press(app, "Go on")
    assert cached_report(subject_of_run(run), workspace.cache) == report


def test_example_is_shown_under_every_probe_with_what_it_is_called(probed):
    run, report = probed
    app = open_probes(example=3)
    captions = [image.captions[0] for image in app.image]
    true = run.split.table.loc[run.split.rows("test")[2], "label"]
    for probe, caption in zip(MADE, captions, strict=True):
        called = run.split.classes[report.result(probe.name).predicted[2]]
        assert caption == f"{probe.name}: **{called}**{'' if called == true else ', wrong'}"


def test_example_is_what_the_model_got(probed, served):
    run, report = probed
    app = open_probes(example=2)
    folder, subject = Path(run.config.dataset), subject_of_run(run)
    image = decode(folder / subject.part("test")["path"][1])
    sample = Sample(image, report.stain, lambda: decode(folder / lenders_of(subject)["path"][1]))
    for probe, shown in zip(MADE, app.image, strict=True):
        jpeg = np.frombuffer(served[Path(shown.value[0]).stem], np.uint8)
        pixels = cv2.cvtColor(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        assert np.abs(pixels.astype(int) - probe.change(sample)).mean() < 6


def test_at_first_the_image_is_shown_that_most_probes_call_otherwise(probed):
    _, report = probed
    before = report.result(AS_IT_IS).predicted
    changes = [
        sum(result.predicted[row] != before[row] for result in report.results if result.predicted)
        for row in range(len(before))
    ]
    app = open_probes()
    assert changes[app.number_input(key="example").value - 1] == max(changes)
    assert app.number_input(key="example").proto.query_param_key == "example"
    assert choose(app, "example", 1).number_input(key="example").value == 1


def test_results_stay_when_the_images_are_gone(probed, own_dataset):
    app = open_probes()
    assert len(app.image) == len(MADE)
    shutil.rmtree(own_dataset)
    app = open_probes()
    assert len(app.get("plotly_chart")) == 1
    assert not app.image
    assert "This image cannot be shown" in texts(app)


def test_image_that_changed_since_the_run_is_not_shown(probed, own_dataset):
    run, _ = probed
    path = run.split.table.loc[run.split.rows("test")[0], "path"]
    shutil.copy(own_dataset / run.split.table.loc[run.split.rows("test")[1], "path"], own_dataset / path)
    app = open_probes(example=1)
    assert "has changed since the run" in texts(app)


@pytest.mark.parametrize("gone", ["an image", "the dataset"])
def test_images_that_are_gone_are_said_when_probing(probed, own_dataset, workspace, gone):
    run, _ = probed
    shutil.rmtree(workspace.cache / "probes")
    if gone == "an image":
        (own_dataset / run.split.table["path"][0]).unlink()
    else:
        shutil.rmtree(own_dataset)
    app = press(open_probes(), "Probe the model")
    assert app.error[0].proto.title == "The probes cannot be made"
    assert ("are missing or changed" if gone == "an image" else "no dataset at") in texts(app).replace("\\", "")
    assert button(app, "Probe the model")


def test_images_outside_the_roots_are_not_probed(run, monkeypatch):
    monkeypatch.delenv("ALLCORE_DATA_ROOTS")
    app = press(open_probes(), "Probe the model")
    assert "outside the folders that may be read" in texts(app).replace("\\", "")


def test_run_without_its_model_cannot_be_probed(run):
    (run.folder / "model.onnx").unlink()
    app = open_probes()
    assert app.error[0].proto.title == "This model cannot be probed"


def test_damaged_model_is_said_to_be_when_probing(run):
    (run.folder / "model.onnx").unlink()
    (run.folder / "model.onnx").write_bytes(b"no model")
    app = press(open_probes(), "Probe the model")
    assert "is not a usable ONNX file" in texts(app).replace("\\", "")


def test_probe_that_no_image_passed_is_no_example(probed, workspace):
    _, report = probed
    (file,) = (workspace.cache / "probes").iterdir()
    grey = ProbeResult(name="grey", skipped="for a test")
    file.write_text(report.with_result(grey).model_dump_json())
    assert len(open_probes().image) == len(MADE) - 1


@pytest.mark.parametrize("query", [{"example": 999}, {"example": "none"}, {"session": {"example": 999}}])
def test_image_that_this_run_does_not_have_gives_way_to_one_that_it_has(probed, query):
    app = open_probes(**query)
    assert 1 <= app.number_input(key="example").value <= len(probed[0].split.rows("test"))
    assert len(app.image) == len(MADE)
