"""Speaking to a server: where, as whom, and what becomes of its refusals."""

import base64

import pytest

from allcore.errors import TrackingError
from allcore.tracking.server import MlflowServer


@pytest.mark.parametrize(
    "uri", ["file:./mlruns", "sqlite:///mlflow.db", "mlruns", "databricks", "http://", "http://[x"]
)
def test_what_is_no_server_is_refused_with_what_to_do(uri):
    with pytest.raises(TrackingError, match="mlflow server --backend-store-uri"):
        MlflowServer(uri)


@pytest.mark.parametrize("password", ["p#ss", "p/ss", "p?ss", "1/ss", "p@s#s"])
def test_a_password_that_is_not_percent_encoded_is_refused_and_not_told(password):
    with pytest.raises(TrackingError, match=r"'http://h:5000'.*percent-encoded") as refused:
        MlflowServer(f"http://lab:{password}@h:5000")
    assert password not in str(refused.value)


def test_credentials_are_sent_and_not_told(stand_in, monkeypatch):
    def sent():
        return stand_in.headers[-1].get("Authorization")

    MlflowServer(stand_in.address).experiment()
    assert sent() is None
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "secret")
    MlflowServer(stand_in.address).experiment()
    assert sent() == "Bearer secret"
    server = MlflowServer(stand_in.address.replace("//", "//lab:pass@"))
    server.experiment()
    assert sent() == f"Basic {base64.b64encode(b'lab:pass').decode()}"
    assert server.address == stand_in.address
    MlflowServer(stand_in.address.replace("//", "//l%40b:p%3Ass%2525@")).experiment()
    assert sent() == f"Basic {base64.b64encode(b'l@b:p:ss%25').decode()}"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((401, {"error_code": "UNAUTHENTICATED", "message": "who are you"}), "MLFLOW_TRACKING_USERNAME"),
        ((302, b""), r"refuses \(302"),
        ((500, b"<html>"), r"refuses \(500: Internal Server Error"),
        ((200, b"<html>"), "no MLflow server"),
        ((200, {"more": 1}), "lacks experiment"),
    ],
)
def test_answers_that_are_none_are_said(stand_in, server, answer, message):
    stand_in.fails = {"experiments/get-by-name": answer}
    with pytest.raises(TrackingError, match=message):
        server.experiment()
    assert "elsewhere" not in str(stand_in.asked)


def test_a_server_that_is_not_there_is_said(stand_in, server):
    stand_in.shutdown()
    stand_in.server_close()
    with pytest.raises(TrackingError, match=f"{server.address} does not answer"):
        server.experiment()


def test_the_experiment_has_the_name_that_mlflow_s_own_variable_gives(stand_in, server, monkeypatch):
    server.experiment()
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "smears & more")
    assert server.experiment() == server.experiment() == "2"
    assert stand_in.experiments == {"ALLscope": "1", "smears & more": "2"}


def test_a_name_is_as_long_as_every_database_takes_it(stand_in, server):
    server.create_run(server.experiment(), "ab" * 150, 0.0, {})
    (made,) = stand_in.runs.values()
    assert made["name"] == "ab" * 125
