"""Who may do what where people sign in: the rights that the workspace's `access.json` gives."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from allcore.errors import ConfigError, FileError, MissingFileError
from allcore.json_text import read_json

ACCESS_FILE: Final = "access.json"
_MOST_BYTES: Final = 2**20
_EXPECTED: Final = (
    'expected {"act": ["anna@lab.org", "group:trainers"], "look": ["*@lab.org"]}, names of people or groups as they '
    "sign in; correct it, or remove it, and then everybody who signs in may look and nobody act"
)

Right = Literal["act", "look"]


@dataclass(frozen=True)
class Person:
    """Somebody who has signed in: an e-mail address, and the groups that the provider tells of."""

    email: str
    groups: tuple[str, ...] = ()


class Access(BaseModel):
    """Who may act (launch, stop, delete, import), and who may look: e-mail addresses, `*@domain`, `group:name`, `*`.

    Who may act may look as well. A file without `look` lets everybody look who signs in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    act: list[str] = Field(default_factory=list)
    look: list[str] = Field(default_factory=lambda: ["*"])

    def right_of(self, person: Person) -> Right | None:
        """Return the greater right of a person; None for none."""
        if _names(self.act, person):
            return "act"
        return "look" if _names(self.look, person) else None


def read_access(workspace: Path) -> Access:
    """Return the rights in a workspace's folder; without the file everybody may look and nobody act.

    Raises `ConfigError` when the file is damaged: then nobody may do anything.
    """
    try:
        return Access.model_validate(read_json(workspace / ACCESS_FILE, _MOST_BYTES))
    except MissingFileError:
        return Access()
    except FileError as error:
        raise ConfigError(f"{ACCESS_FILE} of the workspace cannot be used: {error}; {_EXPECTED}") from None
    except ValidationError:
        raise ConfigError(
            f"{ACCESS_FILE} of the workspace cannot be used: it says something else; {_EXPECTED}"
        ) from None


def _names(entries: Collection[str], person: Person) -> bool:
    email = person.email.casefold()
    domain = email.rpartition("@")[2]
    wanted = {"*", *(f"group:{group}".casefold() for group in person.groups)}
    if email:
        wanted |= {email, f"*@{domain}"}
    return any(entry.casefold() in wanted for entry in entries)
