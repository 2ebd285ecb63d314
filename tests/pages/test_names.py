"""Names are shown as they are, on every page: what a page hands to the browser is searched for markup of theirs."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.hostile import hostile_run
from tests.pages.opening import open_page, press, texts

MARKUP = [
    re.compile(pattern)
    for pattern in (
        r"\*\*(Benign|run|data)\*\*", r"<b>x", r"(?<!\\)&lt;", r"(?<!\\)\$a\^2\$", r"(?<!\\)`b`", r"(?<!\\)\[c\]\(d",
        r"(?<!\\):red(?<!\\)\[Pre", r":smile:", r"(?<![\\\w])_i_",
    )
]  # fmt: skip
"""The names' markup where Streamlit would act on it."""
DRAWN_MARKUP = re.compile(r"<b>|\$a|%\{q\}|x &lt; &")
"""The names' markup where Plotly would act on it."""
ESCAPED = re.compile(r"\\\*\\\*Benign|\\\$a|\\`b|\\:red|\\_i\\_|&amp;lt;")
PLAIN = {
    "alt", "code_text", "default", "id", "key", "options", "query_string", "raw_values", "value", "user_key", "url",
    "element_id", "form_id", "query_param_key", "widget_id", "format_string", "link_url", "value_string", "data",
    "raw_value", "folder", "file_name", "link",
}  # fmt: skip
"""Fields that the browser shows as they are, or not at all; whatever else is text may be read as Markdown."""
FIGURES_DATA = {"x", "y", "customdata", "tickvals", "categoryarray"}
"""Parts of a figure that hold names as data; whatever else is text is drawn."""


def nodes(node) -> Iterator[object]:
    yield node
    for child in getattr(node, "children", {}).values():
        yield from nodes(child)


def texts_of(message, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text of a message to the browser, with the names of the fields that lead there."""
    for field, value in message.ListFields():
        values = value if isinstance(value, list) or type(value).__name__.startswith("Repeated") else [value]
        for one in values:
            if isinstance(one, str):
                yield f"{path}.{field.name}", one
            elif hasattr(one, "ListFields"):
                yield from texts_of(one, f"{path}.{field.name}")


def drawn(value, key: str = "") -> Iterator[str]:
    """Yield the texts of a figure that Plotly draws."""
    if isinstance(value, str) and key not in FIGURES_DATA:
        yield value
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from drawn(one, name)
    elif isinstance(value, list):
        for one in value:
            yield from drawn(one, key)


def figure_faults(figure: dict) -> Iterator[str]:
    yield from (text for text in drawn(figure) if DRAWN_MARKUP.search(text))
    for trace in figure["data"]:
        for axis in "xy":  # a hover that quotes an axis quotes the names as they are in the data
            if f"%{{{axis}}}" in trace.get("hovertemplate", "") and "Benign" in str(trace.get(axis)):
                yield trace["hovertemplate"]


def text_faults(field: str, text: str) -> Iterator[str]:
    if field == "spec":
        figure = json.loads(text)
        if isinstance(figure.get("data"), list):  # Plotly's; the canvas of Vega-Lite knows no markup
            yield from figure_faults(figure)
    elif field == "columns":  # of a table: headings are plain, explanations are not
        explained = [str(column.get("help", "")) for column in json.loads(text or "{}").values()]
        yield from (one for one in explained if any(sign.search(one) for sign in MARKUP))
    elif ESCAPED.search(text) if field in PLAIN else any(sign.search(text) for sign in MARKUP):
        yield text


def faults(app: AppTest) -> list[str]:
    """Return the texts in which a name acts as markup, or in which what should undo that is seen."""
    protos = [(type(node).__name__, getattr(node, "proto", None)) for node in nodes(app._tree)]
    return [
        f"{kind}{path}: {fault}"
        for kind, proto in protos
        if hasattr(proto, "ListFields")
        for path, text in texts_of(proto)
        for fault in text_faults(path.rsplit(".", 1)[-1], text)
    ]


@pytest.fixture
def hostile(run, workspace):
    return hostile_run(run, workspace)


TABS = {
    "dataset": ("Images", "Counts", "Classes", "Problems"),
    "trust": ("Overview", "Shared fields", "Exact duplicates", "Stain clusters", "Shortcuts", "Labels"),
    "evaluate": ("Confusion matrix", "Mistakes", "Classes", "Curves", "Calibration", "Compare", "Probes"),
}


@pytest.mark.parametrize("page", ["overview", "train", "runs", "tradeoff", "augmentation"])
def test_no_name_acts_as_markup(hostile, page):
    assert not faults(open_page(page))


@pytest.mark.parametrize("page", TABS)
def test_no_name_acts_as_markup_in_any_tab(hostile, page):
    for tab in TABS[page]:
        assert not faults(open_page(page, view=tab)), tab


@pytest.mark.parametrize("page", ["dataset", "predict", "augmentation"])
def test_no_name_acts_as_markup_beside_one_image(hostile, page):
    folder = hostile.config.dataset.rsplit("/", 1)[-1]
    path = next(path for path in hostile.split.table["path"] if "**Benign**" in path)
    app = open_page(page, model=hostile.id, data=folder, image=path)
    assert page == "augmentation" or "Benign" in texts(app)
    assert not faults(app)


def test_no_name_of_a_file_acts_as_markup_in_a_pair_of_images(few_fields):
    first = few_fields / "Pre" / "**run** $a^2$ _i_ :smile:.png"
    (few_fields / "Pre" / "pre-1.png").rename(first)
    app = open_page("trust", view="Shared fields", first=f"Pre/{first.name}", second="Pre/pre-1-again.png")
    assert first.name in {link.label.replace("\\", "").replace("\u2060", "") for link in app.page_link}
    assert not faults(app)


def test_the_question_before_a_run_is_deleted_names_it_as_it_is(hostile):
    app = press(open_page("runs"), "Delete")
    assert "cannot be undone" in texts(app)
    assert not faults(app)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
@pytest.mark.parametrize("page", ["overview", "dataset", "trust", "train"])
def test_a_dataset_whose_name_is_no_utf8_takes_no_page_down(workspace, smears, page):
    shutil.copytree(smears, workspace.datasets / os.fsdecode(b"d\xe9j\xe0"), copy_function=os.link)
    app = open_page(page)
    assert page == "overview" or "d\ufffdj\ufffd. Rename them." in texts(app)
