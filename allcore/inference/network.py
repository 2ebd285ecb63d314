"""Running a served graph with ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from allcore.errors import FileError, ModelFileError
from allcore.files import check_file
from allcore.inference.model_file import LARGEST_BYTES
from allcore.processors import processors

OUTPUTS = ("probabilities", "evidence", "features")


@dataclass(frozen=True)
class NetworkOutputs:
    """What the graph says of N images.

    probabilities float32 (N, C), the uncalibrated softmax; evidence float32 (N, C, h, w), in units of the logit;
    features float32 (N, units), the dense layer's activations.
    """

    probabilities: np.ndarray
    evidence: np.ndarray
    features: np.ndarray


def joined(parts: Sequence[NetworkOutputs]) -> NetworkOutputs:
    """Return the outputs for several batches of images as those for all, in order."""
    return NetworkOutputs(
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.evidence for part in parts]),
        np.concatenate([part.features for part in parts]),
    )


@dataclass(frozen=True)
class Network:
    """A served graph in an ONNX Runtime session, which any number of threads may use at once."""

    path: Path
    session: ort.InferenceSession
    properties: dict[str, str]
    image_size: int

    def run(self, images: np.ndarray) -> NetworkOutputs:
        """Return the graph's outputs for uint8 images of shape (N, S, S, 3), RGB, S the graph's own size.

        Raises `ModelFileError` when the graph, though it could be opened, cannot be run.
        """
        try:
            return NetworkOutputs(*self.session.run(OUTPUTS, {"image": images}))
        except MemoryError:
            raise
        except Exception as error:  # as above
            raise ModelFileError(f"{self.path} cannot be run ({str(error).splitlines()[0]})") from None


def open_network(path: Path) -> Network:
    """Open a served graph on the GPU when ONNX Runtime has one, else on the CPU.

    Raises `ModelFileError` when the file is missing, damaged, or not of the form that ALLscope serves.
    """
    try:
        check_file(path, LARGEST_BYTES)
    except FileError as error:
        raise ModelFileError(
            f"model file {path} cannot be used: {error}; expected the path of an .onnx file or the id of a run"
        ) from None
    try:
        session = open_session(path)
        properties = dict(session.get_modelmeta().custom_metadata_map)
        inputs = [(node.name, node.type, *node.shape) for node in session.get_inputs()]
        outputs = [node.name for node in session.get_outputs()]
    except Exception as error:  # as `open_session` says
        raise ModelFileError(f"{path} is not a usable ONNX file ({str(error).splitlines()[0]})") from None
    if not _is_image_input(inputs) or not set(OUTPUTS) <= set(outputs):
        raise ModelFileError(
            f"{path} is an ONNX file of something else: expected a uint8 input image (N, S, S, 3) and outputs "
            f"{', '.join(OUTPUTS)}; found {', '.join(map(str, inputs))} and {', '.join(outputs)}"
        )
    return Network(path=path, session=session, properties=properties, image_size=inputs[0][3])


def open_session(path: Path) -> ort.InferenceSession:
    """Open any graph as ALLscope serves its own: on the GPU when ONNX Runtime has one, else on the CPU.

    Raises ONNX Runtime's own errors, of which there is a class for each kind of damage.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = processors()
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = False  # it would keep the most that any call ever took, and is no faster here
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # threads that wait take no processor time
    options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")  # no second copy of weights
    wanted = [
        name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in ort.get_available_providers()
    ]
    return ort.InferenceSession(path, options, providers=wanted)


def _is_image_input(inputs: list[tuple[Any, ...]]) -> bool:
    """Return whether (name, type, shape…) of all inputs are those of a batch of square images of fixed size."""
    match inputs:
        case [("image", "tensor(uint8)", _, int(height), int(width), 3)]:
            return height == width
    return False
