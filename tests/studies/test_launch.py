"""What is looked at before a study is started."""

import h5py
import numpy as np

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
