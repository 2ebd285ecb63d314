"""The one door for images: every file becomes 8-bit RGB the same way, or is refused with the reason.

Colour profiles are not applied: training, serving and every check see the stored values.
"""

import hashlib
import os
import re
import stat
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageOps
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import (
    BITSPERSAMPLE,
    IMAGEDESCRIPTION,
    PHOTOMETRIC_INTERPRETATION,
    TILELENGTH,
    TILEWIDTH,
    TiffImageFile,
)
from PIL.WebPImagePlugin import WebPImageFile

from allcore.data.intake.depth import White, deep_values, to_8_bits, told_bits
from allcore.data.intake.formats import FORMAT_OF_SUFFIX, HEAD_BYTES, IMAGE_SUFFIXES, content_format
from allcore.data.intake.memory_budget import MemoryBudget
from allcore.data.intake.whole import plain_jpeg, whole_image, whole_jpeg
from allcore.errors import ImageError

INTAKE_VERSION: Final = 5
"""Raised when a file may now be refused that was not, or taken, or decode to other pixels: cached catalogs end then."""
MAX_PIXELS: Final = 50_000_000
_INVISIBLE: Final = 16
"""Opacity (of 255) that no pixel of an image reaches that could as well be blank."""
_MIN_SIDE: Final = 8
_STRIP: Final = 256
_BYTES_PER_PIXEL: Final = 16
"""About what Pillow and the result take of a picture while it is decoded, whatever its format."""
_DECODED_AT_ONCE: Final = MemoryBudget(2**30)
_SMALL_BYTES: Final = 2**20
"""Of what is decoded at once less is not counted, since threads that ask wait for each other: a few for a moment."""
_MAX_FILE_BYTES: Final = 256 * 2**20

# The readers are called directly: Image.open would compare the size with a process-wide limit and warn through
# process-wide filters, neither of which can be changed for one thread alone.
_READERS: Final[dict[str, type[ImageFile]]] = {
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "BMP": BmpImageFile,
    "TIFF": TiffImageFile,
    "WEBP": WebPImageFile,
}
# ImageJ writes a stack's further slices behind the one that the TIFF directory tells of.
_IMAGEJ_STACK: Final = re.compile(r"ImageJ=.*^images=0*(?:[2-9]|1\d)", re.DOTALL | re.MULTILINE)
_ORIENTATION: Final = 0x0112
_IMAGE_DEPTH: Final = 32997
_TOO_MANY_PIXELS: Final = f"over {MAX_PIXELS // 1_000_000} megapixels; crop or scale it down first"


@dataclass(frozen=True)
class ImageFacts:
    """An image's width and height in pixels, upright, the mode of its file in Pillow's terms, and its white.

    `white` is the stored value that became 255; `judged` says that the range of the values told it, not the file.
    """

    width: int
    height: int
    mode: str
    white: int = 255
    judged: bool = False

    @property
    def scaling(self) -> str:
        """What was done to values of more than 8 bits, in words; '' where there were none."""
        if self.white == 255 and not self.judged:
            return ""
        told = "the range of its values tells" if self.judged else "the file says"
        return f"scaled to 8 bits with {self.white:,} as white, as {told}"


def decode(source: Path | bytes, name: str | None = None) -> np.ndarray:
    """Decode an image file, or its bytes, to an upright RGB array.

    The suffix of `name` (of the path itself where there is one) must fit the content; bytes without a name are
    taken by their content alone.

    Returns:
        uint8 array of shape (H, W, 3).

    Raises:
        ImageError: the file cannot be used; the message is the reason, without the file's name.
    """
    return inspect(source, name)[0]


def inspect(source: Path | bytes, name: str | None = None) -> tuple[np.ndarray, ImageFacts]:
    """Decode as `decode` does, and tell what the file held.

    Returns:
        uint8 array of shape (H, W, 3), and the facts of the file.

    Raises:
        ImageError: the file cannot be used; the message is the reason, without the file's name.
    """
    if name is None and isinstance(source, Path):
        name = source.name
    suffix = None if name is None else _image_suffix(name)
    data = read_image(source) if isinstance(source, Path) else source
    file_format = _image_format(data, suffix)
    try:
        plain = plain_jpeg(data) if file_format == "JPEG" else None
        pixels, mode, white = _plain(data, *plain) if plain else _read_by_pillow(data, file_format)
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageError(_TOO_MANY_PIXELS) from error
    except Exception as error:  # damaged bytes bring almost any exception out of Pillow's readers
        cause = str(error) if " " in str(error) else repr(error)  # a KeyError says no more than its key
        raise ImageError(f"damaged, truncated or unsupported {file_format} data ({cause})") from error
    return pixels, ImageFacts(
        width=pixels.shape[1], height=pixels.shape[0], mode=mode, white=white.value, judged=white.judged
    )


