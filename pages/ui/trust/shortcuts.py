"""Trust, shortcuts: what classifiers that see too little to judge a cell reach under each split protocol."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import streamlit as st

from allcore.data.decoded import decoded_images
from allcore.data.splits.split import make_split
from allcore.errors import DatasetError
from allcore.evaluation.shortcuts import BASELINES, ShortcutResult, cached_shortcuts, shortcut_scores
from allcore.evaluation.shortcuts.scoring import Seen
from allcore.number_text import listed
from allcore.progress import Progress
from allcore.reporting.protocol_shortcuts import protocol_figure, protocol_findings, protocol_table
from allcore.text import for_page
from allcore.workspace import open_workspace
from pages.ui import show
from pages.ui.shared.shortcuts import ONE_SEES_CELLS
from pages.ui.shared_work import asked_for, make_and_show
from pages.ui.trust.examined import Examined


def show_shortcuts(of: Examined) -> None:
    """Show what is known of the baselines under each protocol, and offer to score those that are not."""
    st.write(
        "Shortcuts are classifiers that see too little of an image to judge its cells. Where a shortcut comes near to "
        "a network, the network's score does not show that it looks at cells. The lower the shortcuts under a split "
        f"protocol, the more a score under that protocol is worth. {ONE_SEES_CELLS}"
    )
    results, missing = _known(of)
    if results:
        _show_results(results)
    if missing:
        st.caption(
            f"The {len(BASELINES)} baselines are not scored under {listed(missing)} yet. Thousands of images take "
            "minutes."
        )
        if asked_for(_work(of), "Score the shortcuts", type="primary", icon=":material/palette:"):
            _score(of, missing)
    st.markdown("\n".join(f"- **{baseline.name}**: {baseline.what}" for baseline in BASELINES))


def _known(of: Examined) -> tuple[dict[str, tuple[ShortcutResult, ...]], list[str]]:
    """Return the results that are kept by their protocol, and the protocols without; say which cannot be used."""
    results, missing = {}, []
    for protocol in of.protocols:
        try:
            results[protocol] = _kept(of, of.key, protocol, str(open_workspace().cache))
        except LookupError:
            missing.append(protocol)
        except DatasetError as error:
            st.warning(for_page(str(error)), title=f"No {protocol} split of this dataset")
    return results, missing


@st.cache_resource(max_entries=32, show_spinner=False)
def _kept(_of: Examined, key: str, protocol: str, cache: str) -> tuple[ShortcutResult, ...]:
    results = cached_shortcuts(_of.split(protocol), Path(cache))
    if results is None:
        raise LookupError  # which Streamlit does not keep, so that the next look finds what has been scored since
    return results


def _work(of: Examined) -> str:
    return f"shortcuts of {of.key} in {open_workspace().cache}"


def _score(of: Examined, protocols: list[str]) -> None:
    """Score the baselines with progress, and run the page again to show them."""
    cache = open_workspace().cache

    def score(progress: Progress) -> None:
        splits = [make_split(of.images, of.config(protocol), of.relations) for protocol in protocols]
        images = decoded_images(of.root, of.images, cache)
        seen: Seen = {}
        for number, split in enumerate(splits):
            shortcut_scores(images, split, cache, partial(_show_part, progress, number, len(splits)), seen=seen)

    make_and_show(_work(of), "Scoring the shortcuts", "The shortcuts cannot be scored", score)


def _show_part(progress: Progress, number: int, parts: int, done: int, total: int) -> None:
    progress(number * total + done, parts * total)


def _show_results(results: dict[str, tuple[ShortcutResult, ...]]) -> None:
    table = protocol_table(results)
    lines = []
    for finding in protocol_findings(results):
        protocol, _, rest = finding.partition(": ")
        lines.append(f"- **{protocol}**: {rest}")
    st.markdown("\n".join(lines))
    alt = f"Test accuracy of each shortcut baseline under {', '.join(results)}, with 95 % intervals"
    show.figure(partial(protocol_figure, table), "shortcuts-by-protocol", alt)
    show.table(
        table.drop(columns="what"),
        "shortcuts-by-protocol",
        alt,
        {
            "images": "test images",
            "accuracy": show.per_cent_column("accuracy (%)"),
            "low": show.per_cent_column("95 % from"),
            "high": show.per_cent_column("to"),
            "balanced": show.per_cent_column("balanced accuracy (%)", "the mean of the classes' sensitivities"),
            "balanced_low": show.per_cent_column("balanced 95 % from"),
            "balanced_high": show.per_cent_column("balanced to"),
        },
        placeholder="",
    )
