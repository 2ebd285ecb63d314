"""Image files to read, whole and of every kind, and the parts to write odd ones from."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import numpy as np
from PIL import Image

SUFFIX = {"JPEG": ".jpg", "PNG": ".png", "BMP": ".bmp", "TIFF": ".tif", "WEBP": ".webp"}
LOSSLESS = {"PNG": {}, "BMP": {}, "TIFF": {"compression": "tiff_lzw"}, "WEBP": {"lossless": True}}
ORIENTED = {  # EXIF 2.3, table "Orientation": what must be done to the stored rows and columns
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: np.rot90,
}


def smear(height: int = 24, width: int = 32, seed: int = 0) -> np.ndarray:
    """Return pixels unlike those of any other size or seed, uint8 (height, width, 3)."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def encoded(image: Image.Image | np.ndarray, file_format: str = "PNG", **options: object) -> bytes:
    """Return an image, or pixels, as a file."""
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    buffer = BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def grey_jpeg(across: int, down: int, side: int = 64) -> bytes:
    """Return an even grey square as a JPEG with one value of colour for that many of brightness across and down.

    Pillow does not write most samplings, but of an even picture all blocks are the same few bits.
    """
    whole = encoded(Image.new("RGB", (side, side), (128, 128, 128)), "JPEG", subsampling=0)
    frame, scan = whole.index(b"\xff\xc0"), whole.index(b"\xff\xda")
    header = bytearray(whole[: scan + 2 + int.from_bytes(whole[scan + 2 : scan + 4], "big")])
    header[frame + 11] = across << 4 | down
    brightness, colour = "001010", "0000"  # the difference 0, and the end of the block, in the standard's tables
    blocks = -(-side // (8 * across)) * -(-side // (8 * down))
    bits = (brightness * (across * down) + colour * 2) * blocks
    bits += "1" * (-len(bits) % 8)
    return bytes(header) + int(bits, 2).to_bytes(len(bits) // 8, "big") + b"\xff\xd9"


def chunk(kind: bytes, payload: bytes) -> bytes:
    """Return a chunk of a PNG file."""
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))


def png(width: int, height: int, *before: bytes, bits: int = 8, colour: int = 0, rows: bytes | None = None) -> bytes:
    """Return a PNG file that declares this size, with the chunks `before` its compressed `rows` (all zero if unset)."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    pixels = zlib.compress(bytes((width + 1) * height) if rows is None else rows)
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(before) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def tiff(width: int, height: int, pixels: bytes, **tags: tuple[int, int, int]) -> bytes:
    """Lay out a little-endian, uncompressed one-strip TIFF; `tags` are (tag, type, value) to add or replace."""
    entries = {
        256: (4, width), 257: (4, height), 258: (3, 8), 259: (3, 1), 262: (3, 1), 273: (4, 8),
        277: (3, 1), 278: (4, height), 279: (4, len(pixels)),
    }  # fmt: skip
    entries |= {tag: (kind, value) for tag, kind, value in tags.values()}
    directory = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, (kind, value) in sorted(entries.items()))
    head = struct.pack("<2sHI", b"II", 42, 8 + len(pixels))
    return head + pixels + struct.pack("<H", len(entries)) + directory + struct.pack("<I", 0)


def deep_tiff(stored: np.ndarray, orientation: int) -> bytes:
    """Return stored values, uint16 (H, W) or (H, W, 3) in RGB, as a TIFF file that says how they are to be turned."""
    height, width = stored.shape[:2]
    samples, data = stored[0, 0].size, stored.astype("<u2").tobytes()
    after = 8 + 2 + 10 * 12 + 4  # the tags; the bits of each sample, which do not fit a tag, stand there
    tags = {
        256: width, 257: height, 258: 16 if samples == 1 else after, 259: 1, 262: 1 if samples == 1 else 2,
        273: after + 6, 274: orientation, 277: samples, 278: height, 279: len(data),
    }  # fmt: skip
    entries = [struct.pack("<HHII", tag, 3, samples if tag == 258 else 1, value) for tag, value in tags.items()]
    return (
        b"II*\0"
        + struct.pack("<IH", 8, len(tags))
        + b"".join(entries)
        + bytes(4)
        + struct.pack("<3H", 16, 16, 16)
        + data
    )
