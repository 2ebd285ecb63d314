"""Where datasets, cache, runs and models live, and which folders may be read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from allcore.data.csv_rows import MOST_BYTES as LARGEST_GROUPS
from allcore.data.folder.known_layout import known_layout
from allcore.data.folder.layout import Layout
from allcore.data.folder.links import data_roots, workspace_root
from allcore.data.folder.listing import is_hidden
from allcore.errors import ConfigError, DatasetError, FileError
from allcore.files import check_file, is_folder
from allcore.installation import APP

if TYPE_CHECKING:
    from allcore.config import TrainConfig

_LARGEST_WEIGHTS = 2 * 2**30


@dataclass(frozen=True)
class Workspace:
    """The folders that ALLscope reads and writes.

    `root` holds datasets/, cache/, runs/ and studies/; `data_roots` are further folders whose datasets may be read.
    """

    root: Path
    data_roots: tuple[Path, ...] = ()

    @property
    def datasets(self) -> Path:
        """Folder of the datasets that were imported or drawn."""
        return self.root / "datasets"

    @property
    def cache(self) -> Path:
        """Folder of what can be made again at any time."""
        return self.root / "cache"

    @property
    def runs(self) -> Path:
        """Folder of the runs."""
        return self.root / "runs"

    @property
    def classes(self) -> Path:
        """Folder of what the datasets' classes mean."""
        return self.root / "classes"

    @property
    def judgements(self) -> Path:
        """File of what people judged of labels."""
        return self.root / "judgements.jsonl"

    @property
    def studies(self) -> Path:
        """Folder of the studies: their plans; their members are runs."""
        return self.root / "studies"

    @property
    def models(self) -> Path:
        """Folder of the released model, and of any other served model dropped there."""
        return APP / "models"

    def list_models(self) -> list[Path]:
        """Return the served models in `models`, by name."""
        if not self.models.is_dir():
            return []
        return sorted(path for path in self.models.iterdir() if path.suffix.lower() == ".onnx")

    def list_datasets(self) -> list[Path]:
        """Return the dataset folders that may be read, each once: in the workspace, then root by root by name.

        A data root is listed itself when it is a dataset, otherwise its direct children are.
        """
        found = _dataset_children(self.datasets)
        for root in self.data_roots:
            found += _datasets_of(root)
        readable: dict[Path, Path] = {}
        for folder in found:
            if self._covers(folder.resolve()):
                readable.setdefault(folder.resolve(), folder)
        return list(readable.values())

    def allowed(self, path: Path) -> Path:
        """Return `path` with symlinks resolved, or raise `DatasetError` when it lies outside every root."""
        try:
            resolved = path.expanduser().resolve()
        except (OSError, RuntimeError, ValueError) as error:  # links in a circle, a null character
            raise DatasetError(f"{str(path)!r} is not the path of a folder ({error})") from None
        if not self._covers(resolved):
            roots = ", ".join(map(str, (self.datasets, *self.data_roots)))
            raise DatasetError(
                f"{path} is outside the folders that may be read ({roots}); add its folder to ALLCORE_DATA_ROOTS"
            )
        return resolved

    def allowed_file(self, path: Path, most_bytes: int) -> Path:
        """Return a file of the workspace or of a root, links resolved, unopened: what somebody at a browser may name.

        Raises `FileError` when it lies elsewhere, whether anything is there or not, or is no regular file of at most
        `most_bytes`.
        """
        try:
            resolved = path.expanduser().resolve()
        except (OSError, RuntimeError, ValueError):  # links in a circle, a null character
            raise FileError("it is not the path of a file") from None
        if not (self._covers(resolved) or resolved.is_relative_to(self.root.resolve())):
            places = ", ".join(map(str, (self.root, *self.data_roots)))
            raise FileError(f"it is outside the folders that may be read ({places}); put the file into one of them")
        check_file(resolved, most_bytes)
        return resolved

    def confined(self, config: TrainConfig) -> TrainConfig:
        """Return a configuration that came from a browser with its files resolved: none may lie outside the roots.

        Raises `ConfigError` when the group table or the weights may not be read, `DatasetError` for the dataset.
        """
        groups, weights = config.split.groups, config.weights
        if groups is not None:
            groups = str(self._named("split.groups", groups, LARGEST_GROUPS))
        if weights not in ("imagenet", "random"):
            weights = str(self._named("weights", weights, _LARGEST_WEIGHTS))
        split = config.split.model_copy(update={"groups": groups})
        dataset = str(self.allowed(Path(config.dataset)))
        return config.model_copy(update={"dataset": dataset, "split": split, "weights": weights})

    def _named(self, field: str, path: str, most_bytes: int) -> Path:
        try:
            return self.allowed_file(Path(path), most_bytes)
        except FileError as error:
            raise ConfigError(f"{field}: {path} cannot be used: {error}") from None

    def _covers(self, resolved: Path) -> bool:
        return any(resolved.is_relative_to(root.resolve()) for root in (self.datasets, *self.data_roots))


def open_workspace() -> Workspace:
    """Return the workspace that ALLCORE_WORKSPACE and ALLCORE_DATA_ROOTS (separated as in PATH) describe."""
    return Workspace(root=workspace_root(), data_roots=data_roots())


def _datasets_of(root: Path) -> list[Path]:
    """Return `root` when it is one dataset, its variants and parts included, otherwise the datasets in it."""
    children = _dataset_children(root)
    layout = _layout(root)
    is_itself = layout is not None and layout.root.resolve() == root.resolve()
    if layout is not None and is_itself and set(children) <= set(layout.branches()):
        return [root]
    return children


def _dataset_children(folder: Path) -> list[Path]:
    try:
        children = sorted(child for child in folder.iterdir() if is_folder(child) and not is_hidden(child.name))
    except OSError:  # not there yet, or on a disk that is not
        return []
    return [child for child in children if _layout(child) is not None]


def _layout(folder: Path) -> Layout | None:
    try:
        return known_layout(folder)
    except (DatasetError, OSError):
        return None
