"""`app`: the app in the browser."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import typer

from allcore.cli.kit.output import say


def start(context: typer.Context) -> None:
    """Replace this process by Streamlit with the app, and hand it the options."""
    from allcore.installation import APP

    own, here = APP / ".streamlit" / "config.toml", Path(".streamlit", "config.toml")
    if here.is_file() and not (own.is_file() and here.samefile(own)):
        say(
            f"{here} of this folder: what the app sets itself takes precedence over it; give options instead, such as "
            "--server.allowedHosts HOST",
            err=True,
        )
    command = [sys.executable, "-m", "streamlit", "run", str(APP / "streamlit_app.py"), *context.args]
    os.execv(sys.executable, command)  # noqa: S606 - this process becomes the app, and is stopped as such
