"""The sections on the images: where they come from, who labelled them, how they were divided, what leaks."""

from __future__ import annotations

from allcore.config import AS_GIVEN
from allcore.data.browse import enlarged, scaled_to_8_bits
from allcore.data.folder.parts import PARTS
from allcore.data.labels.versions import EXCLUDED
from allcore.evaluation.scoring.scores import Scores
from allcore.number_text import listed, part_of, per_cent, percentages
from allcore.reporting.report.facts import RunFacts
from allcore.reporting.report.known_data import KnownDataset, given, lacking
from allcore.reporting.report.rendering.blocks import Block, Mono, Section, Strong, Table, Text, bullets, text
from allcore.text import counted

_ABOUT = {
    7: "Source",
    11: "De-identification",
    13: "Acquisition",
    14: "Method",
    15: "Rationale",
    16: "Annotation",
    18: "Agreement of observers",
}
PROTOCOLS = {
    "random": "Images were drawn class by class, regardless of which belong together, as the paper did",
    "folders": "The parts are those that the dataset's own folders make",
    "grouped": "Whole groups were drawn, so that no group crosses from one part to another",
    "patient": "All images of a patient are in one part",
    "stain": "The test images are stained unlike those of train",
}
LEVELS = {
    "random": "The parts are disjoint by image alone",
    "folders": "Nothing but the folders keeps the parts apart",
    "grouped": "The parts are disjoint by group of images that show the same field",
    "patient": "The parts are disjoint by patient",
    "stain": "The parts are disjoint by stain cluster within each class",
}


def data_section(facts: RunFacts) -> Section:
    """Return the images: source, credit, counts, what was left out, what is done to them."""
    known = facts.known
    blocks: tuple[Block, ...] = (
        *source(facts),
        *_published(known, 7, 13, 11),
        counts_table(facts),
        *_exclusions(facts),
        text(
            "Every file is decoded to 8-bit RGB in the same way (orientation applied, no colour profile). Each image "
            f"is scaled to {facts.config.image_size}×{facts.config.image_size} pixels in one interpolation, averaged "
            "over areas where it shrinks; the network itself prepares the values as "
            f"{facts.config.trunk.title} expects. "
            f"{_native(facts)}{_used(facts)}; nothing was imputed.{_scaled(facts)}"
        ),
    )
    missing = lacking(known, 7, 8, 11, 13)
    if facts.catalog is None:
        missing |= {8: "which files were left out as unusable: the dataset has changed or is gone"}
    answers = (8, 9, 10, 12, *given(known, 7, 11, 13))
    return Section("data", "Data", blocks, answers, missing)


def source(facts: RunFacts) -> tuple[Text, ...]:
    """Return whose images they are, as far as that is known, and the fingerprint that names them."""
    fingerprint = facts.environment.get("dataset_fingerprint")
    named = (
        "Images: ", Strong(facts.dataset), f", {counted(len(facts.split.table), 'image')}; fingerprint ",
        Mono(fingerprint or "not recorded"), ", a SHA-256 over the labels and contents of the usable files.",
    )  # fmt: skip
    if facts.known is None:
        return (text(*named), text("The names of the files are of no dataset that ALLscope knows."))
    whose = text(f"By the names of their files, not checked further: {facts.known.name}. ", *facts.known.credit)
    return (text(*named), whose)


def counts_table(facts: RunFacts) -> Table:
    """Return how many images of each class stand in each part."""
    counts = facts.split.counts()
    rows = [(str(label), *(f"{row[part]:,}" for part in PARTS), f"{row.sum():,}") for label, row in counts.iterrows()]
    rows.append(("all", *(f"{counts[part].sum():,}" for part in PARTS), f"{counts.to_numpy().sum():,}"))
    return Table(
        "Images by class and part",
        ("class", "#train", "#validation", "#test", "#all"),
        tuple(rows),
        frozenset({len(rows) - 1}),
    )


def reference_section(facts: RunFacts) -> Section:
    """Return what the labels are, and where they come from."""
    known = facts.known
    blocks: tuple[Block, ...] = (
        text(f"{_labels(facts)}" + (f" {facts.meanings.in_words()}" if facts.meanings.meanings else "")),
        *_published(known, 14, 15, 16, 18),
    )
    answers = (17, *given(known, 14, 15, 16, 18))
    return Section("reference", "Reference standard", blocks, answers, lacking(known, 14, 15, 16, 18))


