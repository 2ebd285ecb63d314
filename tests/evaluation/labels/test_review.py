import numpy as np
import pandas as pd
import pytest

from allcore.data.catalog import scan
from allcore.data.intake.images import decode
from allcore.data.overlap import connect
from allcore.data.splits.split import Split
from allcore.data.stain.colour_moments import colour_moments
from allcore.data.synthetic import SyntheticSpec, write_dataset
from allcore.evaluation.labels.review import COLOUR, RUNS, review_labels, runs_on
from allcore.runs.folder.store import RunStore

CLASSES = ("Benign", "Early", "Pre", "Pro")


@pytest.fixture
def images():
    """Twelve images, three a class; the first two show one field."""
    return pd.DataFrame(
        {
            "path": [f"{CLASSES[number // 3]}/{number:02d}.jpg" for number in range(12)],
            "sha256": [f"{number:064x}" for number in range(12)],
            "label": [CLASSES[number // 3] for number in range(12)],
            "group": ["g0", "g0", *(f"g{number}" for number in range(2, 12))],
        }
    )


def confident(labels, sure=0.91):
    """Return probabilities of `sure` for each label and an equal share of the rest for the others."""
    table = np.full((len(labels), 4), (1 - sure) / 3)
    table[np.arange(len(labels)), [CLASSES.index(label) for label in labels]] = sure
    return table


@pytest.fixture
def record(workspace, tiny_config):
    """Return a maker of finished runs: which of the images they trained on, and what they say of the others."""

    def recorded(images, train, says):
        split = images.assign(stain="", split=np.where(images.index.isin(train), "train", "test"))
        run = RunStore(workspace.runs).create(tiny_config(), Split(split))
        rows = split[split["split"] == "test"].reset_index(drop=True)
        said = [says.get(path, label) for path, label in zip(rows["path"], rows["label"], strict=True)]
        rows[[f"probability_{name}" for name in CLASSES]] = confident(said)
        rows.to_parquet(run.folder / "predictions.parquet")
        return run

    return recorded


def test_label_that_a_run_contradicts_comes_first_with_all_that_is_known(images, record):
    run = record(images, train=[3], says={"Pro/10.jpg": "Pre"})
    review = review_labels(images.assign(stain="Pro-1"), [run])
    assert review.table.loc[0].to_dict() == {
        "path": "Pro/10.jpg", "label": "Pro", "suggestion": "Pre", "suspicious": True,
        "probability_label": pytest.approx(0.03), "probability_suggestion": pytest.approx(0.91),
        "margin": pytest.approx(0.06), "source": RUNS, "runs": run.id, "group": "g10", "stain": "Pro-1",
        "contradicted_by": "", "sha256": images["sha256"][10],
    }  # fmt: skip
    assert list(review.suspicious["path"]) == ["Pro/10.jpg"]


def test_images_that_a_run_trained_on_and_their_twins_are_not_its_business(images, record):
    run = record(images, train=[0, 4], says={})
    review = review_labels(images, [run])
    assert set(review.table["path"]) == set(images["path"]) - {"Benign/00.jpg", "Benign/01.jpg", "Early/04.jpg"}
    assert review.sources.to_dict("records") == [{"source": run.id, "images": 9, "twins": 1, "agreeing": 9, "note": ""}]


def test_twins_that_only_the_run_knew_of_are_left_out_too(images, record):
    run = record(images.assign(group=["g", *images["group"][1:11], "g"]), train=[0], says={})
    now = images[1:].assign(group=images["path"])
    assert "Pro/11.jpg" not in set(review_labels(now, [run]).table["path"])


def test_twins_that_out_of_fold_predictions_know_of_are_left_out_though_no_image_is_in_train(images, record):
    run = record(images, train=[], says={})
    file = run.folder / "predictions.parquet"
    pd.read_parquet(file).assign(twin=images["group"] == "g0").to_parquet(file)
    review = review_labels(images, [run])
    assert set(review.table["path"]) == set(images["path"]) - {"Benign/00.jpg", "Benign/01.jpg"}
    assert review.sources["twins"].tolist() == [2]


def test_probabilities_of_several_runs_are_averaged(images, record):
    one = record(images, train=[3], says={"Pro/10.jpg": "Pre"})
    other = record(images, train=[4], says={})
    rows = review_labels(images, [one, other]).table.set_index("path")
    assert rows.loc["Pro/10.jpg", "probability_label"] == pytest.approx((0.03 + 0.91) / 2)
    assert rows.loc["Pro/10.jpg", "runs"] == f"{one.id}; {other.id}"
    assert rows.loc["Early/03.jpg", "runs"] == other.id
    assert rows.loc["Early/04.jpg", "runs"] == one.id


def test_images_are_known_by_their_content_whatever_their_path_and_label(images, record):
    run = record(images, train=[3], says={})
    moved = images.assign(path=[f"new/{path}" for path in images["path"]])
    moved.loc[10, "label"] = "Early"
    first = review_labels(moved, [run]).table.loc[0]
    assert tuple(first[["path", "label", "suggestion"]]) == ("new/Pro/10.jpg", "Early", "Pro")


def test_twins_with_another_label_make_both_suspicious_whatever_the_probabilities(images, record):
    mixed = images.assign(group=[*images["group"][:11], "g2"])
    rows = review_labels(mixed, [record(mixed, train=[3], says={})]).suspicious.set_index("path")
    assert dict(rows["contradicted_by"]) == {"Benign/02.jpg": "Pro/11.jpg", "Pro/11.jpg": "Benign/02.jpg"}


def test_run_with_other_classes_is_left_out_with_a_note(images, record):
    run = record(images, train=[3], says={})
    review = review_labels(images[images["label"] != "Pro"], [run])
    assert review.table.empty
    assert "its classes are Benign, Early, Pre, Pro" in review.sources["note"][0]


def test_damaged_predictions_are_left_out_with_a_note(images, record):
    damaged, whole = record(images, train=[3], says={}), record(images, train=[4], says={})
    (damaged.folder / "predictions.parquet").write_text("no parquet")
    review = review_labels(images, [damaged, whole])
    assert "predictions.parquet cannot be read" in review.sources["note"][0]
    assert set(review.table["runs"]) == {whole.id}


def test_runs_on_these_images_are_those_that_share_content_and_are_finished(images, record, workspace, tiny_config):
    run = record(images, train=[3], says={})
    elsewhere = record(images.assign(sha256=images["sha256"].str.replace("0", "f")), train=[3], says={})
    RunStore(workspace.runs).create(tiny_config(), run.split)  # queued
    damaged = record(images, train=[4], says={})
    (damaged.folder / "split.csv").write_text("no split")
    runs = RunStore(workspace.runs).runs()
    assert elsewhere.id in [run.id for run in runs]
    assert [found.id for found in runs_on(images, runs)] == [run.id]


def test_real_run_is_reviewed_by_its_validation_and_test_images(finished_run, smears):
    catalog = scan(smears).images()
    images = catalog.assign(group=catalog["pixel_sha256"])
    review = review_labels(images, runs_on(images, [finished_run]))
    assert len(review.table) == len(finished_run.predictions())
    assert review.table["margin"].between(0, 1).all()


@pytest.fixture(scope="module")
def flipped(tmp_path_factory):
    """Return smears (images, colours), with twins, of which every tenth label was changed, and which these are."""
    folder = tmp_path_factory.mktemp("flipped") / "smears"
    pairs = write_dataset(folder, SyntheticSpec(images_per_class=30, image_size=48, twins=0.25))
    images = scan(folder).images()
    images["group"] = connect(list(images["path"]), pairs)
    rng = np.random.default_rng(0)
    planted = rng.choice(len(images), len(images) // 10, replace=False)
    moved = (images["label"].map(CLASSES.index).to_numpy()[planted] + rng.integers(1, 4, len(planted))) % 4
    images.loc[planted, "label"] = np.array(CLASSES, object)[moved]
    colours = np.stack([colour_moments(decode(folder / path)) for path in images["path"]])
    return images, colours, set(images["path"][planted])


@pytest.mark.slow
def test_planted_label_noise_is_found_by_colour(flipped):
    images, colours, planted = flipped
    review = review_labels(images, [], colours)
    most_suspicious = set(review.table["path"].head(2 * len(planted)))
    assert len(planted & most_suspicious) >= 0.9 * len(planted)
    assert len(planted & set(review.suspicious["path"])) >= 0.7 * len(planted)


@pytest.mark.slow
def test_colour_speaks_for_the_images_alone_that_no_run_covers(flipped, record):
    images, colours, _ = flipped
    train = range(0, len(images), 2)
    run = record(images, train, says={})
    review = review_labels(images, [run], colours)
    assert sorted(review.table["path"]) == sorted(images["path"])
    assert set(review.table.loc[review.table["source"] == COLOUR, "runs"]) == {""}
    of_runs = review.sources.set_index("source")["images"]
    assert (review.table["source"] == RUNS).sum() == of_runs[run.id] < len(images) / 2
    assert of_runs[COLOUR] == len(images)
