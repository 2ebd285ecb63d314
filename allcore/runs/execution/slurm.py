"""Runs as jobs of Slurm, through its own commands; the workspace is a folder that all of its machines share."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from allcore.config import TrainConfig
from allcore.errors import ConfigError, SchedulerError
from allcore.hardware import VISIBLE_GPUS
from allcore.runs.execution.cluster_settings import SlurmSettings, read_cluster
from allcore.runs.execution.executor import is_handed_over, worker_command, worker_environment
from allcore.runs.execution.scheduled import ScheduledExecutor, Word
from allcore.runs.execution.stop_signal import WARNING_SECONDS
from allcore.runs.folder.files import OUTPUT_FILE
from allcore.runs.folder.launches import GOES_ON_LATER, Launch
from allcore.runs.folder.store import Run

_COMMANDS: Final = ("sbatch", "squeue", "scancel", "scontrol")
_TIMEOUT: Final = 30.0
_ASKED_AT_ONCE: Final = 500
_NUMBER: Final = re.compile(r"\d+(;\S+)?")
"""A job as `sbatch --parsable` tells of it; a site's sbatch may say more, on lines of their own."""
_LOST: Final = ("timed out", "zero bytes", "receive failure", "shutdown failure", "header lengths")
"""What sbatch says where the controller may have taken the job, and its answer did not come."""
_clusters: Final[dict[str, str]] = {}

_STATES: Final[dict[str, Literal["waiting", "running"]]] = {
    "PENDING": "waiting", "REQUEUED": "waiting", "REQUEUE_HOLD": "waiting", "REQUEUE_FED": "waiting",
    "SPECIAL_EXIT": "waiting", "CONFIGURING": "waiting", "RESV_DEL_HOLD": "waiting", "SUSPENDED": "running",
    "RUNNING": "running", "COMPLETING": "running", "STAGE_OUT": "running", "SIGNALING": "running", "STOPPED": "running",
    "RESIZING": "running", "POWER_UP_NODE": "waiting", "EXPEDITING": "waiting",
}  # fmt: skip
"""What the states of a job that is not over mean for its run."""

_ENDS: Final = {
    "OUT_OF_MEMORY": "the job needed more memory than it was given: give it more, or use a smaller batch size",
    "TIMEOUT": "the time limit was over before a checkpoint could be saved: resume the run, and give jobs more time",
    "NODE_FAIL": "its machine failed: resume the run",
    "PREEMPTED": "another job took its machine: resume the run",
    "BOOT_FAIL": "its machine did not start: resume the run",
    "DEADLINE": "its deadline has passed",
    "CANCELLED": "the job was cancelled with Slurm's own commands: resume the run",
    "COMPLETED": "the job has ended without the run",
    "FAILED": "the job has failed: the end of its log says why",
    "LAUNCH_FAILED": "the job could not be started on its machine: resume the run",
    "RECONFIG_FAIL": "its machine could not be set up as the job asks: resume the run",
    "REVOKED": "another cluster has taken the job over: resume the run where nothing is heard of it",
}
"""The states that are the end of a job, in words."""


