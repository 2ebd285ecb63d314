"""The commands by their names. A command's module is imported when it is called or described, and no other's."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from functools import cache
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup

_MODULES: Final = {
    "dataset": "dataset", "runs": "runs", "study": "study", "app": "start", "train": "train", "evaluate": "evaluate",
    "baselines": "baselines", "predict": "predict", "probe": "probe", "map": "image_map", "labels": "labels",
    "novelty": "novelty", "export": "export", "report": "report", "tradeoff": "tradeoff", "mlflow": "mlflow",
    "augment": "augment", "benchmark": "benchmark",
}  # fmt: skip
"""The module of each command: it holds a group of commands, `app`, or one as a function of the module's own name."""
_PASSES_ON: Final = ("app", "benchmark")
"""What takes options that it hands to another program as they are."""


class Commands(TyperGroup):
    """The group of all commands: those that it was given, and after them those of `_MODULES`."""

    def __init__(self, **given: Any) -> None:  # noqa: ANN401 - whatever Typer makes a group of
        super().__init__(**given)
        self.commands = _Imported(self.commands)


class _Imported(MutableMapping[str, Any]):
    """Commands by name, of which those that stand in a module of their own are imported when they are taken out."""

    def __init__(self, own: MutableMapping[str, Any]) -> None:
        self._own = dict(own)

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - a command, whose type Typer keeps to itself
        return self._own[name] if name in self._own else _imported(name)

    def __setitem__(self, name: str, command: Any) -> None:  # noqa: ANN401
        self._own[name] = command

    def __delitem__(self, name: str) -> None:
        del self._own[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**_MODULES, **self._own})

    def __len__(self) -> int:
        return len({**_MODULES, **self._own})


@cache
def _imported(name: str) -> Any:  # noqa: ANN401
    """Return the command of a module. Raises `KeyError` where there is none of that name."""
    module = import_module(f"allcore.cli.{_MODULES[name]}")
    alone = typer.Typer()
    alone.callback()(lambda: None)  # what keeps a single command of a Typer from being taken for all of it
    if hasattr(module, "app"):
        alone.add_typer(module.app, name=name)
    else:
        more = {"allow_extra_args": True, "ignore_unknown_options": True} if name in _PASSES_ON else {}
        alone.command(name, context_settings=more)(getattr(module, _MODULES[name]))
    return typer.main.get_group(alone).commands[name]
