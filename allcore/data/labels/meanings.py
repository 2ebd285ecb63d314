"""What a dataset's classes mean and which of them are positive: named once, followed wherever they are shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from allcore import paper
from allcore.data.class_names import class_name
from allcore.errors import DatasetError, InputError, MissingFileError
from allcore.json_text import read_json
from allcore.result_cache import short_digest
from allcore.text import printable
from allcore.writing import make_folder, write_whole

LONGEST_MEANING: Final = 300
_LARGEST_BYTES: Final = 4 * 2**20


@dataclass(frozen=True)
class ClassMeanings:
    """What is known of some classes: texts for those that have a meaning, and the positive ones, in their order.

    `positive` is empty where no class is named so, or where every one is: then there are no two sides. `sides` is what
    positive and negative classes are called.
    """

    meanings: Mapping[str, str]
    positive: tuple[str, ...] = ()
    sides: tuple[str, str] = ("positive", "negative")

    def in_words(self) -> str:
        """Return what the classes mean as one sentence; empty where nothing is known."""
        said = "; ".join(f"{name} means {meaning}" for name, meaning in self.meanings.items())
        return said and f"{said}."


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    meanings: dict[str, str]
    positive: tuple[str, ...]


def class_meanings(datasets: Sequence[str | Path], classes: Collection[str], folder: Path) -> ClassMeanings:
    """Return what was named for the first of `datasets` for which something was, as far as it concerns `classes`.

    Where nothing was, it is what the paper's classes mean, if they are its. `folder` is where a workspace keeps what
    was named. Raises `DatasetError` when that is damaged.
    """
    kept = next(filter(None, (_read(dataset, folder) for dataset in datasets)), None)
    if kept is None:
        return _of_paper(classes)
    meanings = {name: kept.meanings[name] for name in classes if name in kept.meanings}
    positive = tuple(name for name in classes if name in kept.positive)
    of_paper = _of_paper(classes)
    if not 0 < len(positive) < len(classes):
        return ClassMeanings(meanings)
    return ClassMeanings(meanings, positive, of_paper.sides if positive == of_paper.positive else ClassMeanings.sides)


def name_classes(
    dataset: str | Path, classes: Collection[str], meanings: Mapping[str, str], positive: Collection[str], folder: Path
) -> ClassMeanings:
    """Keep what a dataset's classes mean and which are positive, in place of what was kept, and return it.

    An empty meaning is none. Raises `DatasetError` when a class is none of `classes`, every one is positive, a meaning
    is longer than `LONGEST_MEANING` or not one line of plain text, or the disk refuses.
    """
    said = {class_name(name): text.strip() for name, text in meanings.items() if text.strip()}
    chosen = {class_name(name) for name in positive}
    if unknown := sorted({*said, *chosen} - {*classes}):
        raise DatasetError(f"no class is called {unknown[0]!r}; expected one of {', '.join(classes)}")
    if chosen == {*classes}:
        raise DatasetError("every class is positive; leave at least one out, so that there are two sides")
    _check(said)
    kept = _Kept(dataset=_place(dataset), meanings=said, positive=tuple(name for name in classes if name in chosen))
    try:
        make_folder(folder)
        write_whole(_file(dataset, folder), kept.model_dump_json(indent=2))
    except OSError as error:
        raise DatasetError(f"what the classes mean cannot be kept in {folder} ({error.strerror})") from None
    return class_meanings([dataset], classes, folder)


def check_meanings(dataset: str | Path, folder: Path) -> None:
    """Raise `DatasetError` when what was named for a dataset is damaged; `folder` is where it is kept."""
    _read(dataset, folder)


def copy_meanings(dataset: Path, other: Path, folder: Path) -> None:
    """Keep what was named for a dataset's folder, or for one below it, for an `other` folder as well.

    Both have their links resolved. Raises `OSError` when the disk refuses.
    """
    for _, kept in _of_folder(dataset, folder):
        place = _place(other / Path(kept.dataset).relative_to(dataset))
        write_whole(_file(place, folder), kept.model_copy(update={"dataset": place}).model_dump_json(indent=2))


def forget_meanings(former: Path, folder: Path) -> None:
    """Forget what was named for a dataset's folder, or for one below it, that is gone. Raises `OSError`."""
    for file, _ in _of_folder(former, folder):
        file.unlink()


def _of_folder(dataset: Path, folder: Path) -> list[tuple[Path, _Kept]]:
    """Return the files of what was named for a folder, or for one below it; damaged ones are left out."""
    found = []
    for file in sorted(folder.glob("*.json")):
        with suppress(InputError, ValidationError):
            kept = _Kept.model_validate(read_json(file, _LARGEST_BYTES))
            if Path(kept.dataset).is_relative_to(dataset):
                found.append((file, kept))
    return found


def _read(dataset: str | Path, folder: Path) -> _Kept | None:
    file = _file(dataset, folder)
    try:
        kept = _Kept.model_validate(read_json(file, _LARGEST_BYTES))
        _check(kept.meanings)
    except MissingFileError:
        return None
    except (InputError, ValidationError) as error:
        reason = str(error) if isinstance(error, InputError) else "it does not hold meanings and positive classes"
        raise DatasetError(f"what the classes mean cannot be read from {file}: {reason}; name them anew") from None
    return kept


def _check(meanings: Mapping[str, str]) -> None:
    for name, text in meanings.items():
        if len(text) > LONGEST_MEANING or printable(text) != text:
            raise DatasetError(
                f"the meaning of {name} has {len(text):,} characters, or some that cannot be shown; expected one line "
                f"of plain text of at most {LONGEST_MEANING} characters"
            )


def _of_paper(classes: Collection[str]) -> ClassMeanings:
    """Return what the paper's classes mean where `classes` are some of them: elsewhere the words may mean others."""
    if not {paper.BENIGN} < {*classes} <= {*paper.CLASSES}:
        return ClassMeanings({})
    positive = tuple(name for name in classes if name != paper.BENIGN)
    return ClassMeanings({name: paper.MEANINGS[name] for name in classes}, positive, ("malignant", "benign"))


def _file(dataset: str | Path, folder: Path) -> Path:
    return folder / f"{short_digest(_place(dataset))}.json"


def _place(dataset: str | Path) -> str:
    """Return a dataset's folder with its links resolved, as a run records it."""
    try:
        return str(Path(dataset).resolve()).encode("utf-8", "replace").decode()
    except (OSError, RuntimeError, ValueError):  # links in a circle, a null character: the record of a foreign file
        return str(dataset).encode("utf-8", "replace").decode()
