"""Whatever becomes of a run's folder, also under a reader, every page goes on without a traceback."""

import errno
import os
import shutil

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.opening import open_page, ran

PAGES = {
    "overview": {}, "predict": {}, "dataset": {"view": "Counts"}, "augmentation": {"augmentation": "As a run saw it"},
    "trust": {}, "train": {}, "runs": {}, "evaluate": {}, "tradeoff": {},
}  # fmt: skip
SMALL_FILES = ("status.json", "config.json", "split.csv", "metrics.jsonl", "predictions.parquet", "environment.json")


def opened(page, run):
    return open_page(page, **PAGES[page], run=run.id, model=run.id)


@pytest.mark.parametrize("page", PAGES)
def test_a_file_that_is_cut_short_or_goes_under_the_reader_is_no_fault(run, page, subtests):
    app = opened(page, run)
    address = dict(app.query_params)
    for file in SMALL_FILES:
        path = run.folder / file
        whole = path.read_bytes()
        with subtests.test(file=file):
            path.write_bytes(whole[: len(whole) // 2])
            ran(app)
            assert dict(app.query_params) == address
            path.unlink()
            opened(page, run)
        path.write_bytes(whole)


@pytest.mark.parametrize("page", PAGES)
def test_a_model_that_is_damaged_is_no_fault(run, page):
    for file in ("model.onnx", "features.npy"):
        (run.folder / file).unlink()
        (run.folder / file).write_bytes(b"no model")
    opened(page, run)


@pytest.mark.parametrize(
    ("number", "title", "said"),
    [
        (errno.EDQUOT, "Your quota on the disk is used up (Disk quota exceeded)", "ask for a larger quota."),
        (errno.EIO, "The disk is failing (Input/output error)", "the workspace (ALLCORE_WORKSPACE) to another disk."),
        (errno.ENOENT, "Something went wrong here", "Reloading the page may help."),
    ],
)
def test_a_disk_that_refuses_is_named_with_what_to_do_and_is_no_fault(number, title, said):
    def page(error):
        from pages.ui.guarded import guarded

        with guarded("a part"):
            raise error

    (shown,) = AppTest.from_function(page, args=(OSError(number, os.strerror(number)),)).run().error
    assert shown.proto.title == title
    assert shown.value.replace("\\", "").endswith(said)


def test_what_another_deleted_meanwhile_is_named_and_is_no_fault():
    def page():
        from pathlib import Path

        from pages.ui.guarded import guarded

        with guarded("a part"):
            Path("smears/Pro/1.png").stat()

    (shown,) = AppTest.from_function(page).run().error
    assert shown.proto.title == "This is no longer there"
    assert shown.value.replace("\\", "").startswith("smears/Pro/1.png was deleted, renamed or moved meanwhile.")


@pytest.mark.parametrize("page", PAGES)
def test_a_run_that_is_deleted_under_the_reader_is_no_fault(run, page):
    app = opened(page, run)
    shutil.rmtree(run.folder)
    ran(app)
