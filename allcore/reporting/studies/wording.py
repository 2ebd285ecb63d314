"""What a study found, in sentences: the answer first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from allcore.evaluation.comparing.repeated import Spread
from allcore.evaluation.comparing.verdict import SettingDifference
from allcore.evaluation.probes.registry import AS_IT_IS, CELLS_ALONE, OTHER_FIELD
from allcore.number_text import UNKNOWN, decimal, listed, per_cent, percentage, percentages
from allcore.reporting.comparison import p_text
from allcore.reporting.studies.ranking import best_settings, best_shortcut, ranked_together
from allcore.studies.baselines import dividing_fields
from allcore.studies.findings import StudyFindings
from allcore.studies.plan import StudyPlan
from allcore.studies.probes import SettingProbes
from allcore.studies.recipe import shown_values
from allcore.studies.results import SettingScores
from allcore.text import counted

_NOT_KNOWN = "trained again: not known"


def setting_names(plan: StudyPlan) -> dict[str, str]:
    """Return what to call each setting of a study: `64 px`, `ResNet50`, or the varied fields with its values."""
    names = {}
    for place in plan.places:
        forms = {"image_size": f"{place.config.image_size} px", "network": place.config.trunk.title}
        shown = zip(plan.vary, shown_values(plan, place, list(plan.vary)), strict=True)
        said = [forms.get(path, value) for path, value in shown]
        names[place.setting] = ", ".join(said) or f"{place.config.trunk.title}, {place.config.image_size} px"
    return names


def mean_and_spread(of: Spread | None, digits: int = 1) -> str:
    """Return a score as `96.4 ± 0.8 %`, its mean and standard deviation over folds, or over seeds where it has no
    folds; the mean alone of a single member."""
    if of is None:
        return UNKNOWN
    deviation = of.sd_seeds if of.sd_folds is None else of.sd_folds
    if deviation is None:
        return per_cent(of.mean, digits)
    return f"{percentage(of.mean, digits)} ± {decimal(100 * deviation, digits)} %"


def parts_in_words(plan: StudyPlan) -> str:
    """Return over what a study's means are taken: `5 folds`, `5 folds of 2 seeds`, `3 seeds` or `one run`."""
    if plan.folds:
        of_seeds = f" of {counted(len(plan.seeds), 'seed')}" if len(plan.seeds) > 1 else ""
        return f"{counted(len(plan.folds), 'fold')}{of_seeds}"
    return counted(len(plan.seeds), "seed") if len(plan.seeds) > 1 else "one run"


def measured_in_words(plan: StudyPlan, scores: SettingScores) -> str:
    """Return over what a setting's mean is taken so far: as `parts_in_words`, or `4 of 10 runs`."""
    return (
        parts_in_words(plan) if scores.succeeded == scores.members else f"{scores.succeeded} of {scores.members} runs"
    )


def means_in_words(plan: StudyPlan, measured: Iterable[int]) -> str:
    """Return what the means of a table are: over all of a study's parts, over those that have them, or single values.

    `measured` is how many runs each of them is of.
    """
    counts, planned = set(measured), plan.members // len(plan.settings)
    if counts <= {1}:
        return "of one run each"
    over = "" if counts == {planned} else "the runs that have it, of "
    return f"mean ± standard deviation over {over}{parts_in_words(plan)}"


def folds_in_words(found: StudyFindings) -> str:
    """Return which images the folds of a study test, as sentences that end with a space; '' without folds."""
    plan, of = found.plan, found.plan.config.split.folds
    if not plan.folds:
        return ""
    said = "Each fold is the test of one run and the others train and validate"
    if _has_all_folds(plan) and found.is_whole:
        return f"{said}, so that every image is tested once a seed by a network that has not seen it. "
    if not _has_all_folds(plan):
        said += f"; the study has {len(plan.folds)} of {of} folds ({listed(list(map(str, plan.folds)))})"
    if not found.is_whole:
        said += "; the test images of missing runs are not tested yet"
    return f"{said}. Each image that is tested is tested once a seed, by a network that has not seen it. "


