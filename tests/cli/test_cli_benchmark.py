"""Benchmarks: contenders take turns in processes of their own, ratios are taken within a round."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from allcore.data.catalog import scan
from allcore.data.synthetic import SyntheticSpec, write_dataset
from allcore.installation import PROJECT
from allcore.networks.vgg16 import CONVOLUTIONS
from benchmarks import __main__ as command
from benchmarks import processes
from benchmarks.claim import OURS, Claim, LeftOutError, Material
from benchmarks.claims import augmentation
from benchmarks.claims.drawn import small_files
from benchmarks.claims.registry import CLAIMS
from benchmarks.claims.steps import step_products
from benchmarks.processes import megabytes_of, peak_megabytes, seconds_of, weighs
from benchmarks.turns import Taken


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_every_claim_has_allscope_first_and_its_goals_are_against_contenders(claim):
    assert next(iter(claim.contenders)) == OURS
    assert set(claim.goals) <= set(claim.contenders) - {OURS}
    assert all(goal >= 0.8 if claim.more_is_better else goal < 1.4 for goal in claim.goals.values())


def test_something_is_aimed_at_by_every_claim_but_those_that_inform():
    aimless = {name for name, claim in CLAIMS.items() if not claim.goals and claim.limit is None}
    assert aimless == {"augmentation-96", "augmentation-cells-96", "install-time"}


def measured(monkeypatch, figures, peaks=None, **claim):
    failed = {"another": "Traceback\nImportError: built for another NumPy"}
    taken = Taken(figures, peaks or {}, {"a peer": "the package peer is not installed"}, failed)
    monkeypatch.setattr(command, "take_turns", lambda *_: taken)
    of = Claim(work="work", unit="s", contenders={}, **claim)
    return command._measure("work", of, Material(Path(), Path()), rounds=None)


def test_a_ratio_is_the_median_of_those_within_rounds(monkeypatch):
    row = measured(monkeypatch, {OURS: [1.0, 9.0, 3.0], "slow": [4.0, 10.0, 4.0]}, goals={"slow": 0.8})
    slow = row["contenders"]["slow"]
    assert slow["ratio"] == {"median": 0.75, "least": 0.25, "most": 0.9}
    assert slow["reached"] is True
    assert row["absent"] == {"a peer": "the package peer is not installed"}


def test_where_more_is_better_a_goal_is_the_least_ratio(monkeypatch):
    row = measured(
        monkeypatch, {OURS: [20.0], "slow": [10.0], "other": [1.0]}, goals={"slow": 3.0}, more_is_better=True
    )
    assert row["contenders"]["slow"]["reached"] is False
    assert row["contenders"]["other"]["reached"] is None


def test_limits_are_of_the_median_the_worst_and_the_memory_of_allscope_alone(monkeypatch):
    figures = {OURS: [50.0, 250.0, 55.0], "slow": [900.0, 900.0, 900.0]}
    row = measured(monkeypatch, figures, {OURS: 800.0, "slow": 9e9}, limit=60.0, worst=200.0, memory=4000.0)
    assert row["contenders"][OURS]["limits"] == [
        {"of": "median", "goal": 60.0, "reached": True},
        {"of": "worst", "goal": 200.0, "reached": False},
        {"of": "peak", "goal": 4000.0, "reached": True},
    ]
    assert "limits" not in row["contenders"]["slow"]


def test_the_processor_is_named_with_the_arithmetic_that_it_has(tmp_path):
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: amx_int8 avx512_vnni\n")
    assert command._processor(tmp_path / "cpuinfo") == "Some CPU (amx_int8, avx512_vnni)"


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system does not tell")
def test_the_cores_are_those_that_a_benchmark_may_use(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    assert ", 1 core, load " in command._machine(Material(tmp_path, tmp_path / "scratch"))["machine"]


def test_the_versions_are_told_above_the_tables_of_what_peers_and_pictures_hang_on(tmp_path, capsys):
    command._print_machine(command._machine(Material(tmp_path, tmp_path / "scratch")))
    said = capsys.readouterr().out
    assert f"numpy {np.__version__}, opencv-python-headless " in said
    assert {"pillow", "streamlit", "onnxruntime"} <= set(said.split())


@pytest.mark.parametrize("is_root_named", [True, False], ids=["root", "no root"])
def test_images_are_those_of_the_data_roots_and_never_the_workspaces_own(
    monkeypatch, workspace, smears, tmp_path, is_root_named
):
    monkeypatch.setattr(command, "_DRAWN_A_CLASS", 3)
    write_dataset(workspace.datasets / "smears", SyntheticSpec(images_per_class=3, image_size=32))
    if is_root_named:
        monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(smears))
    material = Material(command._images(None, tmp_path / "scratch"), tmp_path / "scratch")
    record = command._machine(material)
    assert material.data == (smears if is_root_named else material.scratch / "drawn")
    assert record["drawn"] is not is_root_named
    assert record["images"].startswith("64 images of smears" if is_root_named else "12 drawn images, as neither ")


def test_a_table_is_printed_where_allscope_itself_is_left_out(monkeypatch, capsys):
    row = measured(monkeypatch, {"slow": [4.0]}, limit=60.0)
    command._print(Claim(work="work", unit="s", contenders={}), row)
    said = capsys.readouterr().out
    assert "the package peer is not installed" in said
    assert "failed: ImportError: built for another NumPy\n" in said


@pytest.mark.process
def test_the_most_memory_of_a_process_that_was_started_is_known(monkeypatch):
    monkeypatch.setattr(processes, "_weights", [])  # others have started heavier ones
    if not weighs():
        pytest.skip("the system keeps no high-water mark that can be read")
    assert seconds_of("-c", holding(100_000_000)) > 0
    assert 100 < peak_megabytes() < 200


@pytest.mark.process
def test_a_process_is_weighed_by_itself_also_after_a_heavier_one(monkeypatch):
    monkeypatch.setattr(processes, "_weights", [])
    if not weighs():
        pytest.skip("the system keeps no high-water mark that can be read")
    heavy, light = megabytes_of("-c", holding(200_000_000)), megabytes_of("-c", holding(100_000_000))
    assert 100 < light < 150 < 200 < heavy
    assert peak_megabytes() == heavy


@pytest.mark.process
def test_where_the_system_does_not_say_what_a_process_took_nothing_else_is_told_in_its_place(monkeypatch, tmp_path):
    monkeypatch.setattr(processes, "_high_water", lambda pid: 0)  # as where there is no /proc
    for contender in CLAIMS["folder-to-table-memory"].contenders.values():
        with pytest.raises(LeftOutError, match="does not say how much memory"):
            contender(Material(tmp_path, tmp_path))
    seconds_of("-c", "")
    assert peak_megabytes() is None


def holding(count: int) -> str:
    """Return a program that holds so many bytes for longer than a look."""
    return f"import time; held = b'x' * {count}; time.sleep(0.2)"


def test_a_step_s_products_are_the_networks_arithmetic():
    """Counted another way: weights times the places that they are used at; forwards, and back to input and kernel."""
    forwards = sum(
        9 * each.inputs * each.outputs * (96 // 2 ** (each.block - 1)) ** 2 for each in CONVOLUTIONS
    )  # fmt: skip
    frozen = sum(9 * each.inputs * each.outputs * 6**2 for each in CONVOLUTIONS if each.block == 5)
    first = 9 * 3 * 64 * 96**2
    dense = 3 * 3 * 3 * 512 * 1024
    expected = 2 * 32 * (3 * forwards - frozen - first + dense)
    assert sum(product.operations for product in step_products(96)) == expected


def test_drawn_files_are_a_dataset_of_so_many_different_images(tmp_path):
    catalog = scan(small_files(Material(tmp_path, tmp_path), 8))
    assert (len(catalog.images()), catalog.images()["pixel_sha256"].nunique()) == (8, 8)


def test_contenders_are_measured_in_turn_as_a_process_would(process, workspace, smears):
    words = ["benchmark", "catalog-warm", "--rounds", "2", "--json", "--data", smears]
    record = json.loads(process(workspace.root, *words).out)
    (claim,) = record["claims"]
    assert set(claim["contenders"]) == {OURS, "Pillow in a loop"}
    assert claim["contenders"]["Pillow in a loop"]["ratio"]["most"] > 0
    assert claim["contenders"][OURS]["peak_mb"] > 20


BREAKS_AT_ONCE = "raise ImportError('built for another NumPy')"
IS_KILLED_LATER = """
import os, signal
calls = []
class Imagelab:
    def __init__(self, **given):
        pass
    def find_issues(self, *given, **more):
        calls.append(1)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(
    ("peer", "said"),
    [(BREAKS_AT_ONCE, "ImportError: built for another NumPy"), (IS_KILLED_LATER, "ended by signal 9")],
    ids=["at once", "later"],
)
def test_a_contender_that_fails_is_named_and_the_rest_goes_on(process, workspace, smears, tmp_path, peer, said):
    (tmp_path / "cleanvision.py").write_text(peer)
    words = ["benchmark", "catalog-cold", "catalog-warm", "--rounds", "2", "--json", "--data", smears]
    done = process(workspace.root, *words, PYTHONPATH=str(tmp_path))
    first, second = json.loads(done.out)["claims"]
    assert (done.code, list(first["failed"])) == (1, ["cleanvision"])
    assert first["failed"]["cleanvision"].splitlines()[-1] == said
    assert set(first["contenders"]) == {OURS, "Pillow in a loop"}
    assert (second["name"], second["failed"]) == ("catalog-warm", {})


