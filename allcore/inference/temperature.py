"""The one number that mends probabilities which are too sure, or not sure enough."""

import numpy as np
import numpy.typing as npt

from allcore.arrays import FloatArray, IntArray

_TEMPERATURE_RANGE = (0.05, 20.0)


def fit_temperature(probabilities: npt.NDArray[np.floating], labels: IntArray) -> float:
    """Temperature in [0.05, 20] that minimises the log loss of softmax(log p / T) (Guo et al., 2017, section 4.2).

    `probabilities` (N, C), `labels` (N,) class indices. The log loss is never above that of T = 1. When every image
    is right, the log loss falls without end as T goes to 0; T then goes no lower than where the mean top probability
    is (n + 1) / (n + 2), the accuracy that n successes in n trials support (Laplace's rule of succession).
    """
    from scipy.special import log_softmax  # wanted after a training alone

    log_p = _log(probabilities)
    images = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        return float(-log_softmax(log_p / np.exp(log_temperature), axis=1)[images, labels].mean())

    rivals = log_p.copy()
    rivals[images, labels] = -np.inf
    if (log_p[images, labels] > rivals.max(axis=1)).all():
        return _sharpest_supported(log_p)
    from scipy.optimize import minimize_scalar

    coldest, hottest = (float(np.log(end)) for end in _TEMPERATURE_RANGE)
    best = float(minimize_scalar(loss, bounds=(coldest, hottest), method="bounded", options={"xatol": 1e-6}).x)
    return float(np.exp(best)) if loss(best) < loss(0.0) else 1.0


def apply_temperature(probabilities: npt.NDArray[np.floating], temperature: float) -> npt.NDArray[np.floating]:
    """Probabilities (N, C) at softmax(log p / T), computed in float64, returned in the dtype given.

    A probability that underflowed to 0 is taken as 1.2e-38, the smallest normal float32.
    """
    return _softmax(_log(probabilities) / temperature).astype(probabilities.dtype)


def _log(probabilities: npt.NDArray[np.floating]) -> FloatArray:
    # Served probabilities are float32, so a 0 underflowed there, whichever dtype it has been stored in since.
    return np.log(probabilities.astype(np.float64).clip(np.finfo(np.float32).tiny))


def _softmax(logits: FloatArray) -> FloatArray:
    # SciPy's own takes a quarter of a second to import, which the first prediction of a process would wait for.
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    total: FloatArray = powers.sum(axis=1, keepdims=True)
    return powers / total


def _sharpest_supported(log_p: FloatArray) -> float:
    from scipy.optimize import brentq

    supported = (len(log_p) + 1) / (len(log_p) + 2)

    def excess_confidence(log_temperature: float) -> float:
        return float(_softmax(log_p / np.exp(log_temperature)).max(axis=1).mean() - supported)

    coldest, unchanged = float(np.log(_TEMPERATURE_RANGE[0])), 0.0
    if excess_confidence(unchanged) >= 0:
        return 1.0
    if excess_confidence(coldest) <= 0:
        return _TEMPERATURE_RANGE[0]
    return float(np.exp(brentq(excess_confidence, coldest, unchanged)))
