"""What the report of a run says of how its model was made: settings, weights, memory, and the epoch that is served."""

import json
import re
from dataclasses import replace

from allcore.reporting.report.facts import gather
from allcore.reporting.report.rendering.blocks import Code, Table
from allcore.reporting.report.sections.closing import reproduce
from allcore.reporting.report.sections.method import model_section
from allcore.runs.folder.status import write_status
from allcore.runs.folder.store import Run
from tests.reporting.report.conftest import Page


def test_departures_from_the_paper_are_marked(page, html):
    marked = re.findall(r'<tr class="marked"><td>([^<]*)</td><td>([^<]*)</td><td>([^<]*)</td>', html)
    assert ("image_size", "32", "300") in marked
    assert ("weights", "random", "not stated; read as imagenet") in marked
    assert "<tr><td>dropout</td><td>0.25</td><td>same</td>" in html
    assert "<tr><td>augment.grey</td><td>0</td><td>–</td>" in html


def test_versions_and_fingerprint_are_those_that_the_run_recorded(finished_run, page):
    environment = finished_run.environment()
    assert environment["dataset_fingerprint"] in page.text
    assert f"keras{environment['packages']['keras']}" in page.text


def test_a_dataset_of_any_name_is_one_word_of_the_commands_that_make_a_run_again(run, readers):
    facts = gather(run, readers)
    of_another = replace(facts, config=facts.config.model_copy(update={"dataset": "my smears; x"}))
    (commands,) = (block.text for block in reproduce(of_another) if isinstance(block, Code))
    assert "dataset info 'my smears; x'    # fingerprint" in commands
    assert "train --data 'my smears; x' " in commands


def test_what_is_done_where_the_paper_is_open_is_said_of_the_default_and_not_of_the_run(run, readers):
    config = run.config.model_copy(update={"split": run.config.split.model_copy(update={"protocol": "stain"})})
    (run.folder / "config.json").write_text(config.to_json())
    tables = [block for block in model_section(gather(Run(run.folder), readers)).blocks if isinstance(block, Table)]
    (readings,) = [table for table in tables if "unclear" in table.caption]
    assert readings.columns == ("point", "the paper", "by default")
    assert "here it is" not in str(readings.rows)


def test_weights_of_a_file_are_credited_to_nobody_unless_it_is_known(run, readers, read):
    config = run.config.model_copy(update={"weights": "/somewhere/mine.weights.h5"})
    (run.folder / "config.json").write_text(config.to_json())
    environment = json.loads((run.folder / "environment.json").read_text())
    recorded = {"weights": {"source": "mine.weights.h5", "sha256": "1234"}}
    (run.folder / "environment.json").write_text(json.dumps(environment | recorded))
    for said in (Page(read(Run(run.folder))).text, read(Run(run.folder), "md")):
        assert "the file mine.weights.h5, SHA-256 1234: whose they are, and under which licence, is not known." in said
        assert config.trunk.credit not in said


def test_memory_is_the_most_that_an_epoch_or_a_batch_reported(run, read):
    lines = (run.folder / "metrics.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    for record in records:
        record |= {"epoch": {"memory_bytes": 2 * 10**9}, "batch": {"memory_bytes": 3 * 10**9}}.get(record["kind"], {})
    (run.folder / "metrics.jsonl").write_text("".join(f"{json.dumps(record)}\n" for record in records))
    assert "| most memory in use | 3.0 GB |" in read(run, "md")


def test_served_epoch_is_told_with_the_reason(finished_run, page):
    best = finished_run.history().epochs["validation_loss"].idxmin() + 1
    assert f"The weights of epoch {best} are served, the one with the lowest validation loss." in page.text
    assert "Validation chose the epoch and the temperature" in page.text


def test_last_epoch_is_served_where_it_was_asked_for(run, read):
    config = run.folder / "config.json"
    config.write_text(config.read_text().replace('"keep": "best"', '"keep": "last"'))
    write_status(run.folder, run.status().model_copy(update={"served_epoch": 2}))
    text = Page(read(Run(run.folder))).text
    assert "The weights of epoch 3 are served, the last, as the configuration asks." in text
    assert "Validation chose the temperature" in text


def test_another_epoch_than_was_asked_for_is_told_as_such(run, read):
    best = int(run.history().epochs["validation_loss"].idxmin())
    other = (best + 1) % 3
    write_status(
        run.folder, run.status().model_copy(update={"served_epoch": other, "warnings": ("the disk was full",)})
    )
    text = Page(read(Run(run.folder))).text
    assert f"The weights of epoch {other + 1} are served, for the reason that the warnings give." in text
