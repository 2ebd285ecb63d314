"""What the report of a run says."""

import base64
import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from allcore.data.known_images import OF_DRAWN
from allcore.data.labels.meanings import name_classes
from allcore.errors import InputError, RunError
from allcore.evaluation.predictions.mistakes import mistakes
from allcore.evaluation.predictions.recorded import recorded_predictions
from allcore.evaluation.probes.probing import ProbeResult, probe_model
from allcore.evaluation.probes.registry import PROBES
from allcore.evaluation.probes.subject import subject_of_run
from allcore.evaluation.shortcuts import BASELINES, cached_shortcuts_of_run
from allcore.evaluation.shortcuts.against_shortcuts import against_shortcuts
from allcore.reporting.interval_words import intervals_in_words
from allcore.reporting.report import complete, make_report
from allcore.reporting.report.facts import gather
from allcore.reporting.report.known_data import ALL_IMAGES
from allcore.reporting.report.pictures import MOST
from allcore.reporting.report.sections.checklist import ITEMS
from allcore.reporting.report.sections.closing import limits
from allcore.reporting.report.sections.data import data_section
from allcore.reporting.shortcuts import shortcut_verdict
from allcore.runs.folder.store import Run, RunStore
from allcore.workspace import Workspace
from tests.reporting.report.conftest import Page, renamed

HOSTILE = "<img src=x onerror=alert(1)></section>\"'&`|**x**"


def test_file_fetches_nothing_and_runs_nothing(page):
    assert not {"script", "link", "iframe", "object", "embed", "base"} & {tag for tag, _ in page.tags}
    assert all(address.startswith("data:image/jpeg;base64,") for address in page.attributes("src"))
    addresses = page.attributes("href")
    assert all(address.startswith(("#", "https://doi.org/")) for address in addresses)
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]


def test_page_forbids_what_is_not_inside_it(page, html):
    policy = next(of["content"] for tag, of in page.tags if tag == "meta" and "http-equiv" in of)
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    assert "url(" not in html
    assert "@import" not in html


def test_file_is_small(html):
    assert len(html.encode()) < 3_000_000


def test_every_tag_that_is_opened_is_closed(html):
    for tag in ("section", "table", "tr", "td", "div", "figure", "p", "ul", "li", "svg", "dl", "pre", "code"):
        assert len(re.findall(f"<{tag}[ >]", html)) == html.count(f"</{tag}>"), tag


def test_same_state_gives_the_same_bytes(finished_run, readers, html):
    assert make_report(Run(finished_run.folder), readers).content.decode() == html


def test_every_item_of_the_checklist_is_listed_with_its_place(page):
    for number, name in ITEMS.items():
        assert f"{number}{name}" in page.text


def test_items_without_an_answer_are_named_at_the_end(finished_run, readers, page):
    lacking = make_report(finished_run, readers).lacking
    assert {21, 33, 44} <= set(lacking)
    end = page.text[page.text.index("44Sources of funding") :]
    for item, reason in lacking.items():
        assert re.search(rf"Not provided(?: in full)?: {item}\. {re.escape(ITEMS[item])}: {re.escape(reason)}\.", end)


def test_items_of_a_recognised_dataset_are_answered(finished_run, readers):
    assert not {7, 13, 14, 16} & set(make_report(finished_run, readers).lacking)


def test_items_of_an_unknown_dataset_are_open(run, readers):
    table = run.split.table
    table.assign(path=table["path"] + ".png").to_csv(run.folder / "split.csv", index=False)
    assert {7, 11, 13, 14, 15, 16, 18, 35, 36} <= set(make_report(Run(run.folder), readers).lacking)


def test_sections_are_numbered_and_linked_from_the_contents(page):
    ids = page.attributes("id")
    anchors = [address for address in page.attributes("href") if address.startswith("#")]
    assert anchors
    assert all(anchor[1:] in ids for anchor in anchors)


