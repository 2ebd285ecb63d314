"""The doors through which names leave the program: read back by what will read them."""

from __future__ import annotations

import csv
import html
import io
import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.cells import cell_len

from allcore import text

HOSTILE = (
    "**b** _i_ ~~s~~ `c`", "<b>x</b> & &amp; &lt;", "[a](http://b.c) ![i](x)", "$a^2$", "# h", "- item", "1. one",
    "2) two", "> quote", "a | b", "| a |", "    code", "a -> b", "-> -- >=", ":red[x] :smile: :material/delete:",
    "www.a.bc a@b.cd", "=cmd|' /C calc'!A0", "+1+1", "-x", "@SUM(A1)", "\t=1", "%{x} %{customdata[0]}",
    "a\x1b[31mred\x07", "a\u202egnp.exe", "line\nline", "良性", "بني", "é", "__init__", "\\", "a\\", "***", "*", "~",
    "&copy;",
)  # fmt: skip
"""Names of classes and files that some reader takes for more than a name."""
NO_UTF8 = "d\udce9j\udce0"
"""A Latin-1 name as Python reads it."""


def every(names):
    """Test with the names that are known to be hostile, and with some drawn at random."""

    def decorate(test):
        tried = settings(max_examples=40, deadline=None)(given(names)(test))
        for name in HOSTILE:
            tried = example(name)(tried)
        return tried

    return decorate


class Words(HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__()
        self.text, self.tags = "", []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


def seen(shown: str) -> str:
    """Return text as an eye sees it: without what is unseen, every space alike."""
    return re.sub(r"\s+", " ", re.sub("[\u2060\u2068\u2069]", "", shown)).strip()


@pytest.mark.slow
@every(st.text(min_size=1, max_size=40))
def test_a_page_shows_a_name_as_it_is(name):
    rendered = Words(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text.for_page(name)))
    assert seen(rendered.text) == seen(text.printable(name))
    assert set(rendered.tags) <= {"p"}


@every(st.text(min_size=1, max_size=40))
def test_a_markdown_file_shows_a_name_as_it_is(name):
    cell = f"| a |\n| --- |\n| {text.for_markdown(name)} |\n"
    rendered = Words(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(cell))
    assert seen(rendered.text.replace("a", "", 1)) == seen(text.printable(name))
    assert set(rendered.tags) == {"table", "thead", "tr", "th", "tbody", "td"}


@pytest.mark.parametrize("sign", [":smile:", ":material/delete:", ":red[", "www.", "a@b.c", "https://", ":streamlit:"])
def test_no_sign_is_left_that_streamlit_replaces_in_plain_text(sign):
    assert sign not in text.for_page(f"x {sign} x").replace("\\", "")


@pytest.mark.parametrize("arrow", ["->", "<-", "<->", "--", ">=", "<=", "~="])
def test_arrows_stay_as_they_are_written(arrow):
    assert arrow not in text.for_page(f"a {arrow} b").replace("\\", "")


@every(st.text(min_size=1, max_size=40))
def test_an_html_file_shows_a_name_as_it_is(name):
    rendered = Words(f'<p title="{text.for_html(name)}">{text.for_html(name)}</p>')
    assert (seen(rendered.text), rendered.tags) == (seen(text.printable(name)), ["p"])


@every(st.text(min_size=1, max_size=40))
def test_a_figure_gets_no_tag_no_entity_no_formula_and_no_place(name):
    label = text.for_figure(name)
    assert seen(html.unescape(label)) == seen(text.printable(name))
    assert not re.search(r"[<>$]|%\{|&(?!amp;|lt;|gt;|#36;|#37;)", label)


@every(st.text(min_size=1, max_size=40))
def test_nothing_printed_acts_on_a_terminal(name):
    shown = text.printable(name)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)


def test_bytes_that_are_no_utf8_are_shown_as_replacement_characters():
    assert text.printable(NO_UTF8) == "d\ufffdj\ufffd"


@every(st.text(min_size=1, max_size=40))
def test_no_cell_of_a_csv_file_is_computed(name):
    rows = list(csv.reader(io.StringIO(text.for_csv(pd.DataFrame({"=a": [name, "b"], "n": [1, -2]})))))
    cells = [cell for row in rows for cell in row]
    numbers = re.compile(r"[+-]?\d+([.,]\d+)?(e[+-]?\d+)?( ?%)?", re.IGNORECASE)
    assert not [cell for cell in cells if cell.lstrip()[:1] in ("=", "+", "-", "@") and not numbers.fullmatch(cell)]
    assert [row[1] for row in rows[1:]] == ["1", "-2"]


def test_numbers_in_a_csv_file_stay_numbers():
    table = pd.DataFrame({"change": [-1.5, 2.0], "text": ["-1.5", "+2 %"], "none": [None, "x"]})
    assert text.for_csv(table) == "change,text,none\n-1.5,-1.5,\n2.0,+2 %,x\n"


def test_a_table_on_the_screen_shows_a_formula_without_being_one():
    (cell,) = text.for_table(pd.DataFrame({"label": ["=1+1"]}))["label"]
    assert cell[0] != "="
    assert seen(cell) == "=1+1"


@given(st.text(min_size=1, max_size=40) | st.sampled_from(HOSTILE), st.integers(3, 30))
def test_a_name_is_cut_in_its_middle_to_the_columns_there_are(name, most):
    name = text.printable(name)
    short = text.shorten(name, most)
    assert cell_len(short) <= most
    assert short == name or (cell_len(name) > most and "…" in short)


def test_a_cut_name_keeps_its_ends():
    assert text.shorten("early pre-B with aberrant myeloid markers", 15) == "early p…markers"


def test_names_that_would_look_alike_end_in_their_place():
    names = ["x" * 30, "short", "x" * 12 + "y" + "x" * 20]
    assert text.short_names(names, 11) == ["xxx…xxx (1)", "short", "xxx…xxx (3)"]


@every(st.text("é良/", min_size=200, max_size=300))
def test_a_name_becomes_part_of_a_files_name(name):
    part = text.for_file(name)
    assert 0 < len(part.encode()) <= 200
    assert not set('/\\:*?"<>|\0') & set(part)
    assert part not in (".", "..")
