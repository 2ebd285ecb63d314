import json
import math

import pytest
from pydantic import ValidationError

from allcore import paper
from allcore.config import CONFIG_SCHEMA, TrainConfig, make_config, read_config
from allcore.config_fields import config_fields, set_nested
from allcore.errors import ConfigError
from allcore.networks.registry import TRUNKS
from allcore.networks.vgg16 import CONVOLUTIONS
from allcore.presets import PRESETS

EVERY_FIELD = {
    "dataset": "smears", "variant": "Original", "labels": "corrected", "image_size": 96,
    "epochs": 3, "batch_size": 8, "learning_rate": 0.001,
    "learning_rate_schedule": "cosine", "warmup_epochs": 1, "clip_norm": 1.0, "optimizer": "sgd", "early_stopping": 2,
    "keep": "last", "class_weights": "balanced",
    "network": "resnet50", "weights": "random", "trainable_from": "conv2", "trainable_to": "conv5",
    "head": "gap",
    "dense_units": 64, "dropout": 0.0, "seed": 9, "device": "cpu", "precision": "float32", "micro_batch_size": 4,
    "checkpoint_minutes": 0.5, "study": "sizes", "place": "fold=2",
    "split": {"protocol": "patient", "train": 0.6, "validation": 0.15, "test": 0.25, "seed": 4, "groups": "p.csv",
              "folds": 5, "fold": 2},
    "augment": {
        "brightness": [0.9, 1.1], "degrees": 180.0, "horizontal_flip": False, "vertical_flip": False,
        "border": "white", "stain_jitter": 0.1, "grey": 0.2, "hide_scale_bar": 0.3,
        "scale": [0.8, 1.25], "transplant": 0.5, "plain_field": 0.1, "recolour": 0.4, "recolour_strength": 0.9,
    },
}  # fmt: skip


def test_the_defaults_are_the_papers():
    config = make_config(dataset="smears")
    assert config.image_size == paper.TABLE_1[0].image_size
    assert (config.epochs, config.batch_size, config.learning_rate, config.optimizer) == (25, 32, 1e-5, "adam")
    assert (config.weights, config.head, config.dense_units, config.dropout) == ("imagenet", "flatten", 1024, 0.25)
    assert (config.learning_rate_schedule, config.class_weights, config.early_stopping) == ("constant", "none", None)
    assert config.keep == "best"
    assert config.augment.brightness == (0.8, 1.2)
    assert (config.augment.horizontal_flip, config.augment.vertical_flip, config.augment.degrees) == (True, True, 20.0)
    assert (config.augment.stain_jitter, config.augment.grey, config.augment.hide_scale_bar) == (0.0, 0.0, 0.0)
    assert not config.augment.changes_fields
    assert not config.augment.borrows
    assert config.augment.scale == (1.0, 1.0)
    assert (config.warmup_epochs, config.clip_norm) == (0, None)
    assert (config.split.protocol, config.split.train, config.split.validation) == ("random", 0.8, 0.1)


def test_by_default_block_5_stays_frozen_and_all_before_it_is_trained():
    learning = [stage.name for stage in make_config(dataset="smears").fine_tuned]
    assert learning == [convolution.name for convolution in CONVOLUTIONS[:10]]
    assert learning[-1] == "block4_conv3"


@pytest.mark.parametrize(("name", "trunk"), TRUNKS.items())
def test_each_network_brings_the_range_that_is_fine_tuned(name, trunk):
    config = make_config(dataset="smears", network=name)
    assert (config.trainable_from, config.trainable_to) == trunk.fine_tuned
    assert [stage.name for stage in config.fine_tuned][-1] != trunk.stage_names[-1]
    alone = make_config(dataset="smears", network=name, trainable_from=trunk.stage_names[1])
    assert (alone.trainable_from, alone.trainable_to) == (trunk.stage_names[1], trunk.fine_tuned[1])


