"""An MLflow tracking server, spoken to by its REST interface (2.0), which any client may use.

https://mlflow.org/docs/latest/rest-api.html
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlsplit, urlunsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from allcore.errors import FileError, TrackingError
from allcore.json_text import parse_json
from allcore.runs.execution.mirroring import TRACKING_VARIABLE
from allcore.web_address import split_address, without_user

_EXPERIMENT_VARIABLE: Final = "MLFLOW_EXPERIMENT_NAME"
_DEFAULT_EXPERIMENT: Final = "ALLscope"
_SECONDS: Final = 20.0
_UPLOAD_SECONDS: Final = 120.0
_LARGEST_ANSWER: Final = 16 * 2**20
_MOST_METRICS: Final = 500
_MOST_PARAMETERS: Final = 100
_LONGEST: Final = 5000
"""Characters of a parameter or tag, which every server takes; so does it the numbers above in one request."""
_LONGEST_NAME: Final = 250
"""Characters of a run's name that a server's database has room for."""
_PROXIED: Final = "/api/2.0/mlflow-artifacts/artifacts/"


class MlflowRun(NamedTuple):
    """A run on the server: its id, and the address below which its artifacts lie."""

    id: str
    artifacts: str


class Metric(NamedTuple):
    """One value of a metric; `milliseconds` are those since the epoch."""

    key: str
    value: float
    milliseconds: int
    step: int


class _NoRedirects(HTTPRedirectHandler):
    """Follows no redirect: the credentials are meant for the server that was named."""

    def redirect_request(self, *_: object) -> None:
        return None


class MlflowServer:
    """A server by its address. What it refuses, or when it does not answer, raises `TrackingError`."""

    def __init__(self, uri: str) -> None:
        parts = split_address(uri)
        if parts is None:
            left_out = ", user and password left out" if "@" in uri else ""
            raise TrackingError(
                f"{TRACKING_VARIABLE} is {without_user(uri)!r:.200}{left_out}; expected a server's address, "
                "http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, percent-encoded. To mirror runs into a "
                "folder or a database, start a server over it: mlflow server --backend-store-uri sqlite:///mlflow.db"
            )
        host = parts.netloc.rpartition("@")[2]
        self.address = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        """Where it is, without a password."""
        self._headers = _credentials(unquote(parts.username or ""), unquote(parts.password or ""))
        self._opener = build_opener(_NoRedirects)

    def experiment(self) -> str:
        """Return the id of the experiment that MLFLOW_EXPERIMENT_NAME names, `ALLscope` when unset; made if missing."""
        name = os.environ.get(_EXPERIMENT_VARIABLE) or _DEFAULT_EXPERIMENT
        found = self._named_experiment(name)
        if found is None:
            try:
                return str(_told(self._call("POST", "experiments/create", {"name": name}), "experiment_id"))
            except TrackingError as error:
                found = self._named_experiment(name)  # somebody else may have made it meanwhile
                if found is None:
                    raise error from None
        if _told(found, "lifecycle_stage") == "deleted":
            raise TrackingError(f"experiment {name} was deleted; restore it, or set {_EXPERIMENT_VARIABLE}")
        return str(_told(found, "experiment_id"))

    def _named_experiment(self, name: str) -> object:
        try:
            path = f"experiments/get-by-name?experiment_name={quote(name, safe='')}"
            return _told(self._call("GET", path), "experiment")
        except TrackingError as error:
            if error.code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return None

    def find_run(self, experiment: str, tag: str, value: str) -> MlflowRun | None:
        """Return the earliest run of an experiment with this value of a tag, if there is one."""
        mark = '"' if "'" in value else "'"
        asked = {
            "experiment_ids": [experiment],
            "filter": f"tags.`{tag}` = {mark}{value}{mark}",
            "max_results": 1,
            "order_by": ["attributes.start_time ASC"],
        }
        found = self._call("POST", "runs/search", asked).get("runs")
        return _run({"run": found[0]}) if isinstance(found, list) and found else None

    def has_run(self, run: str) -> bool:
        """Return whether a run is there and was not deleted."""
        try:
            found = self._call("GET", f"runs/get?run_id={quote(run, safe='')}")
        except TrackingError as error:
            if error.code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return False
        return _told(found, "run", "info", "lifecycle_stage") == "active"

    def create_run(self, experiment: str, name: str, started: float, tags: Mapping[str, str]) -> MlflowRun:
        """Make a run that began so many seconds after the epoch."""
        asked = {
            "experiment_id": experiment,
            "run_name": name[:_LONGEST_NAME],
            "start_time": int(1000 * started),
            "tags": _pairs(tags),
        }
        return _run(self._call("POST", "runs/create", asked))

    def delete_run(self, run: str) -> None:
        """Remove a run, which its server can restore."""
        self._call("POST", "runs/delete", {"run_id": run})

    def log(
        self,
        run: str,
        *,
        metrics: Sequence[Metric] = (),
        parameters: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Add to a run. What is there already, the same value at the same time and step, stays once."""
        for first in range(0, len(metrics), _MOST_METRICS):
            some = [
                {"key": one.key, "value": one.value, "timestamp": one.milliseconds, "step": one.step}
                for one in metrics[first : first + _MOST_METRICS]
            ]
            self._call("POST", "runs/log-batch", {"run_id": run, "metrics": some})
        for kind, values in (("params", parameters), ("tags", tags)):
            pairs = _pairs(values or {})
            for first in range(0, len(pairs), _MOST_PARAMETERS):
                asked = {"run_id": run, kind: pairs[first : first + _MOST_PARAMETERS]}
                self._call("POST", "runs/log-batch", asked)

    def update(self, run: str, status: str, ended: float | None) -> None:
        """Set a run's status, RUNNING, FINISHED, FAILED or KILLED, and when it ended in seconds since the epoch."""
        end = {} if ended is None else {"end_time": int(1000 * ended)}
        self._call("POST", "runs/update", {"run_id": run, "status": status, **end})

    def upload(self, run: MlflowRun, file: Path, name: str) -> None:
        """Store a file as an artifact of a run."""
        root = urlsplit(run.artifacts)
        path = root.path.partition(_PROXIED)[2] if root.scheme in ("http", "https") else root.path
        if root.scheme not in ("http", "https", "mlflow-artifacts") or not path:
            raise TrackingError(
                f"artifacts of this experiment lie at {run.artifacts}, which the server does not write to itself; "
                "start it with --serve-artifacts, and set MLFLOW_EXPERIMENT_NAME to a new experiment"
            )
        with file.open("rb") as content:
            size = os.fstat(content.fileno()).st_size
            self._send("PUT", f"{_PROXIED}{quote(path.strip('/'))}/{quote(name)}", content, size)

    def _call(self, method: str, path: str, asked: Mapping[str, object] | None = None) -> dict[str, Any]:
        text = None if asked is None else json.dumps(asked, allow_nan=False).encode()
        answer = self._send(method, f"/api/2.0/mlflow/{path}", text, None)
        try:
            found = parse_json(answer or b"{}")
        except FileError as error:
            raise TrackingError(
                f"{self.address} is no MLflow server: what it answers cannot be read ({error})"
            ) from None
        if not isinstance(found, dict):
            raise TrackingError(f"{self.address} is no MLflow server: it answers no JSON object")
        return found

    def _send(self, method: str, path: str, content: bytes | BinaryIO | None, size: int | None) -> bytes:
        request = Request(  # noqa: S310 - http or https, looked at when the server was made
            f"{self.address}{path}", data=content, method=method, headers=self._headers
        )
        if size is None:
            request.add_header("Content-Type", "application/json")
        else:
            request.add_header("Content-Type", "application/octet-stream")
            request.add_header("Content-Length", str(size))
        try:
            with self._opener.open(request, timeout=_SECONDS if size is None else _UPLOAD_SECONDS) as answer:
                return bytes(answer.read(_LARGEST_ANSWER))
        except HTTPError as error:
            raise self._refusal(error) from None
        except (OSError, HTTPException, ValueError) as error:
            reason = error.reason if isinstance(error, URLError) else error
            said = getattr(reason, "strerror", None) or reason or type(error).__name__
            raise TrackingError(f"{self.address} does not answer ({said})") from None

    def _refusal(self, error: HTTPError) -> TrackingError:
        try:
            told = parse_json(error.read(_LARGEST_ANSWER))
        except (FileError, OSError, HTTPException):
            told = None
        said = told if isinstance(told, dict) else {}
        message = " ".join(str(said.get("message") or error.reason).split())
        if error.code in (401, 403):
            message += "; set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
        return TrackingError(f"{self.address} refuses ({error.code}: {message:.500})", str(said.get("error_code", "")))


def _credentials(user: str, password: str) -> dict[str, str]:
    """Return the header with the credentials of the address or of MLflow's own variables."""
    user = user or os.environ.get("MLFLOW_TRACKING_USERNAME", "")
    if user:
        password = password or os.environ.get("MLFLOW_TRACKING_PASSWORD", "")
        return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}
    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    return {"Authorization": f"Bearer {token}"} if token else {}


def _pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value[:_LONGEST]} for key, value in values.items()]


def _run(found: object) -> MlflowRun:
    return MlflowRun(str(_told(found, "run", "info", "run_id")), str(_told(found, "run", "info", "artifact_uri")))


def _told(found: object, *names: str) -> object:
    """Return a field of an answer by its path."""
    for name in names:
        if not isinstance(found, dict) or name not in found:
            raise TrackingError(f"the server's answer lacks {name}: is it an MLflow server?")
        found = found[name]
    return found
