"""The Dataset page: the ways to a dataset, and what is refused."""

import io
import shutil
import socket
import threading
import zipfile

import kagglehub
import pytest

from allcore.data.catalog import scan
from allcore.data.importing.sources import draw_smears
from allcore.data.synthetic import SyntheticSpec
from allcore.errors import DatasetError
from pages.ui.shared import get_dataset
from tests.pages.opening import (
    choose,
    field,
    left_while_they_wait,
    listed_images,
    open_more,
    open_page,
    press,
    ran,
    texts,
)


def zipped(folder, *extra):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for file in sorted(folder.rglob("*.jpg")):
            archive.write(file, file.relative_to(folder))
        for name in extra:
            archive.writestr(name, "x")
    return stream.getvalue()


def test_an_empty_workspace_offers_the_ways_to_a_dataset(workspace):
    app = open_page("dataset")
    assert "No dataset yet" in texts(app)
    assert app.get_by_key("source").options == ["Synthetic smears", "A folder", "A zip file", "Kaggle"]


def test_one_click_from_an_empty_workspace_shows_images(workspace):
    app = open_page("dataset")
    app.number_input[0].set_value(4)
    app.number_input[1].set_value(32)
    app = press(app, "Draw synthetic smears")
    assert app.selectbox(key="data").value == "smears"
    assert len(listed_images(app)) == 16
    assert len(app.image) == 16


def test_what_was_drawn_is_what_the_form_says(workspace):
    app = open_page("dataset")
    app.number_input[0].set_value(3)
    app.number_input[1].set_value(40)
    app.text_input[0].set_value("tiny")
    press(app, "Draw synthetic smears")
    images = scan(workspace.datasets / "tiny").images()
    assert set(images["width"]) == {40}
    assert images["label"].value_counts().to_dict() == {"Benign": 3, "Early": 3, "Pre": 3, "Pro": 3}


@pytest.mark.parametrize(("typed", "made"), [("tiny", "tiny"), (None, "smears-2"), (" ", "smears-2")])
def test_a_name_that_was_typed_stays_though_another_dataset_comes_meanwhile(workspace, smears, typed, made):
    """In a browser what is typed into a form is the browser's until it is sent: no run of the page may set it."""
    app = open_more(open_page("dataset"))
    assert field(app, "Name").proto.placeholder == "smears"
    place = field(app, "Name").id
    shutil.copytree(smears, workspace.datasets / "smears")
    app = open_more(app)
    name = field(app, "Name")
    assert (name.proto.placeholder, name.id, name.proto.set_value) == ("smears-2", place, False)
    app.number_input[0].set_value(3)
    app.number_input[1].set_value(32)
    if typed:
        name.set_value(typed)
    press(app, "Draw synthetic smears")
    assert {folder.name for folder in workspace.datasets.iterdir()} == {"smears", made}


def test_a_second_dataset_is_chosen_once_it_is_there(dataset):
    app = open_more(open_page("dataset"))
    app.number_input[0].set_value(3)
    app.number_input[1].set_value(32)
    app.text_input[0].set_value("another")
    app = press(app, "Draw synthetic smears")
    assert app.selectbox(key="data").value == "another"
    assert len(listed_images(app)) == 12


@pytest.mark.parametrize("name", ["mine", "../outside"])
def test_a_name_that_cannot_be_used_is_said_in_place(dataset, workspace, name):
    app = open_more(open_page("dataset"))
    app.number_input[1].set_value(32)
    app.text_input[0].set_value(name)
    app = press(app, "Draw synthetic smears")
    assert "No dataset was added" in texts(app)
    assert not (workspace.root / "outside").exists()
    assert [child.name for child in workspace.datasets.iterdir()] == ["mine"]


def test_an_uploaded_zip_becomes_the_chosen_dataset(workspace, smears):
    app = choose(open_page("dataset"), "source", "A zip file")
    app.file_uploader[0].upload("my smears.zip", zipped(smears))
    app = press(app, "Import")
    assert app.selectbox(key="data").value == "my-smears"
    assert len(listed_images(app)) == 24


def test_a_zip_that_is_refused_stays_in_its_form_and_one_that_is_taken_leaves_it(dataset, workspace, smears):
    app = choose(open_more(open_page("dataset")), "source", "A zip file")
    app.file_uploader[0].upload("my smears.zip", zipped(smears))
    field(app, "Name").set_value("mine")  # there is one of that name
    app = press(app, "Import")
    assert "No dataset was added" in texts(app)
    assert not [form for form in app.get("form") if form.proto.form.clear_on_submit]
    assert (field(app, "Name").value, app.file_uploader[0].value.name) == ("mine", "my smears.zip")
    field(app, "Name").set_value("another")
    app = press(app, "Import")
    assert app.selectbox(key="data").value == "another"
    assert (field(app, "Name").value, app.file_uploader[0].value) == ("", None)


class LeftError(BaseException):
    """Raised where Streamlit stops a script whose page was left."""


def ask_and_leave(get, monkeypatch):
    """Ask for a dataset, and leave the page while it is on its way."""

    def leave(*_):
        raise LeftError

    with monkeypatch.context() as patch:
        patch.setattr("streamlit.progress", leave)
        with pytest.raises(LeftError):
            get_dataset._get("smears", "Drawing", get)


