"""What people say of a run: its name, a note, tags, and whether lists leave it out; one small file in its folder."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from allcore.errors import RunError
from allcore.runs.folder.files import ABOUT_FILE, damaged, read_record
from allcore.runs.folder.store import Run
from allcore.text import printable
from allcore.writing import write_whole

LONGEST_NAME: Final = 80
LONGEST_NOTE: Final = 2_000
_MOST_TAGS: Final = 20


class About(BaseModel):
    """What is said of a run; `hidden` leaves it out of lists until they are asked for all."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str = ""
    note: str = ""
    tags: tuple[str, ...] = ()
    hidden: bool = False


NOTHING_SAID: Final = About()


def about(run: Run) -> About:
    """Return what is said of a run; nothing where nothing was. Raises `RunError` when the file is damaged."""
    try:
        found = read_record(run.folder, ABOUT_FILE)
        return NOTHING_SAID if found is None else About.model_validate(found)
    except ValidationError:
        raise damaged(run.folder, ABOUT_FILE, "it does not hold a name, a note and tags") from None


def readable_about(run: Run) -> About:
    """Return what is said of a run; nothing where the file is damaged: its name is lost then, and not the run."""
    try:
        return about(run)
    except RunError:
        return NOTHING_SAID


def say_of_run(run: Run, said: About) -> About:
    """Keep what is said of a run in place of what was, without spaces around it and tags twice, and return it.

    Raises `RunError` when a name or a tag is too long or not one line of plain text, a note is too long, there are too
    many tags, or the disk refuses.
    """
    tags = tuple(dict.fromkeys(filter(None, (tag.strip() for tag in said.tags))))
    kept = About(name=said.name.strip(), note=said.note.strip(), tags=tags, hidden=said.hidden)
    for what, text in (("the name", kept.name), *(("a tag", tag) for tag in tags)):
        if len(text) > LONGEST_NAME or printable(text) != text or "," in text * (what == "a tag"):
            raise RunError(
                f"{what} {printable(text)[:LONGEST_NAME]!r} will not do: expected one line of plain text of at most "
                f"{LONGEST_NAME} characters, a tag without a comma"
            )
    if len(kept.note) > LONGEST_NOTE or len(tags) > _MOST_TAGS:
        raise RunError(f"expected a note of at most {LONGEST_NOTE:,} characters and at most {_MOST_TAGS} tags")
    try:
        write_whole(run.folder / ABOUT_FILE, kept.model_dump_json(indent=2))
    except OSError as error:
        raise RunError(f"what is said of run {run.id} cannot be written ({error.strerror})") from None
    return kept
