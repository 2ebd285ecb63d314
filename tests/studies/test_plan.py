"""A study's plan: its grid, how it is typed, and how it grows."""

import json

import pytest

from allcore.config import make_config, parse_config
from allcore.config_fields import config_values
from allcore.errors import ConfigError
from allcore.studies.plan import StudyPlan, make_plan, parse_numbers, parse_varied, parse_vary, value_text

GROUPED = make_config(dataset="smears", epochs=3, split={"protocol": "grouped", "folds": 3})


def plan(**fields: object) -> StudyPlan:
    """Return a plan of two sizes, three folds and two seeds, but for what is given."""
    begin = {"name": "sizes", "config": GROUPED, "seeds": (0, 1), "folds": (1, 2, 3), "vary": {"image_size": [64, 32]}}
    return make_plan(**{**begin, **fields})


def test_every_combination_of_seeds_folds_and_values_has_one_place():
    places = plan().places
    assert len(places) == plan().members == 12
    assert {(one.seed, one.fold, one.setting) for one in places} == {
        (seed, fold, setting) for seed in (0, 1) for fold in (1, 2, 3) for setting in ("image_size=64", "image_size=32")
    }
    assert len({one.name for one in places}) == 12


def test_a_member_differs_from_the_study_in_its_place_alone():
    place = plan().places[-1]
    assert place.name == "image_size=32 fold=3 seed=1"
    assert (place.config.study, place.config.place) == ("sizes", place.name)
    assert (place.config.image_size, place.config.seed) == (32, 1)
    assert (place.config.split.seed, place.config.split.fold) == (1, 3)
    as_before = {"image_size": 300, "seed": 0, "study": None, "place": None, "split": GROUPED.split}
    assert place.config.model_copy(update=as_before) == GROUPED


def test_what_is_varied_comes_last_so_that_a_fold_is_soon_complete():
    assert [(one.seed, one.fold, one.setting[-2:]) for one in plan().places[:4]] == [
        (0, 1, "64"),
        (0, 1, "32"),
        (0, 2, "64"),
        (0, 2, "32"),
    ]


def test_each_of_several_networks_learns_in_its_own_layers_unless_it_is_the_studys_own():
    common = make_config(dataset="smears", trainable_from="block3_conv1")
    name, values = parse_vary("network=vgg16,resnet50", common)
    configs = [place.config for place in make_plan(name="networks", config=common, vary={name: values}).places]
    assert [(one.network, one.trainable_from, one.trainable_to) for one in configs] == [
        ("vgg16", "block3_conv1", "block4_conv3"),
        ("resnet50", "conv1", "conv4"),
    ]


def test_layers_that_one_of_several_networks_lacks_are_refused():
    common = make_config(dataset="smears", network="resnet50")
    with pytest.raises(ConfigError, match="trainable_from: unknown layer; expected one of block1_conv1"):
        make_plan(name="n", config=common, vary={"network": ["resnet50", "vgg16"], "trainable_from": ["conv2"]})


def test_without_folds_and_varied_fields_seeds_alone_are_the_grid():
    places = make_plan(name="seeds", config=make_config(dataset="smears"), seeds=(3, 4)).places
    assert [(one.name, one.setting, one.fold) for one in places] == [("seed=3", "", None), ("seed=4", "", None)]


def test_a_plan_comes_back_from_json_as_it_was():
    given = plan(vary={"augment.brightness": [[0.8, 1.2], [1.0, 1.0]], "early_stopping": [None, 3]})
    fields = json.loads(given.to_json())
    again = make_plan(**{**fields, "config": parse_config(fields["config"], "study.json")})
    assert again == given
    assert again.places == given.places


def test_more_seeds_folds_and_values_leave_every_place_that_was_there():
    begin = plan(seeds=(0,), folds=(1, 2))
    more = begin.extended(seeds=[5], folds=[3], vary={"image_size": [96, 32]})
    assert {place.name: place.config for place in begin.places}.items() <= {
        place.name: place.config for place in more.places
    }.items()
    assert (more.seeds, more.folds, more.vary) == ((0, 5), (1, 2, 3), {"image_size": [64, 32, 96]})


def test_another_field_would_give_all_members_other_places_and_is_refused():
    with pytest.raises(ConfigError, match=r"dropout: study sizes varies image_size; .*make another study"):
        plan().extended(vary={"dropout": [0.5]})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "../sizes"}, "name: expected up to 80 letters"),
        ({"seeds": (0, 0)}, "seeds: expected each value once"),
        ({"folds": (1, 4)}, "folds: expected some of the split's 3 folds"),
        ({"folds": ()}, "folds: expected some of the split's 3 folds"),
        ({"vary": {"image_size": []}}, "image_size: expected each value once, and one at least"),
        ({"vary": {"image_size": [64, 16]}}, "image_size: input should be greater"),
        ({"vary": {"warmup_epochs": [0, 3]}}, "expected fewer warmup_epochs than epochs"),
        ({"seeds": tuple(range(2000))}, "at most 10,000 members; these are 12,000"),
    ],
)
def test_what_makes_no_grid_is_refused_before_anything_is_made(fields, message):
    with pytest.raises(ConfigError, match=message):
        plan(**fields)


