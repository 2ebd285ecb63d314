"""Runs mirrored to where a lab already looks: an MLflow server."""
