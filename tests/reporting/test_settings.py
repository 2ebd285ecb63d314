"""A configuration in words."""

import pytest

from allcore.config import make_config
from allcore.config_fields import setting_text
from allcore.reporting.settings import compared_settings, settings_table


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        ("", "none"),
        (True, "on"),
        (False, "off"),
        ((0.8, 1.2), "0.8 to 1.2"),
        (1e-5, "1e-5"),
        (0.0001, "0.0001"),
        (120.0, "120"),
        (32, "32"),
    ],
)
def test_values_are_written_as_a_person_would(value, text):
    assert setting_text(value) == text


def test_papers_value_stands_where_a_setting_is_another():
    table = settings_table(make_config(dataset="smears", epochs=4, split={"protocol": "grouped"})).set_index("setting")
    assert tuple(table.loc["epochs"]) == ("4", "25")
    assert tuple(table.loc["split.protocol"]) == ("grouped", "not stated; read as random")
    assert set(table["paper"].drop(["epochs", "split.protocol"])) == {""}


def test_what_the_paper_does_not_have_is_a_departure_where_it_is_used():
    table = settings_table(
        make_config(dataset="smears", device="cpu", clip_norm=1.0, augment={"grey": 0.2, "degrees": 180.0})
    ).set_index("setting")["paper"]
    assert (table["augment.grey"], table["clip_norm"]) == ("not in the paper", "not in the paper")
    assert table["augment.degrees"] == "not stated; read as 20"
    assert (table["augment.recolour"], table["device"]) == ("", "")


def test_settings_of_several_runs_stand_side_by_side_those_that_differ_first():
    configs = {"one": make_config(dataset="d"), "other": make_config(dataset="d", image_size=96, batch_size=8)}
    table = compared_settings(configs)
    differing = table[table["differs"]]
    assert sorted(differing["setting"]) == ["batch_size", "image_size"]
    assert list(differing.index) == [0, 1]
    assert table.set_index("setting").loc["image_size", ["one", "other"]].tolist() == ["300", "96"]
