"""What a disk refused with is said with its place, its cause and what to do; never as a number."""

import errno
import os

import pytest

from allcore.errors import InputError
from allcore.refusals import what_went_wrong


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)),
            "your quota on the disk is used up (Disk quota exceeded); free some space of your own, or ask for a larger "
            "quota",
        ),
        (
            OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/ws/runs/.4f.part.json"),
            "/ws/runs: the disk is full (No space left on device); free some space",
        ),
        (
            PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/ws/judgements.jsonl"),
            "/ws/judgements.jsonl: access is not permitted (Permission denied); change the permissions there, or set "
            "ALLCORE_WORKSPACE to a folder that may be written to",
        ),
        (
            FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "/ws/a.csv"),
            "/ws/a.csv: No such file or directory",
        ),
        (OSError("no number"), "no number"),
        (InputError("the name is empty"), "the name is empty"),
    ],
)
def test_an_error_is_said_in_one_line(error, said):
    assert what_went_wrong(error) == said
