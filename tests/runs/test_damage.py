"""Whatever a run folder holds, it is one row of a list, and one clear message where its content is wanted."""

import json
import random
import shutil

import pytest

from allcore.config import make_config
from allcore.errors import InputError
from allcore.evaluation.predictions.recorded import recorded_predictions
from allcore.reporting.training_curves import RunCurve, training_chart
from allcore.runs.folder.store import Run, RunStore
from allcore.runs.summarize import summarize
from allcore.runs.summary import summary_table
from tests.damaged import TIMES
from tests.runs.damage import FILES, damage, finished_folder

READERS = {
    "status": Run.status, "config": lambda run: run.config, "history": Run.history, "environment": Run.environment,
    "split": lambda run: run.split.counts(), "predictions": lambda run: recorded_predictions(run, "test").probabilities,
    "curves": lambda run: training_chart("loss", "epoch", [RunCurve("", run.history())]),
    "log": Run.log_tail,
}  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return finished_folder(RunStore(folder / "runs"), make_config(dataset=str(folder / "images")))


@pytest.mark.parametrize("file", FILES)
@pytest.mark.slow
def test_any_damage_makes_one_row_and_one_message(whole, tmp_path, file):
    rng, states = random.Random(file), set()
    for number in range(30 * TIMES):
        run = Run(shutil.copytree(whole.folder, tmp_path / str(number)))
        damage(run.folder / file, rng)
        table = summary_table([summarize(run)])
        assert len(table) == 1
        assert "Error" not in table["note"][0]
        states.add(table["state"][0])
        for read in READERS.values():
            try:
                read(Run(run.folder))
            except InputError as error:
                assert f"run {run.id}" in str(error)  # noqa: PT017 - most damage does no harm to most readers
    assert ("damaged" in states) == (file in ("status.json", "config.json", "metrics.jsonl"))


@pytest.mark.parametrize("evil", ["-1", str(2**63), "NaN", "1e400", r'"\u0000"', r'"\ud800"', "[" * 100_000])
@pytest.mark.parametrize("field", ["state", "heartbeat", "epochs", "device", "warnings"])
def test_a_value_that_none_can_be_makes_a_status_a_damaged_one(whole, tmp_path, field, evil):
    run = Run(shutil.copytree(whole.folder, tmp_path / "copy"))
    fields = json.loads((run.folder / "status.json").read_text()) | {field: "evil"}
    (run.folder / "status.json").write_text(json.dumps(fields).replace('"evil"', evil))
    summary = summarize(run)
    assert summary.state == "damaged"
    assert summary.problem.startswith("run copy: status.json ")


@pytest.mark.parametrize("pid", [-1, 0, 2**31, 2**63, "1", [1]])
def test_a_pid_that_is_none_is_no_process(whole, tmp_path, pid):
    run = Run(shutil.copytree(whole.folder, tmp_path / "copy"))
    fields = json.loads((run.folder / "status.json").read_text()) | {"state": "running", "pid": pid}
    (run.folder / "status.json").write_text(json.dumps(fields | {"process_started": 1.0}))
    assert summarize(run).state in ("damaged", "interrupted")
