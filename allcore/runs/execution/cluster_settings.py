"""Who carries runs out, and how a scheduler is asked: `cluster.json` of the workspace, and ALLCORE_EXECUTOR."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from allcore.errors import ConfigError, FileError, MissingFileError
from allcore.json_text import field_of, read_json

_CLUSTER_FILE: Final = "cluster.json"
_EXECUTOR_VARIABLE: Final = "ALLCORE_EXECUTOR"
_LARGEST_BYTES: Final = 2**20

ExecutorName = Literal["local", "slurm", "ray"]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SlurmSettings(_Settings):
    """How a job is submitted. `gpu` is a GPU's name in `--gres` (`gpu`, `gpu:a100`); without it none is asked for.

    `options` go to sbatch as they are; `lines` are run by the job's shell before the worker (`module load cuda`).
    """

    partition: str = ""
    account: str = ""
    time: str = ""
    gpu: str = ""
    cpus: int = Field(2, ge=1)
    memory: str = ""
    warning_seconds: int = Field(120, ge=1, le=65_535)
    options: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


class RaySettings(_Settings):
    """What a job takes of a Ray cluster: processors, GPUs for each device that a run asks for, bytes of memory."""

    cpus: float = Field(1.0, gt=0.0)  # a job that asks for nothing is carried out on the head
    gpus: float = Field(0.0, ge=0.0)
    memory: int = Field(0, ge=0)


class ClusterSettings(_Settings):
    """Who carries runs out; how many of a study's members are with a scheduler at a time; how each is asked."""

    executor: ExecutorName = "local"
    at_once: int = Field(8, ge=1, le=10_000)
    slurm: SlurmSettings = SlurmSettings()
    ray: RaySettings = RaySettings()


def read_cluster(workspace: Path) -> ClusterSettings:
    """Return the workspace's settings, with the executor that ALLCORE_EXECUTOR names. Raises `ConfigError`."""
    try:
        found = read_json(workspace / _CLUSTER_FILE, _LARGEST_BYTES)
    except MissingFileError:
        found = {}
    except FileError as error:
        raise ConfigError(f"{_CLUSTER_FILE} of the workspace cannot be read ({error})") from None
    if not isinstance(found, dict):
        raise ConfigError(f"{_CLUSTER_FILE} of the workspace cannot be read (it is not a JSON object)")
    named = {"executor": os.environ[_EXECUTOR_VARIABLE]} if os.environ.get(_EXECUTOR_VARIABLE) else {}
    try:
        return ClusterSettings.model_validate(found | named)
    except ValidationError as error:
        first = error.errors()[0]
        field = field_of(first)
        place = _EXECUTOR_VARIABLE if named and field == "executor" else f"{_CLUSTER_FILE} of the workspace, {field}"
        message = f"{first['msg'][:1].lower()}{first['msg'][1:]}"
        raise ConfigError(f"{place}: {message} (received {first['input']!r:.100})") from None
