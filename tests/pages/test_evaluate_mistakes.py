"""The Evaluate page's list of mistakes, and where they gather."""

import shutil
from pathlib import Path

import pytest

from allcore.cells.finder import find_cells
from allcore.data.intake.images import decode
from allcore.data.splits.split import Split
from allcore.evaluation.predictions.error_groups import errors_by, images_of
from allcore.evaluation.predictions.mistakes import mistakes
from allcore.evaluation.predictions.recorded import recorded_predictions
from allcore.evaluation.probes.evidence_share import evidence_grid
from allcore.inference.predictor import load_predictor
from allcore.reporting.probes import image_finding
from allcore.runs.folder.store import Run
from pages.ui.known import workspace as state
from tests.pages.opening import choose, open_page, table, texts

CLASSES = ["Benign", "Early", "Pre", "Pro"]


def recorded(run):
    return recorded_predictions(Run(run.folder), "test").table


def rewrite(run, stain=None, **columns):
    """Change columns of the run's predictions, or give all its images one stain cluster."""
    run.predictions().assign(**columns).to_parquet(run.folder / "predictions.parquet")
    if stain is not None:
        Split(run.split.table.assign(stain=stain)).write(run.folder / "split.csv")


def said(labels, right):
    """Return the probabilities of predictions that are `right`, and otherwise name the next class."""
    following = dict(zip(CLASSES, [*CLASSES[1:], CLASSES[0]], strict=True))
    predicted = labels.where(right, labels.map(following))
    return {f"probability_{name}": (predicted == name) * 1.0 for name in CLASSES}


def files(images):
    return [path.rsplit("/", 1)[-1] for path in images["path"]]


def names(app):
    """Return the file names under the images, as far as they go."""
    said = [str(caption.value).replace("\\", "") for caption in app.caption]
    return [text.split("  \n")[0] for text in said if "predicted **" in text]


def test_mistakes_are_listed_with_their_groups_and_shown_with_evidence(run):
    wrong = mistakes(recorded(run))
    app = open_page("evaluate", view="Mistakes")
    assert list(table(app, "confidence")["group"]) == list(wrong["group"])
    assert names(app) == files(wrong.head(12))


def test_each_image_says_how_much_of_its_evidence_lies_inside_its_cells_which_may_be_outlined(run):
    row = mistakes(recorded(run)).iloc[0]
    image = decode(Path(run.config.dataset) / row["path"])
    predictor = load_predictor(run.served_model)
    evidence = predictor.predict([image])[0].evidence[predictor.classes.index(row["predicted"])]
    app = open_page("evaluate", view="Mistakes")
    (said,) = (each.value for each in app.caption if Path(row["path"]).name in each.value.replace("\\", ""))
    grid = evidence_grid(predictor.metadata.trunk, predictor.metadata.image_size)
    assert f"Evidence: {image_finding(evidence, find_cells(image), grid)}" in said.replace("\\", "")
    before = [picture.proto.imgs[0].url for picture in app.image]
    app = open_page("evaluate", view="Mistakes", mistakes_outlines="true")
    assert len(app.image) == len(before)
    assert not set(before) & {picture.proto.imgs[0].url for picture in app.image}


def test_pictures_that_are_kept_open_no_model(run, monkeypatch):
    """Few models are held in memory: visitors who look at several runs would otherwise open one a page."""
    before = [picture.proto.imgs[0].url for picture in open_page("evaluate", view="Mistakes").image]
    opened = []
    monkeypatch.setattr(state, "load_predictor", lambda model: opened.append(model) or load_predictor(model))
    state._predictor.clear()
    again = [picture.proto.imgs[0].url for picture in open_page("evaluate", view="Mistakes").image]
    assert again == before
    assert not opened
    open_page("evaluate", view="Mistakes", mistakes_opacity="20", mistakes_outlines="true")
    assert not opened, "another opacity needs the evidence alone, which is kept"


def test_model_that_cannot_be_opened_leaves_the_images_without_evidence(run):
    model = run.served_model
    model.unlink()
    model.write_bytes(b"no model")
    app = open_page("evaluate", view="Mistakes")
    assert "No evidence can be computed" in texts(app)
    assert names(app) == files(mistakes(recorded(run)).head(12))
    assert len(app.image) == len(names(app))


