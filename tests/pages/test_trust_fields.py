"""The Trust page's pairs and groups of shared fields: listed, aligned, and reached by a link."""

import shutil

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.known.workspace import forget_catalogs
from tests.pages.opening import button, choose, links, open_page, press, ran, table, texts

PAIRS = 9


def open_fields(**query: object) -> AppTest:
    return open_page("trust", view="Shared fields", **query)


def open_pair(pair: dict, **query: object) -> AppTest:
    return open_fields(first=pair["first"], second=pair["second"], **query)


def cards(app: AppTest) -> list[str]:
    """Return the pairs that can be opened, in their order."""
    keys = [str(button.key) for button in app.button]
    return [key.removeprefix("pair-") for key in keys if key.startswith("pair-")]


def named(pairs: pd.DataFrame) -> list[str]:
    return [f"{row['first']}-{row['second']}" for row in pairs.to_dict("records")]


def alts(app: AppTest) -> list[str]:
    return [image.proto.imgs[0].alt for image in app.get("image")]


def urls(app: AppTest) -> list[str]:
    return [image.proto.imgs[0].url for image in app.get("image")]


def shown_pair(app: AppTest) -> dict[str, str | None]:
    return {side: app.query_params.get(side) for side in ("first", "second")}


@pytest.fixture
def pairs(fields) -> pd.DataFrame:
    """Return all pairs as the page lists them, those with the least correlation first."""
    return table(open_fields(), "placement")


def test_every_planted_pair_is_listed_and_no_other(pairs):
    assert len(pairs) == PAIRS
    for pair in pairs.to_dict("records"):
        plain, again = (path.rsplit("/", 1)[-1] for path in sorted((pair["first"], pair["second"]), key=len))
        assert again == plain.replace(".png", "-again.png")


def test_each_pair_says_how_the_first_image_lies_on_the_second(pairs):
    assert pairs["placement"].str.contains("shifted by").all()
    assert pairs["placement"].str.contains("mirrored left to right").sum() == 4
    assert ((pairs["overlap"] > 40) & (pairs["overlap"] < 60)).all()


def test_pairs_are_shown_a_page_at_a_time_with_both_images_in_place(pairs):
    app = open_fields()
    assert cards(app) == named(pairs)[:6]
    assert len(alts(app)) == 12
    assert all("what the other shows as well outlined" in alt for alt in alts(app))
    app.pagination[0].set_value(2)
    assert cards(ran(app)) == named(pairs)[6:]


@pytest.mark.parametrize(
    ("order", "column", "ascending"),
    [
        ("least correlation", "correlation", True),
        ("largest shift", "shift", False),
        ("smallest share", "overlap", True),
    ],
)
def test_the_order_is_the_readers(fields, order, column, ascending):
    shown = table(open_fields(order=order), "placement")
    shown["shift"] = (shown["dx"] ** 2 + shown["dy"] ** 2) ** 0.5
    assert list(shown[column]) == sorted(shown[column], reverse=not ascending)


def test_pairs_across_classes_can_be_seen_alone(fields):
    app = choose(open_fields(), "across", True)
    (pair,) = table(app, "placement").to_dict("records")
    assert {pair["first"], pair["second"]} == {"Pre/pre-3.png", "Pro/pre-3-again.png"}
    assert len(cards(app)) == 1


@pytest.mark.slow
def test_without_a_pair_across_classes_that_is_said(few_fields):
    (few_fields / "Pro" / "pre-3-again.png").unlink()
    assert f"None of the {PAIRS - 1} pairs lies across classes" in texts(open_fields(across="true"))


def test_a_pair_opens_large_with_both_images_together(pairs):
    app = open_fields()
    app.button(key=f"pair-{named(pairs)[3]}").click()
    app = ran(app)
    pair = pairs.iloc[3]
    assert shown_pair(app) == {"first": pair["first"], "second": pair["second"]}
    assert pair["placement"] in texts(app)
    assert f"**{pair['correlation']:.3f}**" in texts(app)
    assert len(alts(app)) == 3
    assert [name.replace("\\", "") for name in links(app) if name.endswith(".png")] == [
        pair[side].rsplit("/", 1)[-1] for side in ("first", "second")
    ]


def test_the_blend_follows_the_slider_and_gives_way_to_the_difference(pairs):
    app = open_pair(pairs.iloc[0])
    first, second, both = urls(app)
    moved = urls(choose(app, "blend", 80))
    assert moved[:2] == [first, second]
    assert moved[2] != both
    assert "the second at 80 per cent" in alts(app)[2]
    app = choose(app, "both", "Difference")
    assert "how far both images differ" in alts(app)[2].lower()
    assert not app.slider


