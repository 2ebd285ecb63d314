"""`dataset show`, `rename`, `delete`."""

import pytest

from allcore.data.importing.sources import copy_folder


@pytest.fixture
def dataset(workspace, smears):
    return copy_folder(smears, workspace.datasets, "mine")


def test_show_tells_where_it_came_from_and_what_is_in_it(command, dataset, smears):
    words = command("dataset", "show", "mine").out
    assert f"folder {smears}" in words
    assert "Benign 16, Early 16, Pre 16, Pro 16" in words
    found = command("dataset", "show", "mine", "--json").json
    assert (found["dataset"], found["owned"], found["runs"]) == ("mine", True, [])
    assert {of["class"]: of["images"] for of in found["classes"]} == dict.fromkeys(
        ("Benign", "Early", "Pre", "Pro"), 16
    )


def test_a_renamed_dataset_is_found_by_both_names(command, workspace, dataset):
    assert command("dataset", "rename", "mine", "other").out.strip() == str(workspace.datasets / "other")
    assert command("dataset", "show", "mine", "--json").json["former_names"] == ["mine"]
    assert command("dataset", "list", "--json").json[0]["dataset"] == "other"


def test_deleting_asks_first_and_then_says_so(command, workspace, dataset):
    refused = command("dataset", "delete", "mine")
    assert (refused.code, refused.out) == (2, "")
    assert "give --yes" in refused.err
    assert command("dataset", "delete", "mine", "--yes").out.strip() == "dataset mine is deleted"
    assert list(workspace.datasets.iterdir()) == []


def test_folders_elsewhere_and_unknown_names_are_refused_in_one_line(command, smears):
    assert "only read" in command("dataset", "delete", smears, "--yes").err
    assert "there is no dataset 'none'" in command("dataset", "rename", "none", "other").err
    assert any(smears.iterdir())
