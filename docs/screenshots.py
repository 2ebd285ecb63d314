"""Take the pictures of the pages: every page, wide and narrow, light and dark.

    streamlit run streamlit_app.py --server.port 8501      (in another terminal, on a workspace with a finished run)
    python docs/screenshots.py FOLDER [--url http://127.0.0.1:8501] [--run RUN] [--only 1280-light]

Uses the system's Chromium. Pictures are FOLDER/<page>-<width>-<light|dark>.png.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

PAGES = ("", "predict", "dataset", "augmentation", "trust", "train", "runs", "evaluate", "tradeoff")
LOOKS = [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]
TALLEST = 2400


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--url", default="http://127.0.0.1:8501")
    parser.add_argument("--run", default="", help="run to show; unset: the newest")
    parser.add_argument("--only", help="one look alone, as 1280-light")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        for width, scheme in LOOKS:
            if options.only in (None, f"{width}-{scheme}"):
                for page in PAGES:
                    _take(opened, options, page, width, scheme)
        opened.close()


def _take(browser: Browser, options: argparse.Namespace, page: str, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    view = context.new_page()
    view.goto(f"{options.url}/{page}?{'run=' + options.run if options.run else ''}")
    view.wait_for_selector("[data-testid=stMain] h1", timeout=60_000)
    view.wait_for_timeout(3_000)
    height = view.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    view.set_viewport_size({"width": width, "height": min(int(height), TALLEST)})
    view.wait_for_timeout(1_500)
    view.screenshot(path=options.folder / f"{page or 'overview'}-{width}-{scheme}.png")
    context.close()


if __name__ == "__main__":
    main()
