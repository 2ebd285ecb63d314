"""What a model is called on the command line, and what its file can hold, known without a look at runs."""

from __future__ import annotations

from pathlib import Path

from allcore.files import is_file
from allcore.installation import APP

LARGEST_BYTES = 2 * 2**30
"""What an ONNX file can have at the most: Protocol Buffers allow no more."""


def named_model_file(model: str) -> Path | None:
    """Return the .onnx file that is named, in capitals or not; None for a run's id or folder.

    A name without a folder that is no file here means a released model of that name.
    """
    if not model.lower().endswith(".onnx"):
        return None
    released = APP / "models" / model
    return released if "/" not in model and not is_file(Path(model)) and is_file(released) else Path(model)
