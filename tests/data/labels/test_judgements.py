"""What people judge of labels is kept with who and when, belongs to an image's content, and is only ever added to."""

import getpass
import json

import pytest

from allcore.data.labels.judgements import Judgements, account_name, add_judgements, make_judgement, read_judgements
from allcore.errors import DatasetError

CLASSES = ("Benign", "Early", "Pro")
ONE, OTHER = "1" * 64, "2" * 64


@pytest.fixture
def file(tmp_path):
    return tmp_path / "workspace" / "judgements.jsonl"


def judged(sha256=ONE, verdict="right", becomes="", who="anna@lab.org", when=None):
    made = make_judgement(sha256, "Early/a.png", "Early", CLASSES, verdict, becomes, who)
    return made if when is None else made.model_copy(update={"when": when})


def test_what_was_judged_is_found_again_with_who_and_when(file):
    made = [judged(verdict="wrong", becomes="Pro"), judged(OTHER, "excluded", who="")]
    add_judgements(file, made[:1])
    add_judgements(file, made[1:])
    assert read_judgements(file) == Judgements(tuple(made))
    assert (made[0].says, made[0].who, made[0].in_words()) == ("Pro", "anna@lab.org", "wrong, it is Pro")
    assert (made[1].says, made[1].who) == ("", account_name())


def test_nothing_judged_is_no_judgement(file):
    assert read_judgements(file).latest == {}


def test_of_two_judgements_the_later_counts_and_both_are_kept(file):
    late = judged(verdict="wrong", becomes="Pro", when="2026-11-02T10:00:00Z")
    early = judged(who="bob@lab.org", when="2026-11-01T10:00:00Z")
    add_judgements(file, [late, early])  # as when another's are imported
    found = read_judgements(file)
    assert found.latest[ONE] == late
    assert found.of([ONE]) == [late, early]


def test_of_two_judgements_in_one_second_the_last_counts():
    when = "2026-11-01T10:00:00Z"
    assert Judgements((judged(when=when), judged(verdict="unsure", when=when))).latest[ONE].verdict == "unsure"


def test_a_torn_or_foreign_line_is_counted_and_the_others_stand(file):
    add_judgements(file, [judged()])
    with file.open("a") as torn:
        torn.write(json.dumps({**judged().model_dump(), "verdict": "wrong"}) + '\n{"sha256": "3')
    add_judgements(file, [judged(OTHER)])
    found = read_judgements(file)
    assert set(found.latest) == {ONE, OTHER}
    assert found.unreadable == 2


@pytest.mark.parametrize(
    ("verdict", "becomes", "message"),
    [
        ("wrong", "", "another class of the dataset: Benign, Pro"),
        ("wrong", "Early", "another class"),
        ("wrong", "Blast", "another class"),
        ("right", "Pro", "keeps its class"),
        ("maybe", "", "right, wrong, unsure, excluded"),
    ],
)
def test_a_verdict_that_is_none_is_refused(verdict, becomes, message):
    with pytest.raises(DatasetError, match=message):
        judged(verdict=verdict, becomes=becomes)


def test_an_account_without_a_name_is_somebody(monkeypatch):
    def nameless():
        raise KeyError("no such uid")

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert judged(who="").who == "somebody"


def test_a_disk_that_refuses_is_said_and_leaves_what_was_there(file, no_room):
    add_judgements(file, [judged()])
    with no_room("judgements"), pytest.raises(DatasetError, match="cannot be kept"):
        add_judgements(file, [judged(OTHER)])
    assert set(read_judgements(file).latest) == {ONE}
