"""What the nearest images by a network's features have in common, as a table and in words."""

from __future__ import annotations

import pandas as pd

from allcore.reporting.image_map import PARTS
from allcore.reporting.number_text import per_cent


def agreement_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of `agreement`, in per cent: images, number, what, features, low, high, colours, chance."""
    kinds = {"class": "class", "stain": "stain cluster, within the class"}
    images = rows["part"].replace(PARTS)
    table = rows.drop(columns=["part", "kind"]).rename(columns={"images": "number"})
    table.insert(0, "images", images)
    table.insert(2, "what", rows["kind"].map(kinds))
    fractions = ["features", "low", "high", "colours", "chance"]
    return table.assign(**{name: 100 * table[name] for name in fractions})


def agreement_findings(rows: pd.DataFrame, neighbours: int) -> list[str]:
    """Return in sentences what the rows of `agreement` for all images mean: what the features tell apart.

    Differences of which the interval leaves out the other value alone are told as such.
    """
    first = rows[rows["part"] == rows["part"].iloc[0]].set_index("kind")
    found = []
    if "class" in first.index:
        of = first.loc["class"]
        found.append(
            f"Of the {neighbours} nearest images by the network's features, {per_cent(of['features'], 1)} are of an "
            f"image's own class; by nine colour numbers alone {per_cent(of['colours'], 1)}, by chance "
            f"{per_cent(of['chance'], 1)}."
        )
    if "stain" in first.index:
        of = first.loc["stain"]
        told = "no stain is seen in the features beyond chance"
        if of["low"] > of["chance"]:
            less = ", though less of it than the colours do" if of["high"] < of["colours"] else ""
            told = f"the features hold the stain as well{less}"
        found.append(
            f"Among the nearest of its class, {per_cent(of['features'], 1)} are of its own stain cluster; by the "
            f"colours {per_cent(of['colours'], 1)}, by chance {per_cent(of['chance'], 1)}: {told}."
        )
    return found
