import shutil
import stat
import struct
import zlib
from io import BytesIO
from zipfile import ZIP_BZIP2

import numpy as np
import pytest

from allcore.data.importing.archive import extract_zip
from allcore.errors import DatasetError
from tests.data.zips import PNG, member, pack, refused, tree


def test_images_and_plain_text_are_unpacked_in_their_folders(tmp_path):
    archive = pack(tmp_path / "a.zip", ("B/1.JPG", b"x"), ("B/patients.csv", b"file,patient"), ("LICENSE.txt", b"CC"))
    extract_zip(archive, tmp_path / "smears")
    assert tree(tmp_path / "smears") == ["A/sound.png", "B/1.JPG", "B/patients.csv", "LICENSE.txt"]
    assert (tmp_path / "smears" / "A" / "sound.png").read_bytes() == PNG


def test_an_empty_class_folder_is_unpacked(tmp_path):
    extract_zip(pack(tmp_path / "a.zip", (member("B/", stat.S_IFDIR | 0o755), b"")), tmp_path / "smears")
    assert (tmp_path / "smears" / "B").is_dir()


def test_progress_counts_up_to_all_members(tmp_path):
    seen = []
    archive = pack(tmp_path / "a.zip", ("B/1.png", PNG), ("notes.doc", b"x"))
    extract_zip(archive, tmp_path / "smears", on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil.png", r"'\.\./evil\.png' has '\.\.' in its path"),
        ("A/../../evil.png", r"has '\.\.' in its path"),
        ("/etc/evil.png", "has an absolute path"),
        ("C:/evil.png", "has an absolute path"),
        ("A\\evil.png", "has a backslash"),
        ("..\\evil.png", "has a backslash"),
        ("A/evil\n.png", "has a control character"),
        (".", "has an empty path"),
    ],
)
def test_a_member_with_an_unsafe_path_refuses_the_archive(tmp_path, name, reason):
    refused(tmp_path, pack(tmp_path / "a.zip", (member(name), PNG)), f"'a.zip' was refused.*member .*{reason}")


def test_a_name_cut_short_by_a_null_byte_is_refused(tmp_path):
    path = pack(tmp_path / "a.zip", ("A/evil.png_.exe", PNG))
    path.write_bytes(path.read_bytes().replace(b"evil.png_.exe", b"evil.png\0.exe"))
    refused(tmp_path, path, "has a control character")


@pytest.mark.parametrize(
    "kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK], ids=lambda kind: oct(kind)
)
def test_links_and_special_files_are_refused(tmp_path, kind):
    archive = pack(tmp_path / "a.zip", (member("A/link.png", kind | 0o777), b"/etc/passwd"))
    refused(tmp_path, archive, r"'A/link\.png' is a link or a special file")


@pytest.mark.parametrize("name", ["more.zip", "A/more.tar.gz", "more.7z", "more.RAR", "more.tgz", "more.xz"])
def test_an_archive_within_the_archive_is_refused_by_its_name(tmp_path, name):
    refused(tmp_path, pack(tmp_path / "a.zip", (name, b"anything")), "is an archive within the archive")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (pack(BytesIO()).getvalue(), "zip"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"Rar!\x1a\x07\x01", "rar"),
        (bytes(257) + b"ustar\0", "tar"),
    ],
    ids=["zip", "gzip", "7z", "rar", "tar"],
)
@pytest.mark.parametrize("name", ["A/photo.png", "data.bin"])
def test_an_archive_within_the_archive_is_refused_by_its_content(tmp_path, name, content, found):
    archive = pack(tmp_path / "a.zip", ("A/1.png", PNG), (name, content))
    refused(tmp_path, archive, rf"is an archive within the archive \(its content is {found}\)")


def test_the_same_name_twice_is_refused(tmp_path):
    refused(tmp_path, pack(tmp_path / "a.zip", ("B/1.png", PNG), ("B/./1.png", PNG)), "occurs twice")


def test_a_file_where_another_member_needs_a_folder_is_refused(tmp_path):
    refused(tmp_path, pack(tmp_path / "a.zip", ("B.txt", b"x"), ("B.txt/1.png", PNG)), "'smears' could not be made")


def test_an_encrypted_member_is_refused(tmp_path):
    path = pack(tmp_path / "a.zip", ("B/1.png", PNG))
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    refused(tmp_path, path, r"'B/1\.png' is encrypted")


def test_a_compression_that_cannot_be_unpacked_piecemeal_is_refused(tmp_path):
    archive = pack(tmp_path / "a.zip", ("B/1.png", PNG), compression=ZIP_BZIP2)
    refused(tmp_path, archive, r"is compressed by method 12, expected stored \(0\) or deflated \(8\)")


def test_a_member_that_grows_more_than_200_fold_is_refused(tmp_path):
    refused(tmp_path, pack(tmp_path / "a.zip", ("B/flat.bmp", bytes(2**21))), r"'B/flat\.bmp' would grow more than 200")


def test_a_small_flat_image_may_shrink_as_it_likes(tmp_path):
    extract_zip(pack(tmp_path / "a.zip", ("B/flat.bmp", bytes(2**20))), tmp_path / "smears")
    assert (tmp_path / "smears" / "B" / "flat.bmp").stat().st_size == 2**20


def test_a_large_image_that_shrinks_less_is_unpacked(tmp_path):
    pattern = np.random.default_rng(1).bytes(2**14) * 128
    archive = pack(tmp_path / "a.zip", ("B/pattern.bmp", pattern))
    assert len(pattern) > 50 * archive.stat().st_size
    extract_zip(archive, tmp_path / "smears")
    assert (tmp_path / "smears" / "B" / "pattern.bmp").read_bytes() == pattern


