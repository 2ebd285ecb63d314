"""Where datasets, cache, runs and models live, and which folders may be read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from allcore.data.layout import find_layout
from allcore.errors import DatasetError

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Workspace:
    """The folders that ALLscope reads and writes.

    `root` holds datasets/, cache/ and runs/; `data_roots` are further folders whose datasets may be read.
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
    def models(self) -> Path:
        """Folder of the released model, and of any other served model dropped there."""
        return PROJECT / "models"

    def list_datasets(self) -> list[Path]:
        """Return the dataset folders of the workspace and of the data roots (a root itself or its direct children)."""
        found = []
        for root in (self.datasets, *self.data_roots):
            inside = sorted(child for child in root.iterdir() if child.is_dir()) if root.is_dir() else []
            candidates = [root] if root in self.data_roots and _is_dataset(root) else inside
            found += [folder for folder in candidates if not folder.name.startswith(".") and _is_dataset(folder)]
        return found

    def allowed(self, path: Path) -> Path:
        """Return `path` with symlinks resolved, or raise `DatasetError` when it lies outside every root."""
        resolved = path.resolve()
        roots = [root.resolve() for root in (self.datasets, *self.data_roots)]
        if not any(resolved.is_relative_to(root) for root in roots):
            raise DatasetError(
                f"{path} is outside the folders that may be read ({', '.join(map(str, roots))}); "
                "add its folder to ALLCORE_DATA_ROOTS"
            )
        return resolved


def open_workspace() -> Workspace:
    """Return the workspace that ALLCORE_WORKSPACE and ALLCORE_DATA_ROOTS (separated as in PATH) describe."""
    root = Path(os.environ.get("ALLCORE_WORKSPACE") or "workspace").absolute()
    given = os.environ.get("ALLCORE_DATA_ROOTS", "").split(os.pathsep)
    return Workspace(root=root, data_roots=tuple(Path(entry).absolute() for entry in given if entry))


def _is_dataset(folder: Path) -> bool:
    try:
        find_layout(folder)
    except (DatasetError, OSError):
        return False
    return True
