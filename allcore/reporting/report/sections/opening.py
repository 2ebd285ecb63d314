"""The first sections: the run in numbers, the question, the intended use."""

from __future__ import annotations

from datetime import UTC, datetime

from allcore.data.known_images import OF_DRAWN
from allcore.data.labels.meanings import ClassMeanings
from allcore.evaluation.held_out import views_of
from allcore.number_text import listed, part_of, per_cent, percentages
from allcore.paper import AUTHORS, HEADLINE, JOURNAL, TITLE
from allcore.reporting.probes import what_it_looks_at
from allcore.reporting.report.facts import RunFacts
from allcore.reporting.report.rendering.blocks import (
    Block,
    Bullets,
    Notice,
    Section,
    Strong,
    Text,
    Tile,
    Tiles,
    bullets,
    text,
)
from allcore.reporting.report.sections.scores import best_shortcut_row
from allcore.reporting.shortcuts import shortcut_verdict
from allcore.text import counted


def research_use(meanings: ClassMeanings) -> Notice:
    """Return what a model may not be used for, and what its classes mean where that is known."""
    means = meanings.in_words()
    return Notice(
        "Research and education only.",
        "This is no medical device, and nothing here may be used to diagnose or to treat anyone."
        + (f" {means}" if means else ""),
    )


def title(facts: RunFacts) -> str:
    """Return what the report is of."""
    return f"Deep learning on blood smears: modified {facts.config.trunk.title}, {facts.config.image_size} px"


def subtitle(facts: RunFacts) -> str:
    """Return the run's name, data, and the day on which it ended (UTC)."""
    ended = datetime.fromtimestamp(facts.status.heartbeat, UTC)
    return f"Run {facts.run_id} on {facts.dataset}, finished on {ended:%Y-%m-%d}; made by ALLscope"


def summary_section(facts: RunFacts) -> Section:
    """Return the run at a glance: what was done, the score, and what it has to be read with."""
    counts = facts.split.table["split"].value_counts()
    design = (
        f"A convolutional network (deep learning; the modified {facts.config.trunk.title}) was trained on "
        f"{counts['train']:,} images of {counted(len(facts.split.classes), 'class', 'classes')} "
        f"({listed(facts.split.classes)}), {_validated(facts, counts['validation'])}, and scored "
        f"once on {facts.scores.n:,} test images. The split is {facts.config.split.protocol}."
    )
    return Section(
        "summary",
        "Summary",
        (research_use(facts.meanings), text(design), tiles(facts), conclusion(facts)),
        answers=(1, 2),
    )


def _validated(facts: RunFacts, count: int) -> str:
    """Return what the validation images were for."""
    chosen = "temperature fitted" if facts.config.keep == "last" else "epoch chosen"
    return f"its {chosen} on {count:,} others"


def tiles(facts: RunFacts) -> Tiles:
    """Return the accuracy, and the numbers that it has to be read with."""
    scores, shortcut = facts.scores, best_shortcut_row(facts)
    twins = int(facts.test.table["twin"].sum())
    shown = [
        Tile("Test accuracy", per_cent(scores.accuracy), f"95 % interval {percentages(scores.intervals['accuracy'])}"),
        Tile(
            "Test images with a twin in train",
            f"{twins:,}",
            f"of {scores.n:,}" + ("; they can be answered from memory" if twins else ""),
        ),
    ]
    if facts.alone_scores is not None and twins:
        without = facts.alone_scores
        shown.append(
            Tile(
                "Accuracy without them",
                per_cent(without.accuracy),
                f"{percentages(without.intervals['accuracy'])}, {counted(without.n, 'image')}",
            )
        )
    if shortcut is not None:
        shown.append(
            Tile("Best shortcut", per_cent(shortcut["accuracy"]), f"{shortcut['baseline']}, on the same split")
        )
    if facts.beside_paper:
        shown.append(Tile("The paper", per_cent(HEADLINE["accuracy"]), "300 px, on its own test images"))
    return Tiles(tuple(shown))


def conclusion(facts: RunFacts) -> Bullets:
    """Return what the numbers say together, one sentence each."""
    said = []
    twins = int(facts.test.table["twin"].sum())
    if twins:
        worth = "the accuracy over all of them looks better than it is"
        said.append(
            f"{part_of(twins, facts.scores.n)} of the test images share a group with an image in train: "
            f"{worth if facts.test.twins_flatter else 'they do not raise the accuracy'}."
        )
    if facts.baselines is not None:
        said.append(shortcut_verdict(facts.scores, facts.baselines))
    if facts.probes is not None and (looks_at := what_it_looks_at(views_of(facts.probes))):
        said.append(looks_at)
    wrong = len(facts.test.table) - int(facts.test.table["correct"].sum())
    said.append(
        f"{part_of(wrong, facts.scores.n)} of the test images are misclassified."
        if wrong
        else "No test image is misclassified."
    )
    if facts.are_drawn:
        said.append(OF_DRAWN)
    return bullets(*said)


def question_section(facts: RunFacts) -> Section:
    """Return background, question and intended use."""
    blocks: tuple[Block, ...] = (
        _background(facts),
        text(
            Strong("Question."),
            " How well does that network, configured as section 6 says, tell these classes apart on images that it was "
            "not trained on; and how much of the score could also be had from twins of test images in train, from "
            "colour, or from marks that are not cells?",
        ),
        intended_use(),
        text(
            "Retrospective: a fixed set of stored images. The goal is the technical evaluation of a model on one "
            "dataset. No hypothesis was fixed beforehand."
        ),
    )
    return Section("question", "Question and intended use", blocks, answers=(3, 4, 5, 6))


def _background(facts: RunFacts) -> Text:
    """Return what is known of the question: for the paper's classes what the paper is about, for others that it is."""
    paper = f"{AUTHORS}, {TITLE} ({JOURNAL})"
    accuracy = per_cent(HEADLINE["accuracy"])
    if not facts.has_papers_classes:
        return text(
            f"{paper}, report that a VGG16 fine-tuned on blood smears tells benign precursors and subtypes of acute "
            f"lymphoblastic leukemia apart with an accuracy of {accuracy}. The classes here are others: "
            f"{listed(facts.split.classes)}."
        )
    return text(
        "Acute lymphoblastic leukemia is first suspected under the microscope, where lymphoblasts have to be told from "
        f"benign precursors (hematogones) and their subtype guessed before flow cytometry decides. {paper}, report "
        f"that a VGG16 fine-tuned on smears does this with an accuracy of {accuracy}."
    )


def intended_use() -> Bullets:
    """Return what the model is for, and what it is not."""
    return bullets(
        (Strong("For:"), " studying how such a network behaves, teaching, and comparing methods on the same split."),
        (
            Strong("Not for:"),
            " diagnosis, triage or any decision on a patient; other stains, microscopes, cameras or magnifications; "
            "images of single cells; classes other than those it was trained on.",
        ),
        (
            Strong("Users:"),
            " researchers and students who know that a class is only the name of a folder, and who read a score "
            "together with its interval, its shortcuts and its probes.",
        ),
    )
