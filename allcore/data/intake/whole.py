"""Whether an image file is whole: damage that its reader would paint over."""

from collections.abc import Iterator
from io import BytesIO
from typing import Final

import numpy as np
import simplejpeg
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import (
    COMPRESSION,
    JPEGTABLES,
    STRIPBYTECOUNTS,
    STRIPOFFSETS,
    TILEBYTECOUNTS,
    TILEOFFSETS,
    TiffImageFile,
)

_JPEG_IN_TIFF: Final = 7
_APP1: Final = b"\xff\xe1"
"""Exif and XMP, which can turn a picture, are in such segments. Within the picture's own data FF E1 cannot stand."""
_MODE_OF_COLOURS: Final = {"Gray": "L", "YCbCr": "RGB", "RGB": "RGB"}


def whole_image(image: ImageFile, data: bytes) -> Image.Image:
    """Return the image of a file that decodes without a warning; others raise whatever their reader does.

    libjpeg paints what is missing or makes no sense in grey and only warns. Pillow does not pass that on; simplejpeg,
    the same library, takes a warning for an error. It reads JPEGs in Pillow's place, and what Pillow must read itself
    once more at the smallest scale.
    """
    if isinstance(image, PngImageFile):
        PngImageFile(BytesIO(data)).verify()  # the checksums, which decoding alone does not compare
    if isinstance(image, TiffImageFile):
        for stream in _jpeg_streams(image, data):
            _check_jpeg(stream, image.mode)
    if not isinstance(image, JpegImageFile):
        return image
    if image.mode == "CMYK":
        _check_jpeg(data, image.mode)
        return image
    whole = Image.fromarray(whole_jpeg(data))
    whole.info = image.info  # the orientation
    return whole


def plain_jpeg(data: bytes) -> tuple[int, int, str] | None:
    """Return width, height and mode, in Pillow's terms, of a grey or colour JPEG that nothing turns; None for others.

    Most images are such, and of a small one Pillow's reading of the header takes as long as decoding it.
    """
    if _APP1 in data:
        return None
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(data)
    except Exception:  # damage, or a sampling that simplejpeg has no name for and yet decodes: Pillow's reader tells
        return None
    mode = _MODE_OF_COLOURS.get(colours)
    return None if mode is None else (width, height, mode)


def whole_jpeg(data: bytes) -> np.ndarray:
    """Return the pixels of a JPEG, uint8 (H, W, 3), RGB, as they are stored; raises for a warning too."""
    pixels: np.ndarray = simplejpeg.decode_jpeg(data, "RGB", strict=True)
    return pixels


def _check_jpeg(data: bytes, mode: str) -> None:
    simplejpeg.decode_jpeg(data, "CMYK" if mode == "CMYK" else "GRAY", min_height=1, min_width=1, strict=True)


def _jpeg_streams(image: TiffImageFile, data: bytes) -> Iterator[bytes]:
    """Yield the strips or tiles of a TIFF that are JPEGs, each with the tables that they have in common."""
    tags = image.tag_v2
    if tags.get(COMPRESSION) != _JPEG_IN_TIFF:
        return
    tables = bytes(tags.get(JPEGTABLES, b""))
    offsets, counts = tags.get(STRIPOFFSETS, tags.get(TILEOFFSETS)), tags.get(STRIPBYTECOUNTS, tags.get(TILEBYTECOUNTS))
    for offset, count in zip(offsets, counts, strict=True):
        stream = data[offset : offset + count]
        yield tables[:-2] + stream[2:] if tables else stream  # less the tables' end and the stream's beginning
