"""Predictions of labelled images: a run's own or those made now, and the mistakes among them."""
