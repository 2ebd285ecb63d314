"""Labels are judged where they are shown, what that corrects is said, and Train and Evaluate take it."""

import hashlib
import shutil

import pytest

from allcore.data.catalog import scan
from allcore.data.labels.judgements import account_name, add_judgements, make_judgement, read_judgements
from allcore.runs.folder.store import Run
from allcore.text import for_page
from pages.ui.known.judgements import labelled
from tests.pages.opening import choose, open_page, press, ran, table, texts


@pytest.fixture
def judge(dataset, workspace):
    """Return what judges the image at a path of the dataset, as if somebody had before."""
    catalog = scan(dataset)

    def judge(path, verdict, becomes="", who="bob@lab.org"):
        row = catalog.table.set_index("path").loc[path]
        made = make_judgement(row["sha256"], path, row["label"], catalog.classes, verdict, becomes, who)
        add_judgements(workspace.judgements, [made])

    return judge


def chooser(app):
    return next(each for each in app.selectbox if str(each.key).startswith("judge "))


def test_a_label_is_judged_on_the_images_own_page_and_judged_again(dataset, workspace):
    app = open_page("dataset", image="Pro/pro-0003.jpg")
    assert chooser(app).options == [
        "right", "wrong, it is Benign", "wrong, it is Early", "wrong, it is Pre", "unsure", "excluded",
    ]  # fmt: skip
    assert chooser(app).value is None
    chooser(app).select("wrong, it is Pre")
    app = ran(app)
    assert chooser(app).value == "wrong, it is Pre"
    assert f"{account_name()}, 20" in texts(app).replace("\\", "")
    chooser(app).select("right")
    app = ran(app)
    first, second = read_judgements(workspace.judgements).every
    assert (first.verdict, first.becomes, first.label, second.verdict) == ("wrong", "Pre", "Pro", "right")
    assert chooser(app).value == "right"
    assert "the latest of 2" in texts(app)
    assert (dataset / "Pro" / "pro-0003.jpg").is_file()


def test_what_was_judged_is_listed_with_what_it_corrects_and_comes_in_as_csv(dataset, judge, workspace):
    assert "No judgement moves or excludes an image" in texts(open_page("dataset", view="Labels"))
    judge("Pro/pro-0003.jpg", "wrong", "Pre")
    judge("Pro/pro-0004.jpg", "excluded")
    app = open_page("dataset", view="Labels")
    assert "1 image moved to another class, 1 excluded, of 64" in texts(app)
    changes = table(app, "moved_in").set_index("class")
    assert changes.loc["Pro"].tolist() == [16, 0, 1, 1, 14]
    assert list(table(app, "verdict")["who"]) == ["bob@lab.org", "bob@lab.org"]
    line = f"{scan(dataset).images()['sha256'][0]},Benign,right,,eve,2026-11-01T10:00:00Z\n"
    assert "1 judgement added, 0 known before" in imported(app, line)
    assert "line 2: expected one of right, wrong, unsure, excluded" in imported(app, line.replace("right", "perhaps"))


def imported(app, line):
    """Return what the page says when a table with one judgement is imported."""
    app.file_uploader[0].upload("a.csv", f"sha256,label,verdict,class,who,when\n{line}".encode())
    return texts(press(app, "Import")).replace("\\", "")


def test_suspicious_labels_are_judged_where_they_are_listed(dataset, workspace):
    app = open_page("trust", view="Labels")
    first = chooser(app)
    first.select("excluded")
    app = ran(app)
    (made,) = read_judgements(workspace.judgements).every
    assert made.verdict == "excluded"
    shown = table(app, "suggestion").set_index("path")["judged"]
    assert shown[made.image] == "excluded"
    assert (shown != "").sum() == 1
    app = choose(app, "unjudged", True)
    assert for_page(made.image.rsplit("/", 1)[-1]) not in texts(app)


def test_train_shows_what_corrected_labels_change_and_divides_by_them(dataset, judge):
    app = open_page("train", preset="Quick", quick__labels="corrected")
    assert "nothing is corrected" in texts(app)
    judge("Pro/pro-0003.jpg", "wrong", "Pre")
    judge("Pro/pro-0004.jpg", "excluded")
    assert "choose *Labels: corrected* on Train" in texts(open_page("dataset", view="Labels"))
    app = open_page("train", preset="Quick", quick__labels="corrected")
    assert "corrected" in app.get_by_key("quick.labels").options
    assert "1 image moved to another class, 1 excluded, of 64" in texts(app)
    split = table(app, "validation").set_index("class")
    assert (split["images"]["Pro"], split["images"]["Pre"], split["images"]["all"]) == (14, 17, 63)