def directory_only(path, count: int, size: int, packed: int):
    """Write a zip whose directory declares `count` members of `size` bytes over data that is not there."""
    names = [f"A/{number:06}.png".encode() for number in range(count)]
    entries = b"".join(
        struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, 0, packed, size, len(name), 0, 0, 0, 0, 0, 0)
        + name
        for name in names
    )
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, min(count, 65535), min(count, 65535), len(entries), 0, 0)
    path.write_bytes(entries + end)
    return path


def test_more_than_20_gib_declared_are_refused(tmp_path):
    archive = directory_only(tmp_path / "a.zip", count=6, size=4 * 10**9, packed=4 * 10**8)
    refused(tmp_path, archive, "it unpacks to 22.4 GiB, expected at most 20 GiB")


def test_members_that_share_the_same_bytes_are_refused(tmp_path):
    archive = directory_only(tmp_path / "a.zip", count=100, size=10**6, packed=10**5)
    refused(tmp_path, archive, "its members share the same bytes")


@pytest.mark.slow
def test_more_than_200_000_members_are_refused(tmp_path):
    archive = directory_only(tmp_path / "a.zip", count=200_001, size=0, packed=0)
    refused(tmp_path, archive, "it has 200001 members, expected at most 200000")


def test_damaged_data_is_refused_by_its_checksum(tmp_path):
    path = pack(tmp_path / "a.zip", ("B/1.png", PNG), compression=0)
    data = bytearray(path.read_bytes())
    data[data.rindex(PNG) + len(PNG) // 2] ^= 1
    path.write_bytes(data)
    refused(tmp_path, path, r"'B/1\.png' is damaged \(Bad CRC-32")


def declare(path, size: int):
    """Let the directory declare another size for the last member, with the checksum that fits the lie."""
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 16 : entry + 20] = struct.pack("<I", zlib.crc32(PNG[:size]))
    data[entry + 24 : entry + 28] = struct.pack("<I", size)
    path.write_bytes(data)
    return path


def test_a_member_that_falls_short_of_its_declared_size_is_refused(tmp_path):
    archive = declare(pack(tmp_path / "a.zip", ("B/1.png", PNG)), 2 * len(PNG))
    refused(tmp_path, archive, f"holds {len(PNG)} bytes where its header declares {2 * len(PNG)}")


def test_no_member_gets_more_bytes_on_disk_than_it_declares(tmp_path):
    extract_zip(declare(pack(tmp_path / "a.zip", ("B/1.png", PNG)), len(PNG) // 2), tmp_path / "smears")
    assert (tmp_path / "smears" / "B" / "1.png").stat().st_size == len(PNG) // 2


@pytest.mark.parametrize("content", [b"", b"no zip", PNG, b"PK\x03\x04" + bytes(100)])
def test_what_is_no_zip_is_refused(tmp_path, content):
    (tmp_path / "a.zip").write_bytes(content)
    refused(tmp_path, tmp_path / "a.zip", "'a.zip' is not a zip archive or is damaged")


def test_a_truncated_zip_is_refused(tmp_path):
    path = pack(tmp_path / "a.zip", ("B/1.png", PNG))
    path.write_bytes(path.read_bytes()[:-40])
    refused(tmp_path, path, "not a zip archive or is damaged")


@pytest.mark.parametrize("name", ["gone.zip", "folder.zip"])
def test_a_missing_file_and_a_folder_are_refused(tmp_path, name):
    (tmp_path / "folder.zip").mkdir()
    refused(tmp_path, tmp_path / name, "cannot be opened")


@pytest.mark.slow
def test_damage_anywhere_unpacks_or_is_refused_and_leaves_nothing_half_done(tmp_path):
    data = pack(tmp_path / "a.zip", ("B/1.png", PNG), (member("C/", stat.S_IFDIR), b""), ("n.txt", b"n")).read_bytes()
    rng = np.random.default_rng(5)
    for attempt in range(300):
        damaged = bytearray(data)
        for position in rng.integers(0, len(data), rng.integers(1, 4)):
            damaged[position] = rng.integers(0, 256)
        (tmp_path / "a.zip").write_bytes(damaged)
        before = sorted(tmp_path.iterdir())
        try:
            extract_zip(tmp_path / "a.zip", tmp_path / str(attempt))
        except DatasetError:
            assert sorted(tmp_path.iterdir()) == before


def test_a_folder_that_exists_is_left_as_it_is(tmp_path):
    (tmp_path / "smears").mkdir()
    refused(tmp_path, pack(tmp_path / "a.zip"), "'smears' exists already; choose another name")


def test_a_reader_that_gives_up_half_way_leaves_nothing_behind(tmp_path):
    def give_up(done: int, total: int) -> None:
        raise KeyboardInterrupt

    archive = pack(tmp_path / "a.zip")
    with pytest.raises(KeyboardInterrupt):
        extract_zip(archive, tmp_path / "smears", on_progress=give_up)
    assert list(tmp_path.iterdir()) == [archive]


def test_too_little_free_space_refuses_before_anything_is_written(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=len(PNG) - 1)
    monkeypatch.setattr("allcore.disk_space.shutil.disk_usage", lambda folder: usage)
    refused(tmp_path, pack(tmp_path / "a.zip"), "not enough disk space")
