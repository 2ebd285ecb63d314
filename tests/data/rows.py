"""Catalog rows as tables, without files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd


def images(counts: dict[str, int]) -> pd.DataFrame:
    """Return catalog rows of so many images a class, all different."""
    paths = [f"{label}/{label.lower()}-{number:03}.jpg" for label, count in counts.items() for number in range(count)]
    labels = [path.split("/")[0] for path in paths]
    return pd.DataFrame(
        {"path": paths, "label": labels, "sha256": [f"s{p}" for p in paths], "pixel_sha256": [f"p{p}" for p in paths]}
    )


def in_groups(sizes: dict[str, list[int]]) -> pd.DataFrame:
    """Return catalog rows whose classes consist of groups of equal pictures, of these sizes."""
    rows = images({label: sum(groups) for label, groups in sizes.items()})
    names = [f"{label}{number}" for label, groups in sizes.items() for number, n in enumerate(groups) for _ in range(n)]
    return rows.assign(pixel_sha256=names)


def write_csv(path: Path, text: str) -> str:
    """Write a table of groups and return its path."""
    path.write_text(text, encoding="utf-8")
    return str(path)
