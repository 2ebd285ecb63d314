"""What a study found, as tables that the report, the command line and a README show alike."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from allcore.evaluation.comparing.verdict import SettingDifference
from allcore.evaluation.shortcuts.frozen import FROZEN
from allcore.number_text import (
    UNKNOWN,
    decimal,
    duration,
    hundredfold,
    listed,
    memory,
    per_cent,
    percentage,
    percentages,
)
from allcore.paper import TABLE_1, TABLE_2
from allcore.reporting.comparison import p_value
from allcore.reporting.report.rendering.blocks import Table
from allcore.reporting.score_tables import ERROR_NAMES, SCORE_NAMES
from allcore.reporting.studies.ranking import best_settings
from allcore.reporting.studies.wording import (
    mean_and_spread,
    means_in_words,
    not_ranked,
    same_parts,
    setting_names,
)
from allcore.studies.baselines import baseline_of
from allcore.studies.findings import StudyFindings
from allcore.studies.results import SettingScores
from allcore.text import counted


def study_settings_table(found: StudyFindings) -> Table:
    """Return each setting's accuracy with its spread, pooled, and its costs, the paper's Table 1 beside sizes."""
    names = setting_names(found.plan)
    sizes = list(found.plan.vary) == ["image_size"] and found.beside_paper
    rows = tuple(_setting_row(names[each.setting], each) for each in found.settings)
    if sizes:
        rows += tuple(
            (f"the paper, {row.image_size} px", "", per_cent(row.accuracy), "",
             duration(row.training_seconds), *[""] * 3)
            for row in TABLE_1
        )  # fmt: skip
    columns = ("setting", "#runs", "#accuracy", "#all test images together (95 %)", "#training of a run", "#memory",
               "#parameters (millions)", "#time for one image")  # fmt: skip
    means = means_in_words(found.plan, (each.succeeded for each in found.settings if each.succeeded))
    caption = f"Accuracy ({means}), and what each setting costs"
    return Table(caption + ("; the paper had other images and another GPU" if sizes else ""), columns, rows)


def methods_table(found: StudyFindings) -> Table:
    """Return networks, classifiers on frozen features and baselines on the same folds, the most accurate first.

    Each stands beside the most accurate network of those that test the same images; published accuracies of the paper's
    Table 2 follow where they may.
    """
    names = setting_names(found.plan)
    networks = [each for each in found.settings if each.succeeded]
    best = [scores.setting for scores in best_settings(found).values()]
    against = {other: each for setting in best for other, each in _against(found, setting).items()}
    rows = [
        _method(names.get(each.setting, each.setting), _kind(each, networks), each, against.get(each.setting))
        for each in sorted([*networks, *found.baselines], key=_accuracy, reverse=True)
    ]
    if found.beside_paper:
        rows += [
            (source, "published, on other images", " / ".join(per_cent(value) for value in values), *[""] * 4)
            for source, values in TABLE_2
        ]
    beside = f"; the lead is that of {listed([names[setting] for setting in best])}" if best else ""
    beside += f". {not_ranked(found)} have baselines of their own" if len(best) > 1 else ""
    columns = ("method", "what it is", "#accuracy", "#all test images together (95 %)", "#macro F1", "#lead in points",
               "verdict")  # fmt: skip
    means = means_in_words(found.plan, (each.succeeded for each in [*networks, *found.baselines]))
    caption = f"Methods on {same_parts(found.plan)}: {means}{beside}"
    return Table(caption, columns, tuple(rows))


def scores_table(scores: SettingScores, name: str) -> Table:
    """Return every score of a setting as mean with its spread over folds and seeds, and pooled with its interval."""
    rows = tuple(
        (called, _number(key, each.mean), *(_deviation(key, value) for value in (each.sd_folds, each.sd_seeds)),
         _number(key, scores.pooled[key]), _ends(key, scores))
        for key, called in (SCORE_NAMES | ERROR_NAMES).items()
        if (each := scores.spreads.get(key)) is not None
    )  # fmt: skip
    columns = ("score", "#mean", "#SD, folds", "#SD, seeds", "#pooled", "#95 % interval")
    runs, images = counted(scores.members, "run"), counted(scores.images, "test image")
    return Table(f"{name}: {scores.succeeded} of {runs}, {images} (scores in per cent)", columns, rows)


def differences_table(differences: Sequence[SettingDifference], found: StudyFindings) -> Table:
    """Return two settings, or a setting and a baseline, a row: how far apart, both tests, and the verdict."""
    names = setting_names(found.plan)
    rows = tuple(
        (
            names.get(each.first, each.first), names.get(each.second, each.second), _points(each.difference),
            _interval(*each.interval), p_value(each.p),
            *(
                ("not known", UNKNOWN, UNKNOWN) if each.repeated is None else
                (_interval(each.repeated.low, each.repeated.high), p_value(each.repeated.p),
                 p_value(each.repeated.p_equivalent))
            ),
            each.verdict,
        )
        for each in differences
    )  # fmt: skip
    columns = ("first", "second", "#first − second", "#these networks, 95 %", "#p (McNemar, groups)",
               "#trained again, 95 %", "#p (corrected t)", "#p (not the same)", "verdict")  # fmt: skip
    caption = f"Accuracy in points, on the same images; less than {100 * found.margin:g} apart counts as the same"
    return Table(caption, columns, rows)


def folds_table(found: StudyFindings) -> Table | None:
    """Return the accuracy of each setting on each seed and fold; None where fewer than two have been tested."""
    names = setting_names(found.plan)
    accuracy = {
        (each.place.setting, each.place.seed, each.place.fold): float(each.predictions.table["correct"].mean())
        for each in found.finished
    }
    images: dict[tuple[int, int | None], set[int]] = {}
    for each in found.finished:
        images.setdefault((each.place.seed, each.place.fold), set()).add(len(each.predictions.table))
    if len(images) < 2:
        return None
    rows = tuple(
        (
            str(seed), UNKNOWN if fold is None else str(fold), _from_to(images[seed, fold]),
            *(percentage(accuracy.get((setting, seed, fold))) for setting in found.plan.settings),
        )
        for seed, fold in _parts(found)
        if (seed, fold) in images
    )  # fmt: skip
    columns = ("#seed", "#fold", "#test images", *(f"#{names[setting]}" for setting in found.plan.settings))
    others = f". {not_ranked(found)} cannot be compared in a row" if len(best_settings(found)) > 1 else ""
    return Table(f"Accuracy (%) on each part{others}", columns, rows)


def probes_table(found: StudyFindings) -> Table:
    """Return the accuracy of each setting's networks under each probe that was made of any."""
    names = setting_names(found.plan)
    of_settings = {probed.setting: {each.probe: each for each in probed.probes} for probed in found.probes}
    probes = dict.fromkeys(each.probe for probed in found.probes for each in probed.probes)
    rows = []
    for probe in probes:
        found_by = [of.get(probe) for of in of_settings.values()]
        rows.append((probe, *(mean_and_spread(None if each is None else each.accuracy) for each in found_by)))
        if any(each is not None and each.followed_other is not None for each in found_by):
            followed = [None if each is None else each.followed_other for each in found_by]
            rows.append((f"{probe}: predicted as the lender's class", *map(mean_and_spread, followed)))
    evidence = [probed.evidence_in_cells for probed in found.probes]
    if any(evidence):
        rows.append(("evidence inside nucleated cells", *map(mean_and_spread, evidence)))
    columns = ("images", *(f"#{names[setting]}" for setting in of_settings))
    means = means_in_words(found.plan, (each.members for probed in found.probes for each in probed.probes))
    return Table(f"Accuracy under each probe ({means})", columns, tuple(rows))


