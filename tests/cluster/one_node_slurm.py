"""A real Slurm of one node and two processors, from Debian's packages, in a folder of its own; it needs root."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

COMMANDS = ("slurmctld", "slurmd", "munged", "sbatch", "squeue", "scancel", "scontrol")

_CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
AuthType=auth/munge
CryptoType=crypto/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
SlurmUser=root
SlurmdUser=root
SlurmctldPort={controller_port}
SlurmdPort={node_port}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
KillWait=5
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=2000 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


@dataclass(frozen=True)
class OneNodeSlurm:
    """Slurm in a folder; `environment` is what its commands need."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What tells Slurm's commands of this Slurm."""
        return {"SLURM_CONF": str(self.folder / "slurm.conf")}

    @property
    def node(self) -> str:
        """Name of the one machine."""
        return socket.gethostname()

    def start(self) -> None:
        """Start the daemons, and wait until the node takes jobs."""
        for name in ("state", "spool"):
            (self.folder / name).mkdir(parents=True)
        ports = dict(zip(("controller_port", "node_port"), _free_ports(2), strict=True))
        (self.folder / "slurm.conf").write_text(_CONFIGURATION.format(host=self.node, folder=self.folder, **ports))
        self._start_munge()
        self.start_controller()
        self.run("slurmd")
        self._until_idle()

    def start_controller(self) -> None:
        """Start the controller, anew after it was killed."""
        self.run("slurmctld")

    def kill_controller(self) -> None:
        """Kill the controller without a warning, as a machine that fails would."""
        _kill(self.folder / "slurmctld.pid")

    def lose_node(self) -> None:
        """Tell the controller that the node failed, which it finds out itself after minutes, and is mended."""
        self.run("scontrol", "update", f"nodename={self.node}", "state=down", "reason=test")
        resume = ["scontrol", "update", f"nodename={self.node}", "state=resume"]
        deadline = time.monotonic() + 30
        while "down" in self.run("sinfo", "--noheader", "--format=%t"):  # a node that answers comes back by itself
            subprocess.run(resume, env=self._whole(), timeout=30, check=False, capture_output=True)
            assert time.monotonic() < deadline
            time.sleep(0.2)

    def stop(self) -> None:
        """End all of it, jobs too: what watches over a job ends once it has told the controller of the job's end."""
        subprocess.run(["scancel", "--user=root"], env=self._whole(), timeout=20, check=False, capture_output=True)
        deadline = time.monotonic() + 30
        while self._has_jobs() and time.monotonic() < deadline:
            time.sleep(0.2)
        for name in ("slurmd", "slurmctld", "munged"):
            _kill(self.folder / f"{name}.pid")

    def run(self, *command: str) -> str:
        """Return what one of Slurm's commands says."""
        done = subprocess.run(command, env=self._whole(), capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, (command, done.stderr)
        return done.stdout

    def _has_jobs(self) -> bool:
        left = subprocess.run(["squeue", "--noheader"], env=self._whole(), timeout=20, check=False, capture_output=True)
        return left.returncode == 0 and bool(left.stdout.strip())

    def _whole(self) -> dict[str, str]:
        return {**os.environ, **self.environment}

    def _start_munge(self) -> None:
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        files = {"key-file": key.name, "socket": "munge.socket", "pid-file": "munged.pid", "log-file": "munged.log",
                 "seed-file": "munged.seed"}  # fmt: skip
        options = [f"--{option}={self.folder / name}" for option, name in files.items()]
        self.run("munged", "--force", *options)

    def _until_idle(self) -> None:
        deadline = time.monotonic() + 30
        while "idle" not in self.run("sinfo", "--noheader", "--format=%t"):
            assert time.monotonic() < deadline, (self.folder / "slurmctld.log").read_text()[-2000:]
            time.sleep(0.2)


def missing() -> list[str]:
    """Return which of Slurm's programs are not there."""
    return [name for name in COMMANDS if shutil.which(name) is None]


def _kill(pid_file: Path) -> None:
    if pid_file.exists():
        pid = int(pid_file.read_text())
        os.kill(pid, signal.SIGKILL)
        while Path(f"/proc/{pid}/stat").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text():
            time.sleep(0.05)
        pid_file.unlink(missing_ok=True)


def _free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    for each in held:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports
