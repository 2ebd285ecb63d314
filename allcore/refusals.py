"""What a disk refused with, in words: full, over a quota, read-only, failing or forbidden; and what to do then."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final, NamedTuple


class Refusal(NamedTuple):
    """Why a disk refused, what to do, and whether it is for want of room, which passes when some is made."""

    why: str
    to_do: str
    of_room: bool = False


_ELSEWHERE: Final = "move the workspace (ALLCORE_WORKSPACE) to another disk"
_GONE: Final = Refusal("the disk is gone", f"connect it again, or {_ELSEWHERE}")
_FORBIDDEN: Final = Refusal(
    "access is not permitted",
    "change the permissions there, or set ALLCORE_WORKSPACE to a folder that may be written to",
)
_REFUSALS: Final = {
    errno.ENOSPC: Refusal("the disk is full", "free some space", of_room=True),
    errno.EDQUOT: Refusal(
        "your quota on the disk is used up", "free some space of your own, or ask for a larger quota", of_room=True
    ),
    errno.EROFS: Refusal("the disk is read-only", f"make it writable, or {_ELSEWHERE}"),
    errno.EIO: Refusal("the disk is failing", f"have it checked, or {_ELSEWHERE}"),
    errno.ENXIO: _GONE,
    errno.ESTALE: _GONE,
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
}


def refusal(error: Exception) -> Refusal | None:
    """Return why a disk refused; None where the error is another. Some libraries say it in words alone."""
    number = getattr(error, "errno", None)
    if not isinstance(number, int):
        number = next((one for one in _REFUSALS if os.strerror(one) in str(error)), 0)
    found = _REFUSALS.get(number)
    return None if found is None else found._replace(why=f"{found.why} ({os.strerror(number)})")


def what_went_wrong(error: Exception) -> str:
    """Return in one line what went wrong: of a disk's refusal where, why and what to do, of others what they say."""
    if not isinstance(error, OSError):
        return str(error)
    refused, place = refusal(error), ""
    if isinstance(error.filename, str | Path):
        path = Path(error.filename)
        place = f"{path.parent if path.name.startswith('.') else path}: "  # hidden names are those of unfinished files
    if refused is not None:
        return f"{place}{refused.why}; {refused.to_do}"
    return f"{place}{error.strerror}" if error.strerror else str(error)


def is_for_want_of_room(error: Exception | None) -> bool:
    """Return whether a disk refused for want of room, its own or that of a quota."""
    refused = None if error is None else refusal(error)
    return refused is not None and refused.of_room
