import os
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from allcore.data import intake
from allcore.data.intake import MAX_PIXELS, ImageFacts, decode, inspect, pixel_sha256
from allcore.errors import ImageError

SUFFIX = {"JPEG": ".jpg", "PNG": ".png", "BMP": ".bmp", "TIFF": ".tif", "WEBP": ".webp"}
LOSSLESS = {"PNG": {}, "BMP": {}, "TIFF": {"compression": "tiff_lzw"}, "WEBP": {"lossless": True}}
ORIENTED = {  # EXIF 2.3, table "Orientation": what must be done to the stored rows and columns
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
    8: np.rot90,
}


def smear(height: int = 24, width: int = 32, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def encoded(image: Image.Image, file_format: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def chunk(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))


def png(width: int, height: int, *before: bytes, bits: int = 8, colour: int = 0, rows: bytes | None = None) -> bytes:
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


@pytest.mark.parametrize("file_format", LOSSLESS)
def test_a_lossless_file_decodes_to_the_very_pixels_that_were_saved(file_format):
    pixels = smear()
    data = encoded(Image.fromarray(pixels), file_format, **LOSSLESS[file_format])
    np.testing.assert_array_equal(decode(data), pixels)


def test_a_path_and_its_bytes_decode_alike(tmp_path):
    path = tmp_path / "smear.JPEG"
    path.write_bytes(encoded(Image.fromarray(smear()), "JPEG"))
    np.testing.assert_array_equal(decode(path), decode(path.read_bytes(), "smear.jpg"))


def test_the_array_can_be_written_to():
    pixels = decode(encoded(Image.fromarray(smear()), "PNG"))
    pixels[0, 0] = 7
    assert pixels.flags.c_contiguous


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16"])
def test_every_mode_becomes_three_bytes_a_pixel_and_is_reported_as_it_was(mode):
    grey = Image.fromarray(smear()).convert("L")
    image = grey.convert("I;16") if mode == "I;16" else grey.convert(mode)
    file_format = {"CMYK": "TIFF", "YCbCr": "TIFF"}.get(mode, "PNG")
    pixels, facts = inspect(encoded(image, file_format))
    assert (pixels.shape, pixels.dtype) == ((24, 32, 3), np.uint8)
    assert facts == ImageFacts(width=32, height=24, mode=mode)


def test_grey_is_the_same_value_in_all_three_channels():
    grey = smear()[:, :, 0]
    np.testing.assert_array_equal(decode(encoded(Image.fromarray(grey), "PNG")), np.dstack([grey] * 3))


def test_one_bit_pixels_are_black_and_white():
    bits = smear()[:, :, 0] > 127
    pixels = decode(encoded(Image.fromarray(bits), "PNG"))
    np.testing.assert_array_equal(pixels[:, :, 1], np.where(bits, 255, 0))


@pytest.mark.parametrize(("ink", "expected"), [((0, 0, 0, 0), 255), ((0, 0, 0, 255), 0), ((255, 0, 0, 0), 0)])
def test_cmyk_ink_takes_its_colour_from_white(ink, expected):
    pixels = decode(encoded(Image.new("CMYK", (16, 16), ink), "JPEG", quality=100))
    assert abs(int(pixels[8, 8, 0]) - expected) <= 1


@pytest.mark.parametrize("byte_order", ["<u2", ">u2"])
@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_16_bit_grey_keeps_its_high_byte(file_format, byte_order):
    values = np.random.default_rng(1).integers(0, 65536, (20, 30)).astype(byte_order)
    pixels = decode(encoded(Image.fromarray(values), file_format))
    np.testing.assert_array_equal(pixels, np.dstack([values.astype(int) // 256] * 3))


def test_16_bit_colour_keeps_its_high_byte_too():
    values = np.random.default_rng(2).integers(0, 65536, (20, 30, 3)).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    pixels = decode(png(30, 20, bits=16, colour=2, rows=rows))
    np.testing.assert_array_equal(pixels, values.astype(int) // 256)


def test_32_bit_integers_within_16_bits_are_read_as_16_bit_grey():
    values = np.random.default_rng(3).integers(0, 65536, (20, 30)).astype(np.int32)
    pixels = decode(encoded(Image.fromarray(values), "TIFF"))
    np.testing.assert_array_equal(pixels[:, :, 0], values // 256)


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "TIFF"])
def test_what_is_transparent_turns_white(file_format):
    image = Image.new("RGBA", (16, 16), (10, 20, 30, 0))
    image.paste((10, 20, 30, 255), (0, 0, 8, 16))
    pixels = decode(encoded(image, file_format, **LOSSLESS[file_format]))
    assert (pixels[0, 0].tolist(), pixels[0, 15].tolist()) == ([10, 20, 30], [255, 255, 255])


def test_half_transparent_black_is_mid_grey():
    pixels = decode(encoded(Image.new("LA", (16, 16), (0, 128)), "PNG"))
    assert pixels[0, 0].tolist() == [127, 127, 127]


@pytest.mark.parametrize("transparency", [1, b"\xff\x00\xff"])
def test_a_transparent_palette_entry_turns_white(transparency):
    image = Image.new("P", (16, 16), 1)
    image.putpalette([0, 0, 0, 200, 0, 0, 0, 0, 200])
    image.paste(2, (0, 0, 8, 16))
    pixels = decode(encoded(image, "PNG", transparency=transparency))
    assert (pixels[0, 0].tolist(), pixels[0, 15].tolist()) == ([0, 0, 200], [255, 255, 255])


@pytest.mark.parametrize("orientation", ORIENTED)
@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "WEBP"])
def test_exif_orientation_is_applied_to_pixels_and_size(file_format, orientation):
    stored = smear()
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(stored), file_format, exif=exif, **LOSSLESS[file_format])
    pixels, facts = inspect(data)
    np.testing.assert_array_equal(pixels, ORIENTED[orientation](stored))
    assert (facts.height, facts.width) == pixels.shape[:2]


def test_exif_orientation_is_applied_to_jpeg():
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.fromarray(smear())
    upright = decode(encoded(image, "JPEG"))
    np.testing.assert_array_equal(decode(encoded(image, "JPEG", exif=exif)), np.rot90(upright, -1))


def test_the_first_picture_of_a_multi_picture_jpeg_is_the_photograph():
    photograph, preview = Image.fromarray(smear()), Image.fromarray(smear(12, 16, seed=1))
    data = encoded(photograph, "MPO", save_all=True, append_images=[preview])
    assert decode(data, "phone.jpg").shape == (24, 32, 3)


@pytest.mark.parametrize(("suffix", "file_format"), [(".jpeg", "JPEG"), (".TIFF", "TIFF"), (".JPG", "JPEG")])
def test_both_spellings_of_a_suffix_are_taken_in_any_case(suffix, file_format):
    assert decode(encoded(Image.fromarray(smear()), file_format), f"smear{suffix}").shape == (24, 32, 3)


def test_a_wrong_extension_is_refused_with_the_true_format():
    data = encoded(Image.fromarray(smear()), "PNG")
    with pytest.raises(ImageError, match=r"its content is PNG but its name ends in \.jpg, not \.png"):
        decode(data, "smear.jpg")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (b"no picture at all", "not an image: its content is of no known format"),
        (b"\x1f\x8b\x08" + bytes(100), "not an image: its content is gzip"),
        (b"%PDF-1.7", "not an image: its content is PDF"),
        (encoded(Image.new("L", (16, 16)), "GIF"), "not an image: its content is GIF"),
    ],
)
def test_what_is_no_image_is_refused_with_what_it_is(tmp_path, content, reason):
    path = tmp_path / "smear.png"
    path.write_bytes(content)
    with pytest.raises(ImageError, match=reason):
        decode(path)


