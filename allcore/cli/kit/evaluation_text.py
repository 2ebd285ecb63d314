"""How the scores of a model, and two models on the same images, are printed: as JSON, or as tables."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

from allcore.cli.kit.class_text import print_matrix
from allcore.cli.kit.output import print_json, say, table
from allcore.data.known_images import OF_DRAWN
from allcore.errors import InputError
from allcore.number_text import Ends, decimal, interval, of_hundred, per_cent, percentage, percentages
from allcore.paper import HEADLINE
from allcore.text import counted

if TYPE_CHECKING:
    from allcore.data.labels.meanings import ClassMeanings
    from allcore.evaluation.predictions.chosen_point import ChosenPoint
    from allcore.evaluation.predictions.evaluation import Evaluation

_ROWS = {
    "accuracy": "accuracy",
    "precision_weighted": "precision (weighted)",
    "recall_weighted": "sensitivity (weighted)",
    "f1_weighted": "F1 (weighted)",
    "mcc": "MCC",
    "balanced_accuracy": "balanced accuracy",
    "precision_macro": "precision (macro)",
    "recall_macro": "sensitivity (macro)",
    "specificity_macro": "specificity (macro)",
    "npv_macro": "NPV (macro)",
    "f1_macro": "F1 (macro)",
    "auroc_macro": "AUROC (macro)",
    "average_precision_macro": "average precision (macro)",
}
_ERRORS = {"ece": "expected calibration error", "brier": "Brier score", "log_loss": "log loss"}


def evaluation_json(evaluation: Evaluation, prevalence: float | None = None) -> dict[str, Any]:
    """Return an evaluation as JSON values: the scores in fractions, and what they are of."""
    from allcore.evaluation.predictions.two_sides import two_sides

    meanings = _meanings(evaluation)
    positive = list(meanings.positive)
    points, notes = _chosen_points(evaluation, meanings, prevalence)
    both = two_sides(evaluation.predictions, positive).model_dump(mode="json") if positive else None
    named = {"model": evaluation.model, "data": evaluation.data}
    alone = evaluation.without_twins
    return {
        **named,
        **evaluation.scores.to_json(),
        "meanings": dict(meanings.meanings),
        "positive": positive,
        "two_sides": both,
        "operating_points": [each.model_dump(mode="json") for each in points],
        "without_twins": None if alone is None else alone.to_json(),
        "notes": [*evaluation.notes, *notes],
    }


def print_evaluation(evaluation: Evaluation, json: bool, prevalence: float | None = None) -> None:
    """Print an evaluation as JSON, or as tables beside the paper's scores, where those may stand there.

    Raises `InputError` for a `prevalence` where no class is positive.
    """
    if prevalence is not None and not _meanings(evaluation).positive:
        raise InputError(
            "prevalence: it is that of positives, and the classes are not divided into positive and negative ones; say "
            "which are positive with: dataset classes DIR --positive CLASS"
        )
    if json:
        print_json(evaluation_json(evaluation, prevalence))
        return
    scores = evaluation.scores.to_json()
    say(evaluation.model, bold=True)
    say(f"on {evaluation.data}: {counted(scores['n'], 'image')}\n")
    beside = evaluation.predictions.beside_paper
    rows = [
        (
            name,
            percentage(scores[key]),
            percentages(_ends(scores, key)),
            percentage(HEADLINE[key]) if key in HEADLINE else "",
        )
        for key, name in _ROWS.items()
    ]
    columns = ["score", "#%", "#95 % interval", *(["#paper %"] if beside else [])]
    table(columns, [row[: len(columns)] for row in rows])
    say()
    errors = [(name, decimal(scores[key], 4), interval(_ends(scores, key), 4)) for key, name in _ERRORS.items()]
    table(["error", "#value", "#95 % interval"], errors)
    say()
    _print_classes(scores)
    say()
    _print_sides(evaluation, _meanings(evaluation), prevalence)
    if beside:
        say("The paper tested other images, at 300 px.")
    if evaluation.predictions.are_drawn:
        say(OF_DRAWN)
    for note in evaluation.notes:
        say(f"note: {note}")
    if evaluation.without_twins is not None:
        alone = evaluation.without_twins.to_json()
        has_trained = len(evaluation.predictions.held_out) < len(evaluation.predictions.table)
        left_out = f"{'are or ' if has_trained else ''}have a twin in train"
        say(
            f"without the images that {left_out}: accuracy {per_cent(alone['accuracy'])} "
            f"({percentages(_ends(alone, 'accuracy'))}), macro F1 {per_cent(alone['f1_macro'])}, "
            f"{counted(alone['n'], 'image')}"
        )


def print_comparison(first: Evaluation, second: Evaluation, json: bool) -> None:
    """Print two models' scores on the images that both were scored on, and whether they differ."""
    from allcore.evaluation.comparing.comparison import compare
    from allcore.evaluation.comparing.pairing import pair
    from allcore.reporting.comparison import error_differences, mcnemar_table, p_text, score_differences, verdict

    comparison = compare(pair(first.predictions, second.predictions))
    notes = list(dict.fromkeys(f"{one.model}: {note}" for one in (first, second) for note in one.notes))
    if json:
        named = {"model": first.model, "against": second.model, "data": [first.data, second.data]}
        print_json({**named, **comparison.to_json(), "notes": notes})
        return
    for place, one, count in (("first", first, comparison.n_first), ("second", second, comparison.n_second)):
        say(f"{place}: {one.model} on {one.data}, {counted(count, 'image')}")
    both, groups = counted(comparison.n, "image"), counted(comparison.n_groups, "group")
    say(f"compared on the {both} that both were scored on, in {groups}\n")
    columns = ["#first", "#second", "#first − second", "#95 % interval"]
    for heading, frame, shown, digits in (
        ("score (%)", score_differences(comparison), of_hundred, 2),
        ("error", error_differences(comparison), decimal, 4),
    ):
        table([heading, *columns], [_difference_row(row, shown, digits) for row in frame.to_dict("records")])
        say()
    counts = mcnemar_table(comparison.mcnemar, "first", "second")
    table(["images", *(f"#{name}" for name in counts.columns[1:])], counts.to_numpy().tolist())
    say(f"\nexact McNemar test: {p_text(comparison.mcnemar.p)} with every image on its own, ", nl=False)
    say(f"{p_text(comparison.mcnemar.p_over_groups)} over overlap groups")
    say(verdict(comparison.mcnemar, "the first", "the second"))
    for note in notes:
        say(f"note: {note}")


