"""Addresses of servers that somebody typed."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def split_address(text: str) -> SplitResult | None:
    """Return the parts of `http://HOST:PORT/…` or `https://…`; None where it is no such address.

    `urlsplit` alone takes nearly any text, and raises at some, or only when it is asked for the port. Where a password
    has a `/`, `?` or `#` that is not percent-encoded, its end would stand in the path, and its start for the port.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if "@" in f"{parts.path}{parts.query}{parts.fragment}":
        return None
    return parts if parts.scheme in ("http", "https") and parts.hostname and port != 0 else None


def without_user(text: str) -> str:
    """Return an address without its user and password, also where it is no address that can be used."""
    scheme = _SCHEME.match(text)
    return f"{scheme[0] if scheme else ''}{text.rpartition('@')[2]}" if "@" in text else text
