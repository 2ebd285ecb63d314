"""The gate of every action, as the text of the pages shows: nothing is changed past it, or offered without it."""

import ast
from collections.abc import Iterator

from allcore.installation import PROJECT

METHODS = {"submit", "resume", "stop_in_background", "delete", "create"}
FUNCTIONS = {
    "start_study", "ask_study_to_stop", "resume", "remove", "draw_smears", "import_upload", "fetch_kaggle",
    "name_classes", "measure_all", "say_of_run", "add_judgements", "import_judgements", "delete_study",
}  # fmt: skip
"""What launches, stops, deletes, imports or names: reached through the gate alone."""


def test_pages_change_nothing_but_through_the_gate():
    found = set()
    for path in sorted((PROJECT / "pages").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found |= {(path.name, name) for name in past_the_gate(tree)}
        if path.name != "sign_in.py":
            found |= {(path.name, "record_action") for name in uses(tree) if name == "record_action"}
    assert found == set()


def test_all_that_is_looked_for_is_used_by_pages_under_that_name():
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (PROJECT / "pages").rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    used = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    used |= {node.id for node in nodes if isinstance(node, ast.Name)}
    assert used >= METHODS | FUNCTIONS


def test_every_page_that_acts_disables_what_asks_for_it_where_somebody_may_only_look():
    for path in sorted((PROJECT / "pages").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if gates(tree) and path.name not in ("sign_in.py", "launching.py"):  # Train asks for the latter
            assert "may_act" in uses(tree), path.name


def test_no_page_shows_an_error_of_the_disk_as_a_number():
    for path in sorted((PROJECT / "pages").rglob("*.py")):
        for handler in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(handler, ast.ExceptHandler) and handler.type and "OSError" in ast.unparse(handler.type):
                for node in handler.body:
                    assert "str(error)" not in ast.unparse(node), path.name


def test_the_search_for_a_way_past_the_gate_finds_one():
    assert set(past_the_gate(ast.parse("def press(run):\n    store.delete(run)\n\npress(run)"))) == {".delete"}
    assert set(past_the_gate(ast.parse("button(on_click=store.delete)"))) == {".delete"}
    assert not set(past_the_gate(ast.parse("def go():\n    x()\n    store.delete(1)\n\nact('', '', lambda: go())")))


def past_the_gate(tree: ast.Module) -> Iterator[str]:
    """Yield what a page changes outside `act(…)`; in a function of its own, where that is used outside of it."""
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    changing = {*(f".{method}" for method in METHODS), *(FUNCTIONS & imported)}
    for node in tree.body:
        if not (isinstance(node, ast.FunctionDef) and behind_the_gate(tree, node.name)):
            yield from changing & set(uses(node))


def behind_the_gate(tree: ast.Module, name: str) -> bool:
    """Tell whether a function of a page is used, and nowhere but within `act(…)`."""
    inside = sum(name in uses(argument) for call in gates(tree) for argument in call.args)
    return inside > 0 and name not in uses(tree)


def gates(tree: ast.AST) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call) and is_gate(node)]


def is_gate(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Name) and node.func.id in ("act", "permitted", "_import")


def uses(node: ast.AST) -> list[str]:
    """Return the names that are read below a node, outside of what a gate is given and of imports."""
    found = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call) and is_gate(child):
            continue
        if isinstance(child, ast.Attribute):
            found.append(f".{child.attr}")
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Load):
            found.append(child.id)
        found += uses(child)
    return found
