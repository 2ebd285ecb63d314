"""Where class folders lie: directly in a folder, below variants such as Original/, below train/ and test/."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

from allcore.data.class_names import class_name
from allcore.data.folder.links import LEADS_OUT, bounds_of, link_fault
from allcore.data.folder.listing import (
    entries,
    files_below,
    holds_images,
    holds_images_below,
    is_image,
    names_in,
    subfolders,
    unreadable,
)
from allcore.data.folder.parts import PARTS, is_piece, part_named
from allcore.errors import DatasetError

_EXPECTED: Final = (
    "expected a folder with one subfolder per class (at least two) that hold the images, "
    "or with variants such as Original/ and Segmented/, or with train/, val/ and test/, that each hold the same class "
    "folders"
)
_NO_CLASS: Final = "lies beside the class folders, so it is of no class; move it into one of them"
_NO_CLASSES: Final = "a folder of images beside those that hold the classes, without class folders of its own"


@dataclass(frozen=True)
class ClassFolder:
    """A folder of images of one class, and the part of a predefined split that it belongs to, or ''."""

    label: str
    path: Path
    part: str = ""


class DatasetFile(NamedTuple):
    """A file below a dataset, what its place says of it ('' where nothing), and why it is left out, or ''."""

    place: str
    variant: str
    part: str
    label: str
    fault: str

    @property
    def path(self) -> Path:
        """The place as a path, which takes longer to make than a listing has for each of 100,000 files."""
        return Path(self.place)


@dataclass(frozen=True)
class Layout:
    """A dataset's folder and the class folders of each variant; the only variant is '' where there are none.

    Class folders are sorted by their names, those of one class by their parts. Links are followed into `bounds`.
    """

    root: Path
    bounds: tuple[Path, ...]
    folders: Mapping[str, tuple[ClassFolder, ...]]

    @property
    def variants(self) -> tuple[str, ...]:
        """The names of the variants, sorted."""
        return tuple(self.folders)

    @property
    def has_parts(self) -> bool:
        """Whether the folders divide the images into parts of a predefined split."""
        return any(folder.part for folders in self.folders.values() for folder in folders)

    def class_folders(self, variant: str) -> tuple[ClassFolder, ...]:
        """Return the class folders of a variant. Raises `DatasetError` when there is no such variant."""
        if variant not in self.folders:
            there = "its classes directly" if self.variants == ("",) else _quoted(self.variants)
            raise DatasetError(f"no variant '{variant}' in '{self.root.name}', which has {there}")
        return self.folders[variant]

    def branches(self) -> dict[Path, str]:
        """Return the variant ('' for none) of each folder from the root down to where class folders lie."""
        found = {self.root: ""}
        for variant, folders in self.folders.items():
            for folder in folders:
                below = folder.path.relative_to(self.root).parts[:-1]
                found |= {self.root.joinpath(*below[:depth]): variant for depth in range(1, len(below) + 1)}
        return found

    def files(self) -> Iterator[DatasetFile]:
        """Yield every file of the class folders, and whatever else of the dataset is left out, with why.

        Raises `DatasetError` when a folder cannot be read.
        """
        for variant, folders in self.folders.items():
            for folder in folders:
                for place, fault in files_below(folder.path, self.bounds):
                    yield DatasetFile(place, variant, folder.part, folder.label, fault)
        branches = self.branches()
        used = {*branches, *(folder.path for folders in self.folders.values() for folder in folders)}
        for branch, variant in branches.items():
            for path in entries(branch):
                if path not in used and (fault := self._stray(path)):
                    yield DatasetFile(str(path), variant, "", "", fault)

    def _stray(self, path: Path) -> str:
        """Return why something beside the class folders is left out; '' where nobody would miss it."""
        if fault := link_fault(path, self.bounds):
            return fault
        if is_image(path):
            return _NO_CLASS
        return _NO_CLASSES if path.is_dir() and holds_images_below(path, self.bounds) else ""


def find_layout(folder: Path) -> Layout:
    """Find the class folders below a folder, through folders that only wrap another one.

    A class folder holds at least one image directly; a folder without any beside such folders is an empty class.
    Hidden entries are ignored. Links are followed within the folder, the workspace's datasets and the data roots.

    Raises:
        DatasetError: no dataset is there, or folders could be meant in several ways; the message tells what was found
            and what is expected.
    """
    try:
        if not folder.is_dir():
            found = "a file" if folder.exists() else "nothing"
            raise DatasetError(f"no dataset at '{folder}': found {found}, {_EXPECTED}")
    except OSError as error:
        raise unreadable(error) from error
    current = folder
    while True:
        bounds = bounds_of(current)
        if folders := _divided(current, bounds):
            if len({one.label for one in folders}) < 2:
                _refuse(current, f"found only one class folder, {_quoted({one.label for one in folders})}")
            return Layout(current, bounds, {"": folders})
        below = subfolders(current, bounds)
        if len(below) != 1:
            return Layout(current, bounds, _variants(current, below, bounds))
        current = below[0]


def _divided(folder: Path, bounds: tuple[Path, ...]) -> tuple[ClassFolder, ...]:
    """Return the class folders directly in a folder, or else those in its train/, val/ and test/; none elsewhere."""
    if direct := _class_folders(folder, bounds):
        if len({part_named(one.label) for one in direct} - {""}) > 1:
            names = _quoted(one.label for one in direct)
            _refuse(folder, f"{names} hold images directly, but are named as the parts of a split and not as classes")
        return direct
    parts: dict[str, tuple[Path, tuple[ClassFolder, ...]]] = {}
    others = []
    for subfolder in subfolders(folder, bounds):
        part, classes = part_named(subfolder.name), _class_folders(subfolder, bounds)
        if part and classes and part in parts:
            _refuse(
                folder, f"{_quoted((parts[part][0].name, subfolder.name))} both look like the {part} part; join them"
            )
        if part and classes:
            parts[part] = (subfolder, classes)
        elif len(classes) > 1:
            others.append(subfolder.name)
    names = _quoted(one.name for one, _ in parts.values())
    if parts and others:
        there = "hold class folders as well, and are not named so"
        _refuse(folder, f"{names} look like parts of a split, while {_quoted(others)} {there}; open one of them")
    if len(parts) == 1:  # nothing is divided
        return next(classes for _, classes in parts.values())
    if parts and not set.intersection(*({one.label for one in classes} for _, classes in parts.values())):
        _refuse(folder, f"{names} look like parts of a split, but no class name is common to them")
    divided = (replace(one, part=part) for part, (_, classes) in parts.items() for one in classes)
    return tuple(sorted(divided, key=lambda one: (one.label, PARTS.index(one.part))))


def _class_folders(folder: Path, bounds: tuple[Path, ...]) -> tuple[ClassFolder, ...]:
    """Return no folder at all where none holds images directly."""
    below = subfolders(folder, bounds)
    with_images = [one for one in below if holds_images(one, bounds)]
    if not with_images:
        return ()
    for one in below:
        if one not in with_images and holds_images_below(one, bounds):
            _refuse(
                folder,
                f"'{one.name}' has images only in its own subfolders, "
                f"while '{with_images[0].name}' beside it has them directly",
            )
    # What a link hides could be a class: it becomes an empty one, which is said before anything is trained.
    hidden = [one for one in entries(folder) if link_fault(one, bounds) == LEADS_OUT and one.is_dir()]
    return tuple(ClassFolder(class_name(one.name), one) for one in sorted(below + hidden))


def _variants(folder: Path, below: list[Path], bounds: tuple[Path, ...]) -> dict[str, tuple[ClassFolder, ...]]:
    divided = {one.name: _divided(one, bounds) for one in below}
    variants = {name: folders for name, folders in divided.items() if len({one.label for one in folders}) > 1}
    if not variants:
        _refuse(folder, _found(folder, below, bounds))
    if not set.intersection(*({one.label for one in folders} for folders in variants.values())):
        _refuse(folder, f"{_quoted(variants)} look like variants, but no class name is common to them")
    first, *others = variants
    apart = [other for other in others if not _share_a_name(variants[first], variants[other])]
    if apart or (others and all(map(is_piece, variants))):
        _refuse(
            folder,
            f"{_quoted(variants)} hold the same class folders with different images, so they are not variants of one "
            "dataset; open one of them, or put their images together into one folder per class",
        )
    return variants


def _share_a_name(variant: Iterable[ClassFolder], other: Iterable[ClassFolder]) -> bool:
    """Tell whether two variants have a file name in common, its ending aside, within a class."""

    def stems(folders: Iterable[ClassFolder], label: str) -> set[str]:
        return {Path(name).stem.lower() for one in folders if one.label == label for name in names_in(one.path)}

    # Class by class: the first settles it for the variants of one dataset, whose listing every page waits for.
    labels = {one.label: None for one in variant}
    return any(not stems(variant, label).isdisjoint(stems(other, label)) for label in labels)


def _found(folder: Path, below: list[Path], bounds: tuple[Path, ...]) -> str:
    images = sum(map(is_image, entries(folder)))
    faults = [fault for place in (folder, *below) for path in entries(place) if (fault := link_fault(path, bounds))]
    found = f"found {len(below)} folders without images directly in them" if below else "found no folder"
    if below:
        found += f" ({_quoted(one.name for one in below[:5])}{', …' if len(below) > 5 else ''})"
    if images:
        found += f", images outside any class folder: {images}"
    if faults:
        found += f", links that were not followed: {len(faults)} ({faults[0]})"
    return found


def _refuse(folder: Path, reason: str) -> NoReturn:
    raise DatasetError(f"'{folder.name or folder.resolve().name}' is not a dataset: {reason}; {_EXPECTED}")


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
