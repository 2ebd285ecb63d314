"""What a served file says of itself comes back as it was written, or is refused with the reason."""

import json

import numpy as np
import pytest

from allcore.errors import ModelFileError
from allcore.inference.metadata import KEY, METADATA_SCHEMA, decode_array, encode_array, from_properties, to_properties
from allcore.networks.registry import TRUNKS
from tests.inference.conftest import toy_metadata


def changed(**fields):
    """Return the toy's properties with fields of the JSON replaced; None leaves a field out."""
    written = json.loads(to_properties(toy_metadata())[KEY]) | fields
    return {KEY: json.dumps({name: value for name, value in written.items() if value is not None})}


def test_metadata_comes_back_as_written():
    assert from_properties(to_properties(toy_metadata())) == toy_metadata()


def test_description_written_before_a_field_was_there_is_read():
    older = changed(title=None, command=None, arithmetic=None, agreement=None)
    assert from_properties(older) == toy_metadata()


def test_description_of_schema_1_is_read_as_one_that_knows_no_colours():
    novelty = toy_metadata().novelty.model_dump(exclude={"colour_means", "colour_whitening"})
    read = from_properties(changed(schema_number=1, novelty=novelty, held_out=None))
    assert read.novelty.colour_means == read.novelty.colour_whitening == ""
    assert read.model_copy(update={"novelty": None, "schema_number": 2}) == toy_metadata().model_copy(
        update={"novelty": None}
    )


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({}, "was not written by ALLscope"),
        ({KEY: "{"}, "description is damaged"),
        ({KEY: "[1]"}, "has schema None"),
        ({KEY: "[" * 10_000}, r"description is damaged \(it is not JSON text\)"),
        (
            changed(schema_number=99),
            f"has schema 99, this version reads {METADATA_SCHEMA}; use the version that wrote it",
        ),
        (changed(classes=None), r"description is damaged \(classes\)"),
        (changed(classes=["Pro", "Pro"]), r"description is damaged \(classes\)"),
        (changed(classes=["Pro"]), r"description is damaged \(classes\)"),
        (changed(arithmetic="float8"), r"description is damaged \(arithmetic\)"),
        (changed(temperature=0), r"description is damaged \(temperature\)"),
        (
            changed(config={"network": "vgg19"}),
            "network is 'vgg19', this version knows vgg16, .*; use the version that wrote it",
        ),
        (changed(image_size=3, card=None), r"description is damaged \(image_size, card\)"),
    ],
)
def test_what_is_not_a_description_is_refused_with_the_reason(properties, reason):
    with pytest.raises(ModelFileError, match=reason):
        from_properties(properties)


@pytest.mark.parametrize(("config", "network"), [({}, "vgg16"), ({"network": "resnet50"}, "resnet50")])
def test_network_is_the_one_of_the_configuration_and_vgg16_where_it_names_none(config, network):
    assert from_properties(changed(config=config)).trunk is TRUNKS[network]


def test_newer_schema_is_named_even_where_its_fields_are_others():
    newer = METADATA_SCHEMA + 1
    with pytest.raises(ModelFileError, match=f"has schema {newer}"):
        from_properties({KEY: json.dumps({"schema_number": newer, "labels": []})})


@pytest.mark.parametrize("shape", [(0,), (5,), (3, 4)])
def test_arrays_survive_as_float32(shape):
    array = np.random.default_rng(0).normal(size=shape)
    columns = shape[1] if len(shape) == 2 else None
    np.testing.assert_array_equal(decode_array(encode_array(array), columns), array.astype(np.float32))


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("not base64!", None),
        (encode_array(np.ones(4))[:-2], None),
        (encode_array(np.ones(4)), 3),
        (encode_array(np.array([1.0, np.nan])), None),
        (encode_array(np.array([1.0, np.inf])), None),
    ],
)
def test_damaged_array_is_refused(text, columns):
    with pytest.raises(ModelFileError, match="an array in the model's description is damaged"):
        decode_array(text, columns)


@pytest.mark.parametrize(("digest", "split"), [("a", "train"), ("b", "test"), ("c", None)])
def test_split_of_a_file_is_known_by_its_content(digest, split):
    assert toy_metadata().split_of(digest * 64) == split
