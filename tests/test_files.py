"""What is no regular file of bounded size is refused before it is opened."""

import hashlib
import os
import socket
from pathlib import Path

import pytest

from allcore.errors import FileError, MissingFileError
from allcore.files import NOT_THERE, check_file, file_sha256, read_file, stamp


@pytest.fixture
def opened(monkeypatch):
    """Return the paths that were opened, as they are opened."""
    paths, really = [], os.open
    monkeypatch.setattr(os, "open", lambda path, *more: paths.append(str(path)) or really(path, *more))
    return paths


def pipe(path):
    os.mkfifo(path)


def bound_socket(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


@pytest.mark.parametrize("make", [pipe, bound_socket, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_pipes_sockets_folders_and_devices_are_refused_unopened(tmp_path, opened, make):
    make(tmp_path / "x")
    with pytest.raises(FileError, match="expected a regular file"):
        read_file(tmp_path / "x", 100)
    assert opened == []


def test_a_pipe_that_takes_the_file_s_place_is_not_waited_for(tmp_path, monkeypatch):
    (tmp_path / "x").write_bytes(b"text")

    def look_and_replace(path, most_bytes, really=check_file):
        really(path, most_bytes)
        path.unlink()
        os.mkfifo(path)

    monkeypatch.setattr("allcore.files.check_file", look_and_replace)
    with pytest.raises(FileError, match="a pipe"):
        read_file(tmp_path / "x", 100)


def test_a_file_that_is_too_large_is_refused_unopened(tmp_path, opened):
    (tmp_path / "x").write_bytes(bytes(101))
    assert len(read_file(tmp_path / "x", 101)) == 101
    opened.clear()
    with pytest.raises(FileError, match="it has 101 bytes; expected at most 100 bytes"):
        read_file(tmp_path / "x", 100)
    assert opened == []


@pytest.mark.parametrize("name", ["none", "file/below", "a\0b", "x" * 5000, "\ud800"])
def test_what_is_not_there_or_can_be_no_path_is_refused(tmp_path, name):
    (tmp_path / "file").touch()
    with pytest.raises(FileError) as caught:
        read_file(tmp_path / name, 100)
    assert isinstance(caught.value, MissingFileError) == (name in ("none", "file/below"))


@pytest.mark.parametrize("name", ["gone", "nul\0byte", "n" * 300])
def test_what_cannot_be_there_has_the_stamp_of_what_is_not(tmp_path, name):
    assert stamp(tmp_path / name) == NOT_THERE


def test_sha256_is_of_the_files_bytes_as_they_are_now(tmp_path):
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_sha256(path) == of_abc
    os.utime(path, ns=(0, 0))
    path.write_bytes(b"abd")
    assert file_sha256(path) == hashlib.sha256(b"abd").hexdigest() != of_abc
    path.unlink()
    with pytest.raises(FileNotFoundError):
        file_sha256(path)


def written(path, data):
    """Write a file as an archive that is unpacked does: whatever it holds, its time is the archive's."""
    path.write_bytes(data)
    os.utime(path, ns=(10**18, 10**18))
    return path


def test_sha256_is_of_the_bytes_also_where_times_and_size_stay(tmp_path):
    for data in (b"abc", b"abd", b"abe"):
        assert file_sha256(written(tmp_path / "x", data)) == hashlib.sha256(data).hexdigest()


def test_sha256_is_of_the_file_that_has_taken_anothers_place(tmp_path, monkeypatch):
    monkeypatch.setattr("allcore.files._SETTLED_NS", 0)
    first, second = written(tmp_path / "x", b"abc"), written(tmp_path / "y", b"abd")
    assert file_sha256(first) == hashlib.sha256(b"abc").hexdigest()
    second.replace(first)
    assert file_sha256(first) == hashlib.sha256(b"abd").hexdigest()


def test_the_bytes_of_one_version_are_read_once_for_their_sha256(tmp_path, monkeypatch):
    monkeypatch.setattr("allcore.files._SETTLED_NS", 0)  # as if it were older
    path, read = tmp_path / "model.onnx", []
    path.write_bytes(b"abc")
    really = Path.open
    monkeypatch.setattr(Path, "open", lambda file, *more: read.append(file) or really(file, *more))
    assert file_sha256(path) == file_sha256(path)
    assert read == [path]