@pytest.mark.parametrize("name", ["notes.txt", "smear.gif", "smear"])
def test_a_name_that_is_no_images_is_refused(name):
    with pytest.raises(ImageError, match=r"not an image by its name.*expected \.bmp, \.jpeg"):
        decode(encoded(Image.fromarray(smear()), "PNG"), name)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (7, 500), (500, 7)])
def test_a_side_below_8_px_is_refused(width, height):
    with pytest.raises(ImageError, match=f"too small: {width}×{height} px, expected at least 8 px a side"):
        decode(png(width, height))


def test_8_px_a_side_are_enough():
    assert decode(png(8, 8)).shape == (8, 8, 3)


@pytest.mark.parametrize(("file_format", "suffix"), [("PNG", ".png"), ("WEBP", ".webp"), ("TIFF", ".tif")])
def test_more_than_one_frame_is_refused(file_format, suffix):
    frames = [Image.fromarray(smear(seed=seed)) for seed in range(3)]
    data = encoded(frames[0], file_format, save_all=True, append_images=frames[1:])
    with pytest.raises(ImageError, match="more than one frame or page"):
        decode(data, f"smear{suffix}")


def oversized(file_format: str) -> bytes:
    """Write a header that declares 100 megapixels over the data of a small image."""
    data = bytearray(encoded(Image.new("RGB", (16, 16)), file_format))
    if file_format == "BMP":
        data[18:26] = struct.pack("<ii", 10_000, 10_000)
    else:
        frame = data.index(b"\xff\xc0")
        data[frame + 5 : frame + 9] = struct.pack(">HH", 10_000, 10_000)
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        png(10_000, 10_000, rows=b""),
        png(100_000, 100_000, rows=b""),
        tiff(10_000, 10_000, b""),
        oversized("BMP"),
        oversized("JPEG"),
    ],
    ids=["PNG", "PNG past Pillow's own limit", "TIFF", "BMP", "JPEG"],
)
def test_more_than_50_megapixels_are_refused_by_the_header_and_without_a_warning(data):
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with pytest.raises(ImageError, match="over 50 megapixels"):
            decode(data)


