"""What a file is by its bytes, whatever its name says; and which names images have."""

from typing import Final

HEAD_BYTES: Final = 512  # enough for every signature below; tar's lies deepest

_SIGNATURES: Final = (
    ("JPEG", 0, b"\xff\xd8\xff"),
    ("PNG", 0, b"\x89PNG\r\n\x1a\n"),
    ("TIFF", 0, b"II*\x00"),
    ("TIFF", 0, b"MM\x00*"),
    ("TIFF", 0, b"II+\x00"),
    ("TIFF", 0, b"MM\x00+"),
    ("WEBP", 8, b"WEBP"),
    ("GIF", 0, b"GIF8"),
    ("HEIF or AVIF", 4, b"ftyp"),
    ("JPEG 2000", 4, b"jP  \r\n"),
    ("PDF", 0, b"%PDF"),
    ("zip", 0, b"PK\x03\x04"),
    ("zip", 0, b"PK\x05\x06"),
    ("gzip", 0, b"\x1f\x8b"),
    ("7z", 0, b"7z\xbc\xaf\x27\x1c"),
    ("rar", 0, b"Rar!\x1a\x07"),
    ("xz", 0, b"\xfd7zXZ\x00"),
    ("bzip2", 0, b"BZh"),
    ("zstd", 0, b"\x28\xb5\x2f\xfd"),
    ("tar", 257, b"ustar"),
    ("BMP", 0, b"BM"),  # last: two letters that other files may begin with
)
FORMAT_OF_SUFFIX: Final = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jfif": "JPEG",
    ".jpe": "JPEG",
    ".png": "PNG",
    ".bmp": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
}
"""The format that an image's name announces."""
IMAGE_SUFFIXES: Final = frozenset(FORMAT_OF_SUFFIX)
OTHER_PICTURE_SUFFIXES: Final = frozenset(
    {".gif", ".heic", ".heif", ".avif", ".jxl", ".jp2", ".j2k", ".jfi", ".jif", ".tga", ".ppm", ".pgm", ".pnm", ".svg"}
    | {".dng", ".cr2", ".nef", ".arw", ".raw", ".psd", ".dcm", ".svs", ".ndpi", ".czi", ".lif", ".nd2", ".vsi", ".scn"}
)
"""Endings of pictures that cannot be used as they are; so that they are named and not passed over."""
ARCHIVE_FORMATS: Final = frozenset({"zip", "gzip", "7z", "rar", "xz", "bzip2", "zstd", "tar"})


def content_format(head: bytes) -> str | None:
    """Name the format that the first bytes of a file announce; None for a format not known here."""
    for name, offset, signature in _SIGNATURES:
        if head[offset : offset + len(signature)] == signature:
            return name
    return None
