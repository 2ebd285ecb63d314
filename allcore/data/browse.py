"""A catalog as a person looks at it: what is twice there, where a split puts each image, and the counts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from allcore.config_parts import SplitConfig
from allcore.data.catalog import Catalog
from allcore.data.folder.parts import PARTS
from allcore.data.overlap import exact_overlap
from allcore.data.relations import Relations
from allcore.data.splits.split import Split, make_split
from allcore.text import counted

_NO_GROUP = -1


def browse(catalog: Catalog, relations: Relations, variant: str | None = None) -> pd.DataFrame:
    """Return the rows of a variant (the first when unset), unusable ones too, with what groups say of them.

    `relations` are those of the variant's usable images. `group` (int64) is the number of an image's overlap group, -1
    where the image is unusable; `twins` (int64) counts the other images of its group; `stain` is its stain cluster, ''
    where that is not known.
    """
    rows = catalog.table[catalog.table["variant"] == catalog.variant(variant)].reset_index(drop=True)
    usable = rows["problem"] == ""
    rows["group"] = _NO_GROUP
    rows.loc[usable, "group"] = relations.groups
    rows["stain"] = ""
    rows.loc[usable, "stain"] = relations.stains
    rows["twins"] = rows.groupby("group")["path"].transform("size").where(usable, 1) - 1
    return rows


def place_in_split(table: pd.DataFrame, split: Split) -> pd.DataFrame:
    """Return, for every row of catalog rows `table`, the `split` and `group` that it has in a run; '' where in none.

    An image is the run's when its content is and one of both paths ends with the other, for a run may have been trained
    on a variant's folder or on the folder that holds the variants, and datasets move.
    """
    found = table[["path", "sha256"]].reset_index(names="row").merge(split.table, on="sha256", suffixes=("", "_in_run"))
    pairs = zip(found["path"], found["path_in_run"], strict=True)
    same = np.array([_is_tail(a, b) or _is_tail(b, a) for a, b in pairs], bool)
    placed = found[same].drop_duplicates("row").set_index("row")[["split", "group"]]
    return placed.reindex(table.index, fill_value="")


def class_counts(catalog: Catalog, split: Split | None = None) -> pd.DataFrame:
    """Return one row a variant and class: variant, class, images (usable), unusable, and each part of a split.

    That is `split` or, without one, the split that the dataset's own folders make; where they make none, no parts.
    """
    places = catalog.table[["part"]].set_axis(["split"], axis=1) if catalog.has_parts else None
    if split is not None:
        places = place_in_split(catalog.table, split)
    rows = []
    for variant in catalog.variants:
        for label in catalog.labels[variant]:
            of_class = (catalog.table["variant"] == variant) & (catalog.table["label"] == label)
            usable = of_class & (catalog.table["problem"] == "")
            row: dict[str, object] = {"variant": variant, "class": label, "images": int(usable.sum())}
            row["unusable"] = int(of_class.sum() - usable.sum())
            if places is not None:
                row |= {part: int((places["split"][usable] == part).sum()) for part in PARTS}
            rows.append(row)
    return pd.DataFrame(rows)


def image_kinds(images: pd.DataFrame) -> pd.DataFrame:
    """Return how many images have which width and height (pixels) and mode, the most frequent first."""
    return images.value_counts(["width", "height", "mode"]).rename("images").reset_index()


def scaled_to_8_bits(images: pd.DataFrame) -> list[str]:
    """Return in sentences which usable images had more than 8 bits, and what was taken for white in them."""
    deep = images[(images["white"] != 255) | images["judged"]]
    kinds = deep.groupby(["judged", "white"]).size().reset_index(name="count").to_dict("records")
    return [
        f"{counted(kind['count'], 'image was', 'images were')} scaled from more than 8 bits so that "
        f"{kind['white']:,} is white, "
        f"{'as the range of the values in this dataset tells' if kind['judged'] else 'as the files say'}."
        for kind in kinds
    ]


def enlarged(images: pd.DataFrame, image_size: int) -> int:
    """Return how many images have no side as long as the network sees them, `image_size` pixels."""
    return int((images[["width", "height"]].max(axis=1) < image_size).sum())


def duplicates(images: pd.DataFrame) -> pd.DataFrame:
    """Return the usable catalog rows with the same pixels as another: group, path, label, in groups' order."""
    groups = pd.Series(exact_overlap(images).groups, index=images.index, dtype="int64")
    repeated = groups[groups.duplicated(keep=False)].sort_values(kind="stable")
    return images.loc[repeated.index, ["path", "label"]].assign(group=repeated).reset_index(drop=True)


def held_out_twins(images: pd.DataFrame) -> int:
    """Return how many validation and test images, by the dataset's own folders, have their very pixels in train too."""
    in_train = set(images.loc[images["part"] == "train", "pixel_sha256"])
    return int((images["part"].isin(PARTS[1:]) & images["pixel_sha256"].isin(in_train)).sum())


def leakage(images: pd.DataFrame, config: SplitConfig, relations: Relations) -> pd.DataFrame:
    """Return how many validation and test images of a split share their group with an image in train.

    One row a part: part, images, twins_in_train. Raises `DatasetError` when the images cannot be split so.
    """
    split = make_split(images, config, relations)
    twins = split.twins_in_train()
    rows = [(part, len(split.rows(part)), int(twins[split.rows(part)].sum())) for part in PARTS[1:]]
    return pd.DataFrame(rows, columns=["part", "images", "twins_in_train"])


def _is_tail(path: str, tail: str) -> bool:
    return path == tail or path.endswith(f"/{tail}")
