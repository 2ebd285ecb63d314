"""The sections on the network, its training, and how it is scored."""

from __future__ import annotations

from typing import Any

import numpy as np

from allcore.inference.metadata import ServedMetadata
from allcore.inference.novelty import PASSING
from allcore.number_text import UNKNOWN, duration, listed, memory, per_cent, speed
from allcore.paper import OPEN_READINGS, says_of_setting
from allcore.recipe import train_command
from allcore.reporting.interval_words import intervals_in_words
from allcore.reporting.report.facts import RunFacts
from allcore.reporting.report.rendering.blocks import Block, Code, Mono, Pair, Section, Strong, Table, Text, text
from allcore.reporting.report.sections.curves import training_figures
from allcore.reporting.settings import OF_THE_MACHINE, settings_table
from allcore.text import counted

_WHY_SERVED = {"best": "the one with the lowest validation loss", "last": "the last, as the configuration asks"}


def model_section(facts: RunFacts) -> Section:
    """Return the network, and its configuration beside the paper's."""
    blocks: tuple[Block, ...] = (
        *architecture(facts),
        settings(facts),
        Table(
            "Where the paper is unclear, and how ALLscope reads it by default; the settings above are this run's",
            ("point", "the paper", "by default"),
            tuple((reading.topic, reading.paper, reading.here) for reading in OPEN_READINGS),
        ),
        _software_table(facts),
    )
    missing = {} if facts.environment.get("packages") else {23: "versions; the run recorded none"}
    return Section("model", "Model and configuration", blocks, answers=(22, 23, 24), missing=missing)


def architecture(facts: RunFacts) -> tuple[Text, ...]:
    """Return the network in words: layers, input, outputs, number of parameters, where they began."""
    config, size, classes = facts.config, facts.config.image_size, facts.split.classes
    trunk, side = config.trunk, config.trunk.pooled_side(size)
    head = "global average pooling" if config.head == "gap" else f"flattened {side}×{side}×{trunk.channels} values"
    parameters = config.parameter_count(len(classes))
    return (
        text(
            f"{trunk.title} without its own top ({trunk.description}); {head}; a dense layer of "
            f"{config.dense_units} (ReLU), dropout {config.dropout:g}, and a softmax over "
            f"{counted(len(classes), 'class', 'classes')}: {parameters:,} parameters. {config.trainable_from} to "
            f"{config.trainable_to} are fine-tuned, the trunk's other layers are frozen."
        ),
        text(
            f"Input: an RGB image of {size}×{size} pixels, 8 bit. Outputs in one pass: probabilities of "
            f"{listed(classes)}; evidence, a map of {trunk.map_side(size)}×{trunk.map_side(size)} points for each "
            f"class; {config.dense_units} features. Initial weights: ",
            *_initial(facts.environment.get("weights")),
            ".",
        ),
        *_served(facts.metadata),
    )  # fmt: skip


def settings(facts: RunFacts, *, only_departures: bool = False) -> Table:
    """Return the configuration, with the paper's value where the run departs from it; departures are marked."""
    table = settings_table(facts.config)
    table = table[~table["setting"].isin(OF_THE_MACHINE)]
    caption = "Configuration beside the paper's; rows that differ are marked"
    if only_departures:
        table = table[table["paper"] != ""]
        caption = "Settings that differ from the paper's"
    rows = tuple((name, value, paper or _same(name)) for name, value, paper in table.itertuples(index=False))
    departs = frozenset(number for number, paper in enumerate(table["paper"]) if paper)
    return Table(caption, ("setting", "this run", "the paper"), rows, departs)


def _same(name: str) -> str:
    return "same" if says_of_setting(name, "stated") else UNKNOWN


def _software_table(facts: RunFacts) -> Table:
    """Return the versions that the run recorded."""
    environment = facts.environment
    rows = [
        ("ALLscope", _said(environment, "allscope")),
        ("code revision", _said(environment, "code_revision")),
        ("Python", _said(environment, "python")),
        *sorted((str(name), str(version)) for name, version in dict(environment.get("packages") or {}).items()),
    ]
    return Table("Software", ("package", "version"), tuple(rows))


def training_section(facts: RunFacts) -> Section:
    """Return how training went: hardware, time, curves, which epoch is served."""
    served, asked = served_epoch(facts), _asked_epoch(facts)
    why = _WHY_SERVED[facts.config.keep] if served == asked else "for the reason that the warnings give"
    why = why if asked else "as the run recorded; its epochs are lost"
    blocks: tuple[Block, ...] = (
        training_table(facts),
        *([Pair(figures)] if (figures := training_figures(facts.history, facts.split.groups("validation"))) else []),
        text(
            f"The weights of epoch {served} are served, {why}."
            if served
            else "The epochs were not recorded, so which of them is served is not known.",
            " One network was trained; there is no ensemble.",
        ),
        text("The command that asks for this training (folders and files by name alone):"),
        Code(train_command(facts.config)),
    )
    missing = {} if asked else {25: "loss and accuracy by epoch"}
    return Section("training", "Training", blocks, answers=(25, 26, 27), missing=missing)