def pooled_in_words(plan: StudyPlan, scores: SettingScores) -> str:
    """Return what a setting's test images are together: of how many seeds, and whether each is there once a seed."""
    if len(plan.seeds) == 1:
        return "all test images"
    each = ", each once a seed" if _has_all_folds(plan) and scores.succeeded == scores.members else ""
    return f"all test images{each}, {len(plan.seeds)} seeds together"


def best_in_words(found: StudyFindings) -> str:
    """Return which setting is the most accurate, and how accurate; or that no member has succeeded yet.

    Of settings that test other images, or the same under other labels, each has a sentence of its own.
    """
    best, together = best_settings(found), ranked_together(found)
    if not best:
        return "No member of the study has succeeded yet."
    said = [_best_of(found, scores, len(together[of]), of) for of, scores in best.items()]
    if len(best) > 1:
        said.insert(0, f"{not_ranked(found)} are not ranked together.")
    return " ".join(said)


def not_ranked(found: StudyFindings) -> str:
    """Return in words which settings of a study cannot be ranked together, the beginning of a sentence."""
    return f"Settings that differ in {listed(dividing_fields(found.plan))} test different images or labels, and"


def _best_of(found: StudyFindings, best: SettingScores, count: int, of: str) -> str:
    """Return that a setting is the best of so many that test the same, and how accurate it is."""
    name = setting_names(found.plan)[best.setting]
    settings = f"{count} settings{f' with {of}' if of else ''}"
    which = f"The most accurate of {settings} is {name}" if count > 1 else name
    accuracy, over = best.spreads["accuracy"], measured_in_words(found.plan, best)
    if best.succeeded > 1:
        spread = "" if accuracy.sd_folds is None and accuracy.sd_seeds is None else " and standard deviation"
        over = f"mean{spread} over {over}"
    return (
        f"{which}: accuracy {mean_and_spread(accuracy)} ({over}), and "
        f"{per_cent(best.pooled['accuracy'], 1)} ({percentages(best.intervals['accuracy'], 1)}) of all "
        f"{counted(best.images, 'test image')} taken together."
    )


def progress_in_words(found: StudyFindings) -> str:
    """Return how many members the findings lack; '' when the study is whole."""
    missing = found.plan.members - len(found.finished)
    if not missing:
        return ""
    have = "has" if missing == 1 else "have"
    return f"{missing} of {counted(found.plan.members, 'member')} {have} not succeeded yet: all this may change."


def difference_in_words(of: SettingDifference, names: Mapping[str, str]) -> str:
    """Return in a sentence whether two settings differ, are the same within the margin, or nobody knows yet."""
    of = _better_first(of)
    first, second = names.get(of.first, of.first), names.get(of.second, of.second)
    points = f"{100 * of.margin:g} {'point' if of.margin == 0.01 else 'points'}"
    apart = f"{abs(100 * of.difference):.1f} points apart in accuracy on {counted(of.images, 'image')}"
    likely = f"for these networks {percentages(of.interval, 1, '+')} points, {p_text(of.p)}"
    if of.repeated is None:
        likely += f"; {_NOT_KNOWN}"
    else:
        likely += f"; trained again {percentages((of.repeated.low, of.repeated.high), 1, '+')}"
    if of.verdict == "they differ":
        return f"{first} is better than {second}: {apart} ({likely})."
    if of.verdict == "the same within the margin":
        return f"{first} and {second} are the same within {points}: {apart} ({likely})."
    return f"{first} and {second} cannot be told apart, nor called the same within {points}: {apart} ({likely})."


