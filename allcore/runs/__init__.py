"""Runs: the folder that a run is, how runs start and stop, and what is told of them: lists, estimates, disk use."""
