"""What becomes of a report when parts of the run, or its images, are gone."""

import json
import re
import shutil
from dataclasses import replace

import pandas as pd
import pytest

from allcore.data.importing.left_out import note_left_out
from allcore.data.labels.versions import EXCLUDED
from allcore.errors import RunError
from allcore.reporting.report import make_report
from allcore.reporting.report.facts import gather
from allcore.reporting.report.sections.data import data_section, groups_table, protocol
from allcore.reporting.report.sections.failures import repeated_mistakes
from allcore.runs.folder.store import Run
from allcore.workspace import Workspace
from tests.reporting.report.conftest import Page


def test_images_that_are_gone_give_way_to_a_sentence(run, smears, tmp_path, read):
    folder = shutil.copytree(smears, tmp_path / "gone" / smears.name)
    config = run.folder / "config.json"
    config.write_text(config.read_text().replace(str(smears), str(folder)))
    shutil.rmtree(folder)
    page = Page(read(Run(run.folder), workspace=Workspace(tmp_path / "w", (folder.parent,))))
    assert "img" not in [tag for tag, _ in page.tags]
    assert re.search(r"\d images? of these \d+ cannot be shown: gone, changed since the run", page.text)
    assert "The dataset has changed or is gone" in page.text


def test_images_outside_the_roots_are_not_shown(finished_run, tmp_path, read):
    page = Page(read(finished_run, workspace=Workspace(tmp_path)))
    assert "img" not in [tag for tag, _ in page.tags]
    assert "outside the folders that may be read" in page.text


@pytest.mark.parametrize("damage", [None, "damaged"])
def test_without_a_usable_model_images_are_shown_without_evidence(run, read, damage):
    (run.folder / "model.onnx").unlink()
    if damage:
        (run.folder / "model.onnx").write_text(damage)
    page = Page(read(run))
    images = [of for tag, of in page.tags if tag == "img"]
    assert images
    assert not any("evidence" in of["alt"] for of in images)
    assert "The temperature is not known" in page.text


def test_run_without_mistakes_says_so(run, read):
    table = run.predictions()
    classes = run.split.classes
    for name in classes:
        table[f"probability_{name}"] = (table["label"] == name).astype(float)
    table.to_parquet(run.folder / "predictions.parquet")
    page = Page(read(run))
    assert "No test image is misclassified." in page.text
    assert "img" not in [tag for tag, _ in page.tags]


@pytest.mark.parametrize(
    ("unusable", "not_taken", "said"),
    [
        (1, 0, "Left out as unusable: 1 file (1 empty file)."),
        (0, 2, "Left out: 2 files that the import did not take; each of the others is a usable image."),
        (1, 2, "Left out as unusable: 1 file (1 empty file), and 2 files that the import did not take."),
        (0, 0, "Left out: no file;"),
    ],
)
def test_files_left_out_are_counted_with_the_reason(run, smears, tmp_path, read, unusable, not_taken, said):
    folder = shutil.copytree(smears, tmp_path / "more" / smears.name)
    for number in range(unusable):
        (folder / "Pro" / f"empty-{number}.jpg").write_bytes(b"")
    note_left_out(folder, {f"notes-{number}.txt": "not an image" for number in range(not_taken)})
    config = run.folder / "config.json"
    config.write_text(config.read_text().replace(str(smears), str(folder)))
    page = Page(read(Run(run.folder), workspace=Workspace(tmp_path / "w", (folder.parent,))))
    assert said in page.text


def test_images_that_a_person_excluded_are_no_unusable_files(finished_run, readers):
    facts = gather(finished_run, readers)
    table = facts.catalog.table.copy()
    table.loc[table.index[:3], "problem"] = EXCLUDED
    excluded = replace(facts, catalog=replace(facts.catalog, table=table))
    said = str(data_section(excluded).blocks)
    assert "Left out: 3 images that a person excluded when judging labels; each of the others" in said
    assert "unusable" not in said.partition("Left out")[2].partition(".")[0]
    table.loc[table.index[3], "problem"] = "empty file"
    said = str(data_section(replace(facts, catalog=replace(facts.catalog, table=table))).blocks)
    assert "Left out as unusable: 1 file (1 empty file), and 3 images that a person excluded" in said


