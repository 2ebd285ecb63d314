from pydantic import BaseModel

from allcore.config import make_config
from allcore.config_fields import config_fields, config_values, set_nested


def test_every_field_has_a_path_however_deep_it_lies():
    class Inner(BaseModel):
        seed: int = 1

    class Outer(BaseModel):
        first: int = 0
        inner: Inner = Inner()

    class Outermost(BaseModel):
        outer: Outer = Outer()

    assert list(config_fields(Outermost)) == ["outer.first", "outer.inner.seed"]


def test_values_set_by_their_paths_make_the_same_configuration():
    config = make_config(dataset="smears", seed=4, split={"seed": 3}, augment={"grey": 0.2, "scale": (0.8, 1.2)})
    assert make_config(**set_nested({}, config_values(config))) == config


def test_values_set_beside_a_presets_leave_the_others():
    nested = set_nested({"dataset": "smears", "augment": {"degrees": 180.0}}, {"augment.grey": 0.5, "epochs": 3})
    config = make_config(**nested)
    assert (config.augment.degrees, config.augment.grey, config.epochs) == (180.0, 0.5, 3)