def test_a_webp_past_pillows_own_limit_is_over_50_megapixels_too():
    frame = struct.pack("<B3sB", 0x2F, (16382 | (16382 << 14)).to_bytes(4, "little")[:3], 0x0F)
    data = b"VP8L" + struct.pack("<I", len(frame)) + frame + b"\0"
    with pytest.raises(ImageError, match="over 50 megapixels"):
        decode(b"RIFF" + struct.pack("<I", 4 + len(data)) + b"WEBP" + data)


def test_just_50_megapixels_pass_the_header_check(monkeypatch):
    monkeypatch.setattr(intake, "MAX_PIXELS", 16 * 16)
    assert decode(png(16, 16)).shape == (16, 16, 3)


def test_tiff_tiles_far_larger_than_the_picture_are_refused():
    data = tiff(16, 16, bytes(256), tile_width=(322, 4, 30_000), tile_height=(323, 4, 30_000))
    with pytest.raises(ImageError, match="tiles over 50 megapixels"):
        decode(data)


@pytest.mark.parametrize(
    "bomb",
    [
        chunk(b"zTXt", b"note\0\0" + zlib.compress(bytes(50 * 2**20))),
        chunk(b"iTXt", b"note\0\1\0\0\0" + zlib.compress(bytes(50 * 2**20))),
        chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(50 * 2**20))),
        chunk(b"zTXt", b"note\0\0" + zlib.compress(bytes(2**20))) * 70,
    ],
    ids=["zTXt", "iTXt", "iCCP", "many"],
)
def test_compressed_png_text_that_grows_without_measure_is_refused(bomb):
    with pytest.raises(ImageError, match="damaged, truncated or unsupported PNG"):
        decode(png(16, 16, bomb))


def test_modest_png_text_does_no_harm():
    text = PngImagePlugin.PngInfo()
    text.add_text("stain", "Giemsa " * 1000, zip=True)
    assert decode(encoded(Image.fromarray(smear()), "PNG", pnginfo=text)).shape == (24, 32, 3)


@pytest.mark.parametrize("values", [np.full((16, 16), 0.5, np.float32), np.full((16, 16), 900.0, np.float32)])
def test_floating_point_pixels_are_refused(values):
    with pytest.raises(ImageError, match="floating point"):
        decode(encoded(Image.fromarray(values), "TIFF"))


@pytest.mark.parametrize("value", [-1, 65536])
def test_integers_past_16_bits_are_refused_with_their_range(value):
    values = np.full((16, 16), value, np.int32)
    with pytest.raises(ImageError, match=f"from {value} to {value}, expected"):
        decode(encoded(Image.fromarray(values), "TIFF"))


def test_inverted_16_bit_grey_is_refused():
    data = tiff(16, 16, bytes(512), bits=(258, 3, 16), photometric=(262, 3, 0))
    with pytest.raises(ImageError, match="white-is-zero"):
        decode(data)


