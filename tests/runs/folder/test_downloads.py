"""The files of a run that are worth a download."""

import pytest

from allcore.errors import MissingFileError
from allcore.runs.folder.downloads import downloads
from allcore.runs.folder.store import Run


def test_files_that_are_there_are_offered_with_their_bytes_models_first(tmp_path):
    for name, content in {"config.json": "{}", "model.onnx": "model", "status.json": "{}"}.items():
        (tmp_path / name).write_text(content)
    (tmp_path / "worker.log").mkdir()
    offered = downloads(Run(tmp_path))
    assert [(each.path.name, each.size, each.read()) for each in offered] == [
        ("model.onnx", 5, b"model"),
        ("config.json", 2, b"{}"),
    ]


def test_a_file_is_read_as_it_is_when_it_is_asked_for(tmp_path):
    log = tmp_path / "worker.log"
    log.write_text("begun")
    (offered,) = downloads(Run(tmp_path))
    log.write_text("begun and ended")
    assert offered.read() == b"begun and ended"
    log.unlink()
    with pytest.raises(MissingFileError):
        offered.read()
