"""Where the line between positive and negative classes is drawn, and what follows from it, in words."""

from __future__ import annotations

from collections.abc import Mapping

from allcore.errors import InputError
from allcore.evaluation.predictions.chosen_point import TARGETS, ChosenPoint, chosen_point
from allcore.evaluation.scoring.operating_point import OperatingPoint
from allcore.number_text import listed, per_cent, per_cent_within
from allcore.reporting.operating import no_threshold, threshold_in_per_cent, threshold_text
from allcore.reporting.report.facts import RunFacts
from allcore.reporting.report.rendering.blocks import Block, Table, text

_PREVALENCE = 0.1
"""A share of positives among those examined, for which predictive values are given beside that of the test images."""


def operating_points(facts: RunFacts) -> tuple[Block, ...]:
    """Return what lines do that are chosen on validation to hold usual targets; nothing where no class is positive."""
    positive, (yes, no) = facts.meanings.positive, facts.meanings.sides
    if not positive:
        return ()
    others = facts.validation if len(facts.validation.table) else None
    try:
        pairs = [
            (chosen_point(facts.test, positive, target, others),
             chosen_point(facts.test, positive, target, others, _PREVALENCE))
            for target in TARGETS
        ]  # fmt: skip
    except InputError as error:
        return (text(f"Where to draw the line between {yes} and {no} cannot be said: {error}."),)
    own, example = per_cent(pairs[0][0].point.prevalence, 1), per_cent(_PREVALENCE, 0)
    columns = (
        f"target (threshold chosen on {'these images' if others is None else 'validation'})", "#threshold",
        "#sensitivity", "#specificity",
        f"#PPV at {own}", f"#NPV at {own}", f"#PPV at {example}", f"#NPV at {example}",
    )  # fmt: skip
    caption = (
        f"Where {yes} is said from a threshold on, what that does on the test images, with 95 % intervals; predictive "
        f"values where {own} of those examined are {yes}, as here, and where {example} are"
    )
    rows = tuple(_row(*pair) for pair in pairs)
    said = (_in_words(pairs[0][1], yes, no), *(no_threshold(at, yes) for at, _ in pairs[1:]))
    return (text(" ".join(filter(None, said))), Table(caption, columns, rows))


def _row(own: ChosenPoint, example: ChosenPoint) -> tuple[str, ...]:
    at = own.point
    return (
        f"{own.held} at least {100 * own.at_least:g} %", threshold_text(at),
        *(_within(at, name) for name in ("sensitivity", "specificity", "ppv", "npv")),
        *(_within(example.point, name) for name in ("ppv", "npv")),
    )  # fmt: skip


def _in_words(chosen: ChosenPoint, yes: str, no: str) -> str:
    if said := no_threshold(chosen, yes):
        return said
    at = chosen.point
    flatters = ", on these very images, which flatters" if chosen.same_images else ", on the validation images"
    here = {"sensitivity": f"of the {yes} test images are found", "specificity": f"of the {no} ones are left alone"}
    there = {"ppv": f"of those called {yes} would be {yes}", "npv": f"of those called {no} would be {no}"}
    said = (
        f"If {yes} is said from a probability of {threshold_in_per_cent(at)} (chosen{flatters}, so that {chosen.held} "
        f"is at least {100 * chosen.at_least:g} %), {_listed(at, here)}."
    )
    if values := _listed(at, there):
        share = per_cent(_PREVALENCE, 0)
        said += f" Among people of whom {share} are {yes}, {values}, if images of theirs were like these."
    return said


def _listed(at: OperatingPoint, meanings: Mapping[str, str]) -> str:
    """Return the values that are defined, each with what it means."""
    return listed([f"{_within(at, name)} {means}" for name, means in meanings.items() if getattr(at, name) is not None])


def _within(at: OperatingPoint, name: str) -> str:
    return per_cent_within(getattr(at, name), at.intervals[name])
