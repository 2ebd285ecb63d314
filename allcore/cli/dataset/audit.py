"""`dataset audit`: what in a dataset makes a score look better than it is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from allcore.cli.kit.output import Json, print_json, progress_bar, say, table
from allcore.errors import DatasetError
from allcore.number_text import listed, percentage, percentages
from allcore.text import counted

if TYPE_CHECKING:
    import pandas as pd

    from allcore.config_parts import SplitConfig
    from allcore.data.catalog import Catalog
    from allcore.data.relations import Relations

_PAIRS_SHOWN = 20
_COUNTED = ("images", "twins_in_train")


def audit(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="the dataset's folder")],
    variant: Annotated[str | None, typer.Option("--variant", help="variant folder; unset: the first by name")] = None,
    baselines: Annotated[
        bool,
        typer.Option(
            "--baselines/--no-baselines", help="score the baselines by each protocol; thousands of images take minutes"
        ),
    ] = True,
    json: Json = False,
) -> None:
    """Find duplicates and shared fields, what each split leaks, and what classifiers without a network reach."""
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
    scored = _baselines(catalog, images, relations, cache) if baselines else {}
    shared = relations.overlap.fields
    found = {
        "images": len(images),
        "exact_duplicate_pairs": exact,
        "overlap_pairs": [(named[a], named[b]) for a, b in zip(shared["first"], shared["second"], strict=True)],
        "groups": {named[path]: int(group) for path, group in zip(images["path"], relations.groups, strict=True)},
        "stains": {named[path]: str(stain) for path, stain in zip(images["path"], relations.stains, strict=True)},
        "baselines": scored.get("random") or {},
        "baselines_by_protocol": scored,
        "leakage": _leakage(images, relations),
    }
    if json:
        print_json(found)
    else:
        _print(found)


def _configs(images: pd.DataFrame) -> dict[str, SplitConfig]:
    """Return the split by each protocol; by the dataset's own folders, where these divide it."""
    from allcore.config_parts import SplitConfig

    by_folders = ("folders",) if (images["part"] != "").any() else ()
    return {protocol: SplitConfig(protocol=protocol) for protocol in (*by_folders, "random", "grouped", "stain")}


def _leakage(images: pd.DataFrame, relations: Relations) -> dict[str, dict[str, Any] | None]:
    """Return for each protocol its test images and those with a twin in train, and of `validation` the same.

    None where a protocol cannot be used.
    """
    from allcore.data.browse import leakage

    found: dict[str, dict[str, Any] | None] = {}
    for protocol, config in _configs(images).items():
        try:
            table = leakage(images, config, relations).set_index("part")
        except DatasetError:
            found[protocol] = None
        else:
            of_part = {part: {name: int(row[name]) for name in _COUNTED} for part, row in table.iterrows()}
            found[protocol] = {**of_part["test"], "validation": of_part["validation"]}
    return found


def _baselines(
    catalog: Catalog, images: pd.DataFrame, relations: Relations, cache: Path
) -> dict[str, dict[str, Any] | None]:
    """Return what each baseline reaches by each protocol; None where one cannot be used."""
    from allcore.data.decoded import decoded_images
    from allcore.data.splits.split import make_split
    from allcore.evaluation.shortcuts import baselines_json, shortcut_scores
    from allcore.evaluation.shortcuts.scoring import Seen
    from allcore.progress import progress_of_part

    decoded, configs = decoded_images(catalog.root, images, cache), _configs(images)
    seen: Seen = {}
    found: dict[str, dict[str, Any] | None] = {}
    with progress_bar("scoring baselines") as progress:
        for number, (protocol, config) in enumerate(configs.items()):
            try:
                split = make_split(images, config, relations)
            except DatasetError:
                found[protocol] = None
            else:
                heard = progress_of_part(progress, number, len(configs))
                found[protocol] = baselines_json(shortcut_scores(decoded, split, cache, heard, seen=seen))
    return found


def _print(found: dict[str, Any]) -> None:
    groups = len(set(found["groups"].values()))
    alone = sum(count == 1 for count in Counter(found["groups"].values()).values())
    exact, shared = found["exact_duplicate_pairs"], found["overlap_pairs"]
    images = f"{counted(found['images'], 'image')} in {counted(groups, 'group')}"
    say(f"{images}; {found['images'] - alone} share a group with another")
    same = counted(len(shared), "pair that shows the same field", "pairs that show the same field")
    say(f"{counted(len(exact), 'exact duplicate pair')}, {same}\n")
    rows = [
        (protocol, *_twins(test), *_twins(test and test["validation"])) for protocol, test in found["leakage"].items()
    ]
    table(["split protocol", "#test images", "#with a twin in train", "#validation images", "#with a twin"], rows)
    if any(found["baselines_by_protocol"].values()):
        say()
        _print_baselines(found["baselines_by_protocol"])
    for title, pairs in (("is the same picture as", exact), ("shows a field of", shared)):
        if pairs:
            say()
            table(["image", title], [(b, a) for a, b in pairs[:_PAIRS_SHOWN]])
        if len(pairs) > _PAIRS_SHOWN:
            say(f"and {len(pairs) - _PAIRS_SHOWN} more; --json lists all")


def _twins(part: dict[str, Any] | None) -> tuple[object, ...]:
    return ("–", "–") if part is None else tuple(part[name] for name in _COUNTED)


def _print_baselines(by_protocol: dict[str, dict[str, Any] | None]) -> None:
    from allcore.evaluation.shortcuts import BASELINES

    lines = [
        (protocol, name, percentage(one["accuracy"]), percentages(one["interval"]))
        for protocol, of_protocol in by_protocol.items()
        for name, one in (of_protocol or {}).items()
    ]
    table(["split protocol", "baseline", "#accuracy %", "#95 % interval"], lines)
    sees_cells = listed([baseline.name for baseline in BASELINES if baseline.sees_cells])
    say(f"All but {sees_cells} are shortcuts: they see too little of an image to judge its cells.")
