"""A network other than VGG16 through the same run: trained on corrected labels, served, explained."""

import keras
import numpy as np
import pytest

from allcore.augment import resize
from allcore.config import make_config
from allcore.data.catalog import scan
from allcore.data.intake.images import decode
from allcore.data.labels.judgements import add_judgements, make_judgement
from allcore.data.synthetic.cells import CLASSES
from allcore.errors import WeightsError
from allcore.evaluation.probes.probing import probe_model
from allcore.evaluation.probes.subject import subject_of_run
from allcore.inference.predictor import load_predictor
from allcore.model.build import build_network, build_trunk
from allcore.networks.registry import TRUNKS
from allcore.runs.execution.preflight import prepare
from allcore.runs.folder.store import RunStore
from allcore.training.finish import results_are_whole
from allcore.training.load_weights import load_initial_weights
from allcore.workspace import Workspace
from tests.training.carrying_out import carried_out

SMALLEST = "mobilenetv3small"


@pytest.fixture(scope="module")
def trained(tiny_config, smears, tmp_path_factory):
    """Return a run of the smallest network that ended, and the paths of an image judged Early and of one excluded."""
    workspace = Workspace(tmp_path_factory.mktemp("trained"))
    moved, excluded = (image for _, image in scan(smears).images().iloc[[33, 20]].iterrows())
    for image, verdict in (moved, ("wrong", "Early")), (excluded, ("excluded",)):
        known = image["sha256"], image["path"], image["label"], CLASSES
        add_judgements(workspace.judgements, [make_judgement(*known, *verdict)])
    # every size of batch and every layer that learns is compiled: all images are one batch
    little = {"batch_size": 64, "trainable_from": TRUNKS[SMALLEST].stage_names[-2]}
    small = {"epochs": 1, "dense_units": 16, "precision": "float32"}
    config = tiny_config(network=SMALLEST, labels="corrected", **small, **little)
    run = RunStore(workspace.runs).create(*prepare(config, workspace.cache, judgements=workspace.judgements))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALLCORE_WORKSPACE", str(workspace.root))
        finished, _ = carried_out(run)
    assert finished
    return run, moved["path"], excluded["path"]


def test_another_network_is_trained_served_and_explained_as_vgg16_is(trained):
    run, *_ = trained
    assert results_are_whole(run)
    assert f"-{SMALLEST}-32px-" in run.id
    predictor = load_predictor(run.served_model)
    assert predictor.metadata.title.startswith("Modified MobileNetV3-Small, 32 px: ")
    row = run.split.rows("test")[0]
    image = decode(run.folder.joinpath(run.config.dataset, run.split.table["path"][row]))
    (prediction,) = predictor.predict([image])
    recorded = run.predictions().set_index("path").loc[run.split.table["path"][row]]
    assert prediction.label == recorded["predicted"]
    model = keras.saving.load_model(run.folder / "model.keras", compile=False)
    if predictor.metadata.arithmetic == "float32":
        expected = model.predict(resize(image, 32)[None].astype(np.float32), verbose=0)
        outputs = predictor.network.run(resize(image, 32)[None])
        np.testing.assert_allclose(outputs.probabilities, expected, atol=1e-3)


def test_another_network_is_probed_with_its_own_grid_of_evidence(trained, tmp_path):
    run, *_ = trained
    report = probe_model(subject_of_run(run), tmp_path)
    assert report.complete
    assert report.cells.share == pytest.approx(report.cells.area)  # of an image of 32 px the map has one square alone


def test_a_run_with_corrected_labels_ends_with_what_was_moved_moved_and_without_what_was_excluded(trained, smears):
    run, moved, excluded = trained
    given = scan(smears).images().set_index("path")["label"]
    split = run.split.table.set_index("path")
    assert run.config.labels.startswith("corrected-")
    assert set(given.index) - set(split.index) == {excluded}
    assert dict(split["label"]) == {**given.drop(excluded), moved: "Early"}
    recorded = run.predictions().set_index("path")["label"]
    held_out = split[split["split"] != "train"]
    assert dict(recorded) == dict(held_out["label"])
    assert moved in recorded  # the correction reaches what is scored, as well as what is trained on
    assert len(np.load(run.folder / "features.npy")) == len(split)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return a small trunk with weights of its own and the file that holds them."""
    trunk = build_trunk(TRUNKS[SMALLEST], weights=None, input_shape=(32, 32, 3))
    file = tmp_path_factory.mktemp("saved") / "own.weights.h5"
    trunk.save_weights(file)
    return trunk, file


def test_initial_weights_come_from_a_file_of_the_network(saved):
    trunk, path = saved
    config = make_config(dataset="smears", network=SMALLEST, image_size=32, weights=str(path))
    model = build_network(config, 4)
    assert load_initial_weights(model, config)["source"] == path.name
    for layer in (one for one in trunk.layers if one.weights):
        for found, wanted in zip(model.get_layer(layer.name).get_weights(), layer.get_weights(), strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_file_of_another_network_is_refused_with_what_to_do_before_the_model_is_touched(saved):
    trunk, path = saved
    before = trunk.get_weights()
    config = make_config(dataset="smears", network="resnet50", image_size=32, weights=str(path))
    with pytest.raises(WeightsError, match=r"is not one of ResNet50 .*ALLCORE_RESNET50_WEIGHTS.*random"):
        load_initial_weights(trunk, config)
    for found, wanted in zip(trunk.get_weights(), before, strict=True):
        np.testing.assert_array_equal(found, wanted)
