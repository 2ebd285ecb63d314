"""Dataset: choose or get one, count it, and browse its images."""

import math
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from allcore.data.browse import (
    browse,
    class_counts,
    held_out_twins,
    image_kinds,
    place_in_split,
    scaled_to_8_bits,
)
from allcore.data.catalog import Catalog
from allcore.data.overlap import exact_duplicate_pairs
from allcore.data.split import SPLITS, Split
from allcore.errors import InputError, RunError
from allcore.reporting.class_counts import class_counts_figure
from allcore.runs.store import Run
from pages.ui import address, show
from pages.ui.choose import choose_dataset, choose_run_on, choose_variant
from pages.ui.choose_class import choose_class
from pages.ui.class_meanings import show_naming
from pages.ui.gallery import PER_PAGE, close_image, picture, thumbnails
from pages.ui.get_dataset import get_dataset
from pages.ui.state import asked_for_search, catalog, forget_catalogs, relations, searched_relations
from pages.ui.tabs import open_tab

EVERYTHING, TWINS, UNUSABLE = "Usable images", "With a twin", "Unusable files"


def _to_first_page() -> None:
    st.session_state["page"] = 1


def _split_of(run: Run | None) -> Split | None:
    """Return the split of the chosen run; None, with the reason, when it cannot be read."""
    try:
        return None if run is None else run.split
    except RunError as error:
        st.warning(show.plain(str(error)), title="This run's split cannot be shown")
        return None


def _facts(rows: pd.DataFrame, labels: tuple[str, ...]) -> None:
    """Say in one line what a variant holds."""
    usable = rows[rows["problem"] == ""]
    sizes = usable[["width", "height"]].drop_duplicates()
    size = f"**{len(sizes)}** sizes"
    if len(sizes) == 1:
        size = f"**{sizes['width'].iloc[0]} × {sizes['height'].iloc[0]}** px"
    st.markdown(
        f"**{len(usable):,}** usable images · **{len(labels)}** classes · {size} · "
        f"**{len(exact_duplicate_pairs(usable)):,}** exact duplicates · **{len(rows) - len(usable):,}** unusable files"
    )


def _say_if_divided(rows: pd.DataFrame) -> None:
    """Say that the dataset's own folders make a split, and what of its held-out images stands in train too."""
    usable = rows[rows["problem"] == ""]
    counts = [f"{int((usable['part'] == part).sum()):,} {part}" for part in SPLITS]
    st.caption(
        f"The folders divide these images: {', '.join(counts)}. Train keeps that with the split protocol *folders*."
    )
    if twins := held_out_twins(usable):
        st.warning(
            "The same pixels stand in train. Trust looks for images that show the same field as well.",
            title=f"{twins:,} validation or test images are in train too",
        )


