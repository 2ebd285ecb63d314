"""How intervals are made, in the words that the report, the pages and a study's report share."""

from __future__ import annotations

from typing import Final

_OF_SHARES: Final = {
    "wilson": (
        "Wilson's for accuracy, weighted sensitivity, and each class's sensitivity, precision, specificity, negative "
        "predictive value and F1; for all other scores a percentile bootstrap over images, of 2,000 samples."
    ),
    "group bootstrap": (
        "a percentile bootstrap over groups, of 2,000 samples, because images of a group are not independent. For "
        "accuracy, weighted sensitivity, and each class's sensitivity, precision, specificity, negative predictive "
        "value and F1 they are at least as wide as Wilson's with one trial per group."
    ),
}
_OF_OTHERS: Final = (
    " Near perfection a bootstrap sees too little, so others are at least as wide as theory has them: averages over "
    "classes as their classes' intervals combined; the Matthews correlation (MCC) as follows from the classes' "
    "sensitivities; an AUROC as by Newcombe's method (2006), an average precision as by Wilson's, with {trials} as "
    "trials. Those of calibration error, Brier score and log loss are the bootstrap's alone."
)

DIFFERENCES: Final = (
    "The interval of a difference of accuracies has Wilson's ends of the two shares of images that one alone gets "
    "right, with groups as trials, and is no narrower than a paired bootstrap where groups hold several images. Other "
    "differences have a paired bootstrap over groups. Those of scores of labels, such as F1 and MCC, are at least as "
    "wide as follows from the classes' sensitivities, compared as accuracies are; those of AUROC and average precision "
    "as follows from the intervals of the two models and the correlation of their scores over the resamples."
)
"""How the intervals of differences of two models on the same images are made."""


def intervals_in_words(method: str) -> str:
    """Return how the 95 % intervals of scores are made, for after a colon; `method` is `Scores.interval_method`."""
    return _OF_SHARES[method] + _OF_OTHERS.format(trials="images" if method == "wilson" else "groups")
