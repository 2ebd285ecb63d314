"""What can be known to be wrong before a run is made is said before a run is made."""

import shutil

import pytest

from allcore.data.catalog import scan
from allcore.data.labels.judgements import add_judgements, make_judgement
from allcore.errors import ConfigError, DatasetError, WeightsError
from allcore.runs.execution import preflight
from allcore.runs.execution.executor import LocalExecutor
from allcore.runs.execution.preflight import looked_at_once, prepare


@pytest.fixture
def executor(workspace):
    return LocalExecutor(workspace)


def test_missing_dataset_makes_no_run(executor, tiny_config, tmp_path):
    with pytest.raises(DatasetError):
        executor.submit(tiny_config(dataset=str(tmp_path / "nothing")))
    assert executor.store.runs() == []


def test_class_with_too_few_images_is_said_with_counts(executor, tiny_config, smears, tmp_path):
    copy = shutil.copytree(smears, tmp_path / "copy")
    for image in sorted((copy / "Pre").iterdir())[2:]:
        image.unlink()
    with pytest.raises(DatasetError, match=r"Benign 16, Early 16, Pre 2, Pro 16.*Pre"):
        executor.submit(tiny_config(dataset=str(copy)))
    assert executor.store.runs() == []


def test_wrong_weights_make_no_run(executor, tiny_config, tmp_path):
    (tmp_path / "text.weights.h5").write_text("no")
    with pytest.raises(WeightsError, match="not a readable HDF5 file"):
        executor.submit(tiny_config(weights=str(tmp_path / "text.weights.h5")))
    assert executor.store.runs() == []


def test_a_network_that_no_served_file_can_hold_is_refused_before_it_is_trained(executor, tiny_config, tmp_path):
    large = {"network": "resnet50", "image_size": 512, "head": "flatten", "dense_units": 1024}
    with pytest.raises(ConfigError, match=r"2\.09 GiB.*2 GiB at the most.*use head gap.*than 1024.*than 512"):
        executor.submit(tiny_config(**large))
    assert executor.store.runs() == []
    for smaller in ({"head": "gap"}, {"dense_units": 512}, {"image_size": 480}):
        prepare(tiny_config(**large | smaller), tmp_path)


def test_corrected_labels_are_named_and_divided_by_and_had_again_when_others_are_judged(tiny_config, smears, tmp_path):
    images, file, cache = scan(smears).images(), tmp_path / "judgements.jsonl", tmp_path / "cache"

    def judge(number, verdict, becomes=""):
        row = images.iloc[number]
        classes = ("Benign", "Early", "Pre", "Pro")
        add_judgements(file, [make_judgement(row["sha256"], row["path"], row["label"], classes, verdict, becomes)])

    judge(0, "wrong", "Pro")
    judge(20, "excluded")
    config, split = prepare(tiny_config(labels="corrected"), cache, judgements=file)
    labels = split.table.set_index("path")["label"]
    assert labels[images["path"][0]] == "Pro"
    assert images["path"][20] not in labels
    judge(1, "wrong", "Pre")
    again, as_before = prepare(config, cache, judgements=file)
    assert again == config
    assert as_before.table.equals(split.table)
    now, _ = prepare(tiny_config(labels="corrected"), cache, judgements=file)
    assert now.labels not in (config.labels, "corrected")
    assert prepare(tiny_config(), cache, judgements=file)[0].labels == "as_given"


@pytest.mark.parametrize("typed", ["patients.csv", "~/patients.csv"])
def test_a_run_records_where_its_table_of_groups_is(tiny_config, groups_of, tmp_path, monkeypatch, typed):
    table = groups_of(tmp_path / "patients.csv")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    config, split = prepare(tiny_config(split={"protocol": "patient", "groups": typed}), tmp_path / "cache")
    assert config.split.groups == table
    assert (split.table["group"] == split.table["path"]).all()


def test_a_dataset_of_many_launches_at_one_moment_is_looked_at_once(tiny_config, tmp_path, monkeypatch):
    looked = []
    monkeypatch.setattr(preflight, "scan", lambda *of: looked.append(of[0]) or scan(*of))
    configs = [tiny_config(), tiny_config(split={"seed": 1}), tiny_config(split={"protocol": "grouped"})]
    with looked_at_once():
        found = [prepare(config, tmp_path) for config in configs]
    assert len(looked) == 1
    each = [prepare(config, tmp_path) for config in configs]
    assert len(looked) == 4
    assert [(config, split.content) for config, split in found] == [(config, split.content) for config, split in each]
