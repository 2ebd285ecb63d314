"""The picture of the code's floors shows the code that is there."""

import xml.etree.ElementTree as ElementTree

from allcore.workspace import PROJECT
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
