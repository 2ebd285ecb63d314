"""The sections of a study's report, in the order in which a reader asks: the answer first."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from allcore.data.known_images import OF_DRAWN
from allcore.data.labels.meanings import ClassMeanings, class_meanings
from allcore.errors import InputError
from allcore.evaluation.shortcuts.frozen import FROZEN
from allcore.number_text import listed, per_cent, percentages
from allcore.paper import HEADLINE
from allcore.reporting.interval_words import intervals_in_words
from allcore.reporting.probes import CAVEAT
from allcore.reporting.report.rendering.blocks import (
    Block,
    Code,
    Document,
    Matrix,
    Mono,
    Section,
    Text,
    Tile,
    Tiles,
    bullets,
    text,
)
from allcore.reporting.report.rendering.figures import Mark, track_figure
from allcore.reporting.report.sections.closing import limits_of_images
from allcore.reporting.report.sections.data import LEVELS, PROTOCOLS
from allcore.reporting.report.sections.opening import research_use
from allcore.reporting.studies.ranking import best_settings, best_shortcut
from allcore.reporting.studies.tables import (
    differences_table,
    folds_table,
    methods_table,
    probes_table,
    scores_table,
    study_settings_table,
)
from allcore.reporting.studies.wording import (
    best_in_words,
    difference_in_words,
    folds_in_words,
    mean_and_spread,
    measured_in_words,
    parts_in_words,
    pooled_in_words,
    probes_in_words,
    progress_in_words,
    setting_names,
    shortcuts_in_words,
    verdicts_in_words,
)
from allcore.studies.baselines import baseline_of
from allcore.studies.findings import StudyFindings
from allcore.studies.plan import StudyPlan, protocols
from allcore.studies.recipe import shown_place, shown_value, study_command
from allcore.text import counted
from allcore.workspace import Workspace


def study_document(found: StudyFindings, workspace: Workspace) -> Document:
    """Return the report before it is HTML. Raises `InputError` while no member has succeeded."""
    if not found.finished:
        raise InputError(f"no member of study {found.name} has succeeded yet; wait for one (`study show {found.name}`)")
    config = found.plan.config
    meanings = class_meanings([config.dataset], found.finished[0].run.split.classes, workspace.classes)
    ended = max(each.run.status().heartbeat for each in found.finished)
    day = f"{datetime.fromtimestamp(ended, UTC):%Y-%m-%d}"
    variants = dict.fromkeys(place.config.variant for place in found.plan.places)
    dataset = listed(["/".join(filter(None, (Path(config.dataset).name, variant))) for variant in variants])
    sections = (
        _summary(found, meanings), _design(found), _settings(found), _differences(found), _folds(found),
        _baselines(found), _probes(found), _confusion(found), _limits(found), _reproduce(found),
    )  # fmt: skip
    return Document(
        f"Study {found.name}: {parts_in_words(found.plan)}",
        f"{counted(len(found.finished), 'run')} on {dataset}, the last finished on {day}; made by ALLscope",
        tuple(section for section in sections if section.blocks),
    )


def _summary(found: StudyFindings, meanings: ClassMeanings) -> Section:
    names = setting_names(found.plan)
    said = [best_in_words(found), *verdicts_in_words(found.differences, names), shortcuts_in_words(found)]
    said += [probes_in_words(probed, names[probed.setting]) for probed in found.probes]
    said += [OF_DRAWN if found.are_drawn else "", progress_in_words(found)]
    return Section("summary", "In short", (research_use(meanings), bullets(*filter(None, said)), _tiles(found)))


def _tiles(found: StudyFindings) -> Tiles:
    names, best = setting_names(found.plan), list(best_settings(found).values())
    tiles = []
    for scores in best:
        name = names[scores.setting]
        over = f"{name}, {measured_in_words(found.plan, scores)}"
        interval = f"95 % interval {percentages(scores.intervals['accuracy'])}, {counted(scores.images, 'image')}"
        of = f"{name}: " if len(best) > 1 else ""
        tiles += [
            Tile("Accuracy", mean_and_spread(scores.spreads["accuracy"]), over),
            Tile("All test images together", per_cent(scores.pooled["accuracy"]), f"{of}{interval}"),
        ]
        if (shortcut := best_shortcut(found, scores)) is not None:
            tiles.append(Tile("Best shortcut", mean_and_spread(shortcut.spreads["accuracy"]), shortcut.setting))
    if not best:
        return Tiles(())
    if found.beside_paper:
        tiles.append(Tile("The paper", per_cent(HEADLINE["accuracy"]), "300 px, on its own test images, once"))
    return Tiles(tuple(tiles))


def _design(found: StudyFindings) -> Section:
    plan = found.plan
    varied = [
        f"{path} ({', '.join(shown_value(plan, path, value) for value in values)})"
        for path, values in plan.vary.items()
    ]
    grid = f"One configuration was trained over {parts_in_words(plan)}"
    grid += f", with {listed(varied)} varied" if varied else ""
    there = {each.place.name for each in found.finished}
    missing = [shown_place(plan, place) for place in plan.places if place.name not in there]
    blocks: tuple[Block, ...] = (
        text(
            f"{grid}: {counted(plan.members, 'run')}, of which {len(found.finished)} have succeeded. "
            f"{folds_in_words(found)}The seed is used for training and for the split."
        ),
        *_splits(plan),
        *([bullets(*(f"Missing: {name}" for name in missing))] if missing else []),
    )  # fmt: skip
    return Section("design", "What was done", blocks)


def _splits(plan: StudyPlan) -> tuple[Text, ...]:
    """Return how images were divided, by each protocol that members have."""
    used = protocols(plan)
    begin = "The split is" if len(used) == 1 else "The split of some members is"
    return tuple(text(f"{begin} {each}. {PROTOCOLS[each]}. {LEVELS[each]}.") for each in used)


def _settings(found: StudyFindings) -> Section:
    names = setting_names(found.plan)
    scored = [each for each in found.settings if each.succeeded]
    methods = dict.fromkeys(each.interval_method for each in scored)
    marks = [
        Mark(names[each.setting], each.pooled["accuracy"] or 0.0, *each.intervals["accuracy"], "model")
        for each in scored
    ]
    marks += [
        Mark(each.setting, each.pooled["accuracy"] or 0.0, *each.intervals["accuracy"]) for each in found.baselines
    ]
    blocks: tuple[Block, ...] = (
        track_figure("Accuracy on all test images together, 95 % interval (per cent), on one scale", marks),
        study_settings_table(found),
        *(scores_table(each, names[each.setting]) for each in scored),
        text(
            "The SD over folds is taken about the mean of their seed; it shows the effect of the choice of images. "
            "The SD over seeds is that of the means of seeds whose folds have all been tested; it shows the effect of "
            "initialisation, order and division."
        ),
        *(text(f"Pooled intervals are at 95 %: {intervals_in_words(method)}") for method in methods),
    )
    return Section("settings", "Scores of each setting", blocks)


def _differences(found: StudyFindings) -> Section:
    if not found.differences:
        return Section("differences", "Which settings differ", ())
    names = setting_names(found.plan)
    blocks: tuple[Block, ...] = (
        bullets(*(difference_in_words(each, names) for each in found.differences)),
        differences_table(found.differences, found),
        text(
            "Two questions are kept apart. Would these networks differ on other images? McNemar's exact test over "
            "groups, adjusted for the number of pairs (Holm). Would newly trained networks differ on other parts? The "
            "corrected resampled t-test (Nadeau and Bengio, 2003), not adjusted. “They differ” needs both; “the same "
            "within the margin” needs two one-sided tests of both kinds (Schuirmann, 1987). Otherwise the study does "
            "not decide; more folds or seeds are needed. Where there is one part, or all parts have the same "
            "difference, the second question has no answer (not known), and the verdict is of these networks alone."
        ),
    )
    return Section("differences", "Which settings differ", blocks)


def _folds(found: StudyFindings) -> Section:
    of_folds = folds_table(found)
    return Section("folds", "Folds side by side", () if of_folds is None else (of_folds,))


def _baselines(found: StudyFindings) -> Section:
    if not found.baselines:
        return Section("baselines", "Beside what needs no network", (_not_computed(found),))
    names = setting_names(found.plan)
    best = {scores.setting for scores in best_settings(found).values()}
    of_best = [each for each in found.against_baselines if each.first in best]
    closest = [each for each in of_best if each.verdict != "they differ" or each.difference < 0]
    blocks: tuple[Block, ...] = (
        methods_table(found),
        *([bullets(*(difference_in_words(each, names) for each in closest))] if closest else []),
        differences_table(found.against_baselines, found),
    )
    return Section("baselines", "Beside what needs no network", blocks)


def _probes(found: StudyFindings) -> Section:
    if not found.probes:
        return Section("probes", "Probes of each fold's network", (_not_computed(found),))
    names = setting_names(found.plan)
    said = [probes_in_words(probed, names[probed.setting]) for probed in found.probes]
    blocks = (bullets(*filter(None, said)), probes_table(found), text(CAVEAT))
    return Section("probes", "Probes of each fold's network", blocks)


def _confusion(found: StudyFindings) -> Section:
    names = setting_names(found.plan)
    matrices = tuple(
        Matrix(
            f"{names[each.setting]}, {pooled_in_words(found.plan, each)}: rows are true classes, columns predicted "
            "ones", each.classes, each.confusion_matrix,
        )
        for each in found.settings if each.succeeded
    )  # fmt: skip
    which = text(
        "Which images they are is shown by Evaluate, which opens the study's out-of-fold predictions like a run's."
    )
    return Section("confusion", "Confusion matrices", (*matrices, which))


def _limits(found: StudyFindings) -> Section:
    said = [
        *limits_of_images(*protocols(found.plan), are_drawn=found.are_drawn),
        "One dataset: nothing is known of other laboratories, stains, microscopes or cameras.",
        "Folds share training images, so they vary less than independent trainings would; the corrected test allows "
        "for that, the standard deviations do not.",
        "Groups hold the images that were found to belong together; what was not found still leaks.",
    ]
    if len(found.plan.seeds) == 1:
        said.append("One seed: how much another initialisation or division would change is not measured.")
    return Section("limits", "Limits", (bullets(*said),))


def _reproduce(found: StudyFindings) -> Section:
    devices = dict.fromkeys(each.run.status().device for each in found.finished)
    blocks = (
        text(f"Trained on {'; '.join(filter(None, devices)) or 'a device that was not recorded'}. Folders and files "
             "are given by their names alone, files of one name with the folders that tell them apart; images and "
             "weights have to be the same."),
        Code(f"{study_command(found.plan)}\n{_how_to_complete(found)}"),
    )  # fmt: skip
    return Section("reproduce", "How to make it again", blocks)


def _not_computed(found: StudyFindings) -> Text:
    return text("Not computed; ", Mono(_how_to_complete(found)), " computes them first.")


def _how_to_complete(found: StudyFindings) -> str:
    frozen = any(baseline_of(each.setting) in FROZEN for each in found.baselines)
    return f"python -m allcore study report {found.name} --complete{' --frozen' if frozen else ''} --format html"
