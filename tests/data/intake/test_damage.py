"""Damaged files, files that cannot be read, and many read at once."""

import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from allcore.data.intake import images as intake
from allcore.data.intake.images import MAX_PIXELS, decode, pixel_sha256
from allcore.errors import ImageError
from tests.data.pictures import SUFFIX, encoded, png, smear


@pytest.mark.parametrize("kept", [0.02, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("file_format", SUFFIX)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_truncated_file_is_refused(file_format, kept):
    data = encoded(smear(64, 64), file_format)
    with pytest.raises(ImageError):
        decode(data[: int(kept * len(data))])


def test_a_jpeg_whose_tail_was_never_written_is_refused():
    data = encoded(smear(64, 64), "JPEG")
    half = len(data) // 2
    with pytest.raises(ImageError, match="truncated or unsupported JPEG data"):
        decode(data[:half] + bytes(len(data) - half))


def test_the_end_of_an_embedded_preview_does_not_pass_for_the_end_of_a_jpeg():
    preview = encoded(smear(16, 16), "JPEG")
    exif = b"Exif\0\0" + preview
    data = encoded(smear(64, 64), "JPEG", exif=exif)
    with pytest.raises(ImageError, match="truncated or unsupported JPEG data"):
        decode(data[: len(data) // 2] + bytes(500))


def test_a_jpeg_cut_in_its_pixels_is_refused_though_it_ends_as_it_should():
    data = encoded(smear(64, 64), "JPEG")
    with pytest.raises(ImageError, match=r"JPEG data .*premature end of data"):
        decode(data[: len(data) // 3] + b"\xff\xd9")


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 4}])
def test_a_jpeg_with_codes_that_make_no_sense_is_refused(mode, options):
    data = bytearray(encoded(Image.fromarray(smear(128, 128)).convert(mode), "JPEG", **options))
    half = len(data) // 2
    data[half : half + 200] = bytes(np.random.default_rng(0).integers(0, 255, 200, np.uint8))
    with pytest.raises(ImageError, match=r"JPEG data \(Corrupt JPEG data"):
        decode(bytes(data))


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK", "YCbCr"])
def test_damage_in_the_jpegs_of_a_tiff_is_refused_too(mode):
    """Slide scanners write such files; each strip of rows is a JPEG without its tables."""
    data = bytearray(encoded(Image.fromarray(smear(400, 400)).convert(mode), "TIFF", compression="jpeg"))
    assert decode(bytes(data)).shape == (400, 400, 3)
    half = len(data) // 2
    data[half : half + 200] = bytes(np.random.default_rng(0).integers(0, 255, 200, np.uint8))
    with pytest.raises(ImageError, match=r"TIFF data \(Corrupt JPEG data"):
        decode(bytes(data))


@pytest.mark.parametrize("options", [{"progressive": True}, {"restart_marker_blocks": 2}, {"optimize": True}])
def test_progressive_and_restarting_jpegs_are_whole(options):
    assert decode(encoded(smear(64, 64), "JPEG", **options)).shape == (64, 64, 3)


def test_bytes_after_the_end_of_a_jpeg_do_no_harm():
    assert decode(encoded(smear(), "JPEG") + b"\0" * 64).shape == (24, 32, 3)


def test_a_png_with_a_wrong_checksum_is_refused():
    data = bytearray(png(16, 16))
    data[-16] ^= 1  # the last byte of the pixels' checksum, before the 12 bytes that end the file
    with pytest.raises(ImageError, match="PNG"):
        decode(bytes(data))


def test_a_file_too_large_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "smear.tif"
    with path.open("wb") as file:
        file.truncate(2**40)  # a hole: it takes no space on disk, but would not fit into memory
    with pytest.raises(ImageError, match="1048576 MiB on disk, expected at most 256 MiB"):
        decode(path)


def test_bytes_too_many_are_refused(monkeypatch):
    monkeypatch.setattr(intake, "_MAX_FILE_BYTES", 2**20)
    with pytest.raises(ImageError, match="expected at most 1 MiB"):
        decode(bytes(2**20 + 1))


def test_a_vanished_file_is_refused_without_its_name(tmp_path):
    with pytest.raises(ImageError, match=r"^cannot be read: No such file or directory$"):
        decode(tmp_path / "gone.png")


def test_a_folder_named_like_an_image_is_refused(tmp_path):
    (tmp_path / "smear.png").mkdir()
    with pytest.raises(ImageError, match="not a regular file"):
        decode(tmp_path / "smear.png")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes exist on Unix only")
def test_a_named_pipe_is_refused_rather_than_waited_for(tmp_path):
    os.mkfifo(tmp_path / "smear.png")
    with pytest.raises(ImageError, match="not a regular file"):
        decode(tmp_path / "smear.png")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_refused(tmp_path):
    path = tmp_path / "smear.png"
    path.write_bytes(png(16, 16))
    path.chmod(0)
    with pytest.raises(ImageError, match="cannot be read: Permission denied"):
        decode(path)


def test_threads_decode_what_one_thread_decodes():
    images = [encoded(smear(seed=seed), file_format) for seed in range(6) for file_format in SUFFIX]
    with ThreadPoolExecutor(8) as pool:
        hashes = list(pool.map(lambda data: pixel_sha256(decode(data)), images * 4))
    assert hashes == [pixel_sha256(decode(data)) for data in images] * 4


def test_decoding_leaves_warning_filters_and_pillows_limits_alone():
    before = list(warnings.filters), Image.MAX_IMAGE_PIXELS
    decode(png(16, 16))
    with pytest.raises(ImageError):
        decode(png(MAX_PIXELS, 8, rows=b""))
    assert (list(warnings.filters), Image.MAX_IMAGE_PIXELS) == before


def test_a_path_is_judged_by_the_name_it_was_uploaded_under(tmp_path):
    path = Path(tmp_path, "upload-1")
    path.write_bytes(png(16, 16))
    assert decode(path, "smear.png").shape == (16, 16, 3)
