"""`app`: the app in the browser."""

from __future__ import annotations

import os
import sys

import typer


def start(context: typer.Context) -> None:
    """Start the app in your browser; options are Streamlit's, such as --server.port 8600."""
    from allcore.installation import APP

    command = [sys.executable, "-m", "streamlit", "run", str(APP / "streamlit_app.py"), *context.args]
    os.execv(sys.executable, command)  # noqa: S606 - this process becomes the app, and is stopped as such