@pytest.mark.process
def test_what_was_measured_is_told_where_the_rest_is_interrupted(smears, workspace, tmp_path):
    (tmp_path / "cleanvision.py").write_text("import os, signal\nos.killpg(0, signal.SIGINT)\n")
    asked = ["benchmark", "catalog-warm", "catalog-cold", "--rounds", "1", "--json", "--data", str(smears)]
    done = subprocess.run(
        [sys.executable, "-m", "allcore", *asked], cwd=PROJECT, env={**os.environ, "PYTHONPATH": str(tmp_path)},
        check=False, capture_output=True, text=True, start_new_session=True,
    )  # fmt: skip
    assert done.returncode == 130
    assert [claim["name"] for claim in json.loads(done.stdout)["claims"]] == ["catalog-warm"]


@pytest.mark.process
@pytest.mark.parametrize(("words", "roots"), [(["--data", "smears"], ""), ([], "smears")], ids=["data", "roots"])
def test_paths_are_those_of_the_folder_in_which_the_command_is_given(smears, workspace, words, roots):
    variables = {"PYTHONPATH": str(PROJECT), "ALLCORE_DATA_ROOTS": roots, "ALLCORE_WORKSPACE": str(workspace.root)}
    asked = ["benchmark", "catalog-warm", "--rounds", "1", "--json", *words]
    done = subprocess.run(
        [sys.executable, "-m", "allcore", *asked], cwd=smears.parent, env={**os.environ, **variables}, check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["images"] == "64 images of smears"


def test_a_smaller_last_batch_counts_as_what_it_holds(monkeypatch):
    clock = count()
    monkeypatch.setattr("time.perf_counter", lambda: float(next(clock)))
    assert augmentation._rate(iter([range(32), range(8)])) == 40


def test_the_cells_preset_is_measured_with_the_cells_that_it_needs(tmp_path):
    write_dataset(tmp_path / "drawn", SyntheticSpec(images_per_class=4, image_size=128))
    in_one_thread = CLAIMS["augmentation-cells-96"].contenders["ALLscope, one thread"]
    assert in_one_thread(Material(tmp_path / "drawn", tmp_path))() > 0


def test_training_is_left_out_where_no_batch_is_whole(tmp_path):
    write_dataset(tmp_path / "drawn", SyntheticSpec(images_per_class=8, image_size=32))
    with pytest.raises(LeftOutError, match="24 images"):
        CLAIMS["training-96"].contenders[OURS](Material(tmp_path / "drawn", tmp_path))


@pytest.mark.parametrize("words", [["--rounds", "0"], ["--rounds", "-1"], ["--drawn", "0"], ["--drawn", "many"]])
def test_a_number_below_one_is_refused_before_anything_is_made(monkeypatch, capsys, words):
    monkeypatch.setattr("sys.argv", ["benchmarks", *words])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 2
    assert f"expected a whole number of at least 1, received {words[1]}" in capsys.readouterr().err


def test_a_claim_that_is_not_there_is_named_beside_those_that_are(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["benchmarks", "speed"])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 2
    assert "no claim is called speed; there are training-96" in capsys.readouterr().err
