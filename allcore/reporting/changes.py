"""What augmentation does to an image: one change in words, and each operation by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from allcore.augment import IDENTITY, Change
from allcore.config_parts import AugmentConfig

_EXAMPLE = AugmentConfig(stain_jitter=0.2, scale=(0.8, 1.25), recolour_strength=1.0)
"""How strong an operation is shown that the settings leave off."""
_MIRRORED, _UPSIDE_DOWN, _GREY = Change(horizontal_flip=True), Change(vertical_flip=True), Change(grey=True)
_STAIN = (
    "Each image gets more or less of each dye, in optical density: azure colours nuclei violet, eosin the rest pink. "
    "So the strength of a smear's stain cannot give its class away."
)
_SCALE_BAR = (
    "The lower right corner, where scale bars stand, gets the image's median colour. The bars' style differs between "
    "the classes and can give them away."
)
_TRANSPLANT = (
    "The nucleated cells are put onto the field of another training image, of any class, whose own cells are painted "
    "out. So the field cannot give the class away, and the cells must."
)
_PLAIN = "The nucleated cells are put onto a plain light grey field: they are all there is to learn from."
_RECOLOUR = (
    "The image gets the mean and the spread of colour, in Lab, of another training image of any class. So overall "
    "colour cannot give the class away."
)
_LENDERS = (0.1, 0.5, 0.9)
"""Which images lend in the examples, as shares of those that may."""


@dataclass(frozen=True)
class Example:
    """One picture of an operation: its caption, what to apply, and the border to apply it with."""

    caption: str
    change: Change
    border: str


@dataclass(frozen=True)
class Operation:
    """One operation by itself: its name and meaning, whether the settings use it, and its examples from low to high."""

    name: str
    meaning: str
    in_use: bool
    examples: tuple[Example, ...]


def describe(change: Change) -> str:
    """Return a change in words, such as 'rotated +12.3°, mirrored left–right, brightness × 0.93'."""
    dyes = zip(("azure", "eosin"), change.stain_scale, change.stain_shift, strict=True)
    words = [
        change.degrees != 0.0 and f"rotated {change.degrees:+.1f}°",
        change.scale != 1.0 and f"size × {change.scale:.2f}",
        change.horizontal_flip and "mirrored left–right",
        change.vertical_flip and "mirrored top–bottom",
        change.field_from is not None and "cells on another image's field",
        change.plain_field is not None and f"cells on plain grey {change.plain_field}",
        *((scale, shift) != (1.0, 0.0) and f"{dye} × {scale:.2f} {shift:+.2f}" for dye, scale, shift in dyes),
        change.colours_from is not None and "colours of another image",
        change.grey and "grey",
        change.hide_scale_bar and "corner hidden",
        change.brightness != 1.0 and f"brightness × {change.brightness:.2f}",
    ]
    return ", ".join(word for word in words if word).replace("-", "−") or "unchanged"


def operations(config: AugmentConfig) -> list[Operation]:
    """Return every operation by itself, at the ends and the middle of the range that `config` gives it.

    An operation that `config` leaves off is shown too, at the default's strength, with `in_use` False.
    """
    varies = config.brightness != (1.0, 1.0)
    degrees = config.degrees or _EXAMPLE.degrees
    turns = [
        (f"{angle:+.0f}°".replace("-", "−") if angle else "0°", Change(degrees=angle))
        for angle in (-degrees, 0.0, degrees)
    ]
    factors = [
        (f"× {factor:.2f}", Change(brightness=factor)) for factor in _ends(config.brightness, _EXAMPLE.brightness)
    ]
    sizes = [(f"× {factor:.2f}", Change(scale=factor)) for factor in _ends(config.scale, _EXAMPLE.scale)]
    fields = [(f"lender {n}", Change(field_from=share)) for n, share in enumerate(_LENDERS, 1)]
    colours = [
        (f"lender {n}", Change(colours_from=share, recolour_strength=config.recolour_strength))
        for n, share in enumerate(_LENDERS, 1)
    ]
    stains = [(describe(change), change) for change in _stain_extremes(config.stain_jitter or _EXAMPLE.stain_jitter)]

    def operation(name: str, meaning: str, *examples: tuple[str, Change], in_use: bool) -> Operation:
        return Operation(name, meaning, in_use, tuple(Example(*example, config.border) for example in examples))

    def alone(name: str, meaning: str, change: Change, *, in_use: bool) -> Operation:
        return operation(name, meaning, ("as it is", IDENTITY), (describe(change), change), in_use=in_use)

    return [
        operation("Brightness", "Every value is multiplied by one factor.", *factors, in_use=varies),
        operation("Rotation", "The image is turned about its centre.", *turns, in_use=config.degrees > 0),
        _border_modes(config, degrees),
        alone("Horizontal reflection", "Half of the images are mirrored.", _MIRRORED, in_use=config.horizontal_flip),
        alone("Vertical reflection", "Half of the images are mirrored.", _UPSIDE_DOWN, in_use=config.vertical_flip),
        operation("Size", "The image is magnified about its centre.", *sizes, in_use=config.scale != (1.0, 1.0)),
        operation("Transplant", _TRANSPLANT, ("as it is", IDENTITY), *fields, in_use=config.transplant > 0),
        alone("Plain field", _PLAIN, Change(plain_field=224), in_use=config.plain_field > 0),
        operation("Colours of another image", _RECOLOUR, ("as it is", IDENTITY), *colours, in_use=config.recolour > 0),
        operation("Stain jitter", _STAIN, ("as it is", IDENTITY), *stains, in_use=config.stain_jitter > 0),
        alone("Grey", "Without colour, shape and texture are what is left to learn.", _GREY, in_use=config.grey > 0),
        alone("Hidden scale bar", _SCALE_BAR, Change(hide_scale_bar=True), in_use=config.hide_scale_bar > 0),
    ]


def _ends(chosen: tuple[float, float], example: tuple[float, float]) -> list[float]:
    """Return 1 and the ends of a range of factors, from low to high; those of the example where the range is empty."""
    return sorted({1.0, *(chosen if chosen != (1.0, 1.0) else example)})


def _stain_extremes(jitter: float) -> list[Change]:
    """Return the least and the most of each dye that a jitter of this strength can draw: azure, then eosin."""
    ends = [(1 + jitter * sign, 0.2 * jitter * sign) for sign in (-1, 1)]
    azure = [Change(stain_scale=(scale, 1.0), stain_shift=(shift, 0.0)) for scale, shift in ends]
    return azure + [Change(stain_scale=(1.0, scale), stain_shift=(0.0, shift)) for scale, shift in ends]


def _border_modes(config: AugmentConfig, degrees: float) -> Operation:
    """Return what fills the corners that a rotation uncovers, in each mode."""
    modes = get_args(AugmentConfig.model_fields["border"].annotation)
    examples = tuple(
        Example(f"{mode} (these settings)" if mode == config.border else mode, Change(degrees=degrees), mode)
        for mode in modes
    )
    meaning = "What fills the corners that the image leaves when it is turned."
    return Operation("Border that a rotation uncovers", meaning, config.degrees > 0, examples)
