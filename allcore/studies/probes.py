"""The probes on a study's folds: each member's network on its own test images, as mean and spread over members."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from allcore.errors import InputError, RunError
from allcore.evaluation.comparing.repeated import Spread, spread
from allcore.evaluation.held_out import views_of
from allcore.evaluation.probes.probing import ProbeReport, cached_report, probe_model
from allcore.evaluation.probes.registry import PROBES
from allcore.evaluation.probes.subject import subject_of_run
from allcore.inference.metadata import ViewScore
from allcore.progress import Progress, progress_of_part
from allcore.studies.plan import StudyPlan
from allcore.studies.results import FinishedMember, by_part


class ProbeSpread(BaseModel):
    """What one probe found over the members of a setting, in fractions: `accuracy`, and where another class's image
    lends something, how many images are called that class (`followed_other`) and neither (`followed_neither`)."""

    model_config = ConfigDict(frozen=True)

    probe: str
    members: int
    accuracy: Spread
    followed_other: Spread | None = None
    followed_neither: Spread | None = None


class SettingProbes(BaseModel):
    """The probes of one setting, as far as they are made, and the evidence inside nucleated cells (fraction).

    `members` is how many networks were probed; `without_model` how many cannot be, since their model was not kept.
    """

    model_config = ConfigDict(frozen=True, serialize_by_alias=True)

    setting: str = Field(serialization_alias="cell")  # as scripts that read `--json` know it
    members: int
    without_model: int
    probes: tuple[ProbeSpread, ...]
    evidence_in_cells: Spread | None = None


def compute_probes(finished: list[FinishedMember], cache: Path, on_progress: Progress | None = None) -> None:
    """Make the probes that `cache` lacks of each member that has kept its model.

    `on_progress` hears of the work done. Raises `InputError` when the images are gone or have changed, or a model is
    damaged.
    """
    with_model = [each for each in finished if _has_model(each)]
    for number, each in enumerate(with_model):
        probe_model(subject_of_run(each.run), cache, progress_of_part(on_progress, number, len(with_model)))


def setting_probes(plan: StudyPlan, finished: list[FinishedMember], cache: Path) -> list[SettingProbes]:
    """Return what `cache` holds of the probes of each setting of which it holds any, in the plan's order."""
    found = []
    for setting in plan.settings:
        of_setting = [each for each in finished if each.place.setting == setting]
        reports = [(each, report) for each in of_setting if (report := _report(each, cache)) is not None]
        if reports:
            without = sum(not _has_model(each) for each in of_setting)
            found.append(_of_setting(plan, setting, reports, without))
    return found


def _of_setting(
    plan: StudyPlan, setting: str, reports: list[tuple[FinishedMember, ProbeReport]], without: int
) -> SettingProbes:
    views = [(each, {view.probe: view for view in views_of(report)}) for each, report in reports]
    probes = []
    for probe in PROBES:
        made = [(each, of[probe.name]) for each, of in views if probe.name in of]
        if made:
            probes.append(
                ProbeSpread(
                    probe=probe.name,
                    members=len(made),
                    accuracy=_spread(plan, [(each, view.accuracy) for each, view in made]),
                    followed_other=_followed(plan, made, "followed_other"),
                    followed_neither=_followed(plan, made, "followed_neither"),
                )
            )
    shares = [(each, report.cells.share) for each, report in reports if report.cells and report.cells.share is not None]
    return SettingProbes(
        setting=setting,
        members=len(reports),
        without_model=without,
        probes=tuple(probes),
        evidence_in_cells=_spread(plan, shares) if shares else None,
    )


def _followed(plan: StudyPlan, made: list[tuple[FinishedMember, ViewScore]], name: str) -> Spread | None:
    known = [(each, value) for each, view in made if (value := getattr(view, name)) is not None]
    return _spread(plan, known) if known else None


def _spread(plan: StudyPlan, values: list[tuple[FinishedMember, float]]) -> Spread:
    return spread(by_part(plan, {(each.place.seed, each.place.fold): value for each, value in values}))


def _report(each: FinishedMember, cache: Path) -> ProbeReport | None:
    try:
        return cached_report(subject_of_run(each.run), cache)
    except (InputError, OSError):  # no model, or none that can be read: there is nothing to probe
        return None


def _has_model(each: FinishedMember) -> bool:
    try:
        return each.run.served_model.is_file()
    except RunError:
        return False
