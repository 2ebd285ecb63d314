"""Files and folders written whole: after a kill, a full disk or a power cut the old content stands there or the new.

The order is always the same: what is unfinished is written beside its place and synced, takes its place in one step,
and then the folder that names it is synced. What is written afterwards may rely on it. Everything raises `OSError`
when the disk refuses, and then leaves nothing unfinished behind.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

UNFINISHED = ".part"
"""The ending of the names of what is unfinished; an ending that readers need may follow it."""


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Hand out where to write the new content of the file `path`, a name with the same ending in the same folder.

    The content takes its place when the block ends, and none when the block raises.
    """
    unfinished = unfinished_name(path.parent, path.suffix)
    try:
        yield unfinished
        sync(unfinished)
        unfinished.replace(path)
        sync(path.parent)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise


def write_whole(path: Path, content: str | bytes) -> None:
    """Replace the content of the file `path`; text is written in UTF-8."""
    with written_whole(path) as unfinished:
        unfinished.write_bytes(content.encode() if isinstance(content, str) else content)


def write_new(path: Path, content: str) -> None:
    """Make the file `path` with its content. Raises `FileExistsError` where somebody, on any machine, made it first."""
    with path.open("x", encoding="utf-8") as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            sync(path.parent)
        except OSError:
            with suppress(OSError):
                path.unlink()
            raise


@contextmanager
def folder_written_whole(folder: Path) -> Iterator[Path]:
    """Hand out a new folder beside `folder`, whose place it takes with all that is in it when the block ends.

    What is there by then is removed, whoever made it, also at the same moment; what must not be is made with
    `new_folder_written_whole`.
    """
    formers: list[Path] = []
    try:
        with unfinished_folder(folder.parent) as unfinished:
            yield unfinished
            sync_all(unfinished)
            while not _takes_its_place(unfinished, folder, formers):
                pass
    finally:
        for former in formers:
            shutil.rmtree(former, ignore_errors=True)


def _takes_its_place(unfinished: Path, folder: Path, formers: list[Path]) -> bool:
    """Move away what `folder` is, which is added to `formers`, and give `unfinished` its name.

    Return False where somebody else's has taken the place in between.
    """
    former = unfinished_name(folder.parent)
    if os.path.lexists(folder):
        with suppress(FileNotFoundError):  # somebody else has just moved it away
            folder.rename(former)
            formers.append(former)
    try:
        rename(unfinished, folder)
    except FileExistsError:
        return False
    except OSError:
        with suppress(OSError):
            former.rename(folder)
        raise
    return True


@contextmanager
def new_folder_written_whole(folder: Path) -> Iterator[Path]:
    """Hand out a new folder beside `folder`, which takes this name with all that is in it when the block ends.

    Raises `FileExistsError` where something, other than an empty folder, has the name by then; that stays as it is.
    """
    with unfinished_folder(folder.parent) as unfinished:
        yield unfinished
        sync_all(unfinished)
        rename(unfinished, folder)


@contextmanager
def unfinished_folder(parent: Path) -> Iterator[Path]:
    """Hand out a new folder in `parent`; unless it has another name by then, it goes when the block ends."""
    folder = unfinished_name(parent)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def unfinished_name(folder: Path, suffix: str = "") -> Path:
    """Return a name in `folder`, which nothing else has, for what is unfinished or is there for a moment alone."""
    return folder / f".{uuid4().hex}{UNFINISHED}{suffix}"


def rename(path: Path, target: Path) -> None:
    """Give a file or a folder a name that is free; where the disk refuses, it keeps its own.

    So does a folder where something else than an empty folder has that name, which raises `FileExistsError`.
    """
    try:
        path.rename(target)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR) or not os.path.lexists(target):
            raise
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
    try:
        sync(target.parent)
    except OSError:
        with suppress(OSError):
            target.rename(path)
        raise


def append_lines(path: Path, lines: Iterable[str]) -> None:
    """Append lines to the file `path`, all of them or, when it raises, none.

    A line that an earlier process left torn is ended first, so that it does not swallow the next one.
    """
    with path.open("a+b", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        torn = size > 0 and file.seek(size - 1) >= 0 and file.read(1) != b"\n"
        content = memoryview(b"".join([b"\n" if torn else b"", *(f"{line}\n".encode() for line in lines)]))
        try:
            while content:
                content = content[file.write(content) :]
            os.fsync(file.fileno())
            if not size:
                sync(path.parent)
        except OSError:
            with suppress(OSError):
                file.truncate(size)
            raise


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, so that a power cut does not take them away again."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync(folder.parent)


def unfinished(folder: Path, former: Collection[str] = ()) -> list[Path]:
    """Return what is unfinished in `folder`: being written at the moment, or left by processes that were killed.

    It is hidden: what else has such a name, as a study called `sizes.part`, was named by a person. `former` are the
    names that earlier versions gave to what was unfinished there.
    """
    return [child for child in _children(folder) if child.name.startswith(".") and _is_unfinished(child, former)]


def unfinished_in_cache(folder: Path) -> list[Path]:
    """Return what is unfinished in a folder of the cache, where no person gives names: some of it is not hidden."""
    return [child for child in _children(folder) if _is_unfinished(child)]


def _is_unfinished(path: Path, former: Collection[str] = ()) -> bool:
    return UNFINISHED in path.suffixes or path.name in former


def _children(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:  # no folder, or one that may not be read
        return []


def make_subfolder(folder: Path) -> None:
    """Make a folder in one that is there, as `make_folder` does. Raises `FileNotFoundError` where that one is gone."""
    if not folder.is_dir():
        folder.mkdir(exist_ok=True)
        sync(folder.parent)


def remove_folder(folder: Path) -> None:
    """Remove a folder with all that is in it, also while another does. Raises `OSError` where the disk refuses."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(FileNotFoundError):  # as nearly always; of what is left the disk says why
        shutil.rmtree(folder)


def remove_unfinished(folder: Path, former: Collection[str] = ()) -> None:
    """Remove what `unfinished` finds in `folder`, where no process may still be writing."""
    for remains in unfinished(folder, former):
        with suppress(OSError):
            if remains.is_dir() and not remains.is_symlink():
                shutil.rmtree(remains, ignore_errors=True)
            else:
                remains.unlink(missing_ok=True)


def sync_all(path: Path) -> None:
    """Wait until a file, or a folder with all that is in it, is on the disk."""
    for parent, _, names in os.walk(path):
        for name in names:
            sync(Path(parent, name))
        sync(Path(parent))
    if path.is_file():
        sync(path)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP) or not path.is_dir():  # some disks sync no folder
            raise
    finally:
        os.close(descriptor)
