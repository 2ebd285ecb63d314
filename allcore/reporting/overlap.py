"""What images have in common, as numbers, tables and words."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from allcore.data.class_names import in_order
from allcore.data.overlap import Overlap
from allcore.data.shared_fields.placement import Placement

_KEYS = {
    "least correlation": ("correlation", True),
    "largest shift": ("shift", False),
    "smallest share": ("overlap", True),
}
ORDERS = tuple(_KEYS)
"""In which pairs can be looked at: those that are most in doubt, or look least alike, first."""


class OverlapNumbers(NamedTuple):
    """How many images and groups there are, and how many images and pairs show the same.

    `identical` counts images with the pixels of another, `sharing` those that show a part of the field of another.
    `exact_pairs` and `field_pairs` are the pairs of both kinds, `across_classes` those of either kind whose labels
    differ, `largest` is the number of images of the largest group.
    """

    images: int
    groups: int
    identical: int
    sharing: int
    exact_pairs: int
    field_pairs: int
    across_classes: int
    largest: int


def overlap_numbers(images: pd.DataFrame, overlap: Overlap) -> OverlapNumbers:
    """Return the numbers of usable catalog rows and their overlap."""
    labels = images.set_index("path")["label"]
    exact = np.array(overlap.exact, object).reshape(-1, 2)
    pairs = np.concatenate([exact, overlap.fields[["first", "second"]].to_numpy(object)])
    across = labels.loc[pairs[:, 0]].to_numpy() != labels.loc[pairs[:, 1]].to_numpy()
    sizes = np.bincount(overlap.groups, minlength=1)
    return OverlapNumbers(
        images=len(images),
        groups=len(np.unique(overlap.groups)),
        identical=int(images["pixel_sha256"].duplicated(keep=False).sum()),
        sharing=len(set(overlap.fields["first"]) | set(overlap.fields["second"])),
        exact_pairs=len(overlap.exact),
        field_pairs=len(overlap.fields),
        across_classes=int(across.sum()),
        largest=int(sizes.max()),
    )


def pair_table(images: pd.DataFrame, overlap: Overlap) -> pd.DataFrame:
    """Return one row a pair that shows the same field, the labels and the placement of its images in words.

    Columns: first, second (paths), first_label, second_label, across (whether the labels differ), group, placement (how
    the first comes to lie on the second), scale, angle, mirrored, dx, dy, shift (pixels), overlap (per cent of the
    smaller frame), correlation, landmarks.
    """
    of_image = images[["path", "label"]].assign(group=overlap.groups).set_index("path")
    table = overlap.fields.copy()
    for side in ("first", "second"):
        table[f"{side}_label"] = of_image["label"].loc[table[side]].to_numpy()
    table["across"] = table["first_label"] != table["second_label"]
    table["group"] = of_image["group"].loc[table["first"]].to_numpy()
    placed = [placement_in_words(Placement(*each)) for each in table[list(Placement._fields)].itertuples(index=False)]
    table["placement"] = pd.Series(placed, index=table.index, dtype="str")
    table["shift"] = np.hypot(table["dx"], table["dy"])
    table["overlap"] *= 100
    return table[
        [
            *("first", "second", "first_label", "second_label", "across", "group", "placement"),
            *Placement._fields,
            *("shift", "overlap", "correlation", "landmarks"),
        ]
    ]


def ordered_pairs(pairs: pd.DataFrame, order: str) -> pd.DataFrame:
    """Return rows of `pair_table` in one of the `ORDERS`."""
    column, ascending = _KEYS[order]
    return pairs.sort_values([column, "first", "second"], ascending=[ascending, True, True], ignore_index=True)


def group_table(images: pd.DataFrame, overlap: Overlap) -> pd.DataFrame:
    """Return one row a group of several images, the largest first: group, images, classes, identical, pairs.

    `classes` names the labels that its images have, `identical` counts those with the pixels of another, `pairs` those
    that show the same field.
    """
    rows = images[["path", "label"]].assign(
        group=overlap.groups, identical=images["pixel_sha256"].duplicated(keep=False)
    )
    rows = rows[rows["group"].duplicated(keep=False)]
    pairs = overlap.fields["first"].map(rows.set_index("path")["group"]).value_counts()
    by_group = rows.groupby("group")
    table = pd.DataFrame(
        {
            "images": by_group.size(),
            "classes": by_group["label"].agg(lambda labels: ", ".join(in_order(labels))),
            "identical": by_group["identical"].sum(),
        }
    )
    table["pairs"] = pairs.reindex(table.index, fill_value=0)
    return table.sort_values("images", ascending=False, kind="stable").reset_index()


def placement_in_words(placement: Placement) -> str:
    """Return how an image comes to lie on another: "mirrored left to right; shifted by 83 px right, 40 px down"."""
    dx, dy = round(placement.dx), round(placement.dy)
    across = f"{abs(dx)} px {'right' if dx > 0 else 'left'}" if dx else ""
    along = f"{abs(dy)} px {'down' if dy > 0 else 'up'}" if dy else ""
    shift = ", ".join(filter(None, (across, along)))
    per_cent = round(100 * placement.scale)
    turn = f"{abs(placement.angle):.1f}".removesuffix(".0")
    steps = (
        "mirrored left to right" if placement.mirrored else "",
        f"{'enlarged' if per_cent > 100 else 'reduced'} to {per_cent} %" if per_cent != 100 else "",
        f"turned by {turn}° {'counter-clockwise' if placement.angle > 0 else 'clockwise'}" if turn != "0" else "",
        f"shifted by {shift}" if shift else "",
    )
    return "; ".join(filter(None, steps)) or "in the same place"