def _used(facts: RunFacts) -> str:
    """Return in a clause which images were used."""
    if facts.config.labels == AS_GIVEN:
        return "All usable images of the folder were used, none was chosen by its content"
    return "All usable images of the folder were used but those that a person excluded when judging labels"


def _labels(facts: RunFacts) -> str:
    """Return in sentences where the labels come from."""
    if facts.config.labels == AS_GIVEN:
        return (
            "The class of an image is the name of the folder that it lies in. The labels of the test images have the "
            "same origin as those of train; nobody looked at them again for this run."
        )
    return (
        "The class of an image is the name of the folder that it lies in, or what a person judged it to be. This "
        f"version of the labels is called {facts.config.labels}; it holds for train and test images alike, and "
        "whoever judged may have known what a model said of them."
    )


def partitions_section(facts: RunFacts) -> Section:
    """Return how the images were divided, and what of the test could be answered from memory."""
    blocks: tuple[Block, ...] = (
        *protocol(facts),
        groups_table(facts),
        leak_table(facts),
        text(
            "The size of the test is what its fraction leaves; it was not planned for a precision. The 95 % interval "
            f"of its accuracy is {_width(facts.scores)} wide."
        ),
    )
    missing = {21: "a sample size planned beforehand; the fraction of the split decided it"}
    return Section("partitions", "Split and leaks", blocks, answers=(19, 20), missing=missing)


def protocol(facts: RunFacts) -> tuple[Text, ...]:
    """Return the split protocol in words."""
    split = facts.config.split
    fractions = ", ".join(f"{100 * getattr(split, part):g} % {part}" for part in PARTS)
    if split.protocol == "stain":
        fractions = "one stain cluster of each class for validation and one for the test"
    if split.folds is not None:
        validation = (
            "one stain cluster of each class of the others" if split.protocol == "stain"
            else f"{100 * split.validation / (split.train + split.validation):.3g} % of the others"
        )  # fmt: skip
        fractions = f"fold {split.fold} of {split.folds} for the test, {validation} for validation"
    if split.protocol == "folders":
        fractions = "as they came, though validation is drawn from train where it has no folder"
    drawn = facts.known is not None and facts.known.drawn
    known = split.protocol == "patient" or drawn
    chosen = "the temperature" if facts.config.keep == "last" else "the epoch and the temperature"
    patients = "" if known else " Patients are not known, so a patient may be in several."
    return (
        text(
            Strong(f"{split.protocol.capitalize()} split"), f", {fractions}, seed {split.seed}. "
            f"{PROTOCOLS[split.protocol]}.{_of_table(facts)} {LEVELS[split.protocol]}.{patients}",
        ),
        text(f"Validation chose {chosen}; the test images were scored once, by the served model."),
    )  # fmt: skip


def _of_table(facts: RunFacts) -> str:
    """Return in a sentence how groups come from a table, '' where none was given."""
    table = facts.config.split.groups
    if not table:
        return ""
    if _table_alone_counted(facts):
        return f" Groups come from the table {table} alone: images that are exact duplicates lie in different groups."
    shown = "are exact duplicates or show the same field" if _fields_are_known(facts) else "are exact duplicates"
    return f" Groups come from the table {table}; those that hold images which {shown} are one."


def _table_alone_counted(facts: RunFacts) -> bool:
    """Return whether the groups of a table were not joined by what images show, as once was so."""
    return bool((facts.split.table.groupby("sha256")["group"].nunique() > 1).any())