def test_networks_are_known_and_have_layers_of_their_own():
    with pytest.raises(ConfigError, match=r"network: unknown network; expected one of vgg16, .*'alexnet'"):
        make_config(dataset="smears", network="alexnet")
    with pytest.raises(ConfigError, match="trainable_to: unknown layer; expected one of conv1, conv2, "):
        make_config(dataset="smears", network="resnet50", trainable_to="block4_conv3")


def test_configuration_from_before_there_were_networks_is_of_vgg16(tmp_path):
    fields = json.loads(make_config(dataset="smears", trainable_from="block2_conv1").to_json())
    del fields["network"]
    (tmp_path / "config.json").write_text(json.dumps(fields), encoding="utf-8")
    assert read_config(tmp_path / "config.json") == make_config(dataset="smears", trainable_from="block2_conv1")


def test_one_layer_alone_can_be_trained():
    config = make_config(dataset="smears", trainable_from="block3_conv2", trainable_to="block3_conv2")
    assert [stage.name for stage in config.fine_tuned] == ["block3_conv2"]


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_valid(preset):
    assert make_config(dataset="smears", **PRESETS[preset]).dataset == "smears"


@pytest.mark.parametrize(
    ("field", "received", "expected"),
    [
        ("image_size", 31, "greater than or equal to 32"),
        ("image_size", 1025, "less than or equal to 1024"),
        ("image_size", 96.5, "valid integer"),
        ("epochs", 0, "greater than or equal to 1"),
        ("batch_size", 0, "greater than or equal to 1"),
        ("learning_rate", -1e-5, "greater than 0"),
        ("learning_rate", 0, "greater than 0"),
        ("learning_rate", math.nan, "finite number"),
        ("learning_rate_schedule", "step", "'constant', 'cosine' or 'plateau'"),
        ("optimizer", "lion", "'adam', 'adamw' or 'sgd'"),
        ("early_stopping", 0, "greater than or equal to 1"),
        ("class_weights", "some", "'none' or 'balanced'"),
        ("trainable_from", "block6_conv1", "unknown layer; expected one of block1_conv1, .*, block5_conv3"),
        ("trainable_to", "fc1", "unknown layer; expected one of block1_conv1"),
        ("head", "attention", "'flatten' or 'gap'"),
        ("dense_units", 0, "greater than or equal to 1"),
        ("dropout", 1.0, "less than 1"),
        ("dropout", -0.1, "greater than or equal to 0"),
        ("seed", -1, "greater than or equal to 0"),
        ("seed", 2**32, "less than 4294967296"),
        ("device", "tpu", "'auto', 'cpu' or 'gpu'"),
        ("devices", 0, "greater than or equal to 1"),
        ("precision", "int8", "'auto', 'float32', 'mixed_bfloat16' or 'mixed_float16'"),
        ("micro_batch_size", 0, "greater than or equal to 1"),
        ("checkpoint_minutes", 0, "greater than 0"),
        ("checkpoint_minutes", math.inf, "finite number"),
        ("split.protocol", "blocks", "'random', 'grouped', 'stain', 'patient' or 'folders'"),
        ("split.test", 1.0, "less than 1"),
        ("split.seed", -1, "greater than or equal to 0"),
        ("split.folds", 1, "greater than or equal to 2"),
        ("split.fold", 0, "greater than or equal to 1"),
        ("augment.brightness", (1.2, 0.8), "expected 0 < low <= high <= 4"),
        ("augment.brightness", (0.0, 1.0), "expected 0 < low <= high <= 4"),
        ("augment.brightness", (1.0, 4.1), "expected 0 < low <= high <= 4"),
        ("augment.degrees", -1.0, "greater than or equal to 0"),
        ("augment.degrees", 181.0, "less than or equal to 180"),
        ("augment.border", "black", "'reflect', 'replicate' or 'white'"),
        ("augment.stain_jitter", 1.1, "less than or equal to 1"),
        ("augment.grey", 2.0, "less than or equal to 1"),
        ("augment.hide_scale_bar", -0.5, "greater than or equal to 0"),
        ("augment.scale", (0.2, 1.0), "expected 0.25 <= low <= high <= 4"),
        ("augment.transplant", 1.5, "less than or equal to 1"),
        ("warmup_epochs", -1, "greater than or equal to 0"),
        ("clip_norm", 0.0, "greater than 0"),
    ],
)
def test_a_field_out_of_range_is_named_with_what_was_received_and_what_is_expected(field, received, expected):
    *part, name = field.split(".")
    fields = {part[0]: {name: received}} if part else {name: received}
    with pytest.raises(ConfigError, match=rf"^{field}: .*{expected}.*\(received {_escaped(received)}\)$"):
        make_config(dataset="smears", **fields)