def test_a_link_to_a_pair_opens_it_whichever_image_it_names_first(pairs):
    pair = pairs.iloc[5]
    for first, second in ((pair["first"], pair["second"]), (pair["second"], pair["first"])):
        assert f"6 of {PAIRS}" in texts(open_fields(first=first, second=second))


def test_a_link_to_a_pair_that_the_filter_hides_opens_it_nevertheless(pairs):
    within = pairs[~pairs["across"]].iloc[0]
    assert within["placement"] in texts(open_pair(within, across="true"))


def test_a_link_to_no_pair_says_so_above_all_pairs(pairs):
    app = open_fields(first="Pro/pro-9.png", second="../../secret")
    assert "No such pair" in texts(app)
    assert len(cards(app)) == 6


def test_neighbours_of_a_pair_are_a_click_away_and_so_are_all(pairs):
    app = open_pair(pairs.iloc[0])
    assert button(app, "Previous").disabled
    app = press(app, "Next")
    assert shown_pair(app)["first"] == pairs["first"][1]
    assert cards(press(app, "All pairs")) == named(pairs)[:6]
    app = press(open_pair(pairs.iloc[8]), "All pairs")
    assert app.pagination[0].value == 2
    assert shown_pair(app) == {"first": None, "second": None}


def test_a_pair_across_classes_is_said_to_contradict(pairs):
    across = pairs[pairs["across"]].iloc[0]
    assert "Their classes contradict" in texts(open_pair(across))
    assert "Their classes contradict" not in texts(open_pair(pairs[~pairs["across"]].iloc[0]))


def test_a_pair_leads_to_its_group(pairs):
    pair = pairs.iloc[2]
    app = press(open_pair(pair), f"Group {pair['group']}")
    assert app.get_by_key("shown_group").value == str(pair["group"])
    assert {f"{pair[side].rsplit('/', 1)[-1]}" for side in ("first", "second")} <= {
        alt.split(" smear ")[1] for alt in alts(app)[:2]
    }
    assert cards(app) == named(pairs.iloc[[2]])
    assert shown_pair(app) == {"first": None, "second": None}


def test_a_pair_of_a_group_opens_from_there(pairs):
    app = open_fields(fields="Groups")
    opened = cards(app)[0]
    app.button(key=f"pair-{opened}").click()
    app = ran(app)
    assert len(alts(app)) == 3
    assert opened == "-".join(shown_pair(app)[side] for side in ("first", "second"))


def test_a_chosen_group_is_shown_and_in_the_url(pairs):
    group = str(pairs["group"].max())
    app = choose(open_fields(fields="Groups"), "shown_group", group)
    assert app.query_params["group"] == group
    assert set(table(app, "placement")["group"]) == {int(group)}


def test_a_link_opens_a_group_and_an_unknown_one_the_first(pairs):
    group = str(pairs["group"].max())
    assert open_fields(fields="Groups", group=group).get_by_key("shown_group").value == group
    assert open_fields(fields="Groups", group="9999").get_by_key("shown_group").value != "9999"


def test_all_groups_are_in_one_table(pairs):
    groups = table(open_fields(fields="Groups"), "identical")
    assert set(groups["group"]) == set(pairs["group"])
    assert groups["images"].tolist() == [2] * PAIRS


@pytest.mark.parametrize(("change", "reason"), [("vanish", "No such file"), ("become another", "has changed since")])
def test_an_image_that_is_no_longer_what_it_was_leaves_the_other_pairs(fields, pairs, change, reason):
    pair = pairs.iloc[0]
    file = fields / pair["first"]
    file.unlink()
    if change == "become another":
        shutil.copy(fields / "Early" / "early-9.png", file)
    app = open_fields()
    assert reason in texts(app)
    assert len(alts(app)) == 10
    app = open_pair(pair)
    assert "This pair cannot be shown" in texts(app)
    assert reason in texts(app)


@pytest.mark.slow
def test_a_dataset_without_shared_fields_is_said_to_have_none(few_fields):
    for again in few_fields.rglob("*-again.png"):
        again.unlink()
    forget_catalogs()
    for shown in ("Pairs", "Groups"):
        assert "No two images of this variant show the same region" in texts(open_fields(fields=shown))
