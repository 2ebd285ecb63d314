"""How long each page's script runs once its caches are warm.

    ALLCORE_DATA_ROOTS=DIR python -m benchmarks.page_speed [--rounds 10]

Runs the app in this process with Streamlit's AppTest: every page, twice to warm the caches, then `rounds` times. The
workspace and the data roots are those of the environment, so the figures are of the datasets and runs that are there.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

PROJECT = Path(__file__).parent.parent
PAGES = ("overview", "predict", "dataset", "augmentation", "trust", "train", "runs", "evaluate", "tradeoff")


def main() -> None:
    """Print a row a page: the first run, then median and worst of the warm ones, in milliseconds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds

    print(f"{'page':<14} {'first':>8} {'median':>8} {'worst':>8}   ms")
    for page in PAGES:
        app = AppTest.from_file(str(PROJECT / "streamlit_app.py"), default_timeout=120).run()
        began = time.perf_counter()
        app.switch_page(f"pages/{page}.py").run()
        first = 1000 * (time.perf_counter() - began)
        app.run()
        times = [_milliseconds(app.run) for _ in range(rounds)]
        if app.exception or any("went wrong" in str(error.value) for error in app.error):
            raise SystemExit(f"{page}: the page failed")
        print(f"{page:<14} {first:8.0f} {statistics.median(times):8.0f} {max(times):8.0f}")


def _milliseconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return 1000 * (time.perf_counter() - began)


if __name__ == "__main__":
    main()
