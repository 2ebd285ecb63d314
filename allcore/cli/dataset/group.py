"""`dataset info`, `classes`, `cells`, `fetch`, `synthesize`; beside it what is of whole datasets, `audit`, `judge`."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from allcore.cli.dataset.audit import audit
from allcore.cli.dataset.judge import judge, judgements
from allcore.cli.dataset.manage import delete, list_datasets, rename, show
from allcore.cli.kit.opening import scanned
from allcore.cli.kit.output import Json, json_rows, print_json, progress_bar, say, table
from allcore.cli.kit.said_once import both_sides, said_once
from allcore.errors import InputError
from allcore.text import counted

if TYPE_CHECKING:
    from allcore.data.catalog import Catalog

app = typer.Typer()
app.command("list")(list_datasets)
app.command()(show)
app.command()(rename)
app.command()(delete)
app.command()(audit)
app.command()(judge)
app.command()(judgements)
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="the dataset's folder")]


@app.command()
def info(folder: Folder, json: Json = False) -> None:
    """Show what a dataset holds: classes, counts, sizes, and every file that cannot be used."""
    catalog = scanned(folder)
    from allcore.data.folder.parts import PARTS

    problems = catalog.not_used()
    variants = [_variant_facts(catalog, variant) for variant in catalog.variants]
    if json:
        print_json(
            {
                "folder": str(catalog.root),
                "variants": variants,
                "problems": problems,
            }
        )
        return
    for facts in variants:
        say(catalog.root / facts["variant"], bold=True)
        say(f"{counted(facts['images'], 'image')}, exact duplicate pairs: {facts['exact_duplicates']}")
        say(f"fingerprint {facts['fingerprint'][:12]}\n")
        if facts["parts"]:
            rows = [(label, count, *facts["parts"][label].values()) for label, count in facts["classes"].items()]
            table(["class", "#images", *(f"#{part}" for part in PARTS)], rows)
            say("\nThe folders divide the images: --split folders uses these parts, others divide them again.")
            if facts["held_out_twins"]:
                both = counted(facts["held_out_twins"], "validation or test image is", "validation or test images are")
                say(f"{both} in train as well", bold=True)
        else:
            table(["class", "#images"], list(facts["classes"].items()))
        say()
        table(["width × height", "#images"], list(facts["sizes"].items()))
        for sentence in facts["scaled"]:
            say(sentence)
        say()
    if len(problems):
        say(f"{counted(len(problems), 'file')} not used", bold=True)
        table(["file", "why"], list(problems.items()))


@app.command()
def classes(
    folder: Folder,
    meaning: Annotated[
        list[str] | None,
        typer.Option("--meaning", metavar="CLASS=TEXT", help="what a class means; may be repeated; no TEXT: nothing"),
    ] = None,
    positive: Annotated[
        list[str] | None,
        typer.Option(
            "--positive",
            metavar="CLASS",
            help="the classes that are to be found, such as the malignant ones; may be repeated; unset: as before; "
            "'': none",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Name what a dataset's classes mean and which are positive, or show it; pages, reports, `evaluate` follow it."""
    from allcore.data.class_names import class_name
    from allcore.data.labels.meanings import class_meanings, name_classes
    from allcore.workspace import open_workspace

    def is_class(name: str, _: str) -> bool:
        return class_name(name) in catalog.classes

    catalog, kept_in = scanned(folder), open_workspace().classes
    known = class_meanings([str(catalog.root)], catalog.classes, kept_in)
    if meaning or positive is not None:
        named = [both_sides("meaning", "CLASS=TEXT", each, is_class, "first") for each in meaning or []]
        said = {**known.meanings, **said_once("meaning", named)}
        chosen = known.positive if positive is None else [name for name in positive if name]
        known = name_classes(str(catalog.root), catalog.classes, said, chosen, kept_in)
    if json:
        print_json({"folder": str(catalog.root), "meanings": dict(known.meanings), "positive": list(known.positive)})
        return
    rows = [(name, "yes" if name in known.positive else "", known.meanings.get(name, "")) for name in catalog.classes]
    table(["class", "positive", "means"], rows)


@app.command()
def cells(folder: Folder, json: Json = False) -> None:
    """Count the nucleated cells in the images of a dataset; what was counted is kept."""
    catalog = scanned(folder)
    found = [_cell_facts(catalog, variant) for variant in catalog.variants]
    if json:
        print_json({"folder": str(catalog.root), "variants": found})
        return
    for facts in found:
        say(catalog.root / facts["variant"], bold=True)
        say(facts["finding"])
        if facts["smears"]:
            rows = [
                (*(row[name] for name in ("class", "images", "cells", "cut", "least")), f"{row['median']:g}",
                 row["most"], row["without"], f"{100 * row['area']:.1f}")
                for row in facts["classes"]
            ]  # fmt: skip
            numbers = ("#images", "#cells", "#cut by border", "#fewest", "#median", "#most", "#without", "#area %")
            table(["class", *numbers], rows)


