"""What people judged of labels, image by image: the workspace's `judgements.jsonl`, which is only ever added to.

A judgement belongs to an image's content, so that it holds wherever the file lies and whatever it is called.
"""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from allcore.data.class_names import class_name
from allcore.errors import DatasetError, FileError, MissingFileError
from allcore.files import read_file
from allcore.json_text import parse_json
from allcore.text import printable
from allcore.writing import append_lines, make_folder

Verdict = Literal["right", "wrong", "unsure", "excluded"]
VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)
EXCLUDED_CLASS: Final = ""
"""Stands for the class of an image that is excluded."""
MOMENT: Final = "%Y-%m-%dT%H:%M:%SZ"
"""How a judgement's moment is written: UTC, to the second."""
_LONGEST: Final = 500
_MOST_BYTES: Final = 256 * 2**20

_Text = Annotated[str, Field(max_length=_LONGEST)]


class Judgement(BaseModel):
    """One judgement: of the image with this content, whose class was `label`, by whom and when (UTC, `MOMENT`).

    `becomes` is the class that a wrong label becomes, and empty otherwise. `image` is where the file lay.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    image: Annotated[str, Field(max_length=4096)]
    label: _Text
    verdict: Verdict
    becomes: _Text = ""
    who: _Text
    when: str

    @field_validator("when")
    @classmethod
    def _is_a_moment(cls, value: str) -> str:
        return datetime.strptime(value, MOMENT).strftime(MOMENT)

    @model_validator(mode="after")
    def _becomes_another(self) -> Self:
        if (self.verdict == "wrong") != bool(self.becomes) or self.becomes == self.label:
            raise ValueError("a wrong label becomes another class, and no other label does")
        return self

    @property
    def says(self) -> str | None:
        """The class that the image is of, `EXCLUDED_CLASS` where it is excluded, None where that was not told."""
        told = {"right": self.label, "wrong": self.becomes, "excluded": EXCLUDED_CLASS}
        return told.get(self.verdict)

    def in_words(self) -> str:
        """Return the verdict in a few words."""
        return {"wrong": f"wrong, it is {self.becomes}"}.get(self.verdict, self.verdict)


@dataclass(frozen=True)
class Judgements:
    """All judgements in the order in which they were added; `unreadable` counts damaged lines, which are left out."""

    every: tuple[Judgement, ...] = ()
    unreadable: int = 0

    @cached_property
    def latest(self) -> dict[str, Judgement]:
        """The judgement that counts of each content (sha256): the latest, of equally late ones the one added last."""
        found: dict[str, Judgement] = {}
        for judgement in self.every:
            keep_latest(judgement, found)
        return found

    def in_words(self, content: str) -> str:
        """Return the verdict that counts of a content (sha256) in a few words; '' where it was not judged."""
        counts = self.latest.get(content)
        return "" if counts is None else counts.in_words()

    def of(self, contents: Iterable[str]) -> list[Judgement]:
        """Return the judgements of these contents (sha256) in the order in which they were added."""
        found = [one for sha256 in dict.fromkeys(contents) for one in self._by_content.get(sha256, ())]
        return [one for _, one in sorted(found, key=lambda each: each[0])]

    @cached_property
    def _by_content(self) -> dict[str, list[tuple[int, Judgement]]]:
        found: dict[str, list[tuple[int, Judgement]]] = {}
        for number, judgement in enumerate(self.every):
            found.setdefault(judgement.sha256, []).append((number, judgement))
        return found


def keep_latest(judgement: Judgement, latest: dict[str, Judgement]) -> None:
    """Put a judgement among the latest ones by content, unless a later one stands there."""
    before = latest.get(judgement.sha256)
    if before is None or before.when <= judgement.when:
        latest[judgement.sha256] = judgement


def read_judgements(file: Path) -> Judgements:
    """Return what was judged; nothing where there is no file. Raises `DatasetError` when it cannot be read."""
    try:
        lines = read_file(file, _MOST_BYTES).splitlines()
    except MissingFileError:
        return Judgements()
    except FileError as error:
        raise DatasetError(f"the judgements of labels cannot be read from {file}: {error}") from None
    found, unreadable = [], 0
    for line in filter(None, lines):
        try:
            found.append(Judgement.model_validate(parse_json(line)))
        except (FileError, ValidationError):
            unreadable += 1
    return Judgements(tuple(found), unreadable)


def add_judgements(file: Path, judgements: Sequence[Judgement]) -> None:
    """Keep judgements, all of them or none. Raises `DatasetError` when the disk refuses."""
    try:
        make_folder(file.parent)
        append_lines(file, [json.dumps(one.model_dump(), ensure_ascii=False) for one in judgements])
    except OSError as error:
        raise DatasetError(f"the judgement cannot be kept in {file} ({error.strerror})") from None


def make_judgement(
    sha256: str, image: str, label: str, classes: Sequence[str], verdict: str, becomes: str = "", who: str = ""
) -> Judgement:
    """Return somebody's judgement of the image with this content, filed as `label`, made now.

    `who` is the account's name where it is empty. Raises `DatasetError` when the verdict is none, or a wrong label
    becomes none of the other `classes`.
    """
    becomes = class_name(becomes)
    if verdict not in VERDICTS:
        raise DatasetError(f"a label is judged {', '.join(VERDICTS)} (received {printable(verdict)[:_LONGEST]!r})")
    others = [name for name in classes if name != label]
    if verdict == "wrong" and becomes not in others:
        raise DatasetError(
            f"a label that is wrong becomes another class of the dataset: {', '.join(others)} (received {becomes!r})"
        )
    if verdict != "wrong" and becomes:
        raise DatasetError(f"a label that is judged {verdict} keeps its class; leave {becomes} out, or judge it wrong")
    return Judgement(
        sha256=sha256, image=image, label=label, verdict=verdict, becomes=becomes,
        who=printable(who)[:_LONGEST].strip() or account_name(), when=datetime.now(UTC).strftime(MOMENT),
    )  # fmt: skip


def account_name() -> str:
    """Return the name of the account that the program runs under, or "somebody"."""
    try:
        return printable(getpass.getuser())[:_LONGEST].strip() or "somebody"
    except (OSError, KeyError, ImportError):  # an account without a name, as in some containers
        return "somebody"
