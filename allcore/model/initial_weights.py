"""Initial weights in an HDF5 file, whichever Keras wrote it."""

from __future__ import annotations

import re
from pathlib import Path

import h5py
import numpy as np

from allcore.errors import FileError, WeightsError
from allcore.files import check_file
from allcore.networks.trunk import Trunk

LARGEST_BYTES = 2 * 2**30
"""VGG16 with its head in double precision has half of it."""


def three_ways(trunk: Trunk) -> str:
    """Return what to do where a trunk's initial weights cannot be had."""
    return (
        "Give weights='imagenet' with a network connection, a path to a .weights.h5 file (also through "
        f"{trunk.weights_variable}), or weights='random'."
    )


def check_weights_file(path: Path, trunk: Trunk) -> None:
    """Raise `WeightsError` where a file's weights are not those of a trunk, as far as that can be seen without Keras.

    Of a plain chain of convolutions that is for certain; of another trunk it is that the file is a readable HDF5 file.
    """
    if trunk.convolutions:
        read_convolutions(path, trunk)
        return
    _check_readable(path, trunk)
    try:
        with h5py.File(path, "r") as file:
            found = bool(_layer_arrays(file))
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise _not_hdf5(path, trunk, error) from None
    if not found:
        raise WeightsError(f"weights file {path} has no layer with weights. {three_ways(trunk)}")


def read_convolutions(path: Path, trunk: Trunk) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return kernel (3, 3, inputs, outputs) and bias (outputs,) of each convolution of a plain chain in an HDF5 file.

    Reads Keras 3's `.weights.h5` and the older layout that `weights="imagenet"` downloads. Raises `WeightsError` when
    the file is missing, is no HDF5 file, or holds another architecture.
    """
    _check_readable(path, trunk)
    try:
        with h5py.File(path, "r") as file:
            return _convolutions(path, file, trunk)
    except (OSError, RuntimeError, KeyError, ValueError) as error:  # what damage brings out of HDF5
        raise _not_hdf5(path, trunk, error) from None


def _check_readable(path: Path, trunk: Trunk) -> None:
    try:
        check_file(path, LARGEST_BYTES)
    except FileError as error:
        raise WeightsError(f"weights file {path} cannot be used: {error}. {three_ways(trunk)}") from None


def _not_hdf5(path: Path, trunk: Trunk, error: Exception) -> WeightsError:
    return WeightsError(f"weights file {path} is not a readable HDF5 file ({error}). {three_ways(trunk)}")


def _convolutions(path: Path, file: h5py.File, trunk: Trunk) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Read no array before its shape is known to be the trunk's: a small file may announce any."""
    arrays = _layer_arrays(file)
    weights = {}
    for convolution in trunk.convolutions:
        kernel, bias = _kernel_and_bias(arrays.get(convolution.name, []))
        if kernel is None or bias is None:
            raise WeightsError(
                f"weights file {path} has no layer {convolution.name}: not {trunk.title}. {three_ways(trunk)}"
            )
        expected = convolution.kernel_shape
        if kernel.shape != expected or bias.shape != expected[3:]:
            raise WeightsError(
                f"weights file {path} is of another architecture: {convolution.name} has a kernel of shape "
                f"{kernel.shape}, {trunk.title}'s is {expected}. {three_ways(trunk)}"
            )
        weights[convolution.name] = (kernel[()], bias[()])
    named = {_unnumbered(name) for name in weights}
    if others := [name for name in arrays if name not in weights and _unnumbered(name) in named]:
        raise WeightsError(f"weights file {path} has a convolution {others[0]}: not {trunk.title}. {three_ways(trunk)}")
    return weights


def _layer_arrays(file: h5py.File) -> dict[str, list[h5py.Dataset]]:
    """Return the arrays below each named layer: Keras 3 names it in an attribute, older files by the group."""
    layers: dict[str, list[h5py.Dataset]] = {}

    def visit(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset) and item.dtype.kind == "f" and "/" in name:
            group = item.parent
            layer = group.attrs.get("name") if name.split("/")[-2:-1] == ["vars"] else name.split("/")[-2]
            layers.setdefault(str(layer), []).append(item)

    file.visititems(visit)
    return layers


def _kernel_and_bias(arrays: list[h5py.Dataset]) -> tuple[h5py.Dataset | None, h5py.Dataset | None]:
    kernel = next((array for array in arrays if array.ndim == 4), None)
    bias = next((array for array in arrays if array.ndim == 1), None)
    return kernel, bias


def _unnumbered(name: str) -> str:
    """Return a layer's name without its numbers: a deeper chain goes on counting as the trunk does."""
    return re.sub(r"\d+", "", name)
