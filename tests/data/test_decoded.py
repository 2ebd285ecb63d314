import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from allcore.data.catalog import scan
from allcore.data.decoded import decode_catalogued, decoded_images
from allcore.data.intake.images import decode
from allcore.errors import DatasetError
from tests.held import Held

BUILDER = """
import sys
from pathlib import Path
from allcore.data.decoded import decoded_images
from allcore.data.catalog import scan
from allcore.errors import DatasetError

dataset, cache, behaviour = sys.argv[1:]

def tell(done, total):
    print(done, "of", total, flush=True)
    if behaviour == "pause":
        sys.stdin.readline()

if behaviour == "little space":
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
images = scan(Path(dataset)).images()
print("asks", flush=True)
try:
    print(decoded_images(Path(dataset), images, Path(cache), tell).pixels.sum())
except DatasetError as error:
    print("refused:", error)
"""
"""A process that decodes a dataset, telling each step on its output; `pause` waits for a line before it goes on."""


@pytest.fixture
def dataset(make_dataset):
    return make_dataset({"Benign": 12, "Pro": 8})


def start(dataset: Path, cache: Path, behaviour: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", BUILDER, str(dataset), str(cache), behaviour],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def entries(cache: Path) -> list[str]:
    return sorted(path.suffix or "folder" for path in (cache / "decoded").iterdir())


def assert_intact(dataset: Path, cache: Path) -> None:
    rows = scan(dataset).images()
    images = decoded_images(dataset, rows, cache)
    assert len(images) == len(rows)
    for index, path in enumerate(rows["path"]):
        np.testing.assert_array_equal(images[index], decode(dataset / path))


def test_pixels_are_those_of_decode_for_images_of_different_sizes(dataset, cache):
    assert len(set(scan(dataset).images()["height"])) > 1
    assert_intact(dataset, cache)


def test_images_come_in_the_order_of_the_rows_they_were_asked_for(dataset, cache):
    rows = scan(dataset).images().sample(frac=1, random_state=0)
    images = decoded_images(dataset, rows, cache)
    for index, path in enumerate(rows["path"]):
        np.testing.assert_array_equal(images[index], decode(dataset / path))


def test_an_image_is_a_read_only_view_of_the_mapped_file(dataset, cache):
    images = decoded_images(dataset, scan(dataset).images(), cache)
    assert isinstance(images.pixels, np.memmap)
    assert np.shares_memory(images[3], images.pixels)
    with pytest.raises(ValueError, match="read-only"):
        images[3][0, 0] = 0


def test_opencv_takes_a_view_as_it_is(dataset, cache):
    image = decoded_images(dataset, scan(dataset).images(), cache)[1]
    np.testing.assert_array_equal(cv2.flip(image, 1), np.asarray(image)[:, ::-1])


def test_what_was_decoded_once_is_not_decoded_again(dataset, cache):
    rows = scan(dataset).images()
    before = np.array(decoded_images(dataset, rows, cache).pixels)
    shutil.rmtree(dataset)
    np.testing.assert_array_equal(decoded_images(dataset, rows, cache).pixels, before)


def test_the_same_images_under_other_names_share_one_copy(dataset, cache, tmp_path):
    decoded_images(dataset, scan(dataset).images(), cache)
    copy = tmp_path / "copy"
    for number, path in enumerate(scan(dataset).images()["path"]):
        folder = copy / path.split("/")[0]
        folder.mkdir(parents=True, exist_ok=True)
        Image.open(dataset / path).save(folder / f"smear-{number:02}.bmp")
    assert_intact(copy, cache)
    assert entries(cache).count("folder") == 1


def test_other_images_have_a_copy_of_their_own(dataset, cache):
    assert_intact(dataset, cache)
    (dataset / "Pro" / "0.png").unlink()
    assert_intact(dataset, cache)
    assert entries(cache).count("folder") == 2


def test_progress_ends_at_the_number_of_images_and_a_second_run_has_none(dataset, cache):
    rows = scan(dataset).images()
    calls: list[tuple[int, int]] = []
    for _ in range(2):
        decoded_images(dataset, rows, cache, lambda *call: calls.append(call))
    assert calls == sorted(set(calls))
    assert calls[-1] == (20, 20)


def test_few_images_wait_to_be_written(dataset, cache, monkeypatch):
    held, told = Held(), []
    monkeypatch.setattr("allcore.data.decoded.decode_catalogued", held.of(decode_catalogued))
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(2)), raising=False)
    decoded_images(dataset, scan(dataset).images(), cache, lambda done, _: told.append((done, held.begun)))
    assert [done for done, _ in told] == list(range(1, 21))
    assert all(begun <= done + 2 for done, begun in told)
    assert held.most <= 3


