"""Benchmarks: contenders take turns in processes of their own, ratios are taken within a round."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks.claim import OURS, Claim, Material
from benchmarks.claims.registry import CLAIMS


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_every_claim_has_allscope_first_and_its_goals_are_against_contenders(claim):
    assert next(iter(claim.contenders)) == OURS
    assert set(claim.goals) <= set(claim.contenders) - {OURS}
    assert all(goal >= 1 if claim.more_is_better else goal <= 1.1 for goal in claim.goals.values())


def measured(monkeypatch, figures, **claim):
    absent = {"a peer": "the package peer is not installed"}
    monkeypatch.setattr(command, "take_turns", lambda *_: (figures, absent))
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


def test_contenders_are_measured_in_turn_as_a_process_would(process, workspace, smears):
    words = ["benchmark", "catalog-warm", "--rounds", "2", "--json", "--data", smears]
    record = json.loads(process(workspace.root, *words).out)
    (claim,) = record["claims"]
    assert set(claim["contenders"]) == {OURS, "Pillow in a loop"}
    assert claim["contenders"]["Pillow in a loop"]["ratio"]["most"] > 0


def test_a_claim_that_is_not_there_is_named_beside_those_that_are(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["benchmarks", "speed"])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 2
    assert "no claim is called speed; there are training-96" in capsys.readouterr().err
