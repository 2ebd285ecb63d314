"""The pages: each has its own parts, and leaves files to the core."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from allcore.installation import PROJECT

PAGES = PROJECT / "pages"
SCRIPTS = sorted(path.stem for path in PAGES.glob("*.py") if path.stem != "__init__")
OPENING = {
    "open", "read_bytes", "read_text", "write_bytes", "write_text", "unlink", "mkdir", "rename", "iterdir", "glob",
    "rglob", "stat",
}  # fmt: skip
"""Functions and methods that read, change or list files."""


def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{name.name}" for name in node.names)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_page_imports_no_parts_of_another(script):
    parts = {name.split(".")[2] for name in imported(PAGES / f"{script}.py") if name.startswith("pages.ui.")}
    assert parts & set(SCRIPTS) <= {script}


@pytest.mark.parametrize("file", sorted(PAGES.rglob("*.py")), ids=lambda file: str(file.relative_to(PAGES)))
def test_pages_leave_files_to_the_core(file):
    called = [node.func for node in ast.walk(tree(file)) if isinstance(node, ast.Call)]
    names = [func.id if isinstance(func, ast.Name) else getattr(func, "attr", "") for func in called]
    assert not OPENING & set(names)
