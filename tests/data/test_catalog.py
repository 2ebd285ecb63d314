import gzip
import hashlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import PIL
import pytest
from PIL import Image

from allcore.data import intake
from allcore.data.catalog import scan
from allcore.data.intake import decode, pixel_sha256
from allcore.errors import DatasetError


def encoded(pixels: np.ndarray | Image.Image, file_format: str = "PNG", **options: object) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    buffer = BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def noise(seed: int, height: int = 12, width: int = 16) -> np.ndarray:
    return np.random.default_rng(1000 + seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def overwrite_unnoticed(path: Path) -> None:
    """Replace a file by rubbish of the same size and modification time."""
    facts = path.stat()
    path.write_bytes(bytes(facts.st_size))
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def kept_file(cache: Path) -> Path:
    (file,) = (cache / "catalogs").iterdir()
    return file


@pytest.fixture
def dataset(make_dataset):
    return make_dataset({"Benign": 4, "Pro": 3})


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


# What the table says


def test_every_image_of_the_class_folders_has_one_row_with_its_facts(dataset):
    table = scan(dataset).table
    assert list(table["path"]) == [*(f"Benign/{i}.png" for i in range(4)), *(f"Pro/{i}.png" for i in range(3))]
    for row in table.to_dict("records"):
        file, pixels = dataset / row["path"], decode(dataset / row["path"])
        assert row == {
            "path": row["path"], "variant": "", "label": row["path"].split("/")[0], "mode": "RGB", "problem": "",
            "width": pixels.shape[1], "height": pixels.shape[0],
            "bytes": file.stat().st_size, "mtime_ns": file.stat().st_mtime_ns,
            "sha256": hashlib.sha256(file.read_bytes()).hexdigest(), "pixel_sha256": pixel_sha256(pixels),
        }  # fmt: skip


def test_images_lie_in_one_variant_each(make_dataset):
    catalog = scan(make_dataset({f"{v}/{c}": 3 for v in ("Original", "Segmented") for c in ("A", "B")}))
    assert catalog.variants == ("Original", "Segmented")
    assert [set(catalog.images(v)["path"].str.split("/").str[0]) for v in catalog.variants] == [
        {"Original"},
        {"Segmented"},
    ]


def test_without_a_name_the_first_variant_is_meant(make_dataset):
    catalog = scan(make_dataset({f"{v}/{c}": 3 for v in ("Original", "Segmented") for c in ("A", "B")}))
    assert catalog.variant() == "Original"
    assert catalog.images().equals(catalog.images("Original"))


def test_an_unknown_variant_is_refused_with_those_there(make_dataset):
    catalog = scan(make_dataset({f"{v}/{c}": 3 for v in ("Original", "Segmented") for c in ("A", "B")}))
    with pytest.raises(DatasetError, match="no variant 'Masked'; it has Original, Segmented"):
        catalog.images("Masked")


def test_rows_come_in_the_order_of_their_paths_whatever_the_class_folders_are_called(make_dataset):
    paths = list(scan(make_dataset({"Pro": 2, "Pro B": 2, "pre": 2})).table["path"])
    assert paths == sorted(paths)


def test_an_upright_size_and_the_stored_mode_are_told(dataset):
    exif = Image.Exif()
    exif[0x0112] = 6
    (dataset / "Pro" / "scan.tif").write_bytes(encoded(Image.fromarray(noise(0)).convert("CMYK"), "TIFF", exif=exif))
    row = scan(dataset).table.set_index("path").loc["Pro/scan.tif"]
    assert (row["width"], row["height"], row["mode"], row["problem"]) == (12, 16, "CMYK", "")


def test_a_folder_without_class_folders_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="expected a folder with one subfolder per class"):
        scan(tmp_path)


# Files that cannot be used

TWO_FRAMES = {"save_all": True, "append_images": [Image.fromarray(noise(1))]}
BAD = {
    "corrupt": ("x.png", encoded(noise(0))[:60] + bytes(200), "damaged"),
    "truncated": ("x.jpg", encoded(noise(0, 64, 64), "JPEG")[:900], "truncated"),
    "empty": ("x.png", b"", "empty file"),
    "no image": ("x.png", b"hello", "no known format"),
    "no image by its name": ("notes.txt", b"hello", "not an image by its name"),
    "wrong extension": ("x.jpg", encoded(noise(0)), "wrong extension"),
    "1×1": ("x.png", encoded(noise(0, 1, 1)), "too small: 1×1"),
    "animated": ("x.webp", encoded(noise(0), "WEBP", **TWO_FRAMES), "more than one frame"),
    "over 50 megapixels": ("x.png", encoded(Image.new("1", (8000, 7000))), "over 50 megapixels"),
    "gzip bomb": ("x.png", gzip.compress(bytes(10**6)), "its content is gzip"),
}


