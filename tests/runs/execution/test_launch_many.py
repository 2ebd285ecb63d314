"""Many runs are launched some at a time, and what they have in common is found once."""

from threading import Barrier

import pytest

from allcore.data.catalog import scan
from allcore.data.splits.split import make_split
from allcore.errors import RunError
from allcore.runs.execution import launch_many as launching
from allcore.runs.execution import preflight
from allcore.runs.execution.launch_many import launch_all
from allcore.runs.execution.preflight import prepare


def test_launches_wait_for_the_disk_together():
    all_of_them = Barrier(launching._AT_A_TIME)
    ended = []
    launch_all([lambda: ended.append(all_of_them.wait(timeout=60))] * launching._AT_A_TIME)
    assert sorted(ended) == list(range(launching._AT_A_TIME))


def test_what_a_launch_raises_is_raised_and_the_others_that_began_have_ended():
    ended = []

    def refused():
        raise RunError("no")

    with pytest.raises(RunError, match="no"):
        launch_all([lambda: ended.append("before"), refused, *[lambda: None] * 20])
    assert ended == ["before"]


def test_many_launches_look_once_at_a_dataset_and_divide_it_once_by_each_split(tiny_config, tmp_path, monkeypatch):
    scans, splits = [], []
    monkeypatch.setattr(preflight, "scan", lambda *of: scans.append(of[0]) or scan(*of))
    monkeypatch.setattr(preflight, "make_split", lambda *of: splits.append(of[1].fold) or make_split(*of))
    configs = [
        tiny_config(seed=seed, split={"protocol": "grouped", "folds": 3, "fold": fold})
        for fold in (1, 2, 3)
        for seed in range(5)
    ]
    found = {}
    launch_all([lambda config=config: found.__setitem__(config, prepare(config, tmp_path)) for config in configs])
    assert len(scans) == 1
    assert sorted(splits) == [1, 2, 3]
    for config in (configs[0], configs[7], configs[-1]):
        resolved, split = prepare(config, tmp_path)
        assert (found[config][0], found[config][1].content) == (resolved, split.content)
