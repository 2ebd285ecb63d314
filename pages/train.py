"""Train: choose data and settings, see what they will take, and launch a run or a study of many."""

from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from allcore.config import AS_GIVEN, TrainConfig, make_config
from allcore.config_parts import SplitConfig
from allcore.data.catalog import Catalog
from allcore.data.decoded import decoded_bytes
from allcore.data.relations import Relations
from allcore.data.splits.split import Split, make_split
from allcore.errors import ConfigError, InputError
from allcore.evaluation.shortcuts import cached_shortcuts
from allcore.hardware import Devices, system_devices
from allcore.presets import PRESETS
from allcore.refusals import what_went_wrong
from allcore.reporting.number_text import counted
from allcore.reporting.settings import settings_table
from allcore.runs.estimate import Estimate, Speed, cost_key, estimate, former_speed
from allcore.runs.execution.preflight import training_missing
from allcore.runs.folder.store import Run
from allcore.studies.estimate import StudyEstimate, estimate_study
from allcore.studies.plan import StudyPlan
from pages.ui import address
from pages.ui.known.judgements import labelled
from pages.ui.known.runs import runs
from pages.ui.known.workspace import asked_for_search, catalog, relations, searched_relations, workspace
from pages.ui.shared.choose import choose_dataset, choose_variant
from pages.ui.shared.labels import show_changes
from pages.ui.shared.queue import runs_at_once, show_queue
from pages.ui.shared_work import CancelledError, ask_again, is_under_way
from pages.ui.show import plain, table
from pages.ui.sign_in import act, may_act
from pages.ui.train.config_form import config_form
from pages.ui.train.estimates import show_estimate, show_study_estimate
from pages.ui.train.launching import launch, show_launches, warn_of_download, warn_of_hours
from pages.ui.train.measuring import measure_all, measured, measuring_key, wait_while_measured
from pages.ui.train.study_form import Asked, divides_once, plan_in_words, study_form

PRESET_NAMES = {"Paper": "paper", "Quick": "quick", "Cells": "cells", "Custom": ""}
ONE_RUN, STUDY = "One run", "Study"
NEED_SEARCH = ("grouped", "stain", "patient")
"""Protocols that no split can be made by before shared fields were looked for."""


@st.cache_data(ttl="1m", refresh_mode="background", max_entries=1, show_spinner=False)
def devices() -> Devices:
    """Return this machine's devices, at most a minute old."""
    return system_devices()


@st.cache_resource(max_entries=32, show_spinner=False)
def split_of(
    _images: Catalog,
    _relations: Relations,
    searched: bool,
    fingerprint: str,
    variant: str,
    settings: str,
    groups_written: int,
) -> tuple[Split, pd.DataFrame, int]:
    """Return the split that settings (JSON) make of a variant, its counts, and the test images with a twin in train."""
    split = make_split(_images.trainable_images(variant), SplitConfig.model_validate_json(settings), _relations)
    counts = split.counts()
    counts["images"] = counts.sum(axis=1)
    counts.loc["all"] = counts.sum()
    twins = int(split.twins_in_train()[split.rows("test")].sum())
    return split, counts.rename_axis("class").reset_index(), twins


def written(file: str | None) -> int:
    """Return when a file was last written, in nanoseconds since the epoch; 0 when there is none."""
    return Path(file).stat().st_mtime_ns if file and Path(file).is_file() else 0


def known_speed(config: TrainConfig, split: Split, former: Sequence[Run]) -> Speed | None:
    """Return how fast the configuration trains: as measured since the app started, or else as former runs did."""
    device = estimate(config, split, devices(), None).plan.description
    return measured().get(cost_key(config)) or former_speed(config, device, former)


def in_short(config: TrainConfig, preset: TrainConfig, begins: str, varied: Collection[str] = ()) -> str:
    """Return the configuration in a line that `begins` so, and what in it is not as in the preset.

    Nothing is said of settings that are `varied`: no run has to have the configuration's.
    """
    now, before = settings_table(config), settings_table(preset)
    changed = now[(now["value"] != before["value"]) & ~now["setting"].isin(varied)]
    parts = {
        "epochs": f"{config.epochs} epochs",
        "batch_size": f"batches of {config.batch_size}",
        "weights": f"{'ImageNet' if config.weights == 'imagenet' else config.weights} weights",
        "split.protocol": f"{config.split.protocol} split",
    }
    line = f"{', '.join([begins, *(said for setting, said in parts.items() if setting not in varied)])}."
    if changed.empty:
        return line
    return f"{line} Changed: {', '.join(f'{row.setting} {row.value}' for row in changed.itertuples())}."


st.title("Train")
folder = choose_dataset()
if folder is None:
    show_queue()
    st.stop()
images = catalog(folder)
variant = choose_variant(images)
fitting = "Paper" if devices().gpus else "Quick"
preset = address.settle("preset", PRESET_NAMES, "preset", first=fitting)
st.segmented_control(
    "Preset", list(PRESET_NAMES), required=True, **address.follow("preset", preset),
    help="The settings below begin with those of the preset; each preset keeps its own changes. The paper's settings "
    "take hours without a GPU, so without one the page begins with Quick.",
)  # fmt: skip
if preset is None:
    st.stop()
augment = st.session_state.get("augment")
data = {"dataset": str(images.root), "variant": variant}
divided = {"protocol": "folders"} if images.has_parts else {}
of_preset = PRESETS.get(PRESET_NAMES[preset], {})
bare = make_config(**data, split=divided, **of_preset)
begin = make_config(**data, split=divided, **of_preset | {"augment": augment}) if augment else bare

