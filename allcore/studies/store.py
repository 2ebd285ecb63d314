"""Studies on disk: a folder with the plan, and which runs are its members."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout

from allcore.config import parse_config
from allcore.errors import ConfigError, RunError
from allcore.json_text import of_another_schema
from allcore.runs.folder.files import read_record, run_names
from allcore.runs.folder.states import ACTIVE
from allcore.runs.folder.status import Status, read_status, write_status
from allcore.runs.folder.store import Run, at_present, has_succeeded, state_of
from allcore.runs.folder.worker_lock import lock_in
from allcore.studies.plan import PLAN_SCHEMA, StudyPlan, make_plan
from allcore.writing import make_folder, new_folder_written_whole, write_whole

PLAN_FILE = "study.json"
_PLAN_LOCK = ".plan.lock"
IDENTITY_FILE = "identity.json"
_NEWEST = "latest"


@dataclass(frozen=True)
class Study:
    """One study's folder. Reading a file that is damaged or not there raises `RunError`."""

    folder: Path

    @property
    def name(self) -> str:
        """The study's name, which its members' configurations have."""
        return self.folder.name

    @property
    def identity(self) -> str:
        """What no other study has, of the same name in another workspace say; the name alone in earlier versions."""
        try:
            token = (read_record(self.folder, IDENTITY_FILE) or {}).get("token")
        except RunError:  # it is damaged
            token = None
        return f"{self.name} {token}" if isinstance(token, str) and token.isalnum() else self.name

    def plan(self) -> StudyPlan:
        """Return the plan as it is now: it may be extended while the study goes on."""
        fields = read_record(self.folder, PLAN_FILE)
        if fields is None:
            raise RunError(f"study {self.name} has no {PLAN_FILE}: it was deleted, or never came to be")
        if (schema := fields.get("schema_number")) != PLAN_SCHEMA:
            raise RunError(of_another_schema(f"study {self.name}: {PLAN_FILE}", schema, PLAN_SCHEMA))
        try:
            config = parse_config(fields.get("config"), PLAN_FILE)
            plan = make_plan(**{**fields, "config": at_present(config)})
        except ConfigError as error:
            raise RunError(f"study {self.name}: {PLAN_FILE} is damaged ({error})") from None
        if plan.name != self.name:  # its members have the other name, and none would be found
            raise RunError(f"study {self.name}: {PLAN_FILE} is that of study {plan.name}; give the folder that name")
        return plan

    def status(self) -> Status:
        """Return what the process that carries out the study is doing now."""
        return read_status(self.folder)

    def runs_at_places(self, runs: Iterable[Run]) -> list[tuple[str, Run]]:
        """Return which of the runs were made for this study, each with its place's name; damaged ones are left out."""
        found = []
        for run in runs:
            try:
                config = run.config
            except RunError:
                continue
            if config.study == self.name and config.place is not None:
                found.append((config.place, run))
        return found

    def members(self, runs: Iterable[Run]) -> dict[str, Run]:
        """Return the member at each place that has one, by the place's name; of several, one that succeeded or the
        newest. `runs` come newest first."""
        found: dict[str, Run] = {}
        for place, run in self.runs_at_places(runs):
            former = found.setdefault(place, run)
            if former is not run and not has_succeeded(former) and has_succeeded(run):
                found[place] = run
        return found

    def active_members(self, runs: Iterable[Run]) -> list[Run]:
        """Return the members that go on and are the workspace's own: one that is a link is another's to stop."""
        return [run for run in self.members(runs).values() if not run.folder.is_symlink() and state_of(run) in ACTIVE]


@dataclass(frozen=True)
class StudyStore:
    """The folder that holds the studies."""

    root: Path

    def create(self, plan: StudyPlan) -> Study:
        """Make a study's folder, whole or not at all.

        Raises `RunError` when there is one of that name, or the name stands for the newest study.
        """
        if plan.name == _NEWEST:
            raise RunError(f"a study cannot be called {_NEWEST}, which stands for the newest study; give another name")
        folder = self.root / plan.name
        try:
            make_folder(self.root)
            with new_folder_written_whole(folder) as unfinished:
                write_whole(unfinished / PLAN_FILE, plan.to_json())
                write_whole(unfinished / IDENTITY_FILE, json.dumps({"token": secrets.token_hex(8)}))
                moment = time.time()
                write_status(unfinished, Status(state="cancelled", heartbeat=moment, queued_at=moment))
        except OSError as error:
            if isinstance(error, FileExistsError) and folder.exists():
                raise RunError(
                    f"there is a study {plan.name!r} already; give another name, or extend it with `study resume`"
                ) from None
            raise RunError(f"the study's folder cannot be written below {self.root} ({error.strerror})") from None
        return Study(folder)

    def change(self, study: Study, former: StudyPlan, plan: StudyPlan) -> None:
        """Replace a study's plan `former` by one that extends it.

        Raises `RunError` where the plan is another one by now or becomes one at this moment, where the study was
        deleted, and when the disk refuses.
        """
        try:
            with lock_in(study.folder, _PLAN_LOCK):
                if study.plan() != former:
                    raise RunError(f"study {study.name} was extended meanwhile; look at it, and extend it again")
                write_whole(study.folder / PLAN_FILE, plan.to_json())
        except Timeout:
            raise RunError(
                f"study {study.name} is being extended by another process; look at it in a moment, and extend it again"
            ) from None
        except OSError as error:
            raise RunError(f"the plan of study {study.name} cannot be written ({error.strerror})") from None

    def studies(self) -> list[Study]:
        """Return all studies, newest first, the damaged ones too."""
        folders = [self.root / name for name in run_names(self.root)]
        return [Study(folder) for folder in sorted(folders, key=_made_at, reverse=True)]

    def find(self, name: str) -> Study:
        """Return the study with this name, an unambiguous part of it, or `latest`. Raises `RunError`."""
        studies = self.studies()
        matches = [study for study in studies if study.name == name]
        if name == _NEWEST and studies and not matches:  # earlier versions let a study be called so
            return studies[0]
        matches = matches or [study for study in studies if name and name in study.name]
        if len(matches) == 1:
            return matches[0]
        if matches:
            names = ", ".join(study.name for study in matches)
            raise RunError(f"{name!r} fits {len(matches)} studies ({names}); give the whole name")
        raise RunError(f"there is no study {name!r} below {self.root}; `study list` shows those that are")


def _made_at(folder: Path) -> tuple[float, str]:
    """Return what sorts studies by when their plan was last written."""
    try:
        return (folder / PLAN_FILE).stat().st_mtime, folder.name
    except OSError:
        return 0.0, folder.name