def verdicts_in_words(differences: Sequence[SettingDifference], names: Mapping[str, str] | None = None) -> list[str]:
    """Return which pairs of settings differ, which are the same within the margin, and which nobody can tell apart."""
    if not differences:
        return []
    points = f"{100 * differences[0].margin:g}"
    said = {
        "they differ": "Different",
        "the same within the margin": f"The same within {points} {'point' if points == '1' else 'points'}",
        "cannot be told apart": "Not known: neither different nor the same",
    }
    lines = []
    for verdict, words in said.items():
        pairs = [_pair(each, names or {}) for each in differences if each.verdict == verdict]
        lines.append(f"{words}: {'; '.join(pairs)}." if pairs else f"{words}: no two settings.")
    return lines


def shortcuts_in_words(found: StudyFindings) -> str:
    """Return whether the most accurate network stands above the best shortcut on the same parts; '' while unknown.

    Where settings test different images, that is said of the most accurate network of each kind.
    """
    said = []
    for scores in best_settings(found).values():
        shortcut = best_shortcut(found, scores)
        if shortcut is not None:
            said.append(_beside_shortcut(found, scores, shortcut))
    return " ".join(said)


def same_parts(plan: StudyPlan) -> str:
    """Return what networks and baselines of a study have in common: its folds, or its split."""
    return "the same folds" if plan.folds else "the same split"


def _beside_shortcut(found: StudyFindings, best: SettingScores, shortcut: SettingScores) -> str:
    """Return how far a network is above a shortcut of its own parts."""
    accuracy = mean_and_spread(shortcut.spreads["accuracy"])
    said = f"The best shortcut on {same_parts(found.plan)} is the {shortcut.setting}, {accuracy}"
    against = next(
        (each for each in found.against_baselines if (each.first, each.second) == (best.setting, shortcut.setting)),
        None,
    )
    if against is None:
        return f"{said}."
    if against.verdict == "they differ" and against.difference > 0:
        return f"{said}: {100 * against.difference:.1f} points of the network's accuracy are explained by no shortcut."
    if against.difference <= 0:
        level = f"the network is not above it ({100 * abs(against.difference):.1f} points below)"
    elif against.verdict == "the same within the margin":
        level = "the network is no better"
    else:
        level = "the network cannot be told from it"
    return f"{said}: {level}, so that its accuracy alone is no evidence that it looks at cells."


def probes_in_words(probed: SettingProbes, name: str) -> str:
    """Return what the probes say of a setting's networks, as far as those of cells and field were made."""
    of = {each.probe: each for each in probed.probes}
    plain, mixed, alone = (of.get(probe) for probe in (AS_IT_IS, OTHER_FIELD, CELLS_ALONE))
    said = [] if plain is None else [f"right in {mean_and_spread(plain.accuracy)} of the images as they are"]
    if alone is not None:
        said.append(f"in {mean_and_spread(alone.accuracy)} with the cells alone")
    if mixed is not None and mixed.followed_other is not None:
        said.append(
            f"on another class's field {mean_and_spread(mixed.accuracy)} follow the cells and "
            f"{mean_and_spread(mixed.followed_other)} the field"
        )
    return f"{name} ({counted(probed.members, 'network')}): {listed(said)}." if said else ""


def _has_all_folds(plan: StudyPlan) -> bool:
    """Return whether a study has all folds of its split, so that its runs test every image once a seed."""
    return len(plan.folds) == plan.config.split.folds


def _better_first(of: SettingDifference) -> SettingDifference:
    """Return a comparison with the better setting first where the two differ, so that its interval is above 0."""
    return of.turned() if of.verdict == "they differ" and of.difference < 0 else of


def _pair(of: SettingDifference, names: Mapping[str, str]) -> str:
    of = _better_first(of)
    first, second = names.get(of.first, of.first), names.get(of.second, of.second)
    between = "above" if of.verdict == "they differ" else "and"
    anew = f"; {_NOT_KNOWN}" if of.repeated is None and of.verdict != "cannot be told apart" else ""
    return f"{first} {between} {second} ({100 * abs(of.difference):.1f} points apart{anew})"
