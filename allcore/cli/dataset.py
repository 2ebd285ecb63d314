"""`dataset list`, `info`, `fetch`, `synthesize`, `audit`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from allcore.cli.output import Json, out, print_json, progress_bar, table
from allcore.errors import InputError

if TYPE_CHECKING:
    from allcore.data.catalog import Catalog

app = typer.Typer(help="Datasets: list, look into, get, draw, audit.", no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="the dataset's folder")]


@app.command("list")
def list_datasets(json: Json = False) -> None:
    """List the datasets of the workspace and of ALLCORE_DATA_ROOTS."""
    from allcore.workspace import open_workspace

    folders = [str(folder) for folder in open_workspace().list_datasets()]
    if json:
        print_json(folders)
        return
    for folder in folders:
        out.print(folder)
    if not folders:
        out.print("no dataset yet; draw one with: python -m allcore dataset synthesize workspace/datasets/smears")


@app.command()
def info(folder: Folder, json: Json = False) -> None:
    """Say what a dataset holds: classes, counts, sizes, and every file that cannot be used."""
    catalog = _scan(folder)
    problems = catalog.problems()
    if json:
        print_json(
            {
                "folder": str(catalog.root),
                "variants": [_variant_facts(catalog, variant) for variant in catalog.variants],
                "problems": dict(zip(problems["path"], problems["problem"], strict=True)),
            }
        )
        return
    for variant in catalog.variants:
        facts = _variant_facts(catalog, variant)
        out.print(
            f"[bold]{catalog.root / variant}[/bold]: {facts['images']} images, fingerprint {facts['fingerprint'][:12]}"
        )
        table("", ["class", "#images"], list(facts["classes"].items()))
        table("", ["width × height", "#images"], list(facts["sizes"].items()))
        out.print(f"exact duplicates: {facts['exact_duplicates']}")
    if len(problems):
        table("files that cannot be used", ["file", "why"], problems[["path", "problem"]].to_numpy().tolist())


@app.command()
def fetch(
    source: Annotated[str, typer.Argument(help="kaggle, or zip")],
    path: Annotated[Path | None, typer.Argument(help="the zip file")] = None,
    name: Annotated[str | None, typer.Option("--name", help="name of the dataset in the workspace")] = None,
) -> None:
    """Get the ALL images from Kaggle (mehradaria/leukemia), or import a zip file."""
    from allcore.data.sources import fetch_kaggle, import_zip
    from allcore.workspace import open_workspace

    datasets = open_workspace().datasets
    if source not in ("kaggle", "zip") or (source == "zip") != (path is not None):
        raise InputError("expected: dataset fetch kaggle, or: dataset fetch zip PATH")
    with progress_bar("importing") as progress:
        folder = (
            import_zip(path, datasets, name, progress)
            if path is not None
            else fetch_kaggle(datasets, on_progress=progress)
        )
    out.print(str(folder))


@app.command()
def synthesize(
    folder: Folder,
    images_per_class: Annotated[int, typer.Option("--images-per-class", help="images of each class")] = 60,
    image_size: Annotated[int, typer.Option("--image-size", help="pixels a side")] = 224,
    seed: Annotated[int, typer.Option("--seed", help="the same seed draws the same files")] = 0,
    twins: Annotated[float, typer.Option("--twins", help="fraction that shares its field with another image")] = 0.0,
    scale_bars: Annotated[bool, typer.Option("--scale-bars", help="burn in scale bars that differ by class")] = False,
    stain_by_class: Annotated[
        bool, typer.Option("--stain-by-class/--shared-stain", help="let the stain differ by class, or not")
    ] = True,
) -> None:
    """Draw a dataset of smear-like fields, to try everything without real images."""
    from allcore.data.synthetic import SyntheticSpec, write_dataset

    spec = SyntheticSpec(images_per_class, image_size, seed, twins, scale_bars, stain_by_class)
    with progress_bar("drawing") as progress:
        write_dataset(folder, spec, progress)
    out.print(str(folder))


@app.command()
def audit(folder: Folder, json: Json = False) -> None:
    """Find images that are exact duplicates of others, and the groups that they form."""
    from allcore.data.overlap import connect, exact_duplicate_pairs

    images = _scan(folder).images()
    pairs = exact_duplicate_pairs(images)
    groups = connect(list(images["path"]), pairs)
    if json:
        print_json(
            {
                "images": len(images),
                "exact_duplicate_pairs": pairs,
                "groups": dict(zip(images["path"], map(int, groups), strict=True)),
            }
        )
        return
    out.print(f"{len(images)} images in {groups.max() + 1} groups, {len(pairs)} exact duplicate pairs")
    table("", ["image", "is the same picture as"], pairs)


def _scan(folder: Path) -> Catalog:
    from allcore.data.catalog import scan
    from allcore.workspace import open_workspace

    with progress_bar("reading images") as progress:
        return scan(folder, open_workspace().cache, progress)


def _variant_facts(catalog: Catalog, variant: str) -> dict[str, Any]:
    from allcore.data.overlap import exact_duplicate_pairs

    images = catalog.images(variant)
    counts = images["label"].value_counts()
    sizes = (images["width"].astype(str) + " × " + images["height"].astype(str)).value_counts()
    return {
        "variant": variant,
        "images": len(images),
        "classes": {label: int(counts.get(label, 0)) for label in catalog.labels[variant]},
        "sizes": {size: int(count) for size, count in sizes.items()},
        "exact_duplicates": len(exact_duplicate_pairs(images)),
        "fingerprint": catalog.fingerprint(variant),
    }
