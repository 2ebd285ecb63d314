"""What is kept of a catalog between scans, and when it is believed."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from allcore.data.catalog import scan
from allcore.data.intake import images as intake
from tests.data.pictures import encoded, smear


def overwrite_unnoticed(path: Path) -> None:
    """Replace a file by rubbish of the same size and modification time."""
    facts = path.stat()
    path.write_bytes(bytes(facts.st_size))
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def kept_file(cache: Path) -> Path:
    (file,) = (cache / "catalogs").iterdir()
    return file


def test_a_file_with_the_same_size_and_time_is_not_read_again(dataset, cache):
    before = scan(dataset, cache).table
    overwrite_unnoticed(dataset / "Pro" / "0.png")
    assert scan(dataset, cache).table.equals(before)


def test_without_a_cache_every_file_is_read_again(dataset):
    scan(dataset)
    overwrite_unnoticed(dataset / "Pro" / "0.png")
    assert list(scan(dataset).problems()["path"]) == ["Pro/0.png"]


def test_a_file_with_another_time_is_read_again(dataset, cache):
    before = scan(dataset, cache).table.set_index("path")
    file = dataset / "Pro" / "0.png"
    overwrite_unnoticed(file)
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))
    after = scan(dataset, cache)
    assert list(after.problems()["path"]) == ["Pro/0.png"]
    assert after.images().set_index("path").equals(before.drop("Pro/0.png"))


def test_a_file_with_another_size_is_read_again_though_its_time_is_the_same(dataset, cache):
    scan(dataset, cache)
    file = dataset / "Pro" / "0.png"
    time = file.stat().st_mtime_ns
    file.write_bytes(encoded(smear(40, 40)))
    os.utime(file, ns=(time, time))
    assert scan(dataset, cache).table.set_index("path").loc["Pro/0.png", "width"] == 40


def test_removed_files_vanish_and_new_ones_appear(dataset, cache):
    scan(dataset, cache)
    (dataset / "Benign" / "1.png").unlink()
    (dataset / "Pro" / "new.png").write_bytes(encoded(smear()))
    paths = set(scan(dataset, cache).table["path"])
    assert "Benign/1.png" not in paths
    assert "Pro/new.png" in paths
    assert set(scan(dataset, cache).table["path"]) == paths


def test_a_file_that_was_unusable_is_looked_at_again(dataset, cache, monkeypatch):
    with monkeypatch.context() as smaller_limit:
        smaller_limit.setattr(intake, "MAX_PIXELS", 200)
        assert len(scan(dataset, cache).problems()) == 3
    assert scan(dataset, cache).problems().empty


@pytest.mark.parametrize(
    "version",
    [
        "allcore.data.catalog_rows.INTAKE_VERSION",
        "allcore.data.catalog_rows.__version__",
        "PIL.__version__",
        "simplejpeg.__version__",
    ],
)
def test_what_another_version_of_the_program_or_of_a_decoder_saw_is_not_trusted(dataset, cache, monkeypatch, version):
    scan(dataset, cache)
    overwrite_unnoticed(dataset / "Pro" / "0.png")
    monkeypatch.setattr(version, "another")
    assert list(scan(dataset, cache).problems()["path"]) == ["Pro/0.png"]


def test_a_label_follows_the_folders_when_they_come_to_mean_something_else(tmp_path, cache):
    for seed, name in enumerate(("A/p1/1.png", "A/p2/2.png", "B/p1/1.png", "B/p2/2.png", "A/5.png", "B/6.png")):
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).write_bytes(encoded(smear(seed=seed)))
    assert set(scan(tmp_path / "data", cache).table["label"]) == {"A", "B"}
    for name in ("A/5.png", "B/6.png"):  # what remains reads as variants A and B with classes p1 and p2
        (tmp_path / "data" / name).unlink()
    assert set(scan(tmp_path / "data", cache).table["label"]) == {"p1", "p2"}


@pytest.mark.parametrize(
    "damage",
    [
        lambda data, rng: b"",
        lambda data, rng: data[: len(data) // 2],
        lambda data, rng: data.replace(b'"Benign"', b'"Malign"'),
        lambda data, rng: rng.bytes(len(data)),
        lambda data, rng: data + b"\0",
    ],
    ids=["emptied", "cut", "altered", "overwritten", "lengthened"],
)
def test_a_damaged_kept_catalog_costs_one_scan_and_no_more(dataset, cache, damage):
    before = scan(dataset, cache).table
    kept = kept_file(cache)
    kept.write_bytes(damage(kept.read_bytes(), np.random.default_rng(0)))
    assert scan(dataset, cache).table.equals(before)
    overwrite_unnoticed(dataset / "Pro" / "0.png")
    assert scan(dataset, cache).table.equals(before)


@pytest.mark.slow
def test_a_kept_catalog_with_any_one_bit_flipped_is_never_believed(dataset, cache):
    before = scan(dataset, cache).table
    kept = kept_file(cache)
    data, rng = kept.read_bytes(), np.random.default_rng(0)
    for position in rng.choice(len(data), 40, replace=False):
        flipped = bytearray(data)
        flipped[position] ^= 1 << int(rng.integers(8))
        kept.write_bytes(flipped)
        assert scan(dataset, cache).table.equals(before)


def test_what_is_kept_is_written_again_only_when_the_usable_files_are_others(dataset, cache):
    (dataset / "Pro" / "0.png").write_bytes(b"no image")
    scan(dataset, cache)
    kept = kept_file(cache)
    before = kept.stat().st_ino
    assert len(scan(dataset, cache).problems()) == 1
    assert kept.stat().st_ino == before
    (dataset / "Pro" / "1.png").unlink()
    scan(dataset, cache)
    assert kept.stat().st_ino != before


def test_sessions_that_scan_at_the_same_time_agree_and_leave_nothing_unfinished(dataset, cache):
    together = threading.Barrier(8)

    def session(_):
        together.wait()
        return scan(dataset, cache).table

    with ThreadPoolExecutor(8) as pool:
        first, *others = pool.map(session, range(8))
    assert all(other.equals(first) for other in others)
    assert kept_file(cache).suffix == ".catalog"


def test_a_cache_that_cannot_be_written_costs_only_the_time_of_the_next_scan(dataset, tmp_path):
    (tmp_path / "file").touch()
    assert len(scan(dataset, tmp_path / "file").images()) == 7


def test_progress_counts_to_the_number_of_files_once(dataset, cache):
    calls: list[tuple[int, int]] = []
    scan(dataset, cache, lambda *call: calls.append(call))
    assert calls == [(done, 7) for done in range(1, 8)]
    scan(dataset, cache, lambda *call: calls.append(call))
    assert len(calls) == 7
