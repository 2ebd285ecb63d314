"""`augment`: what augmentation makes of images, and what a run's network saw of them, as PNG files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from allcore.cli.kit.free_name import free_name
from allcore.cli.kit.options import config_from, presets_help, with_config_options
from allcore.cli.kit.output import Json, make_folder_for, print_json, progress_bar, say, table
from allcore.config_fields import config_fields
from allcore.errors import InputError
from allcore.text import for_file
from allcore.writing import write_whole

if TYPE_CHECKING:
    import pandas as pd

    from allcore.arrays import ImageArray
    from allcore.augment import Change
    from allcore.config import TrainConfig
    from allcore.workspace import Workspace

_OTHER_SETTINGS: Final = frozenset(
    path for path in config_fields() if path not in ("image_size", "seed") and not path.startswith("augment.")
)
_FIRST: Final = 4
Seen = tuple[str, int, "Change", "Callable[[], ImageArray]"]
"""An image's path, an epoch counted from 1, the change that it sees, and what makes the picture."""


@with_config_options(leave_out=_OTHER_SETTINGS)
def augment(
    output: Annotated[Path, typer.Option("--output", metavar="DIR", help="folder for the PNG files; made if missing")],
    fields: dict[str, Any],
    run: Annotated[
        str | None,
        typer.Option("--run", metavar="RUN", help="a run: its training images, pixel for pixel as it saw them"),
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="a dataset: its images, changed as the options say")
    ] = None,
    variant: Annotated[str | None, typer.Option("--variant", help="variant folder of --data; unset: its first")] = None,
    images: Annotated[
        list[str] | None,
        typer.Option("--image", metavar="PATH", help="below the dataset; may be repeated; unset: one of each class"),
    ] = None,
    epochs: Annotated[
        str | None, typer.Option("--epochs", help="which epochs' changes: 1,2,3 or 1-3; unset: the first four")
    ] = None,
    preset: Annotated[
        str | None, typer.Option("--preset", help=f"of --data, settings to begin with, unset: paper: {presets_help()}")
    ] = None,
    json: Json = False,
) -> None:
    """Write the pictures that the options describe, and say what was done to each."""
    from allcore.studies.plan import parse_numbers
    from allcore.workspace import open_workspace

    if (run is None) == (data is None):
        raise InputError("say one: --run RUN for what its network saw, or --data DIR for what settings would do")
    wanted = None if epochs is None else parse_numbers(epochs, "epochs")
    if data is not None:
        config = config_from(data, "paper" if preset is None else preset, fields)
        seen = _of_dataset(config, open_workspace(), variant, images or (), wanted)
    elif fields or (preset, variant) != (None, None):
        raise InputError("--run has its own settings and images; leave out the options of --data")
    else:
        seen = _of_run(str(run), open_workspace(), images or (), wanted)
    make_folder_for("--output", output)
    written = list(_write(seen, output))
    if json:
        print_json(written)
    else:
        table(["file", "image", "#epoch", "change"], [list(row.values()) for row in written])
        say(f"{len(written)} pictures are in {output}")


def _of_run(name: str, workspace: Workspace, images: Sequence[str], epochs: Sequence[int] | None) -> list[Seen]:
    from allcore.data.catalog import scan
    from allcore.runs.folder.store import RunStore
    from allcore.runs.replay import epochs_begun, replay

    run = RunStore(workspace.runs).find(name)
    epochs = _checked(epochs, run.config.epochs)
    with progress_bar("reading the dataset") as progress:
        root = scan(Path(run.config.dataset), workspace.cache, progress).root
    train = run.split.table.loc[run.split.rows("train")]

    def picture(row: int, epoch: int) -> Callable[[], ImageArray]:
        return lambda: replay(run, root, row, epoch - 1)

    seen = _seen(run.config, _chosen(train, images, f"a training image of run {run.id}"), epochs, picture)
    begun = epochs_begun(run.history())
    if later := [epoch for epoch in epochs if epoch > begun]:
        since = f"run {run.id} has not come to epoch {min(later)}"
        say(f"{since}: of this and later epochs the pictures are what its network would see", err=True)
    return seen


