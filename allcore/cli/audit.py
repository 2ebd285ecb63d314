"""`dataset audit`: what in a dataset makes a score look better than it is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from allcore.cli.output import Json, print_json, progress_bar, say, table
from allcore.errors import DatasetError
from allcore.reporting.number_text import counted, percentage, percentages

if TYPE_CHECKING:
    import pandas as pd

    from allcore.data.catalog import Catalog
    from allcore.data.relations import Relations

_PAIRS_SHOWN = 20


def audit(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="the dataset's folder")],
    variant: Annotated[str | None, typer.Option("--variant", help="variant folder; unset: the first by name")] = None,
    baselines: Annotated[
        bool, typer.Option("--baselines/--no-baselines", help="score the shortcut baselines on a random split")
    ] = True,
    json: Json = False,
) -> None:
    """Find duplicates and shared fields, what each split leaks, and what classifiers that see no cell reach."""
    from allcore.data.catalog import scan
    from allcore.data.relations import find_relations
    from allcore.workspace import open_workspace

    cache = open_workspace().cache
    with progress_bar("reading images") as progress:
        catalog = scan(folder, cache, progress)
    images = catalog.images(variant)
    if images.empty:
        raise DatasetError(f"{folder} has no usable image; `dataset info` names what is wrong with each file")
    with progress_bar("comparing images") as progress:
        relations = find_relations(catalog.root, images, cache, progress)
    # a dataset may lie some folders below DIR
    named = {path: (catalog.root / path).relative_to(folder).as_posix() for path in images["path"]}
    exact = [(named[a], named[b]) for a, b in relations.overlap.exact]
    shared = relations.overlap.fields
    found = {
        "images": len(images),
        "exact_duplicate_pairs": exact,
        "overlap_pairs": [(named[a], named[b]) for a, b in zip(shared["first"], shared["second"], strict=True)],
        "groups": {named[path]: int(group) for path, group in zip(images["path"], relations.groups, strict=True)},
        "stains": {named[path]: str(stain) for path, stain in zip(images["path"], relations.stains, strict=True)},
        "baselines": _baselines(catalog, images, relations, cache) if baselines else {},
        "leakage": _leakage(images, relations),
    }
    if json:
        print_json(found)
    else:
        _print(found)


def _leakage(images: pd.DataFrame, relations: Relations) -> dict[str, dict[str, int] | None]:
    """Return for each protocol its test images and those with a twin in train; None where it cannot be used."""
    from allcore.config_parts import SplitConfig
    from allcore.data.browse import leakage

    found: dict[str, dict[str, int] | None] = {}
    by_folders = ("folders",) if (images["part"] != "").any() else ()
    for protocol in (*by_folders, "random", "grouped", "stain"):
        try:
            table = leakage(images, SplitConfig(protocol=protocol), relations).set_index("part")
        except DatasetError:
            found[protocol] = None
        else:
            found[protocol] = {name: int(table[name]["test"]) for name in ("images", "twins_in_train")}
    return found


def _baselines(catalog: Catalog, images: pd.DataFrame, relations: Relations, cache: Path) -> dict[str, Any]:
    """Return what each shortcut baseline reaches on a random split; nothing where there is none."""
    from allcore.config_parts import SplitConfig
    from allcore.data.cache import decoded_images
    from allcore.data.split import make_split
    from allcore.evaluation.shortcuts import baselines_json, shortcut_scores

    try:
        split = make_split(images, SplitConfig(), relations)
    except DatasetError:
        return {}
    with progress_bar("scoring shortcuts") as progress:
        return baselines_json(shortcut_scores(decoded_images(catalog.root, images, cache), split, cache, progress))


def _print(found: dict[str, Any]) -> None:
    groups = len(set(found["groups"].values()))
    alone = sum(count == 1 for count in Counter(found["groups"].values()).values())
    exact, shared = found["exact_duplicate_pairs"], found["overlap_pairs"]
    images = f"{counted(found['images'], 'image')} in {counted(groups, 'group')}"
    say(f"{images}; {found['images'] - alone} share a group with another")
    same = counted(len(shared), "pair that shows the same field", "pairs that show the same field")
    say(f"{counted(len(exact), 'exact duplicate pair')}, {same}\n")
    rows = [
        (protocol, *((part["images"], part["twins_in_train"]) if part else ("–", "–")))
        for protocol, part in found["leakage"].items()
    ]
    table(["split protocol", "#test images", "#with a twin in train"], rows)
    if found["baselines"]:
        say()
        lines = [
            (name, percentage(one["accuracy"]), percentages(one["interval"]))
            for name, one in found["baselines"].items()
        ]
        table(["shortcut baseline, random split", "#accuracy %", "#95 % interval"], lines)
    for title, pairs in (("is the same picture as", exact), ("shows a field of", shared)):
        if pairs:
            say()
            table(["image", title], [(b, a) for a, b in pairs[:_PAIRS_SHOWN]])
        if len(pairs) > _PAIRS_SHOWN:
            say(f"and {len(pairs) - _PAIRS_SHOWN} more; --json lists all")
