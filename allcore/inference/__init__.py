"""Predicting with a served model, without TensorFlow."""
