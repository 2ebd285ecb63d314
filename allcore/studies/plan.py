"""A study's plan: one configuration, and what its members differ in."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import NoneType
from typing import Annotated, Any, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from allcore.config import TrainConfig, make_config
from allcore.config_fields import config_fields, config_values, set_nested
from allcore.errors import ConfigError
from allcore.json_text import field_of
from allcore.recipe import option_name

PLAN_SCHEMA = 1
_MOST_MEMBERS = 10_000
_NAME = re.compile(r"\w[\w.-]{0,79}")
_OF_THE_GRID = ("seed", "split.seed", "split.folds", "split.fold")
_OF_ALL = ("dataset", "study", "place")

Seeds = Annotated[tuple[Annotated[int, Field(ge=0, lt=2**32)], ...], Field(min_length=1)]
Folds = tuple[Annotated[int, Field(ge=1)], ...]


@dataclass(frozen=True)
class Place:
    """Where in a study's grid a member stands.

    `setting` names its values of the varied fields, as `image_size=64 dropout=0.5`; '' where no field is varied.
    """

    name: str
    setting: str
    seed: int
    fold: int | None
    config: TrainConfig


class StudyPlan(BaseModel):
    """Every combination of seeds, folds and the values of the varied fields is one member.

    A combination of the varied fields' values alone is called a setting; one entry of a configuration is a field.
    `config` is what all members have in common. A seed is that of training and of the split alike. `folds` are those
    of `config.split.folds` that are tested, empty where the split has none. `vary` has the values of each varied
    field by its path (`augment.degrees`). `keep_models` says whether a finished member keeps its served model.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_number: int = PLAN_SCHEMA
    name: str
    config: TrainConfig
    seeds: Seeds = (0,)
    folds: Folds = ()
    vary: dict[str, list[Any]] = {}
    keep_models: bool = True

    @model_validator(mode="after")
    def _makes_a_grid(self) -> Self:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"name: expected up to 80 letters, digits, - _ and . (received {self.name!r:.100})")
        for axis, values in (("seeds", self.seeds), ("folds", self.folds), *self.vary.items()):
            if len(values) != len({repr(value) for value in values}) or (axis in self.vary and not values):
                raise ValueError(f"{axis}: expected each value once, and one at least (received {list(values)})")
        of = self.config.split.folds
        if bool(self.folds) != (of is not None) or any(fold > (of or 0) for fold in self.folds):
            raise ValueError(f"folds: expected some of the split's {of or 'no'} folds (received {list(self.folds)})")
        if self.members > _MOST_MEMBERS:
            raise ValueError(f"a study has at most {_MOST_MEMBERS:,} members; these are {self.members:,}")
        return self

    def to_json(self) -> str:
        """Return the plan as JSON text."""
        fields = self.model_dump(mode="json") | {"config": json.loads(self.config.to_json())}
        return json.dumps(fields, indent=2, ensure_ascii=False)

    @property
    def members(self) -> int:
        """How many runs the study has when it is whole."""
        count = len(self.seeds) * max(1, len(self.folds))
        for values in self.vary.values():
            count *= len(values)
        return count

    @property
    def of_places(self) -> set[str]:
        """The paths of the fields that each member has from its place, whatever `config` says of them."""
        return {*self.vary, "seed", "split.seed", "split.fold"}

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """All places, in the order in which they are trained: what is varied last, so that a fold is soon complete.

        Raises `ConfigError` when values do not fit together.
        """
        varied = list(itertools.product(*self.vary.values()))
        return tuple(
            self._place(seed, fold, dict(zip(self.vary, values, strict=True)))
            for seed in self.seeds
            for fold in self.folds or (None,)
            for values in varied
        )

    @property
    def settings(self) -> tuple[str, ...]:
        """What each setting is called, as `image_size=64 dropout=0.5`, in order; '' alone where no field is varied."""
        return tuple(dict.fromkeys(place.setting for place in self.places))

    def extended(
        self, seeds: Sequence[int] = (), folds: Sequence[int] = (), vary: Mapping[str, Sequence[Any]] | None = None
    ) -> StudyPlan:
        """Return the plan with more seeds, folds or values of the fields that it varies; what is there stays.

        Raises `ConfigError` where that makes no plan.
        """
        more = dict(vary or {})
        if other := set(more) - set(self.vary):
            raise ConfigError(
                f"{', '.join(sorted(other))}: study {self.name} varies {', '.join(self.vary) or 'no field'}; "
                "its members would have other places with one more: make another study"
            )
        return make_plan(
            name=self.name,
            config=self.config,
            seeds=[*dict.fromkeys([*self.seeds, *seeds])],
            folds=sorted({*self.folds, *folds}),
            vary={path: each_once([*values, *more.get(path, ())]) for path, values in self.vary.items()},
            keep_models=self.keep_models,
        )

    def _place(self, seed: int, fold: int | None, values: dict[str, Any]) -> Place:
        setting = " ".join(f"{path}={value_text(value)}" for path, value in values.items())
        name = " ".join(filter(None, [setting, "" if fold is None else f"fold={fold}", f"seed={seed}"]))
        fields = _with_values(self.config, values)
        fields |= {"seed": seed, "study": self.name, "place": name}
        fields["split"] |= {"seed": seed, "fold": fold or 1}
        return Place(name, setting, seed, fold, make_config(**fields))


