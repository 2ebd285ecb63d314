"""The predictor says what its file says, alone or in a batch, from any number of threads, and refuses other files."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from scipy.special import log_softmax, softmax

from allcore.augment import resize
from allcore.data.intake.images import decode
from allcore.errors import InputError, ModelFileError
from allcore.inference.metadata import KEY, encode_array, to_properties
from allcore.inference.predictor import BATCH, load_predictor
from allcore.processors import processors
from tests.inference.conftest import toy_graph, toy_metadata

ANOTHER_GRAPH = {
    "another input": {"image": "pixels"},
    "floats": {"dtype": TensorProto.FLOAT},
    "channels first": {"shape": ("N", 3, 32, 32)},
    "any size": {"shape": ("N", "H", "W", 3)},
    "not square": {"shape": ("N", 32, 48, 3)},
    "other outputs": {"outputs": ("scores", "evidence", "features")},
}
NOT_OF_THIS_GRAPH = {
    "a class more": {"classes": ("Benign", "Early", "Pro")},
    "another size": {"image_size": 64},
}


@pytest.fixture(scope="module")
def predictor(finished_run):
    return load_predictor(finished_run.served_model)


@pytest.fixture(scope="module")
def images(finished_run):
    """Return the run's test images, decoded, and one of another shape."""
    root, table = finished_run.config.dataset, finished_run.split.table
    smears = [decode(finished_run.folder.joinpath(root, path)) for path in table.loc[table["split"] == "test", "path"]]
    wide = np.random.default_rng(0).integers(0, 256, (50, 90, 3), dtype=np.uint8)
    return [*smears, wide]


def assert_same(prediction, other, tolerance=1e-5):
    assert (prediction.label, prediction.novel) == (other.label, other.novel)
    np.testing.assert_allclose(prediction.probabilities, other.probabilities, atol=tolerance)
    np.testing.assert_allclose(prediction.evidence, other.evidence, atol=tolerance)
    np.testing.assert_allclose(prediction.features, other.features, rtol=1e-4, atol=tolerance)
    assert prediction.novelty == pytest.approx(other.novelty, abs=1e-4)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(ModelFileError, match=r"gone\.onnx .*: it does not exist; expected the path of an \.onnx file"):
        load_predictor(tmp_path / "gone.onnx")


@pytest.mark.parametrize("content", [b"", b"this is a text\n", bytes(range(256)) * 8], ids=["empty", "text", "bytes"])
def test_file_that_is_no_model_is_refused_by_name(tmp_path, content):
    (tmp_path / "notes.onnx").write_bytes(content)
    with pytest.raises(ModelFileError, match=r"notes\.onnx is (not a usable ONNX file|an ONNX file of something else)"):
        load_predictor(tmp_path / "notes.onnx")


def test_cut_off_model_is_refused_by_name(write_toy):
    path = write_toy()
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(ModelFileError, match=r"toy\.onnx is not a usable ONNX file"):
        load_predictor(path)


def test_file_with_a_name_that_is_no_text_is_refused_by_name(write_toy):
    path = write_toy()
    model = onnx.load(path)
    model.graph.input.append(onnx.helper.make_tensor_value_info("other", onnx.TensorProto.FLOAT, [1]))
    path.write_bytes(model.SerializeToString().replace(b"other", b"\xceher "))
    with pytest.raises(ModelFileError, match="is not a usable ONNX file"):
        load_predictor(path)


@pytest.mark.parametrize("kind", ANOTHER_GRAPH)
def test_onnx_file_of_another_graph_is_refused_by_name(write_toy, kind):
    path = write_toy(toy_graph(**ANOTHER_GRAPH[kind]))
    with pytest.raises(ModelFileError, match=r"toy\.onnx is an ONNX file of something else: expected a uint8 input"):
        load_predictor(path)


@pytest.mark.parametrize("properties", [{}, {KEY: "{"}], ids=["none", "damaged"])
def test_file_without_a_whole_description_is_refused_by_name(write_toy, properties):
    with pytest.raises(ModelFileError, match=r"toy\.onnx: "):
        load_predictor(write_toy(properties=properties))


