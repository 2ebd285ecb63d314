"""How a dataset comes into the workspace: drawn, from a zip, from a folder, from Kaggle."""

import logging
import re
import shutil
import textwrap
import time
from collections.abc import Iterable
from contextlib import suppress
from itertools import count
from pathlib import Path, PurePath
from typing import BinaryIO, Final

from allcore.data.folder.layout import DatasetFile, Layout, find_layout
from allcore.data.folder.listing import entries
from allcore.data.importing.archive import extract_zip
from allcore.data.importing.dataset_note import DatasetNote, keeps_name, write_note
from allcore.data.importing.left_out import note_left_out
from allcore.data.importing.staging import refuse_existing, staged
from allcore.data.intake.formats import IMAGE_SUFFIXES
from allcore.data.synthetic import SyntheticSpec, write_dataset
from allcore.disk_space import check_space
from allcore.errors import DatasetError
from allcore.progress import Progress
from allcore.text import printable
from allcore.writing import unfinished_folder

_SAFE_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9_-]*"
_UNREACHED: Final = {"ConnectionError", "Timeout"}
"""Errors of the network, by the names that libraries give them."""


def import_zip(archive: Path, datasets: Path, name: str | None = None, on_progress: Progress | None = None) -> Path:
    """Unpack a zip of class folders to `datasets/<name>`; without a name, the archive's own made safe.

    Members that are left out are listed among the problems of the dataset's catalog. `on_progress` is called with the
    number of members done and of all.

    Raises:
        DatasetError: the name is taken, the archive is unsafe or damaged, or holds no dataset; nothing is left.
    """
    target = new_dataset(datasets, _safe_name(archive.stem) if name is None else name)
    with staged(target) as staging:
        note = extract_zip(archive, staging, on_progress)
        find_layout(staging)
        note_left_out(staging, note)
        _note_source(staging, f"zip file {printable(archive.name)}")
    return target


def import_upload(
    upload: BinaryIO, file_name: str, datasets: Path, name: str | None = None, on_progress: Progress | None = None
) -> Path:
    """Import a zip that was handed over as an open file called `file_name`, as `import_zip` does.

    Raises:
        DatasetError: as `import_zip`, or there is no room for the upload; nothing is left behind.
    """
    try:
        datasets.mkdir(parents=True, exist_ok=True)
        with unfinished_folder(datasets) as folder:
            archive = folder / f"{_safe_name(PurePath(file_name).stem)}.zip"
            with archive.open("wb") as file:
                shutil.copyfileobj(upload, file)
            return import_zip(archive, datasets, name, on_progress)
    except OSError as error:
        raise DatasetError(f"'{file_name}' could not be stored: {error.strerror or error}") from error


def draw_smears(datasets: Path, name: str, spec: SyntheticSpec, on_progress: Progress | None = None) -> Path:
    """Draw synthetic smears to `datasets/<name>`.

    `on_progress` is called with the number of images drawn and of all.

    Raises:
        ConfigError: the spec is out of range.
        DatasetError: the name is taken or no name for a dataset, or the disk is full; nothing is left behind.
    """
    target = new_dataset(datasets, name)
    write_dataset(target, spec, on_progress)
    with suppress(OSError):  # the smears are there; where from is for reading alone
        _note_source(target, "drawn smears")
    return target


def draw_smears_at(folder: Path, datasets: Path, spec: SyntheticSpec, on_progress: Progress | None = None) -> None:
    """Draw synthetic smears to a folder anywhere: as `draw_smears` does where it is a dataset of the folder `datasets`.

    Raises `ConfigError` and `DatasetError` as it does, and `DatasetError` where the folder is in use.
    """
    place = folder.parent.resolve() / folder.name
    below = place.relative_to(datasets.resolve()).parts if place.is_relative_to(datasets.resolve()) else ()
    if len(below) == 1:
        draw_smears(datasets, folder.name, spec, on_progress)
        return
    if below and not (datasets / below[0]).exists():
        new_dataset(datasets, below[0])
    write_dataset(folder, spec, on_progress)


def free_name(datasets: Path, wanted: str) -> str:
    """Return `wanted`, or the first of `wanted-2`, `wanted-3`, … that no dataset has, or had before it was renamed."""
    names = (wanted if number == 1 else f"{wanted}-{number}" for number in count(1))
    return next(name for name in names if not (datasets / name).exists() and keeps_name(datasets, name) is None)


