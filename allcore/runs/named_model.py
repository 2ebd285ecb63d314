"""What a user means by MODEL: a run's id or folder, or a model's file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from allcore.errors import InputError
from allcore.inference.model_file import named_model_file
from allcore.runs.folder.store import Run, RunStore, run_of_model


@dataclass(frozen=True)
class NamedModel:
    """A model that was named: by its `file`, or, where that is None, by its run.

    `run` is the one in whose folder it lies; None when it lies in none.
    """

    file: Path | None
    run: Run | None

    @property
    def path(self) -> Path:
        """The model's file. Raises `RunError` while the run that was named has none."""
        return self.file or self.own_run.served_model

    @property
    def own_run(self) -> Run:
        """The run whose images are the model's own. Raises `InputError` where its file lies in no run's folder."""
        if self.run is None:
            raise InputError(
                f"{self.file} does not lie in a run's folder, so its images are not known; give --data DIR"
            )
        return self.run


def named_model(model: str, store: RunStore) -> NamedModel:
    """Return what `model` names. Raises `RunError` when it is neither an .onnx file nor one of the runs in `store`."""
    file = named_model_file(model)
    if file is None:
        return NamedModel(None, store.find(model))
    return NamedModel(file.resolve(), run_of_model(file.resolve()))
