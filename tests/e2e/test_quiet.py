"""Behind the pages: a quiet console and log, names that can be read aloud, no finding of axe, no other machine asked.

Nothing wider than the window, and a small server without TensorFlow. Every page is opened once, in use, and each test
reads what was noted then.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import psutil
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from allcore.evaluation.image_map.making import make_map
from tests.e2e.conftest import Server

VIEWS = {
    "": ("",),
    "dataset": ("Images", "Counts", "Cells", "Classes", "Labels", "Problems", "About"),
    "trust": ("Overview", "Shared fields", "Exact duplicates", "Stain clusters", "Shortcuts", "Labels"),
    "train": ("",),
    "runs": ("",),
    "evaluate": (
        "Confusion matrix", "Mistakes", "Classes", "Curves", "Calibration", "Compare", "Probes", "Map",
        "Malignant or benign",
    ),
    "augmentation": ("",),
    "tradeoff": ("",),
    "predict": ("",),
}  # fmt: skip
FILTERS = {
    "dataset": ("Pro", "Pre", "Pre", "With a twin", "Usable images"),
    "evaluate": ("per cent", "counts"),
    "runs": ("Batch", "Epoch"),
    "augmentation": ("Early", "Pre"),
}
"""Buttons of a page's groups, clicked one upon the other while the page still draws."""

MARKUP = re.compile(r"\*\*|:material|:[a-z]+\[|</?[a-z]|\\[^\w\s]")
"""What Streamlit makes bold, icons, colours, tags and escaped signs of, where it is read aloud as it is."""
NAMES = """
    [...document.querySelectorAll("[aria-label], [alt], [title]")].flatMap(
        (of) => ["aria-label", "alt", "title"].map((name) => of.getAttribute(name)).filter(Boolean)
    )
"""
LINKS = "[...document.querySelectorAll('link[href]')].map((link) => link.href)"
KNOWN = {
    ("list", "stSidebarNavItems"): "the navigation's headings stand between the items of its list",
    ("listitem", "stSidebarNavItems"): "the navigation's items stand in no list of their own",
}
"""Serious findings in Streamlit's own elements, by axe's rule and the nearest element with a test id."""
AXE = """
    async ([within, contrast]) => {
        const found = await axe.run(within, {
            rules: {"color-contrast": {enabled: contrast}},
            resultTypes: ["violations"], preload: false, runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"],
        });
        return found.violations.filter(({impact}) => ["serious", "critical"].includes(impact)).flatMap(
            ({id, nodes}) => nodes.map(({target, html}) => {
                const named = document.querySelector(target[0])?.closest("[data-testid]");
                return [id, named?.dataset.testid ?? "", html.slice(0, 200)];
            })
        );
    }
"""
MOST_MEMORY = 480 * 2**20
"""Bytes of the server after all that the browser tests look at; an empty app has about 200 MiB."""

MAIN, TAB = "[data-testid=stMain]", "[role=tabpanel]:not([inert])"
STREAMLITS_SEARCH = re.compile(r"/[a-z]+/_stcore/(health|host-config)$")
"""Where Streamlit's page looks for its server first: beside the address that it was opened at."""

REPLACED = re.compile(r"/media/[0-9a-f]+\.(jpg|png)\b")
"""Pictures of a view; Streamlit drops them as soon as the next click has another view drawn in its place.

The browser complains at the picture's address, and Streamlit's page of that address from its own script.
"""

SLOW_GL = "GL Driver Message (OpenGL, Performance"
"""What Chromium says on reading points drawn by WebGL back where a processor draws them, as in tests."""


@dataclass
class Seen:
    """What was noted, each with the view that it was noted in."""

    server: Server
    complaints: list[tuple[str, str]] = field(default_factory=list)
    names: set[tuple[str, str]] = field(default_factory=set)
    findings: set[tuple[str, str, str, str]] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    too_wide: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def seen(finished_server, finished, finished_run, smears, profile):
    """Open every page in use, click its filters, and return what was noted meanwhile."""
    make_map(finished_run, finished.workspace.cache)
    noted = Seen(finished_server)
    page = profile.new_page()
    page.set_viewport_size({"width": 1280, "height": 1000})
    walk(page, noted, sorted((smears / "Pre").iterdir())[:2])
    page.close()
    return noted


