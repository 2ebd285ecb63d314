"""Command-line options made from the configuration's fields, so that neither can lack what the other has."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer
from pydantic.fields import FieldInfo

from allcore.config import TrainConfig, make_config
from allcore.config_fields import config_fields, set_nested, setting_text
from allcore.errors import ConfigError
from allcore.paper import says_of_setting
from allcore.presets import PRESETS
from allcore.recipe import option_name

_LEFT_OUT = {"dataset", "study", "place"}
_NONE: Final = object()
"""What is given where `none` was typed; None stands for an option that was not given."""


def with_config_options(
    *, leave_out: frozenset[str] = frozenset()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command one option for each configuration field; they reach it as the dictionary `fields`."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(command, eval_str=True).parameters
        options = {path: parameter for path, parameter in _options().items() if path not in leave_out}

        def wrapped(**given: object) -> None:
            fields = {path: given.pop(parameter.name) for path, parameter in options.items()}
            typed = {path: value for path, value in fields.items() if value is not None}
            command(**given, fields={path: None if value is _NONE else value for path, value in typed.items()})

        parameters = [*(p for name, p in own.items() if name != "fields"), *options.values()]
        wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        wrapped.__annotations__ = {p.name: p.annotation for p in parameters}
        wrapped.__doc__ = command.__doc__
        return wrapped

    return decorate


def config_from(data: Path, preset: str, fields: dict[str, Any], **more: object) -> TrainConfig:
    """Return the configuration that a preset and options describe. Raises `ConfigError`."""
    if preset not in PRESETS:
        raise ConfigError(f"preset: unknown (received {preset!r}); expected one of {', '.join(PRESETS)}")
    nested: dict[str, Any] = {"dataset": str(data), **deepcopy(PRESETS[preset]), **more}
    return make_config(**set_nested(nested, fields))


def presets_help() -> str:
    """Return every preset with the size and the length that it gives a run."""
    configs = ((name, make_config(dataset="", **fields)) for name, fields in PRESETS.items())
    return " | ".join(f"{name} ({config.image_size} px, {config.epochs} epochs)" for name, config in configs)


def _options() -> dict[str, inspect.Parameter]:
    """Return a keyword parameter for every field, by the field's path (`split.seed`)."""
    return {path: _parameter(path, field) for path, field in config_fields().items() if path not in _LEFT_OUT}


def _parameter(path: str, field: FieldInfo) -> inspect.Parameter:
    name = path.removeprefix("augment.").replace(".", "_")
    flag = option_name(path)
    kind, choices = _plain_type(field.annotation)
    if kind is bool:
        flag = f"{flag}/--no-{flag.removeprefix('--')}"
    said = says_of_setting(path, setting_text(field.default))
    beside = f"paper: {said}" if said else f"default: {setting_text(field.default)}"
    described = f"{choices}{field.description} ({beside})"
    may_lack = kind in (int, float) and kind is not field.annotation
    option = typer.Option(
        flag,
        help=described,
        show_default=False,
        rich_help_panel=_panel(path),
        parser=_or_none(kind) if may_lack else None,
        metavar=f"<{kind.__name__}|none>" if may_lack else None,
    )
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[typing.Optional[kind], option],  # noqa: UP045
    )


def _plain_type(annotation: Any) -> tuple[Any, str]:  # noqa: ANN401 - whatever stands in an annotation
    """Return the type that an option parses, and the choices that it has, to stand before its help."""
    origin = typing.get_origin(annotation)
    if origin is Literal:
        return str, f"{' | '.join(typing.get_args(annotation))}. "
    if origin in (typing.Union, types.UnionType):
        return next(argument for argument in typing.get_args(annotation) if argument is not type(None)), ""
    if origin is Annotated:
        return typing.get_args(annotation)[0], ""
    return annotation, ""


def _or_none(kind: Callable[[str], float]) -> Callable[[str], object]:
    """Return what parses a number that a setting may lack."""

    def parse(text: str) -> object:
        if text == "none":
            return _NONE
        try:
            return kind(text)
        except ValueError:
            raise typer.BadParameter(f"{text!r} is neither a valid {kind.__name__} nor none") from None

    return parse


def _panel(path: str) -> str:
    if path.startswith("split."):
        return "Split"
    return "Augmentation" if path.startswith("augment.") else "Training"
