"""Many features as two: principal directions, which keep distances where they can; t-SNE, which keeps neighbours."""

from __future__ import annotations

import numpy as np

from allcore.arrays import FloatArray
from allcore.errors import InputError

FEWEST = 5
"""Images below which a map says nothing."""
_COMPONENTS = 50
_PERPLEXITY = 30.0
_ITERATIONS = 500
"""Of t-SNE: half of what scikit-learn takes, in half the time."""


def principal_directions(vectors: np.ndarray, count: int = _COMPONENTS) -> tuple[FloatArray, FloatArray]:
    """Return vectors (N, D) along their `count` widest directions (N, at most count), the widest first.

    With them comes the share of the whole variance along each, 0 to 1. Raises `InputError` for fewer than `FEWEST`
    images, or where all are the same.
    """
    if len(vectors) < FEWEST:
        raise InputError(f"a map of {len(vectors)} images says nothing; expected {FEWEST} or more")
    centred = np.asarray(vectors, np.float64) - np.mean(vectors, axis=0, dtype=np.float64)
    if not np.ptp(centred, axis=0).max() > 0:
        raise InputError("the network's features of all images are the same, so that there is nothing to map")
    from sklearn.decomposition import PCA  # most commands and pages can do without

    fitted = PCA(min(count, *centred.shape), svd_solver="randomized", random_state=0)
    return fitted.fit_transform(centred), fitted.explained_variance_ratio_


def t_sne(directions: np.ndarray) -> FloatArray:
    """Return the t-SNE map (N, 2) of images by their principal directions (N, k), the same at every call.

    It begins at the two widest directions; perplexity 30, or a third of the images where they are few (van der Maaten
    and Hinton 2008; Kobak and Berens 2019 for the beginning).
    """
    from sklearn.manifold import TSNE

    perplexity = min(_PERPLEXITY, (len(directions) - 1) / 3)
    drawn = TSNE(2, perplexity=perplexity, init="pca", max_iter=_ITERATIONS, random_state=0).fit_transform(directions)
    return np.asarray(drawn, np.float64)