@dataclass(frozen=True)
class SlurmExecutor(ScheduledExecutor):
    """One job a run. Before its time limit a job is warned, saves a checkpoint and is queued again."""

    name: ClassVar[str] = "slurm"

    @property
    def settings(self) -> SlurmSettings:
        """How jobs of this workspace are submitted."""
        return read_cluster(self.workspace.root).slurm

    def check(self, config: TrainConfig) -> None:
        """Raise `ConfigError` where Slurm's commands are missing, or GPUs are asked for that no setting names."""
        missing = [name for name in _COMMANDS if shutil.which(name) is None]
        if missing:
            raise ConfigError(
                f"ALLCORE_EXECUTOR is slurm, and the command {missing[0]} is not there: start this on a machine of the "
                "cluster, or choose the executor local"
            )
        if not self.settings.gpu and (config.device == "gpu" or config.devices > 1):
            raise ConfigError("a GPU is asked for; name it in cluster.json of the workspace: slurm.gpu, gpu:a100 say")

    def can_ask(self) -> bool:
        """Return whether this machine has the command that tells of the queue."""
        return shutil.which("squeue") is not None

    def submit_job(self, run: Run, launch: Launch) -> str:
        """Return the number that sbatch gives a run's job, with `;` and its cluster where that is another one's.

        Where no number comes and Slurm may have the job all the same, return the job's name, which no other job has.
        Raises `SchedulerError` with Slurm's reason when it refuses.
        """
        environment = worker_environment(self.workspace)
        environment.pop(VISIBLE_GPUS, None)
        settings, name = self.settings, f"{run.id}-{launch.number}"
        command = ["sbatch", *job_options(run, settings), f"--job-name={name}"]  # last: it is found by it
        done = _ask(command, job_script(run, launch, settings, environment), environment)
        why = _last_line(done.stderr)
        if done.returncode > 0 and not any(text in why.lower() for text in _LOST):
            raise SchedulerError(f"Slurm refuses run {run.id}: {why}")
        numbers = [line for line in map(str.strip, done.stdout.splitlines()) if _NUMBER.fullmatch(line)]
        if done.returncode == 0 and numbers:
            return numbers[-1]
        clusters = [option.partition("=")[2] for option in settings.options if option.startswith("--clusters=")]
        return ";".join([name, *clusters[-1:]])

    def at(self) -> str:
        """Return the cluster's name after the number of this process's user, who may not be shown others' jobs."""
        cluster = _cluster_here()
        return f"{os.getuid()}@{cluster}" if cluster else ""

    def words(self, jobs: Sequence[str]) -> dict[str, Word] | None:
        """Return what the queue, and for jobs that left it long ago the accounting, says of each job.

        None when nothing answers; where only one of several clusters does not, that is said of its jobs.
        """
        numbers: dict[str, list[str]] = {}
        for number, cluster in map(_number_and_cluster, jobs):
            numbers.setdefault(cluster, []).append(number)
        said = {cluster: _words_of_cluster(of_it, cluster) for cluster, of_it in numbers.items()}
        if all(words is None for words in said.values()):
            return None if numbers else {}
        found: dict[str, Word] = {}
        for cluster, words in said.items():
            if words is None:
                silent = Word("unclear", f"the cluster {cluster or 'of this machine'} does not answer")
                words = dict.fromkeys(numbers[cluster], silent)
            found |= {f"{number};{cluster}" if cluster else number: word for number, word in words.items()}
        return found

    def cancel(self, job: str, *, only_waiting: bool = False) -> None:
        """Have Slurm end a job: it sends SIGTERM, and SIGKILL half a minute later."""
        number, cluster = _number_and_cluster(job)
        which = number if number.isdecimal() else f"--name={number}"
        _ask(["scancel", *_of_cluster(cluster), *(["--state=PENDING"] if only_waiting else []), which])


def job_script(run: Run, launch: Launch, settings: SlurmSettings, environment: Mapping[str, str]) -> str:
    """Return the job's script: the worker, Slurm's signals passed on to it, and the job queued again near its limit.

    It sets itself what the worker needs of the environment: a site may hand none over to jobs (`--export=NONE`).
    What a job is cancelled by must not queue it again, and a job that makes room for another Slurm itself queues again.
    """
    return "\n".join(
        [
            "#!/bin/bash",
            *_needed(environment),
            *settings.lines,
            "set +eu; trap - ERR  # that a signal ends a wait is no error",
            *_said_of_warning(settings),
            f"{shlex.join(worker_command(run, launch))} &",
            "worker=$!",
            "trap 'warned=yes; kill -USR1 $worker 2>/dev/null' USR1",
            "trap 'kill -TERM $worker 2>/dev/null' TERM",
            "wait $worker; status=$?",
            "while kill -0 $worker 2>/dev/null; do wait $worker; status=$?; done  # a signal ends a wait early",
            f'if [ $status -eq {GOES_ON_LATER} ] && [ "$warned" ]; then scontrol requeue $SLURM_JOB_ID; fi',
            "exit $status",
            "",
        ]
    )


def _needed(environment: Mapping[str, str]) -> list[str]:
    names = sorted(name for name in environment if is_handed_over(name) and name.isidentifier())
    return [f"export {name}={shlex.quote(environment[name])}" for name in names]


def _said_of_warning(settings: SlurmSettings) -> list[str]:
    """Return the line that tells the worker when the job's warning comes, unless options ask for another one."""
    own = any(option.startswith("--signal") for option in settings.options)
    return [] if own else [f"export {WARNING_SECONDS}={settings.warning_seconds}"]


