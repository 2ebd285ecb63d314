"""A dataset and a finished run whose classes are called what a careless page would take for markup."""

from __future__ import annotations

import shutil
from pathlib import Path

from allcore.runs.folder.store import Run
from allcore.workspace import Workspace
from tests.pages.releasing import release

NAMES = {
    "Benign": "**Benign** <b>x &lt; &",
    "Early": "=Early $a^2$ `b` [c](d)",
    "Pre": ":red[Pre] :smile: " + "long " * 18 + "end",
    "Pro": "10 פרו _i_ %{q}",
}
"""The drawn smears' classes, renamed; '/' cannot stand in a folder's name."""


def hostile_run(run: Run, workspace: Workspace) -> Run:
    """Return `run`, a copy that may be changed, on a dataset of its own in the workspace, its classes renamed."""
    folder = workspace.datasets / "**data** <b>x"
    shutil.copytree(run.config.dataset, folder)
    for old, new in NAMES.items():
        (folder / old).rename(folder / new)
    config = run.folder / "config.json"
    config.write_text(config.read_text().replace(run.config.dataset, str(folder)))
    split = run.split.table
    renamed = split.assign(label=split["label"].replace(NAMES), path=split["path"].map(_renamed))
    predictions = run.predictions()
    columns = {f"probability_{old}": f"probability_{new}" for old, new in NAMES.items()}
    predictions = predictions.assign(path=predictions["path"].map(_renamed)).replace(
        {"label": NAMES, "predicted": NAMES}
    )
    released = run.folder / "released.onnx"
    release(run, released, classes=tuple(NAMES.values()))
    released.replace(run.served_model)
    run = Run(run.folder)
    type(run.split)(renamed).write(run.folder / "split.csv")
    predictions.rename(columns=columns).to_parquet(run.folder / "predictions.parquet")
    return Run(run.folder.rename(run.folder.with_name("**run** <b>x")))


def _renamed(path: str) -> str:
    label, _, rest = path.partition("/")
    return str(Path(NAMES[label]) / rest)
