"""Intervals are computed here as they are for users."""

import pytest


@pytest.fixture(autouse=True)
def as_for_users(all_resamples):
    """Draw as many resamples as are asked for."""
