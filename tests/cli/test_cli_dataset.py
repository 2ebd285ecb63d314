"""`dataset`: list, info, fetch, synthesize, audit."""

import shutil
import sys
from zipfile import ZipFile

import cv2
import kagglehub
import numpy as np
import pytest

from allcore.cells.finder import find_cells
from allcore.data.importing.dataset_note import read_note
from allcore.data.intake.images import decode
from allcore.data.synthetic import SyntheticSpec, write_dataset
from allcore.evaluation.shortcuts import BASELINES
from tests.cli.conftest import call


@pytest.fixture
def copied(smears, tmp_path):
    """Return a copy of the smears that a test may change."""
    return shutil.copytree(smears, tmp_path / "copied")


@pytest.fixture
def archive(smears, tmp_path):
    path = tmp_path / "blood.zip"
    with ZipFile(path, "w") as bundle:
        for file in sorted(smears.rglob("*.jpg")):
            bundle.write(file, file.relative_to(smears))
    return path


def folders(command):
    return [dataset["folder"] for dataset in command("dataset", "list", "--json").json]


def test_list_of_an_empty_workspace_says_how_to_draw_a_dataset(command, workspace):
    assert f"dataset synthesize {workspace.datasets / 'smears'}" in command("dataset", "list").out


def test_list_of_an_empty_workspace_draws_into_it_wherever_it_lies(tmp_path):
    said = call(tmp_path / "my work", "dataset", "list").out
    assert f"dataset synthesize '{tmp_path / 'my work' / 'datasets' / 'smears'}'" in said


def test_list_names_the_datasets_of_the_workspace(command, workspace, smears):
    shutil.copytree(smears, workspace.datasets / "smears")
    heading, row = command("dataset", "list").out.splitlines()
    assert heading.split() == ["dataset", "size", "added", "from", "runs", "folder"]
    assert (row.split()[0], row.split()[-1]) == ("smears", str(workspace.datasets / "smears"))
    assert folders(command) == [str(workspace.datasets / "smears")]


def test_info_counts_the_images_of_each_class_and_size(command, smears):
    facts = command("dataset", "info", smears, "--json").json
    variant = facts["variants"][0]
    assert facts["folder"] == str(smears)
    assert facts["problems"] == {}
    assert variant["classes"] == {"Benign": 16, "Early": 16, "Pre": 16, "Pro": 16}
    assert variant["sizes"] == {"48 × 48": 64}
    assert (variant["images"], variant["exact_duplicates"]) == (64, 0)


def test_info_in_words_has_the_same_counts(command, smears):
    words = " ".join(command("dataset", "info", smears).out.split())
    assert "64 images, exact duplicate pairs: 0" in words
    assert "Benign 16 Early 16 Pre 16 Pro 16" in words
    assert "48 × 48 64" in words


@pytest.mark.slow
def test_cells_are_counted_by_class_and_by_image(command, smears):
    facts = command("dataset", "cells", smears, "--json").json
    (variant,) = facts["variants"]
    cells = {image["path"]: int(find_cells(decode(smears / image["path"])).max()) for image in variant["images"][:3]}
    assert {image["path"]: image["cells"] for image in variant["images"][:3]} == cells
    assert [of_class["images"] for of_class in variant["classes"]] == [16] * 4
    for of_class in variant["classes"]:
        of_images = [image["cells"] for image in variant["images"] if image["label"] == of_class["class"]]
        assert (of_class["cells"], of_class["most"]) == (sum(of_images), max(of_images))
    words = command("dataset", "cells", smears).out
    assert variant["finding"] in words
    assert "Benign" in words


def test_of_images_without_cells_no_table_is_printed(command, tmp_path):
    for number, label in enumerate("ab"):
        (tmp_path / "plain" / label).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / "plain" / label / "1.png"), np.full((40, 40, 3), 100 + number, np.uint8))
    words = command("dataset", "cells", tmp_path / "plain").out
    assert "found in 0 of 2 images, too few for stained smears" in words
    assert "median" not in words
    assert not command("dataset", "cells", tmp_path / "plain", "--json").json["variants"][0]["smears"]


def test_info_names_each_file_that_cannot_be_used_and_why(command, copied):
    (copied / "Pro" / "notes[1].txt").write_text("text")
    (copied / "Pro" / "empty.jpg").touch()
    problems = command("dataset", "info", copied, "--json").json["problems"]
    assert set(problems) == {"Pro/empty.jpg", "Pro/notes[1].txt"}
    assert "its name ends in '.txt'" in problems["Pro/notes[1].txt"]
    words = command("dataset", "info", copied).out
    assert "2 files not used" in words
    assert all(path in words and reason in words for path, reason in problems.items())


def test_info_tells_the_parts_that_folders_make_and_what_stands_in_two(command, smears_in_parts):
    variant = command("dataset", "info", smears_in_parts, "--json").json["variants"][0]
    assert variant["parts"]["Early"] == {"train": 10, "validation": 3, "test": 3}
    assert variant["held_out_twins"] == 1
    words = " ".join(command("dataset", "info", smears_in_parts).out.split())
    assert "class images train validation test Benign 16 10 3 3" in words
    assert "1 validation or test image is in train as well" in words