@pytest.mark.parametrize(("name", "content", "problem"), BAD.values(), ids=BAD)
def test_a_bad_file_is_a_row_with_its_problem_and_the_others_go_on(dataset, name, content, problem):
    (dataset / "Pro" / name).write_bytes(content)
    catalog = scan(dataset)
    (bad,) = catalog.problems().to_dict("records")
    assert (bad["path"], bad["label"], bad["sha256"]) == (f"Pro/{name}", "Pro", "")
    assert problem in bad["problem"]
    assert len(catalog.images()) == 7


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_a_name_that_is_not_utf8_is_a_problem_of_that_file_alone(dataset, cache):
    Path(os.fsdecode(os.fsencode(dataset / "Pro") + b"/M\xfcller.png")).write_bytes(encoded(noise(0)))
    catalog = scan(dataset, cache)
    assert list(catalog.problems()["path"]) == ["Pro/M\N{REPLACEMENT CHARACTER}ller.png"]
    assert "not valid UTF-8" in catalog.problems()["problem"][0]
    assert len(catalog.images()) == 7


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_a_class_whose_name_is_not_utf8_has_no_usable_image(dataset):
    folder = Path(os.fsdecode(os.fsencode(dataset) + b"/M\xfcller"))
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.png").write_bytes(encoded(noise(number)))
    with pytest.raises(DatasetError, match="M\N{REPLACEMENT CHARACTER}ller 0"):
        scan(dataset).trainable_images()


# What is kept between scans


def test_a_file_with_the_same_size_and_time_is_not_read_again(dataset, cache):
    before = scan(dataset, cache).table
    overwrite_unnoticed(dataset / "Pro" / "0.png")
    assert scan(dataset, cache).table.equals(before)


def test_without_a_cache_every_file_is_read_again(dataset):
    scan(dataset)
    overwrite_unnoticed(dataset / "Pro" / "0.png")
    assert list(scan(dataset).problems()["path"]) == ["Pro/0.png"]


def test_a_file_with_another_time_is_read_again(dataset, cache):
    before = scan(dataset, cache).table.set_index("path")
    file = dataset / "Pro" / "0.png"
    overwrite_unnoticed(file)
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))
    after = scan(dataset, cache)
    assert list(after.problems()["path"]) == ["Pro/0.png"]
    assert after.images().set_index("path").equals(before.drop("Pro/0.png"))


def test_a_file_with_another_size_is_read_again_though_its_time_is_the_same(dataset, cache):
    scan(dataset, cache)
    file = dataset / "Pro" / "0.png"
    time = file.stat().st_mtime_ns
    file.write_bytes(encoded(noise(5, 40, 40)))
    os.utime(file, ns=(time, time))
    assert scan(dataset, cache).table.set_index("path").loc["Pro/0.png", "width"] == 40


def test_removed_files_vanish_and_new_ones_appear(dataset, cache):
    scan(dataset, cache)
    (dataset / "Benign" / "1.png").unlink()
    (dataset / "Pro" / "new.png").write_bytes(encoded(noise(0)))
    paths = set(scan(dataset, cache).table["path"])
    assert "Benign/1.png" not in paths
    assert "Pro/new.png" in paths
    assert set(scan(dataset, cache).table["path"]) == paths


def test_a_file_that_was_unusable_is_looked_at_again(dataset, cache, monkeypatch):
    with monkeypatch.context() as smaller_limit:
        smaller_limit.setattr(intake, "MAX_PIXELS", 200)
        assert len(scan(dataset, cache).problems()) == 3
    assert scan(dataset, cache).problems().empty


def test_what_another_version_of_the_decoder_saw_is_not_trusted(dataset, cache, monkeypatch):
    scan(dataset, cache)
    overwrite_unnoticed(dataset / "Pro" / "0.png")
    monkeypatch.setattr(PIL, "__version__", "0.0")
    assert list(scan(dataset, cache).problems()["path"]) == ["Pro/0.png"]


def test_a_label_follows_the_folders_when_they_come_to_mean_something_else(tmp_path, cache):
    for name in ("A/p1/1.png", "A/p2/2.png", "B/p1/3.png", "B/p2/4.png", "A/5.png", "B/6.png"):
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).write_bytes(encoded(noise(int(name[-5]))))
    assert set(scan(tmp_path / "data", cache).table["label"]) == {"A", "B"}
    for name in ("A/5.png", "B/6.png"):  # what remains reads as variants A and B with classes p1 and p2
        (tmp_path / "data" / name).unlink()
    assert set(scan(tmp_path / "data", cache).table["label"]) == {"p1", "p2"}


