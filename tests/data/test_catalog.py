"""The catalog of a dataset: its table, what cannot be used, what can be trained on."""

import gzip
import hashlib
import os
from pathlib import Path

import pytest
from PIL import Image

from allcore.data.catalog import scan
from allcore.data.intake.images import decode, pixel_sha256
from allcore.errors import DatasetError
from tests.data.pictures import encoded, smear


def test_every_image_of_the_class_folders_has_one_row_with_its_facts(dataset):
    table = scan(dataset).table
    assert list(table["path"]) == [*(f"Benign/{i}.png" for i in range(4)), *(f"Pro/{i}.png" for i in range(3))]
    for row in table.to_dict("records"):
        file, pixels = dataset / row["path"], decode(dataset / row["path"])
        assert row == {
            "path": row["path"], "variant": "", "part": "", "label": row["path"].split("/")[0],
            "mode": "RGB", "white": 255, "judged": False, "problem": "",
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


def test_a_path_leads_to_its_row_and_one_that_is_not_there_to_none(make_dataset):
    catalog = scan(make_dataset({f"{v}/{c}": 3 for v in ("Original", "Segmented") for c in ("A", "B")}))
    paths = catalog.table["path"].tolist()
    assert [catalog.number_of(path) for path in paths] == list(range(12))
    assert catalog.number_of("Original/A/nowhere.png") is None


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
    (dataset / "Pro" / "scan.tif").write_bytes(
        encoded(Image.fromarray(smear(12, 16)).convert("CMYK"), "TIFF", exif=exif)
    )
    row = scan(dataset).table.set_index("path").loc["Pro/scan.tif"]
    assert (row["width"], row["height"], row["mode"], row["problem"]) == (12, 16, "CMYK", "")


def test_a_folder_without_class_folders_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="expected a folder with one subfolder per class"):
        scan(tmp_path)


TWO_FRAMES = {"save_all": True, "append_images": [Image.fromarray(smear(seed=1))]}
BAD = {
    "corrupt": ("x.png", encoded(smear())[:60] + bytes(200), "damaged"),
    "truncated": ("x.jpg", encoded(smear(64, 64), "JPEG")[:900], "truncated"),
    "empty": ("x.png", b"", "empty file"),
    "no image": ("x.png", b"hello", "no known format"),
    "no image by its name": ("notes.txt", b"hello", "not an image by its name"),
    "wrong extension": ("x.jpg", encoded(smear()), "wrong extension"),
    "1×1": ("x.png", encoded(smear(1, 1)), "too small: 1×1"),
    "animated": ("x.webp", encoded(smear(), "WEBP", **TWO_FRAMES), "more than one frame"),
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
    Path(os.fsdecode(os.fsencode(dataset / "Pro") + b"/M\xfcller.png")).write_bytes(encoded(smear()))
    catalog = scan(dataset, cache)
    assert list(catalog.problems()["path"]) == ["Pro/M\N{REPLACEMENT CHARACTER}ller.png"]
    assert "not valid UTF-8" in catalog.problems()["problem"][0]
    assert len(catalog.images()) == 7


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_of_files_whose_names_look_alike_each_is_told(dataset):
    for name in (b"\xe8.png", b"\xe9.png", b"\xea.png"):
        Path(os.fsdecode(os.fsencode(dataset / "Pro") + b"/" + name)).write_bytes(encoded(smear()))
    assert list(scan(dataset).not_used()) == [
        f"Pro/\N{REPLACEMENT CHARACTER}.png{number}" for number in ("", " (2)", " (3)")
    ]


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_a_class_whose_name_is_not_utf8_has_no_usable_image(dataset):
    folder = Path(os.fsdecode(os.fsencode(dataset) + b"/M\xfcller"))
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.png").write_bytes(encoded(smear(seed=number)))
    with pytest.raises(DatasetError, match="M\N{REPLACEMENT CHARACTER}ller 0"):
        scan(dataset).trainable_images()


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
    (dataset / "Pro" / "0.png").write_bytes(encoded(smear()))
    assert scan(dataset).fingerprint() != before


def test_the_fingerprint_is_of_the_usable_images_of_its_variant(make_dataset):
    dataset = make_dataset({f"{v}/{c}": 3 for v in ("Original", "Segmented") for c in ("A", "B")})
    before = scan(dataset)
    (dataset / "Original" / "A" / "notes.txt").write_text("no image")
    (dataset / "Segmented" / "A" / "0.png").unlink()
    after = scan(dataset)
    assert after.fingerprint("Original") == before.fingerprint("Original") != before.fingerprint("Segmented")
    assert after.fingerprint("Segmented") != before.fingerprint("Segmented")
