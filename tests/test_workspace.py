import os
from pathlib import Path

import pytest

from allcore.config import make_config
from allcore.errors import ConfigError, DatasetError, FileError
from allcore.workspace import Workspace, open_workspace


def make_dataset(folder: Path, *classes: str) -> Path:
    for name in classes or ("Benign", "Pro"):
        (folder / name).mkdir(parents=True)
        (folder / name / "1.png").touch()
    return folder


@pytest.fixture
def root(tmp_path):
    """Return a data root beside the workspace."""
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def place(tmp_path, root):
    return Workspace(tmp_path / "workspace", (root,))


# The environment


def test_the_environment_says_where_things_are(tmp_path, monkeypatch):
    monkeypatch.setenv("ALLCORE_WORKSPACE", str(tmp_path / "lab"))
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", os.pathsep.join([str(tmp_path / "a"), "", str(tmp_path / "b")]))
    assert open_workspace() == Workspace(tmp_path / "lab", (tmp_path / "a", tmp_path / "b"))


@pytest.mark.parametrize("unset", ["", None])
def test_without_an_environment_the_workspace_lies_in_the_current_folder_and_has_no_roots(tmp_path, monkeypatch, unset):
    for name in ("ALLCORE_WORKSPACE", "ALLCORE_DATA_ROOTS"):
        monkeypatch.delenv(name, raising=False)
        if unset is not None:
            monkeypatch.setenv(name, unset)
    monkeypatch.chdir(tmp_path)
    assert open_workspace() == Workspace(tmp_path / "workspace")


def test_relative_folders_stay_where_they_were_when_the_current_folder_changes(tmp_path, monkeypatch):
    monkeypatch.setenv("ALLCORE_WORKSPACE", "lab")
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", "data")
    monkeypatch.chdir(tmp_path)
    assert open_workspace() == Workspace(tmp_path / "lab", (tmp_path / "data",))


def test_opening_a_workspace_makes_no_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ALLCORE_WORKSPACE", str(tmp_path / "lab"))
    assert open_workspace().list_datasets() == []
    assert not (tmp_path / "lab").exists()


def test_folders_may_be_given_from_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ALLCORE_WORKSPACE", "~/lab")
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", os.pathsep.join(["~/a", "~"]))
    assert open_workspace() == Workspace(tmp_path / "lab", (tmp_path / "a", tmp_path))
    assert open_workspace().allowed(Path("~/a/smears")) == tmp_path / "a" / "smears"


# What may be read


@pytest.mark.parametrize("inside", ["workspace/datasets/smears", "data/all/Original", "data", "data/not-there/yet"])
def test_what_lies_in_a_root_may_be_read(tmp_path, place, inside):
    assert place.allowed(tmp_path / inside) == (tmp_path / inside).resolve()


@pytest.mark.parametrize(
    "outside",
    [".", "workspace/runs", "workspace", "data-of-others", "data/../secret", "workspace/datasets/../runs", "/"],
)
def test_what_lies_elsewhere_may_not(tmp_path, place, outside):
    with pytest.raises(DatasetError, match=r"outside the folders that may be read.*ALLCORE_DATA_ROOTS"):
        place.allowed(tmp_path / outside)


def test_a_link_that_leads_out_may_not_be_followed(tmp_path, place, root):
    make_dataset(tmp_path / "secret")
    (root / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(DatasetError, match="outside the folders"):
        place.allowed(root / "link" / "Benign")


def test_a_link_that_leads_in_is_resolved(tmp_path, place, root):
    make_dataset(root / "smears")
    (tmp_path / "shortcut").symlink_to(root / "smears")
    assert place.allowed(tmp_path / "shortcut") == (root / "smears").resolve()


def test_a_root_that_is_a_link_itself_may_be_read(tmp_path, root):
    (tmp_path / "disk").symlink_to(root)
    place = Workspace(tmp_path / "workspace", (tmp_path / "disk",))
    assert place.allowed(tmp_path / "disk" / "smears") == root.resolve() / "smears"


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000])
def test_what_can_be_no_path_is_refused_as_one(place, root, name):
    with pytest.raises(DatasetError):
        place.allowed(root / ".." / name)


def test_a_link_to_itself_is_refused(tmp_path, place):
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(DatasetError):
        place.allowed(tmp_path / "circle")


# What somebody at a browser may name