def _escaped(value: object) -> str:
    return repr(value).replace("(", r"\(").replace(")", r"\)").replace(".", r"\.")


def test_every_wrong_field_is_named_at_once():
    with pytest.raises(ConfigError, match=r"image_size: .*received 8.*; epochs: .*received -1"):
        make_config(dataset="smears", image_size=8, epochs=-1)


def test_a_missing_dataset_is_named():
    with pytest.raises(ConfigError, match=r"^dataset: missing$"):
        make_config()


def test_a_field_that_is_none_is_refused_by_name():
    with pytest.raises(ConfigError, match=r"^augment\.rotation: .*not permitted \(received 20\)"):
        make_config(dataset="smears", augment={"rotation": 20})


@pytest.mark.parametrize(
    ("split", "received"),
    [
        ({"test": 0.2}, r"0\.8 \+ 0\.1 \+ 0\.2 = 1\.1"),
        ({"train": 0.5}, r"0\.5 \+ 0\.1 \+ 0\.1 = 0\.7"),
        ({"train": 0.9, "test": 0.0}, r"0\.9 \+ 0\.1 \+ 0 = 1"),
    ],
)
def test_fractions_that_leave_a_part_empty_or_do_not_sum_to_1_are_refused_with_their_sum(split, received):
    with pytest.raises(ConfigError, match=rf"^split: .*must each be above 0 and sum to 1, received {received}$"):
        make_config(dataset="smears", split=split)


def test_fractions_that_sum_to_1_but_for_rounding_are_taken():
    third = {"train": 0.7, "validation": 0.2, "test": 0.1}
    assert sum(third.values()) != 1.0
    assert make_config(dataset="smears", split=third).split.test == 0.1


def test_the_patient_protocol_asks_for_its_table():
    with pytest.raises(ConfigError, match=r"^split: protocol 'patient' needs groups: a CSV with columns file and pat"):
        make_config(dataset="smears", split={"protocol": "patient"})


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ({"folds": 5, "fold": 6}, "expected fold to be at most folds, received fold 6 of 5"),
        ({"fold": 2}, "expected fold to be at most folds, received fold 2 of none"),
        ({"folds": 5, "protocol": "folders"}, "folds need another protocol"),
    ],
)
def test_a_fold_is_one_of_the_folds_of_a_protocol_that_can_have_them(split, message):
    with pytest.raises(ConfigError, match=rf"^split: .*{message}"):
        make_config(dataset="smears", split=split)


def test_an_image_gets_one_field():
    with pytest.raises(ConfigError, match=r"^augment: .*transplant \+ plain_field of at most 1, received 0\.7 \+ 0\.4"):
        make_config(dataset="smears", augment={"transplant": 0.7, "plain_field": 0.4})


def test_a_warm_up_ends_before_training_does():
    with pytest.raises(ConfigError, match="expected fewer warmup_epochs than epochs, received 3 of 3"):
        make_config(dataset="smears", epochs=3, warmup_epochs=3)


def test_a_range_of_layers_that_ends_before_it_begins_is_refused():
    with pytest.raises(ConfigError, match="trainable_from block4_conv1 comes after trainable_to block2_conv2"):
        make_config(dataset="smears", trainable_from="block4_conv1", trainable_to="block2_conv2")


