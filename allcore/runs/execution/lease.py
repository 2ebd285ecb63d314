"""The devices' lease: a run has one device, or as many as it asks for, to itself; first come first served.

Every lock is the operating system's and of one device, and every ticket that is heeded is of this machine: no process
of another machine ever contends for them, so that a folder shared over a network is as good as a local one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from allcore.errors import FileError
from allcore.json_text import read_json
from allcore.runs.execution.devices import Device
from allcore.runs.folder.files import QUEUE_FOLDER
from allcore.runs.folder.process import host, is_alive, is_elsewhere, own_identity
from allcore.writing import write_whole

_TICKETS = "[0-9]*.json"
_LARGEST_TICKET = 2**16
_POLL_SECONDS = 0.25


@contextmanager
def device_lease(
    runs: Path,
    run_id: str,
    queued_at: float,
    suitable: tuple[Device, ...],
    give_up: Callable[[], bool],
    count: int = 1,
) -> Iterator[tuple[Device, ...]]:
    """Wait for the turn of `run_id`, then hold `count` of the `suitable` devices until the context ends.

    Hands out no device when `give_up` said so. Runs queue for a kind of device with a ticket below `runs`; a ticket
    whose process is gone is passed over. The locks are the operating system's, so a killed holder lets go of them.
    """
    queue, kind = runs / QUEUE_FOLDER, suitable[0].kind
    ticket = write_ticket(runs, run_id, queued_at, kind, *own_identity())
    held: dict[Device, FileLock] = {}
    with ExitStack() as leaving:
        leaving.callback(ticket.unlink, missing_ok=True)
        while True:
            if next(_live_tickets(queue, kind), ticket) == ticket:
                for device in suitable:  # the first in the queue alone takes locks: it may gather them
                    if len(held) < count and device not in held and (lock := _acquired(queue, device)):
                        held[device] = lock
                        leaving.callback(lock.release)
            if len(held) == count:
                break
            if give_up():
                yield ()
                return
            time.sleep(_POLL_SECONDS)
        ticket.unlink(missing_ok=True)
        _remove_dead_tickets(queue)
        yield tuple(held)


def write_ticket(runs: Path, run_id: str, queued_at: float, kind: str, pid: int, started: str) -> Path:
    """Put a process of this machine into the queue for a kind of device and return its ticket.

    Whoever launches a worker writes its ticket, so that the order is that of launching and not of starting up.
    """
    queue = runs / QUEUE_FOLDER
    queue.mkdir(parents=True, exist_ok=True)
    ticket = queue / f"{int(queued_at * 1e6):020d}-{run_id}.json"
    fields = {"pid": pid, "process_started": started, "host": host(), "kind": kind}
    write_whole(ticket, json.dumps(fields))
    return ticket


def waiting(runs: Path) -> dict[str, int]:
    """Return how many live runs of this machine stand before each in its queue, first come first.

    A run that has left its queue has its device, or is about to.
    """
    queue = runs / QUEUE_FOLDER
    return {
        ticket.stem.split("-", 1)[1]: before
        for kind in ("gpu", "cpu")
        for before, ticket in enumerate(_live_tickets(queue, kind))
    }


def lock_file(queue: Path, device: Device) -> Path:
    """Return the file whose lock is the right to use a device."""
    return queue / f"{device.kind}-{device.identity.replace('/', '-')}.lock"  # a part may be MIG-GPU-…/1/0


def _acquired(queue: Path, device: Device) -> FileLock | None:
    lock = FileLock(lock_file(queue, device), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return None
    return lock


def _live_tickets(queue: Path, kind: str) -> Iterator[Path]:
    """Yield the tickets of this machine's live processes for a kind of device, first come first."""
    for ticket in sorted(queue.glob(_TICKETS)):
        fields = _read(ticket)
        if fields.get("kind") == kind and _is_live(fields):
            yield ticket


def _remove_dead_tickets(queue: Path) -> None:
    for ticket in queue.glob(_TICKETS):
        fields = _read(ticket)
        if not _is_live(fields) and not _is_elsewhere(fields, ticket):
            ticket.unlink(missing_ok=True)


def _is_elsewhere(fields: dict[str, object], ticket: Path) -> bool:
    """Return whether a ticket is another machine's, or cannot be read: its owner may be writing it."""
    machine, started = fields.get("host"), fields.get("process_started")
    return not isinstance(machine, str) or is_elsewhere(machine, started if isinstance(started, str) else None, ticket)


def _is_live(fields: dict[str, object]) -> bool:
    pid, started = fields.get("pid"), fields.get("process_started")
    return fields.get("host") == host() and isinstance(pid, int) and isinstance(started, str) and is_alive(pid, started)


def _read(ticket: Path) -> dict[str, object]:
    try:
        fields = read_json(ticket, _LARGEST_TICKET)
    except FileError:
        return {}  # taken back, or being written: its owner looks again
    return fields if isinstance(fields, dict) else {}