def test_groups_of_a_table_are_said_to_be_joined_by_what_images_show(finished_run, readers):
    facts = gather(finished_run, readers)
    split = facts.config.split.model_copy(update={"groups": "patients.csv"})
    of_table = replace(facts, config=facts.config.model_copy(update={"split": split}))
    caption = groups_table(of_table).caption
    assert caption.startswith("Groups: images that patients.csv puts together, or that are exact duplicates")
    assert "Groups come from the table patients.csv; those that hold images which are exact" in str(protocol(of_table))
    assert "patients.csv" not in groups_table(facts).caption


def test_groups_of_a_table_that_exact_duplicates_do_not_join_are_said_not_to_be(finished_run, readers):
    facts = gather(finished_run, readers)
    table = facts.split.table.copy()
    table.loc[table.index[1], "sha256"] = table["sha256"].iloc[0]
    table["group"] = [f"p{number}" for number in range(len(table))]
    split = facts.config.split.model_copy(update={"groups": "patients.csv"})
    apart = replace(
        facts,
        config=facts.config.model_copy(update={"split": split}),
        split=replace(facts.split, table=table),
    )
    assert (
        groups_table(apart).caption
        == "Groups: images that patients.csv puts together; what they show was not looked at"
    )
    assert "patients.csv alone: images that are exact duplicates lie in different groups." in str(protocol(apart))
    assert "are one" not in str(protocol(apart))


def test_groups_with_several_mistakes_are_counted_where_not_all_are_listed(finished_run, readers):
    facts = gather(finished_run, readers)
    table = pd.DataFrame(
        [
            {"path": f"{group}-{number}", "group": f"g{group:02d}", "stain": "s", "label": "Pre", "predicted": "Pro"}
            for group in range(41)
            for number in range(2)
        ]
    )
    stains, groups = repeated_mistakes(replace(facts, test=replace(facts.test, table=table)))
    assert groups.caption == "Overlap groups that hold several mistakes: 41, the first 40 of them"
    assert (len(groups.rows), stains.caption) == (40, "Mistakes by stain cluster")


def test_run_without_recorded_epochs_or_versions_is_reported(run, readers):
    (run.folder / "metrics.jsonl").unlink()
    (run.folder / "environment.json").unlink()
    made = make_report(run, readers)
    assert {23, 25} <= set(made.lacking)
    assert "are served, as the run recorded; its epochs are lost" in Page(made.content.decode()).text


def test_run_without_predictions_of_validation_images_is_reported(run, read):
    run.predictions().query("split == 'test'").to_parquet(run.folder / "predictions.parquet")
    assert "test images" in Page(read(run)).text


def test_damaged_predictions_are_said_to_be_damaged(run, readers):
    (run.folder / "predictions.parquet").write_text("no parquet")
    with pytest.raises(RunError, match=r"predictions\.parquet cannot be read"):
        make_report(run, readers)


def test_run_from_before_stain_clusters_is_reported(run, readers):
    run.split.table.drop(columns="stain").to_csv(run.folder / "split.csv", index=False)
    said = make_report(Run(run.folder), readers).content.decode()
    assert "Mistakes by stain cluster" not in said
    assert "shared fields were not looked for" in said


_NUMBERS = ("loss", "accuracy", "validation_loss", "validation_accuracy", "seconds")


@pytest.mark.parametrize("damage", [{name: None} for name in _NUMBERS] + [dict.fromkeys(_NUMBERS)])
def test_a_report_is_made_where_a_metric_of_all_epochs_is_lost(run, read, damage):
    file = run.folder / "metrics.jsonl"
    records = [json.loads(line) for line in file.read_text().splitlines()]
    kept = [record | damage if record["kind"] == "epoch" else record for record in records]
    file.unlink()
    file.write_text("".join(f"{json.dumps(record)}\n" for record in kept))
    page = Page(read(run))
    assert ("Loss by epoch" in page.text) == (len(damage) == 1)  # train or validation is left
    assert "nan" not in page.text.lower().split()