def test_a_configuration_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        make_config(dataset="smears").epochs = 3


def test_the_fields_of_this_test_are_all_there_are_and_none_has_its_default():
    config, default = make_config(**EVERY_FIELD), make_config(dataset="")
    for one, other in ((config, default), (config.split, default.split), (config.augment, default.augment)):
        assert all(getattr(one, name) != getattr(other, name) for name in set(type(one).model_fields) - {"devices"})


@pytest.mark.parametrize("fields", [{"dataset": "smears"}, EVERY_FIELD, {"dataset": "smears", "devices": 2}])
def test_a_configuration_comes_back_from_json_as_it_was(tmp_path, fields):
    config = make_config(**fields)
    (tmp_path / "config.json").write_text(config.to_json(), encoding="utf-8")
    assert read_config(tmp_path / "config.json") == config


@pytest.mark.parametrize("fields", [{"device": "cpu"}, {"clip_norm": 1.0}, {"network": "resnet50"}])
def test_what_needs_the_whole_batch_on_one_device_is_refused_several(fields):
    with pytest.raises(ConfigError, match="one device, 2 were asked for"):
        make_config(dataset="smears", devices=2, **fields)


def test_json_has_the_schemas_number():
    assert json.loads(make_config(dataset="smears").to_json())["schema"] == CONFIG_SCHEMA


@pytest.mark.parametrize("schema", [CONFIG_SCHEMA + 1, "1", None])
def test_another_schema_is_refused_even_if_the_fields_would_do(tmp_path, schema):
    fields = json.loads(make_config(dataset="smears").to_json()) | {"schema": schema}
    (tmp_path / "config.json").write_text(json.dumps(fields), encoding="utf-8")
    with pytest.raises(
        ConfigError, match=rf"config\.json has schema {schema!r}, this version reads 2; use the version"
    ):
        read_config(tmp_path / "config.json")


def test_a_configuration_of_a_sweep_is_one_of_the_study_of_its_name(tmp_path):
    fields = json.loads(make_config(dataset="smears").to_json()) | {"schema": 1, "sweep": "sizes"}
    del fields["study"], fields["place"]
    (tmp_path / "config.json").write_text(json.dumps(fields), encoding="utf-8")
    assert read_config(tmp_path / "config.json") == make_config(dataset="smears", study="sizes")


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", '"schema"', '{"dataset": "smears"}', "\ufffd"])
def test_a_damaged_file_is_refused_by_name(tmp_path, text):
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"^config\.json cannot be read \(it is not"):
        read_config(tmp_path / "config.json")


def test_bytes_that_are_no_text_are_refused_by_name(tmp_path):
    (tmp_path / "config.json").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(ConfigError, match=r"^config\.json cannot be read"):
        read_config(tmp_path / "config.json")


def test_a_field_altered_by_hand_is_named(tmp_path):
    fields = json.loads(make_config(dataset="smears").to_json()) | {"epochs": 0}
    (tmp_path / "config.json").write_text(json.dumps(fields), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"^epochs: .*\(received 0\)$"):
        read_config(tmp_path / "config.json")


def test_every_field_says_what_it_is():
    for model in (TrainConfig, *(type(getattr(make_config(dataset="x"), part)) for part in ("split", "augment"))):
        undescribed = [name for name, field in model.model_fields.items() if not field.description]
        assert set(undescribed) <= {"split", "augment"}


@pytest.mark.parametrize(
    "path", [path for path, field in config_fields().items() if field.annotation in (str, str | None)]
)
def test_a_text_that_no_file_of_the_run_could_hold_is_refused_whatever_field_has_it(path):
    with pytest.raises(ConfigError, match=rf"^{path}: .*(valid UTF-8|expected)"):
        make_config(**set_nested({"dataset": "smears"}, {path: "n\udce9"}))
