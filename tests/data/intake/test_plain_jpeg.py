"""A JPEG that nothing turns is read without Pillow: the same picture, or none, as Pillow's way makes of it."""

from io import BytesIO

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from allcore.data.intake.images import ImageFacts, decode, inspect
from allcore.errors import ImageError
from tests.data.pictures import encoded, grey_jpeg, smear

SAMPLINGS = [name for name in dir(cv2) if name.startswith("IMWRITE_JPEG_SAMPLING_FACTOR_")]


def with_words(data):
    """Return a JPEG with a segment that could turn it, so that Pillow reads its header."""
    return data[:2] + b"\xff\xe1" + (2 + 9).to_bytes(2, "big") + b"a comment" + data[2:]


def read(data):
    """Return the pixels and the facts of a file, or None where it is refused."""
    try:
        pixels, facts = inspect(data)
    except ImageError:
        return None
    return pixels.tolist(), facts


@pytest.mark.parametrize("mode", ["L", "RGB", "YCbCr", "CMYK"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"keep_rgb": True}])
def test_a_jpeg_is_the_same_picture_with_and_without_words_about_it(mode, options):
    data = encoded(Image.fromarray(smear(25, 33)).convert(mode), "JPEG", **options)
    pixels, facts = inspect(data)
    other_pixels, other_facts = inspect(with_words(data))
    np.testing.assert_array_equal(pixels, other_pixels)
    assert facts == other_facts == ImageFacts(width=33, height=25, mode="RGB" if mode == "YCbCr" else mode)


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_a_jpeg_of_each_sampling_that_opencv_writes_is_read(sampling):
    written = cv2.imencode(".jpg", smear(25, 33), [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, getattr(cv2, sampling)])[1]
    data = written.tobytes()
    np.testing.assert_array_equal(decode(data), np.array(Image.open(BytesIO(data)).convert("RGB")))
    np.testing.assert_array_equal(decode(data), decode(with_words(data)))


@pytest.mark.parametrize("sampling", [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (1, 4)])
def test_a_jpeg_of_each_sampling_that_libjpeg_decodes_is_read(sampling):
    """The last is made where a picture of the one before it is turned by a quarter without decoding it."""
    pixels = decode(grey_jpeg(*sampling))
    assert pixels.shape == (64, 64, 3)
    assert (pixels == 128).all()


@given(
    mode=st.sampled_from(["L", "RGB", "CMYK"]),
    progressive=st.booleans(),
    damage=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=3),
)
@pytest.mark.filterwarnings("ignore")
def test_a_damaged_header_is_taken_or_refused_as_pillows_way_does(mode, progressive, damage):
    data = bytearray(encoded(Image.fromarray(smear(25, 33)).convert(mode), "JPEG", progressive=progressive))
    header = data.index(b"\xff\xda") + 10
    for place, value in damage:
        data[2 + int(place * (header - 2))] = value
    assert read(bytes(data)) == read(with_words(bytes(data)))
