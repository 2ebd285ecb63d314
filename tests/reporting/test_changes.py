import pytest

from allcore.augment import IDENTITY, Change, draw_change
from allcore.config_parts import AugmentConfig
from allcore.reporting.changes import describe, operations


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (IDENTITY, "unchanged"),
        (Change(degrees=-12.34), "rotated −12.3°"),
        (Change(horizontal_flip=True, vertical_flip=True), "mirrored left–right, mirrored top–bottom"),
        (Change(brightness=0.875), "brightness × 0.88"),
        (Change(stain_scale=(1.1, 1.0), stain_shift=(0.0, -0.02)), "azure × 1.10 +0.00, eosin × 1.00 −0.02"),
        (Change(grey=True, hide_scale_bar=True), "grey, corner hidden"),
        (Change(scale=0.85, field_from=0.0), "size × 0.85, cells on another image's field"),
        (Change(plain_field=200, colours_from=0.0), "cells on plain grey 200, colours of another image"),
    ],
)
def test_a_change_in_words(change, words):
    assert describe(change) == words


def by_name(config: AugmentConfig) -> dict:
    return {operation.name: operation for operation in operations(config)}


def test_each_operation_changes_nothing_but_its_own():
    fields = {
        "Brightness": {"brightness"}, "Rotation": {"degrees"}, "Border that a rotation uncovers": {"degrees"},
        "Horizontal reflection": {"horizontal_flip"}, "Vertical reflection": {"vertical_flip"},
        "Size": {"scale"}, "Transplant": {"field_from"}, "Plain field": {"plain_field"},
        "Colours of another image": {"colours_from"},
        "Stain jitter": {"stain_scale", "stain_shift"}, "Grey": {"grey"}, "Hidden scale bar": {"hide_scale_bar"},
    }  # fmt: skip
    for name, operation in by_name(AugmentConfig()).items():
        changed = {
            field
            for example in operation.examples
            for field in vars(IDENTITY)
            if getattr(example.change, field) != getattr(IDENTITY, field)
        }
        assert changed == fields.pop(name)
    assert not fields


def test_the_papers_settings_are_shown_at_the_ends_and_the_middle():
    shown = by_name(AugmentConfig())
    assert [example.change.brightness for example in shown["Brightness"].examples] == [0.8, 1.0, 1.2]
    assert [example.change.degrees for example in shown["Rotation"].examples] == [-20.0, 0.0, 20.0]
    assert [example.caption for example in shown["Rotation"].examples] == ["−20°", "0°", "+20°"]


def test_the_ends_are_those_of_the_settings():
    shown = by_name(AugmentConfig(brightness=(1.1, 1.5), degrees=90, stain_jitter=0.4))
    assert [example.change.brightness for example in shown["Brightness"].examples] == [1.0, 1.1, 1.5]
    assert shown["Rotation"].examples[2].change.degrees == 90
    scales = [example.change.stain_scale for example in shown["Stain jitter"].examples]
    assert scales == [(1, 1), (0.6, 1), (1.4, 1), (1, 0.6), (1, 1.4)]


def test_jitter_is_shown_as_far_as_it_can_be_drawn():
    config = AugmentConfig(stain_jitter=0.4)
    drawn = [draw_change(config, 0, 0, index) for index in range(2_000)]
    examples = [example.change for example in by_name(config)["Stain jitter"].examples]
    for dye, (least, most) in enumerate([examples[1:3], examples[3:5]]):
        for of in ("stain_scale", "stain_shift"):
            values = [getattr(change, of)[dye] for change in drawn]
            assert min(values) == pytest.approx(getattr(least, of)[dye], abs=0.01)
            assert max(values) == pytest.approx(getattr(most, of)[dye], abs=0.01)


def test_each_dye_is_shown_alone_and_named():
    captions = [example.caption for example in by_name(AugmentConfig(stain_jitter=0.3))["Stain jitter"].examples]
    assert captions == ["as it is", "azure × 0.70 −0.06", "azure × 1.30 +0.06", "eosin × 0.70 −0.06",
                        "eosin × 1.30 +0.06"]  # fmt: skip


def test_every_operation_says_what_it_means():
    assert all(operation.meaning.endswith(".") for operation in operations(AugmentConfig()))


def test_what_the_settings_leave_off_is_shown_and_said_to_be_off():
    nothing = AugmentConfig(brightness=(1.0, 1.0), degrees=0.0, horizontal_flip=False, vertical_flip=False)
    shown = by_name(nothing)
    assert not any(operation.in_use for operation in shown.values())
    assert all(len({example.change for example in operation.examples}) > 1 or operation.name.startswith("Border")
               for operation in shown.values())  # fmt: skip


def test_every_border_is_shown_and_that_of_the_settings_marked():
    examples = by_name(AugmentConfig(border="white"))["Border that a rotation uncovers"].examples
    assert [example.border for example in examples] == ["reflect", "replicate", "white"]
    assert [example.caption for example in examples if "these settings" in example.caption] == [
        "white (these settings)"
    ]
