"""The Trust page's stain clusters and shortcuts."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from allcore.config_parts import SplitConfig
from allcore.data.catalog import scan
from allcore.data.relations import find_relations
from allcore.data.splits.split import Split, make_split
from allcore.evaluation.shortcuts import BASELINES, cached_shortcuts
from allcore.workspace import Workspace
from tests.pages.opening import button, open_page, press, ran, table, texts

STAINS, SHORTCUTS = "Stain clusters", "Shortcuts"
SCORE = "Score the shortcuts"
PROTOCOLS = ("random", "grouped", "stain")


def split_of(folder: Path, cache: Path, protocol: str) -> Split:
    images = scan(folder).images()
    return make_split(images, SplitConfig(protocol=protocol), find_relations(folder, images, cache))


class Scoring(NamedTuple):
    """The page before and after a click on the button, and the workspace that it worked in."""

    said_before: str
    app: AppTest
    workspace: Workspace


@pytest.fixture(scope="module")
def scoring(overlapping, searched, tmp_path_factory) -> Iterator[Scoring]:
    """Score the shortcuts of the overlapping fields from the page; tests only read what came of it."""
    workspace = Workspace(tmp_path_factory.mktemp("scoring"))
    shutil.copytree(overlapping, workspace.datasets / "mine", copy_function=os.link)
    shutil.copytree(searched, workspace.cache)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALLCORE_WORKSPACE", str(workspace.root))
        patch.delenv("ALLCORE_DATA_ROOTS", raising=False)
        app = open_page("trust", view=SHORTCUTS)
        assert not app.get("plotly_chart")
        said = texts(app)
        yield Scoring(said, press(app, SCORE), workspace)


def badges(app) -> list[str]:
    return [each.value for each in app.markdown if "badge[" in each.value]


@pytest.fixture
def stain_split(fields, workspace: Workspace) -> pd.DataFrame:
    return split_of(fields, workspace.cache, "stain").table


def test_each_cluster_is_counted_and_coloured(fields, stain_split):
    clusters = table(open_page("trust", view=STAINS), "colour").set_index("stain")
    assert clusters["images"].to_dict() == stain_split["stain"].value_counts().to_dict()
    assert clusters["colour"].str.fullmatch("#[0-9a-f]{6}").all()
    assert clusters["share"].sum() == pytest.approx(400)


def test_each_cluster_shows_its_colour_and_images_of_it(fields, stain_split):
    app = open_page("trust", view=STAINS)
    alts = [image.proto.imgs[0].alt for image in app.get("image")]
    assert len(alts) == stain_split["stain"].nunique()
    of_file = stain_split.set_index(stain_split["path"].str.rsplit("/", n=1).str[1])["stain"]
    for alt in alts:
        names = alt.partition("its images ")[2].split(", ")
        assert of_file[names].nunique() == 1


def test_what_the_stain_protocol_holds_out_is_marked(fields, stain_split):
    app = open_page("trust", view=STAINS)
    parts = table(app, "colour").set_index("stain")["part"]
    assert parts.to_dict() == stain_split.groupby("stain")["split"].first().to_dict()
    assert sum("for the test" in badge for badge in badges(app)) == 4
    assert sum("for validation" in badge for badge in badges(app)) == 4


def test_how_clusters_are_found_and_what_the_protocol_does_is_said(fields):
    said = texts(open_page("trust", view=STAINS))
    assert "k-means on nine colour numbers" in said
    assert "overlap groups are not divided" in said
    assert "keeps two whole clusters of every class out of train" in said


@pytest.mark.slow
def test_too_few_images_for_the_stain_protocol_are_shown_without_it(fields):
    for image in sorted((fields / "Pro").iterdir())[2:]:
        image.unlink()
    app = open_page("trust", view=STAINS)
    assert "class Pro has 2 stain clusters" in texts(app)
    assert not badges(app)
    assert set(table(app, "colour")["part"]) == {""}


def test_clusters_whose_images_vanished_are_shown_without_pictures(fields):
    app = open_page("trust", view=STAINS)
    shown = len(app.get("image"))
    for image in (fields / "Early").iterdir():
        image.unlink()
    app = ran(app)
    assert len(app.get("image")) == shown - table(app, "colour")["stain"].str.startswith("Early").sum()
    assert "Its examples cannot be shown" in texts(app)


@pytest.mark.slow
def test_shortcuts_are_scored_on_a_click_under_every_protocol(scoring):
    assert f"The {len(BASELINES)} baselines are not scored under random, grouped and stain yet" in scoring.said_before
    scored = table(scoring.app, "accuracy")
    assert len(scored) == 3 * len(BASELINES)
    for protocol in PROTOCOLS:
        split = split_of(scoring.workspace.datasets / "mine", scoring.workspace.cache, protocol)
        of_protocol = scored[scored["protocol"] == protocol].set_index("baseline")
        for result in cached_shortcuts(split, scoring.workspace.cache):
            row = of_protocol.loc[result.name]
            low, high = result.scores.intervals["accuracy"]
            assert tuple(row[["accuracy", "low", "high"]]) == (100 * result.scores.accuracy, 100 * low, 100 * high)
            assert row["images"] == result.scores.n
    (chart,) = scoring.app.get("plotly_chart")
    assert "random, grouped, stain" in chart.proto.alt
    assert SCORE not in [button.label for button in scoring.app.button]


@pytest.mark.slow
def test_what_was_scored_is_there_on_the_next_visit(scoring, monkeypatch):
    monkeypatch.setenv("ALLCORE_WORKSPACE", str(scoring.workspace.root))
    assert table(open_page("trust", view=SHORTCUTS), "accuracy") is not None


@pytest.mark.slow
def test_the_best_shortcut_of_each_protocol_is_named(scoring):
    said = texts(scoring.app)
    for protocol, rows in table(scoring.app, "accuracy").groupby("protocol"):
        assert f"**{protocol}**: " in said
        assert f"gets {rows['accuracy'].max():.1f} % of the test images right" in said


def test_every_baseline_is_explained(fields):
    said = texts(open_page("trust", view=SHORTCUTS))
    assert all(baseline.what in said for baseline in BASELINES)


@pytest.mark.slow
def test_a_protocol_that_does_not_fit_leaves_the_others_to_be_scored(fields):
    for image in sorted((fields / "Pro").glob("pro-1*.png")):
        image.unlink()
    for image in sorted((fields / "Pro").iterdir())[3:]:
        image.unlink()
    shutil.copy(fields / "Pro" / "pre-3-again.png", fields / "Pro" / "copy.png")
    app = press(open_page("trust", view=SHORTCUTS), SCORE)
    assert "No stain split of this dataset" in texts(app)
    assert "stain" not in set(table(app, "accuracy")["protocol"])


def test_images_that_vanished_before_scoring_are_said_to_be_missing(fields, workspace: Workspace):
    app = open_page("trust", view=SHORTCUTS)
    for folder in (workspace.cache / "decoded").iterdir():
        shutil.rmtree(folder, ignore_errors=True)
    (fields / "Pro" / "pro-5.png").unlink()
    app = press(app, SCORE)
    assert "The shortcuts cannot be scored" in texts(app)
    assert button(app, SCORE)