@pytest.mark.parametrize(
    ("text", "path", "values"),
    [
        ("image_size=64,96", "image_size", [64, 96]),
        ("--image-size=64, 96", "image_size", [64, 96]),
        ("stain-jitter=0,0.1", "augment.stain_jitter", [0.0, 0.1]),
        ("augment.stain_jitter=0.2", "augment.stain_jitter", [0.2]),
        ("brightness=0.8 1.2,1 1", "augment.brightness", [[0.8, 1.2], [1.0, 1.0]]),
        ("split=random,grouped", "split.protocol", ["random", "grouped"]),
        ("network=resnet50,vgg16", "network", ["resnet50", "vgg16"]),
        ("early-stopping=none,3", "early_stopping", [None, 3]),
        ("class-weights=none,balanced", "class_weights", ["none", "balanced"]),
        ("split.groups=none,t.csv", "split.groups", [None, "t.csv"]),
        ("horizontal_flip=on,off", "augment.horizontal_flip", [True, False]),
    ],
)
def test_a_setting_and_its_values_are_read_as_its_option_reads_them(text, path, values):
    assert parse_vary(text, GROUPED) == (path, values)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image_size", "expected a setting and its values"),
        ("colour=1", "expected a setting and its values"),
        ("dataset=a,b", "expected a setting and its values"),
        ("seed=0,1", "given by the study's own seeds"),
        ("folds=3,5", "given by the study's own seeds"),
        ("image_size=64,big", "image_size: .*valid integer"),
    ],
)
def test_what_is_no_setting_or_no_value_of_it_is_refused(text, message):
    with pytest.raises(ConfigError, match=message):
        parse_vary(text, GROUPED)


def test_every_setting_can_be_varied_by_its_path_but_those_that_a_place_gives():
    of_places = {"dataset", "study", "place", "seed", "split.seed", "split.folds", "split.fold"}
    for path, value in config_values(GROUPED).items():
        several = isinstance(value, tuple)
        text = " ".join(map(value_text, value)) if several else value_text(value)
        if path in of_places:
            with pytest.raises(ConfigError, match="vary: "):
                parse_vary(f"{path}={text}", GROUPED)
        else:
            assert parse_vary(f"{path}={text}", GROUPED) == (path, [list(value) if several else value])


def test_a_setting_is_varied_once_by_whichever_of_its_names():
    varied = {"image_size": [64], "augment.stain_jitter": [0.0]}
    assert parse_varied(["image_size=64", "stain-jitter=0"], GROUPED) == varied
    for again in ("image_size=96", "--image-size=64", "augment.stain_jitter=0.1"):
        with pytest.raises(ConfigError, match=f"vary: expected each setting once.*'{again}'"):
            parse_varied(["image_size=64", "stain-jitter=0", again], GROUPED)


@pytest.mark.parametrize(("text", "numbers"), [("0", [0]), ("0,2", [0, 2]), ("1-3,7", [1, 2, 3, 7])])
def test_numbers_and_ranges_of_them_are_read(text, numbers):
    assert parse_numbers(text, "seeds") == numbers


def test_more_numbers_than_a_study_can_have_members_are_refused_before_they_are_made():
    assert len(parse_numbers("0-4999,6000-10999", "seeds")) == 10_000
    for text in ("0-10000", "0-5000,6000-10999", "0-99999999999999"):  # the last one would not fit into memory
        with pytest.raises(ConfigError, match=f"seeds: expected 10,000 numbers at most, .*'{text}'"):
            parse_numbers(text, "seeds")


@pytest.mark.parametrize("text", ["", "a", "1,1", "3-1", "0,3-1", "-1", "1,", "1-2-3x"])
def test_other_texts_are_no_numbers(text):
    with pytest.raises(ConfigError, match="seeds: expected whole numbers, each once"):
        parse_numbers(text, "seeds")


def test_values_that_differ_little_have_names_that_differ(tiny_config):
    rates = [1.0000001e-5, 1.0000002e-5, 1e-5]
    plan = make_plan(name="rates", config=tiny_config(), vary={"learning_rate": rates})
    assert len({place.name for place in plan.places}) == 3
    assert plan.places[-1].name.startswith("learning_rate=1e-05")
