"""Claims about the drawn smears."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score

from allcore.data.synthetic import SyntheticSpec, draw_field, write_dataset
from allcore.data.synthetic.field import check_field
from allcore.errors import ConfigError

SMALL = SyntheticSpec(images_per_class=4, image_size=48)
CLASSES = SMALL.classes


def read(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*.jpg"))}


def pixels(path: Path) -> NDArray[np.uint8]:
    return np.asarray(Image.open(path))


def labelled(folder: Path) -> tuple[list[NDArray[np.uint8]], list[str]]:
    paths = sorted(folder.rglob("*.jpg"))
    return [pixels(p) for p in paths], [p.parent.name for p in paths]


def forest_accuracy(features: list[NDArray[np.float64]], labels: list[str]) -> float:
    return float(cross_val_score(RandomForestClassifier(40, random_state=0), features, labels, cv=5).mean())


def nine_colours(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    values = image.reshape(-1, 3)
    return np.concatenate([values.mean(0), values.std(0), np.median(values, 0)])


def colour_accuracy(folder: Path, *, stain_by_class: bool) -> float:
    write_dataset(folder, SyntheticSpec(40, 48, seed=3, stain_by_class=stain_by_class))
    images, labels = labelled(folder)
    return forest_accuracy([nine_colours(image) for image in images], labels)


def best_match(one: Path, other: Path) -> tuple[float, float]:
    """Highest correlation of a corner of one image anywhere in the other, and how far it moved, in frames."""
    a, b = (cv2.imread(str(p), cv2.IMREAD_GRAYSCALE) for p in (one, other))
    size = a.shape[0]
    side = round(0.45 * size)
    best = (-1.0, 0.0)
    for y in (0, size - side):
        for x in (0, size - side):
            scores = cv2.matchTemplate(b, a[y : y + side, x : x + side], cv2.TM_CCOEFF_NORMED)
            _, score, _, (found_x, found_y) = cv2.minMaxLoc(scores)
            best = max(best, (score, float(np.hypot(found_x - x, found_y - y)) / size))
    return best


def median_nucleated_area(label: str) -> float:
    """Of whole cells that are clearly purple, in pixels."""
    areas: list[int] = []
    for i in range(12):
        field = draw_field(label, np.random.default_rng([8, i]), 224, slide=1, stain_by_class=False).astype(int)
        purple = (field[..., 2] - field[..., 1] > 45).astype(np.uint8)
        for left, top, width, height, area in cv2.connectedComponentsWithStats(purple)[2][1:].tolist():
            whole = left > 0 and top > 0 and left + width < 224 and top + height < 224
            if whole and area > 80:
                areas.append(area)
    return float(np.median(areas))


def test_a_field_is_rgb_of_the_size_asked_for():
    field = draw_field("Pro", np.random.default_rng(0), 80)
    assert (field.shape, field.dtype) == ((80, 80, 3), np.uint8)


def test_the_smallest_field_shows_something():
    assert draw_field("Pre", np.random.default_rng(0), 32).std() > 10


def test_a_dataset_is_nothing_but_class_folders_of_jpegs(tmp_path):
    write_dataset(tmp_path / "smears", SMALL)
    entries = {p.relative_to(tmp_path / "smears").as_posix() for p in (tmp_path / "smears").rglob("*")}
    assert entries == set(CLASSES) | {f"{c}/{c.lower()}-{i:04d}.jpg" for c in CLASSES for i in range(1, 5)}
    with Image.open(tmp_path / "smears/Early/early-0001.jpg") as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (48, 48))


def test_the_same_spec_gives_the_same_bytes(tmp_path):
    spec = replace(SMALL, twins=0.5, scale_bars=True)
    pairs = [write_dataset(tmp_path / name, spec) for name in ("one", "other")]
    assert pairs[0] == pairs[1]
    assert read(tmp_path / "one") == read(tmp_path / "other")


def test_no_two_images_and_no_two_seeds_give_the_same_bytes(tmp_path):
    write_dataset(tmp_path / "one", SMALL)
    write_dataset(tmp_path / "other", replace(SMALL, seed=1))
    images = [*read(tmp_path / "one").values(), *read(tmp_path / "other").values()]
    assert len(set(images)) == 2 * 4 * len(CLASSES)


@pytest.mark.parametrize("more", [4, 7, 8])
def test_asking_for_more_images_changes_none(tmp_path, more):
    spec = replace(SMALL, images_per_class=3, twins=0.6, scale_bars=True)
    write_dataset(tmp_path / "few", spec)
    write_dataset(tmp_path / "many", replace(spec, images_per_class=more))
    many = read(tmp_path / "many")
    assert len(many) == more * len(CLASSES)
    assert all(many[name] == image for name, image in read(tmp_path / "few").items())


def test_leaving_classes_out_changes_none_of_the_others(tmp_path):
    write_dataset(tmp_path / "all", SMALL)
    write_dataset(tmp_path / "two", replace(SMALL, classes=("Pro", "Benign")))
    everything, two = read(tmp_path / "all"), read(tmp_path / "two")
    assert two == {name: image for name, image in everything.items() if name.startswith(("Pro", "Benign"))}


def test_an_empty_folder_may_be_filled(tmp_path):
    (tmp_path / "smears").mkdir()
    write_dataset(tmp_path / "smears", SMALL)
    assert len(read(tmp_path / "smears")) == 16


def test_progress_counts_every_image(tmp_path):
    calls: list[tuple[int, int]] = []
    write_dataset(tmp_path / "smears", SMALL, lambda done, total: calls.append((done, total)))
    assert calls == [(i, 16) for i in range(1, 17)]


@pytest.mark.slow
def test_nucleated_cells_grow_from_benign_over_early_to_pro_on_one_slide():
    benign, early, pro = (median_nucleated_area(label) for label in ("Benign", "Early", "Pro"))
    assert 1.5 * benign < early < pro / 1.2


def test_fields_of_one_slide_are_closer_in_colour_than_fields_of_different_slides():
    colours = np.array(
        [
            [draw_field("Benign", np.random.default_rng([s, i]), 64, slide=s).mean((0, 1)) for i in range(6)]
            for s in range(6)
        ]
    )
    assert np.linalg.norm(colours.mean(1).std(0)) > 1.3 * np.linalg.norm(colours.std(1).mean(0))


def background(label: str, *, stain_by_class: bool) -> NDArray[np.float64]:
    fields = [
        draw_field(label, np.random.default_rng([2, i]), 96, slide=8, stain_by_class=stain_by_class) for i in range(10)
    ]
    return np.median([np.percentile(field, 90, axis=(0, 1)) for field in fields], axis=0)


def test_classes_show_the_same_background_only_when_they_share_their_slides():
    own, shared = (
        np.ptp([background(c, stain_by_class=by_class) for c in CLASSES], axis=0).max() for by_class in (True, False)
    )
    assert shared < 5 < 8 < own


@pytest.mark.slow
def test_nine_colour_numbers_nearly_tell_the_classes_when_stain_follows_them(tmp_path):
    assert 0.8 < colour_accuracy(tmp_path / "smears", stain_by_class=True) < 1


@pytest.mark.slow
def test_nine_colour_numbers_tell_little_when_the_classes_share_their_slides(tmp_path):
    assert colour_accuracy(tmp_path / "smears", stain_by_class=False) < 0.7


@pytest.mark.parametrize(("images", "twins", "expected"), [(10, 0.0, 0), (10, 0.2, 1), (20, 0.1, 1), (7, 1.0, 3)])
def test_the_share_of_twins_is_the_one_asked_for(tmp_path, images, twins, expected):
    spec = SyntheticSpec(images, 32, twins=twins, classes=("Early", "Pro"))
    pairs = write_dataset(tmp_path / "smears", spec)
    assert len(pairs) == 2 * expected
    assert len({name for pair in pairs for name in pair}) == 4 * expected


def test_twins_show_the_same_region_and_other_pairs_do_not(tmp_path):
    folder = tmp_path / "smears"
    pairs = write_dataset(folder, SyntheticSpec(8, 128, seed=5, twins=1.0))
    planted = [best_match(folder / a, folder / b)[0] for a, b in pairs]
    unrelated = [best_match(folder / a, folder / b)[0] for (a, _), (b, _) in pairwise(pairs)]
    assert min(planted) > max(unrelated) + 0.2


def test_twins_are_shifted_by_no_more_than_half_a_frame(tmp_path):
    folder = tmp_path / "smears"
    pairs = write_dataset(folder, SyntheticSpec(8, 128, seed=5, twins=1.0))
    shifts = [best_match(folder / a, folder / b)[1] for a, b in pairs]
    assert min(shifts) > 0.1
    assert max(shifts) < 0.52


@pytest.mark.slow
def test_a_scale_bar_changes_only_the_lower_right_corner(tmp_path):
    spec = SyntheticSpec(4, 224)
    write_dataset(tmp_path / "plain", spec)
    write_dataset(tmp_path / "barred", replace(spec, scale_bars=True))
    plain, barred = (np.stack(labelled(tmp_path / name)[0]).astype(int) for name in ("plain", "barred"))
    changed = np.abs(plain - barred).max(axis=(0, 3))
    assert changed[-24:, -36:].max() > 100
    # The file format spreads a change over whole blocks of 16 pixels and into the next pixel.
    changed[191:, 175:] = 0
    assert changed.max() == 0


@pytest.mark.slow
def test_the_corner_alone_gives_the_class_away_when_there_are_scale_bars(tmp_path):
    accuracies = []
    for bars in (False, True):
        spec = SyntheticSpec(30, 96, stain_by_class=False, scale_bars=bars)
        write_dataset(tmp_path / str(bars), spec)
        images, labels = labelled(tmp_path / str(bars))
        accuracies.append(forest_accuracy([image[-10:, -15:].ravel().astype(float) for image in images], labels))
    assert accuracies[0] < 0.5 < 0.65 < accuracies[1] < 1


@pytest.mark.parametrize(("label", "size", "slide"), [("Healthy", 64, 0), ("Pre", 31, 0), ("Pre", 64, -1)])
def test_a_field_that_cannot_be_drawn_is_refused(label, size, slide):
    with pytest.raises(ConfigError):
        draw_field(label, np.random.default_rng(0), size, slide=slide)


def test_a_field_whose_drawing_would_take_gigabytes_is_refused():
    check_field("Pre", 4096)
    with pytest.raises(ConfigError, match=r"image size of 32 to 4,096 pixels\. Received: 4097"):
        check_field("Pre", 4097)