@pytest.mark.parametrize("inside", ["workspace/groups.csv", "workspace/runs/groups.csv", "data/all/groups.csv"])
def test_a_file_in_the_workspace_or_a_root_may_be_named(tmp_path, place, inside):
    (tmp_path / inside).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / inside).write_text("file,group\n")
    assert place.allowed_file(tmp_path / inside, 100) == (tmp_path / inside).resolve()


@pytest.mark.parametrize(
    "outside", ["/etc/passwd", "/etc/no-such-file", "secret.csv", "data/../secret.csv", "data/link"]
)
def test_a_file_elsewhere_may_not_and_whether_it_is_there_is_not_said(tmp_path, place, root, outside):
    (tmp_path / "secret.csv").write_text("file,group\n")
    (root / "link").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(FileError, match="it is outside the folders that may be read"):
        place.allowed_file(tmp_path / outside, 100)


def test_a_configuration_from_a_browser_has_its_files_resolved_within_the_roots(place, root):
    make_dataset(root / "smears")
    (root / "groups.csv").write_text("file,group\n")
    (root / "shortcut.csv").symlink_to(root / "groups.csv")
    fields = {"dataset": str(root / "smears"), "split": {"groups": str(root / "shortcut.csv")}}
    assert place.confined(make_config(**fields)).split.groups == str((root / "groups.csv").resolve())
    for wrong in ({"weights": "/etc/passwd"}, {"weights": str(root)}, {"split": {"groups": "/dev/zero"}}):
        with pytest.raises(ConfigError, match=r"(weights|split\.groups): .* cannot be used: it is (outside|a folder)"):
            place.confined(make_config(**{**fields, **wrong}))
    with pytest.raises(DatasetError, match="outside the folders"):
        place.confined(make_config(dataset="/etc"))


# Which datasets there are


def test_without_any_dataset_the_list_is_empty(place):
    assert place.list_datasets() == []


def test_datasets_of_the_workspace_come_before_those_of_the_roots_each_by_name(place, root):
    ours = [make_dataset(place.datasets / name) for name in ("smears-1", "smears-2")]
    theirs = [make_dataset(root / "b", "C", "D"), make_dataset(root / "a", "A", "B")]
    assert place.list_datasets() == [*ours, *sorted(theirs)]


def test_folders_without_a_dataset_and_hidden_ones_are_left_out(place):
    make_dataset(place.datasets / ".unfinished")
    make_dataset(place.datasets / "@eaDir")
    make_dataset(place.datasets / "one-class", "Benign")
    (place.datasets / "notes.txt").touch()
    assert place.list_datasets() == []


def test_a_root_that_is_a_dataset_is_listed_itself(root, place):
    make_dataset(root)
    assert place.list_datasets() == [root]


def test_a_root_with_variants_is_one_dataset(root, place):
    for variant in ("Original", "Segmented"):
        make_dataset(root / variant)
    assert place.list_datasets() == [root]


def test_a_root_that_train_and_test_divide_is_one_dataset(root, place):
    for part in ("train", "test"):
        make_dataset(root / part)
    assert place.list_datasets() == [root]


def test_a_root_that_holds_datasets_of_different_kinds_lists_each(root, place):
    for variant in ("Original", "Segmented"):
        make_dataset(root / "all" / variant)
    make_dataset(root / "other_smears", "bccd", "pbc")
    assert place.list_datasets() == [root / "all", root / "other_smears"]


def test_a_dataset_that_two_roots_reach_is_listed_once(tmp_path, root):
    make_dataset(root / "smears")
    make_dataset(root / "others", "C", "D")
    (tmp_path / "shortcut").symlink_to(root)
    place = Workspace(tmp_path / "workspace", (root, root, tmp_path / "shortcut", root / "smears"))
    assert place.list_datasets() == [root / "others", root / "smears"]


def test_a_link_that_leads_out_of_the_roots_is_not_listed(tmp_path, place):
    make_dataset(tmp_path / "secret")
    place.datasets.mkdir(parents=True)
    (place.datasets / "link").symlink_to(tmp_path / "secret")
    assert place.list_datasets() == []


def test_every_listed_dataset_may_be_read(place, root):
    make_dataset(place.datasets / "smears")
    make_dataset(root / "b", "C", "D")
    assert [place.allowed(folder) for folder in place.list_datasets()] == place.list_datasets()


def test_a_root_that_is_not_there_hides_no_other(tmp_path, root):
    make_dataset(root)
    assert Workspace(tmp_path / "workspace", (tmp_path / "gone", root)).list_datasets() == [root]
