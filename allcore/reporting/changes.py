"""What augmentation does to an image: one change in words, and each operation by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from allcore.augment import IDENTITY, Change
from allcore.config import AugmentConfig

_EXAMPLE = AugmentConfig(stain_jitter=0.2)
"""How strong an operation is shown that the settings leave off."""


@dataclass(frozen=True)
class Example:
    """One picture of an operation: its caption, what to apply, and the border to apply it with."""

    caption: str
    change: Change
    border: str


@dataclass(frozen=True)
class Operation:
    """One operation by itself: what it is called, whether the settings use it, and its examples from low to high."""

    name: str
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
    jitter = config.stain_jitter or _EXAMPLE.stain_jitter
    weak, strong = (Change(stain_scale=(1 + j, 1 + j), stain_shift=(0.2 * j, 0.2 * j)) for j in (-jitter, jitter))
    factors = sorted({low, 1.0, high})
    as_it_is = ("as it is", IDENTITY)

    def operation(name: str, in_use: bool, *examples: tuple[str, Change]) -> Operation:
        return Operation(name, in_use, tuple(Example(caption, change, config.border) for caption, change in examples))

    return [
        operation("Brightness", varies, *((f"× {factor:.2f}", Change(brightness=factor)) for factor in factors)),
        operation(
            "Rotation",
            config.degrees > 0,
            *(
                (f"{angle:+.0f}°".replace("-", "−") if angle else "0°", Change(degrees=angle))
                for angle in (-degrees, 0.0, degrees)
            ),
        ),
        _border_modes(config, degrees),
        operation(
            "Horizontal reflection",
            config.horizontal_flip,
            as_it_is,
            ("mirrored left–right", Change(horizontal_flip=True)),
        ),
        operation(
            "Vertical reflection", config.vertical_flip, as_it_is, ("mirrored top–bottom", Change(vertical_flip=True))
        ),
        operation(
            "Stain jitter",
            config.stain_jitter > 0,
            (f"both stains × {1 - jitter:.2f}", weak),
            as_it_is,
            (f"both stains × {1 + jitter:.2f}", strong),
        ),
        operation("Grey", config.grey > 0, as_it_is, ("grey", Change(grey=True))),
        operation(
            "Hidden scale bar", config.hide_scale_bar > 0, as_it_is, ("corner hidden", Change(hide_scale_bar=True))
        ),
    ]


def _border_modes(config: AugmentConfig, degrees: float) -> Operation:
    """Return what fills the corners that a rotation uncovers, in each mode."""
    modes = get_args(AugmentConfig.model_fields["border"].annotation)
    examples = tuple(
        Example(f"{mode} (these settings)" if mode == config.border else mode, Change(degrees=degrees), mode)
        for mode in modes
    )
    return Operation("Border that a rotation uncovers", config.degrees > 0, examples)
