"""The picture of the code's floors shows the code that is there, and any module can be imported before all others."""

import ast
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter

import pytest

from allcore.installation import PROJECT
from docs.floors import contracted_floors, draw, imports, needed


def test_every_room_stands_on_its_floor_and_every_line_leads_down():
    floors = [["pages"], *contracted_floors()]
    rooms = [room for floor in floors for room in floor]
    assert {path.stem for path in (PROJECT / "allcore").iterdir() if not path.name.startswith("__")} <= set(rooms)
    level = {room: number for number, floor in enumerate(floors) for room in floor}
    found = imports(floors)
    assert ("training", "runs") in found
    assert ("pages", "runs") in found
    assert all(level[first] < level[second] for first, second in found)
    picture = ElementTree.fromstring(draw(floors, needed(found)))
    assert [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")] == rooms


def test_a_line_that_others_imply_is_left_out():
    assert needed({("a", "b"), ("b", "c"), ("a", "c")}) == {("a", "b"), ("b", "c")}


def carried_out(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield what is carried out while a module is imported: all but functions and what only type checkers read."""
    for node in nodes:
        if not isinstance(node, ast.FunctionDef | ast.Lambda) and not (
            isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        ):
            yield node
            yield from carried_out(ast.iter_child_nodes(node))


def needed_to_import(module: str, source: str) -> set[str]:
    """Return the modules that must be whole before this one is: what it imports, with the packages around that."""
    found = set()
    for node in carried_out(ast.parse(source).body):
        names = [each.name for each in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module, *(f"{node.module}.{name}" for name in names)]
        for parts in (name.split(".") for name in names):
            found |= {".".join(parts[:end]) for end in range(1, len(parts) + 1)}
    return {name for name in found if name != module and not module.startswith(f"{name}.")}


def test_every_module_can_be_the_first_that_is_imported():
    sources = {
        ".".join(file.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__"): file.read_text("utf-8")
        for room in ("allcore", "pages")
        for file in (PROJECT / room).rglob("*.py")
    }
    assert len(sources) > 200
    graph = {module: needed_to_import(module, source) & set(sources) for module, source in sources.items()}
    list(TopologicalSorter(graph).static_order())  # raises with the circle


def test_a_circle_through_a_package_is_seen():
    sources = {"a.b": "from a.b.make import do", "a.b.make": "from a.card import card", "a.card": "import a.b.facts"}
    assert needed_to_import("a.card", sources["a.card"]) == {"a.b", "a.b.facts"}
    graph = {module: needed_to_import(module, source) for module, source in sources.items()}
    with pytest.raises(CycleError, match=r"a\.card"):
        list(TopologicalSorter(graph).static_order())
