"""`runs name`, `note`, `tag`, `hide` and `compare`, and lists that follow them."""

import json
import re
import shutil

import pytest

from allcore.runs.folder.about import About, about
from allcore.runs.folder.store import Run


@pytest.fixture
def two(workspace, finished_run):
    """Return two small copies of the finished run in a workspace of their own."""
    left_out = shutil.ignore_patterns("*.keras", "*.onnx", "*.npy", "checkpoints", "tensorboard")
    return [
        Run(shutil.copytree(finished_run.folder, workspace.runs / name, ignore=left_out)) for name in ("one", "two")
    ]


def test_what_is_said_is_shown_in_the_list_and_found_by_its_tag(two, command):
    for arguments in (("name", "one", "the first"), ("note", "one", "too few epochs"), ("tag", "one", "a", "b")):
        assert command("runs", *arguments).code == 0
    assert about(two[0]) == About(name="the first", note="too few epochs", tags=("a", "b"))
    (row,) = command("runs", "list", "--tag", "a", "--json").json
    assert (row["run"], row["name"], row["tags"]) == ("one", "the first", "a, b")
    assert (row["person_note"], row["note"]) == ("too few epochs", "")
    heading, line = command("runs", "list", "--tag", "a").out.splitlines()
    assert heading.split()[-4:] == ["note", "what", "went", "wrong"]
    assert line.endswith("too few epochs")
    assert command("runs", "show", "one", "--json").json["about"]["note"] == "too few epochs"
    assert [row["run"] for row in command("runs", "list", "--find", "FIRST succeeded", "--json").json] == ["one"]
    assert command("runs", "list", "--find", "nothing of it").out == "no run is shown\n"


def test_the_list_is_sorted_by_a_column_numbers_from_the_largest_and_words_from_a(two, command):
    command("runs", "name", "two", "z")
    config = two[0].folder / "config.json"
    config.write_text(config.read_text().replace('"image_size": 32', '"image_size": 48'))
    assert [row["run"] for row in command("runs", "list", "--sort", "image_size", "--json").json] == ["one", "two"]
    assert [row["name"] for row in command("runs", "list", "--sort", "name", "--json").json] == ["z", ""]
    refused = command("runs", "list", "--sort", "beauty")
    assert refused.code == 2
    assert "sorted by one of run, name, tags" in refused.err


def test_the_list_is_sorted_by_the_headings_that_it_shows(two, command):
    command("runs", "note", "one", "b")
    command("runs", "note", "two", "a")
    status = two[1].folder / "status.json"
    status.write_text(json.dumps(json.loads(status.read_text()) | {"state": "failed", "error": "no room"}))
    config = two[0].folder / "config.json"
    config.write_text(config.read_text().replace('"image_size": 32', '"image_size": 48'))

    def first(heading):
        return command("runs", "list", "--sort", heading).out.splitlines()[1].split()[0]

    assert [first(each) for each in ("note", "what went wrong", "px", "image_size")] == ["two", "two", "one", "one"]
    heading = command("runs", "list").out.splitlines()[0]
    for each in re.split(r"  +", heading.strip()):
        assert command("runs", "list", "--sort", each).code == 0, each


def test_a_hidden_run_is_left_out_until_all_are_asked_for(two, command):
    command("runs", "hide", "one")
    assert [row["run"] for row in command("runs", "list", "--json").json] == ["two"]
    assert [row["run"] for row in command("runs", "list", "--all", "--json").json] == ["two", "one"]
    command("runs", "hide", "one", "--show")
    assert len(command("runs", "list", "--json").json) == 2


def test_compare_says_which_settings_differ(two, command):
    config = two[1].folder / "config.json"
    config.write_text(config.read_text().replace('"epochs": 3', '"epochs": 4'))
    rows = command("runs", "compare", "one", "two", "--json").json
    assert [row["setting"] for row in rows if row["differs"]] == ["epochs"]
    assert "1 of" in command("runs", "compare", "one", "two").out
    assert command("runs", "compare", "one").code == 2
