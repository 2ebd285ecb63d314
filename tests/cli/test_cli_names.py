"""Names that would act on a terminal, that it lacks the characters of, or that are too long for a second file."""

from __future__ import annotations

import os
import shutil
import sys

import numpy as np
import pytest

from allcore.cli.kit.class_text import class_columns, print_matrix
from allcore.cli.kit.output import print_json, table


def test_no_escape_code_of_a_name_reaches_the_terminal(command, workspace, smears):
    folder = shutil.copytree(smears, workspace.datasets / "mine")
    (folder / "Pre" / "\x1b]0;owned\x07\x1b[2J.txt").write_text("no image")
    outcome = command("dataset", "info", folder)
    assert "\ufffd]0;owned" in outcome.out
    assert "\x1b]" not in outcome.out
    assert "\x07" not in outcome.out


def test_an_error_that_quotes_a_name_is_printable(command):
    assert "\x1b" not in command("dataset", "info", "no\x1b[31msuch").err


def test_a_table_keeps_its_columns_under_wide_names(capsys):
    table(["class", "#images"], [("良性", 1), ("Benign", 20)])
    assert capsys.readouterr().out.splitlines()[1:] == ["良性         1", "Benign      20"]


def test_a_matrix_of_many_classes_is_told_by_what_was_confused(capsys):
    classes = [f"stage {number} of {'a long name ' * 8}" for number in range(30)]
    matrix = np.full((30, 30), 1)
    matrix[4, 7] = 9
    print_matrix(classes, matrix.tolist())
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) < 240
    assert lines[1].startswith(classes[4].strip())
    assert lines[1].endswith(" 9")
    assert lines[-1] == f"and {30 * 29 - 20} more pairs of classes; --json has the whole confusion matrix"


def test_classes_are_columns_where_a_line_holds_them_under_names_that_differ():
    classes = [f"a very long name of class {number}, and on" for number in range(12)]
    headings = class_columns(classes)
    assert len(set(headings)) == 12
    assert max(map(len, headings)) <= 21
    assert class_columns([*classes, "one more"]) == []


def test_json_is_whole_unicode_whatever_a_name_holds(capsys):
    print_json({"d\udce9j": "良 \x1b"})
    assert capsys.readouterr().out == '{\n  "d\\ufffdj": "\\u826f \\u001b"\n}\n'


def test_a_terminal_without_a_dash_gets_another_sign(process, workspace):
    outcome = process(workspace.root, "tradeoff", "--example", PYTHONIOENCODING="ascii")  # no encoding has less
    assert (outcome.code, outcome.err) == (0, "")
    assert "95 % interval" in outcome.out
    assert "?" not in outcome.out


def test_evidence_of_a_file_with_a_very_long_name(on_finished, smears, tmp_path):
    image = shutil.copy(smears / "Pro" / "pro-0001.jpg", tmp_path / f"{'x' * 250}.jpg")
    outcome = on_finished("predict", "latest", image, "--evidence", tmp_path / "overlays")
    assert outcome.code == 0
    (overlay,) = (tmp_path / "overlays").iterdir()
    assert overlay.suffix == ".png"


def test_predictions_are_not_lost_with_their_evidence(on_finished, smears, tmp_path):
    (tmp_path / "overlays").mkdir()
    image = smears / "Pro" / "pro-0001.jpg"
    (row,) = on_finished("predict", "latest", image, "--json").json
    (tmp_path / "overlays" / f"pro-0001-{row['label']}.png").mkdir()
    outcome = on_finished("predict", "latest", image, "--json", "--evidence", tmp_path / "overlays")
    assert outcome.json == [row]
    assert outcome.code == 2
    assert "1 of 1 pictures could not be written" in outcome.err


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_file_whose_name_is_no_utf8_is_predicted(process, finished, smears, tmp_path):
    image = shutil.copy(smears / "Pro" / "pro-0001.jpg", tmp_path / os.fsdecode(b"d\xe9j\xe0.jpg"))
    outcome = process(finished.workspace.root, "predict", "latest", image, PYTHONIOENCODING="utf-8:strict")
    assert (outcome.code, "1 of 1 file" in outcome.err, outcome.err.count("\n")) == (0, True, 1)  # it was trained on
    assert "d\ufffdj\ufffd.jpg" in outcome.out