def job_options(run: Run, settings: SlurmSettings) -> list[str]:
    """Return the options of sbatch for a run's job."""
    output = str(run.folder / OUTPUT_FILE).replace("%", "%%")
    options = [
        "--parsable", "--requeue", "--open-mode=append", f"--output={output}", f"--chdir={run.folder}",
        f"--signal=B:USR1@{settings.warning_seconds}", "--nodes=1", "--ntasks=1", f"--cpus-per-task={settings.cpus}",
    ]  # fmt: skip
    for option, value in (
        ("partition", settings.partition), ("account", settings.account), ("time", settings.time),
        ("mem", settings.memory),
    ):  # fmt: skip
        options += [f"--{option}={value}"] if value else []
    if settings.gpu and run.config.device != "cpu":
        options.append(f"--gres={settings.gpu}:{run.config.devices}")
    return [*options, *settings.options]


def _number_and_cluster(job: str) -> tuple[str, str]:
    """Return a job's number, or its name where that alone is known, and its cluster.

    No cluster where that is the one that Slurm's commands ask by themselves.
    """
    number, _, cluster = job.partition(";")
    return number, cluster


def _cluster_here() -> str:
    """Return the name of the cluster that Slurm's commands ask by themselves; empty where that cannot be told."""
    settings = os.environ.get("SLURM_CONF", "")
    if settings not in _clusters:
        said = _ask(["scontrol", "show", "config"]).stdout
        if (named := re.search(r"^ClusterName *= *(\S+)", said, re.MULTILINE)) is None:
            return ""
        _clusters[settings] = named[1]
    return _clusters[settings]


def _of_cluster(cluster: str) -> list[str]:
    return [f"--clusters={cluster}"] if cluster else []


def _words_of_cluster(jobs: Sequence[str], cluster: str) -> dict[str, Word] | None:
    """Return what is said of jobs of one cluster, by their numbers or names; None when it does not answer."""
    found: dict[str, Word] = {}
    numbers, names = [job for job in jobs if job.isdecimal()], [job for job in jobs if not job.isdecimal()]
    for option, column, those in (("jobs", "%i", numbers), ("name", "%j", names)):
        for first in range(0, len(those), _ASKED_AT_ONCE):
            asked = [f"--{option}={','.join(those[first : first + _ASKED_AT_ONCE])}", *_of_cluster(cluster)]
            answer = _ask(["squeue", "--noheader", "--states=all", f"--format={column}|%T|%r", *asked])
            if answer.returncode != 0 and "Invalid job id" not in answer.stderr:
                return None
            found |= dict(map(word_of_slurm, (line for line in answer.stdout.splitlines() if line.count("|") >= 2)))
    return found | _recorded([number for number in numbers if number not in found], cluster)


def _recorded(jobs: Sequence[str], cluster: str) -> dict[str, Word]:
    """Return what Slurm's accounting, where there is one, says of jobs that have left the queue long ago."""
    found: dict[str, Word] = {}
    for first in range(0, len(jobs), _ASKED_AT_ONCE):
        asked = [f"--jobs={','.join(jobs[first : first + _ASKED_AT_ONCE])}", *_of_cluster(cluster)]
        answer = _ask(["sacct", "--noheader", "--parsable2", "--allocations", "--format=JobID,State", *asked])
        lines = [line.partition(" by ")[0] for line in answer.stdout.splitlines() if line.count("|") == 1]
        found |= dict(word_of_slurm(f"{line}|") for line in lines)
    return found


def word_of_slurm(line: str) -> tuple[str, Word]:
    """Return the job of a line `job|state|reason`, with what its state means for a run, and that in words.

    A state that is not known, of a newer Slurm say, is `unclear`: it need not be the end of the job.
    """
    job, state, reason = line.split("|", 2)
    if state in _ENDS:
        return job, Word("over", f"{_ENDS[state]} ({state}{_because(reason)})")
    return job, Word(_STATES.get(state, "unclear"), f"{state.lower()}{_because(reason)}")


def _because(reason: str) -> str:
    return "" if reason in ("None", "") else f", {reason}"


def _ask(
    command: list[str], said: str = "", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, input=said, env=environment, capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "it does not say why")
