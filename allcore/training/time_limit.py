"""Whether a run gets on from one job to the next, where each is ended by its time limit."""

from __future__ import annotations

import re

from allcore.errors import RunError
from allcore.runs.folder.status import Status
from allcore.text import counted

_NUMBERS = re.compile(r"[\d,.]+")


def places_at_time_limit(status: Status) -> tuple[str, ...]:
    """Return where this job, and those before it since the run last got on, were when their time limit was near.

    Raises `RunError` where one before it was no less far: what was begun since the checkpoint is begun anew in each
    job, and the next one would come to the same place.
    """
    reached = f"{status.epoch} {status.step}: "
    place = reached + _NUMBERS.sub("…", status.phase)
    if place in status.at_time_limit:
        raise RunError(
            f"the time limit of its jobs is too short: two of them came no further than “{status.phase}”, after "
            f"{counted(status.epoch, 'epoch')} and {counted(status.step, 'step')}; give jobs more time (slurm.time in "
            "cluster.json), and resume the run"
        )
    return (*(before for before in status.at_time_limit if before.startswith(reached)), place)
