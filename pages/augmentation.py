"""Augmentation: what each setting does to an image, and what a run's network saw in any epoch."""

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from allcore.augment import IDENTITY, Change, apply_change, draw_change, resize
from allcore.cells.finder import find_cells
from allcore.cells.lenders import Lenders
from allcore.config import TrainConfig
from allcore.config_parts import AugmentConfig
from allcore.data.catalog import Catalog
from allcore.data.encode import png
from allcore.data.intake.images import decode
from allcore.errors import ImageError, InputError
from allcore.files import Stamp, stamp
from allcore.reporting.changes import Example, describe, operations
from allcore.runs.folder.store import Run
from allcore.runs.replay import replay, split_image
from pages.ui import address
from pages.ui.address import bound_number
from pages.ui.augmentation import augment_settings
from pages.ui.choose_class import choose_class
from pages.ui.known.workspace import catalog
from pages.ui.shared.choose import choose_dataset, choose_run, choose_variant
from pages.ui.show import gallery, plain

RESULTS = 11
LARGEST = 512
"""Pixels a side up to which a preview is made; training goes on to 1,024."""
RANDOM, ALONE, AS_SEEN = "Random changes", "Each operation alone", "As a run saw it"
PAPER_SIZE = TrainConfig.model_fields["image_size"].default


def _show_nth(paths: dict[str, list[str]]) -> None:
    """Put the image of the class and number that were just chosen into the URL."""
    of_class = paths[st.session_state["augmented_class"]]
    address.say("image", of_class[min(st.session_state["augmented_number"], len(of_class)) - 1])


def _choose_image(images: Catalog, rows: pd.DataFrame) -> pd.Series:
    """Let the user choose an image by class and number (kept in the URL as `image`), and return its row."""
    paths = {str(label): of_class["path"].tolist() for label, of_class in rows.groupby("label")}
    wanted = st.query_params.get("image")
    found = rows[rows["path"] == wanted]
    if wanted is not None and found.empty:
        _say_what_is_wrong(wanted, images)
    row = rows.iloc[0] if found.empty else found.iloc[0]
    st.session_state["augmented_class"] = row["label"]
    st.session_state["augmented_number"] = paths[row["label"]].index(row["path"]) + 1
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choose_class("Class", list(paths), required=True, key="augmented_class", on_change=_show_nth, args=(paths,))
        st.number_input(
            "Image of the class", 1, len(paths[row["label"]]), key="augmented_number", width=160,
            on_change=_show_nth, args=(paths,),
        )  # fmt: skip
    return row


def _say_what_is_wrong(path: str, images: Catalog) -> None:
    """Say why an image that is asked for is not shown: it cannot be used, is of another variant, or is not there."""
    listed = images.table[images.table["path"] == path]
    if listed.empty:
        st.warning(plain(f"{path} is not an image of this dataset."), title="No such image")
    else:
        problem = listed.iloc[0]["problem"] or f"it is an image of the variant {listed.iloc[0]['variant']}"
        st.warning(plain(f"{path}: {problem}"), title="This image cannot be used")


@st.cache_data(max_entries=128, show_spinner=False)
def _rendered(
    path: str, version: Stamp, size: int, examples: tuple[Example, ...], lent: tuple[tuple[int, str], ...], lenders: int
) -> list[bytes]:
    """Return the examples applied to an image file, as PNG; `lent` has those of so many `lenders` that are needed."""
    image, files = decode(Path(path)), dict(lent)
    cells = find_cells(image) if any(_changes_field(example.change) for example in examples) else None
    lending = Lenders(
        lambda row: decode(Path(files[row])), lambda row: find_cells(decode(Path(files[row]))), np.arange(lenders)
    )
    return [png(apply_change(image, size, example.change, example.border, cells, lending)) for example in examples]


def _changes_field(change: Change) -> bool:
    return change.field_from is not None or change.plain_field is not None


def _show_examples(root: Path, image: pd.Series, size: int, examples: tuple[Example, ...], lenders: pd.Series) -> None:
    file = root / image["path"]
    shares = [share for each in examples for share in (each.change.field_from, each.change.colours_from)]
    rows = sorted({int(share * len(lenders)) for share in shares if share is not None})
    lent = tuple((row, str(root / lenders.iloc[row])) for row in rows)
    rendered = _rendered(str(file), stamp(file), size, examples, lent, len(lenders))
    captions = [plain(example.caption) for example in examples]
    gallery(rendered, captions, [f"{image['label']} smear, {example.caption}" for example in examples], lossless=True)


