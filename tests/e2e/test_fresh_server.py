"""What a browser shows of the first use of a server that has just started."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Server


@pytest.fixture(scope="module")
def fresh(tmp_path_factory, smears):
    """Return a server that has just started, with the drawn smears as its dataset."""
    made = Server(tmp_path_factory.mktemp("fresh") / "workspace", smears.parent)
    made.start()
    yield made
    made.stop()


def test_the_form_of_settings_stays_on_the_tab_that_was_chosen(fresh, page):
    page.goto(fresh.url("train", "preset=Quick"))  # a server's first request may be for any page
    expect(page.get_by_role("heading", name="Train")).to_be_visible()
    expect(page.get_by_test_id("stSidebarNavLink")).to_have_count(9)
    tab = page.get_by_role("tab", name="Split")
    tab.click()
    page.get_by_text("grouped", exact=True).click()
    expect(page.get_by_text("grouped split.")).to_be_visible()
    expect(tab).to_have_attribute("aria-selected", "true")
    page.get_by_text("random", exact=True).click()
    expect(page.get_by_text("random split.")).to_be_visible()
    expect(tab).to_have_attribute("aria-selected", "true")


def test_uploads_are_still_there_after_another_page_was_looked_at(fresh, page, smears):
    page.goto(fresh.url("predict"))
    page.locator("input[type=file]").set_input_files([str(file) for file in sorted((smears / "Pro").iterdir())[:2]])
    expect(page.get_by_role("heading", name="All 2 images")).to_be_visible()
    page.get_by_role("link", name="Dataset").first.click()
    expect(page.get_by_role("heading", level=1, name="Dataset")).to_be_visible()
    page.get_by_role("link", name="Predict").first.click()
    expect(page.get_by_role("heading", name="All 2 images")).to_be_visible()
    page.get_by_role("button", name="Remove them").click()
    expect(page.get_by_role("heading", name="All 2 images")).to_have_count(0)