def test_info_names_what_is_left_out_beside_the_classes(command, copied, tmp_path):
    (copied / "loose.png").write_bytes(next((copied / "Pro").iterdir()).read_bytes())
    (copied / "Pro" / "linked.png").symlink_to(tmp_path.parent)
    problems = command("dataset", "info", copied, "--json").json["problems"]
    assert "is of no class" in problems["loose.png"]
    assert "a link back" in problems["Pro/linked.png"]


def test_synthesize_draws_what_info_then_finds(command, tmp_path):
    folder = tmp_path / "drawn"
    drawn = command("dataset", "synthesize", folder, "--images-per-class", 3, "--image-size", 32, "--seed", 1)
    assert (drawn.code, drawn.out, drawn.err) == (0, f"{folder}\n", "")
    assert command("dataset", "info", folder, "--json").json["variants"][0]["sizes"] == {"32 × 32": 12}


def test_synthesize_refuses_a_folder_in_use(command, smears):
    outcome = command("dataset", "synthesize", smears)
    assert outcome.code == 2
    assert "is in use" in outcome.err


def test_what_is_drawn_into_the_workspace_is_noted_as_a_dataset_of_it(command, workspace):
    folder = workspace.datasets / "smears"
    command("dataset", "synthesize", folder, "--images-per-class", 3, "--image-size", 32)
    assert read_note(folder).source == "drawn smears"
    assert "cannot name a dataset" in command("dataset", "synthesize", workspace.datasets / "My smears!").err


@pytest.mark.parametrize("below", ["", "Original"])
def test_synthesize_leaves_the_former_name_of_a_dataset_to_its_runs(command, workspace, below):
    folder = workspace.datasets / "smears"
    drawing = ("dataset", "synthesize", folder / below, "--images-per-class", 3, "--image-size", 32)
    command(*drawing)
    command("dataset", "rename", "smears", "mine")
    again = command(*drawing)
    assert (again.code, again.out) == (2, "")
    assert "'smears' is the former name of 'mine', by which runs find its images" in again.err
    assert not folder.exists()


def test_synthesize_draws_a_second_variant_into_a_dataset(command, workspace):
    for variant in ("Original", "Segmented"):
        folder = workspace.datasets / "smears" / variant
        drawn = command("dataset", "synthesize", folder, "--images-per-class", 3, "--image-size", 32)
        assert (drawn.code, drawn.out) == (0, f"{folder}\n")


def test_synthesize_refuses_too_few_images(command, tmp_path):
    outcome = command("dataset", "synthesize", tmp_path / "drawn", "--images-per-class", 1)
    assert outcome.code == 2
    assert "at least 3 images a class" in outcome.err
    assert "images_per_class=1" in outcome.err


def test_fetch_zip_imports_it_under_its_own_name(command, workspace, archive):
    outcome = command("dataset", "fetch", "zip", archive)
    assert (outcome.code, outcome.out, outcome.err) == (0, f"{workspace.datasets / 'blood'}\n", "")
    assert folders(command) == [str(workspace.datasets / "blood")]


def test_fetch_zip_imports_it_under_a_given_name(command, workspace, archive):
    command("dataset", "fetch", "zip", archive, "--name", "other")
    assert folders(command) == [str(workspace.datasets / "other")]


@pytest.mark.parametrize("typed", ["ftp", "zip", "kaggle here.zip"])
def test_fetch_of_anything_else_says_what_is_expected(command, typed):
    outcome = command("dataset", "fetch", *typed.split())
    assert outcome.code == 2
    assert "expected: dataset fetch kaggle [--name NAME], or: dataset fetch zip PATH [--name NAME]" in outcome.err


def test_fetch_kaggle_prints_the_folder_alone_and_takes_a_name(command, workspace, smears, monkeypatch):
    def warn_and_download(handle):
        sys.stdout.write("Warning: Looks like you're using an outdated `kagglehub` version")  # as it does, no line end
        return str(smears)

    monkeypatch.setattr(kagglehub, "dataset_download", warn_and_download)
    (workspace.datasets / "leukemia").mkdir(parents=True)
    refused = command("dataset", "fetch", "kaggle")
    assert (refused.code, refused.out) == (2, "")
    assert "'leukemia' exists already; choose another name" in refused.err
    outcome = command("dataset", "fetch", "kaggle", "--name", "other")
    assert (outcome.code, outcome.out) == (0, f"{workspace.datasets / 'other'}\n")
    assert "an outdated `kagglehub`" in outcome.err