def _setting_row(name: str, scores: SettingScores) -> tuple[str, ...]:
    weights = None if scores.parameters is None else scores.parameters / 1e6
    one_image = UNKNOWN if scores.latency_seconds is None else f"{1e3 * scores.latency_seconds:.1f} ms"
    used = UNKNOWN if scores.memory_bytes is None else memory(scores.memory_bytes)
    return (name, f"{scores.succeeded} of {scores.members}", mean_and_spread(scores.spreads.get("accuracy"), 2),
            _together(scores), duration(scores.training_seconds), used, decimal(weights, 1), one_image)  # fmt: skip


def _method(name: str, kind: str, each: SettingScores, against: SettingDifference | None) -> tuple[str, ...]:
    lead = "" if against is None else f"{_points(against.difference)} ({_interval(*against.interval)})"
    verdict = "" if against is None else against.verdict
    f1 = mean_and_spread(each.spreads.get("f1_macro"), 2)
    return (name, kind, mean_and_spread(each.spreads["accuracy"], 2), _together(each), f1, lead, verdict)


def _kind(each: SettingScores, networks: Sequence[SettingScores]) -> str:
    if each in networks:
        return "network"
    baseline = baseline_of(each.setting)
    if baseline in FROZEN:
        return "classifier on frozen features"
    return "measures of cells" if baseline.sees_cells else "shortcut"


def _against(found: StudyFindings, best: str) -> dict[str, SettingDifference]:
    """Return how far the most accurate network leads each other method, by the other's name."""
    others = {each.second: each for each in found.against_baselines if each.first == best}
    for each in found.differences:
        if best == each.first:
            others[each.second] = each
        elif best == each.second:
            others[each.first] = each.turned()
    return others


def _together(scores: SettingScores) -> str:
    if not scores.succeeded:
        return UNKNOWN
    return f"{per_cent(scores.pooled['accuracy'])} ({percentages(scores.intervals['accuracy'])})"


def _accuracy(each: SettingScores) -> float:
    return each.spreads["accuracy"].mean


def _parts(found: StudyFindings) -> Iterator[tuple[int, int | None]]:
    return ((seed, fold) for seed in found.plan.seeds for fold in found.plan.folds or (None,))


def _from_to(counts: Collection[int]) -> str:
    """Return a number of images, or the fewest and the most where settings were tested on other numbers of them."""
    return " to ".join(f"{count:,}" for count in sorted({min(counts), max(counts)}))


def _points(value: float) -> str:
    return decimal(100 * value, 2, "+")


def _interval(low: float | None, high: float | None) -> str:
    return percentages((low, high), 2, "+")


def _number(key: str, value: float | None) -> str:
    return decimal(value, 4) if key in ERROR_NAMES else percentage(value)


def _deviation(key: str, value: float | None) -> str:
    """Return a standard deviation: a hair above 0 is not worth telling from 0, as it is of a score."""
    return decimal(value, 4) if key in ERROR_NAMES else decimal(hundredfold(value))


def _ends(key: str, scores: SettingScores) -> str:
    low, high = scores.intervals.get(key, (None, None))
    shown = (_number(key, low), _number(key, high))
    return UNKNOWN if UNKNOWN in shown else " to ".join(shown)
