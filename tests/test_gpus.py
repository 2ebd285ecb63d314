"""What `make test-gpu` says where there is no GPU, and when it takes two loss curves for the same."""

import math

import pytest

from benchmarks.gpus import furthest, main


def test_machine_without_a_gpu_is_said_loudly_and_is_no_failure(monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")  # no nvidia-smi
    assert main() == 0
    assert "NOTHING WAS TRIED ON A GPU" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("losses", "expected", "apart"),
    [
        ((2.0, 1.0), (2.0, 1.0), 0.0),
        ((2.02, 1.0), (2.0, 1.0), 0.01),
        ((2.0, 1.1), (2.0, 1.0), 0.1),
        ((2.0, math.nan), (2.0, 1.0), math.inf),
        ((2.0,), (2.0, 1.0), math.inf),
        ((), (), math.inf),
    ],
)
def test_curves_are_as_far_apart_as_their_furthest_step(losses, expected, apart):
    assert furthest(losses, expected) == pytest.approx(apart)
