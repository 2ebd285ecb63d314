"""The arrays that several parts pass to each other, by what they hold."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.integer]
BoolArray = npt.NDArray[np.bool_]

ImageArray = npt.NDArray[np.uint8]
"""An image, (H, W, 3), RGB."""
