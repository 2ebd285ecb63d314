"""What augmentation does to an image: one change in words, and each operation by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from allcore.augment import IDENTITY, Change
from allcore.config import AugmentConfig

_EXAMPLE = AugmentConfig(stain_jitter=0.2)
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
    words = []
    if change.degrees:
        words.append(f"rotated {change.degrees:+.1f}°")
    if change.horizontal_flip:
        words.append("mirrored left–right")
    if change.vertical_flip:
        words.append("mirrored top–bottom")
    for dye, scale, shift in zip(("azure", "eosin"), change.stain_scale, change.stain_shift, strict=True):
        if (scale, shift) != (1.0, 0.0):
            words.append(f"{dye} × {scale:.2f} {shift:+.2f}")
    if change.grey:
        words.append("grey")
    if change.hide_scale_bar:
        words.append("corner hidden")
    if change.brightness != 1.0:
        words.append(f"brightness × {change.brightness:.2f}")
    return ", ".join(words).replace("-", "−") or "unchanged"


def operations(config: AugmentConfig) -> list[Operation]:
    """Return every operation by itself, at the ends and the middle of the range that `config` gives it.

    An operation that `config` leaves off is shown too, at the default's strength, with `in_use` False.
    """
    varies = config.brightness != (1.0, 1.0)
    low, high = config.brightness if varies else _EXAMPLE.brightness
    degrees = config.degrees or _EXAMPLE.degrees
    turns = [
        (f"{angle:+.0f}°".replace("-", "−") if angle else "0°", Change(degrees=angle))
        for angle in (-degrees, 0.0, degrees)
    ]
    factors = [(f"× {factor:.2f}", Change(brightness=factor)) for factor in sorted({low, 1.0, high})]
    stains = [(describe(change), change) for change in _stain_extremes(config.stain_jitter or _EXAMPLE.stain_jitter)]

    def operation(name: str, meaning: str, in_use: bool, *examples: tuple[str, Change]) -> Operation:
        return Operation(name, meaning, in_use, tuple(Example(*example, config.border) for example in examples))

    def alone(name: str, meaning: str, in_use: bool, change: Change) -> Operation:
        return operation(name, meaning, in_use, ("as it is", IDENTITY), (describe(change), change))

    return [
        operation("Brightness", "Every value is multiplied by one factor.", varies, *factors),
        operation("Rotation", "The image is turned about its centre.", config.degrees > 0, *turns),
        _border_modes(config, degrees),
        alone("Horizontal reflection", "Half of the images are mirrored.", config.horizontal_flip, _MIRRORED),
        alone("Vertical reflection", "Half of the images are mirrored.", config.vertical_flip, _UPSIDE_DOWN),
        operation("Stain jitter", _STAIN, config.stain_jitter > 0, ("as it is", IDENTITY), *stains),
        alone("Grey", "Without colour, shape and texture are what is left to learn.", config.grey > 0, _GREY),
        alone("Hidden scale bar", _SCALE_BAR, config.hide_scale_bar > 0, Change(hide_scale_bar=True)),
    ]


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