def _difference_row(row: dict[Hashable, Any], shown: Callable[[float, int], str], digits: int) -> tuple[str, ...]:
    first, second = shown(row["first"], digits), shown(row["second"], digits)
    ends = interval((row["low"], row["high"]), digits, "+")
    return row["score"], first, second, decimal(row["difference"], digits, "+"), ends


def _print_classes(scores: dict[str, Any]) -> None:
    from allcore.reporting.score_tables import CLASS_METRIC_NAMES

    names = CLASS_METRIC_NAMES | {"npv": "NPV"}
    rows = [
        (name, row["support"], *(percentage(row[metric]) for metric in names))
        for name, row in scores["per_class"].items()
    ]
    table(["class", "#images", *(f"#{name} %" for name in names.values())], rows)
    say()
    print_matrix(scores["classes"], scores["confusion_matrix"])


def _meanings(evaluation: Evaluation) -> ClassMeanings:
    from allcore.data.labels.meanings import class_meanings
    from allcore.workspace import open_workspace

    return class_meanings(evaluation.datasets, evaluation.predictions.classes, open_workspace().classes)


def _chosen_points(
    evaluation: Evaluation, meanings: ClassMeanings, prevalence: float | None
) -> tuple[list[ChosenPoint], list[str]]:
    """Return what lines do that hold usual targets, and what cannot be held, in words; nothing without two sides."""
    from allcore.evaluation.predictions.chosen_point import TARGETS, chosen_point

    if not meanings.positive:
        return [], []
    try:
        points = [
            chosen_point(evaluation.predictions, meanings.positive, target, evaluation.validation, prevalence)
            for target in TARGETS
        ]
    except InputError as error:
        return [], [f"where to draw the line between {' and '.join(meanings.sides)} cannot be said: {error}"]
    if all(each.point.threshold is not None for each in points):
        return points, []
    from allcore.reporting.operating import no_threshold  # with what draws figures

    return points, list(filter(None, (no_threshold(each, meanings.sides[0]) for each in points)))


def _print_operating_points(evaluation: Evaluation, meanings: ClassMeanings, prevalence: float | None) -> None:
    from allcore.reporting.operating import operating_table

    points, notes = _chosen_points(evaluation, meanings, prevalence)
    if points:
        chosen = "these images: it flatters" if points[0].same_images else "the run's validation images"
        share = percentage(points[0].point.prevalence)
        say(
            f"{meanings.sides[0]} from a threshold on, chosen on {chosen}; "
            f"PPV and NPV where {share} % are {meanings.sides[0]}"
        )
        rows = operating_table(points)
        table(["rule", *(f"#{name}" for name in rows.columns[1:])], rows.to_numpy().tolist())
    for said in notes:
        say(said)
    say()


def _print_sides(evaluation: Evaluation, meanings: ClassMeanings, prevalence: float | None) -> None:
    """Print what the classes mean and, where some are positive, how those are told from the others."""
    from allcore.evaluation.predictions.two_sides import two_sides

    if meanings.positive:
        both = two_sides(evaluation.predictions, meanings.positive)
        say(f"{meanings.sides[0]} ({', '.join(meanings.positive)}) against {meanings.sides[1]}:")
        sides = {"sensitivity": both.sensitivity, "specificity": both.specificity}
        rows = [(name, side.images, percentage(side.right), percentages(side.interval)) for name, side in sides.items()]
        table(["score", "#images", "#%", "#95 % interval"], rows)
        say()
        _print_operating_points(evaluation, meanings, prevalence)
    if said := meanings.in_words():
        say(said)


def _ends(scores: dict[str, Any], key: str) -> Ends:
    low, high = scores["intervals"].get(key, (None, None))
    return low, high