@pytest.mark.parametrize(
    "damage",
    [
        lambda data, rng: b"",
        lambda data, rng: data[: len(data) // 2],
        lambda data, rng: data.replace(b'"Benign"', b'"Malign"'),
        lambda data, rng: rng.bytes(len(data)),
        lambda data, rng: data + b"\0",
    ],
    ids=["emptied", "cut", "altered", "overwritten", "lengthened"],
)
def test_a_damaged_kept_catalog_costs_one_scan_and_no_more(dataset, cache, damage):
    before = scan(dataset, cache).table
    kept = kept_file(cache)
    kept.write_bytes(damage(kept.read_bytes(), np.random.default_rng(0)))
    assert scan(dataset, cache).table.equals(before)
    overwrite_unnoticed(dataset / "Pro" / "0.png")
    assert scan(dataset, cache).table.equals(before)


def test_a_kept_catalog_with_any_one_bit_flipped_is_never_believed(dataset, cache):
    before = scan(dataset, cache).table
    kept = kept_file(cache)
    data, rng = kept.read_bytes(), np.random.default_rng(0)
    for position in rng.choice(len(data), 40, replace=False):
        flipped = bytearray(data)
        flipped[position] ^= 1 << int(rng.integers(8))
        kept.write_bytes(flipped)
        assert scan(dataset, cache).table.equals(before)


def test_sessions_that_scan_at_the_same_time_agree_and_leave_nothing_unfinished(dataset, cache):
    together = threading.Barrier(8)

    def session(_):
        together.wait()
        return scan(dataset, cache).table

    with ThreadPoolExecutor(8) as pool:
        first, *others = pool.map(session, range(8))
    assert all(other.equals(first) for other in others)
    assert kept_file(cache).suffix == ".catalog"


def test_a_cache_that_cannot_be_written_costs_only_the_time_of_the_next_scan(dataset, tmp_path):
    (tmp_path / "file").touch()
    assert len(scan(dataset, tmp_path / "file").images()) == 7


def test_progress_counts_to_the_number_of_files_once(dataset, cache):
    calls: list[tuple[int, int]] = []
    scan(dataset, cache, lambda *call: calls.append(call))
    assert calls == [(done, 7) for done in range(1, 8)]
    scan(dataset, cache, lambda *call: calls.append(call))
    assert len(calls) == 7


# What can be trained on


def test_three_usable_images_a_class_are_enough(make_dataset):
    catalog = scan(make_dataset({"A": 3, "B": 3}))
    assert catalog.trainable_images().equals(catalog.images())


@pytest.mark.parametrize("few", [0, 1, 2])
def test_a_class_with_fewer_is_refused_with_the_counts_of_all(make_dataset, few):
    catalog = scan(make_dataset({"Benign": 5, "Pre": 3, "Pro": few}))
    with pytest.raises(DatasetError, match=rf"at least 3 usable images, found Benign 5, Pre 3, Pro {few}; .* to Pro "):
        catalog.trainable_images()


def test_unusable_images_do_not_count(make_dataset):
    dataset = make_dataset({"Benign": 5, "Pro": 3})
    (dataset / "Pro" / "0.png").write_bytes(b"")
    with pytest.raises(DatasetError, match="found Benign 5, Pro 2"):
        scan(dataset).trainable_images()


def test_a_class_that_only_another_variant_has_does_not_count(make_dataset):
    catalog = scan(
        make_dataset({"Original/A": 3, "Original/B": 3, "Segmented/A": 3, "Segmented/B": 3, "Segmented/C": 1})
    )
    assert len(catalog.trainable_images("Original")) == 6
    with pytest.raises(DatasetError, match="C 1"):
        catalog.trainable_images("Segmented")


# The fingerprint


def test_the_fingerprint_ignores_what_files_are_called(dataset):
    before = scan(dataset).fingerprint()
    (dataset / "Pro" / "0.png").rename(dataset / "Pro" / "renamed.png")
    (dataset / "Benign" / "0.png").rename(dataset / "Benign" / "zzz.png")
    assert scan(dataset).fingerprint() == before


def test_the_fingerprint_changes_with_a_label(dataset):
    before = scan(dataset).fingerprint()
    (dataset / "Pro" / "0.png").rename(dataset / "Benign" / "from-pro.png")
    assert scan(dataset).fingerprint() != before


def test_the_fingerprint_changes_with_an_images_content(dataset):
    before = scan(dataset).fingerprint()
    (dataset / "Pro" / "0.png").write_bytes(encoded(noise(0)))
    assert scan(dataset).fingerprint() != before


def test_the_fingerprint_is_of_the_usable_images_of_its_variant(make_dataset):
    dataset = make_dataset({f"{v}/{c}": 3 for v in ("Original", "Segmented") for c in ("A", "B")})
    before = scan(dataset)
    (dataset / "Original" / "A" / "notes.txt").write_text("no image")
    (dataset / "Segmented" / "A" / "0.png").unlink()
    after = scan(dataset)
    assert after.fingerprint("Original") == before.fingerprint("Original") != before.fingerprint("Segmented")
    assert after.fingerprint("Segmented") != before.fingerprint("Segmented")
