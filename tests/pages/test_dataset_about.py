"""The Dataset page, about a dataset: what is known of it, renaming, deleting; links by a former name lead on."""

import json
from pathlib import Path

from allcore.runs.folder.store import RunStore
from tests.pages.opening import choose, open_page, press, table, texts


def open_about(**query):
    return open_page("dataset", view="About", **query)


def facts(app):
    return table(app, "fact").set_index("fact")["value"]


def test_it_says_what_is_known_and_which_runs_were_made_on_it(run):
    folder = Path(run.config.dataset)
    app = open_about()
    assert facts(app)["came from"] == "read where it lies"
    assert facts(app)["runs made on it"] == run.id
    assert "neither renames nor deletes it" in texts(app)
    assert "Delete this dataset" not in [each.label for each in app.button]
    assert folder.is_dir()


def test_a_renamed_dataset_stays_chosen_its_old_link_leads_on_and_its_runs_follow(run, dataset, workspace):
    config = json.loads((run.folder / "config.json").read_text()) | {"dataset": str(dataset.resolve())}
    (run.folder / "config.json").write_text(json.dumps(config))
    assert open_about(data="mine").selectbox(key="run").options == [run.id]
    app = open_about(data="mine")
    app.text_input(key=f"name of {dataset}").set_value("other")
    app = press(app, "Rename")
    assert app.selectbox(key="data").value == "other"
    assert (facts(app)["former names"], facts(app)["runs made on it"]) == ("mine", run.id)
    later = open_about(data="mine")
    assert (later.selectbox(key="data").value, later.query_params["data"]) == ("other", "other")
    assert "No such dataset" not in texts(later)


def test_a_name_that_will_not_do_is_said_in_place(dataset):
    app = open_about()
    app.text_input(key=f"name of {dataset}").set_value("../out")
    assert "It keeps its name" in texts(press(app, "Rename"))
    assert dataset.is_dir()


def test_deleting_asks_first_and_leads_to_what_is_left(dataset):
    app = press(open_about(data="mine"), "Delete this dataset")
    assert "with all its images" in texts(app)
    assert dataset.is_dir()
    app = press(app, "Delete it")
    assert not dataset.exists()
    assert "No dataset yet" in texts(app)


def test_what_a_run_uses_is_not_deleted(dataset, workspace, tiny_config, finished_run):
    queued = RunStore(workspace.runs).create(tiny_config(dataset=str(dataset)), finished_run.split)
    app = press(press(open_about(data="mine"), "Delete this dataset"), "Delete it")
    assert "That did not work" in texts(app)
    assert f"in use by {queued.id}" in texts(app).replace("\\", "")
    assert dataset.is_dir()


def test_success_is_said_once_after_a_dataset_was_added(workspace):
    app = open_page("dataset")
    app.number_input[0].set_value(3)
    app.number_input[1].set_value(32)
    app = press(app, "Draw synthetic smears")
    assert "smears is added to the workspace" in texts(app)
    assert "4 classes: Benign, Early, Pre, Pro" in texts(app).replace("\\", "")
    assert "is added" not in texts(choose(app, "show", "With a twin"))
