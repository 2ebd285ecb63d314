"""Where the class folders of a dataset lie: directly in a folder, or below variants such as Original/."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from allcore.data.class_names import class_name
from allcore.data.intake import IMAGE_SUFFIXES
from allcore.errors import DatasetError

_SYSTEM_NAMES: Final = frozenset(
    {
        *("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r", "__macosx"),
        *("$recycle.bin", "recycler", "system volume information", "lost+found", "network trash folder"),
        *("@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "@__thumb"),  # of Synology and QNAP
        *("__pycache__",),
    }
)
_EXPECTED: Final = (
    "expected a folder with one subfolder per class (at least two) that hold the images, "
    "or with variants such as Original/ and Segmented/ that each hold the same class folders"
)


@dataclass(frozen=True)
class Layout:
    """A dataset's folder and its variants; the only variant is '' where the root itself holds the classes."""

    root: Path
    variants: tuple[str, ...]

    def class_folders(self, variant: str) -> dict[str, Path]:
        """Map each class name of a variant to its folder, sorted by name.

        Raises:
            DatasetError: there is no such variant, or its folder cannot be read.
        """
        if variant not in self.variants:
            there = "its classes directly" if self.variants == ("",) else _quoted(self.variants)
            raise DatasetError(f"no variant '{variant}' in '{self.root.name}', which has {there}")
        return _class_folders(self.root / variant, self.root.resolve())


def find_layout(folder: Path) -> Layout:
    """Find the class folders below a folder, through folders that only wrap another one.

    A class folder holds at least one image directly; a folder without any beside such folders is an empty class.
    Hidden entries are ignored, and links that lead out of the folder are not followed.

    Raises:
        DatasetError: no dataset is there; the message tells what was found and what is expected.
    """
    try:
        if not folder.is_dir():
            found = "a file" if folder.exists() else "nothing"
            raise DatasetError(f"no dataset at '{folder}': found {found}, {_EXPECTED}")
    except OSError as error:
        raise _unreadable(error) from error
    current = folder
    while True:  # a wrapper that links back to its parent ends where the system stops following links
        bound = current.resolve()
        if classes := _class_folders(current, bound):
            if len(set(map(class_name, classes))) < 2:
                _refuse(current, f"found only one class folder, {_quoted(classes)}")
            return Layout(current, ("",))
        subfolders = _subfolders(current, bound)
        if len(subfolders) != 1:
            return Layout(current, _variants(current, subfolders))
        current = subfolders[0]


def image_files(class_folder: Path) -> list[Path]:
    """List the regular files of a class folder, its subfolders included, sorted, whatever their suffix.

    Hidden files are left out, and so are links that lead out of the folder that holds the class folders.

    Raises:
        DatasetError: the folder cannot be read.
    """
    return sorted(_files_below(class_folder, class_folder.parent.resolve()))


def is_hidden(name: str) -> bool:
    """Tell whether a file or folder of this name is the operating system's own and no part of a dataset."""
    return name.startswith(".") or name.lower() in _SYSTEM_NAMES


def _class_folders(folder: Path, bound: Path) -> dict[str, Path]:
    """Return no folder at all where none holds images directly."""
    subfolders = _subfolders(folder, bound)
    with_images = [s for s in subfolders if any(_is_image(f) for f in _entries(s, bound))]
    if not with_images:
        return {}
    for subfolder in subfolders:
        if subfolder not in with_images and any(_is_image(f) for f in _files_below(subfolder, bound)):
            _refuse(
                folder,
                f"'{subfolder.name}' has images only in its own subfolders, "
                f"while '{with_images[0].name}' beside it has them directly",
            )
    return {subfolder.name: subfolder for subfolder in subfolders}


def _variants(folder: Path, subfolders: list[Path]) -> tuple[str, ...]:
    classes = {s.name: _class_folders(s, folder.resolve()) for s in subfolders}
    named = {name: set(map(class_name, folders)) for name, folders in classes.items()}
    variants = {name: names for name, names in named.items() if len(names) >= 2}
    if not variants:
        _refuse(folder, _found(folder, subfolders))
    if not set.intersection(*variants.values()):
        _refuse(folder, f"{_quoted(variants)} look like variants, but no class name is common to them")
    return tuple(variants)


def _found(folder: Path, subfolders: list[Path]) -> str:
    everything = [entry for entry in folder.iterdir() if not is_hidden(entry.name)]
    images = sum(_is_image(entry) for entry in everything)
    leaving = sum(entry.is_symlink() and not _stays_inside(entry, folder.resolve()) for entry in everything)
    found = f"found {len(subfolders)} folders without images directly in them" if subfolders else "found no folder"
    if subfolders:
        found += f" ({_quoted(s.name for s in subfolders[:5])}{', …' if len(subfolders) > 5 else ''})"
    if images:
        found += f", images outside any class folder: {images}"
    if leaving:
        found += f", links that are broken or lead out of the folder and were not followed: {leaving}"
    return found


def _refuse(folder: Path, reason: str) -> NoReturn:
    raise DatasetError(f"'{folder.name or folder.resolve().name}' is not a dataset: {reason}; {_EXPECTED}")


def _subfolders(folder: Path, bound: Path) -> list[Path]:
    return sorted(entry for entry in _entries(folder, bound) if entry.is_dir())


def _entries(folder: Path, bound: Path) -> Iterator[Path]:
    """Yield one by one, for the first image of a class folder with thousands settles what the folder is."""
    try:
        for entry in folder.iterdir():
            if _is_ours(entry, bound):
                yield entry
    except OSError as error:
        raise _unreadable(error) from error


def _files_below(folder: Path, bound: Path) -> Iterator[Path]:
    def fail(error: OSError) -> NoReturn:  # os.walk would pass over what it cannot read
        raise _unreadable(error) from error

    for parent, subfolders, names in os.walk(folder, onerror=fail):
        subfolders[:] = [name for name in subfolders if not is_hidden(name)]
        files = (Path(parent, name) for name in names)
        yield from (file for file in files if _is_ours(file, bound) and file.is_file())


def _is_ours(path: Path, bound: Path) -> bool:
    return not is_hidden(path.name) and (not path.is_symlink() or _stays_inside(path, bound))


def _stays_inside(link: Path, bound: Path) -> bool:
    try:
        return link.resolve(strict=True).is_relative_to(bound)
    except (OSError, RuntimeError):  # a broken link, or one that leads back to itself
        return False


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()


def _unreadable(error: OSError) -> DatasetError:
    return DatasetError(f"folder '{error.filename}' cannot be read: {error.strerror}; check its permissions")


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
