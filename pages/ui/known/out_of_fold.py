"""A study's out-of-fold predictions among the runs that a page lets the user choose from."""

from __future__ import annotations

from allcore.errors import InputError, RunError
from allcore.runs.folder.store import Run
from allcore.studies.out_of_fold import out_of_fold_name, out_of_fold_run
from allcore.studies.results import finished_members
from allcore.studies.store import Study
from pages.ui.known.runs import runs, states
from pages.ui.known.studies import plan_of, studies


def out_of_fold_choices() -> dict[str, tuple[Study, str, int]]:
    """Return the settings and seeds of all studies of which a member has succeeded, by what a list calls them."""
    every = runs()
    found: dict[str, tuple[Study, str, int]] = {}
    for study in studies():
        try:
            plan, members = plan_of(study), study.members(every)
        except InputError:
            continue
        now = states(list(members.values()))
        for place in plan.places:
            if place.name in members and now[members[place.name].id] == "succeeded":
                name = f"{study.name}: {out_of_fold_name(place.setting, place.seed)}"
                found.setdefault(name, (study, place.setting, place.seed))
    return found


def open_out_of_fold(study: Study, setting: str, seed: int) -> Run:
    """Return the out-of-fold predictions of a setting and a seed in a run's form. Raises `RunError`."""
    plan = plan_of(study)
    wanted = {place.name for place in plan.places if (place.setting, place.seed) == (setting, seed)}
    members = {name: run for name, run in study.members(runs()).items() if name in wanted}
    finished = finished_members(plan, members)
    if not finished:
        raise RunError(f"no member of study {study.name} with {out_of_fold_name(setting, seed)} has succeeded")
    return out_of_fold_run(study, finished, setting, seed)