def groups_table(facts: RunFacts) -> Table:
    """Return the groups of images that were found to belong together."""
    sizes = facts.split.table.groupby("group").size()
    several = sizes[sizes > 1]
    crossing = facts.split.table.groupby("group")["split"].nunique()
    pairs = int((several * (several - 1) // 2).sum())
    rows = (
        ("groups, single images included", f"{len(sizes):,}"),
        ("groups of several images", f"{len(several):,}"),
        ("images in those", f"{several.sum():,}"),
        ("pairs of images within a group", f"{pairs:,}"),
        ("images of the largest group", f"{sizes.max():,}"),
        ("groups that are in more than one part", f"{int((crossing > 1).sum()):,}"),
    )
    return Table(f"Groups: {_what_groups_are(facts)}", ("what", "#count"), rows)


def _what_groups_are(facts: RunFacts) -> str:
    table = facts.config.split.groups
    if table and _table_alone_counted(facts):
        return f"images that {table} puts together; what they show was not looked at"
    given = f"that {table} puts together, or " if table else ""
    if _fields_are_known(facts):
        return f"images {given}that are exact duplicates, or show a part of the same field"
    return f"images {given}that are exact duplicates; shared fields were not looked for"


def _fields_are_known(facts: RunFacts) -> bool:
    """Return whether shared fields were looked for: one search finds them and the stain clusters."""
    return bool((facts.split.table["stain"] != "").any())


def leak_table(facts: RunFacts) -> Table:
    """Return the test scores of all images, and of those without and with a twin in train."""
    table = facts.test.table
    twins = int(table["twin"].sum())
    rows = [_scored("all test images", facts.scores)]
    if facts.alone_scores is not None:
        rows.append(_scored("without a twin in train", facts.alone_scores))
    else:
        rows.append(("without a twin in train", "0", *["–"] * 4))
    if twins:
        right = int(table.loc[table["twin"], "correct"].sum())
        rows.append(("with a twin in train", f"{twins:,}", per_cent(right / twins), "–", "–", "–"))
    else:
        rows.append(("with a twin in train", "0", *["–"] * 4))
    return Table(
        "What leaks: test images that share a group with an image in train, and the score with and without them",
        ("images", "#count", "#accuracy", "#95 % interval", "#macro F1", "#95 % interval"),
        tuple(rows),
    )


def _scored(name: str, scores: Scores) -> tuple[str, ...]:
    return (
        name,
        f"{scores.n:,}",
        per_cent(scores.accuracy),
        percentages(scores.intervals["accuracy"]),
        per_cent(scores.f1_macro),
        percentages(scores.intervals["f1_macro"]),
    )


def _exclusions(facts: RunFacts) -> tuple[Text, ...]:
    if facts.catalog is None:
        return (text("The dataset has changed or is gone, so files that were left out cannot be named."),)
    problems = facts.catalog.problems()
    of_variant = problems[problems["variant"] == facts.catalog.variant(facts.config.variant)]
    excluded = of_variant["problem"] == EXCLUDED
    reasons, not_taken = of_variant.loc[~excluded, "problem"].value_counts(), len(facts.catalog.left_out)
    others = []
    if excluded.any():
        others.append(f"{counted(int(excluded.sum()), 'image')} that a person excluded when judging labels")
    if not_taken:
        others.append(f"{counted(not_taken, 'file')} that the import did not take")
    if reasons.empty:
        return (text(f"Left out: {listed(others) or 'no file'}; each of the others is a usable image."),)
    said = "; ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
    also = f", and {listed(others)}" if others else ""
    return (text(f"Left out as unusable: {counted(int(reasons.sum()), 'file')} ({said}){also}."),)


def _scaled(facts: RunFacts) -> str:
    """Return what was done to values of more than 8 bits."""
    if facts.catalog is None:
        return ""
    return "".join(f" {sentence}" for sentence in scaled_to_8_bits(facts.catalog.images(facts.config.variant)))


def _native(facts: RunFacts) -> str:
    """Return the size of most files, and how many the network sees larger than they are."""
    if facts.catalog is None:
        return ""
    images = facts.catalog.images(facts.config.variant)
    sizes = images.value_counts(["width", "height"])
    (width, height), count = sizes.index[0], int(sizes.iloc[0])
    said = f"{part_of(count, len(images))} files have {width}×{height} pixels"
    if smaller := enlarged(images, facts.config.image_size):
        said += f"; {part_of(smaller, len(images))} are smaller than the network sees them, so up-sampled"
    return f"{said}. "


def _published(known: KnownDataset | None, *items: int) -> tuple[Block, ...]:
    """Return what is published of these items, one entry each."""
    if known is None:
        return ()
    said = [(Strong(f"{_ABOUT[item]}:"), f" {known.facts[item]}") for item in items if item in known.facts]
    return (bullets(*said),) if said else ()


def _width(scores: Scores) -> str:
    low, high = scores.intervals["accuracy"]
    return "not known" if low is None or high is None else f"{100 * (high - low):.1f} points"
