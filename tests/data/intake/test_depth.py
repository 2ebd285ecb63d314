"""Files of more than 8 bits: what is white in them, and what is refused rather than shown black."""

import cv2
import numpy as np
import pytest
from PIL import Image

from allcore.data.browse import scaled_to_8_bits
from allcore.data.catalog import scan
from allcore.data.intake.images import decode, inspect
from allcore.errors import ImageError
from tests.data.pictures import ORIENTED, chunk, deep_tiff, encoded, png, smear

GREY = smear()[:, :, 0]
BITS = [8, 10, 12, 14, 16]


def deep(bits, pixels=GREY):
    """Return 8-bit pixels as values of more bits, with noise in what is added; the largest values are there."""
    noise = np.random.default_rng(1).integers(0, 2 ** (bits - 8), pixels.shape)
    values = (pixels.astype(np.uint16) << (bits - 8)) + noise.astype(np.uint16)
    values.flat[0] = 2**bits - 1
    return values


def colour_file(values, file_format):
    """Return a 16-bit RGB file, written by another library than the one that reads it."""
    return cv2.imencode({"PNG": ".png", "TIFF": ".tif"}[file_format], values[:, :, ::-1])[1].tobytes()


def deep_png(values, orientation):
    """Return values as a 16-bit PNG file, grey or RGB, that says how they are to be turned."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    height, width = values.shape[:2]
    return png(
        width, height, chunk(b"eXIf", exif.tobytes()[6:]), bits=16, colour=0 if values.ndim == 2 else 2, rows=rows
    )


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
@pytest.mark.parametrize("byte_order", ["<u2", ">u2"])
@pytest.mark.parametrize("bits", BITS)
def test_grey_of_any_depth_keeps_its_upper_8_bits(file_format, byte_order, bits):
    values = deep(bits).astype(byte_order)
    pixels, facts = inspect(encoded(values, file_format))
    np.testing.assert_array_equal(pixels, np.dstack([values.astype(int) >> (bits - 8)] * 3))
    assert (facts.white, facts.judged) == (2**bits - 1, True)


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
@pytest.mark.parametrize("bits", BITS)
def test_colour_of_any_depth_keeps_its_upper_8_bits_too(file_format, bits):
    values = deep(bits, smear())
    pixels, facts = inspect(colour_file(values, file_format))
    np.testing.assert_array_equal(pixels, values >> (bits - 8))
    assert (facts.white, facts.judged) == (2**bits - 1, True)


def test_32_bit_integers_are_read_by_the_same_rule():
    values = deep(12).astype(np.int32)
    np.testing.assert_array_equal(decode(encoded(values, "TIFF"))[:, :, 0], values >> 4)


@pytest.mark.parametrize(("scale", "white"), [(1 / 255, 1), (1.0, 255), (16.0, 4095)])
def test_floating_point_is_from_0_to_1_or_holds_integers(scale, white):
    values = (GREY * scale).astype(np.float32)
    pixels, facts = inspect(encoded(values, "TIFF"))
    np.testing.assert_array_equal(pixels[:, :, 0], GREY)
    assert (facts.white, facts.judged) == (white, True)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -1.0, 70000.0])
def test_floating_point_of_no_known_range_is_refused(odd):
    values = GREY.astype(np.float32)
    values[3, 3] = odd
    with pytest.raises(ImageError, match="expected 0 to 65535 at the most; save it with 8 bits"):
        decode(encoded(values, "TIFF"))


@pytest.mark.parametrize(
    "info", [{281: 4095}, {270: '<OME><Pixels ID="1" SignificantBits="12" SizeX="32"/></OME>'}], ids=["TIFF", "OME"]
)
def test_a_dark_image_is_not_brightened_where_the_file_says_its_depth(info):
    values = deep(12) // 8
    pixels, facts = inspect(encoded(values, "TIFF", tiffinfo=info))
    np.testing.assert_array_equal(pixels[:, :, 0], values >> 4)
    assert (facts.white, facts.judged) == (4095, False)


@pytest.mark.parametrize(("bits", "white", "judged"), [(12, 4095, False), (16, 65535, True)])
def test_significant_bits_of_a_png_count_where_the_values_fit_them(bits, white, judged):
    """The standard wants values scaled to all bits; cameras that do not scale them say so by the same chunk."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in deep(bits))
    facts = inspect(png(32, 24, chunk(b"sBIT", b"\x0c"), bits=16, rows=rows))[1]
    assert (facts.white, facts.judged) == (white, judged)


def test_a_white_bar_burnt_into_12_bit_values_does_not_make_the_picture_black():
    values = np.vstack([deep(12)] * 9)
    values[-1] = 65535
    with pytest.raises(ImageError, match=r"nearly black: its values are . to 65535, with 65535 as white"):
        decode(encoded(values, "TIFF"))


def test_16_bits_with_transparency_are_scaled_or_refused():
    layered = np.dstack([deep(16, smear()), np.full((24, 32), 65535, np.uint16)])
    assert decode(cv2.imencode(".png", layered)[1].tobytes()).max() == 255
    layered[:, :, :3] >>= 4
    with pytest.raises(ImageError, match="16 bits with transparency, whose values do not use their range"):
        decode(cv2.imencode(".png", layered)[1].tobytes())


@pytest.mark.parametrize("orientation", ORIENTED)
@pytest.mark.parametrize("pixels", [GREY, smear()], ids=["grey", "colour"])
@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_orientation_is_applied_once_to_deep_images_too(file_format, pixels, orientation):
    values = deep(16, pixels)
    data = deep_tiff(values, orientation) if file_format == "TIFF" else deep_png(values, orientation)
    upright = ORIENTED[orientation](values >> 8)
    np.testing.assert_array_equal(decode(data), upright if upright.ndim == 3 else np.dstack([upright] * 3))


# A dataset


@pytest.fixture
def dataset(tmp_path):
    """Return a dataset of 12-bit images of which one, B/dark.png, has values that would fit 10 bits."""
    folder = tmp_path / "data"
    for label in "AB":
        (folder / label).mkdir(parents=True)
        for seed in range(3):
            values = deep(12, smear(seed=seed)[:, :, 0])
            (folder / label / f"{seed}.png").write_bytes(encoded(Image.fromarray(values), "PNG"))
    (folder / "B" / "dark.png").write_bytes(encoded(Image.fromarray(deep(10)), "PNG"))
    return folder


def test_an_image_that_would_be_scaled_unlike_the_others_is_a_problem(dataset, tmp_path):
    for _ in range(2):  # the second scan knows the others
        catalog = scan(dataset, tmp_path / "cache")
        assert list(catalog.problems()["path"]) == ["B/dark.png"]
        assert (
            "its values fit 1023 as white, while those of other images here need 4095"
            in catalog.problems()["problem"][0]
        )
    assert scaled_to_8_bits(catalog.images()) == [
        "6 images were scaled from more than 8 bits so that 4,095 is white, "
        "as the range of the values in this dataset tells."
    ]
    (sentence,) = scaled_to_8_bits(catalog.images()[:1])
    assert sentence.startswith("1 image was scaled")


def test_images_of_8_bits_beside_deep_ones_are_no_problem(dataset):
    (dataset / "A" / "plain.png").write_bytes(encoded(smear(seed=9), "PNG"))
    assert list(scan(dataset).problems()["path"]) == ["B/dark.png"]
