"""What a score says of images whose field the model was trained on."""

import pytest
from PIL import Image

from allcore.data.labels.judgements import add_judgements, make_judgement
from allcore.evaluation.predictions.evaluate_model import evaluate_model
from allcore.runs.folder.store import RunStore
from tests.copies import copy_of


@pytest.mark.parametrize(
    ("right", "worth"), [(True, "the score looks better than it is"), (False, "they do not raise the score")]
)
@pytest.mark.parametrize("form", ["id", "served_model"])
def test_twins_are_noted_to_flatter_only_where_the_score_is_lower_without_them(
    finished_run, tmp_path, form, right, worth
):
    run = copy_of(finished_run, tmp_path / "runs" / finished_run.id)
    table, correct = run.split.table, run.predictions().set_index("path")["correct"]
    table["group"] = [f"g{number}" for number in range(len(table))]
    test = table.index[table["split"] == "test"]
    twin = next(row for row in test if correct[table["path"][row]] == right)
    table.loc[twin, "group"] = table.loc[table["split"] == "train", "group"].iloc[0]
    run.split.write(run.folder / "split.csv")
    evaluation = evaluate_model(str(getattr(run, form)), RunStore(run.folder.parent), tmp_path / "cache")
    assert evaluation.notes == (f"1 of {len(test)} test images share a group with an image in train; {worth}",)


def test_the_score_without_twins_is_that_of_the_images_whose_group_is_not_in_train(finished_run, tmp_path):
    run = copy_of(finished_run, tmp_path / "runs" / finished_run.id)
    table = run.split.table
    test = table.index[table["split"] == "test"]
    table.loc[test[:2], "group"] = table.loc[table["split"] == "train", "group"].iloc[0]
    run.split.write(run.folder / "split.csv")
    evaluation = evaluate_model(run.id, RunStore(run.folder.parent), tmp_path / "cache")
    alone = run.predictions().set_index("path").loc[table.loc[test[2:], "path"]]
    assert evaluation.without_twins.n == len(test) - 2
    assert evaluation.without_twins.accuracy == (alone["label"] == alone["predicted"]).mean()
    assert f"2 of {len(test)} test images share a group with an image in train" in evaluation.notes[0]


def test_images_of_a_folder_whose_field_the_model_was_trained_on_are_counted(evaluate, finished_run, copied):
    table = finished_run.split.table
    seen = table.loc[table["split"] == "train", "path"].iloc[0]
    with Image.open(copied / seen) as image:
        image.save((copied / seen).with_name("again.png"))
    for path in table.loc[table["split"] == "train", "path"].iloc[1:]:
        (copied / path).unlink()
    evaluation = evaluate(finished_run.served_model, data=copied)
    count = len(evaluation.predictions.table)
    said = f"1 of {count - 1} images that are not in train share a group with one that the model was trained on"
    assert said in " ".join(evaluation.notes)
    assert evaluation.without_twins.n == count - 2


@pytest.mark.parametrize("how", ["excluded", "class left out"])
def test_an_image_whose_twin_in_train_is_not_scored_is_counted_all_the_same(
    evaluate, finished_run, copied, tmp_path, how
):
    table, file = finished_run.split.table, tmp_path / "judgements.jsonl"
    seen, *others = table[table["split"] == "train"].to_dict("records")
    for other in others:
        (copied / other["path"]).unlink()
    again = f"{next(name for name in finished_run.split.classes if name != seen['label'])}/again.png"
    with Image.open(copied / seen["path"]) as image:
        image.save(copied / again)
    what = {"mapping": {seen["label"]: ""}}
    if how == "excluded":
        what = {"labels": "corrected", "judgements": file}
        judged = make_judgement(seen["sha256"], seen["path"], seen["label"], finished_run.split.classes, "excluded")
        add_judgements(file, [judged])
    scored = evaluate(finished_run.served_model, data=copied, **what).predictions.table
    assert seen["path"] not in set(scored["path"])
    assert list(scored.loc[scored["twin"], "path"]) == [again]


def test_without_any_twin_there_is_no_second_score(evaluate, finished_run):
    assert evaluate(finished_run.id).without_twins is None
