"""Rights that the workspace's file gives, and the record of who did what."""

import json

import pytest

from allcore.access import ACCESS_FILE, Access, Person, read_access
from allcore.actions import ACTIONS_FILE, actions_on, record_action
from allcore.errors import ConfigError

ANNA = Person("Anna@Lab.org", ("Trainers",))


@pytest.mark.parametrize(
    ("access", "right"),
    [
        (Access(act=["anna@lab.org"]), "act"),
        (Access(act=["*@LAB.org"]), "act"),
        (Access(act=["group:trainers"]), "act"),
        (Access(act=["*"], look=[]), "act"),
        (Access(act=["trainers", "group:anna@lab.org", "*@org"]), "look"),
        (Access(act=["bob@lab.org"], look=["*@lab.org"]), "look"),
        (Access(act=["bob@lab.org"], look=["*@other.org", "anna"]), None),
    ],
)
def test_a_right_is_given_by_address_domain_or_group(access, right):
    assert access.right_of(ANNA) == right


def test_somebody_without_an_address_has_what_everybody_has():
    nobody = Person("")
    assert Access(act=["", "*@", "@"], look=["*"]).right_of(nobody) == "look"
    assert Access(act=[""], look=["*@lab.org"]).right_of(nobody) is None


def test_without_a_file_everybody_looks_and_nobody_acts(tmp_path):
    assert read_access(tmp_path).right_of(ANNA) == "look"


@pytest.mark.parametrize("text", ["", "[]", '{"act": "anna@lab.org"}', '{"acts": []}', '{"act": [1]}', "\0"])
def test_a_damaged_file_lets_nobody_in_and_says_what_is_expected(tmp_path, text):
    (tmp_path / ACCESS_FILE).write_text(text)
    with pytest.raises(ConfigError, match=r"expected .*act.*look"):
        read_access(tmp_path)


def test_actions_are_found_by_what_they_were_done_to_and_torn_lines_left_out(tmp_path):
    record_action(tmp_path, "anna@lab.org", "launch", "run-1")
    record_action(tmp_path, "bob\n@lab.org", "stop", "run-1")
    record_action(tmp_path, "bob@lab.org", "stop", "run-2")
    with (tmp_path / ACTIONS_FILE).open("a") as file:
        file.write(json.dumps({"moment": "now", "on": "run-1"}) + '\n[]\n{"moment": 1, "who"')
    record_action(tmp_path, "anna@lab.org", "delete", "run-1")
    found = actions_on(tmp_path, ["run-1"])
    assert [(action.who, action.what) for action in found] == [
        ("anna@lab.org", "launch"), ("bob\n@lab.org", "stop"), ("anna@lab.org", "delete"),
    ]  # fmt: skip
    assert found[0].moment <= found[2].moment
