"""Which executor carries out new runs, and which one has a run, through which it is looked at and stopped."""

from __future__ import annotations

from allcore.errors import RunError
from allcore.runs.execution.cluster_settings import read_cluster
from allcore.runs.execution.executor import Executor, LocalExecutor
from allcore.runs.folder.launches import LOCAL, last_launch
from allcore.runs.folder.store import Run
from allcore.workspace import Workspace


def open_executor(workspace: Workspace) -> Executor:
    """Return the executor that ALLCORE_EXECUTOR, or else the workspace, names. Raises `ConfigError`."""
    return executor_named(read_cluster(workspace.root).executor, workspace)


def executor_of(run: Run, workspace: Workspace) -> Executor:
    """Return the executor that a run was last launched by, whichever is chosen for new ones. Raises `RunError`."""
    launch = last_launch(run.folder)
    return executor_named(LOCAL if launch is None else launch.executor, workspace)


def executor_named(name: str, workspace: Workspace) -> Executor:
    """Return the executor of that name. Raises `RunError` where this version has none."""
    if name == LOCAL:
        return LocalExecutor(workspace)
    if name == "slurm":
        from allcore.runs.execution.slurm import SlurmExecutor

        return SlurmExecutor(workspace)
    if name == "ray":
        from allcore.runs.execution.ray_jobs import RayExecutor

        return RayExecutor(workspace)
    raise RunError(f"this version has no executor {name!r:.50}; use the version that launched the run")


def resume(run: Run, executor: Executor) -> None:
    """Have a run that ended early carried out by `executor`, whoever had it. Raises what `Executor.resume` does."""
    executor_of(run, executor.workspace).look()
    executor.resume(run)
