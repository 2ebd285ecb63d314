"""Zips for the tests of what is unpacked, left out and refused."""

import stat
import warnings
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np
import pytest
from PIL import Image

from allcore.data.importing.archive import extract_zip
from allcore.errors import DatasetError

BUFFER = BytesIO()
Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(BUFFER, "PNG")
PNG = BUFFER.getvalue()


def member(name: str, mode: int = stat.S_IFREG | 0o644) -> ZipInfo:
    info = ZipInfo(name)
    info.create_system = 3
    info.external_attr = mode << 16
    return info


def pack(path, *members, compression: int = ZIP_DEFLATED):
    """Write a zip of (name or ZipInfo, content) pairs, after one sound image."""
    with ZipFile(path, "w", compression) as bundle, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of duplicate names
        bundle.writestr("A/sound.png", PNG)
        for name, content in members:
            bundle.writestr(name, content)
    return path


def tree(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def refused(tmp_path, archive, reason):
    """Check that the archive is refused for the reason, and that nothing but the archive is there afterwards."""
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DatasetError, match=reason):
        extract_zip(archive, tmp_path / "smears")
    assert sorted(tmp_path.rglob("*")) == before
