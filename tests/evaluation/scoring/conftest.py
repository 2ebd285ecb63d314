"""Intervals are computed here as they are for users."""

import pytest

from allcore.evaluation.scoring import intervals
from tests.conftest import bootstrap_multiplicities


@pytest.fixture(autouse=True)
def all_resamples(monkeypatch):
    """Draw as many resamples as are asked for."""
    monkeypatch.setattr(intervals, "bootstrap_multiplicities", bootstrap_multiplicities)
