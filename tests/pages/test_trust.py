"""The Trust page: duplicates, and what each split makes of them."""

import os
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from allcore.config import SplitConfig
from allcore.data.catalog import scan
from allcore.data.split import make_split
from allcore.workspace import PROJECT, Workspace


def open_page(**query: str) -> AppTest:
    app = AppTest.from_file(str(PROJECT / "streamlit_app.py"), default_timeout=60)
    app.switch_page("pages/trust.py")
    app.query_params.update(query)
    return ran(app)


def ran(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    assert not any("server's log" in error.value for error in app.error)
    return app


def texts(app: AppTest) -> str:
    kinds = (app.title, app.header, app.markdown, app.caption, app.info, app.warning, app.error, app.success)
    return "\n".join(f"{getattr(each.proto, 'title', '')} {each.value}" for kind in kinds for each in kind)


def table(app: AppTest, column: str):
    return next(frame.value for frame in app.dataframe if column in frame.value.columns)


@pytest.fixture
def dataset(workspace: Workspace, smears: Path) -> Path:
    """Return the drawn smears with a copy of every Pro image."""
    folder = workspace.datasets / "mine"
    shutil.copytree(smears, folder, copy_function=os.link)
    for image in sorted((folder / "Pro").iterdir()):
        shutil.copy(image, image.with_stem(f"{image.stem}-copy"))
    return folder


def test_without_a_dataset_the_page_says_where_to_get_one(workspace):
    app = open_page()
    assert "No dataset yet" in texts(app)
    assert "dataset" in [link.proto.page for link in app.page_link]


def test_a_dataset_without_a_usable_image_says_so(workspace):
    for label in ("Benign", "Pro"):
        (workspace.datasets / "broken" / label).mkdir(parents=True)
        (workspace.datasets / "broken" / label / "1.png").write_bytes(b"")
    assert "No usable image" in texts(open_page())


def test_images_groups_and_twins_are_counted(dataset):
    assert [(metric.label, metric.value) for metric in open_page().metric[:3]] == [
        ("Images", "80"),
        ("Groups", "64"),
        ("Images with an identical twin", "32"),
    ]


def test_leakage_is_that_of_the_splits_that_training_would_make(dataset):
    app = open_page()
    found = table(app, "twins_in_train").set_index(["protocol", "part"])
    for protocol in ("random", "grouped"):
        split = make_split(scan(dataset).images(), SplitConfig(protocol=protocol))
        for part in ("validation", "test"):
            rows = split.rows(part)
            assert tuple(found.loc[(protocol, part)]) == (len(rows), split.twins_in_train()[rows].sum())
    random, grouped = (metric.value for metric in app.metric[3:])
    assert random == "{1} of {0}".format(*found.loc[("random", "test")])
    assert not random.startswith("0 ")
    assert grouped.startswith("0 of ")


def test_a_protocol_that_does_not_fit_says_why_beside_the_other(workspace, smears):
    folder = workspace.datasets / "mine"
    shutil.copytree(smears, folder, copy_function=os.link)
    for image in list((folder / "Pro").iterdir())[1:]:
        shutil.copy(folder / "Benign" / "benign-0001.jpg", folder / "Pro" / f"same-{image.name}")
        image.unlink()
    app = open_page()
    assert "This dataset cannot be split so" in texts(app)
    assert set(table(app, "twins_in_train")["protocol"]) == {"random"}


def test_pairs_stand_side_by_side_a_page_at_a_time(dataset):
    app = open_page()
    assert app.pagination[0].num_pages == 2
    first = [image.captions[0].replace("\\", "") for image in app.image]
    assert first[:2] == ["Pro: pro-0001-copy.jpg", "Pro: pro-0001.jpg"]
    assert len(first) == 16
    app.pagination[0].set_value(2)
    second = [image.captions[0].replace("\\", "") for image in ran(app).image]
    assert len({*first, *second}) == 32


def test_all_duplicates_are_in_one_table(dataset):
    frame = table(open_page(), "path")
    assert sorted(frame["path"]) == sorted(f"Pro/{image.name}" for image in (dataset / "Pro").iterdir())
    assert (frame.groupby("group").size() == 2).all()


def test_a_large_group_is_shown_in_part(dataset):
    for number in range(9):
        shutil.copy(dataset / "Pre" / "pre-0001.jpg", dataset / "Pre" / f"again-{number}.jpg")
    assert "and 4 more" in [caption.value for caption in open_page().caption]


def test_one_picture_under_two_classes_is_pointed_out(dataset):
    assert "Labels contradict each other" not in texts(open_page())
    shutil.copy(dataset / "Pre" / "pre-0001.jpg", dataset / "Benign" / "wrong.jpg")
    os.utime(dataset / "Benign" / "wrong.jpg", (0, 0))
    app = ran(fresh(open_page()))
    assert "Labels contradict each other" in texts(app)


def fresh(app: AppTest) -> AppTest:
    """Forget the catalogs that the app keeps for a minute."""
    from pages.ui.state import forget_catalogs

    forget_catalogs()
    return app


def test_a_dataset_without_copies_is_said_to_have_none(workspace, smears):
    shutil.copytree(smears, workspace.datasets / "mine", copy_function=os.link)
    app = open_page()
    assert "No two images of this variant have the same pixels" in texts(app)
    assert [metric.value for metric in app.metric[3:]] == ["0 of 4", "0 of 4"]


def test_what_is_not_looked_for_is_said(dataset):
    said = texts(open_page())
    assert "Not looked for yet" in said
    assert "Shared fields" in said
    assert "Shortcut baselines" in said


def test_a_copy_deleted_since_it_was_listed_does_not_stop_the_others(dataset):
    app = open_page()
    (dataset / "Pro" / "pro-0001.jpg").unlink()
    app = ran(app)
    assert len(app.image) == 15
    assert any("No such file" in caption.value for caption in app.caption)