def walk(page: Page, noted: Seen, images) -> None:
    """Open the views of every page, note what each is like, and click the filters of those that have some."""
    where = ""

    def complain(text: str, url: str = "") -> None:
        replaced = where.startswith("filters") and REPLACED.search(f"{text} {url}")
        if not (replaced or STREAMLITS_SEARCH.search(url) or SLOW_GL in text):
            noted.complaints.append((where, f"{text} {url}"))

    page.on("console", lambda said: said.type in ("error", "warning") and complain(said.text, said.location["url"]))
    page.on("pageerror", lambda error: complain(str(error)))
    page.on("request", lambda request: noted.asked.add(urlsplit(request.url).netloc))
    page.on("websocket", lambda opened: noted.asked.add(urlsplit(opened.url).netloc))
    for name, views in VIEWS.items():
        page.goto(noted.server.url(name, "about=true"))
        shown(page)
        noted.titles.append(page.title())
        for view in views:
            where = f"{name} {view}".strip() or "overview"
            if view != views[0]:
                page.get_by_role("tab", name=view, exact=True).click()
                shown(page)
            if name == "predict":
                page.locator("input[type=file]").set_input_files([str(image) for image in images])
                expect(page.locator("img[alt*=vidence]").first).to_be_visible()
                shown(page)
            note(page, noted, where, MAIN if name else "body", whole=view == views[0])
            if view == views[0]:
                where = f"filters of {name}"
                for label in FILTERS.get(name, ()):
                    page.get_by_test_id("stButtonGroup").get_by_role("radio", name=label, exact=True).click()
                shown(page)


def shown(page: Page) -> None:
    """Wait until a page has been drawn, pictures too: those on their way when the next view comes would be missed."""
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_attached()
    page.wait_for_function("[...document.images].every((image) => image.complete || image.loading === 'lazy')")


def note(page: Page, noted: Seen, where: str, part: str, whole: bool) -> None:
    """Note the names, axe's findings in a part of the page (of a tab without contrasts), and what the view links to."""
    noted.names |= {(where, text) for text in page.evaluate(NAMES)}
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    noted.findings |= {(where, *finding) for finding in page.evaluate(AXE, [part if whole else TAB, whole])}
    noted.asked |= {urlsplit(link).netloc for link in page.evaluate(LINKS)}
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        noted.too_wide.append(where)


def test_nothing_goes_wrong_behind_a_page(seen):
    assert not seen.complaints
    assert "Traceback" not in seen.server.said()


def test_names_are_read_aloud_without_markup(seen):
    assert len(seen.names) > 100
    assert not [(where, text) for where, text in seen.names if MARKUP.search(text)]


def test_axe_has_no_serious_finding_but_the_known_ones_of_streamlit(seen):
    known = {(rule, within) for _, rule, within, _ in seen.findings}
    assert not [finding for finding in seen.findings if (finding[1], finding[2]) not in KNOWN]
    assert known == set(KNOWN)


def test_no_page_asks_anything_of_another_machine(seen):
    assert seen.asked - {""} == {f"127.0.0.1:{seen.server.port}"}


def test_each_page_has_a_title_of_its_own(seen):
    assert len(set(seen.titles)) == len(VIEWS)
    assert all(title.endswith(" · ALLscope") for title in seen.titles)


def test_no_view_is_wider_than_the_window(seen):
    assert not seen.too_wide


def test_app_process_stays_small_and_never_loads_tensorflow_whatever_is_visited(seen):
    process = psutil.Process(seen.server.process.pid)
    assert process.memory_info().rss < MOST_MEMORY
    libraries = [mapped.path for mapped in process.memory_maps()]
    assert any("onnxruntime" in path for path in libraries)
    assert not [path for path in libraries if "tensorflow" in path]
