"""`dataset list`, `show`, `rename`, `delete`: datasets as a whole."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from allcore.cli.kit.confirm_deletion import ask_before_deleting
from allcore.cli.kit.output import Json, print_json, progress_bar, say, table

if TYPE_CHECKING:
    from allcore.runs.owned_datasets import DatasetFacts
    from allcore.workspace import Workspace

Name = Annotated[
    str, typer.Argument(metavar="DATASET", help="a dataset's name as `dataset list` has it, or its folder")
]


def list_datasets(json: Json = False) -> None:
    """List the datasets of the workspace and of ALLCORE_DATA_ROOTS."""
    from allcore.number_text import memory
    from allcore.reporting.datasets import added, came_from
    from allcore.workspace import open_workspace

    workspace = open_workspace()
    found = [_facts(folder, workspace) for folder in workspace.list_datasets()]
    if json:
        print_json([_as_json(facts) for facts in found])
        return
    if not found:
        folder = shlex.quote(str(workspace.datasets / "smears"))
        say(f"no dataset yet; draw one with: python -m allcore dataset synthesize {folder}")
        return
    table(
        ["dataset", "#size", "added", "from", "#runs", "folder"],
        [
            (of.name, memory(of.bytes), added(of), came_from(of), len(of.runs), of.folder) for of in found
        ],
    )  # fmt: skip


def show(name: Name, json: Json = False) -> None:
    """Show where a dataset came from and when, what it holds, its size, and the runs that were made on it."""
    from allcore.data.browse import class_counts
    from allcore.data.catalog import scan
    from allcore.reporting.datasets import facts_table
    from allcore.runs.owned_datasets import find_dataset
    from allcore.workspace import open_workspace

    workspace = open_workspace()
    facts = _facts(find_dataset(name, workspace), workspace)
    with progress_bar("reading images") as progress:
        catalog = scan(facts.folder, workspace.cache, progress)
    if json:
        counts = class_counts(catalog).to_dict("records")
        print_json({**_as_json(facts), "classes": counts, "problems": len(catalog.not_used())})
        return
    say(facts.name, bold=True)
    table(["fact", "value"], facts_table(facts, catalog).to_numpy().tolist())


def rename(name: Name, new: Annotated[str, typer.Argument(metavar="NAME", help="its name from now on")]) -> None:
    """Rename a dataset of the workspace; its runs, studies and what its classes mean follow it."""
    from allcore.runs.owned_datasets import find_dataset, rename_dataset
    from allcore.workspace import open_workspace

    workspace = open_workspace()
    say(rename_dataset(find_dataset(name, workspace), new, workspace))


def delete(name: Name, yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False) -> None:
    """Delete a dataset of the workspace with all its images; folders elsewhere are never deleted."""
    from allcore.errors import DatasetError
    from allcore.reporting.datasets import what_deleting_means
    from allcore.runs.owned_datasets import check_changeable, delete_dataset, find_dataset
    from allcore.workspace import open_workspace

    workspace = open_workspace()
    folder = find_dataset(name, workspace)
    check_changeable(folder, workspace, "deleted")
    means = what_deleting_means(_facts(folder, workspace))
    if not yes:
        ask_before_deleting(f"{means} Delete it?", DatasetError(f"{means} To delete it, give --yes"))
    delete_dataset(folder, workspace)
    say(f"dataset {folder.name} is deleted")


def _facts(folder: Path, workspace: Workspace) -> DatasetFacts:
    from allcore.runs.folder.store import RunStore
    from allcore.runs.owned_datasets import dataset_facts

    return dataset_facts(folder, workspace, RunStore(workspace.runs).runs())


def _as_json(facts: DatasetFacts) -> dict[str, Any]:
    note = facts.note
    return {
        "dataset": facts.name, "folder": str(facts.folder), "owned": facts.owned, "source": note.source,
        "added": note.moment, "former_names": list(note.former), "bytes": facts.bytes, "runs": list(facts.runs),
    }  # fmt: skip
