"""A stand-in for an MLflow server, as far as runs are mirrored, and runs whose folders tests write themselves."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import pandas as pd
import pytest

from allcore.config import make_config
from allcore.config_parts import SplitConfig
from allcore.data.splits.split import make_split
from allcore.runs.folder.files import METRICS_FILE
from allcore.runs.folder.status import write_status
from allcore.runs.folder.store import RunStore
from allcore.tracking.server import MlflowServer


class StandIn(ThreadingHTTPServer):
    """Keeps what it is sent as MLflow does: parameters never change, and the same metric stands there once."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.experiments, self.runs, self.files, self.asked, self.headers = {}, {}, {}, [], []
        self.deleted = set()
        self.fails = {}
        self.artifacts = "mlflow-artifacts:/{}/artifacts"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, name, asked):
        """Return the status and the answer of a request of the REST interface."""
        if name in self.fails:
            return self.fails[name]
        if str(asked.get("run_id")) in self.deleted:
            return 400, {"error_code": "INVALID_PARAMETER_VALUE", "message": "must be in the 'active' state"}
        return getattr(self, name.replace("/", "_").replace("-", "_"))(asked)

    def experiments_get_by_name(self, asked):
        name = asked["experiment_name"][0]
        if name not in self.experiments:
            return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such experiment"}
        found = {"experiment_id": self.experiments[name], "lifecycle_stage": "active"}
        return 200, {"experiment": found}

    def experiments_create(self, asked):
        self.experiments[asked["name"]] = str(len(self.experiments) + 1)
        return 200, {"experiment_id": self.experiments[asked["name"]]}

    def runs_search(self, asked):
        key, value = asked["filter"].removeprefix("tags.`").split("` = ")
        found = [{"info": run["info"]} for run in self.runs.values() if run["tags"].get(key) == value[1:-1]]
        return 200, {"runs": found[:1]}

    def runs_create(self, asked):
        number = f"r{len(self.runs) + len(self.deleted) + 1}"
        info = {"run_id": number, "artifact_uri": self.artifacts.format(number), "status": "RUNNING"}
        tags = {tag["key"]: tag["value"] for tag in asked["tags"]}
        self.runs[number] = {"info": info, "name": asked["run_name"], "tags": tags, "params": {}, "metrics": set()}
        return 200, {"run": {"info": info}}

    def runs_get(self, asked):
        (number,) = asked["run_id"]
        if number not in {*self.runs, *self.deleted}:
            return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such run"}
        stage = "deleted" if number in self.deleted else "active"
        return 200, {"run": {"info": {"run_id": number, "lifecycle_stage": stage}}}

    def runs_delete(self, asked):
        del self.runs[asked["run_id"]]
        self.deleted.add(asked["run_id"])
        return 200, {}

    def runs_update(self, asked):
        self.runs[asked["run_id"]]["info"] |= asked
        return 200, {}

    def runs_log_batch(self, asked):
        run = self.runs[asked["run_id"]]
        for one in asked.get("params", ()):
            if run["params"].setdefault(one["key"], one["value"]) != one["value"]:
                return 400, {"error_code": "INVALID_PARAMETER_VALUE", "message": "a parameter changed"}
        run["tags"] |= {one["key"]: one["value"] for one in asked.get("tags", ())}
        run["metrics"] |= {
            (one["key"], one["step"], one["value"], one["timestamp"]) for one in asked.get("metrics", ())
        }
        return 200, {}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self):
        parts = urlsplit(self.path)
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.headers.append(dict(self.headers))
        if "/mlflow-artifacts/" in parts.path:
            name = unquote(parts.path.partition("/artifacts/")[2])
            status, told = self.server.fails.get("upload", (200, {}))
            if status == 200:
                self.server.files[name] = content
        else:
            name = parts.path.partition("/api/2.0/mlflow/")[2]
            status, told = self.server.answer(name, json.loads(content) if content else parse_qs(parts.query))
        self.server.asked.append(name)
        text = told if isinstance(told, bytes) else json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        if status == 302:
            self.send_header("Location", f"{self.server.address}/elsewhere")
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = _answer  # noqa: N815 - names that http.server looks for

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def stand_in(monkeypatch):
    """Return a stand-in that listens, and that the environment names."""
    with StandIn() as server:
        for name in ("USERNAME", "PASSWORD", "TOKEN"):
            monkeypatch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)
        monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.address)
        yield server
        server.shutdown()


@pytest.fixture
def server(stand_in):
    """Return the stand-in as runs are mirrored to it."""
    return MlflowServer(stand_in.address)


@pytest.fixture
def make_run(workspace):
    """Return a maker of runs that are about to be trained."""
    images = pd.DataFrame({"path": [f"{c}/{n}.png" for c in "AB" for n in range(20)]})
    images["label"], images["sha256"], images["pixel_sha256"] = images["path"].str[0], images["path"], images["path"]
    split = make_split(images, SplitConfig())
    return lambda **fields: RunStore(workspace.runs).create(make_config(dataset="smears", **fields), split)


def batch(step, loss=1.0, **more):
    """Return a record of a batch."""
    return {"kind": "batch", "epoch": (step - 1) // 2, "step": (step - 1) % 2 + 1, "global_step": step,
            "loss": loss, "checksum": 7, "time": 1000.0 + step, **more}  # fmt: skip


def epoch(number, loss=1.0):
    """Return a record of an epoch, 0-based."""
    return {"kind": "epoch", "epoch": number, "step": 2, "loss": loss, "accuracy": 0.5, "validation_loss": 2.0,
            "validation_accuracy": None, "seconds": 3.0, "time": 1002.5 + 2 * number}  # fmt: skip


def report(run, *records):
    """Append records to a run's metrics."""
    with (run.folder / METRICS_FILE).open("a") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)


def rest(run, state="cancelled", **fields):
    """Let a run be at rest."""
    write_status(run.folder, run.status().model_copy(update={"state": state, "heartbeat": 2000.0, **fields}))
