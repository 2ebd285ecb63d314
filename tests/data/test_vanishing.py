"""Datasets that another deletes while they are read: at each step, what is left is read or one message says it."""

from __future__ import annotations

import builtins
import io
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from allcore.data.catalog import Catalog, scan
from allcore.data.folder.known_layout import known_layout
from allcore.data.importing.sources import copy_folder
from allcore.errors import DatasetError
from tests.damaged import TIMES

LOOKS = [(os, "stat"), (os, "lstat"), (os, "scandir"), (os, "listdir"), (io, "open"), (builtins, "open")]
"""What every look at a disk comes down to."""

READERS: dict[str, Callable[[Path, Path], object]] = {
    "scan": lambda folder, _: scan(folder),
    "scan with a cache": lambda folder, other: scan(folder, other),
    "layout": lambda folder, _: known_layout(folder),
    "copy": lambda folder, other: copy_folder(folder, other, "copy"),
}
VICTIMS = {"dataset": "", "class": "Pro", "image": "Pro/1.png"}


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _read_with_a_deletion_at(step: int, reader: Callable[[], object], victim: Path) -> tuple[object, bool]:
    """Return what a reader returned, or its refusal, and whether it looked at the disk often enough to be struck."""
    looks = 0

    def struck(look: Callable[..., object]) -> Callable[..., object]:
        def looking(*args: object, **more: object) -> object:
            nonlocal looks
            looks += 1
            if looks == step:
                with pytest.MonkeyPatch.context() as inner:
                    for module, name in LOOKS:
                        inner.setattr(module, name, plain[module, name])
                    _delete(victim)
            return look(*args, **more)

        return looking

    plain = {(module, name): getattr(module, name) for module, name in LOOKS}
    found: object = None
    with pytest.MonkeyPatch.context() as patch:
        for (module, name), look in plain.items():
            patch.setattr(module, name, struck(look))
        with suppress(DatasetError):
            found = reader()
    return found, looks >= step


@pytest.mark.slow
@pytest.mark.parametrize("victim", VICTIMS.values(), ids=VICTIMS)
@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_what_is_deleted_while_it_is_read_is_left_out_or_refused_in_words(dataset, tmp_path, reader, victim):
    step, going_on = 0, True
    while going_on:
        step += 1 if step < 20 or TIMES > 1 else 2
        folder, other = tmp_path / f"{step}", tmp_path / f"{step}-other"
        shutil.copytree(dataset, folder, copy_function=os.link)
        found, going_on = _read_with_a_deletion_at(step, partial(reader, folder, other), folder / victim)
        if not going_on:
            assert found is not None
        elif isinstance(found, Catalog):
            assert victim, "a catalog of a dataset that is gone"
            assert len(found.images()) + len(found.problems()) >= 4
        if other.exists():
            assert all(_is_whole(each) for each in other.iterdir())
    assert step > 10


def _is_whole(copy: Path) -> bool:
    """Tell whether a folder that a copy went to is a dataset, or hidden, as caches and locks are."""
    return copy.name.startswith(".") or not copy.is_dir() or copy.name == "catalogs" or bool(scan(copy).labels)
