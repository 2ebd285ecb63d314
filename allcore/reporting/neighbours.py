"""What the nearest images by a network's features have in common, as a table and in words."""

from __future__ import annotations

from typing import Final

import pandas as pd

from allcore.number_text import per_cent
from allcore.reporting.image_map import PART_NAMES

_TOLD_OF: Final = {
    "test": "a test image", "": "an image that the model's run had not", "all": "an image of any part",
    "validation": "a validation image", "train": "a training image",
}  # fmt: skip
"""Whose neighbours are told of, the first that there are: a network brings together what it was trained on."""


def agreement_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of `agreement`, in per cent: images, number, what, features, low, high, colours, chance."""
    kinds = {"class": "class", "stain": "stain cluster, within the class"}
    images = rows["part"].replace(PART_NAMES)
    table = rows.drop(columns=["part", "kind"]).rename(columns={"images": "number"})
    table.insert(0, "images", images)
    table.insert(2, "what", rows["kind"].map(kinds))
    fractions = ["features", "low", "high", "colours", "chance"]
    return table.assign(**{name: 100 * table[name] for name in fractions})


def agreement_findings(rows: pd.DataFrame, neighbours: int) -> list[str]:
    """Return in sentences what the rows of `agreement` mean: what the features tell apart, by the images of `_TOLD_OF`.

    Differences of which the interval leaves out the other value alone are told as such.
    """
    part, image = next(((part, image) for part, image in _TOLD_OF.items() if part in set(rows["part"])), ("", ""))
    told_of = {row["kind"]: row for row in rows[rows["part"] == part].to_dict("records")}
    found = []
    if of := told_of.get("class"):
        found.append(
            f"Of the {neighbours} nearest images of {image} by the network's features, {per_cent(of['features'], 1)} "
            f"are of its own class; by nine colour numbers alone {per_cent(of['colours'], 1)}, by chance "
            f"{per_cent(of['chance'], 1)}."
        )
    if of := told_of.get("stain"):
        told = "nothing shows that the features hold the stain"
        if of["low"] > of["chance"]:
            less = ", though less of it than the colours do" if of["high"] < of["colours"] else ""
            told = f"the features hold the stain as well{less}"
        found.append(
            f"Of those nearest to {image} within its class, {per_cent(of['features'], 1)} are of its own stain "
            f"cluster; by the colours {per_cent(of['colours'], 1)}, by chance {per_cent(of['chance'], 1)}: {told}."
        )
    return found