def training_table(facts: RunFacts) -> Table:
    """Return hardware, precision, time and epochs of the run."""
    plan: dict[str, Any] = dict(facts.environment.get("plan") or {})
    epochs = facts.history.epochs
    trained = speed(float(epochs["images_per_second"].median())) if "images_per_second" in epochs else UNKNOWN
    used = UNKNOWN if facts.history.most_memory is None else memory(facts.history.most_memory)
    rows = (
        ("device", str(plan.get("description", facts.status.device or UNKNOWN))),
        ("precision", str(plan.get("precision", UNKNOWN))),
        ("images at once on a device", str(plan.get("micro_batch_size", UNKNOWN))),
        ("epochs", f"{len(epochs)} of {facts.config.epochs}"),
        ("training time, validation included", duration(facts.history.training_seconds)),
        ("images a second, median over epochs", trained),
        ("most memory in use", used),
        ("times that it was resumed", str(facts.status.segment)),
        ("warnings", "; ".join(facts.status.warnings) or "none"),
    )
    return Table("Hardware and time", ("what", "value"), rows)


def served_epoch(facts: RunFacts) -> int | None:
    """Return the number (from 1) of the epoch whose weights are served, None where epochs are not recorded."""
    recorded = facts.status.served_epoch
    return _asked_epoch(facts) if recorded is None else recorded + 1  # earlier versions did not record it


def _asked_epoch(facts: RunFacts) -> int | None:
    epochs = facts.history.epochs
    if epochs.empty or epochs["validation_loss"].isna().all():
        return None
    if facts.config.keep == "last":
        return int(epochs["epoch"].max()) + 1
    return int(epochs["epoch"].to_numpy()[np.nanargmin(epochs["validation_loss"].to_numpy(np.float64))]) + 1


def evaluation_section(facts: RunFacts) -> Section:
    """Return which scores are given, how their intervals are made, and what else is looked at."""
    scores = facts.scores
    blocks: tuple[Block, ...] = (
        text(
            "Accuracy; precision, sensitivity (recall), specificity, NPV and F1, weighted by support as in the paper "
            "and macro; Matthews correlation (MCC); one-against-rest AUROC and average precision (AP); expected "
            "calibration error in 15 bins, Brier score, log loss. Intervals are at 95 %: "
            f"{intervals_in_words(scores.interval_method)}"
        ),
        text(
            Strong("Explanation."),
            " HiResCAM at the last convolution: a class's map and the part of the biases add up to its logit, which is "
            "checked for every served model. It says where the evidence lies, not whether it is medically sound; no "
            "expert has judged the maps.",
        ),
        text(
            Strong("Internal test:"), f" {scores.n:,} images of the dataset. ", Strong("External test:"), " none; ",
            Mono(f"python -m allcore evaluate {facts.run_id} --data FOLDER"), " scores any labelled folder. ",
            "No clinical trial, so none is registered.",
        ),
        text(
            Strong("Novelty."),
            " How far an image is from the nearest class of train, by the network's features and by nine colour "
            "moments together (root mean square). The threshold is chosen so that "
            f"{per_cent(PASSING, 0)} of the validation images pass.",
        ),
    )  # fmt: skip
    missing = {33: "images of another laboratory with known classes"}
    return Section("evaluation", "How it is scored", blocks, answers=(28, 29, 31, 32, 34), missing=missing)


def _served(metadata: ServedMetadata | None) -> tuple[Text, ...]:
    """Return in which arithmetic the model is served, and how int8 compares with float32 where that was measured."""
    if metadata is None or metadata.agreement is None:
        return ()
    compared = metadata.agreement
    return (
        text(
            f"Served in {metadata.arithmetic}. On {counted(compared.images, 'validation image')} int8 and float32 "
            f"predict another class for {compared.labels_differing}; the largest change of a probability is "
            f"{compared.mean_change:.4f} on average over the images and {compared.largest_change:.4f} at most, before "
            "the temperature is applied."
        ),
    )


def _initial(weights: dict[str, Any] | None) -> tuple[str | Mono, ...]:
    if not weights:
        return ("not recorded",)
    if weights.get("source") == "random":
        return ("random",)
    return (f"{weights.get('source')}, SHA-256 ", Mono(str(weights.get("sha256"))))


def _said(environment: dict[str, Any], key: str) -> str:
    return str(environment.get(key) or UNKNOWN)
