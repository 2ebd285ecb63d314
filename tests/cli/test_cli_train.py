"""`train`: what is refused before anything is made, and what is reported."""

import re
import shutil

import pytest

from allcore.cli.train import finish
from allcore.hardware import Devices
from allcore.runs.execution.executor import LocalExecutor
from allcore.runs.folder.files import CONFIG_FILE, SPLIT_FILE
from allcore.runs.folder.status import write_status
from allcore.runs.measure import Measurement
from tests.conftest import TINY, device_taken

TINY_OPTIONS = [f"--{name.replace('_', '-')}={value}" for name, value in TINY.items()]
OUT_OF_RANGE = [
    ("--image-size 16", "image_size: input should be greater than or equal to 32 (received 16)"),
    ("--epochs 0", "epochs: input should be greater than or equal to 1 (received 0)"),
    ("--learning-rate -1", "learning_rate: input should be greater than 0 (received -1.0)"),
    ("--dropout 1.5", "dropout: input should be less than 1 (received 1.5)"),
    ("--optimizer magic", "optimizer: input should be 'adam', 'adamw' or 'sgd' (received 'magic')"),
    ("--trainable-from block9", "trainable_from: unknown layer; expected one of block1_conv1, "),
    ("--train-fraction 0.5", "train, validation and test must each be above 0 and sum to 1, received 0.5 + 0.1 + 0.1"),
    ("--split patient", "split: protocol 'patient' needs groups: a CSV with columns file and patient"),
    ("--brightness 2 1", "augment.brightness: expected 0 < low <= high <= 4 (received (2.0, 1.0))"),
    ("--preset fast", "preset: unknown (received 'fast'); expected one of paper, quick"),
]


@pytest.mark.parametrize(("typed", "message"), OUT_OF_RANGE)
def test_value_out_of_range_is_refused_with_field_value_and_expectation(command, workspace, smears, typed, message):
    outcome = command("train", "--data", smears, *typed.split())
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err
    assert not workspace.runs.exists()


def test_dataset_that_cannot_be_trained_on_is_refused(command, workspace, smears, tmp_path):
    (tmp_path / "few" / "A").mkdir(parents=True)
    (tmp_path / "few" / "B").mkdir()
    for number, image in enumerate(sorted((smears / "Pro").iterdir())[:4]):
        (tmp_path / "few" / "A" / f"{number}.jpg").write_bytes(image.read_bytes())
    outcome = command("train", "--data", tmp_path / "few")
    assert outcome.code == 2
    assert "each class needs at least 3 usable images, found A 4, B 0" in outcome.err
    assert not workspace.runs.exists()


@pytest.mark.parametrize(
    ("asked", "protocol", "said"),
    [
        ([], "folders", "the dataset's folders divide it into parts; --split random and others divide it again"),
        (["--split=random"], "random", "the parts that the dataset's folders make are not kept: --split random"),
    ],
)
def test_a_dataset_that_its_folders_divide_is_never_mixed_without_a_word(
    command, workspace, smears_in_parts, launched, asked, protocol, said
):
    with device_taken(workspace):
        outcome = command("train", "--data", smears_in_parts, *TINY_OPTIONS, *asked, "--background")
        (run,) = launched()
        command("runs", "stop", run.id)
    assert said in outcome.err
    assert run.config.split.protocol == protocol
    kept = (run.split.table["path"].str.startswith("test/") == (run.split.table["split"] == "test")).all()
    assert kept == (protocol == "folders")
    assert ("a group with an image in train; scores may flatter" in outcome.err) == kept


@pytest.fixture
def trained_at_once(finished_run, monkeypatch):
    """Let the worker of a run that is launched have done its work at once: it left what the finished run's did."""

    others = shutil.ignore_patterns(CONFIG_FILE, SPLIT_FILE, "*.onnx", "*.keras")

    def launch(self, run, launch):
        shutil.copytree(finished_run.folder, run.folder, ignore=others, dirs_exist_ok=True)

    monkeypatch.setattr(LocalExecutor, "_launch", launch)


def test_training_in_the_foreground_ends_with_the_test_scores(command, workspace, smears, trained_at_once, launched):
    outcome = command("train", "--data", smears, *TINY_OPTIONS, "--epochs", 3, "--json")
    (run,) = launched()
    assert outcome.code == 0
    assert outcome.json["model"] == run.id
    assert outcome.json["n"] == len(run.split.rows("test"))
    assert f"run {run.id}\nepoch 1/3  loss " in outcome.err


