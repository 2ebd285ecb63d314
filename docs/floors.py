"""Draw the floors of the code and who imports whom, from the code as it is.

    python -m docs.floors docs/pictures/floors.svg

Floors are those of the import contract in pyproject.toml. A line is an import that no other line implies.
"""

from __future__ import annotations

import sys
import tomllib
from html import escape
from pathlib import Path

import grimp

PROJECT = Path(__file__).parent.parent
CONTRACT = "A floor imports from the floors below it alone"
GROUND = ("errors", "files", "json_text", "processors", "control_groups")
"""What a floor holds that nearly all import: drawn without lines."""
WIDTH, BOX, HEIGHT, STEP = 760, 122, 30, 62

Edges = set[tuple[str, str]]


def main() -> None:
    """Write the picture to the file that is named."""
    floors = [["pages"], *contracted_floors()]
    Path(sys.argv[1]).write_text(draw(floors, needed(imports(floors))), encoding="utf-8")


def contracted_floors() -> list[list[str]]:
    """Return the rooms of each floor, from the top, as the import contract has them."""
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (contract,) = (each for each in settings["contracts"] if each["name"] == CONTRACT)
    return [[room.strip() for room in floor.split("|")] for floor in contract["layers"] if floor != "__main__"]


def imports(floors: list[list[str]]) -> Edges:
    """Return which room imports which of a lower floor, those of the ground floors left out."""
    levels = {room: level for level, floor in enumerate(floors) for room in floor if not set(floor) & set(GROUND)}
    graph = grimp.build_graph("allcore", "pages")
    found = set()
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            edge = (_room(module), _room(imported))
            if set(edge) <= set(levels) and levels[edge[0]] < levels[edge[1]]:
                found.add(edge)
    return found


def _room(module: str) -> str:
    parts = module.split(".")
    return parts[0] if parts[0] == "pages" else parts[min(1, len(parts) - 1)]


def needed(edges: Edges) -> Edges:
    """Return the edges that no way over other edges implies."""
    return {edge for edge in edges if not _reaches(edge[0], edge[1], edges - {edge}, set())}


def _reaches(start: str, end: str, edges: Edges, seen: set[str]) -> bool:
    for first, second in edges:
        if first == start and second not in seen:
            if second == end or _reaches(second, end, edges, seen | {second}):
                return True
            seen.add(second)
    return False


def draw(floors: list[list[str]], edges: Edges) -> str:
    """Return the picture as SVG: a row a floor, a box a room, a line an import."""
    places = {
        room: (_middle(row, number, len(floor)), 20 + row * STEP)
        for row, floor in enumerate(floors)
        for number, room in enumerate(floor)
    }
    height = 40 + len(floors) * STEP - (STEP - HEIGHT)
    lines = [_line(*places[first], *places[second]) for first, second in sorted(edges)]
    boxes = [_box(room, *place) for room, place in places.items()]
    style = "font-family:sans-serif;font-size:13px"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" style="{style}" role="img">'
    title = "<title>Rooms of the code by floor; lines are imports, which lead downwards alone</title>"
    ground = f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
    return "\n".join([head, title, ground, *lines, *boxes, "</svg>"]) + "\n"


def _middle(row: int, number: int, rooms: int) -> float:
    """Return where a room stands; one alone on its floor goes left and right in turn, so that lines can pass."""
    if rooms == 1:
        return WIDTH * (0.38 + 0.24 * (row % 2))
    return WIDTH * (number + 1) / (rooms + 1) + (rooms == 2) * WIDTH * (number - 0.5) * 0.24


def _line(x: float, y: float, to_x: float, to_y: float) -> str:
    start, end = y + HEIGHT, to_y
    bend = (end - start) / 2 if x != to_x else 0
    side = 90 if x == to_x and end - start > STEP else 0  # past the boxes that stand between
    curve = f"C{x + side:.0f},{start + bend:.0f} {to_x + side:.0f},{end - bend:.0f} {to_x:.0f},{end:.0f}"
    return f'<path d="M{x:.0f},{start:.0f} {curve}" fill="none" stroke="#8a93ad" stroke-width="1.2"/>'


def _box(room: str, x: float, y: float) -> str:
    fill = "#e3ecfb" if room == "pages" else "#eef0f4"
    frame = f'x="{x - BOX / 2:.0f}" y="{y:.0f}" width="{BOX}" height="{HEIGHT}" rx="5"'
    return (
        f'<rect {frame} fill="{fill}" stroke="#44548f"/>'
        f'<text x="{x:.0f}" y="{y + 20:.0f}" text-anchor="middle" fill="#14181f">{escape(room)}</text>'
    )


if __name__ == "__main__":
    main()
