import os
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image

from allcore.data.catalog import scan
from allcore.data.folder.layout import find_layout
from allcore.data.importing.sources import copy_folder, draw_smears, fetch_kaggle, free_name, import_upload, import_zip
from allcore.data.synthetic import SyntheticSpec
from allcore.errors import ConfigError, DatasetError


def smears(root: Path, *files: str) -> Path:
    rng = np.random.default_rng(0)
    for file in files:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".png":
            Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(path)
        else:
            path.write_text("text")
    return root


def zipped(path: Path, *files: str) -> Path:
    folder = smears(path.parent / "to zip", *files)
    with ZipFile(path, "w") as bundle:
        for file in files:
            bundle.write(folder / file, file)
    return path


def labels_of(dataset: Path) -> list[str]:
    return [folder.label for folder in find_layout(dataset).class_folders("")]


def tree(folder: Path) -> list[str]:
    """Return the files below a folder, but for the dataset's own notes."""
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return [file for file in files if file not in (".dataset.json", ".left-out.json")]


def test_a_zip_becomes_a_dataset_named_after_it(tmp_path):
    archive = zipped(tmp_path / "ALL_smears-2.zip", "x/A/1.png", "x/B/1.png")
    dataset = import_zip(archive, tmp_path / "datasets")
    assert dataset == tmp_path / "datasets" / "ALL_smears-2"
    assert labels_of(dataset) == ["A", "B"]


@pytest.mark.parametrize(
    ("archive", "name"),
    [("my smears (1).zip", "my-smears-1"), ("..zip.zip", "zip"), ("größe.zip", "gr-e"), ("--.zip", "dataset")],
)
def test_the_archives_name_is_made_safe(tmp_path, archive, name):
    assert import_zip(zipped(tmp_path / archive, "A/1.png", "B/1.png"), tmp_path / "datasets").name == name


def test_a_given_name_is_used(tmp_path):
    archive = zipped(tmp_path / "archive.zip", "A/1.png", "B/1.png")
    assert import_zip(archive, tmp_path / "datasets", name="leukemia").name == "leukemia"


@pytest.mark.parametrize("name", ["", "..", "a/b", "a b", ".hidden", "-x", "/tmp/x"])
def test_an_unsafe_given_name_is_refused(tmp_path, name):
    archive = zipped(tmp_path / "archive.zip", "A/1.png", "B/1.png")
    with pytest.raises(DatasetError, match="cannot name a dataset: expected letters, digits"):
        import_zip(archive, tmp_path / "datasets", name=name)


def test_a_taken_name_is_refused_and_the_dataset_there_untouched(tmp_path):
    archive = zipped(tmp_path / "archive.zip", "A/1.png", "B/1.png")
    dataset = smears(tmp_path / "datasets" / "archive", "A/old.png")
    with pytest.raises(DatasetError, match="'archive' exists already"):
        import_zip(archive, tmp_path / "datasets")
    assert tree(dataset) == ["A/old.png"]


def test_a_dataset_that_got_the_name_while_smears_were_drawn_stays_and_they_leave_nothing(tmp_path):
    archive = zipped(tmp_path / "real.zip", "A/1.png", "B/1.png")
    datasets = tmp_path / "datasets"

    def overtaken(done, total):
        if done == total:
            import_zip(archive, datasets, "smears")

    with pytest.raises(DatasetError, match="smears is in use: choose another name"):
        draw_smears(datasets, "smears", SyntheticSpec(3, 48), overtaken)
    assert tree(datasets / "smears") == ["A/1.png", "B/1.png"]
    assert [path.name for path in datasets.iterdir()] == ["smears"]


def test_a_zip_that_holds_no_dataset_leaves_nothing_behind(tmp_path):
    archive = zipped(tmp_path / "holiday.zip", "beach.png", "notes.txt")
    with pytest.raises(DatasetError, match="'holiday' is not a dataset: found no folder, images outside"):
        import_zip(archive, tmp_path / "datasets")
    assert list((tmp_path / "datasets").iterdir()) == []


def test_what_a_zip_had_besides_pictures_and_text_stays_known(tmp_path):
    archive = zipped(tmp_path / "archive.zip", "A/1.png", "B/1.png", "model.h5")
    dataset = import_zip(archive, tmp_path / "datasets")
    assert scan(dataset).not_used() == {"model.h5": "neither a picture nor plain text"}


def test_it_stays_known_where_a_folder_of_the_dataset_is_read_alone(tmp_path):
    archive = zipped(tmp_path / "archive.zip", "x/Original/A/1.png", "x/Original/B/1.png", "x/model.h5")
    dataset = import_zip(archive, tmp_path / "datasets")
    (tmp_path / "datasets" / "link").symlink_to(dataset / "x", target_is_directory=True)
    for folder in (dataset, dataset / "x", dataset / "x" / "Original", tmp_path / "datasets" / "link"):
        assert scan(folder).left_out == {"x/model.h5": "neither a picture nor plain text"}


