"""What the paper is read as saying is what is done here."""

import pytest

from allcore import paper
from allcore.config import make_config
from allcore.config_fields import config_fields, setting_text
from allcore.config_parts import AugmentConfig
from allcore.data.synthetic import SyntheticSpec

HERE = {reading.topic: reading.here for reading in paper.OPEN_READINGS}


def test_synthetic_smears_have_the_papers_classes():
    assert SyntheticSpec().classes == paper.CLASSES


@pytest.mark.parametrize("path", sorted(paper.STATED | paper.READ))
def test_a_setting_of_the_papers_is_one_of_the_configuration_and_its_default_is_said(path):
    default = setting_text(config_fields()[path].default)
    assert paper.says_of_setting(path, default).endswith(default)


@pytest.mark.parametrize("name", sorted(paper.AUGMENTATION))
def test_what_the_paper_says_of_augmentation_is_the_default_here(name):
    default = getattr(AugmentConfig(), name)
    shown = f"±{default:g}°" if name == "degrees" else setting_text(default)
    assert paper.AUGMENTATION[name].endswith(shown)


@pytest.mark.parametrize("name", sorted(set(AugmentConfig.model_fields) - set(paper.AUGMENTATION)))
def test_operations_that_are_not_the_papers_change_nothing_by_default(name):
    default = getattr(AugmentConfig(), name)
    assert default in (0, (1, 1)) or name == "recolour_strength"


def test_what_is_done_where_the_paper_is_open_is_the_default_here():
    config = make_config(dataset="smears")
    assert f"{config.weights} weights;" in HERE["Initial weights"].lower()
    assert "block 5 stay frozen" in HERE["Fine-tuned layers"]
    assert not any(stage.name.startswith("block5") for stage in config.fine_tuned)
    assert f"rate {config.dropout:g}" in HERE["Dropout"]
    assert (
        HERE["Optimizer, rotation, border, averaging"]
        .lower()
        .startswith(f"{config.optimizer}, rotation within ±{config.augment.degrees:g}°, {config.augment.border}")
    )
    assert f"{100 * config.split.test:g} %" in HERE["Test split"]
