"""Nothing goes wrong behind a page: no error or warning in the browser's console, no trace in the server's log."""

import re

from playwright.sync_api import expect

VIEWS = {
    "": ("",),
    "dataset": ("Images", "Counts", "Classes", "Problems"),
    "trust": ("Overview", "Shared fields", "Exact duplicates", "Stain clusters", "Shortcuts", "Labels"),
    "train": ("",),
    "runs": ("",),
    "evaluate": ("Confusion matrix", "Mistakes", "Classes", "Curves", "Calibration", "Compare", "Malignant or benign"),
    "predict": ("",),
    "augmentation": ("",),
    "tradeoff": ("",),
}
MARKUP = re.compile(r"\*\*|:material|:[a-z]+\[|</?[a-z]|\\[^\w\s]")
"""What Streamlit makes bold, icons, colours, tags and escaped signs of, where it is read aloud as it is."""
NAMES = """
    [...document.querySelectorAll("[aria-label], [alt], [title]")].flatMap(
        (of) => ["aria-label", "alt", "title"].map((name) => of.getAttribute(name)).filter(Boolean)
    )
"""


def shown(page):
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_attached()


def test_pages_and_their_tabs_are_quiet_and_their_names_can_be_read_aloud(finished_server, page):
    where, complaints, read_aloud = "", [], set()
    page.on("console", lambda said: said.type in ("error", "warning") and complaints.append((where, said.text)))
    page.on("pageerror", lambda error: complaints.append((where, str(error))))
    for name, views in VIEWS.items():
        for view in views:
            where = f"{name} {view}"
            page.goto(finished_server.url(name, f"view={view}"))
            shown(page)
            read_aloud |= {(where, text) for text in page.evaluate(NAMES) if MARKUP.search(text)}
    where = "clicks on filters"
    page.goto(finished_server.url("dataset"))
    shown(page)
    for label in ("Pro", "Pre", "Pre"):  # one click upon the other, as the page still draws
        page.get_by_role("button", name=label, exact=True).click()
    shown(page)
    assert not complaints
    assert not read_aloud
    assert "Traceback" not in finished_server.said()
