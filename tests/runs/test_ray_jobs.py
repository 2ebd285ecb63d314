"""What Ray's words mean, and what stands in the way of a job, without a cluster; tests/cluster has a real one."""

import socket

import pytest

from allcore.config import make_config
from allcore.errors import ConfigError
from allcore.runs.ray_jobs import RayExecutor, word_of_ray


@pytest.mark.parametrize(
    ("status", "message", "state", "said"),
    [
        ("PENDING", "waiting for resources", "waiting", "pending, waiting for resources"),
        ("RUNNING", "", "running", "running"),
        ("STOPPED", "", "over", "stopped with Ray's own commands"),
        ("FAILED", "its node has died", "over", "its node has died"),
        ("SUCCEEDED", "", "over", "ended without the run"),
    ],
)
def test_words_of_ray_say_whether_a_run_can_still_come_and_why(status, message, state, said):
    word = word_of_ray(status, message)
    assert word.state == state
    assert said in word.text


@pytest.mark.parametrize("address", ["", "10.0.0.1:6379", "ray://head:10001", "auto"])
def test_address_that_is_not_a_dashboards_is_refused(workspace, monkeypatch, address):
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(ConfigError, match=r"RAY_ADDRESS: expected .* http://HOST:8265, received"):
        RayExecutor(workspace).check(make_config(dataset="smears"))


def test_cluster_that_does_not_answer_is_said_before_a_run_is_made_and_changes_no_word(workspace, monkeypatch):
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("RAY_ADDRESS", f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(ConfigError, match="does not answer"):
            RayExecutor(workspace).check(make_config(dataset="smears"))
        assert RayExecutor(workspace).words(["a-job"]) is None


def test_gpus_that_no_setting_grants_are_refused(workspace):
    with pytest.raises(ConfigError, match=r"ray\.gpus"):
        RayExecutor(workspace).check(make_config(dataset="smears", devices=2))
