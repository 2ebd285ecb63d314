"""What a run's network saw of a training image in an epoch."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from allcore.augment import draw_change, resize
from allcore.data.encode import png
from allcore.errors import InputError
from allcore.reporting.changes import describe
from allcore.runs.folder.files import SPLIT_FILE
from allcore.runs.folder.store import Run
from allcore.runs.replay import epochs_begun, replay, split_image
from allcore.text import for_page
from pages.ui.address import bound_number
from pages.ui.known.runs import history
from pages.ui.known.workspace import catalog
from pages.ui.shared.choose import choose_run
from pages.ui.show import gallery


def show_seen() -> None:
    """Show a training image of a run in an epoch, by the function and the numbers that training used."""
    run = choose_run()
    if run is None:
        return
    try:
        _show_sample(run, catalog(Path(run.config.dataset)).root)
    except InputError as error:
        st.error(for_page(str(error)), title="This run's images cannot be shown")


def _show_sample(run: Run, root: Path) -> None:
    config, train = run.config, run.split.rows("train")
    with st.container(horizontal=True):
        epoch = st.number_input("Epoch", 1, config.epochs, key="epoch", bind=bound_number("epoch"), width=160)
        number = st.number_input("Training image", 1, len(train), key="row", bind=bound_number("row"), width=160)
    row = int(train[number - 1])
    path = run.split.table.loc[row, "path"]
    change = describe(draw_change(config.augment, config.seed, epoch - 1, row))
    original = resize(split_image(run, root, row), config.image_size)
    gallery(
        [png(original), png(replay(run, root, row, epoch - 1))],
        [for_page(f"{path!s} at {config.image_size} px"), for_page(f"epoch {epoch}: {change}")],
        ["The image without a change", f"The image in epoch {epoch}: {change}"],
        width=320,
        lossless=True,
    )
    of_it = "what the network gets"
    if epoch > epochs_begun(history(run)):
        of_it = f"what the network would get in epoch {epoch}, to which the run has not come"
    st.caption(
        f"Pixel for pixel {of_it}: drawn from seed {config.seed}, epoch {epoch - 1} (counted from 0) and "
        f"row {row} of the run's {SPLIT_FILE}, by the function that training calls."
    )
