"""Runs: the folder that a run is, and how runs are started and stopped."""
