"""A sweep is one recipe at several sizes."""

import pytest

from allcore.config import make_config
from allcore.errors import ConfigError
from allcore.runs.sweep import parse_sizes, sweep_configs


def test_sizes_are_read_in_the_order_given():
    assert parse_sizes("300, 250,64") == [300, 250, 64]


@pytest.mark.parametrize("text", ["", "300;250", "300,", "64,64", "64.5"])
def test_other_text_is_refused_and_repeated(text):
    with pytest.raises(ConfigError, match=r"sizes: .*received"):
        parse_sizes(text)


def test_runs_of_a_sweep_differ_in_size_alone_and_share_a_name():
    config = make_config(dataset="smears", epochs=3, split={"seed": 5}, augment={"degrees": 45})
    configs = sweep_configs(config, [64, 32])
    assert [one.image_size for one in configs] == [64, 32]
    (name,) = {one.sweep for one in configs}
    assert name is not None
    assert {one.model_copy(update={"image_size": 300, "sweep": None}) for one in configs} == {config}


def test_size_out_of_range_is_refused():
    with pytest.raises(ConfigError, match=r"image_size: .*32 \(received 16\)"):
        sweep_configs(make_config(dataset="smears"), [64, 16])
