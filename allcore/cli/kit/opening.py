"""What commands open first: the workspace's executor, and a dataset's images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from allcore.cli.kit.output import progress_bar

if TYPE_CHECKING:
    from allcore.data.catalog import Catalog
    from allcore.runs.execution.executor import Executor


def the_executor() -> Executor:
    """Return the executor of the workspace."""
    from allcore.runs.execution.choose_executor import open_executor
    from allcore.workspace import open_workspace

    return open_executor(open_workspace())


def scanned(folder: Path) -> Catalog:
    """Return the catalog of a dataset's folder, with a progress bar."""
    from allcore.data.catalog import scan
    from allcore.workspace import open_workspace

    with progress_bar("reading images") as progress:
        return scan(folder, open_workspace().cache, progress)
