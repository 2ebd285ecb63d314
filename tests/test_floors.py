"""The picture of the code's floors shows the code that is there, and no import goes round in a circle."""

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


def test_the_picture_of_the_documentation_is_of_this_code():
    floors = [["pages"], *contracted_floors()]
    committed = (PROJECT / "docs/pictures/floors.svg").read_text("utf-8")
    again = "python -m docs.floors docs/pictures/floors.svg"
    assert committed == draw(floors, needed(imports(floors))), f"draw it again: {again}"


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
    return imported(module, carried_out(ast.parse(source).body))


def imported(module: str, nodes: Iterable[ast.AST]) -> set[str]:
    """Return the modules that these nodes of a module's source import, with the packages around them but its own."""
    found = set()
    for node in nodes:
        names = [each.name for each in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module, *(f"{node.module}.{name}" for name in names)]
        for parts in (name.split(".") for name in names):
            found |= {".".join(parts[:end]) for end in range(1, len(parts) + 1)}
    return {name for name in found if name != module and not module.startswith(f"{name}.")}


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    """Return the source of each module by its name."""
    found = {
        ".".join(file.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__"): file.read_text("utf-8")
        for room in ("allcore", "pages")
        for file in (PROJECT / room).rglob("*.py")
    }
    assert len(found) > 200
    return found


def test_every_module_can_be_the_first_that_is_imported(sources):
    graph = {module: needed_to_import(module, source) & set(sources) for module, source in sources.items()}
    list(TopologicalSorter(graph).static_order())  # raises with the circle


def test_no_import_leads_back_to_where_it_stands_not_even_one_in_a_function_or_for_types_alone(sources):
    graph = {module: imported(module, ast.walk(ast.parse(source))) & set(sources) for module, source in sources.items()}
    list(TopologicalSorter(graph).static_order())  # raises with the circle


def test_an_import_in_a_function_or_for_types_alone_is_seen():
    source = "if TYPE_CHECKING:\n    from a.types import T\ndef do():\n    from a.later import make\n"
    assert needed_to_import("b", source) == set()
    assert imported("b", ast.walk(ast.parse(source))) == {"a", "a.types", "a.types.T", "a.later", "a.later.make"}


def test_a_circle_through_a_package_is_seen():
    sources = {"a.b": "from a.b.make import do", "a.b.make": "from a.card import card", "a.card": "import a.b.facts"}
    assert needed_to_import("a.card", sources["a.card"]) == {"a.b", "a.b.facts"}
    graph = {module: needed_to_import(module, source) for module, source in sources.items()}
    with pytest.raises(CycleError, match=r"a\.card"):
        list(TopologicalSorter(graph).static_order())
