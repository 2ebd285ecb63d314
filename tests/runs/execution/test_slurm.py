"""What is asked of Slurm and what its words mean, without one; tests/cluster has a real one."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from allcore.config import make_config
from allcore.errors import ConfigError
from allcore.runs.execution.cluster_settings import SlurmSettings, read_cluster
from allcore.runs.execution.executor import worker_environment
from allcore.runs.execution.slurm import SlurmExecutor, job_options, job_script, word_of_slurm
from allcore.runs.folder.launches import GOES_ON_LATER, Launch
from allcore.runs.folder.store import Run


@pytest.fixture
def run(tmp_path):
    """Return a run in a folder whose name a shell and Slurm could misread."""
    run = Run(tmp_path / "100% of $HOME")
    run.folder.mkdir()
    (run.folder / "config.json").write_text(make_config(dataset="smears", devices=2).to_json())
    return run


@pytest.mark.parametrize(
    ("line", "state", "said"),
    [
        ("7|PENDING|Resources", "waiting", "pending, Resources"),
        ("7|PENDING|QOSMaxJobsPerUserLimit", "waiting", "pending, QOSMaxJobsPerUserLimit"),
        ("7|RUNNING|None", "running", "running"),
        ("7|COMPLETING|None", "running", "completing"),
        ("7|OUT_OF_MEMORY|OutOfMemory", "over", "more memory than it was given"),
        ("7|TIMEOUT|TimeLimit", "over", "time limit was over"),
        ("7|NODE_FAIL|None", "over", "machine failed"),
        ("7|PREEMPTED|None", "over", "another job took its machine"),
        ("7|CANCELLED|None", "over", "cancelled with Slurm's own commands"),
        ("7|LAUNCH_FAILED|None", "over", "could not be started"),
        ("7|REVOKED|None", "over", "another cluster"),
        ("7|RESIZING|None", "running", "resizing"),
        ("7|POWER_UP_NODE|None", "waiting", "power_up_node"),
        ("7|EXPEDITING|None", "waiting", "expediting"),
        ("7|UPDATE_DB|None", "unclear", "update_db"),
        ("7|SOMETHING_NEW|Because", "unclear", "something_new, Because"),
    ],
)
def test_words_of_slurm_say_whether_a_run_can_still_come_and_why(line, state, said):
    job, word = word_of_slurm(line)
    assert (job, word.state) == ("7", state)
    assert said in word.text


def test_job_has_what_the_settings_say_and_gpus_for_each_device(run):
    settings = SlurmSettings(
        partition="gpu", account="lab", time="1:00:00", gpu="gpu:a100", cpus=4, memory="16G", options=("--qos=low",)
    )
    options = job_options(run, settings)
    wanted = {"--partition=gpu", "--account=lab", "--time=1:00:00", "--gres=gpu:a100:2", "--cpus-per-task=4",
              "--mem=16G", "--qos=low", "--requeue", "--signal=B:USR1@120"}  # fmt: skip
    assert wanted <= set(options)
    assert f"--output={run.folder.parent}/100%% of $HOME/worker.output" in options


def test_job_that_no_setting_describes_asks_for_nothing_that_a_cluster_may_lack(run):
    names = {option.split("=")[0] for option in job_options(run, SlurmSettings())}
    assert not names & {"--partition", "--account", "--time", "--gres", "--mem"}


def test_script_runs_its_own_lines_first_and_quotes_the_folder(run):
    script = job_script(run, Launch(number=3), SlurmSettings(lines=("module load cuda",)), {})
    assert script.splitlines()[:2] == ["#!/bin/bash", "module load cuda"]
    assert f"worker '{run.folder}' --launch 3 &" in script


def catches(pid, number):
    (caught,) = re.findall(r"^SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(caught, 16) >> (number - 1) & 1


@pytest.mark.process
def test_job_that_is_given_no_environment_finds_the_package_and_what_it_needs(workspace, run, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", "/shared/the lab's $HOME")
    said = ('echo "$KERAS_HOME in $ALLCORE_WORKSPACE"',)
    script = job_script(run, Launch(number=3), SlurmSettings(lines=said), worker_environment(workspace))
    job = subprocess.run(
        ["/bin/bash", "-s"], input=script, env={}, cwd=run.folder, capture_output=True, text=True, check=False
    )
    assert job.stdout.strip() == f"/shared/the lab's $HOME in {workspace.root}"
    assert "launch 1 counts, this is 3" in job.stderr


@pytest.mark.process
@pytest.mark.parametrize("line", ["", "set -euo pipefail", "trap 'exit 1' ERR"])
def test_job_that_is_warned_is_queued_again_whatever_its_lines_have_set(run, tmp_path, monkeypatch, line):
    ready, queued = tmp_path / "ready", tmp_path / "queued again"
    worker = f"trap 'exit {GOES_ON_LATER}' USR1\necho > '{ready}'\nwhile true; do sleep 0.05; done"
    for name, does in (("python", worker), ("scontrol", f"echo $* > '{queued}'")):
        (tmp_path / name).write_text(f"#!/bin/bash\n{does}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    script = tmp_path / "script"
    script.write_text(job_script(run, Launch(number=1), SlurmSettings(lines=(line,)), {}))
    environment = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "SLURM_JOB_ID": "7"}
    with subprocess.Popen(["/bin/bash", str(script)], env=environment) as job:
        while not (ready.exists() and catches(job.pid, signal.SIGUSR1)):
            assert job.poll() is None
        job.send_signal(signal.SIGUSR1)
        assert job.wait() == GOES_ON_LATER
    assert queued.read_text() == "requeue 7\n"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (SlurmSettings(warning_seconds=300), ["export ALLCORE_WARNING_SECONDS=300"]),
        (SlurmSettings(options=("--qos=low", "--signal=B:USR1@900")), []),
    ],
)
def test_script_says_when_its_warning_comes_where_the_settings_say_it(run, settings, said):
    lines = job_script(run, Launch(number=1), settings, {}).splitlines()
    assert [line for line in lines if line.startswith("export")] == said


@pytest.fixture
def two_clusters(tmp_path, monkeypatch):
    """Let Slurm's commands be those of one of two clusters, both of which have a job 7; return what was asked of them.

    A job goes to the other one, as with `--clusters` among the options.
    """
    tools, asked = tmp_path / "tools", tmp_path / "asked"
    tools.mkdir()
    gone = f"[ -e {tmp_path}/gone ] && {{ echo \"error: 'gpu' can't be reached now\" >&2; exit 1; }}"
    there, here = 'echo "CLUSTER: gpu"; echo "7|PENDING|Resources"', 'echo "7|FAILED|None"'
    squeue = f'case "$*" in *--clusters=gpu*) {gone}; {there};; *) {here};; esac'
    for name, does in (("sbatch", "cat >/dev/null; echo '7;gpu'"), ("squeue", squeue), ("scancel", ""), ("sacct", "")):
        (tools / name).write_text(f'#!/bin/sh\necho "{name} $*" >> {asked}\n{does}\n')
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    return asked


@pytest.mark.process
def test_job_of_another_cluster_is_asked_of_that_one_and_cancelled_there(workspace, run, two_clusters):
    executor = SlurmExecutor(workspace)
    job = executor.submit_job(run, Launch(number=1))
    words = executor.words([job, "7"])
    assert (words[job].state, words["7"].state) == ("waiting", "over")
    executor.cancel(job, only_waiting=True)
    assert two_clusters.read_text().splitlines()[-1] == "scancel --clusters=gpu --state=PENDING 7"


@pytest.mark.process
def test_cluster_that_does_not_answer_leaves_what_another_one_says(workspace, two_clusters, tmp_path):
    (tmp_path / "gone").touch()
    words = SlurmExecutor(workspace).words(["7;gpu", "7", "8;gpu"])
    assert {job: word.state for job, word in words.items()} == {"7;gpu": "unclear", "7": "over", "8;gpu": "unclear"}
    assert words["7;gpu"].text == "the cluster gpu does not answer"
    assert SlurmExecutor(workspace).words(["7;gpu"]) is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "cannot be read"),
        ("[]", "is not a JSON object"),
        ('{"slurm": {"partitoin": "gpu"}}', r"slurm\.partitoin: extra inputs are not permitted"),
        ('{"at_once": 0}', "at_once: input should be greater than or equal to 1 .received 0"),
        ('{"executor": "kubernetes"}', "executor: .* 'local', 'slurm' or 'ray'"),
    ],
)
def test_settings_that_will_not_do_are_named(tmp_path, monkeypatch, content, said):
    monkeypatch.delenv("ALLCORE_EXECUTOR", raising=False)
    (tmp_path / "cluster.json").write_text(content)
    with pytest.raises(ConfigError, match=f"cluster.json of the workspace.*{said}"):
        read_cluster(tmp_path)


def test_executor_that_there_is_not_is_named_by_its_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("ALLCORE_EXECUTOR", "pbs")
    with pytest.raises(ConfigError, match=r"ALLCORE_EXECUTOR: .*received 'pbs'"):
        read_cluster(tmp_path)


def test_without_slurms_commands_nothing_is_launched(workspace, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigError, match="the command sbatch is not there"):
        SlurmExecutor(workspace).check(make_config(dataset="smears"))


def test_a_script_holds_none_of_the_variables_of_other_tools(run):
    given = {"TF_TOKEN_app_example": "secret", "TF_VAR_password": "secret", "TF_NUM_INTRAOP_THREADS": "2"}
    script = job_script(run, Launch(number=1), SlurmSettings(), given)
    assert "secret" not in script
    assert "TF_NUM_INTRAOP_THREADS=2" in script
