"""Who did what and when, where people sign in: the workspace's `actions.jsonl`, which outlives what it names."""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from allcore.errors import FileError
from allcore.files import read_tail
from allcore.json_text import parse_json
from allcore.writing import append_lines, make_folder

ACTIONS_FILE: Final = "actions.jsonl"
_READ_BYTES: Final = 4 * 2**20
"""Of the end of the file: some tens of thousands of actions."""


class Action(BaseModel):
    """One action: the moment (seconds since the epoch), who, what (launch, stop, delete, …), and on which thing."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    moment: Annotated[float, Field(ge=0.0, le=1e11)]
    who: str
    what: str
    on: str


def record_action(workspace: Path, who: str, what: str, on: str) -> None:
    """Append an action to the workspace's file. Raises `OSError` when the disk refuses."""
    make_folder(workspace)
    line = Action(moment=time.time(), who=who, what=what, on=on).model_dump()
    append_lines(workspace / ACTIONS_FILE, [json.dumps(line)])


def actions_on(workspace: Path, things: Collection[str]) -> list[Action]:
    """Return what was done to runs, studies or datasets of these names, latest last; foreign lines are left out."""
    try:
        lines = read_tail(workspace / ACTIONS_FILE, _READ_BYTES).splitlines()
    except FileError:
        return []
    found = []
    for line in lines:
        try:
            action = Action.model_validate(parse_json(line))
        except (FileError, ValidationError):
            continue
        if action.on in things:
            found.append(action)
    return found
