"""How runs and models are named on the command line."""

from __future__ import annotations

from typing import Annotated

import typer

A_RUN = "a run (its id, an unambiguous part of it, its folder, or `latest`)"
RunName = Annotated[str, typer.Argument(metavar="RUN", help=A_RUN)]
ModelName = Annotated[
    str, typer.Argument(metavar="MODEL", help=f"{A_RUN}, or an .onnx file (of a released model its name alone)")
]
