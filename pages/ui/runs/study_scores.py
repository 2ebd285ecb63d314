"""What a study's finished members say together: scores, baselines and probes on its folds, and its report."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from allcore.data.labels.meanings import check_meanings
from allcore.errors import InputError
from allcore.progress import Progress, progress_of_part
from allcore.reporting.studies.report import make_study_report
from allcore.reporting.studies.tables import probes_table
from allcore.reporting.studies.wording import best_in_words, probes_in_words, setting_names, shortcuts_in_words
from allcore.result_cache import cached_version
from allcore.runs.folder.store import Run
from allcore.studies.baselines import baseline_members, compute_baselines
from allcore.studies.findings import MARGIN, StudyFindings, baseline_scores, study_findings
from allcore.studies.grid import Grid
from allcore.studies.out_of_fold import out_of_fold_name
from allcore.studies.probes import compute_probes, setting_probes
from allcore.studies.results import SettingScores, finished_members, setting_scores
from allcore.studies.store import Study
from allcore.text import for_page
from allcore.workspace import Workspace, open_workspace
from pages.ui.known.runs import runs
from pages.ui.shared_work import asked_for, make_and_show
from pages.ui.show import per_cent_column, table

MOST_LINKS = 10
_NUMBERS = {
    "accuracy": "Accuracy (%)", "accuracy_sd_folds": "SD over folds", "accuracy_sd_seeds": "SD over seeds",
    "pooled": "Pooled (%)", "low": "95 % from", "high": "to", "f1_macro": "Macro F1 (%)",
    "f1_macro_sd_folds": "F1: SD over folds",
}  # fmt: skip


@dataclass(frozen=True)
class _Shown:
    """What is shown of a study: an answer in words, a table of scores, one of probes, whether it is complete, and of
    which dataset it is."""

    words: tuple[str, ...]
    scores: pd.DataFrame
    probes: pd.DataFrame
    complete: bool
    dataset: str


def show_scores(study: Study, grid: Grid, planned: tuple[int, int]) -> None:
    """Show what the members that have succeeded say together, and lead to their predictions and the report.

    `planned` tells versions of the study's plan apart.
    """
    succeeded = tuple(member.run for member in grid.members if member.state == "succeeded")
    if not succeeded:
        return
    try:
        shown = _shown(
            str(study.folder), planned, succeeded, cached_version(open_workspace().cache, "shortcuts", "probes")
        )
    except InputError as error:
        st.warning(for_page(str(error)), title="The scores cannot be put together")
        return
    st.markdown("\n".join(f"- {for_page(sentence)}" for sentence in shown.words))
    table(
        shown.scores, f"scores-{study.name}",
        "Accuracy and macro F1 of each setting and baseline with their spread over folds and seeds",
        {
            "cell": "Setting or baseline", "runs": "Runs", "images": "Test images",
            "minutes": st.column_config.NumberColumn("Training of a run (min)", format="%.1f"),
            **{name: per_cent_column(title) for name, title in _NUMBERS.items()},
        },
        placeholder="–",
    )  # fmt: skip
    st.caption(
        "Accuracy and macro F1 are means over runs; pooled is the accuracy of all their test images taken together, "
        "its interval taking groups of images as trials. Baselines learn and are scored on the same parts."
    )
    if len(shown.probes):
        table(shown.probes, f"probes-{study.name}", "Accuracy of each setting under each probe, mean and spread")
    _offer(study, grid, shown)
    _links(study, grid)


def _offer(study: Study, grid: Grid, shown: _Shown) -> None:
    """Offer the report and, where the study is at rest, what it lacks of baselines and probes."""
    with st.container(horizontal=True):
        _offer_report(study, shown.dataset)
        work, label = f"baselines and probes of {study.folder}", "Compute baselines and probes"
        if shown.complete or grid.is_active:
            return
        wanted = asked_for(work, label, key=f"complete-{study.name}", icon=":material/labs:")
    if wanted:
        _complete(study, work)


def _offer_report(study: Study, dataset: str) -> None:
    """Offer the file that `study report STUDY --output` writes; or say why there can be none."""
    try:
        check_meanings(dataset, open_workspace().classes)
    except InputError as error:
        st.warning(for_page(str(error)), title="No report can be made")
        return
    st.download_button(
        "Report", partial(_report, study, open_workspace()), f"{study.name}.html", "text/html",
        key=f"report-{study.name}", icon=":material/description:", on_click="ignore",
        help="One HTML file: which settings differ, folds side by side, baselines and probes.",
    )  # fmt: skip


def _complete(study: Study, work: str) -> None:
    """Compute what a study lacks, with progress, and run the page again to show it."""
    make_and_show(
        work, "Computing baselines and probes", "They cannot be computed",
        partial(_compute, study, tuple(runs()), open_workspace()), Path(study.plan().config.dataset),
    )  # fmt: skip


def _compute(study: Study, every: tuple[Run, ...], of: Workspace, progress: Progress) -> None:
    plan = study.plan()
    finished = finished_members(plan, study.members(every))
    compute_baselines(plan, finished, of.cache, progress_of_part(progress, 0, 2), frozen=False)
    compute_probes(finished, of.cache, progress_of_part(progress, 1, 2))


def _report(study: Study, of: Workspace) -> bytes:
    plan = study.plan()
    return make_study_report(study_findings(study.name, plan, study.members(runs()), of.cache), of)


def _links(study: Study, grid: Grid) -> None:
    with st.container(horizontal=True):
        members = [member for member in grid.members if member.state == "succeeded"]
        of = dict.fromkeys((member.place.setting, member.place.seed) for member in members)
        for setting, seed in list(of)[:MOST_LINKS]:
            name = out_of_fold_name(setting, seed)
            st.page_link(
                "pages/evaluate.py", label=for_page(f"Evaluate {name}"), icon=":material/grid_on:",
                query_params={"run": f"{study.name}: {name}"},
            )  # fmt: skip


@st.cache_data(max_entries=32, show_spinner="Scoring the study …")
def _shown(
    folder: str, planned: tuple[int, int], succeeded: tuple[str, ...], kept: tuple[tuple[int, int], ...]
) -> _Shown:
    """Return what is shown of a study; `succeeded` are its members that have, `kept` tells versions of caches apart."""
    study, cache = Study(Path(folder)), open_workspace().cache
    plan = study.plan()
    members = {name: run for name, run in study.members(runs()).items() if run.id in succeeded}
    finished = finished_members(plan, members)
    settings, probes = setting_scores(plan, finished, cache), setting_probes(plan, finished, cache)
    baselines = baseline_scores(plan, baseline_members(plan, finished, cache), cache)
    found = StudyFindings(study.name, plan, MARGIN, finished, settings, [], baselines, [], probes)
    names = setting_names(plan)
    said = [best_in_words(found), shortcuts_in_words(found)]
    said += [probes_in_words(probed, names[probed.setting]) for probed in probes]
    of_probes = probes_table(found)
    return _Shown(
        tuple(filter(None, said)),
        pd.DataFrame(
            [_row(names[each.setting], each) for each in settings if each.succeeded]
            + [_row(baseline.setting, baseline) for baseline in baselines]
        ),
        pd.DataFrame(of_probes.rows, columns=[column.removeprefix("#") for column in of_probes.columns]),
        bool(baselines) and sum(probed.members for probed in probes) == len(finished),
        plan.config.dataset,
    )


def _row(name: str, scores: SettingScores) -> dict[str, object]:
    low, high = scores.intervals["accuracy"]
    accuracy, f1 = scores.spreads["accuracy"], scores.spreads["f1_macro"]
    fractions = {
        "accuracy": accuracy.mean, "accuracy_sd_folds": accuracy.sd_folds, "accuracy_sd_seeds": accuracy.sd_seeds,
        "pooled": scores.pooled["accuracy"], "low": low, "high": high, "f1_macro": f1.mean,
        "f1_macro_sd_folds": f1.sd_folds,
    }  # fmt: skip
    return {
        "cell": name,  # as the table's CSV file calls it
        "runs": f"{scores.succeeded} of {scores.members}", "images": scores.images,
        **{key: None if value is None else 100 * value for key, value in fractions.items()},
        "minutes": None if scores.training_seconds is None else scores.training_seconds / 60,
    }  # fmt: skip