def test_failed_run_is_exit_status_1_and_its_error_is_said(workspace, finished_run, capsys):
    executor = LocalExecutor(workspace)
    run = executor.store.create(finished_run.config, finished_run.split)
    write_status(run.folder, run.status().model_copy(update={"state": "failed", "error": "the disk is full"}))
    assert finish(run, workspace, lambda evaluation: None) == 1
    assert capsys.readouterr().err.startswith(f"run {run.id} is failed: the disk is full\ngo on with: ")


def test_a_run_that_has_finished_shows_its_scores(finished, finished_run):
    shown = []
    assert finish(finished_run, finished.workspace, shown.append) == 0
    assert [evaluation.model for evaluation in shown] == [finished_run.id]


def test_the_plan_alone_says_what_a_run_takes_and_makes_nothing(command, workspace, smears, monkeypatch):
    took = Measurement(40.0, 9.0, 12.0, 60.0, 30.0, 6000.0, (1, 1, 4), 3 * 10**9, "CPU, 2 cores")
    monkeypatch.setattr("allcore.runs.measure.measure", lambda config, workspace: took)
    asked = ["train", "--data", smears, *TINY_OPTIONS, "--plan"]
    unknown = command(*asked)
    assert "time: not known; --measure trains a few steps to tell" in unknown.out
    assert "(estimated)" in unknown.out
    measured = command(*asked, "--measure")
    assert "(40 images/s, measured)" in measured.out
    assert "memory: about 3.0 GB (measured)" in measured.out
    told = command(*asked, "--measure", "--json").json
    assert (told["images_per_second"], told["memory_bytes"]) == (40.0, 3 * 10**9)
    assert sum(told["images"].values()) == 64
    assert not workspace.runs.exists()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("train",), ["random"]),
        (("train", "--split", "grouped"), []),
        (("study", "run", "--seeds", "0"), ["random"]),
        (("study", "run", "--seeds", "0", "--vary", "split=grouped,random"), ["random"]),
    ],
)
def test_a_table_whose_groups_are_not_kept_together_is_said_before_anything_is_trained(
    command, workspace, smears, tmp_path, asked, said
):
    paths = [path.relative_to(smears) for path in sorted(smears.glob("*/*.jpg"))]
    rows = [f"{path},{path.parent}{number // 2}" for number, path in enumerate(paths)]
    (tmp_path / "t.csv").write_text("\n".join(["file,patient", *rows]), encoding="utf-8")
    outcome = command(*asked, "--data", smears, *TINY_OPTIONS, "--groups", tmp_path / "t.csv", "--plan")
    assert outcome.code == 0
    sentences = [
        f"--split {name} does not keep the groups of {tmp_path / 't.csv'} together: the table" for name in said
    ]
    assert [line for line in outcome.err.splitlines() if "does not keep" in line] == [
        f"{sentence} is only used to count twins; --split grouped and --split patient keep them"
        for sentence in sentences
    ]


def test_a_plan_says_where_memory_decides_over_how_many_images_are_normalised(command, smears, monkeypatch):
    monkeypatch.setattr("allcore.hardware.system_devices", lambda: Devices(2, False, 2**30))
    asked = ["--data", smears, "--weights", "random", "--network", "resnet50", "--image-size", "64"]
    (said,) = command("train", *asked, "--plan", "--json").json["warnings"]
    assert re.match(r"ResNet50 normalises \d+ images at a time instead of the whole batch of 32", said)
    assert f"warning: {said}" in command("train", *asked, "--plan").out
    study = command("study", "run", *asked, "--name", "two", "--vary", "network=resnet50,vgg16", "--plan", "--json")
    assert study.json["warnings"] == [said]
    assert f"warning: {said}" in study.err
    assert command("train", *asked, "--micro-batch-size", "2", "--plan", "--json").json["warnings"] == []


def test_a_plan_knows_the_time_from_an_earlier_run(on_finished, finished_run, smears):
    told = on_finished("train", "--data", smears, *TINY_OPTIONS, "--plan", "--json").json
    assert told["known_from"] == finished_run.id
    assert told["total_seconds"] > 0


@pytest.mark.parametrize(
    ("typed", "said"), [("--plan --background", "--plan launches nothing"), ("--measure", "give --plan as well")]
)
def test_options_of_a_plan_that_do_not_fit_are_refused(command, workspace, smears, typed, said):
    outcome = command("train", "--data", smears, *TINY_OPTIONS, *typed.split())
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
    assert not workspace.runs.exists()