def test_a_dataset_within_another_has_what_its_own_import_left_out(tmp_path):
    outer = import_zip(zipped(tmp_path / "a.zip", "A/1.png", "B/1.png", "model.h5"), tmp_path)
    inner = import_zip(zipped(tmp_path / "b.zip", "C/1.png", "D/1.png"), outer)
    assert scan(inner).left_out == {}


def test_pictures_of_a_zip_that_cannot_be_used_are_unusable_files_of_the_dataset(tmp_path):
    files = ("a/A/1.png", "a/B/1.png", "a/B/2.gif", "a/C/3.heic", "a/C/4.jfif")
    dataset = import_zip(zipped(tmp_path / "archive.zip", *files), tmp_path / "datasets")
    catalog = scan(dataset)
    assert catalog.labels[""] == ("A", "B", "C")
    assert sorted(catalog.not_used()) == ["B/2.gif", "C/3.heic", "C/4.jfif"]


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_of_files_left_out_whose_names_look_alike_each_is_told(tmp_path):
    source = smears(tmp_path / "source", "A/1.png", "B/1.png")
    for name in (b"\xe8.txt", b"\xe9.txt"):
        (source / os.fsdecode(name)).touch()
    told = scan(copy_folder(source, tmp_path / "datasets", "mine")).left_out
    assert list(told) == ["\N{REPLACEMENT CHARACTER}.txt", "\N{REPLACEMENT CHARACTER}.txt (2)"]


@pytest.mark.parametrize("note", ["[]", "no JSON", '{"a": {"b": 1}}', "[" * 100_000])
def test_a_damaged_note_of_what_was_left_out_spoils_no_dataset(tmp_path, note):
    dataset = import_zip(zipped(tmp_path / "archive.zip", "A/1.png", "B/1.png"), tmp_path / "datasets")
    (dataset / ".left-out.json").write_text(note)
    assert len(scan(dataset).images()) == 2


def test_an_uploaded_zip_becomes_a_dataset_and_the_upload_is_gone(tmp_path):
    upload = BytesIO(zipped(tmp_path / "archive.zip", "A/1.png", "B/1.png").read_bytes())
    dataset = import_upload(upload, "my smears.zip", tmp_path / "datasets")
    assert dataset == tmp_path / "datasets" / "my-smears"
    assert sorted((tmp_path / "datasets").iterdir()) == [dataset]


@pytest.mark.parametrize("file_name", ["../../elsewhere.zip", "/elsewhere.zip", "..\\elsewhere.zip"])
def test_an_uploads_name_cannot_lead_out_of_the_datasets(tmp_path, file_name):
    upload = BytesIO(zipped(tmp_path / "archive.zip", "A/1.png", "B/1.png").read_bytes())
    assert import_upload(upload, file_name, tmp_path / "datasets").parent == tmp_path / "datasets"


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 cut short"])
def test_an_upload_that_is_no_zip_leaves_nothing_behind(tmp_path, content):
    with pytest.raises(DatasetError, match=r"smears\.zip"):
        import_upload(BytesIO(content), "smears.zip", tmp_path / "datasets")
    assert list((tmp_path / "datasets").iterdir()) == []


def test_smears_are_drawn_into_the_datasets(tmp_path):
    dataset = draw_smears(tmp_path, "drawn", SyntheticSpec(images_per_class=3, image_size=32))
    assert dataset == tmp_path / "drawn"
    assert len(tree(dataset)) == 12


@pytest.mark.parametrize(
    ("name", "size", "error"), [("../out", 32, DatasetError), ("taken", 32, DatasetError), ("drawn", 1, ConfigError)]
)
def test_smears_that_cannot_be_drawn_leave_nothing_behind(tmp_path, name, size, error):
    (tmp_path / "datasets" / "taken").mkdir(parents=True)
    with pytest.raises(error):
        draw_smears(tmp_path / "datasets", name, SyntheticSpec(images_per_class=3, image_size=size))
    assert [child.name for child in tmp_path.iterdir()] == ["datasets"]
    assert [child.name for child in (tmp_path / "datasets").iterdir()] == ["taken"]


def test_a_free_name_is_the_wanted_one_or_the_first_number_after_it(tmp_path):
    assert free_name(tmp_path, "smears") == "smears"
    (tmp_path / "smears").mkdir()
    (tmp_path / "smears-2").mkdir()
    assert free_name(tmp_path, "smears") == "smears-3"


def test_a_folder_is_copied_with_its_variants_and_without_its_other_files(tmp_path):
    images = [f"{variant}/{label}/1.png" for variant in ("Original", "Segmented") for label in ("A", "B")]
    source = smears(tmp_path / "source" / "wrapper", *images, "README.md", "Original/A/notes.txt")
    dataset = copy_folder(source.parent, tmp_path / "datasets", "leukemia")
    assert tree(dataset) == images
    assert all((dataset / image).read_bytes() == (source / image).read_bytes() for image in images)