def test_scores_stand_with_their_intervals_beside_the_papers(finished_run, read, photographed):
    said = Page(read(finished_run)).text
    scores = recorded_predictions(finished_run, "test").score()
    low, high = scores.intervals["accuracy"]
    assert f"accuracy{100 * scores.accuracy:.2f}{100 * low:.2f} to {100 * high:.2f}96.59" in said
    assert "The paper, its own images" in said


def test_how_intervals_are_made_is_told(finished_run, page):
    method = recorded_predictions(finished_run, "test").score().interval_method
    assert intervals_in_words(method) in page.text.replace("\xa0", " ")


def test_drawn_smears_are_said_to_be_and_not_set_beside_the_paper(page):
    assert page.text.replace("\xa0", " ").count(OF_DRAWN) == 2
    for of_paper in ("The paper, its own images", "on its own test images", "The paper has"):
        assert of_paper not in page.text


@pytest.mark.parametrize(
    ("small", "said"),
    [
        (40, "40 of 64 (62.5 %) files have 20×20 pixels; 44 of 64 (68.8 %) are smaller than the network sees them"),
        (20, "40 of 64 (62.5 %) files have 48×48 pixels; 24 of 64 (37.5 %) are smaller than the network sees them"),
    ],
)
def test_images_that_are_up_sampled_are_counted_whichever_size_is_the_most_frequent(finished_run, readers, small, said):
    facts = gather(finished_run, readers)
    sizes = [20] * small + [24] * 4 + [48] * (60 - small)
    catalog = replace(facts.catalog, table=facts.catalog.table.assign(width=sizes, height=sizes))
    assert said in str(data_section(replace(facts, catalog=catalog)))
    assert "up-sampled" not in str(data_section(facts))


def test_the_published_size_is_told_of_the_dataset_that_has_it(finished_run, readers):
    facts = gather(finished_run, readers)
    large = replace(facts, config=facts.config.model_copy(update={"image_size": 300}))
    assert "published size" not in str(limits(large))
    assert "the dataset's published size is 224" in str(limits(replace(large, known=ALL_IMAGES)))


def test_counts_by_class_and_part_are_those_of_the_split(finished_run, page):
    for label, row in finished_run.split.counts().iterrows():
        assert f"{label}{row['train']}{row['validation']}{row['test']}{row.sum()}" in page.text


def test_confusion_matrix_is_that_of_the_scores(finished_run, page):
    scores = recorded_predictions(finished_run, "test").score()
    for label, row in zip(scores.classes, scores.confusion_matrix, strict=True):
        assert f"{label}{''.join(map(str, row))}{sum(row)}" in page.text


def test_mistakes_are_shown_with_their_evidence(finished_run, page):
    wrong = mistakes(recorded_predictions(finished_run, "test").table)
    shown = [of for tag, of in page.tags if tag == "img"]
    assert 0 < len(shown) == min(len(wrong), MOST)
    for row, image in zip(wrong.to_dict("records"), shown, strict=False):
        assert Path(row["path"]).name in image["alt"]
        assert f"under the evidence for {row['predicted']}" in image["alt"]
        data = base64.b64decode(image["src"].partition(",")[2])
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert pixels.shape[:2] == (int(image["height"]), int(image["width"]))
        assert pixels.shape[1] == 2 * pixels.shape[0]


def test_figures_describe_themselves(page):
    drawings = [of for tag, of in page.tags if tag == "svg"]
    assert len(drawings) == 3
    assert all(len(of["aria-label"]) > 20 for of in drawings)


def test_other_classes_are_not_set_beside_the_papers(run, read, photographed):
    renamed(run, {"Benign": "Lymphoma", "Early": "Reactive"})
    page = Page(read(Run(run.folder)))
    assert "Lymphoma" in page.text
    assert "The paper, its own images" not in page.text
    assert "Malignant against benign" not in page.text


def test_names_are_shown_as_they_are_and_never_become_markup(run, read):
    renamed(run, {"Pro": HOSTILE})
    html = read(Run(run.folder))
    page = Page(html)
    assert HOSTILE in page.text
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert html.count("</section>") == len(re.findall("<section ", html))
    assert all(address.startswith("data:") for address in page.attributes("src"))


