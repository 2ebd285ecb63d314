"""Putting a model among the released ones."""

import onnx
from onnx import helper

from allcore.inference.metadata import from_properties, to_properties


def release(of_run, path, **changes):
    """Write a run's served model to `path`, describing itself differently."""
    model = onnx.load(of_run.served_model)
    properties = {entry.key: entry.value for entry in model.metadata_props}
    metadata = from_properties(properties)
    helper.set_model_props(model, to_properties(metadata.model_copy(update=changes)))
    onnx.save(model, path)
