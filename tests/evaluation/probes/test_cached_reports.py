"""What is kept of probes: by content, and gone on with where it stopped."""

import shutil
from dataclasses import replace

import pytest

from allcore.errors import DatasetError
from allcore.evaluation.probes import probing as module
from allcore.evaluation.probes.probing import ProbeResult, cached_report, probe_model
from allcore.evaluation.probes.registry import AS_IT_IS, CELLS_ALONE, PROBES, Probe
from allcore.evaluation.probes.subject import subject_of_run

SEGMENTED = "segmented"


def test_second_look_needs_neither_the_images_nor_the_time(with_variants, tmp_path):
    subject = subject_of_run(with_variants)
    first = probe_model(subject, tmp_path / "cache")
    shutil.rmtree(subject.dataset)
    told = []
    assert probe_model(subject, tmp_path / "cache", lambda *at: told.append(at)) == first
    assert cached_report(subject, tmp_path / "cache") == first
    assert told == []


def test_second_look_needs_no_images_either_where_a_probe_was_skipped(own_copy, report, cache):
    shutil.rmtree(own_copy.dataset)
    assert report.result(SEGMENTED).skipped
    assert probe_model(own_copy, cache) == report


def test_probe_that_was_skipped_as_the_images_hold_no_cells_is_not_tried_again(report):
    without = report.with_result(ProbeResult(name=CELLS_ALONE, skipped="few of the images hold nucleated cells"))
    assert [probe.name for probe in without.to_make()] == [SEGMENTED]


def test_images_that_change_meanwhile_are_refused_and_what_was_made_before_is_kept(own_copy, report, tmp_path):
    test, train = own_copy.part("test"), own_copy.part("train")
    total = len(train) + len(test)

    def change(done, of):
        if done > total:  # the second probe is under way
            for path in test["path"]:
                shutil.copy(own_copy.dataset / train["path"][0], own_copy.dataset / path)

    with pytest.raises(DatasetError, match="has changed meanwhile"):
        probe_model(own_copy, tmp_path / "cache", change)
    kept = cached_report(own_copy, tmp_path / "cache")
    assert not kept.complete
    assert kept.results == report.results[: len(kept.results)]


def test_segmented_images_that_are_others_now_are_shown_anew_and_alone(with_variants, tmp_path):
    subject = subject_of_run(with_variants)
    first = probe_model(subject, tmp_path / "cache")
    shutil.rmtree(subject.dataset / "Segmented")
    shutil.copytree(subject.dataset / "Original", subject.dataset / "Segmented")
    told = []
    again = probe_model(subject, tmp_path / "cache", lambda *at: told.append(at))
    assert told[-1] == (len(subject.part("test")),) * 2
    assert first.result(SEGMENTED).predicted != first.result(AS_IT_IS).predicted
    assert again.result(SEGMENTED).predicted == again.result(AS_IT_IS).predicted
    assert again == first.with_result(again.result(SEGMENTED))
    assert cached_report(subject, tmp_path / "cache") == again


def test_nothing_is_kept_at_first(subject, tmp_path):
    assert cached_report(subject, tmp_path) is None


def test_what_was_kept_of_another_model_or_of_other_images_is_not_shown(own_copy, cache, tmp_path):
    fewer = replace(own_copy, images=own_copy.images[1:])
    other = tmp_path / "other.onnx"
    other.write_bytes(own_copy.model.read_bytes() + b" ")
    assert cached_report(own_copy, cache) is not None
    assert cached_report(fewer, cache) is None
    assert cached_report(replace(own_copy, model=other), cache) is None


@pytest.mark.parametrize("part", ["WORK", "FINDER_WORK", "INTAKE_VERSION", "__version__"])
def test_what_another_program_would_read_or_make_otherwise_is_not_shown(own_copy, cache, monkeypatch, part):
    assert cached_report(own_copy, cache) is not None
    monkeypatch.setattr(module, part, "another")
    assert cached_report(own_copy, cache) is None


def test_moved_dataset_and_renamed_run_find_what_was_kept(own_copy, report, cache, tmp_path):
    moved = replace(own_copy, dataset=own_copy.dataset.rename(tmp_path / "moved"), name="other")
    assert cached_report(moved, cache) == report.model_copy(update={"model": "other"})


def test_work_that_was_broken_off_goes_on_where_it_stopped(subject, report, tmp_path):
    class BreaksOffError(Exception):
        pass

    n_test, n_train = len(subject.part("test")), len(subject.part("train"))

    def break_off(done, total):
        if done > n_train + 2 * n_test:
            raise BreaksOffError

    with pytest.raises(BreaksOffError):
        probe_model(subject, tmp_path, break_off)
    kept = cached_report(subject, tmp_path)
    assert [result.name for result in kept.results] == [probe.name for probe in PROBES[:2]]
    assert not kept.complete
    told = []
    assert probe_model(subject, tmp_path, lambda *at: told.append(at)) == report
    assert told[-1] == ((len(PROBES) - 2) * n_test,) * 2


def test_damaged_copy_is_made_again(subject, report, cache):
    (copy,) = (cache / "probes").iterdir()
    copy.write_text(copy.read_text()[:-100])
    assert cached_report(subject, cache) is None
    assert probe_model(subject, cache) == report
    assert cached_report(subject, cache) == report


def test_where_nothing_can_be_kept_the_results_are_whole(subject, report, tmp_path):
    (tmp_path / "cache").write_text("a file where the cache should be")
    assert probe_model(subject, tmp_path / "cache") == report


def test_new_probe_is_made_alone(subject, report, cache, monkeypatch):
    upside_down = Probe("upside down", "Turned.", "gravity", lambda sample: sample.image[::-1])
    monkeypatch.setattr(module, "PROBES", (*PROBES[:3], upside_down, *PROBES[3:]))
    told = []
    more = probe_model(subject, cache, lambda *at: told.append(at))
    n_test = len(subject.part("test"))
    assert told[-1] == (2 * n_test, 2 * n_test)  # and the one that was skipped before
    assert [result.name for result in more.results][3] == "upside down"
    assert [result for result in more.results if result.name != "upside down"] == list(report.results)


def test_progress_counts_the_training_images_and_those_of_each_probe(subject, probed):
    told = probed[1]
    total = len(subject.part("train")) + len(PROBES) * len(subject.part("test"))
    assert told[-1] == (total, total)
    assert {of for _, of in told} == {total}
    assert [done for done, _ in told] == sorted({done for done, _ in told})