@pytest.mark.parametrize("kind", ["group", "stain"])
def test_table_says_how_many_of_each_are_wrong(run, kind):
    labels = run.predictions()["label"]
    rewrite(run, group="g7", stain="Early-1", **said(labels, right=labels == "Pro"))
    app = open_page("evaluate", view="Mistakes", by=kind)
    errors = errors_by(recorded(run), kind)
    shown = table(app, "wrong")
    assert list(shown["wrong"]) == list(errors["wrong"])
    assert list(shown["share"]) == list(100 * errors["share"])
    assert "All 3 mistakes lie in" in texts(app)


def test_images_of_the_chosen_field_are_shown_the_wrong_ones_first(run):
    labels = run.predictions()["label"]
    right = (labels == "Benign") | (labels == "Pre")
    rewrite(run, group=labels.isin(["Benign", "Early"]).map({True: "g1", False: "g2"}), **said(labels, right))
    app = open_page("evaluate", view="Mistakes", by="group", of="g2")
    assert names(app) == files(images_of(recorded(run), "group", "g2"))
    app = choose(app, "of", "g1")
    assert names(app) == files(images_of(recorded(run), "group", "g1"))
    assert names(app)[0].startswith("early")


def test_field_of_the_url_that_does_not_exist_gives_way_to_the_worst(run):
    rewrite(run, group="g7")
    assert open_page("evaluate", view="Mistakes", by="group", of="g999").get_by_key("of").value == "g7"


def test_another_run_is_shown_from_its_own_worst_field_on_as_its_link_says(run):
    other = Run(shutil.copytree(run.folder, run.folder.with_name("20200101-000000-vgg16-32px-ffff")))
    labels = run.predictions()["label"]
    groups = labels.isin(["Benign", "Early"]).map({True: "g1", False: "g2"})
    rewrite(run, group=groups, **said(labels, right=labels == "Pro"))
    rewrite(other, group=groups, **said(labels, right=labels == "Benign"))
    app = open_page("evaluate", view="Mistakes", by="group", run=run.id)
    assert app.get_by_key("of").value == "g1"
    app = choose(app, "run", other.id)
    assert "of" not in app.query_params
    assert app.get_by_key("of").value == "g2"
    assert open_page("evaluate", view="Mistakes", by="group", run=other.id, of="g1").get_by_key("of").value == "g1"


def test_going_from_groups_to_stains_leaves_no_group_chosen(run):
    rewrite(run, group="g7", stain="Early-1")
    app = choose(open_page("evaluate", view="Mistakes", by="group"), "by", "stain")
    assert app.get_by_key("of").value == "Early-1"


def test_mistakes_that_share_nothing_are_said_to(run):
    labels = run.predictions()["label"]
    rewrite(run, group=[f"g{number}" for number in range(len(labels))], **said(labels, right=labels == "Pro"))
    assert "No two of the" in texts(open_page("evaluate", view="Mistakes", by="group"))


def test_run_that_recorded_no_stain_says_so(run):
    labels = run.predictions()["label"]
    rewrite(run, stain="", **said(labels, right=labels == "Pro"))
    assert "No stain clusters known" in texts(open_page("evaluate", view="Mistakes", by="stain"))


def test_without_a_mistake_it_says_so(run):
    labels = run.predictions()["label"]
    rewrite(run, **said(labels, right=labels != ""))
    app = open_page("evaluate", view="Mistakes")
    assert "images are right" in texts(app)


def probabilities():
    """Return what is said under each image of the probabilities."""
    app = open_page("evaluate", view="Mistakes")
    said = [line for caption in app.caption for line in str(caption.value).split("  \n") if " · " in line]
    assert len(said) == len(names(app)) > 0
    return said


def test_an_image_among_many_classes_names_the_most_probable_alone(run):
    assert all(said.count(" %") == 4 for said in probabilities())
    rewrite(run, **{f"probability_other {number}": 0.0 for number in range(16)})
    for said in probabilities():
        assert said.count(" %") == 3
        assert said.endswith(" and 17 more")


def test_a_probability_that_is_not_all_is_not_rounded_to_it(run):
    rewrite(run, **{f"probability_{name}": {"Benign": 0.997, "Early": 0.003}.get(name, 0.0) for name in CLASSES})
    assert set(probabilities()) == {"Benign > 99 % · Early < 1 % · Pro 0 % · Pre 0 %"}
