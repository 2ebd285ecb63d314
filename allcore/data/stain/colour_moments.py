"""Nine numbers that describe the colours of an image, whatever it shows."""

import numpy as np
import numpy.typing as npt

MOMENTS = 9


def colour_moments(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return the colour moments (9,) of an RGB image (H, W, 3), uint8: means, then deviations, then skewnesses.

    Each triple is in the order R, G, B, in grey levels from 0 to 255: the mean, the standard deviation, and the
    signed cube root of the third central moment (Stricker and Orengo 1995, "Similarity of color images").
    """
    values = np.arange(256, dtype=np.float64)
    moments = np.empty((3, 3))
    for channel in range(3):
        share = np.bincount(image[..., channel].ravel(), minlength=256) / image[..., channel].size
        mean = share @ values
        deviation = values - mean
        moments[:, channel] = mean, np.sqrt(share @ deviation**2), np.cbrt(share @ deviation**3)
    return moments.ravel().astype(np.float32)
