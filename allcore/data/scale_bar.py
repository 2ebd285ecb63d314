"""The corner of an image where scale bars stand."""

from __future__ import annotations

import numpy as np

SCALE_BAR_CORNER = (32 / 224, 36 / 224)
"""Height and width of the lower right corner that holds the burnt-in scale bar, as fractions of the image's sides.

The largest bars of the ALL images, white boxes that read "200 pi", reach 30 rows up and 31 columns left at 224 px; JPEG
spreads them to whole blocks of 8 px.
"""


def hide_scale_bar(image: np.ndarray) -> np.ndarray:
    """Return `image` (uint8, H × W × 3) with the scale-bar corner painted in the image's median colour."""
    height, width = image.shape[:2]
    rows, columns = round(height * SCALE_BAR_CORNER[0]), round(width * SCALE_BAR_CORNER[1])
    hidden = image.copy()
    hidden[height - rows :, width - columns :] = np.median(image.reshape(-1, 3), axis=0)
    return hidden
