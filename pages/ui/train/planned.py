"""What the settings come to: a configuration or a study's plan, how it divides the images, and what it would take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from allcore.config import TrainConfig, make_config
from allcore.config_parts import SplitConfig
from allcore.data.catalog import Catalog
from allcore.data.decoded import decoded_bytes
from allcore.data.relations import Relations
from allcore.data.splits.split import Split, make_split
from allcore.errors import InputError
from allcore.evaluation.shortcuts import cached_shortcuts
from allcore.files import Stamp, stamp
from allcore.runs.estimate import Estimate, Speed, cost_key, estimate, former_speed
from allcore.studies.estimate import StudyEstimate, estimate_study
from allcore.studies.plan import StudyPlan
from allcore.workspace import open_workspace
from pages.ui.known.judgements import labelled
from pages.ui.known.runs import runs
from pages.ui.known.workspace import relations, searched_relations
from pages.ui.shared.queue import runs_at_once
from pages.ui.train.devices import devices
from pages.ui.train.measuring import measured
from pages.ui.train.study_form import Asked

_NEED_SEARCH = ("grouped", "stain", "patient")
"""Protocols that no split can be made by before shared fields were looked for."""


@dataclass(frozen=True)
class Division:
    """How a configuration divides images: how many of each class into which part, and test images with a twin in train.

    `searched` says whether shared fields were looked for, so that they count as twins too.
    """

    config: TrainConfig
    split: Split
    counts: pd.DataFrame
    twins: int
    searched: bool


@dataclass
class Planned:
    """What would be launched on a variant of images: all of it, or what was known when a `problem` was met.

    The images have the labels that the configuration asks for; of a study, the configuration is its first run's.
    """

    images: Catalog
    variant: str
    config: TrainConfig | None = None
    plan: StudyPlan | None = None
    division: Division | None = None
    estimated: Estimate | StudyEstimate | None = None
    problem: InputError | None = None

    @property
    def costly(self) -> list[TrainConfig]:
        """The configurations whose runs differ in what they take; none where there is a problem."""
        if isinstance(self.estimated, StudyEstimate):
            return [each.config for _, each, _ in self.estimated.settings]
        return [] if self.estimated is None or self.config is None else [self.config]


def planned(images: Catalog, variant: str, fields: Mapping[str, Any], asked: Asked | None) -> Planned:
    """Return what the form's fields, and what was asked for of a study, come to, with progress where it takes long."""
    known = Planned(images, variant)
    try:
        config = open_workspace().confined(make_config(dataset=str(images.root), variant=variant, **fields))
        if asked is not None:
            known.plan = asked.plan(config)
            config = _confined_first(known.plan)
        known.config = config
        known.images = labelled(images, variant, config.labels).catalog
        image_bytes = decoded_bytes(known.images.trainable_images(variant))  # or says what is missing, before a search
        known.division = _division(known.images, variant, config)
        known.estimated = _estimated(config, known.plan, known.division.split, image_bytes)
    except InputError as error:
        known.problem = error
    return known


def _confined_first(plan: StudyPlan) -> TrainConfig:
    """Return the configuration of a study's first run. Raises `InputError` where one of them may not read a file."""
    of_files = {"weights", "split.groups"} & set(plan.vary)
    for place in plan.places if of_files else plan.places[:1]:
        open_workspace().confined(place.config)
    return plan.places[0].config


def _division(images: Catalog, variant: str, config: TrainConfig) -> Division:
    fingerprint, wanted = images.fingerprint(variant), config.split.model_dump_json()
    known = (searched_relations if config.split.protocol in _NEED_SEARCH else relations)(images, variant)
    split, counts, twins = _split_of(
        images, known, fingerprint, variant, wanted, stamp(config.split.groups or ""), searched=known.searched
    )
    return Division(config, split, counts, twins, known.searched)


@st.cache_resource(max_entries=32, show_spinner=False)
def _split_of(
    _images: Catalog,
    _relations: Relations,
    fingerprint: str,
    variant: str,
    settings: str,
    groups: Stamp,
    *,
    searched: bool,
) -> tuple[Split, pd.DataFrame, int]:
    """Return the split that settings (JSON) make of a variant, its counts, and the test images with a twin in train."""
    split = make_split(_images.trainable_images(variant), SplitConfig.model_validate_json(settings), _relations)
    counts = split.counts()
    counts["images"] = counts.sum(axis=1)
    counts.loc["all"] = counts.sum()
    twins = int(split.twins_in_train()[split.rows("test")].sum())
    return split, counts.rename_axis("class").reset_index(), twins


def _estimated(config: TrainConfig, plan: StudyPlan | None, split: Split, image_bytes: int) -> Estimate | StudyEstimate:
    former, place = runs(), open_workspace()

    def speed(config: TrainConfig) -> Speed | None:
        """Return how fast it trains: as measured since the app started, or else as former runs did."""
        device = estimate(config, split, devices(), None).plan.description
        return measured().get(cost_key(config)) or former_speed(config, device, former)

    if plan is not None:
        return estimate_study(plan, split, devices(), speed, runs_at_once, place.runs, image_bytes)
    scored = cached_shortcuts(split, place.cache) is not None
    return estimate(config, split, devices(), speed(config), scored=scored, image_bytes=image_bytes)
