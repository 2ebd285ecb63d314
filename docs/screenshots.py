"""Take the pictures of the pages, as one look of each page or as several.

    streamlit run streamlit_app.py --server.port 8501      (in another terminal, on a workspace with a finished run)
    python -m docs.screenshots docs/pictures --run RUN --data DATASET --drawn DRAWN
    python -m docs.screenshots FOLDER --looks 1280-light 1280-dark 390-light 390-dark [--pages predict runs]

Uses the system's Chromium. Pictures are FOLDER/<page>.webp, with the look in the name where there are several. No image
of a real dataset is in them: Dataset and Augmentation show DRAWN, which `dataset synthesize` has drawn in the
workspace, Predict an image that this script draws, and the other pages are cut off above the first image.
"""

from __future__ import annotations

import argparse
import shutil
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from allcore.data.synthetic import SyntheticSpec, write_dataset

PAGES = ("overview", "predict", "dataset", "augmentation", "trust", "train", "runs", "evaluate", "tradeoff")
TALLEST = 2400
ON_DRAWN_IMAGES = ("dataset", "augmentation")
MAIN = "[data-testid=stMain]"
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--url", default="http://127.0.0.1:8501")
    parser.add_argument("--run", default="", help="run to show; unset: the newest")
    parser.add_argument(
        "--drawn", required=True, metavar="DATASET", help="drawn dataset of the workspace, as the page Dataset lists it"
    )
    parser.add_argument("--data", required=True, metavar="DATASET", help="dataset that Trust and Train show")
    parser.add_argument("--looks", nargs="+", default=["1280-light"], metavar="WIDTH-SCHEME")
    parser.add_argument("--pages", nargs="+", default=PAGES, choices=PAGES)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with TemporaryDirectory() as drawn, sync_playwright() as playwright:
        write_dataset(Path(drawn) / "smears", SyntheticSpec(images_per_class=3, image_size=224))
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for look in options.looks:
            for page in options.pages:
                name = page if len(options.looks) == 1 else f"{page}-{look}"
                picture = _take(browser, options, page, look, Path(drawn))
                picture.save(options.folder / f"{name}.webp", quality=90, method=6)
        browser.close()


def _take(browser: Browser, options: argparse.Namespace, page: str, look: str, drawn: Path) -> Image.Image:
    width, scheme = look.split("-")
    context = browser.new_context(viewport={"width": int(width), "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    view = context.new_page()
    view.set_default_timeout(600_000)  # the first look at a dataset searches it for shared fields
    data = options.drawn if page in ON_DRAWN_IMAGES else options.data
    shown = f"data={quote(data)}" if page in (*ON_DRAWN_IMAGES, "trust", "train") else f"run={options.run}"
    view.goto(f"{options.url}/{'' if page == 'overview' else page}?{shown}")
    view.wait_for_selector(f"{MAIN} h1")
    if page == "predict":
        view.locator("input[type=file]").set_input_files(sorted(drawn.glob("smears/*/*"))[0])
        view.wait_for_selector("img[alt*=evidence]")
    _settle(view)
    height = min(_height(view, page), TALLEST)
    view.set_viewport_size({"width": int(width), "height": height})
    _settle(view)
    taken = Image.open(BytesIO(view.screenshot())).convert("RGB")
    context.close()
    return taken


def _settle(view: Page) -> None:
    """Wait until the page's script has ended and the browser has drawn what it made."""
    view.wait_for_timeout(500)
    view.wait_for_selector(IDLE)
    view.wait_for_timeout(1_500)


def _height(view: Page, page: str) -> int:
    """Return the pixels from the page's top that are shown: all, or as far as the first image that was not drawn."""
    whole = int(view.evaluate(f"document.querySelector('{MAIN}').scrollHeight"))
    if page in (*ON_DRAWN_IMAGES, "predict"):
        return whole
    images = view.evaluate(f"[...document.querySelectorAll('{MAIN} img')].map(i => i.getBoundingClientRect().top)")
    return min([whole, *map(int, images)])


if __name__ == "__main__":
    main()