# Images that are not what was catalogued


def test_an_image_that_changed_since_the_scan_is_refused_and_nothing_is_left(dataset, cache):
    rows = scan(dataset).images()
    Image.fromarray(np.zeros((12, 16, 3), np.uint8)).save(dataset / "Pro" / "7.png")
    with pytest.raises(DatasetError, match=r"Pro/7\.png changed since the dataset was scanned"):
        decoded_images(dataset, rows, cache)
    assert entries(cache) == [".lock"]


def test_an_image_that_is_gone_since_the_scan_is_refused_by_name(dataset, cache):
    rows = scan(dataset).images()
    (dataset / "Pro" / "7.png").unlink()
    with pytest.raises(DatasetError, match=r"Pro/7\.png can no longer be read.*scan the dataset again"):
        decoded_images(dataset, rows, cache)


# Disks


def test_a_dataset_that_cannot_fit_is_refused_before_any_image_is_decoded(dataset, cache):
    rows = scan(dataset).images().assign(width=10**7, height=10**7)
    with pytest.raises(DatasetError, match=r"needs 6000000\.0 GB below .*free some space or set ALLCORE_WORKSPACE"):
        decoded_images(dataset, rows, cache, lambda *_: pytest.fail("decoded"))


@pytest.mark.process
@pytest.mark.skipif(os.name == "nt", reason="no limit on the size of files there")
def test_a_disk_that_fills_up_meanwhile_is_named_and_given_its_space_back(dataset, cache):
    output, _ = start(dataset, cache, "little space").communicate()
    assert "refused: the decoded images cannot be written below" in output
    assert entries(cache) == [".lock"]


def test_a_cache_that_is_no_folder_is_named(dataset, cache):
    cache.touch()
    with pytest.raises(DatasetError, match=r"cannot be written below .*cache"):
        decoded_images(dataset, scan(dataset).images(), cache)


# Processes


@pytest.mark.process
def test_two_processes_at_once_make_one_intact_copy(dataset, cache):
    with start(dataset, cache, "pause") as first:
        assert first.stdout.readline() == "asks\n"
        assert first.stdout.readline() == "1 of 20\n"  # in the middle of it
        with start(dataset, cache) as second:
            assert second.stdout.readline() == "asks\n"
            after_first, _ = first.communicate()
            after_second, _ = second.communicate()
    others = [f"{number} of 20" for number in range(2, 21)]
    assert after_first.splitlines() == [*others, *after_second.splitlines()], "the second decoded nothing"
    assert_intact(dataset, cache)


def test_two_machines_at_once_whose_locks_do_not_reach_each_other_both_have_all_images(dataset, cache, monkeypatch):
    monkeypatch.setattr("allcore.result_cache.FileLock", lambda _: nullcontext())
    monkeypatch.setattr("allcore.result_cache._machine", lambda: threading.current_thread().name)
    rows, both_build = scan(dataset).images(), threading.Barrier(2, timeout=60)

    def build(_):
        return decoded_images(dataset, rows, cache, lambda done, _: done == 1 and both_build.wait())

    with ThreadPoolExecutor(2) as machines:
        copies = list(machines.map(build, range(2)))
    for images in copies:
        for index, path in enumerate(rows["path"]):
            np.testing.assert_array_equal(images[index], decode(dataset / path))
    assert entries(cache) == ["folder"]


@pytest.mark.process
def test_a_killed_build_is_made_good_by_the_next(dataset, cache):
    with start(dataset, cache, "pause") as builder:
        assert builder.stdout.readline() == "asks\n"
        assert builder.stdout.readline() == "1 of 20\n"
        builder.kill()
    assert ".part" in entries(cache)
    assert "folder" not in entries(cache)
    assert_intact(dataset, cache)
    assert entries(cache) == [".lock", "folder"]


@pytest.mark.parametrize("file", ["pixels.u8", "shapes.json"])
@pytest.mark.parametrize("damage", [Path.unlink, lambda path: os.truncate(path, path.stat().st_size // 2)])
def test_a_copy_damaged_since_is_made_anew(dataset, cache, file, damage):
    assert_intact(dataset, cache)
    (damaged,) = cache.rglob(file)
    damage(damaged)
    assert_intact(dataset, cache)


@pytest.mark.parametrize(
    "text", ["null", "[null]", "[[null, 3]]", "[1]", "{}", "[[1e400, 3]]", f"[[{9**40}, 3]]", "[" * 10_000]
)
def test_a_copy_whose_shapes_are_none_is_made_anew(dataset, cache, text):
    assert_intact(dataset, cache)
    (damaged,) = cache.rglob("shapes.json")
    damaged.write_text(text)
    assert_intact(dataset, cache)