def copy_folder(
    source: Path, datasets: Path, name: str, on_progress: Progress | None = None, said: str | None = None
) -> Path:
    """Copy the images of a dataset, in their variants and class folders, to `datasets/<name>`.

    What else lies there is listed among the problems of the dataset's catalog. `said` is noted as where it came from,
    the folder's path when unset.
    `on_progress` is called with the number of images done and of all.

    Raises:
        DatasetError: the name is taken, the source is no dataset, or the disk is full; nothing is left behind.
    """
    target = new_dataset(datasets, name)
    layout = find_layout(source)
    folders = [folder.path for variant in layout.variants for folder in layout.class_folders(variant)]
    files = list(layout.files())
    sound = (file.path for file in files if not file.fault)
    images = sorted(file for file in sound if file.suffix.lower() in IMAGE_SUFFIXES)
    with staged(target) as staging:
        check_space("the copy", sum(image.stat().st_size for image in images), staging.parent)
        for folder in folders:  # also those without an image: an empty class is still a class
            (staging / folder.relative_to(layout.root)).mkdir(parents=True)
        for done, image in enumerate(images, start=1):
            copy = staging / image.relative_to(layout.root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(image, copy)
            if on_progress is not None:
                on_progress(done, len(images))
        note_left_out(staging, _not_copied(source, layout, files, images))
        _note_source(staging, printable(said or f"folder {source}"))
    return target


def _not_copied(source: Path, layout: Layout, files: Iterable[DatasetFile], images: Iterable[Path]) -> dict[str, str]:
    """Return every file of a dataset that is none of `images`, each with why, by its path below `source`."""
    wrapped_in = (folder for folder in (layout.root, *layout.root.parents) if folder.is_relative_to(source))
    folders = dict.fromkeys([*wrapped_in, *layout.branches()])
    beside = {path: "lies beside the class folders" for folder in folders for path in entries(folder) if path.is_file()}
    left = {**beside, **{file.path: file.fault or "not an image by its name" for file in files}}
    for image in images:
        del left[image]
    return {path.relative_to(source).as_posix(): why for path, why in sorted(left.items())}


def fetch_kaggle(
    datasets: Path,
    handle: str = "mehradaria/leukemia",
    on_progress: Progress | None = None,
    name: str | None = None,
) -> Path:
    """Download a dataset from Kaggle through kagglehub's cache and copy its images into the workspace.

    `handle` is `owner/dataset`, or `owner/dataset/versions/number`; without a name, the folder gets the dataset's part.
    `on_progress` counts the images copied; kagglehub shows the download's own progress on stderr.

    Raises:
        DatasetError: the download failed (why, and the two other ways), or the name is taken; nothing is left.
    """
    name = _safe_name(handle.split("/")[1] if "/" in handle else handle) if name is None else name
    new_dataset(datasets, name)
    try:
        import kagglehub

        logging.getLogger("kagglehub").setLevel(logging.WARNING)  # its chatter would go to stdout, into reports
        downloaded = kagglehub.dataset_download(handle)
    except Exception as error:  # offline, forbidden, unknown handle, full disk: kagglehub has no common class
        cause = _why_not_downloaded(error)
        raise DatasetError(
            f"the Kaggle dataset '{handle}' could not be downloaded ({cause}); either download its zip in a "
            "browser and run `dataset fetch zip PATH`, or point to a folder that holds it"
        ) from error
    return copy_folder(Path(downloaded), datasets, name, on_progress, f"Kaggle {handle}")


def _why_not_downloaded(error: Exception) -> str:
    """Return in words why kagglehub failed; the network's own messages are long and name no cause."""
    if _UNREACHED & {kind.__name__ for kind in type(error).__mro__}:
        return "kaggle.com does not answer: this machine may have no network connection, or need a proxy"
    return textwrap.shorten(f"{type(error).__name__}: {error}", 200)


def new_dataset(datasets: Path, name: str, renamed: str = "") -> Path:
    """Return where a dataset of this name will lie in `datasets`, be it new or the one that is called `renamed` now.

    Raises `DatasetError` where the name is none for a dataset, is taken, or was that of another dataset that was
    renamed: runs find theirs by it.
    """
    if not re.fullmatch(_SAFE_NAME, name):
        raise DatasetError(
            f"'{name}' cannot name a dataset: expected letters, digits, '-' and '_', a letter or digit first"
        )
    refuse_existing(datasets / name)
    if now := keeps_name(datasets, name, but=renamed):
        raise DatasetError(
            f"'{name}' is the former name of '{now.name}', by which runs find its images; choose another name"
        )
    return datasets / name


def _note_source(dataset: Path, source: str) -> None:
    write_note(dataset, DatasetNote(source=source, moment=time.time()))


def _safe_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-_") or "dataset"