def test_file_that_kept_a_probe_from_being_made_is_named_without_its_place(run, smears, tmp_path):
    workspace = Workspace(tmp_path / "w", (smears.parent,))
    report = probe_model(subject_of_run(run), workspace.cache)
    why = f"{smears.parent}/Segmented/Pro/a.jpg cannot be used: empty file"
    skipped = report.with_result(ProbeResult(name="segmented", skipped=why))
    assert why in skipped.result("segmented").skipped
    kept = next((workspace.cache / "probes").iterdir())
    kept.write_text(skipped.model_dump_json())
    page = Page(make_report(run, workspace).content.decode())
    assert "Left out: Segmented/Pro/a.jpg cannot be used: empty file." in page.text


def test_places_on_this_machine_are_left_out(finished_run, html, card):
    for text in (html, card):
        assert str(Path(finished_run.config.dataset).parent) not in text
        assert str(finished_run.folder.parent) not in text


@pytest.mark.parametrize("form", ["html", "md"])
def test_run_that_has_not_succeeded_is_refused(finished_run, readers, tiny_config, tmp_path, form):
    queued = RunStore(tmp_path).create(tiny_config(), finished_run.split)
    with pytest.raises(RunError, match=f"run {queued.id} is queued; a report is made of a run that has succeeded"):
        make_report(queued, readers, form)


def test_unknown_format_is_refused(finished_run, readers):
    with pytest.raises(InputError, match=r"format: unknown \(received 'pdf'\); expected one of html, md"):
        make_report(finished_run, readers, "pdf")


def test_mistakes_are_grouped_by_stain_cluster_where_it_is_known(run, readers):
    table = run.split.table
    table.assign(stain=table["label"] + "-1").to_csv(run.folder / "split.csv", index=False)
    assert "Mistakes by stain cluster" in make_report(Run(run.folder), readers).content.decode()


def test_baselines_and_probes_are_not_computed_until_asked_for(finished_run, readers, page, card):
    command = f"python -m allcore report {finished_run.id} --complete"
    assert page.text.count(command) == 2
    assert card.count(command) == 2
    assert 30 in make_report(finished_run, readers).lacking


def test_completed_report_has_baselines_and_probes(finished_run, smears, tmp_path):
    workspace = Workspace(tmp_path, (smears.parent,))
    complete(finished_run, workspace)
    made = make_report(finished_run, workspace)
    page = Page(made.content.decode())
    assert f"report {finished_run.id} --complete" not in page.text
    assert 30 not in made.lacking
    for baseline in BASELINES:
        assert baseline.what in page.text
    for probe in PROBES:
        assert probe.what in page.text
    test = recorded_predictions(finished_run, "test")
    against = against_shortcuts(test, cached_shortcuts_of_run(finished_run, workspace.cache))
    assert shortcut_verdict(test.score(), against) in page.text.replace("\N{NO-BREAK SPACE}", " ")


def test_meanings_and_sides_are_those_that_were_named(run, tmp_path, smears, page):
    assert "Benign means hematogones, never “healthy”" in page.text
    assert "Malignant (Early, Pre and Pro) against benign" in page.text
    namer = Workspace(tmp_path / "namer", (smears.parent,))
    name_classes(smears, run.split.classes, {"Pro": HOSTILE}, ["Pro"], namer.classes)
    for form in ("html", "md"):
        said = make_report(run, namer, form).content.decode()
        assert "hematogones, never" not in said
        assert "Positive (Pro) against negative" in said
    assert f"Pro means {HOSTILE}." in Page(make_report(run, namer).content.decode()).text


def test_other_classes_have_no_word_of_hematogones_and_no_sides(run, readers):
    said = Page(make_report(renamed(run, {"Benign": "Blast", "Pro": "Monocyte"}), readers).content.decode()).text
    assert "The classes here are others: Blast, Early, Monocyte and Pre." in said
    assert "means hematogones" not in said
    assert "whichever class of its side" not in said
