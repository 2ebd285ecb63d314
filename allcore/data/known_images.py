"""Whose images they are, where the names of their files give that away: the published ALL images, or drawn smears."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Literal

Known = Literal["ALL", "drawn"]

OF_DRAWN: Final = "The images are drawn by a program; no score on them says anything about real smears."
"""What has to be said wherever drawn smears are scored."""

_NAMES: Final[tuple[tuple[re.Pattern[str], Known], ...]] = (
    (re.compile(r"(Benign|Early|Pre|Pro)/WBC-(Benign|Malignant-(Early|Pre|Pro))-\d{3,}\.jpg"), "ALL"),
    (re.compile(r"(Benign|Early|Pre|Pro)/(benign|early|pre|pro)-\d{4,}\.jpg"), "drawn"),
)


def known_images(paths: Iterable[str]) -> Known | None:
    """Return whose way of naming files all of some paths follow: `ALL` or `drawn`; None where it is another's."""
    tails = ["/".join(path.split("/")[-2:]) for path in paths]
    return next((whose for pattern, whose in _NAMES if tails and all(map(pattern.fullmatch, tails))), None)
