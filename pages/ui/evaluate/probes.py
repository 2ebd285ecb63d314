"""Evaluate, the probes: what the model relies on, seen by taking it from the test images."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st

from allcore.data.encode import jpeg
from allcore.data.intake.images import decode, read_image
from allcore.data.stain.normalise import StainLevels
from allcore.errors import InputError
from allcore.evaluation.held_out import views_of
from allcore.evaluation.probes.probing import ProbeReport, ProbeResult, cached_report, lenders_of, probe_model
from allcore.evaluation.probes.registry import AS_IT_IS, PROBES, Probe, Sample
from allcore.evaluation.probes.subject import Subject, SubjectFiles, subject_of_run
from allcore.refusals import what_went_wrong
from allcore.reporting.probes import CAVEAT, evidence_findings, findings, probe_figure, probe_table, what_it_looks_at
from allcore.runs.recorded_images import read_recorded_image
from allcore.text import counted, for_page
from allcore.workspace import open_workspace
from pages.ui import show
from pages.ui.address import bound_number
from pages.ui.evaluate.evaluated import Evaluated
from pages.ui.known.workspace import catalog
from pages.ui.paging import begin_anew
from pages.ui.shared_work import asked_for, make_and_show

_EXPLAINED = "Each probe removes something from the test images that the model may rely on, and scores them again."


def show_probes(of: Evaluated) -> None:
    """Show what the probes of the run's model found, or the button that makes them."""
    try:
        subject = subject_of_run(of.run)
        report = cached_report(subject, open_workspace().cache)
    except (InputError, OSError) as error:
        st.error(for_page(what_went_wrong(error)), title="This model cannot be probed")
        return
    if report is None or not report.complete:
        _offer(subject, report)
        return
    if looks_at := what_it_looks_at(views_of(report)):
        st.markdown(for_page(looks_at))
    st.caption(_EXPLAINED)
    show.figure(
        partial(probe_figure, report),
        f"probes-{of.run.id}",
        "Test accuracy under each probe with its 95 % interval, beside that of the images as they are and of chance",
    )
    _say(report)
    _show_table(report, of.run.id)
    for result in (result for result in report.results if result.skipped):
        st.caption(f"Skipped: {for_page(result.name)}, for {for_page(result.skipped)}.")
    if report.to_make() and asked_for(_work(subject), "Try the skipped again", icon=":material/refresh:"):
        _make(subject)
    _show_examples(of, subject, report)


def _offer(subject: Subject, report: ProbeReport | None) -> None:
    """Offer to make the probes, or those that are still missing."""
    n_test = int((subject.images["split"] == "test").sum())
    missing, every = _counted(PROBES if report is None else report.to_make()), _counted(PROBES)
    done = "" if report is None else f" {every - missing} of {every} are made."
    to_make = counted(missing, "probe is", "probes are")
    st.caption(f"{_EXPLAINED} {to_make} still to be made, of {counted(n_test, 'test image')}.{done}")
    label = "Go on" if report else "Probe the model"
    if asked_for(_work(subject), label, type="primary", icon=":material/labs:"):
        _make(subject)


def _counted(probes: Sequence[Probe]) -> int:
    """Return how many probes these are, without that which leaves the images as they are."""
    return sum(probe.name != AS_IT_IS for probe in probes)


def _work(subject: Subject) -> str:
    return f"probes of {subject.model}"


def _make(subject: Subject) -> None:
    """Make the missing probes with progress, and run the page again to show them."""
    cache = open_workspace().cache
    make_and_show(
        _work(subject), "Making the probes", "The probes cannot be made",
        lambda progress: probe_model(subject, cache, progress), subject.dataset,
    )  # fmt: skip


def _say(report: ProbeReport) -> None:
    """Say what each result means."""
    sentences = []
    for finding in findings(report):
        name, _, rest = finding.partition(": ")
        sentences.append(f"- **{for_page(name)}**: {for_page(rest)}")
    sentences += [f"- **evidence**: {for_page(finding)}" for finding in evidence_findings(report)]
    st.markdown("\n".join(sentences))
    st.caption(f"{CAVEAT} Evidence maps are coarse: each point stands for a large region.")


