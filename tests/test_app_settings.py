"""The app's settings: closed to the outside, and legible in light and dark."""

import re
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
SETTINGS = tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text())
LABELS = re.findall(r"light-dark\((#\w{6}), (#\w{6})\)", (PROJECT / "pages" / "ui" / "app.css").read_text())
AA = 4.5
"""The contrast that WCAG 2.1 wants for text of ordinary size (success criterion 1.4.3, level AA)."""


def channels(colour):
    return [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]


def luminance(rgb):
    linear = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def over(colour, opacity, background):
    pairs = zip(channels(colour), channels(background), strict=True)
    return [opacity * front + (1 - opacity) * back for front, back in pairs]


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("surface", ["backgroundColor", "secondaryBackgroundColor"])
def test_text_links_and_captions_are_legible_on_every_surface(mode, surface):
    theme = SETTINGS["theme"][mode]
    background = channels(theme[surface])
    assert contrast(channels(theme["textColor"]), background) >= AA
    assert contrast(channels(theme["linkColor"]), background) >= AA
    assert contrast(channels(theme["grayTextColor"]), background) >= AA
    captions = over(theme["textColor"], 0.6, theme["backgroundColor"])
    assert contrast(captions, channels(theme["backgroundColor"])) >= AA


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_what_is_chosen_is_legible_on_its_tint(mode):
    theme = SETTINGS["theme"][mode]
    tint = over(theme["primaryColor"], 0.1, theme["backgroundColor"])
    assert contrast(channels(theme["primaryColor"]), tint) >= AA


@pytest.mark.parametrize(("number", "mode"), [(0, "light"), (1, "dark")])
def test_labels_of_the_main_buttons_are_legible(number, mode):
    (labels,) = LABELS
    assert contrast(channels(labels[number]), channels(SETTINGS["theme"][mode]["primaryColor"])) >= AA


def test_no_run_of_a_page_lets_all_wait_for_a_collection_of_garbage():
    assert SETTINGS["runner"]["postScriptGC"] is False


def test_server_answers_this_machine_alone_and_refuses_other_sites():
    server = SETTINGS["server"]
    assert server["address"] == "127.0.0.1"
    assert server["enableCORS"]
    assert server["enableXsrfProtection"]
    assert 0 < server["maxUploadSize"] <= 2048


def test_nothing_of_the_inside_reaches_browser_or_vendor():
    assert SETTINGS["client"]["showErrorDetails"] == "none"
    assert SETTINGS["browser"]["gatherUsageStats"] is False