def test_a_mistake_is_judged_and_the_run_scored_against_it(run, workspace):
    app = open_page("evaluate", run=run.id, view="Mistakes")
    assert "Labels" not in [each.label for each in app.get("button_group")]
    assert "The run was made with the labels" not in texts(app)
    before = next(each.value for each in app.markdown if "accuracy" in each.value)
    chooser(app).select("excluded")
    app = ran(app)
    assert read_judgements(workspace.judgements).every[0].verdict == "excluded"
    assert "The run was made with the labels of the folders; as they were judged" in texts(app)
    assert app.get_by_key("labels").options == ["corrected"]  # as Train calls them
    app = choose(app, "labels", "corrected")
    assert "0 of" in texts(app)
    assert "1 is left out" in texts(app)
    assert next(each.value for each in app.markdown if "accuracy" in each.value) != before
    assert "Shortcut baselines, the report and the map are by the labels" in texts(app)
    mapped = open_page("evaluate", run=run.id, view="Map", labels="corrected")
    assert "The map is by the labels that the run was made with" in texts(mapped)


def test_corrected_labels_of_one_run_are_not_asked_of_another_that_has_none(run, workspace, dataset):
    judged = "Pro/pro-0003.jpg"
    image = dataset / judged
    digest = hashlib.sha256(image.read_bytes()).hexdigest()
    made = make_judgement(digest, judged, "Pro", scan(dataset).classes, "excluded", "", "bob@lab.org")
    add_judgements(workspace.judgements, [made])
    image.unlink()
    other = Run(shutil.copytree(run.folder, run.folder.with_name("20200101-000000-vgg16-32px-ffff")))
    config = other.folder / "config.json"
    config.write_text(config.read_text().replace(run.config.dataset, str(dataset)))
    app = open_page("evaluate", run=run.id)
    app = choose(app, "labels", "corrected")
    assert "Shortcut baselines, the report and the map are by the labels" in texts(app)
    app = choose(app, "run", other.id)
    assert "Shortcut baselines, the report and the map are by the labels" not in texts(app)
    assert "Beside shortcuts" in texts(app)
    assert "labels" not in app.query_params
    linked = open_page("evaluate", run=other.id, labels="corrected")
    assert "Beside shortcuts" in texts(linked)


def test_corrected_labels_of_a_copy_are_of_the_copys_own_images(dataset, judge, workspace):
    copy = shutil.copytree(dataset, workspace.datasets / "copy")
    judge("Pro/pro-0003.jpg", "wrong", "Pre")
    for images in (scan(dataset), scan(copy)):
        assert labelled(images, images.variant(), "corrected").catalog.root == images.root


def test_a_judgement_that_cannot_be_written_is_said_beside_the_image(dataset, workspace, no_room):
    app = open_page("dataset", image="Pro/pro-0003.jpg")
    chooser(app).select("right")
    with no_room(workspace.judgements.name):
        app = ran(app)
    assert "That was not kept" in texts(app)
    assert "no space left" in texts(app).casefold()
    assert not read_judgements(workspace.judgements).every
    assert "That was not kept" not in texts(ran(app))


def test_damaged_lines_of_what_was_judged_are_counted_and_the_others_hold(dataset, judge, workspace):
    judge("Pro/pro-0003.jpg", "unsure")
    with workspace.judgements.open("a") as file:
        file.write("damaged\n")
    app = open_page("dataset", image="Pro/pro-0003.jpg")
    assert "1 damaged line, which counts for nothing" in texts(app).replace("\\", "")
    assert chooser(app).value == "unsure"


def test_what_was_judged_that_cannot_be_read_is_said_and_the_images_are_shown(dataset, workspace):
    workspace.judgements.mkdir(parents=True)
    app = open_page("dataset", image="Pro/pro-0003.jpg")
    assert "What was judged of labels is not known" in texts(app)
    assert chooser(app).value is None


@pytest.mark.parametrize(("page", "view"), [("trust", "Labels"), ("evaluate", "Mistakes"), ("dataset", "Labels")])
def test_what_was_lost_of_the_judgements_is_said_once_a_page(run, workspace, page, view):
    workspace.judgements.parent.mkdir(parents=True, exist_ok=True)
    workspace.judgements.write_text("damaged\n")
    data = "/".join(run.config.dataset.split("/")[-2:])
    app = open_page(page, data=data, run=run.id, view=view)
    if page != "dataset":
        assert len([each for each in app.selectbox if str(each.key).startswith("judge ")]) > 1
    assert [each.proto.title for each in app.warning].count("Some judgements are lost") == 1


def test_a_table_that_is_refused_stays_in_its_form_and_one_that_is_taken_leaves_it(dataset):
    app = open_page("dataset", view="Labels")
    (row,) = scan(dataset).images().head(1).to_dict("records")
    line = f"{row['sha256']},Benign,{{}},,eve,2026-11-01T10:00:00Z\n"
    assert "Nothing was imported" in imported(app, line.format("perhaps"))
    assert ran(app).file_uploader[0].value.name == "a.csv"
    assert "1 judgement added" in imported(app, line.format("right"))
    assert list(table(app, "verdict")["who"]) == ["eve"]
    assert app.file_uploader[0].value is None
