"""A finished run that may be changed, and its report as a reader's program sees it."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from allcore.reporting.report import make_report
from allcore.runs.folder.store import Run
from allcore.workspace import Workspace
from tests.copies import copy_of


class Page(HTMLParser):
    """An HTML file taken apart: every tag with its attributes, and all text outside the style sheet."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._in_style = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._in_style = tag == "style"

    def handle_endtag(self, tag):
        self._in_style = False

    def handle_data(self, data):
        if not self._in_style:
            self.text += data

    def attributes(self, name: str) -> list[str]:
        """Return the values of an attribute, of all tags."""
        return [attributes[name] or "" for _, attributes in self.tags if name in attributes]


@pytest.fixture
def run(finished_run: Run, tmp_path: Path) -> Run:
    """Return a copy of the finished run, to be changed."""
    return copy_of(finished_run, tmp_path / finished_run.id)


@pytest.fixture(scope="session")
def readers(smears: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return a workspace that may read the drawn smears."""
    return Workspace(tmp_path_factory.mktemp("readers"), (smears.parent,))


@pytest.fixture(scope="session")
def read(readers: Workspace) -> Callable[..., str]:
    """Return a maker of a run's report as text."""
    return lambda run, form="html", workspace=readers: make_report(run, workspace, form).content.decode()


@pytest.fixture(scope="session")
def html(finished_run: Run, read: Callable[..., str]) -> str:
    """Return the report of the finished run."""
    return read(finished_run)


@pytest.fixture(scope="session")
def page(html: str) -> Page:
    """Return the report of the finished run, taken apart."""
    return Page(html)


@pytest.fixture(scope="session")
def card(finished_run: Run, read: Callable[..., str]) -> str:
    """Return the model card of the finished run."""
    return read(finished_run, "md")


def renamed(run: Run, names: dict[str, str]) -> Run:
    """Return `run` with its classes called otherwise, in the split and in the predictions."""
    split = run.split.table.assign(label=run.split.table["label"].replace(names))
    split.to_csv(run.folder / "split.csv", index=False)
    columns = {f"probability_{old}": f"probability_{new}" for old, new in names.items()}
    run.predictions().replace({"label": names, "predicted": names}).rename(columns=columns).to_parquet(
        run.folder / "predictions.parquet"
    )
    return Run(run.folder)


def sure_of_a_mistake(run: Run) -> Run:
    """Return `run` with a Benign validation image of which nothing is more certain than that it is Pro."""
    table, file = run.predictions(), run.folder / "predictions.parquet"
    row = table.index[(table["split"] == "validation") & (table["label"] == "Benign")][0]
    table.loc[row, [f"probability_{name}" for name in run.split.classes]] = [0.0, 0.0, 0.0, 1.0]
    file.unlink()  # it may be a link to the file that other tests read
    table.to_parquet(file)
    return Run(run.folder)