def test_what_is_not_copied_stays_known_with_why(tmp_path):
    files = ("x/A/1.png", "x/B/1.png", "x/A/2.gif", "x/patients.csv", "notes.txt")
    source = smears(tmp_path / "source", *files)
    (source / "x" / "A" / "4.png").symlink_to(tmp_path / "gone.png")
    (source / "x" / "C").symlink_to(source / "x" / "B")
    left_out = scan(copy_folder(source, tmp_path / "datasets", "mine")).left_out
    assert sorted(left_out) == ["notes.txt", "x/A/2.gif", "x/A/4.png", "x/patients.csv"]
    assert left_out["x/A/2.gif"] == "not an image by its name"
    assert left_out["notes.txt"] == left_out["x/patients.csv"] == "lies beside the class folders"


def test_an_image_of_no_class_is_not_copied_and_stays_known(tmp_path):
    dataset = copy_folder(smears(tmp_path / "source", "A/1.png", "B/1.png", "3.png"), tmp_path / "datasets", "mine")
    assert "it is of no class" in scan(dataset).left_out["3.png"]


def test_an_empty_class_folder_is_copied(tmp_path):
    source = smears(tmp_path / "source", "A/1.png", "B/1.png")
    (source / "C").mkdir()
    dataset = copy_folder(source, tmp_path / "datasets", "leukemia")
    assert labels_of(dataset) == ["A", "B", "C"]


def test_links_within_the_source_are_copied_as_files(tmp_path):
    source = smears(tmp_path / "source", "A/1.png", "B/1.png")
    (source / "A" / "2.png").symlink_to(source / "B" / "1.png")
    copy = copy_folder(source, tmp_path / "datasets", "leukemia") / "A" / "2.png"
    assert not copy.is_symlink()
    assert copy.read_bytes() == (source / "B" / "1.png").read_bytes()


def test_links_out_of_the_source_are_not_copied(tmp_path):
    source = smears(tmp_path / "source", "A/1.png", "B/1.png")
    smears(tmp_path, "secret.png")
    (source / "A" / "2.png").symlink_to(tmp_path / "secret.png")
    assert tree(copy_folder(source, tmp_path / "datasets", "leukemia")) == ["A/1.png", "B/1.png"]


def test_copying_reports_its_progress(tmp_path):
    seen = []
    source = smears(tmp_path / "source", "A/1.png", "B/1.png")
    copy_folder(source, tmp_path / "datasets", "leukemia", on_progress=lambda *progress: seen.append(progress))
    assert seen == [(1, 2), (2, 2)]


def test_an_interrupted_copy_leaves_nothing_behind(tmp_path):
    def give_up(done: int, total: int) -> None:
        raise KeyboardInterrupt

    source = smears(tmp_path / "source", "A/1.png", "B/1.png")
    with pytest.raises(KeyboardInterrupt):
        copy_folder(source, tmp_path / "datasets", "leukemia", on_progress=give_up)
    assert list((tmp_path / "datasets").iterdir()) == []


def test_a_source_that_is_no_dataset_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(DatasetError, match="found only one class folder"):
        copy_folder(smears(tmp_path / "source", "A/1.png"), tmp_path / "datasets", "leukemia")
    assert not (tmp_path / "datasets").exists()


@pytest.fixture
def kaggle_cache(tmp_path, monkeypatch):
    """Give kagglehub a cache of its own, and a proxy at a closed port, so that no network is ever reached."""
    cache = tmp_path / "kaggle"
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(cache))
    for variable in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    for variable in ("NO_PROXY", "no_proxy", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    return cache


def test_a_kaggle_download_comes_into_the_workspace(tmp_path, kaggle_cache):
    versions = kaggle_cache / "datasets" / "owner" / "leukemia" / "versions"
    smears(versions / "1", "Original/A/1.png", "Original/B/1.png")
    marker = kaggle_cache / "datasets" / "owner" / "leukemia" / "1.complete"
    marker.touch()
    dataset = fetch_kaggle(tmp_path / "datasets", "owner/leukemia/versions/1")
    assert dataset == tmp_path / "datasets" / "leukemia"
    assert tree(dataset) == ["A/1.png", "B/1.png"]


@pytest.mark.parametrize(
    ("handle", "cause"), [("mehradaria/leukemia", "kaggle.com does not answer"), ("nonsense", "Invalid dataset handle")]
)
def test_a_failed_kaggle_download_says_why_and_the_two_other_ways(tmp_path, kaggle_cache, handle, cause):
    with pytest.raises(DatasetError, match=cause) as caught:
        fetch_kaggle(tmp_path / "datasets", handle)
    message = str(caught.value)
    assert message.startswith(f"the Kaggle dataset '{handle}' could not be downloaded")
    assert "`dataset fetch zip PATH`, or point to a folder" in message
    assert "\n" not in message
    assert not (tmp_path / "datasets").exists()


def test_a_taken_name_is_refused_before_the_download(tmp_path, kaggle_cache):
    smears(tmp_path / "datasets" / "leukemia", "A/1.png")
    with pytest.raises(DatasetError, match="'leukemia' exists already"):
        fetch_kaggle(tmp_path / "datasets")