def _of_dataset(
    config: TrainConfig, workspace: Workspace, variant: str | None, images: Sequence[str], epochs: Sequence[int] | None
) -> list[Seen]:
    from allcore.augment import augment as augmented
    from allcore.cells.finder import find_cells
    from allcore.cells.lenders import Lenders
    from allcore.data.catalog import scan
    from allcore.data.decoded import decode_catalogued

    epochs = _checked(epochs, None)
    with progress_bar("reading the dataset") as progress:
        catalog = scan(Path(config.dataset), workspace.cache, progress)
    rows = catalog.images(variant)

    def image(row: int) -> ImageArray:
        return decode_catalogued(catalog.root, *rows.loc[row, ["path", "pixel_sha256"]])

    lenders = Lenders(image, lambda row: find_cells(image(row)), rows.index.to_numpy())

    def picture(row: int, epoch: int) -> Callable[[], ImageArray]:
        def make() -> ImageArray:
            cells = find_cells(image(row)) if config.augment.changes_fields else None
            size, settings = config.image_size, config.augment
            return augmented(image(row), size, settings, config.seed, epoch - 1, row, cells, lenders)

        return make

    return _seen(config, _chosen(rows, images, f"a usable image of {catalog.root}"), epochs, picture)


def _checked(epochs: Sequence[int] | None, last: int | None) -> Sequence[int]:
    """Return the epochs that are asked for, or the first four; `last` is a run's last one."""
    if epochs is None:
        return range(1, 1 + min(_FIRST, last or _FIRST))
    if min(epochs) < 1 or (last is not None and max(epochs) > last):
        raise InputError(f"--epochs: expected numbers from 1{'' if last is None else f' to {last}'}, received {epochs}")
    return epochs


def _chosen(rows: pd.DataFrame, images: Sequence[str], what: str) -> pd.Series:
    """Return the paths that are asked for, by their rows; the first of each class when none is."""
    if not images:
        return rows.drop_duplicates("label")["path"]
    if strange := [path for path in images if path not in set(rows["path"])]:
        raise InputError(f"--image {strange[0]} is not {what}; expected a path such as {rows['path'].iloc[0]}")
    return rows.loc[rows["path"].isin(images), "path"]


def _seen(
    config: TrainConfig,
    chosen: pd.Series,
    epochs: Sequence[int],
    picture: Callable[[int, int], Callable[[], ImageArray]],
) -> list[Seen]:
    from allcore.augment import draw_change

    return [
        (path, epoch, draw_change(config.augment, config.seed, epoch - 1, row), picture(row, epoch))
        for row, path in zip(chosen.index.tolist(), chosen.tolist(), strict=True)
        for epoch in epochs
    ]


def _write(seen: Sequence[Seen], output: Path) -> Iterator[dict[str, Any]]:
    """Write each picture, and yield where it is and what was done to it."""
    from allcore.data.encode import png
    from allcore.reporting.changes import describe

    names = _file_names(path for path, *_ in seen)
    with progress_bar("making pictures") as progress:
        for done, (path, epoch, change, make) in enumerate(seen, start=1):
            file = output / f"{names[path]} epoch {epoch}.png"
            picture = png(make())
            try:
                write_whole(file, picture)
            except OSError as error:
                raise InputError(f"{file} cannot be written ({error.strerror}); choose another place") from None
            yield {"file": str(file), "image": path, "epoch": epoch, "change": describe(change)}
            progress(done, len(seen))


def _file_names(paths: Iterable[str]) -> dict[str, str]:
    """Return what each image's pictures are called: by its path as far as it fits, numbered where that is taken."""
    taken: dict[str, int] = {}
    return {path: free_name(for_file(path.replace("/", " ")), taken) for path in dict.fromkeys(paths)}
