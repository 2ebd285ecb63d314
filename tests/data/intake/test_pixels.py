"""What the pixels of a usable file become."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from allcore.data.intake.images import ImageFacts, decode, inspect, pixel_sha256
from tests.data.pictures import LOSSLESS, ORIENTED, encoded, smear


@pytest.mark.parametrize("file_format", LOSSLESS)
def test_a_lossless_file_decodes_to_the_very_pixels_that_were_saved(file_format):
    pixels = smear()
    data = encoded(pixels, file_format, **LOSSLESS[file_format])
    np.testing.assert_array_equal(decode(data), pixels)


def test_a_path_and_its_bytes_decode_alike(tmp_path):
    path = tmp_path / "smear.JPEG"
    path.write_bytes(encoded(smear(), "JPEG"))
    np.testing.assert_array_equal(decode(path), decode(path.read_bytes(), "smear.jpg"))


def test_the_array_can_be_written_to():
    pixels = decode(encoded(smear(), "PNG"))
    pixels[0, 0] = 7
    assert pixels.flags.c_contiguous


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16"])
def test_every_mode_becomes_three_bytes_a_pixel_and_is_reported_as_it_was(mode):
    grey = Image.fromarray(smear()).convert("L")
    image = grey.convert("I;16") if mode == "I;16" else grey.convert(mode)
    file_format = {"CMYK": "TIFF", "YCbCr": "TIFF"}.get(mode, "PNG")
    pixels, facts = inspect(encoded(image, file_format))
    assert (pixels.shape, pixels.dtype) == ((24, 32, 3), np.uint8)
    assert facts == ImageFacts(width=32, height=24, mode=mode, judged=mode == "I;16")


def test_grey_is_the_same_value_in_all_three_channels():
    grey = smear()[:, :, 0]
    np.testing.assert_array_equal(decode(encoded(grey, "PNG")), np.dstack([grey] * 3))


def test_one_bit_pixels_are_black_and_white():
    bits = smear()[:, :, 0] > 127
    pixels = decode(encoded(bits, "PNG"))
    np.testing.assert_array_equal(pixels[:, :, 1], np.where(bits, 255, 0))


@pytest.mark.parametrize(("ink", "expected"), [((0, 0, 0, 0), 255), ((0, 0, 0, 255), 0), ((255, 0, 0, 0), 0)])
def test_cmyk_ink_takes_its_colour_from_white(ink, expected):
    pixels = decode(encoded(Image.new("CMYK", (16, 16), ink), "JPEG", quality=100))
    assert abs(int(pixels[8, 8, 0]) - expected) <= 1


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
    data = encoded(stored, file_format, exif=exif, **LOSSLESS[file_format])
    pixels, facts = inspect(data)
    np.testing.assert_array_equal(pixels, ORIENTED[orientation](stored))
    assert (facts.height, facts.width) == pixels.shape[:2]


def test_exif_orientation_is_applied_to_jpeg():
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.fromarray(smear())
    upright = decode(encoded(image, "JPEG"))
    np.testing.assert_array_equal(decode(encoded(image, "JPEG", exif=exif)), np.rot90(upright, -1))


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"optimize": True}, {"restart_marker_blocks": 4}])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_jpeg_pixels_are_those_that_pillow_reads(mode, options, subsampling):
    chosen = {"subsampling": subsampling} if mode == "RGB" else {}
    data = encoded(Image.fromarray(smear(41, 35)).convert(mode), "JPEG", **options, **chosen)
    np.testing.assert_array_equal(decode(data), np.array(Image.open(BytesIO(data)).convert("RGB")))


def test_the_first_picture_of_a_multi_picture_jpeg_is_the_photograph():
    photograph, preview = Image.fromarray(smear()), Image.fromarray(smear(12, 16, seed=1))
    data = encoded(photograph, "MPO", save_all=True, append_images=[preview])
    assert decode(data, "phone.jpg").shape == (24, 32, 3)


@pytest.mark.parametrize(
    ("suffix", "file_format"),
    [(".jpeg", "JPEG"), (".TIFF", "TIFF"), (".JPG", "JPEG"), (".jfif", "JPEG"), (".jpe", "JPEG")],
)
def test_every_spelling_of_a_suffix_are_taken_in_any_case(suffix, file_format):
    assert decode(encoded(smear(), file_format), f"smear{suffix}").shape == (24, 32, 3)


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
