"""How far a run or a study is mirrored: `mlflow.json` in its folder, written by whoever mirrors it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from allcore.errors import RunError
from allcore.runs.folder.files import MIRRORED_FILE, read_record
from allcore.writing import write_whole

Natural = Annotated[int, Field(ge=0, lt=2**63)]


class Mirrored(BaseModel):
    """What a server has been sent of a run: `run` is its id there, '' as long as the server was not reached.

    `offset` counts the bytes of the metrics that were read; `epoch` and `step` (1-based) are the last ones sent: what
    a resumed run repeats is sent once. `files` has the size and time of each artifact that was sent, `status` is
    the last one that the server was told, `problem` why something could not be sent.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    server: str
    experiment: str = ""
    run: str = ""
    artifacts: str = ""
    described: bool = False
    offset: Natural = 0
    epoch: Natural = 0
    step: Natural = 0
    files: dict[str, str] = {}
    status: str = ""
    problem: str = ""

    @property
    def page(self) -> str:
        """The address of the run's page on the server, of the server alone as long as the run is not there."""
        return f"{self.server}/#/experiments/{self.experiment}/runs/{self.run}" if self.run else self.server


def read_mirrored(folder: Path) -> Mirrored | None:
    """Return the record of a run or study; None where there is none, or it is damaged: what was sent is found again."""
    try:
        found = read_record(folder, MIRRORED_FILE)
        return None if found is None else Mirrored.model_validate(found)
    except (RunError, ValidationError):
        return None


def write_mirrored(folder: Path, record: Mirrored) -> None:
    """Replace the record. Raises `OSError` when the disk refuses."""
    write_whole(folder / MIRRORED_FILE, record.model_dump_json(indent=1))