def pixel_sha256(pixels: np.ndarray) -> str:
    """Hash decoded pixels, shape included: the same picture in two files gives the same hexadecimal digest."""
    digest = hashlib.sha256(repr(pixels.shape).encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


def _image_suffix(name: str) -> str:
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122 - of 100,000 files: PurePath takes four times as long
    if suffix not in IMAGE_SUFFIXES:
        found = f"its name ends in '{suffix}'" if suffix else "its name has no ending"
        raise ImageError(f"not an image by its name: {found}, expected {_listed(IMAGE_SUFFIXES)}")
    return suffix


def read_image(path: Path | str) -> bytes:
    """Return the bytes of an image file, undecoded. Raises `ImageError` when they cannot be had, or are too many."""
    try:
        status = os.stat(path)  # noqa: PTH116 - a text is opened as it is
        if not stat.S_ISREG(status.st_mode):  # opening a named pipe would wait for ever
            raise ImageError("not a regular file")
        if status.st_size > _MAX_FILE_BYTES:
            raise ImageError(_too_large(status.st_size))
        with open(path, "rb") as file:  # noqa: PTH123
            return file.read()
    except (OSError, ValueError) as error:
        raise ImageError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _image_format(data: bytes, suffix: str | None) -> str:
    if not data:
        raise ImageError("empty file")
    if len(data) > _MAX_FILE_BYTES:
        raise ImageError(_too_large(len(data)))
    found = content_format(data[:HEAD_BYTES])
    if found not in _READERS:
        content = f"its content is {found}" if found else "its content is of no known format"
        raise ImageError(f"not an image: {content}, expected {_listed(_READERS)}")
    if suffix is not None and FORMAT_OF_SUFFIX[suffix] != found:
        fitting = _listed(s for s, file_format in FORMAT_OF_SUFFIX.items() if file_format == found)
        raise ImageError(f"wrong extension: its content is {found} but its name ends in {suffix}, not {fitting}")
    return found


def _plain(data: bytes, width: int, height: int, mode: str) -> tuple[np.ndarray, str, White]:
    _check_size(width, height)
    taken = width * height * _BYTES_PER_PIXEL
    with nullcontext() if taken < _SMALL_BYTES else _DECODED_AT_ONCE.held(taken):
        return whole_jpeg(data), mode, White()


def _read_by_pillow(data: bytes, file_format: str) -> tuple[np.ndarray, str, White]:
    image = _READERS[file_format](BytesIO(data))
    _check_header(image)
    mode = image.mode
    with _DECODED_AT_ONCE.held(image.width * image.height * _BYTES_PER_PIXEL):
        pixels, white = _deep(image, data) or (_shallow(image, data), White())
    return pixels, mode, white


def _check_size(width: int, height: int) -> None:
    if min(width, height) < _MIN_SIDE:
        raise ImageError(f"too small: {width}×{height} px, expected at least {_MIN_SIDE} px a side")
    if width * height > MAX_PIXELS:
        raise ImageError(f"{width}×{height} px is {_TOO_MANY_PIXELS}")


def _check_header(image: ImageFile) -> None:
    _check_size(*image.size)
    if getattr(image, "is_animated", False):
        raise ImageError("more than one frame or page; save the one that is meant as a still image")
    if isinstance(image, TiffImageFile):
        _check_tiff(image)


def _check_tiff(image: TiffImageFile) -> None:
    tags = image.tag_v2
    if tags.get(_IMAGE_DEPTH, 1) > 1 or _IMAGEJ_STACK.match(str(tags.get(IMAGEDESCRIPTION, ""))):
        raise ImageError("a stack of several slices or channels; save the one that is meant as an image of its own")
    # A tile is unpacked whole, however little of it the picture shows.
    if tags.get(TILEWIDTH, 1) * tags.get(TILELENGTH, 1) > MAX_PIXELS:
        raise ImageError(f"stored in tiles {_TOO_MANY_PIXELS}")
    # Pillow hands these out unscaled and uninverted, unlike their 8-bit counterparts.
    packed = max(tags.get(BITSPERSAMPLE, (1,))) == 12
    if (image.mode == "F" or image.mode.startswith("I")) and (packed or tags.get(PHOTOMETRIC_INTERPRETATION) == 0):
        raise ImageError("12-bit or white-is-zero greyscale; save it as ordinary 8-bit or 16-bit greyscale")


def _upright(image: Image.Image) -> Image.Image:
    ImageOps.exif_transpose(image, in_place=True)  # a copy would be made also where there is nothing to turn
    return image


def _deep(image: ImageFile, data: bytes) -> tuple[np.ndarray, White] | None:
    """Return an image of more than 8 bits as RGB, upright, and what was white in it; None for others."""
    values = deep_values(image, data)
    if values is None:
        return None
    whole_image(image, data)
    pixels, white = to_8_bits(values, told_bits(image, data))
    if isinstance(image, TiffImageFile):  # which both its readers turn themselves
        return pixels, white
    turned = Image.fromarray(pixels)
    turned.getexif()[_ORIENTATION] = image.getexif().get(_ORIENTATION, 1)
    return np.array(_upright(turned)), white


def _shallow(image: ImageFile, data: bytes) -> np.ndarray:
    """Return an image of 8 bits or fewer as RGB, upright."""
    if isinstance(image, JpegImageFile) and image.mode != "CMYK" and image.getexif().get(_ORIENTATION, 1) == 1:
        return whole_jpeg(data)  # most images are such, and a third of their time goes into Pillow's copies
    return _to_rgb(_upright(whole_image(image, data)))


def _to_rgb(image: Image.Image) -> np.ndarray:
    image.load()
    transparent = image.has_transparency_data
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    most_opaque = 0
    for top in range(0, image.height, _STRIP):  # a strip at a time, so that no second copy of a large picture is made
        strip = image.crop((0, top, image.width, min(top + _STRIP, image.height)))
        if transparent:
            # Smears are photographed in bright field: where nothing is, light is, so what is transparent turns white.
            strip = strip.convert("RGBA")
            most_opaque = max(most_opaque, int(np.asarray(strip.getchannel("A")).max()))
            strip = Image.alpha_composite(Image.new("RGBA", strip.size, "white"), strip)
        pixels[top : top + _STRIP] = np.asarray(strip.convert("RGB"))
    if transparent and most_opaque < _INVISIBLE:
        raise ImageError("wholly transparent: nothing of it would be seen; save it without transparency")
    return pixels


def _too_large(size: int) -> str:
    return f"{size / 2**20:.0f} MiB on disk, expected at most {_MAX_FILE_BYTES // 2**20} MiB"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