def test_a_dataset_goes_on_its_way_when_its_page_is_left_and_is_found_again(workspace, monkeypatch):
    go_on, folder = threading.Event(), workspace.datasets

    def get(progress):
        assert go_on.wait(60)
        return draw_smears(folder, "smears", SyntheticSpec(3, 32), progress)

    ask_and_leave(get, monkeypatch)
    app = open_page("overview")
    assert "A dataset is on its way" in [link.proto.label for link in app.get("page_link")]
    assert "Draw synthetic smears" not in [button.label for button in app.button]
    go_on.set()
    app = open_page("dataset")  # waits for it
    assert app.selectbox(key="data").value == "smears"
    assert len(listed_images(app)) == 12


def test_whoever_looks_at_another_dataset_goes_on_with_it(workspace, dataset, monkeypatch):
    go_on = threading.Event()

    def get(progress):
        assert go_on.wait(60)
        return draw_smears(workspace.datasets, "another", SyntheticSpec(3, 32), progress)

    app = open_page("dataset")
    app.session_state[get_dataset._ASKED] = True  # one that has failed, say
    ran(app)
    ask_and_leave(get, monkeypatch)
    ran(app)  # would wait
    assert app.selectbox(key="data").value == dataset.name
    go_on.set()
    while get_dataset.is_getting():
        pass
    assert ran(app).selectbox(key="data").value == dataset.name


def test_a_request_while_anothers_is_on_its_way_is_said_to_be_none_and_its_form_stays(workspace, dataset, monkeypatch):
    go_on = threading.Event()

    def get(progress):
        assert go_on.wait(60)
        return draw_smears(workspace.datasets, "another", SyntheticSpec(3, 32), progress)

    app = open_more(open_page("dataset"))
    ask_and_leave(get, monkeypatch)
    app.text_input[0].set_value("mine too")
    with left_while_they_wait(monkeypatch):
        app = press(app, "Draw synthetic smears")
    assert "Another dataset is on its way" in texts(app)
    assert app.text_input[0].value == "mine too"
    go_on.set()
    while get_dataset.is_getting():
        pass
    assert ran(app).selectbox(key="data").value == dataset.name
    assert sorted(folder.name for folder in workspace.list_datasets()) == ["another", "mine"]


def test_why_there_is_no_dataset_is_said_to_whoever_comes_next_when_its_page_was_left(workspace, monkeypatch):
    go_on = threading.Event()

    def get(progress):
        assert go_on.wait(60)
        raise DatasetError("the line is dead")

    ask_and_leave(get, monkeypatch)
    go_on.set()
    while get_dataset.is_getting():
        pass
    assert "the line is dead" in texts(open_page("dataset"))
    assert "the line is dead" not in texts(open_page("dataset"))


@pytest.mark.parametrize("content", ["no zip", "unsafe"])
def test_a_bad_zip_is_refused_in_place_and_leaves_nothing(workspace, smears, content):
    app = choose(open_page("dataset"), "source", "A zip file")
    app.file_uploader[0].upload("bad.zip", b"no zip" if content == "no zip" else zipped(smears, "../evil.txt"))
    app = press(app, "Import")
    assert "No dataset was added" in texts(app)
    assert "bad" in app.error[0].value
    assert list(workspace.datasets.iterdir()) == []


def test_importing_without_a_file_says_what_is_missing(workspace):
    app = press(choose(open_page("dataset"), "source", "A zip file"), "Import")
    assert "Choose a zip file first" in texts(app)


def test_kaggle_is_asked_only_on_the_users_click(workspace, monkeypatch):
    asked = []
    monkeypatch.setattr(kagglehub, "dataset_download", lambda handle: asked.append(handle))
    choose(open_page("dataset"), "source", "Kaggle")
    assert asked == []


def test_what_kaggle_gives_becomes_the_chosen_dataset(workspace, smears, monkeypatch):
    monkeypatch.setattr(kagglehub, "dataset_download", lambda handle: str(smears))
    app = press(choose(open_page("dataset"), "source", "Kaggle"), "Download from Kaggle")
    assert app.selectbox(key="data").value == "leukemia"
    assert len(listed_images(app)) == 24


def test_what_kaggle_gives_can_have_another_name(workspace, smears, monkeypatch):
    monkeypatch.setattr(kagglehub, "dataset_download", lambda handle: str(smears))
    (workspace.datasets / "leukemia").mkdir(parents=True)
    app = press(choose(open_page("dataset"), "source", "Kaggle"), "Download from Kaggle")
    assert "'leukemia' exists already; choose another name" in app.error[0].value
    field(app, "Name").set_value("other")
    assert press(app, "Download from Kaggle").selectbox(key="data").value == "other"


def test_without_a_network_the_error_names_the_other_ways(workspace, monkeypatch):
    def offline(handle: str) -> str:
        raise socket.gaierror("no network")

    monkeypatch.setattr(kagglehub, "dataset_download", offline)
    app = press(choose(open_page("dataset"), "source", "Kaggle"), "Download from Kaggle")
    assert "no network" in app.error[0].value
    assert "zip" in app.error[0].value
    assert not workspace.datasets.exists()
