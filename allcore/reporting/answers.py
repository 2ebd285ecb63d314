"""What a model said of many images, in one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from allcore.data.class_names import in_order


def answers_in_words(labels: Iterable[str], novel: int, lacking: int, named: Callable[[str], str] = str) -> str:
    """Return how many images each class was given, how many are novel, and how many were not predicted.

    `labels` are those of the predicted images; `named` makes a class's name fit for where the sentence stands.
    """
    counts = Counter(labels)
    said = [f"{counts[name]:,} {named(name)}" for name in in_order(counts)]
    said += [f"{novel:,} of them not like the images this model knows"] if novel else []
    said += [f"{lacking:,} not predicted"] if lacking else []
    return ", ".join(said)