card = st.container(border=True)
with card:
    kind = st.segmented_control(
        "Launch", [ONE_RUN, STUDY], default=ONE_RUN, required=True, key="launch", bind="query-params"
    )
    asked: Asked | None = study_form(quick=preset == "Quick") if kind == STUDY else None

st.header("Settings", anchor=False)
if augment:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("The augmentation is that of the Augmentation page.", width="content")
        st.button(
            "Use the preset's augmentation", icon=":material/undo:", on_click=st.session_state.pop,
            args=("augment", None),
        )  # fmt: skip
fields = config_form(preset.lower(), begin.model_dump())

former = runs()
problem: InputError | None = None
split: Split | None = None
plan: StudyPlan | None = None
estimated: Estimate | StudyEstimate | None = None
costly: list[TrainConfig] = []
try:
    config = workspace().confined(make_config(**data, **fields))
    if asked is not None:
        plan = asked.plan(config)
        of_files = {"weights", "split.groups"} & set(plan.vary)
        for place in plan.places if of_files else plan.places[:1]:
            workspace().confined(place.config)
        config = plan.places[0].config
    images = labelled(images, variant, config.labels).catalog
    fingerprint, wanted = images.fingerprint(variant), config.split.model_dump_json()
    image_bytes = decoded_bytes(images.trainable_images(variant))  # or says what is missing, before a search
    known = (searched_relations if config.split.protocol in NEED_SEARCH else relations)(images, variant)
    split, counts, twins = split_of(
        images, known, known.searched, fingerprint, variant, wanted, written(config.split.groups)
    )
    scored = cached_shortcuts(split, workspace().cache) is not None
    of_split = split
    estimated = (
        estimate(config, split, devices(), known_speed(config, split, former), scored, image_bytes)
        if plan is None
        else estimate_study(
            plan, split, devices(), lambda config: known_speed(config, of_split, former),
            runs_at_once, workspace().runs, image_bytes,
        )
    )  # fmt: skip
except InputError as error:
    problem = error

missing = training_missing()
with card:
    if missing:
        st.warning(plain(missing), title="Training is not installed")
    if isinstance(problem, CancelledError):
        st.warning("This split needs it; the random one does not.", title="The search for shared fields was cancelled")
        if asked_for_search(images, variant):
            st.rerun()
    elif problem is not None or estimated is None:
        title = "These settings do not fit" if isinstance(problem, ConfigError) else "This cannot be trained on"
        st.error(plain(str(problem)), title=title)
    else:
        if isinstance(estimated, Estimate):
            st.markdown(plain(in_short(config, bare, f"{config.image_size} px")))
            show_estimate(estimated, images.images(variant))
            costly = [config]
        else:
            assert plan is not None
            st.markdown(plain(in_short(plan.config, bare, plan_in_words(plan), plan.of_places)))
            show_study_estimate(plan, estimated, images.images(variant))
            costly = [each.config for _, each, _ in estimated.settings]
        warn_of_hours(estimated.total_seconds, costly, has_gpu=bool(devices().gpus))
        warn_of_download(costly, preset.lower())
    with st.container(horizontal=True):
        launching = st.button(
            "Launch" if plan is None else f"Launch {counted(plan.members, 'run')}", type="primary",
            icon=":material/rocket_launch:", disabled=bool(problem or missing) or not may_act(),
        )  # fmt: skip
        measuring = st.button(
            "Measure", icon=":material/speed:",
            disabled=bool(problem or missing) or not may_act(),
            help="Trains a few steps to estimate time and memory. It needs a device that no run has.",
        )  # fmt: skip
    try:
        if launching:
            launch(config, plan)
        said = show_launches()
        if measuring:
            ask_again(measuring_key(costly))
            act("measure", config.dataset, lambda: measure_all(costly))
            st.rerun()
        if costly and not said and is_under_way(measuring_key(costly)):
            wait_while_measured(costly)
            st.rerun()
    except (InputError, OSError) as error:
        st.error(plain(what_went_wrong(error)), title="That did not work")

if split is not None and config.labels != AS_GIVEN:
    st.header("Labels", anchor=False)
    show_changes(catalog(folder), variant, config.labels)
if split is not None:
    st.header("Split", anchor=False)
    if plan is not None and not divides_once(plan):
        first = f"the first of {plan.members:,} runs, {plan.places[0].name}"
        st.caption(plain(f"Of {first}; others divide the images otherwise."))
    table(
        counts, "split", "Images of each class in train, validation and test",
        {name: name.capitalize() for name in counts.columns},
    )  # fmt: skip
    st.caption(
        f"{twins} of the {len(split.rows('test'))} test images share a group with one in train: an exact duplicate, "
        "the same field seen again, or an image of the same patient or group where a table says so."
    )
    if split.merged:
        st.caption(
            f"{split.merged} groups of the table are put together, because images of one show the same as images of "
            "another."
        )
    if config.split.parts_groups:
        st.warning(
            "The table is only used to count twins. The protocols *grouped* and *patient* keep each group in one part.",
            title=f"The protocol {config.split.protocol} does not keep the table's groups together",
        )
    if images.has_parts and config.split.protocol != "folders":
        st.warning(
            "This dataset's folders divide it into train, validation and test. The chosen protocol ignores that and "
            "divides all images again; the protocol *folders* keeps it.",
            title="The dataset's own split is not kept",
        )
    elif config.split.protocol == "folders" and twins:
        st.warning(
            "The dataset's folders separate images that belong together, so the score may look better than it is. The "
            "protocol *grouped* divides all images again and keeps such images in one part.",
            title=f"{counted(twins, 'test image has', 'test images have')} a twin in train",
        )
    if not known.searched:
        st.caption("Only exact duplicates are counted so far; the first launch looks for shared fields as well.")

show_queue()