def _show_random(root: Path, image: pd.Series, size: int, config: AugmentConfig, lenders: pd.Series) -> None:
    seed = st.number_input("Seed", 0, 2**32 - 1, 0, key="seed", bind=bound_number("seed"), width=160)
    changes = [draw_change(config, seed, epoch, int(str(image.name))) for epoch in range(RESULTS)]
    examples = [Example(f"epoch {e}: {describe(change)}", change, config.border) for e, change in enumerate(changes, 1)]
    if config.borrows:
        st.caption("In this preview fields and colours may come from any image; in a run, only from training images.")
    _show_examples(root, image, size, (Example("as it is", IDENTITY, config.border), *examples), lenders)


def _show_operations(root: Path, image: pd.Series, size: int, config: AugmentConfig, lenders: pd.Series) -> None:
    for operation in operations(config):
        st.header(operation.name, anchor=False)
        off = "" if operation.in_use else " It is off in these settings; this is what it would do."
        st.caption(f"{operation.meaning}{off}")
        _show_examples(root, image, size, operation.examples, lenders)


def _show_settings(image: pd.Series) -> tuple[int, AugmentConfig]:
    """Let the user choose the size and the settings, and carry them to the Train page."""
    with st.expander("Settings", expanded=True, icon=":material/tune:"):
        size = st.number_input("Image size (px)", 32, LARGEST, PAPER_SIZE, 2, key="size", bind=bound_number("size"))
        native = max(image["width"], image["height"])
        up_sampled = f"; up-sampled from {native} px" if size > native else ""
        st.caption(f"Pixels a side that the network sees{up_sampled}. Paper: {PAPER_SIZE}.")
        config = augment_settings()
        if st.button("Use these settings", type="primary", icon=":material/check:", width="stretch"):
            st.session_state["augment"] = config.model_dump()
        if st.session_state.get("augment") == config.model_dump():
            st.page_link("pages/train.py", label="Train with them", icon=":material/model_training:", width="stretch")
    return size, config


def _show_preview(view: str) -> None:
    """Show what the settings do to an image of a dataset."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        folder = choose_dataset()
        if folder is None:
            return
        images = catalog(folder)
        rows = images.images(choose_variant(images))
    if rows.empty:
        st.info("The Dataset page names what is wrong with each file.", title="No usable image in this dataset")
        st.page_link("pages/dataset.py", label="Dataset", icon=":material/photo_library:")
        return
    image = _choose_image(images, rows)
    results, settings = st.columns([2, 1], gap="medium")
    with settings:
        size, config = _show_settings(image)
    with results:
        try:
            show = _show_random if view == RANDOM else _show_operations
            show(images.root, image, size, config, rows["path"])
        except ImageError as error:
            st.warning(plain(f"{image['path']}: {error}"), title="This file cannot be shown")


def _show_run() -> None:
    """Show a training image of a run in an epoch, by the function and the numbers that training used."""
    run = choose_run()
    if run is None:
        return
    try:
        _show_sample(run, catalog(Path(run.config.dataset)).root)
    except InputError as error:
        st.error(plain(str(error)), title="This run's images cannot be shown")


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
        [plain(f"{path!s} at {config.image_size} px"), plain(f"epoch {epoch}: {change}")],
        ["The image without a change", f"The image in epoch {epoch}: {change}"],
        width=320,
        lossless=True,
    )
    st.caption(
        f"Pixel for pixel what the network gets: drawn from seed {config.seed}, epoch {epoch - 1} (counted from 0) and "
        f"row {row} of the run's split.csv, by the function that training calls."
    )


st.title("Augmentation")
st.write("Each epoch shows the network every training image turned, mirrored, and made brighter or darker.")
view = st.segmented_control(
    "Show", [RANDOM, ALONE, AS_SEEN], default=RANDOM, required=True, key="augmentation", bind="query-params",
    label_visibility="collapsed",
)  # fmt: skip
if view == AS_SEEN:
    _show_run()
else:
    _show_preview(str(view))
