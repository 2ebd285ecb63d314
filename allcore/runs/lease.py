"""The device's lease: one run trains at a time, first come first served."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from allcore.runs.process import is_alive, own_identity
from allcore.writing import write_whole

QUEUE_FOLDER = ".queue"
_TICKETS = "[0-9]*.json"
_POLL_SECONDS = 0.25


@contextmanager
def device_lease(runs: Path, run_id: str, queued_at: float, give_up: Callable[[], bool]) -> Iterator[bool]:
    """Wait for the turn of `run_id`, then hold the device until the context ends; False when `give_up` said so.

    Runs queue with a ticket below `runs`; a ticket whose process is gone is passed over. The lock is the operating
    system's, so a killed holder lets go of it.
    """
    queue = runs / QUEUE_FOLDER
    ticket = write_ticket(runs, run_id, queued_at, *own_identity())
    lock = FileLock(queue / "device.lock")
    try:
        while not (_is_first(queue, ticket) and _acquired(lock)):
            if give_up():
                yield False
                return
            time.sleep(_POLL_SECONDS)
        ticket.unlink(missing_ok=True)
        _remove_dead_tickets(queue)
        yield True
    finally:
        ticket.unlink(missing_ok=True)
        lock.release()


def write_ticket(runs: Path, run_id: str, queued_at: float, pid: int, started: str) -> Path:
    """Put a process into the queue and return its ticket.

    Whoever launches a worker writes its ticket, so that the order is that of launching and not of starting up.
    """
    queue = runs / QUEUE_FOLDER
    queue.mkdir(parents=True, exist_ok=True)
    ticket = queue / f"{int(queued_at * 1e6):020d}-{run_id}.json"
    write_whole(ticket, json.dumps({"pid": pid, "process_started": started}))
    return ticket


def waiting_before(runs: Path, run_id: str) -> int | None:
    """Return how many live runs stand before `run_id` in the queue; None when it has left it and has the device."""
    names = [ticket.stem.split("-", 1)[1] for ticket in _live_tickets(runs / QUEUE_FOLDER)]
    return names.index(run_id) if run_id in names else None


def _is_first(queue: Path, ticket: Path) -> bool:
    return next(iter(_live_tickets(queue)), ticket) == ticket


def _live_tickets(queue: Path) -> list[Path]:
    return [ticket for ticket in sorted(queue.glob(_TICKETS)) if _is_live(ticket)]


def _remove_dead_tickets(queue: Path) -> None:
    live = set(_live_tickets(queue))
    for ticket in queue.glob(_TICKETS):
        if ticket not in live:
            ticket.unlink(missing_ok=True)


def _is_live(ticket: Path) -> bool:
    try:
        fields = json.loads(ticket.read_text(encoding="utf-8"))
        return is_alive(int(fields["pid"]), fields["process_started"])
    except (OSError, ValueError, KeyError, TypeError):
        return False  # taken back, or being written: its owner looks again


def _acquired(lock: FileLock) -> bool:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    return True
