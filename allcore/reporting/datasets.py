"""What is known of a dataset, in words."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd

from allcore.data.browse import class_counts
from allcore.data.catalog import Catalog
from allcore.number_text import memory
from allcore.runs.owned_datasets import DatasetFacts
from allcore.text import counted

_NOT_RECORDED = "not recorded"
_RUNS = 5
"""Runs that are named; of more, the others are counted."""


def added(of: DatasetFacts) -> str:
    """Return the day on which a dataset was added, UTC; '' where that is not known."""
    return "" if of.note.moment is None else f"{datetime.fromtimestamp(of.note.moment, UTC):%Y-%m-%d}"


def came_from(of: DatasetFacts) -> str:
    """Return where a dataset came from."""
    return (of.note.source or _NOT_RECORDED) if of.owned else "read where it lies"


def facts_table(of: DatasetFacts, catalog: Catalog) -> pd.DataFrame:
    """Return what is known of a dataset, a row a fact: fact, value."""
    usable = int((catalog.table["problem"] == "").sum())
    left_out = len(catalog.not_used())
    facts = {
        "folder": str(of.folder),
        "came from": came_from(of),
        "added": added(of) or (_NOT_RECORDED if of.owned else ""),
        "former names": ", ".join(of.note.former),
        **_classes(catalog),
        "images": f"{usable:,}" + (f", and {counted(left_out, 'file')} that cannot be used" if left_out else ""),
        "size on the disk": memory(of.bytes),
        "runs made on it": _named(of.runs) or "none",
    }
    return pd.DataFrame([(name, value) for name, value in facts.items() if value], columns=["fact", "value"])


def _classes(catalog: Catalog) -> dict[str, str]:
    """Return how many usable images each class has, a text a variant."""
    told, every = {}, class_counts(catalog)
    for variant in catalog.variants:
        counts = every[every["variant"] == variant]
        said = (f"{name} {count:,}" for name, count in zip(counts["class"], counts["images"], strict=True))
        told[f"classes of {variant}" if variant else "classes"] = ", ".join(said)
    return told


def what_deleting_means(of: DatasetFacts) -> str:
    """Return what is lost when a dataset of the workspace is deleted."""
    if of.folder.is_symlink():
        return f"{of.name} is a link, which is removed; the images stay in {of.folder.readlink()}."
    lost = f"{of.name} ({memory(of.bytes)}) is removed from the disk with all its images. This cannot be undone."
    if not of.runs:
        return lost
    runs = f"{counted(len(of.runs), 'run was', 'runs were')} made on it"
    return f"{lost} {runs} ({_named(of.runs)}): their scores stay, their images are gone, and none can be resumed."


def _named(runs: tuple[str, ...]) -> str:
    more = f" and {len(runs) - _RUNS} more" if len(runs) > _RUNS else ""
    return f"{', '.join(runs[:_RUNS])}{more}"
