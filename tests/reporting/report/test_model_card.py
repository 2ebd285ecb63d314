"""The model card: complete, and Markdown that shows what is meant."""

import re

import pytest

from allcore.evaluation.predictions.recorded import recorded_predictions
from allcore.evaluation.probes.novelty_check import FORM, NoveltyReport, OtherImages
from allcore.networks.registry import TRUNKS
from allcore.recipe import train_command
from allcore.reporting.report import make_report
from allcore.reporting.report.facts import without_places
from allcore.reporting.report.rendering.markdown import plain
from allcore.reporting.report.sections.checklist import ITEMS
from allcore.runs.folder.files import NOVELTY_FILE
from allcore.runs.folder.store import Run
from tests.reporting.report.conftest import renamed

HEADINGS = [
    "In short", "Model", "Intended use", "Data", "Split", "Recipe", "Scores", "Positive and negative",
    "What needs no network", "Probes",
    "Calibration and novelty", "Errors", "Limits", "Licences and credit", "How it was made", "Not provided",
]  # fmt: skip


def cells(line):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_card_has_all_its_parts_in_order(card):
    assert re.findall(r"^## (.*)$", card, re.MULTILINE) == HEADINGS


def test_card_says_what_it_is_not_for(card):
    assert "**Research and education only.**" in card
    assert "never “healthy”" in card


def test_scores_stand_with_intervals_and_the_papers(read, finished_run, photographed):
    card = read(finished_run, "md")
    scores = recorded_predictions(finished_run, "test").score()
    low, high = scores.intervals["accuracy"]
    row = next(cells(line) for line in card.splitlines() if line.startswith("| accuracy |"))
    assert row[:4] == ["accuracy", f"{100 * scores.accuracy:.2f}", f"{100 * low:.2f} to {100 * high:.2f}", "96.59"]


def test_command_that_made_it_stands_in_the_card(card, finished_run):
    assert train_command(without_places(finished_run.config)) in card


def test_weights_that_nobody_else_made_need_no_credit_and_others_get_theirs(card, run, readers):
    assert "CC BY 4.0" not in card
    of_keras = TRUNKS["vgg16"].weights_file
    for name, was, now in ("config.json", '"weights": "random"', '"weights": "imagenet"'), (
        "environment.json", '"source": "random"', f'"source": "{of_keras}"'
    ):  # fmt: skip
        file = run.folder / name
        file.write_text(file.read_text().replace(was, now))
    assert "Simonyan" in make_report(Run(run.folder), readers, "md").content.decode()


def test_novelty_against_other_images_stands_in_the_card_once_it_is_measured(run, readers):
    assert "was not measured here" in make_report(run, readers, "md").content.decode()
    other = OtherImages(folder="bccd", images=120, unreadable=0, called_novel=119, auroc=0.99, interval=(0.98, 1.0))
    for form, interval in ((FORM, "0.9800 to 1.0000"), (1, "–")):  # one that was too narrow is not shown
        report = NoveltyReport(form=form, model=run.id, images=9, called_novel=1, threshold=1.5, others=(other,))
        (run.folder / NOVELTY_FILE).write_text(report.model_dump_json())
        card = make_report(run, readers, "md").content.decode()
        row = next(cells(line) for line in card.splitlines() if line.startswith("| bccd"))
        assert row == ["bccd", "120", "119", "0.9900", interval]
        assert "was not measured here" not in card


def test_items_that_are_not_provided_are_named(card, finished_run, readers):
    open_items = card[card.index("## Not provided") :]
    for item in make_report(finished_run, readers).lacking:
        assert f"**{item}. {ITEMS[item]}**" in open_items


def test_rows_of_a_table_have_as_many_cells_as_its_head(run, readers):
    renamed(run, {"Pro": "a|b\n| c"})
    card = make_report(Run(run.folder), readers, "md").content.decode()
    tables = re.findall(r"(?:^\|.*\n?)+", card, re.MULTILINE)
    assert len(tables) > 8
    for table in tables:
        assert len({len(cells(line)) for line in table.splitlines()}) == 1
    assert r"a\|b \| c" in card


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<script>", r"\<script\>"),
        ("*a* [b](c) `d`", r"\*a\* \[b\](c) \`d\`"),
        ("learning_rate", "learning_rate"),
        ("_a_", r"\_a\_"),
        ("# a\n# b", r"\# a # b"),
    ],
)
def test_plain_text_is_no_markup(text, shown):
    assert plain(text) == shown


def test_same_state_gives_the_same_bytes(finished_run, readers, card):
    assert make_report(Run(finished_run.folder), readers, "md").content.decode() == card