def test_file_whose_weights_lie_outside_of_its_folder_is_refused(tmp_path):
    elsewhere = tmp_path / "elsewhere.bin"
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "link.bin").symlink_to(elsewhere)
    for place in ("../elsewhere.bin", "link.bin", str(elsewhere)):
        model = toy_graph()
        weights = model.graph.initializer[0]
        elsewhere.write_bytes(weights.raw_data)
        facts = {"location": place, "offset": "0", "length": str(len(weights.raw_data))}
        weights.ClearField("raw_data")
        weights.data_location = TensorProto.EXTERNAL
        for key, value in facts.items():
            weights.external_data.add(key=key, value=value)
        helper.set_model_props(model, to_properties(toy_metadata()))
        (folder / "model.onnx").write_bytes(model.SerializeToString())
        with pytest.raises(ModelFileError, match="is not a usable ONNX file"):
            load_predictor(folder / "model.onnx")


def test_file_with_a_damaged_array_is_refused_by_name(write_toy):
    novelty = toy_metadata().novelty.model_copy(update={"means": encode_array(np.ones(4))})
    with pytest.raises(ModelFileError, match=r"toy\.onnx: an array in the model's description is damaged"):
        load_predictor(write_toy(properties=to_properties(toy_metadata(novelty=novelty))))


@pytest.mark.parametrize("kind", NOT_OF_THIS_GRAPH)
def test_description_of_another_graph_is_refused_by_name(write_toy, kind):
    path = write_toy(properties=to_properties(toy_metadata(**NOT_OF_THIS_GRAPH[kind])))
    with pytest.raises(ModelFileError, match=r"toy\.onnx: the description \(.*\) does not fit this graph"):
        load_predictor(path)


def test_novelty_of_another_width_is_refused_by_name(write_toy):
    wide = {"means": encode_array(np.eye(2, 5)), "axes": encode_array(np.eye(1, 5)), "units": 5}
    metadata = toy_metadata(novelty=toy_metadata().novelty.model_copy(update=wide))
    with pytest.raises(ModelFileError, match=r"5 features\) does not fit this graph"):
        load_predictor(write_toy(properties=to_properties(metadata)))


def test_file_is_complete_by_itself(finished_run, tmp_path, images, predictor):
    alone = load_predictor(shutil.copy(finished_run.served_model, tmp_path / "anything.onnx"))
    assert alone.metadata.run == finished_run.id
    assert alone.classes == finished_run.split.classes
    for ours, theirs in zip(alone.predict(images), predictor.predict(images), strict=True):
        assert_same(ours, theirs, 0)


def test_toy_probability_is_what_the_colours_say(write_toy):
    metadata = toy_metadata(temperature=1.0)
    toy = load_predictor(write_toy(properties=to_properties(metadata)))
    (prediction,) = toy.predict([np.full((20, 20, 3), (100, 0, 0), np.uint8)])
    np.testing.assert_allclose(prediction.probabilities, softmax([2.0, -2.0]), atol=1e-6)
    np.testing.assert_allclose(prediction.features, [100.0, 0.0, 0.0], atol=1e-4)
    assert (prediction.label, prediction.evidence.shape) == ("Benign", (2, 2, 2))


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_temperature_of_the_description_is_applied(write_toy, temperature):
    image = np.full((20, 20, 3), (50, 40, 0), np.uint8)
    toy = load_predictor(write_toy(properties=to_properties(toy_metadata(temperature=temperature))))
    (prediction,) = toy.predict([image])
    raw = toy.network.run(resize(image, 32)[None]).probabilities[0]
    np.testing.assert_allclose(prediction.probabilities, softmax(np.log(raw) / temperature), atol=1e-6)
    assert (prediction.probabilities.max() > raw.max()) == (temperature < 1)
    assert prediction.probabilities.argmax() == raw.argmax()


def test_runs_temperature_is_applied_to_what_its_network_says(predictor, images):
    raw = predictor.network.run(np.stack([resize(image, 32) for image in images])).probabilities
    said = predictor.predict(images).probabilities
    expected = softmax(log_softmax(np.log(raw), axis=1) / predictor.metadata.temperature, axis=1)
    np.testing.assert_allclose(said, expected, atol=1e-5)


