"""The control groups of this process: what a container, or a job of a scheduler, may take of its machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

Version = Literal[1, 2]


def control_groups(root: Path, controller: str) -> Iterator[tuple[Version, Path]]:
    """Yield version and folder of each group that limits this process, its own first; none where there are none.

    Of the second version, whose groups have all controllers in one folder, and of the first, for `controller`. Some of
    the folders may not be there.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for _, controllers, own in (line.split(":", 2) for line in lines if line.count(":") >= 2):
        if controllers and controller not in controllers.split(","):
            continue
        version: Version = 1 if controllers else 2
        folder = root / "sys/fs/cgroup" / (controller if controllers else "")
        path = Path(own.lstrip("/"))
        for group in (path, *path.parents):  # the last is the folder itself, all that a container may see
            yield version, folder / group