def _show_table(report: ProbeReport, run: str) -> None:
    show.table(
        probe_table(report),
        f"probes-{run}",
        "Each probe's test accuracy and its change with 95 % intervals, and how many predictions change",
        {
            "accuracy": show.per_cent_column("accuracy (%)"),
            "low": show.per_cent_column("95 % from"),
            "high": show.per_cent_column("to"),
            "lowest_recall": show.per_cent_column("lowest sensitivity (%)"),
            "lowest_class": "of class",
            "change": show.per_cent_column("change (points)", sign="+"),
            "change_low": show.per_cent_column("change 95 % from", sign="+"),
            "change_high": show.per_cent_column("change to", sign="+"),
            "followed_other": show.per_cent_column("predicted as the lender's class (%)"),
            "followed_neither": show.per_cent_column("predicted as neither (%)"),
            "decisions_changed": st.column_config.NumberColumn("predictions changed", format="%d"),
            "commonest_change": "most often",
            "what": "what is done",
        },
        placeholder="",
    )  # fmt: skip


def _show_examples(of: Evaluated, subject: Subject, report: ProbeReport) -> None:
    """Show one test image under every probe, at first the one that most probes call otherwise."""
    st.subheader("An image under each probe", anchor=False)
    test, first = subject.part("test"), _most_changed(report) + 1
    begin_anew("example", of.which, first)
    number = st.number_input(
        "Test image", 1, len(test), first, key="example", bind=bound_number("example"), width=160
    )  # fmt: skip
    row = test.iloc[number - 1]
    st.caption(f"{for_page(row['path'])}, true class {for_page(row['label'])}")
    try:
        images = catalog(Path(of.run.config.dataset))
        files = SubjectFiles(images.root, images.variant(subject.variant))
        lending = lenders_of(subject).iloc[[number - 1]]
        (lender,) = files.of(lending["path"])
        pictures, captions, alts = [], [], []
        for probe in PROBES:
            result = report.result(probe.name)
            if result is None or not result.predicted:
                continue
            (file,) = files.of(test["path"].iloc[[number - 1]], probe.variant)
            sha256 = "" if probe.variant else row["sha256"]
            lent = open_workspace().allowed(lender), lending["sha256"].iloc[0]
            pictures.append(_picture(open_workspace().allowed(file), sha256, probe, report, lent))
            called = _called(result, number - 1)
            captions.append(f"{probe.name}: **{for_page(called)}**{'' if called == row['label'] else ', wrong'}")
            alts.append(f"{row['label']} smear, {probe.name}, called {called}")
    except (InputError, OSError) as error:
        st.warning(for_page(what_went_wrong(error)), title="This image cannot be shown", icon=":material/hide_image:")
        return
    show.gallery(pictures, captions, alts)


def _picture(file: Path, sha256: str, probe: Probe, report: ProbeReport, lender: tuple[Path, str]) -> bytes:
    """Return an image as the probe gives it to the model, as a JPEG; `sha256` is what the run recorded of the file.

    `lender` is the file that lends the image something, and what the run recorded of it.
    """
    data = read_recorded_image(file, sha256) if sha256 else read_image(file)
    lent = read_recorded_image(*lender) if probe.borrows else b""
    stain = (*report.stain.mean, *report.stain.deviation)
    return _drawn(data, lent, (file.name, lender[0].name), hashlib.sha256(data + lent).hexdigest(), probe.name, stain)


@st.cache_data(max_entries=600, show_spinner=False)
def _drawn(
    _data: bytes,
    _lent: bytes,
    names: tuple[str, str],
    sha256: str,
    probe: str,
    stain: tuple[float, float, float, float],
) -> bytes:
    change = next(each.change for each in PROBES if each.name == probe)
    levels = StainLevels(mean=stain[:2], deviation=stain[2:])
    pixels = change(Sample(decode(_data, names[0]), levels, lambda: decode(_lent, names[1])))
    return jpeg(pixels, 95)


def _called(result: ProbeResult, row: int) -> str:
    assert result.scores is not None
    return result.scores.classes[result.predicted[row]]


def _most_changed(report: ProbeReport) -> int:
    before = report.result(AS_IT_IS)
    assert before is not None
    changed = [np.not_equal(result.predicted, before.predicted) for result in report.results if result.predicted]
    return int(np.sum(changed, axis=0).argmax())