def _filtered(rows: pd.DataFrame, labels: tuple[str, ...]) -> pd.DataFrame:
    """Let the user choose which images to see, and return their rows."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        shown = st.segmented_control(
            "Show", [EVERYTHING, TWINS, UNUSABLE], default=EVERYTHING, required=True, key="show", bind="query-params",
            on_change=_to_first_page, wrap=True,
        )  # fmt: skip
        label = address.settle("class", labels, "class")
        choose_class("Class", labels, **address.follow("class", label, then=_to_first_page))
        split = None
        if "split" in rows:
            split = address.settle("split", SPLITS, "split")
            st.pills("Split", SPLITS, wrap=True, **address.follow("split", split, then=_to_first_page))
    keep = (rows["problem"] != "") if shown == UNUSABLE else (rows["problem"] == "")
    if shown == TWINS:
        keep &= rows["twins"] > 0
    if label:
        keep &= rows["label"] == label
    if split:
        keep &= rows["split"] == split
    chosen = rows[keep]
    return chosen.sort_values(["group", "path"]) if shown == TWINS else chosen


def _gallery(rows: pd.DataFrame, labels: tuple[str, ...], root: Path) -> None:
    chosen = _filtered(rows, labels)
    if chosen.empty:
        st.info("Nothing in this dataset fits all that is chosen above.", title="No image")
        return
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(f"{len(chosen):,} of {len(rows):,} files", width="content")
        page = st.pagination(max(1, math.ceil(len(chosen) / PER_PAGE)), key="page", bind="query-params")
    thumbnails(chosen.iloc[(page - 1) * PER_PAGE : page * PER_PAGE], root)


def _counts(images: Catalog, variant: str, split: Split | None) -> None:
    counts = class_counts(images, split)
    if images.variants == ("",):
        counts = counts.drop(columns="variant")
        of_variant = counts
    else:
        of_variant = counts[counts["variant"] == variant]
    most = of_variant.loc[of_variant["images"].idxmax()]
    show.figure(
        class_counts_figure(of_variant),
        "class-counts",
        f"Images of each class; {most['class']} has most, {most['images']}",
    )
    show.table(counts, "class-counts", "Images of each variant and class")
    st.header("Sizes and colour modes", anchor=False)
    show.table(image_kinds(images.images(variant)), "image-sizes", "How many images have which size and mode")


def _problems(images: Catalog) -> None:
    problems = pd.DataFrame(images.not_used().items(), columns=["file", "why"])
    if problems.empty:
        st.success("Every file of this dataset can be used.", icon=":material/check:")
    else:
        st.write("These files are left out everywhere; the others are used.")
        show.table(problems, "problems", "Files that cannot be used, with the reason")
    st.button("Read the folder again", icon=":material/refresh:", on_click=forget_catalogs)


def _image_page(images: Catalog, path: str, split: Split | None) -> None:
    """Show one image large, all that is known about it, and the other images of its group."""
    position = images.table["path"] == path
    of_image = str(images.table.loc[position, "variant"].iloc[0])
    known = relations(images, of_image)
    rows = browse(images, known, of_image)
    row = rows[rows["path"] == path].iloc[0]
    st.button("All images", icon=":material/arrow_back:", on_click=close_image)
    st.header(show.plain(path), anchor=False)
    facts = {
        "class": row["label"] or None,
        "variant": row["variant"] or None,
        "part by its folder": row["part"] or None,
        "size": f"{row['width']} × {row['height']} px" if row["width"] else None,
        "mode": row["mode"] or None,
        "bytes": f"{row['bytes']:,}",
        "SHA-256": row["sha256"] or None,
        "overlap group": f"{row['group']} ({row['twins'] + 1} images)" if row["twins"] else None,
        "stain cluster": row["stain"] or None,
        "problem": row["problem"] or None,
    }
    if split is not None:
        placed = place_in_split(images.table[position], split).iloc[0]
        facts["split"] = placed["split"] or "not in this run"
        facts["group in the run"] = placed["group"] or None
    twins = rows[(rows["group"] == row["group"]) & (rows["path"] != path) & (row["problem"] == "")]
    if split is not None:
        twins = twins.assign(split=place_in_split(twins, split)["split"])
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=420):
            if row["problem"]:  # it may be a link that leads out of what may be read
                st.warning(show.plain(row["problem"]), title="This file is left out")
            else:
                picture(images.root / path, f"{row['label']} smear, enlarged", 420)
        with st.container(width=340):
            link = {"data": str(st.session_state["data"]), "variant": row["variant"], "image": path}
            with st.container(horizontal=True):
                st.page_link("pages/predict.py", label="Predict it", query_params=link)
                st.page_link("pages/augmentation.py", label="Augment it", query_params=link)
            if len(twins):
                st.subheader(
                    "Its twins",
                    anchor=False,
                    help="images of the same group: the same pixels, or the same field seen again",
                )
                thumbnails(twins.head(PER_PAGE), images.root)
            elif known.searched:
                st.caption("No other image of this dataset shows the same field.")
            else:
                _offer_search(images, of_image)
    known = pd.DataFrame([(name, str(value)) for name, value in facts.items() if value is not None])
    narrow = {"fact": st.column_config.Column(width=150)}
    show.table(known.set_axis(["fact", "value"], axis=1), "image", "What is known about this image", narrow)


def _offer_search(images: Catalog, variant: str) -> None:
    """Say that shared fields were not looked for, and look for them when the user asks, or wait where they are."""
    st.caption("No image has the same pixels. Whether another shows the same field has not been looked for yet.")
    if not asked_for_search(images, variant):
        return
    try:
        searched_relations(images, variant)
    except InputError as error:
        st.error(show.plain(str(error)), title="Shared fields could not be looked for")
    else:
        st.rerun()


st.title("Dataset")
with st.container(horizontal=True, vertical_alignment="bottom"):
    folder = choose_dataset(hint=False)
    if folder is not None:
        images = catalog(folder)
        variant = choose_variant(images)
        run = choose_run_on(folder)

if folder is None and "data" not in st.query_params:
    st.info("Draw one in seconds, or bring your own.", title="No dataset yet")
    get_dataset()
elif folder is not None:
    split = _split_of(run)
    path = st.query_params.get("image")
    if path is not None and not (images.table["path"] == path).any():
        st.warning(show.plain(f"{path} is no image of this dataset."), title="No such image")
        path = close_image()
    if path is not None:
        _image_page(images, path, split)
    else:
        rows = browse(images, relations(images, variant), variant)
        if split is not None:
            rows["split"] = place_in_split(rows, split)["split"]
        labels = images.labels[variant]
        _facts(rows, labels)
        for sentence in scaled_to_8_bits(rows[rows["problem"] == ""]):
            st.caption(sentence)
        if images.left_out:
            st.caption(f"{len(images.left_out)} files were left out when it came here; Problems names them with why.")
        if images.has_parts:
            _say_if_divided(rows)
        open_tab(
            {
                "Images": partial(_gallery, rows, labels, images.root),
                "Counts": partial(_counts, images, variant, split),
                "Classes": partial(show_naming, images),
                "Problems": partial(_problems, images),
            }
        )
if folder is not None or "data" in st.query_params:
    more = st.expander("Get another dataset", icon=":material/add:", on_change="rerun", key="more")
    if more.open:
        with more:
            get_dataset()