@pytest.mark.parametrize("kept", [0.02, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("file_format", SUFFIX)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_truncated_file_is_refused(file_format, kept):
    data = encoded(Image.fromarray(smear(64, 64)), file_format)
    with pytest.raises(ImageError):
        decode(data[: int(kept * len(data))])


def test_a_jpeg_whose_tail_was_never_written_is_refused():
    data = encoded(Image.fromarray(smear(64, 64)), "JPEG")
    half = len(data) // 2
    with pytest.raises(ImageError, match="truncated JPEG"):
        decode(data[:half] + bytes(len(data) - half))


def test_the_end_of_an_embedded_preview_does_not_pass_for_the_end_of_a_jpeg():
    preview = encoded(Image.fromarray(smear(16, 16)), "JPEG")
    exif = b"Exif\0\0" + preview
    data = encoded(Image.fromarray(smear(64, 64)), "JPEG", exif=exif)
    with pytest.raises(ImageError, match="truncated JPEG"):
        decode(data[: len(data) // 2] + bytes(500))


@pytest.mark.parametrize("options", [{"progressive": True}, {"restart_marker_blocks": 2}, {"optimize": True}])
def test_progressive_and_restarting_jpegs_are_whole(options):
    assert decode(encoded(Image.fromarray(smear(64, 64)), "JPEG", **options)).shape == (64, 64, 3)


def test_bytes_after_the_end_of_a_jpeg_do_no_harm():
    assert decode(encoded(Image.fromarray(smear()), "JPEG") + b"\0" * 64).shape == (24, 32, 3)


def test_a_png_with_a_wrong_checksum_is_refused():
    data = bytearray(png(16, 16))
    data[-16] ^= 1  # the last byte of the pixels' checksum, before the 12 bytes that end the file
    with pytest.raises(ImageError, match="PNG"):
        decode(bytes(data))


@pytest.mark.parametrize("file_format", SUFFIX)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damage_anywhere_gives_an_image_or_an_image_error_and_nothing_else(file_format):
    data = encoded(Image.fromarray(smear(40, 48)), file_format)
    rng = np.random.default_rng(7)
    for _ in range(500):
        damaged = bytearray(data[: rng.integers(1, len(data) + 1)] if rng.random() < 0.3 else data)
        reach = min(len(damaged), 200) if rng.random() < 0.5 else len(damaged)  # headers break in the most ways
        for position in rng.integers(0, reach, rng.integers(1, 6)):
            damaged[position] = rng.integers(0, 256)
        try:
            pixels = decode(bytes(damaged), f"smear{SUFFIX[file_format]}")
        except ImageError:
            continue
        assert pixels.dtype == np.uint8
        assert pixels.ndim == 3
        assert pixels.shape[2] == 3


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
    images = [encoded(Image.fromarray(smear(seed=seed)), file_format) for seed in range(6) for file_format in SUFFIX]
    with ThreadPoolExecutor(8) as pool:
        hashes = list(pool.map(lambda data: pixel_sha256(decode(data)), images * 4))
    assert hashes == [pixel_sha256(decode(data)) for data in images] * 4


def test_decoding_leaves_warning_filters_and_pillows_limits_alone():
    before = list(warnings.filters), Image.MAX_IMAGE_PIXELS
    decode(png(16, 16))
    with pytest.raises(ImageError):
        decode(png(MAX_PIXELS, 8, rows=b""))
    assert (list(warnings.filters), Image.MAX_IMAGE_PIXELS) == before


def test_the_pixel_hash_is_of_the_picture_not_of_the_file():
    image = Image.fromarray(smear())
    fast, small = (encoded(image, "PNG", compress_level=level) for level in (1, 9))
    assert fast != small
    assert pixel_sha256(decode(fast)) == pixel_sha256(decode(small))


def test_the_pixel_hash_tells_apart_the_same_bytes_in_another_shape():
    pixels = smear(24, 32)
    assert pixel_sha256(pixels) != pixel_sha256(pixels.reshape(32, 24, 3))


def test_the_pixel_hash_does_not_depend_on_memory_layout():
    pixels = smear()
    assert pixel_sha256(pixels) == pixel_sha256(np.asfortranarray(pixels))


def test_a_path_is_judged_by_the_name_it_was_uploaded_under(tmp_path):
    path = Path(tmp_path, "upload-1")
    path.write_bytes(png(16, 16))
    assert decode(path, "smear.png").shape == (16, 16, 3)
