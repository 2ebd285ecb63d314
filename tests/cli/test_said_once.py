"""Options of the form NAME=NAME, whose names may hold `=` themselves."""

import pytest

from allcore.cli.kit.said_once import both_sides
from allcore.errors import InputError

OURS = ("Pro", "c=d", "")


def sides(text, theirs, otherwise="last"):
    return both_sides("map", "THEIRS=OURS", text, lambda one, other: one in theirs and other in OURS, otherwise)


@pytest.mark.parametrize(
    ("text", "theirs", "said"),
    [
        ("a=Pro", ["b"], ("a", "Pro")),
        ("a = Pro", ["a"], ("a", "Pro")),
        ("a=b=Pro", ["a=b"], ("a=b", "Pro")),
        ("a=c=d", ["a"], ("a", "c=d")),
        ("a=b=c=d", ["a=b"], ("a=b", "c=d")),
        ("a=b=", ["a=b"], ("a=b", "")),
    ],
)
def test_the_sign_counts_at_which_both_sides_are_known(text, theirs, said):
    assert sides(text, theirs) == said


def test_where_none_is_known_it_is_the_first_or_the_last():
    assert sides("a=b=x", []) == ("a=b", "x")
    assert sides("a=b=x", [], "first") == ("a", "b=x")


def test_what_can_be_read_in_two_ways_is_refused_and_both_are_named():
    with pytest.raises(InputError, match="'a' = 'c=d' or 'a=c' = 'd'"):
        both_sides("meaning", "CLASS=TEXT", "a=c=d", lambda name, _: name in ("a", "a=c"), "first")


def test_without_the_sign_it_is_refused():
    with pytest.raises(InputError, match="map: expected THEIRS=OURS"):
        sides("a", ["a"])
