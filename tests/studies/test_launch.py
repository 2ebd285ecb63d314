"""What is looked at before a study is started."""

import h5py
import numpy as np

from allcore.data.catalog import scan
from allcore.data.judgements import add_judgements, make_judgement
from allcore.studies.launch import checked
from allcore.studies.plan import make_plan


def test_each_of_several_networks_begins_with_its_own_weights(tiny_config, workspace, tmp_path, monkeypatch):
    file = tmp_path / "resnet50.weights.h5"
    with h5py.File(file, "w") as written:
        written["conv1_conv/conv1_conv/kernel:0"] = np.zeros((7, 7, 3, 64), np.float32)
    monkeypatch.setenv("ALLCORE_RESNET50_WEIGHTS", str(file))
    alone = make_plan(name="alone", config=tiny_config(network="resnet50", weights="imagenet"))
    assert checked(alone, workspace).config.weights == str(file)
    several = make_plan(name="several", config=alone.config, vary={"network": ["resnet50", "densenet121"]})
    assert checked(several, workspace).config.weights == "imagenet"


def test_a_study_keeps_to_the_labels_as_they_were_judged_when_it_began(tiny_config, workspace, smears):
    row = scan(smears).images().iloc[0]
    made = make_judgement(row["sha256"], row["path"], row["label"], ("Benign", "Pro"), "wrong", "Pro")
    add_judgements(workspace.judgements, [made])
    alone = checked(make_plan(name="alone", config=tiny_config(labels="corrected")), workspace).config
    assert alone.labels.startswith("corrected-")
    several = make_plan(name="several", config=tiny_config(), vary={"labels": ["as_given", "corrected"]})
    assert checked(several, workspace).vary == {"labels": ["as_given", alone.labels]}
