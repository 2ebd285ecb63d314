"""Which links of a dataset are followed: those that stay within what may be read. The others are named, never lost."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_ROOTS_VARIABLE: Final = "ALLCORE_DATA_ROOTS"
_WORKSPACE_VARIABLE: Final = "ALLCORE_WORKSPACE"

LEADS_OUT: Final = (
    f"a link out of the folders that may be read; name the folder that it leads to in {_ROOTS_VARIABLE}, or put what "
    "is meant in its place"
)
LEADS_BACK: Final = "a link back to a folder that holds it; remove it"
BROKEN: Final = "a link to nothing, or to itself; put what is meant in its place"


def workspace_root() -> Path:
    """Return the workspace's folder, absolute, by ALLCORE_WORKSPACE; `workspace` in the current folder when unset."""
    return from_home(os.environ.get(_WORKSPACE_VARIABLE) or "workspace")


def data_roots() -> tuple[Path, ...]:
    """Return the further folders that may be read, absolute, by ALLCORE_DATA_ROOTS (separated as in PATH)."""
    given = os.environ.get(_ROOTS_VARIABLE, "").split(os.pathsep)
    return tuple(from_home(entry) for entry in given if entry)


def from_home(path: str) -> Path:
    """Return a path that somebody typed, absolute, `~` being the home folder."""
    return Path(os.path.expanduser(path)).absolute()  # noqa: PTH111 - Path's own raises where there is no home


def bounds_of(dataset: Path) -> tuple[Path, ...]:
    """Return where a dataset's links may lead, resolved: into itself, the workspace's datasets and the data roots."""
    return tuple(folder.resolve() for folder in (dataset, workspace_root() / "datasets", *data_roots()))


def link_fault(path: Path, bounds: Sequence[Path]) -> str:
    """Return why a link is not followed, one of the texts above; '' where it is, or where `path` is none."""
    try:
        if not path.is_symlink():
            return ""
    except OSError:  # a name that is too long for one; whoever looks into it says so
        return ""
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return BROKEN
    if path.parent.resolve().is_relative_to(target):
        return LEADS_BACK
    return "" if any(target.is_relative_to(bound) for bound in bounds) else LEADS_OUT
