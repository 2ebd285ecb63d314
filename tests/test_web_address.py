"""Addresses of servers, as they are typed."""

import pytest

from allcore.web_address import split_address, without_user


def test_an_address_is_taken_apart():
    parts = split_address("https://anna:secret@tracking.example:8443/at/")
    assert parts is not None
    assert (parts.scheme, parts.hostname, parts.port, parts.path) == ("https", "tracking.example", 8443, "/at/")


@pytest.mark.parametrize(
    "typed", ["", "host:5000", "http://", "http://h:abc", "http://h:99999", "http://[abc", "ftp://h", "http://a:1/b@h"]
)
def test_what_is_no_address_of_a_server_is_none_and_no_fault(typed):
    assert split_address(typed) is None


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("http://h:5000/at", "http://h:5000/at"),
        ("https://anna:secret@h:5000/at", "https://h:5000/at"),
        ("http://anna:se@cr/et?#@h:5000", "http://h:5000"),
        ("anna:secret@h:5000", "h:5000"),
    ],
)
def test_an_address_is_shown_without_user_and_password_whatever_they_consist_of(typed, shown):
    assert without_user(typed) == shown
