"""The last sections: limits, what follows for practice, how to make it again, what is available."""

from __future__ import annotations

import shlex

from allcore.data.known_images import OF_DRAWN
from allcore.networks.credit import weights_credit
from allcore.paper import NATIVE_SIZE
from allcore.recipe import train_command
from allcore.reporting.report.facts import RunFacts
from allcore.reporting.report.known_data import ALL_IMAGES
from allcore.reporting.report.rendering.blocks import Block, Bullets, Code, Inline, Mono, Section, Strong, bullets, text
from allcore.reporting.report.sections.opening import research_use
from allcore.runs.folder.files import SERVED_FILE, SPLIT_FILE


def limits_section(facts: RunFacts) -> Section:
    """Return what the scores cannot show, and what follows for practice: nothing."""
    blocks: tuple[Block, ...] = (
        limits(facts),
        text(
            Strong("For practice."),
            " No clinical role follows from these figures. A model that is right on images of one dataset has not been "
            "shown to be right on a patient.",
        ),
        research_use(facts.meanings),
    )
    return Section("limits", "Limits and implications", blocks, answers=(40, 41))


def limits(facts: RunFacts) -> Bullets:
    """Return the limits of this run, one entry each."""
    said = [
        *limits_of_images(facts.config.split.protocol, are_drawn=facts.are_drawn),
        "One dataset: nothing is known of other laboratories, stains, microscopes or cameras.",
        f"{facts.scores.n:,} test images: the intervals say how far the scores could be off by chance alone.",
        "One training with one seed: how much the scores differ from training to training was not measured.",
        "Groups hold the images that were found to belong together; what was not found still leaks.",
        "Calibration is one temperature, fitted on images of the same dataset; under another stain it does not hold.",
        "Evidence and novelty describe the model, not the blood: neither says that a prediction is right.",
    ]
    if facts.known is ALL_IMAGES and facts.config.image_size > NATIVE_SIZE:
        said.append(
            f"The network sees {facts.config.image_size} pixels a side; the dataset's published size is {NATIVE_SIZE}."
        )
    return bullets(*said)


def limits_of_images(*protocols: str, are_drawn: bool) -> list[str]:
    """Return what the images cannot show, nor a split of theirs by one of the `protocols`."""
    said = []
    if are_drawn:
        said.append(OF_DRAWN)
    elif "patient" not in protocols:
        said.append("Patients are not known, so images of one patient may be in train and in test.")
    elif len(protocols) > 1:
        said.append("Where the split is not by patient, images of one patient may be in train and in test.")
    if "random" in protocols:
        begin = "The split is random" if len(protocols) == 1 else "The split of some members is random"
        said.append(f"{begin}: where images come in series, it rewards memory and flatters every score.")
    return said


def reproduce_section(facts: RunFacts) -> Section:
    """Return how to make the run again, where its parts are, and whose they are."""
    folder = text(
        "The run's folder holds its configuration, the exact images of each part (", Mono(SPLIT_FILE), "), every "
        "prediction, the curves and the models.",
    )  # fmt: skip
    model: tuple[Inline, ...] = (Mono(SERVED_FILE), " in the run's folder")
    blocks: tuple[Block, ...] = (folder, *reproduce(facts), *availability(facts, model))
    missing = {44: "funding and support of this run, and of those who took the images"}
    return Section("reproduce", "How to reproduce it, and what is available", blocks, answers=(42, 43), missing=missing)


def reproduce(facts: RunFacts) -> tuple[Block, ...]:
    """Return the commands that make the run again, and what has to be the same."""
    fingerprint = str(facts.environment.get("dataset_fingerprint") or "")[:12]
    revision = str(facts.environment.get("code_revision") or "")
    dataset = shlex.quote(facts.config.dataset)
    lines = [
        *([f"git checkout {revision.removesuffix('-dirty')}"] if revision else []),
        f"python -m allcore dataset info {dataset}    # fingerprint {fingerprint or 'not recorded'}",
        train_command(facts.config),
        "python -m allcore evaluate latest",
        "python -m allcore report latest --complete",
    ]
    dirty = " The code of the run had uncommitted changes." if revision.endswith("-dirty") else ""
    return (
        text(f"Folders and files are given by their names alone; the images and weights have to be the same.{dirty}"),
        Code("\n".join(lines)),
        text(
            "The same seed draws the same split, batches and augmentation everywhere; on other hardware, or in other "
            "precision, the last digits of the losses differ."
        ),
    )


def availability(facts: RunFacts, model: tuple[Inline, ...]) -> tuple[Bullets, ...]:
    """Return where software, model and data can be had, with their licences as far as they are known.

    `model` says where the model is.
    """
    licence = "not known: the run's model is gone" if facts.metadata is None else facts.metadata.licence
    credit = weights_credit(facts.config.trunk, facts.config.weights, facts.environment.get("weights"))
    data: tuple[Inline, ...] = ("not stated; ask whoever published the images.",)
    if facts.known is not None:
        data = (*facts.known.credit, " ", facts.known.licence)
    return (
        bullets(
            (Strong("Model:"), " ", *model, f", for ONNX Runtime; licence: {licence}"),
            (Strong("Data:"), " ", *data),
            (Strong("Weights:"), f" {credit or 'random at the start; the model contains nobody else’s.'}"),
            (Strong("Software:"), f" ALLscope {facts.environment.get('allscope') or ''}, in its repository."),
        ),
    )  # fmt: skip