def test_batch_says_of_each_image_what_it_says_of_it_alone(predictor, images):
    many = (images * 5)[:40]  # more than one batch of the network
    heard: list[int] = []
    predictions = predictor.predict(iter(many), heard.append)
    for together, image in zip(predictions, many, strict=True):
        assert_same(together, predictor.predict([image])[0])
    assert sum(heard) == len(many)
    assert list(predictions.labels) == [one.label for one in predictions]
    assert list(predictions.novelty) == [one.novelty for one in predictions]
    assert list(predictions.novel) == [one.novel for one in predictions]


def test_no_image_is_refused(predictor):
    with pytest.raises(InputError, match="no image"):
        predictor.predict([])


def test_threads_hear_what_each_would_hear_alone(predictor, images):
    alone = [predictor.predict([image])[0] for image in images]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda number: predictor.predict([images[number % len(images)]])[0], range(64)))
    for number, prediction in enumerate(together):
        assert_same(prediction, alone[number % len(images)])


def test_novel_is_past_the_threshold(predictor, images):
    threshold = predictor.metadata.novelty.threshold
    noise = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype=np.uint8)
    for prediction in predictor.predict([*images, *noise]):
        assert prediction.novel == (prediction.novelty > threshold)


def test_evidence_and_bias_part_add_up_to_the_logit(predictor, images, finished_run):
    arrays = {one.name: numpy_helper.to_array(one) for one in onnx.load(finished_run.served_model).graph.initializer}
    for prediction in predictor.predict(images):
        logits = prediction.features @ arrays["classifier.kernel"] + arrays["classifier.bias"]
        active = (prediction.features > 0) * arrays["features.bias"]
        bias_part = active @ arrays["classifier.kernel"] + arrays["classifier.bias"]
        np.testing.assert_allclose(prediction.evidence.sum(axis=(1, 2)) + bias_part, logits, atol=1e-3)
        assert np.abs(prediction.evidence).max() > 0.01
        raw = softmax(logits)
        calibrated = softmax(np.log(raw) / predictor.metadata.temperature)
        np.testing.assert_allclose(prediction.probabilities, calibrated, atol=1e-4)


def test_files_are_answered_in_order_as_if_each_were_alone_and_bad_ones_keep_their_reason(
    predictor, smears, images, tmp_path
):
    empty, wide = tmp_path / "empty.png", tmp_path / "wide.png"
    empty.touch()
    Image.fromarray(images[-1]).save(wide)
    good = sorted(smears.glob("*/*.jpg"))
    files = [empty, *good[:2], wide, *[empty] * (2 * BATCH), *good[2 : 3 + 2 * BATCH], empty]
    answers = list(predictor.predict_files(files))
    assert [path for path, _ in answers] == files
    for path, answer in answers:
        if path == empty:
            assert str(answer) == "empty file"
        else:
            assert_same(answer, predictor.predict([decode(path)])[0])


def test_whoever_stops_taking_predictions_waits_for_a_few_files_alone(predictor, smears):
    taken = []

    def files():
        for number in range(10_000):
            taken.append(number)
            yield smears / "Pro" / "pro-0001.jpg"

    answers = predictor.predict_files(files())
    next(answers)
    answers.close()
    assert len(taken) < 100 + 8 * processors()


def test_an_image_in_the_network_s_size_is_not_resized_again(images):
    for size in (32, 96):
        once = resize(images[-1], size)
        np.testing.assert_array_equal(resize(once, size), once)


def test_what_was_done_to_a_file_of_more_than_8_bits_is_said(predictor, smears, tmp_path):
    pixels = decode(smears / "Pro" / "pro-0001.jpg")[:, :, 0]
    files = [tmp_path / "8.png", tmp_path / "12.png"]
    for file, values in zip(files, (pixels, pixels.astype(np.uint16) * 16), strict=True):
        Image.fromarray(values).save(file)
    plain, deep = (answer for _, answer in predictor.predict_files(files))
    assert (plain.scaling, deep.scaling) == (
        "", "scaled to 8 bits with 4,095 as white, as the range of its values tells",
    )  # fmt: skip
    np.testing.assert_array_equal(plain.probabilities, deep.probabilities)