@app.command()
def fetch(
    source: Annotated[str, typer.Argument(metavar="kaggle|zip", help="where the images come from")],
    path: Annotated[Path | None, typer.Argument(metavar="PATH", help="the zip file")] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            help="name of the dataset in the workspace; unset: the zip file's own name, or `leukemia` for kaggle",
        ),
    ] = None,
) -> None:
    """Get the ALL images from Kaggle (mehradaria/leukemia), or import a zip file."""
    from allcore.data.importing.left_out import left_out
    from allcore.data.importing.sources import fetch_kaggle, import_zip
    from allcore.workspace import open_workspace

    datasets = open_workspace().datasets
    with progress_bar("importing") as progress:
        if source == "kaggle" and path is None:
            with redirect_stdout(sys.stderr):  # kagglehub's own warnings: the folder alone is printed
                folder = fetch_kaggle(datasets, on_progress=progress, name=name)
        elif source == "zip" and path is not None:
            folder = import_zip(path, datasets, name, progress)
        else:
            raise InputError("expected: dataset fetch kaggle [--name NAME], or: dataset fetch zip PATH [--name NAME]")
    if not_taken := left_out(folder):
        say(f"{counted(len(not_taken), 'file was', 'files were')} left out:", err=True)
        for name, why in not_taken.items():
            say(f"  {name}: {why}", err=True)
    say(folder)


@app.command()
def synthesize(
    folder: Folder,
    images_per_class: Annotated[int, typer.Option("--images-per-class", help="images of each class")] = 60,
    image_size: Annotated[int, typer.Option("--image-size", help="side in pixels, 32 to 4,096")] = 224,
    seed: Annotated[int, typer.Option("--seed", help="the same seed draws the same files")] = 0,
    twins: Annotated[float, typer.Option("--twins", help="fraction of images that share their field")] = 0.0,
    scale_bars: Annotated[bool, typer.Option("--scale-bars", help="burn in scale bars that differ by class")] = False,
    stain_by_class: Annotated[
        bool, typer.Option("--stain-by-class/--shared-stain", help="whether the stain differs by class")
    ] = True,
) -> None:
    """Draw a dataset of smear-like fields, to try everything without real images."""
    from allcore.data.importing.sources import draw_smears_at
    from allcore.data.synthetic import SyntheticSpec
    from allcore.workspace import open_workspace

    spec = SyntheticSpec(images_per_class, image_size, seed, twins, scale_bars, stain_by_class)
    with progress_bar("drawing") as progress:
        draw_smears_at(folder, open_workspace().datasets, spec, progress)
    say(folder)


def _variant_facts(catalog: Catalog, variant: str) -> dict[str, Any]:
    from allcore.data.browse import class_counts, held_out_twins, scaled_to_8_bits
    from allcore.data.folder.parts import PARTS
    from allcore.data.overlap import exact_duplicate_pairs

    images = catalog.images(variant)
    parts = {}
    if catalog.has_parts:
        rows = class_counts(catalog).set_index("variant").loc[[variant]]
        parts = {row["class"]: {part: int(row[part]) for part in PARTS} for row in rows.to_dict("records")}
    counts = images["label"].value_counts()
    sizes = (images["width"].astype(str) + " × " + images["height"].astype(str)).value_counts()
    return {
        "variant": variant,
        "images": len(images),
        "classes": {label: int(counts.get(label, 0)) for label in catalog.labels[variant]},
        "parts": parts,
        "held_out_twins": held_out_twins(images),
        "sizes": {size: int(count) for size, count in sizes.items()},
        "exact_duplicates": len(exact_duplicate_pairs(images)),
        "scaled": scaled_to_8_bits(images),
        "fingerprint": catalog.fingerprint(variant),
    }


def _cell_facts(catalog: Catalog, variant: str) -> dict[str, Any]:
    from allcore.cells.counts import cells_by_class, cells_found, count_cells
    from allcore.cells.maps import are_smears
    from allcore.workspace import open_workspace

    images = catalog.images(variant)
    with progress_bar("finding cells") as progress:
        counts = count_cells(catalog.root, images, open_workspace().cache, progress)
    return {
        "variant": variant,
        "smears": are_smears(counts["cells"].to_numpy()),
        "finding": cells_found(counts),
        "classes": json_rows(cells_by_class(images, counts, catalog.labels[variant])),
        "images": json_rows(counts.assign(path=images["path"], label=images["label"])),
    }