def make_plan(**fields: Any) -> StudyPlan:  # noqa: ANN401 - validation is what this does
    """Return a plan whose places all hold. Raises `ConfigError` naming what does not fit."""
    try:
        plan = StudyPlan(**fields)
    except ValidationError as error:
        told = [(field_of(item), item["msg"].removeprefix("Value error, ")) for item in error.errors()]
        raise ConfigError("; ".join(f"{field}: {message}" if field else message for field, message in told)) from None
    if not plan.places:
        raise ConfigError("the study has no members")
    return plan


def protocols(plan: StudyPlan) -> tuple[str, ...]:
    """Return by which protocols the members of a study divide the images, each once."""
    return tuple(dict.fromkeys(place.config.split.protocol for place in plan.places))


def parse_varied(texts: Iterable[str], config: TrainConfig) -> dict[str, list[Any]]:
    """Return the values of each field by its path, from texts that `parse_vary` reads.

    Raises `ConfigError` as it does, and where two texts are of one field.
    """
    varied: dict[str, list[Any]] = {}
    for text in texts:
        path, values = parse_vary(text, config)
        if path in varied:
            raise ConfigError(
                f"vary: expected each setting once, with all of its values (received {path} again: {text!r:.200})"
            )
        varied[path] = values
    return varied


def parse_vary(text: str, config: TrainConfig) -> tuple[str, list[Any]]:
    """Return the path of a field and its values from a text like `image_size=64,96` or `stain-jitter=0,0.1`.

    Parts of one value (brightness 0.8 to 1.2) are separated by spaces. Raises `ConfigError` for a field that is not
    there or is not one to vary, and for a value that it cannot have in `config`.
    """
    name, equals, given = text.partition("=")
    path = _fields().get(name.strip().removeprefix("--").replace("-", "_"))
    if not equals or path is None:
        raise ConfigError(f"vary: expected a setting and its values, as image_size=64,96 (received {text!r:.200})")
    if path in _OF_THE_GRID:
        raise ConfigError(f"vary: {path} is given by the study's own seeds and folds (received {text!r:.200})")
    return path, each_once([_value(path, part.strip(), config) for part in given.split(",")])


def parse_numbers(text: str, what: str) -> list[int]:
    """Return whole numbers from a text like `0,1,2` or `1-5`. Raises `ConfigError`; `what` says of what they are.

    So it does where they are more than a study can have, before it makes them.
    """
    try:
        ends = [part.partition("-") for part in text.split(",")]
        ranges = [(int(low), int(high if to else low)) for low, to, high in ends]
    except ValueError:
        ranges = []
    if sum(max(0, high - low + 1) for low, high in ranges) > _MOST_MEMBERS:
        raise ConfigError(
            f"{what}: expected {_MOST_MEMBERS:,} numbers at most, as many as a study can have members "
            f"(received {text!r:.100})"
        )
    numbers = [number for low, high in ranges for number in range(low, high + 1)]
    backwards = any(low > high for low, high in ranges)
    if not numbers or backwards or len(set(numbers)) != len(numbers):
        raise ConfigError(f"{what}: expected whole numbers, each once, as 0,1,2 or 1-5 (received {text!r:.100})")
    return numbers


def value_text(value: object) -> str:
    """Return a varied value as it stands in the name of a place."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple | list):
        return "-".join(map(value_text, value))
    if isinstance(value, float):
        return short if float(short := f"{value:g}") == value else repr(value)  # two values never share a name
    return str(value)


def _fields() -> dict[str, str]:
    """Return the path of each field that can be varied, by its path and by its name as an option."""
    kept = [path for path in config_fields() if path not in _OF_ALL]
    return {option_name(path).removeprefix("--").replace("-", "_"): path for path in kept} | {
        path: path for path in kept
    }


def _value(path: str, text: str, config: TrainConfig) -> Any:  # noqa: ANN401 - a field is of any type
    """Return what a field makes of a text: as the field's own type, as JSON has it."""
    may_be_none = NoneType in get_args(config_fields()[path].annotation)  # class_weights has a "none" of its own
    given = (
        text.split()
        if isinstance(config_values(config)[path], tuple)
        else None
        if text == "none" and may_be_none
        else text
    )
    made = config_values(make_config(**_with_values(config, {path: given})))[path]
    return list(made) if isinstance(made, tuple) else made


def _with_values(config: TrainConfig, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration's fields, nested, with other values at some paths.

    Another network has layers of its own, so that the range that learns is by default that network's.
    """
    fields = config.model_dump()
    if values.get("network", config.network) != config.network:
        del fields["trainable_from"], fields["trainable_to"]
    return set_nested(fields, values)


def each_once(values: Sequence[Any]) -> list[Any]:
    """Return values in their order, without those that were there before."""
    return [value for number, value in enumerate(values) if value not in values[:number]]
