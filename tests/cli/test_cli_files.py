"""The files that options name: refused before the work for them, and never put in the place of a pipe or a device."""

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from allcore.cli.kit.free_name import free_name
from allcore.cli.kit.output import check_files, say, write_file
from allcore.errors import InputError


@pytest.mark.parametrize(
    "words",
    [
        ("predict", "latest", "{smears}", "--csv"),
        ("labels", "{smears}", "--csv"),
        ("map", "latest", "--csv"),
        ("map", "latest", "--figure"),
        ("dataset", "judgements", "{smears}", "--csv"),
        ("report", "latest", "--complete", "--output"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("place", ["missing/file", "folder", "file/below"])
def test_a_file_that_cannot_be_written_is_refused_before_the_work_for_it(on_finished, smears, tmp_path, words, place):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    said = on_finished(*(word.format(smears=smears) for word in words), tmp_path / place)
    assert (said.code, said.out) == (2, "")
    assert f"{tmp_path / place} cannot be written (" in said.err
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder"]


@pytest.mark.parametrize("form", [[], ["--json"]], ids=str)
@pytest.mark.parametrize("words", [("predict", "latest", "{smears}"), ("labels", "{smears}")], ids=" ".join)
def test_a_disk_that_is_full_takes_no_more_than_the_file(on_finished, smears, tmp_path, no_room, words, form):
    asked = [word.format(smears=smears) for word in words] + form
    former = tmp_path / "rows.csv"
    former.write_text("former")
    with no_room(str(tmp_path)):
        said = on_finished(*asked, "--csv", former)
    assert said.code == 2
    assert f"{former} cannot be written (No space left on device)" in said.err
    assert said.out == on_finished(*asked).out
    assert [path.read_text() for path in tmp_path.iterdir()] == ["former"]


def test_a_file_that_is_written_may_be_a_pipe(tmp_path):
    assert _through_a_pipe(tmp_path / "pipe", lambda pipe: write_file(pipe, "path\na.jpg\n")) == b"path\na.jpg\n"


def test_a_report_goes_through_a_pipe_which_stays_one(on_finished, tmp_path):
    written = _through_a_pipe(tmp_path / "pipe", lambda pipe: on_finished("report", "latest", "--output", pipe))
    on_finished("report", "latest", "--output", tmp_path / "a.html")
    assert written == (tmp_path / "a.html").read_bytes()


def test_a_device_that_a_link_leads_to_stays_one_and_so_does_the_link(on_finished, tmp_path):
    controller, terminal = os.openpty()
    (tmp_path / "stdout").symlink_to(os.ttyname(terminal))
    write_file(tmp_path / "stdout", "written")
    assert os.read(controller, 100) == b"written"
    assert (tmp_path / "stdout").is_char_device()
    assert (tmp_path / "stdout").is_symlink()


@pytest.fixture
def appended(tmp_path):
    """Return a file with content, in a folder of its own, and a path of the descriptor that appends to it."""
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "all.html").write_text("former")
    with (tmp_path / "all" / "all.html").open("ab") as file:
        yield tmp_path / "all" / "all.html", Path(f"/dev/fd/{file.fileno()}")


@pytest.mark.parametrize("through", ["", "link"])
def test_a_file_that_a_descriptor_appends_to_keeps_what_it_held(appended, tmp_path, through):
    file, path = appended
    if through:
        (tmp_path / "link").symlink_to(path)
        path = tmp_path / "link"
    for content in ("B", "C"):
        check_files(path)
        write_file(path, content)
    assert file.read_text() == "formerBC"
    assert list(file.parent.iterdir()) == [file]


def test_standard_output_that_is_a_file_has_what_is_printed_before_and_after(capfd):
    say("before")
    for content in ("B\n", "C\n"):
        check_files(Path("/dev/stdout"))
        write_file(Path("/dev/stdout"), content)
    say("after")
    assert capfd.readouterr().out == "before\nB\nC\nafter\n"


def test_a_descriptor_that_is_not_there_or_only_read_is_refused_before_the_work_for_it():
    with tempfile.TemporaryFile() as file:
        number = os.open(f"/dev/fd/{file.fileno()}", os.O_RDONLY)
    with pytest.raises(InputError, match=f"/dev/fd/{number} cannot be written"):
        check_files(Path(f"/dev/fd/{number}"))
    os.close(number)
    with pytest.raises(InputError, match=f"/dev/fd/{number} cannot be written"):
        check_files(Path(f"/dev/fd/{number}"))


def test_a_link_to_a_file_stays_one(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "a.csv")
    write_file(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "elsewhere" / "a.csv").read_text() == "new"


@pytest.mark.parametrize(
    ("names", "given"),
    [
        (["s-1", "s-1", "s-1-2"], ["s-1", "s-1-2", "s-1-2-2"]),
        (["s-1-2", "s-1", "s-1", "s-1"], ["s-1-2", "s-1", "s-1-3", "s-1-4"]),
        (["A x", "a X", "b"], ["A x", "a X-2", "b"]),
        (["caf\u00e9", "cafe\u0301"], ["caf\u00e9", "cafe\u0301-2"]),
    ],
)
def test_of_files_beside_each_other_none_has_a_name_that_a_disk_takes_for_anothers(names, given):
    taken = {}
    assert [free_name(name, taken) for name in names] == given


def _through_a_pipe(pipe, write):
    """Return what comes out of a new pipe that is written to, and is one afterwards."""
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as pool:
        read = pool.submit(pipe.read_bytes)
        write(pipe)
        assert pipe.is_fifo()
        return read.result()
