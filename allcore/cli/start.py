"""`app`: the app in the browser."""

from __future__ import annotations

import os
import sys

import typer


def start(context: typer.Context) -> None:
    """Replace this process by Streamlit with the app, and hand it the options."""
    from allcore.installation import APP

    command = [sys.executable, "-m", "streamlit", "run", str(APP / "streamlit_app.py"), *context.args]
    os.execv(sys.executable, command)  # noqa: S606 - this process becomes the app, and is stopped as such