@pytest.mark.slow
def test_audit_reports_exactly_what_is_promised(command, smears):
    report = command("dataset", "audit", smears, "--json").json
    assert {"images", "exact_duplicate_pairs", "overlap_pairs", "groups", "baselines"} <= set(report)
    assert (report["images"], report["exact_duplicate_pairs"], report["overlap_pairs"]) == (64, [], [])
    assert set(report["groups"]) == {path.relative_to(smears).as_posix() for path in smears.rglob("*.jpg")}
    assert len(set(report["groups"].values())) == 64
    by_protocol = report["baselines_by_protocol"]
    assert list(by_protocol) == list(report["leakage"]) == ["random", "grouped", "stain"]
    assert report["baselines"] == by_protocol["random"]
    assert set(by_protocol["grouped"]) == {baseline.name for baseline in BASELINES}
    assert all(set(one) == {"accuracy", "interval"} for one in by_protocol["grouped"].values())
    assert report["leakage"]["grouped"]["twins_in_train"] == 0
    assert report["leakage"]["grouped"]["validation"] == {"images": 8, "twins_in_train": 0}


@pytest.mark.slow
def test_audit_finds_the_field_that_was_photographed_twice(command, tmp_path):
    folder = tmp_path / "twins"
    planted = write_dataset(folder, SyntheticSpec(images_per_class=6, image_size=160, twins=0.4))
    report = command("dataset", "audit", folder, "--no-baselines", "--json").json
    assert planted
    assert {tuple(sorted(pair)) for pair in report["overlap_pairs"]} == {tuple(sorted(pair)) for pair in planted}
    assert all(report["groups"][a] == report["groups"][b] for a, b in planted)
    assert report["baselines"] == report["baselines_by_protocol"] == {}


@pytest.mark.slow
def test_audit_pairs_and_groups_exact_duplicates(command, copied):
    shutil.copy(copied / "Pro" / "pro-0003.jpg", copied / "Pro" / "again.jpg")
    report = command("dataset", "audit", copied, "--no-baselines", "--json").json
    assert [sorted(pair) for pair in report["exact_duplicate_pairs"]] == [["Pro/again.jpg", "Pro/pro-0003.jpg"]]
    assert report["groups"]["Pro/again.jpg"] == report["groups"]["Pro/pro-0003.jpg"]
    assert len(set(report["groups"].values())) == 64


@pytest.mark.slow
def test_audit_in_words_names_the_duplicate_and_its_original(command, copied):
    shutil.copy(copied / "Pro" / "pro-0003.jpg", copied / "Pro" / "z[1].jpg")
    words = " ".join(command("dataset", "audit", copied).out.split())
    assert "65 images in 64 groups; 2 share a group with another" in words
    assert "Pro/z[1].jpg Pro/pro-0003.jpg" in words
    assert "grouped colour histogram " in words
    assert "All but pathologist's cell morphology are shortcuts" in words


@pytest.mark.slow
def test_audits_paths_are_relative_to_the_folder_given_even_where_it_only_wraps_another(command, copied, tmp_path):
    wrapper = tmp_path / "wrapper"
    wrapper.mkdir()
    copied.rename(wrapper / "inner")
    groups = command("dataset", "audit", wrapper, "--no-baselines", "--json").json["groups"]
    assert set(groups) == {path.relative_to(wrapper).as_posix() for path in wrapper.rglob("*.jpg")}


def test_audit_of_a_dataset_without_a_usable_image_is_refused(command, tmp_path):
    for label in ("A", "B"):
        (tmp_path / "damaged" / label).mkdir(parents=True)
        (tmp_path / "damaged" / label / "1.png").write_text("no image")
    outcome = command("dataset", "audit", tmp_path / "damaged")
    assert outcome.code == 2
    assert "has no usable image" in outcome.err


def test_classes_are_named_once_and_keep_what_is_not_named_anew(command, smears):
    before = command("dataset", "classes", smears, "--json").json
    assert before["positive"] == ["Early", "Pre", "Pro"]
    command("dataset", "classes", smears, "--positive", "Pro", "--positive", "Pre")
    named = command("dataset", "classes", smears, "--meaning", "Pre=of B cells", "--meaning", "Pro=", "--json").json
    assert named["positive"] == ["Pre", "Pro"]
    assert named["meanings"] == {name: before["meanings"][name] for name in ("Benign", "Early")} | {"Pre": "of B cells"}
    assert "Pre yes of B cells" in " ".join(command("dataset", "classes", smears).out.split())
    assert command("dataset", "classes", smears, "--positive", "", "--json").json["positive"] == []


@pytest.mark.parametrize(
    ("option", "reason"), [("--positive=Cat", "no class is called 'Cat'"), ("--meaning=Pro", "expected CLASS=TEXT")]
)
def test_a_class_that_is_none_is_not_named(command, smears, option, reason):
    failed = command("dataset", "classes", smears, option)
    assert (failed.code, failed.out) == (2, "")
    assert reason in failed.err


def test_a_class_has_one_meaning(command, smears):
    before = command("dataset", "classes", smears).out
    failed = command("dataset", "classes", smears, "--meaning", "Pro=of B cells", "--meaning", "Pro=of T cells")
    assert (failed.code, failed.out) == (2, "")
    assert "meaning: expected each class once (received 'Pro' again: 'of T cells')" in failed.err
    assert command("dataset", "classes", smears).out == before
