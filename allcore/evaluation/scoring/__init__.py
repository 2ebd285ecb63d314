"""Scores of a set of predictions, with their intervals."""
