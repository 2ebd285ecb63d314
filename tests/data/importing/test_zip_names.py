"""Zips as other programs write them: their names come out right, or the zip is refused."""

import unicodedata
import warnings
from zipfile import ZipFile, ZipInfo

import pytest

from allcore.data.importing.archive import extract_zip
from allcore.errors import DatasetError


def pack(path, names, encoding):
    """Write a zip with names in an encoding that it does not state."""
    with ZipFile(path, "w") as bundle, warnings.catch_warnings():
        for number, name in enumerate(names):
            for file in range(2):
                raw = f"{name}/{file}.png".encode(encoding)
                info = ZipInfo(f"x{number}{file}" + "y" * (len(raw) - 2 - len(str(number))))
                bundle.writestr(info, b"x")
    data = path.read_bytes()
    for number, name in enumerate(names):
        for file in range(2):
            raw = f"{name}/{file}.png".encode(encoding)
            placeholder = f"x{number}{file}" + "y" * (len(raw) - 2 - len(str(number)))
            data = data.replace(placeholder.encode(), raw)
    path.write_bytes(data)
    return path


def folders(tmp_path, names, encoding):
    extract_zip(pack(tmp_path / "a.zip", names, encoding), tmp_path / "smears")
    return {folder.name for folder in (tmp_path / "smears").iterdir()}


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        (("Bénin", "Précoce"), "utf-8"),
        ((unicodedata.normalize("NFD", "Bénin"), "Precoce"), "utf-8"),
        (("良性", "前駆"), "utf-8"),
        (("بني", "אב"), "utf-8"),
        (("Bénin", "Précoce"), "cp437"),
        (("Bénin", "Précoce"), "cp850"),
        (("Früh", "Größe", "Höher"), "cp850"),
        (("niño", "señal"), "cp437"),
        (("良性", "前駆"), "cp932"),
        (("表示", "ソ連"), "cp932"),
        (("ベニグン", "はやい", "プロ1"), "cp932"),
    ],
)
def test_names_come_out_right(tmp_path, names, encoding):
    assert folders(tmp_path, names, encoding) == set(names)


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        (("良性", "前期"), "gbk"),
        (("양성", "초기"), "euc-kr"),
        (("Ранние", "Поздние"), "cp866"),
        (("Рад", "Год"), "cp866"),
        (("Ранние", "Поздние"), "cp1251"),
        (("Bénin", "Précoce"), "latin-1"),
    ],
)
def test_names_of_an_unknown_encoding_refuse_the_zip(tmp_path, names, encoding):
    with pytest.raises(DatasetError, match="encoding"):
        folders(tmp_path, names, encoding)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]
