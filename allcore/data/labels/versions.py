"""A dataset with the labels that its folders give, or corrected by what people judged: a version that has a name.

The name of a corrected version is a digest of all that it changes. Judgements are only added, so that each version
that there ever was can be had again by its name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from allcore.config import AS_GIVEN, CORRECTED, LABELS_EXPECTED, names_labels
from allcore.data.catalog import Catalog
from allcore.data.labels.judgements import EXCLUDED_CLASS, Judgement, Judgements, keep_latest, read_judgements
from allcore.errors import DatasetError
from allcore.text import counted, printable

EXCLUDED = "excluded, as it was judged"
"""The problem of an image that a version excludes."""
_DIGITS = 12


@dataclass(frozen=True)
class LabelVersion:
    """A catalog with the labels of a version, and the version's name: `as_given`, or `corrected-` and a digest."""

    name: str
    catalog: Catalog


def label_version(catalog: Catalog, variant: str | None, labels: str, judgements: Path | None) -> LabelVersion:
    """Return the version `labels` of a variant of a catalog: `as_given`, `corrected` (as of now), or one by its name.

    `judgements` is the file of what was judged. An image of a class that the variant does not have keeps its label.
    Raises `DatasetError` when the judgements change nothing, or never made the version that is named.
    """
    if labels == AS_GIVEN:
        return LabelVersion(AS_GIVEN, catalog)
    if not names_labels(labels):
        raise DatasetError(f"labels: {LABELS_EXPECTED} (received {printable(labels)[:100]!r})")
    variant = catalog.variant(variant)
    judged = Judgements() if judgements is None else read_judgements(judgements)
    changes = label_changes(catalog, variant, judged)
    if labels not in (CORRECTED, version_name(changes)):
        changes = next((each for each in _former(catalog, variant, judged) if version_name(each) == labels), {})
        if not changes:
            raise DatasetError(
                f"labels: the judgements of the images in {catalog.root} never made {labels}; import those that did, "
                f"or use {CORRECTED} for what they say now"
            )
    if not changes:
        raise DatasetError(
            f"labels: no judgement moves or excludes an image of {catalog.root / variant}, so nothing is corrected; "
            f"judge some first, or use {AS_GIVEN}"
        )
    return LabelVersion(version_name(changes), _changed(catalog, variant, changes))


def label_changes(catalog: Catalog, variant: str, judged: Judgements) -> dict[str, str]:
    """Return the new class of each content (sha256) that judgements change; `EXCLUDED_CLASS` where excluded."""
    if not judged.latest:
        return {}
    filed = _filed(catalog, variant)
    told = {sha256: _told(one, filed, catalog.labels[variant]) for sha256, one in judged.latest.items()}
    return {sha256: label for sha256, label in told.items() if label is not None}


def version_name(changes: Mapping[str, str]) -> str:
    """Return the name of the version that these changes make."""
    if not changes:
        return AS_GIVEN
    text = "\n".join(sorted(f"{sha256} {label}" for sha256, label in changes.items()))
    return f"{CORRECTED}-{hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]}"


def changes_by_class(given: Catalog, corrected: Catalog, variant: str) -> pd.DataFrame:
    """Return what a version changes: a row a class of the variant with class, images (as given), moved_in, moved_out,
    excluded, and corrected (images of the version)."""
    before = given.images(variant)[["path", "label"]]
    after = corrected.images(variant).set_index("path")["label"].reindex(before["path"]).to_numpy()
    moved = before["label"].ne(pd.Series(after)) & pd.notna(after)
    rows = []
    for label in given.labels[variant]:
        of_class, becomes = before["label"] == label, after == label
        rows.append(
            {
                "class": label, "images": int(of_class.sum()), "moved_in": int((moved & becomes).sum()),
                "moved_out": int((moved & of_class).sum()), "excluded": int((of_class & pd.isna(after)).sum()),
                "corrected": int(becomes.sum()),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def changes_in_words(changes: pd.DataFrame) -> str:
    """Return in a few words what `changes_by_class` found."""
    moved, excluded = int(changes["moved_out"].sum()), int(changes["excluded"].sum())
    images = f"{counted(moved, 'image')} moved to another class"
    return f"{images}, {excluded:,} excluded, of {int(changes['images'].sum()):,}"


def compared_images(catalog: Catalog, variant: str | None) -> pd.DataFrame:
    """Return the usable rows of a variant together with those that a version excludes, renumbered from 0.

    Shared fields are looked for among all of them: whoever leaves an image out has its twins stay together.
    """
    rows = catalog.table[catalog.table["variant"] == catalog.variant(variant)]
    return rows[rows["problem"].isin(("", EXCLUDED))].reset_index(drop=True)


def _filed(catalog: Catalog, variant: str) -> dict[str, set[str]]:
    """Return the classes that each content of a variant is filed under: a copy may lie under another one."""
    filed: dict[str, set[str]] = {}
    images = catalog.images(variant)
    for sha256, label in zip(images["sha256"], images["label"], strict=True):
        filed.setdefault(sha256, set()).add(label)
    return filed


def _told(judgement: Judgement, filed: Mapping[str, set[str]], classes: tuple[str, ...]) -> str | None:
    """Return what a judgement changes a content's class to; None where it changes nothing."""
    says = judgement.says
    if says is None or says not in (EXCLUDED_CLASS, *classes) or filed.get(judgement.sha256, {says}) == {says}:
        return None
    return says


def _former(catalog: Catalog, variant: str, judged: Judgements) -> Iterator[dict[str, str]]:
    """Yield the changes as they were after each judgement that made others."""
    filed, latest, changes = _filed(catalog, variant), dict[str, Judgement](), dict[str, str]()
    for judgement in judged.every:
        keep_latest(judgement, latest)
        told = _told(latest[judgement.sha256], filed, catalog.labels[variant])
        if changes.get(judgement.sha256) == told:
            continue
        if told is None:
            del changes[judgement.sha256]
        else:
            changes[judgement.sha256] = told
        yield changes


def _changed(catalog: Catalog, variant: str, changes: Mapping[str, str]) -> Catalog:
    table = catalog.table.copy()
    told = table["sha256"].map(changes)
    affected = (table["variant"] == variant) & (table["problem"] == "") & told.notna()
    table.loc[affected & (told == EXCLUDED_CLASS), "problem"] = EXCLUDED
    moved = affected & (told != EXCLUDED_CLASS)
    table.loc[moved, "label"] = told[moved]
    return replace(catalog, table=table)
