import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from allcore.data.catalog import scan
from allcore.data.overlap import connect, exact_duplicate_pairs, exact_overlap


def test_the_same_pixels_in_files_of_different_formats_are_duplicates(make_dataset):
    dataset = make_dataset({"Benign": 3, "Pro": 3})
    with Image.open(dataset / "Benign" / "1.png") as image:
        image.save(dataset / "Pro" / "copy.bmp")
        image.save(dataset / "Pro" / "copy.tif")
    assert exact_duplicate_pairs(scan(dataset).images()) == [
        ("Benign/1.png", "Pro/copy.bmp"),
        ("Benign/1.png", "Pro/copy.tif"),
    ]


def test_images_that_differ_in_one_value_of_one_pixel_are_no_duplicates(make_dataset):
    dataset = make_dataset({"Benign": 3, "Pro": 3})
    pixels = np.asarray(Image.open(dataset / "Benign" / "1.png")).copy()
    pixels[5, 5, 1] ^= 1
    Image.fromarray(pixels).save(dataset / "Pro" / "nearly.png")
    assert exact_duplicate_pairs(scan(dataset).images()) == []


def test_rows_with_the_same_pixels_have_one_group_number():
    images = pd.DataFrame({"path": ["a", "b", "c", "d", "e"], "pixel_sha256": ["x", "y", "x", "z", "y"]})
    assert exact_overlap(images).groups.tolist() == [0, 1, 0, 2, 1]


def test_pairs_connect_what_they_reach_through_others():
    assert connect(["a", "b", "c", "d", "e"], [("d", "b"), ("e", "d")]).tolist() == [0, 1, 2, 1, 1]


def test_without_pairs_each_image_is_a_group():
    assert connect(["a", "b", "c"], []).tolist() == [0, 1, 2]


def test_no_images_have_no_groups():
    assert connect([], []).tolist() == []


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(1, 12), st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=15))
def test_groups_are_those_of_merging_set_by_set(count, edges):
    paths = [f"{number}.png" for number in range(count)]
    pairs = [(paths[a % count], paths[b % count]) for a, b in edges]
    sets = [{path} for path in paths]
    for a, b in pairs:
        merged = set.union(*(s for s in sets if a in s or b in s))
        sets = [s for s in sets if not s & merged] + [merged]
    groups = connect(paths, pairs)
    found = [{path for path, group in zip(paths, groups, strict=True) if group == number} for number in set(groups)]
    assert sorted(map(sorted, found)) == sorted(map(sorted, sets))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(1, 12), st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=15))
def test_groups_are_numbered_from_0_as_they_first_appear(count, edges):
    paths = [f"{number}.png" for number in range(count)]
    groups = connect(paths, [(paths[a % count], paths[b % count]) for a, b in edges]).tolist()
    assert list(dict.fromkeys(groups)) == list(range(len(set(groups))))
