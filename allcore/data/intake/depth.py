"""Files of more than 8 bits a value: which value is white, and the 8-bit pixels that follow."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from PIL.ImageFile import ImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import BITSPERSAMPLE, IMAGEDESCRIPTION, TiffImageFile

from allcore.errors import ImageError

_DEPTHS: Final = (8, 10, 12, 14, 16)
_MAX_SAMPLE_VALUE: Final = 281
_DARK: Final = 16
_LIT: Final = 0.01
"""A picture is nearly black when less than this part of it reaches `_DARK` of 255."""
_ADVICE: Final = "save it with 8 bits, or scaled to all 16"


@dataclass(frozen=True)
class White:
    """The stored value that became white (255), and whether the file's own range told it rather than the file's word.

    It is 2**8 - 1 to 2**16 - 1, or 1 for floating point from 0 to 1.
    """

    value: int = 255
    judged: bool = False


def deep_values(image: ImageFile, data: bytes) -> np.ndarray | None:
    """Return values of more than 8 bits: (H, W), or (H, W, 3) in RGB, TIFFs upright; None where there are none.

    Raises `ImageError` for kinds of which only the upper 8 bits can be read, and these are (nearly) empty.
    """
    if image.mode == "F" or image.mode.startswith("I"):
        return np.asarray(image)
    if not _is_16_bit_colour(image, data):
        return None
    if image.mode != "RGB":  # with transparency: Pillow keeps the high bytes
        if np.asarray(image.convert("RGB")).max() < 2 ** (_DEPTHS[-2] - 8):
            raise ImageError(f"16 bits with transparency, whose values do not use their range; {_ADVICE}")
        return None
    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16 or values.shape != (image.height, image.width, 3):
        raise ImageError(f"16-bit colour of an unusual kind; {_ADVICE}")
    return values[:, :, ::-1]


def to_8_bits(values: np.ndarray, told: int) -> tuple[np.ndarray, White]:
    """Return stored values as 8-bit RGB, uint8 (H, W, 3), and which of them is white.

    The file's word is `told`, the bits that it says its values have, or 0. Without one, white is the largest value of
    as few bits (8, 10, 12, 14 or 16) as hold all values, or 1 where floating point does not exceed it. Raises
    `ImageError` for other ranges, and when the picture would be nearly black.
    """
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 65535):  # nor is a NaN
        raise ImageError(f"values from {low:g} to {high:g}, expected 0 to 65535 at the most; {_ADVICE}")
    white = _white(high, told, is_float=values.dtype.kind == "f")
    eight = np.rint(values * 255) if white.value == 1 else values.astype(np.uint16) >> (white.value.bit_length() - 8)
    pixels = eight.astype(np.uint8)
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[:, :, np.newaxis], 3, axis=2)
    if (pixels.max(axis=2) >= _DARK).mean() < _LIT:
        raise ImageError(f"nearly black: its values are {low:g} to {high:g}, with {white.value} as white; {_ADVICE}")
    return np.ascontiguousarray(pixels), white


def told_bits(image: ImageFile, data: bytes) -> int:
    """Return how many bits a file says that its values have (TIFF, OME, PNG); 0 where it does not say."""
    if isinstance(image, TiffImageFile):
        significant = re.search(r'SignificantBits="(\d{1,2})"', str(image.tag_v2.get(IMAGEDESCRIPTION, "")))
        largest = int(np.max(image.tag_v2.get(_MAX_SAMPLE_VALUE, 0)))
        bits = int(significant[1]) if significant else largest.bit_length()
        return bits if bits in _DEPTHS and (significant or largest == 2**bits - 1) else 0
    chunk = data.find(b"sBIT", 0, data.find(b"IDAT")) if isinstance(image, PngImageFile) else -1
    return data[chunk + 4] if chunk > 0 and data[chunk + 4] in _DEPTHS else 0


def _white(high: float, told: int, *, is_float: bool) -> White:
    if told and high < 2**told:
        return White(2**told - 1)
    if is_float and high <= 1:
        return White(1, judged=True)
    return White(next(2**bits - 1 for bits in _DEPTHS if high < 2**bits), judged=True)


def _is_16_bit_colour(image: ImageFile, data: bytes) -> bool:
    if isinstance(image, PngImageFile):
        return data[24] == 16  # in the header, which is the first chunk
    return isinstance(image, TiffImageFile) and max(image.tag_v2.get(BITSPERSAMPLE, (1,))) == 16
