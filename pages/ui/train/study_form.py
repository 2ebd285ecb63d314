"""What a study varies, asked for on the Train page, and the plan that it makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from allcore.config import TrainConfig, make_config
from allcore.paper import TABLE_1
from allcore.studies.baselines import divides_alike
from allcore.studies.plan import StudyPlan, make_plan, parse_numbers, parse_varied, value_text
from allcore.text import counted
from pages.ui.address import bound_number

SIZES = [str(row.image_size) for row in TABLE_1] + ["224", "128", "96", "64"]
_QUICK_SIZES = ["128", "96", "64"]
ONE_RUN, STUDY = "One run", "Study"


@dataclass(frozen=True)
class Asked:
    """What was typed and chosen; `plan` makes a plan of it."""

    name: str
    sizes: Sequence[str]
    folds: int | None
    seeds: str
    vary: str
    keep_models: bool

    def config(self, config: TrainConfig) -> TrainConfig:
        """Return what all members have in common: `config` with the study's folds. Raises `ConfigError`."""
        fields: dict[str, Any] = config.model_dump()
        fields["split"] |= {"folds": self.folds}
        return make_config(**fields)

    def plan(self, config: TrainConfig) -> StudyPlan:
        """Return the study of `config`. Raises `ConfigError`."""
        common = self.config(config)
        texts = [f"image_size={','.join(self.sizes)}"] if self.sizes else []
        return make_plan(
            name=self.name.strip() or f"study-{datetime.now(UTC):%Y%m%d-%H%M%S}",
            config=common,
            seeds=parse_numbers(self.seeds, "seeds"),
            folds=list(range(1, (self.folds or 0) + 1)),
            vary=parse_varied([*texts, *filter(str.strip, self.vary.split(";"))], common),
            keep_models=self.keep_models,
        )


def plan_in_words(plan: StudyPlan) -> str:
    """Return what a study's grid is made of, in a few words."""
    axes = [f"{path} {', '.join(map(value_text, values))}" for path, values in plan.vary.items()]
    axes += [counted(len(plan.folds), "fold")] if plan.folds else []
    return f"{'; '.join([*axes, 'seed ' + ', '.join(map(str, plan.seeds))])}"


def divides_once(plan: StudyPlan) -> bool:
    """Return whether all runs of a study have the same images in the same parts."""
    return len(plan.seeds) == 1 and len(plan.folds) <= 1 and divides_alike(plan)


def choose_launch(*, quick: bool) -> Asked | None:
    """Let the user choose one run or a study; return what was asked for of a study, None for one run."""
    kind = st.segmented_control(
        "Launch", [ONE_RUN, STUDY], default=ONE_RUN, required=True, key="launch", bind="query-params"
    )
    return _study_form(quick=quick) if kind == STUDY else None


def _study_form(*, quick: bool) -> Asked:
    """Show what a study varies, and return what was asked for."""
    sizes = st.multiselect(
        "Sizes (px)", SIZES, default=_QUICK_SIZES if quick else [], accept_new_options=True,
        key="quick.sizes" if quick else "sizes", bind="query-params", placeholder="That of the settings",
        help="Runs for each size, with the same recipe; type others.",
    )  # fmt: skip
    with st.grid(4, min_column_width=180, gap="medium"):
        folds = st.number_input(
            "Folds", 2, 100, None, key="folds", bind=bound_number("folds"), placeholder="none",
            help="Parts of about equal size; each is the test of one run, so every image is tested once a seed.",
        )  # fmt: skip
        seeds = st.text_input(
            "Seeds", "0", key="seeds", bind="query-params", help="Of training and of the split: 0,1,2 or 0-2."
        )
        vary = st.text_input(
            "Other settings", "", key="vary", bind="query-params", placeholder="dropout=0.25,0.5",
            help="A setting and its values; several settings are separated by semicolons.",
        )  # fmt: skip
        name = st.text_input("Name", "", key="study-name", placeholder="study and the time")
    keep = st.toggle(
        "Keep each run's model", value=True, key="keep-models", bind="query-params",
        help="Without them, images are not explained and no probe is made; scores and predictions are always kept.",
    )  # fmt: skip
    return Asked(name, sizes, folds, seeds, vary, keep)
