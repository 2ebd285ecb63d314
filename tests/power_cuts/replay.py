"""What a disk may hold after a power cut: made anew from what a `Recorder` wrote down."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOSSES = ("what was not synced is lost", "names are kept, contents lost", "each folder and file as it happens")


@dataclass(frozen=True)
class Cut:
    """A power cut after the operation `number` of a recording, and what it does to unsynced names and contents."""

    log: Path
    number: int
    moment: dict[str, Any]
    loss: str

    def restore(self, target: Path) -> None:
        """Make the tree that the cut leaves in the new folder `target`; large files are links: never write to them."""
        chance = random.Random(f"{self.number} {self.loss}")
        names = {
            int(folder["number"]): {name: int(number) for name, number in folder["names"].items()}
            for folder in self.moment["folders"].values()
        }
        root = int(self.moment["folders"]["."]["number"])
        self._fill(target, root, names, chance)

    def _fill(self, folder: Path, number: int, names: dict[int, dict[str, int]], chance: random.Random) -> None:
        folder.mkdir()
        for name, child in self._names(number, names, chance).items():
            if child in names or str(child) in self.moment["synced_names"]:
                self._fill(folder / name, child, names, chance)
            else:
                self._write(folder / name, str(child), chance)

    def _names(self, number: int, names: dict[int, dict[str, int]], chance: random.Random) -> dict[str, int]:
        synced = {name: int(child) for name, child in self.moment["synced_names"].get(str(number), {}).items()}
        now = names.get(number, synced)
        if self.loss == LOSSES[0]:
            return synced
        return now if self.loss == LOSSES[1] or chance.random() < 0.5 else synced

    def _write(self, path: Path, number: str, chance: random.Random) -> None:
        synced, seen = (self.moment[kind].get(number) for kind in ("synced", "seen"))
        whole = None if synced is None else self.log / "contents" / str(synced)
        if self.loss == LOSSES[2] and seen is not None and chance.random() < 0.5:
            content = (self.log / "contents" / str(seen)).read_bytes()
            least = 0 if whole is None else whole.stat().st_size
            path.write_bytes(content[: chance.randint(min(least, len(content)), len(content))])
        elif whole is None:
            path.touch()
        else:
            os.link(whole, path)


def cuts(log: Path, every_kind: bool) -> Iterator[Cut]:
    """Yield a cut after every recorded operation: one of every kind, or of the kinds in turn."""
    with (log / "moments.jsonl").open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            moment = json.loads(line)
            for loss in LOSSES if every_kind else [LOSSES[number % len(LOSSES)]]:
                yield Cut(log, number, moment, loss)


def marks(log: Path) -> list[str]:
    """Return the operation of every moment."""
    with (log / "moments.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line)["operation"] for line in lines]
