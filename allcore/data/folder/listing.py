"""What lies in a folder: its subfolders, images and files, without what systems leave there."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final

from allcore.data.folder.links import bounds_of, link_fault
from allcore.data.intake.formats import IMAGE_SUFFIXES
from allcore.errors import DatasetError

_SYSTEM_NAMES: Final = frozenset(
    {
        *("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r", "__macosx"),
        *("$recycle.bin", "recycler", "system volume information", "lost+found", "network trash folder"),
        *("@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "@__thumb"),  # of Synology and QNAP
        *("__pycache__",),
    }
)
_LINKED_FOLDER: Final = "a link to a folder, within a class folder; put the images themselves there"

_LISTED: Final[ContextVar[set[Path] | None]] = ContextVar("listed", default=None)


@contextmanager
def listed_folders() -> Iterator[set[Path]]:
    """Gather the folders that are listed meanwhile in this thread."""
    listed: set[Path] = set()
    token = _LISTED.set(listed)
    try:
        yield listed
    finally:
        _LISTED.reset(token)


def is_hidden(name: str) -> bool:
    """Tell whether a file or folder of this name is the operating system's own and no part of a dataset."""
    return name.startswith(".") or name.lower() in _SYSTEM_NAMES


def is_image(path: Path) -> bool:
    """Tell whether something is a regular file, links followed, with the name of an image."""
    return path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()


def names_in(folder: Path) -> list[str]:
    """Return what is not hidden in a folder, in no order. Raises `DatasetError` when the folder cannot be read."""
    return [entry.name for entry in _scanned(folder)]


def _scanned(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yield what is not hidden in a folder, with what the system says of it without a further look."""
    listed = _LISTED.get()
    if listed is not None:
        listed.add(folder)
    try:
        with os.scandir(folder) as found:
            for entry in found:
                if not is_hidden(entry.name):
                    yield entry
    except OSError as error:
        raise unreadable(error) from error


def entries(folder: Path) -> Iterator[Path]:
    """Yield the paths of what is not hidden in a folder, in no order. Raises `DatasetError` as `names_in` does."""
    for entry in _scanned(folder):  # one at a time: the first image may settle what it is
        yield folder / entry.name


def subfolders(folder: Path, bounds: Sequence[Path]) -> list[Path]:
    """Return the folders in a folder, sorted, links within `bounds` included."""
    return sorted(entry for entry in entries(folder) if entry.is_dir() and not link_fault(entry, bounds))


def files_below(folder: Path, bounds: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """Yield the places of the regular files of a folder and its subfolders, whatever their suffix, each with '' as its
    fault; links that are not followed come with theirs. Raises `DatasetError` when a folder cannot be read.

    A place is a path as text: a `Path` takes longer to make than the rest.
    """
    if fault := link_fault(folder, bounds):
        yield str(folder), fault
        return
    waiting = [folder]
    while waiting:
        for entry in _scanned(waiting.pop()):
            if entry.is_symlink():
                path = Path(entry.path)
                if fault := link_fault(path, bounds):
                    yield entry.path, fault
                elif path.is_file():
                    yield entry.path, ""
                elif path.is_dir():  # not gone into: it might come back
                    yield entry.path, _LINKED_FOLDER
            elif entry.is_dir():
                waiting.append(Path(entry.path))
            elif entry.is_file():
                yield entry.path, ""


def holds_images(folder: Path, bounds: Sequence[Path]) -> bool:
    """Tell whether a folder holds at least one image directly."""
    return any(is_image(entry) and not link_fault(entry, bounds) for entry in entries(folder))


def holds_images_below(folder: Path, bounds: Sequence[Path]) -> bool:
    """Tell whether a folder or its subfolders hold at least one image."""
    return any(is_image(Path(place)) for place, fault in files_below(folder, bounds) if not fault)


def images_below(folder: Path) -> list[Path]:
    """Return the images in a folder and its subfolders, sorted, by their names. Raises `DatasetError` without any."""
    files = (Path(place) for place, fault in files_below(folder, bounds_of(folder)) if not fault)
    found = sorted(path for path in files if is_image(path))
    if not found:
        raise DatasetError(f"{folder} holds no image file ({', '.join(sorted(IMAGE_SUFFIXES))}); give another folder")
    return found


def unreadable(error: OSError) -> DatasetError:
    """Return what is said of a folder that could not be read."""
    if isinstance(error, FileNotFoundError):
        return DatasetError(f"folder '{error.filename}' is no longer there; it was deleted, renamed or moved meanwhile")
    return DatasetError(f"folder '{error.filename}' cannot be read: {error.strerror}; check its permissions")
