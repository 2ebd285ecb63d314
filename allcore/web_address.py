"""Addresses of servers that somebody typed."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit


def split_address(text: str) -> SplitResult | None:
    """Return the parts of `http://HOST:PORT/…` or `https://…`; None where it is no such address.

    `urlsplit` alone takes nearly any text, and raises at some, or only when it is asked for the port.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    return parts if parts.scheme in ("http", "https") and parts.hostname and port != 0 else None
