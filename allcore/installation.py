"""Where this copy of ALLscope stands, and the command that adds what it lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Final

PROJECT = Path(__file__).resolve().parent.parent
"""Folder from which `allcore` is imported: the source tree, or where packages are installed."""

IS_INSTALLED = not (PROJECT / "streamlit_app.py").is_file()

APP = PROJECT / "allscope" if IS_INSTALLED else PROJECT
"""Folder of the app and of the released model."""

_REQUIREMENTS: Final = {
    "train": "requirements.txt", "sign-in": "requirements.txt", "gpu": "requirements-gpu.txt",
}  # fmt: skip


def command_that_adds(extra: str) -> str:
    """Return the command that installs an extra of the package: from the locks where this is the source tree."""
    return f"pip install 'allscope[{extra}]'" if IS_INSTALLED else f"pip install -r {_REQUIREMENTS[extra]}"
