"""What the networks of a study cost: training time, memory, weights, and one image through each of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from allcore.errors import InputError
from allcore.inference.latency import latencies
from allcore.inference.network import Network, open_network
from allcore.runs.folder.store import Run


def training_costs(runs: Sequence[Run]) -> dict[str, Any]:
    """Return the median training time of runs of one setting, the most memory that one took, and the network's weights.

    The median, since other work on the machine slows some members and not others. Empty where there is no run. Raises
    `RunError` for a damaged one.
    """
    if not runs:
        return {}
    histories = [run.history() for run in runs]
    seconds = [history.training_seconds for history in histories if history.training_seconds is not None]
    used = [history.most_memory for history in histories if history.most_memory is not None]
    return {
        "training_seconds": float(np.median(seconds)) if seconds else None,
        "memory_bytes": max(used, default=None),
        "parameters": runs[0].config.parameter_count(len(runs[0].split.classes)),
    }


def measured_latencies(runs: Mapping[str, Iterable[Run]]) -> dict[str, float]:
    """Return the seconds of one image through a network of each setting, by the setting; they take turns.

    Of each setting's `runs` the first that has kept its model is measured; settings without one are left out.
    """
    networks = {setting: network for setting, of in runs.items() if (network := _first_network(of)) is not None}
    return dict(zip(networks, latencies(list(networks.values())), strict=True)) if networks else {}


def first_model(runs: Iterable[Run]) -> Path | None:
    """Return the served model of the first run that has kept it; None where none has."""
    return next((model for run in runs if (model := run.kept_model) is not None), None)


def _first_network(runs: Iterable[Run]) -> Network | None:
    model = first_model(runs)
    try:
        return None if model is None else open_network(model)
    except InputError:
        return None
