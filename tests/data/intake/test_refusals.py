"""Files that are refused for what they are: no image, too small or too large, bombs, kinds that lose their meaning."""

import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from allcore.data.intake import images as intake
from allcore.data.intake.images import decode
from allcore.errors import ImageError
from tests.data.pictures import chunk, encoded, png, smear, tiff


def test_a_wrong_extension_is_refused_with_the_true_format():
    data = encoded(smear(), "PNG")
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
    with pytest.raises(ImageError, match=r"not an image by its name.*expected \.bmp, \.jfif"):
        decode(encoded(smear(), "PNG"), name)


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


@pytest.mark.parametrize("info", [{270: "ImageJ=1.53t\nimages=12\nslices=12\nloop=false\n"}, {32997: 3}])
def test_a_stack_is_refused_though_only_its_first_slice_has_a_directory(info):
    data = encoded(smear(), "TIFF", tiffinfo=info)
    with pytest.raises(ImageError, match="a stack of several slices"):
        decode(data + smear(seed=1).tobytes() * 2)


def test_a_still_image_of_imagej_is_taken():
    info = {270: "ImageJ=1.53t\nimages=1\nunit=micron\n"}
    assert decode(encoded(smear(), "TIFF", tiffinfo=info)).shape == (24, 32, 3)


@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("opacity", [0, 3])
def test_an_image_of_which_nothing_would_be_seen_is_refused(file_format, opacity):
    layered = np.dstack([smear(), np.full((24, 32), opacity, np.uint8)])
    options = {"lossless": True, "exact": True} if file_format == "WEBP" else {}
    with pytest.raises(ImageError, match="wholly transparent"):
        decode(encoded(layered, file_format, **options))


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
    assert decode(encoded(smear(), "PNG", pnginfo=text)).shape == (24, 32, 3)


@pytest.mark.parametrize("value", [-1, 65536])
def test_integers_past_16_bits_are_refused_with_their_range(value):
    values = np.full((16, 16), value, np.int32)
    with pytest.raises(ImageError, match=f"from {value} to {value}, expected"):
        decode(encoded(values, "TIFF"))


def test_inverted_16_bit_grey_is_refused():
    data = tiff(16, 16, bytes(512), bits=(258, 3, 16), photometric=(262, 3, 0))
    with pytest.raises(ImageError, match="white-is-zero"):
        decode(data)
