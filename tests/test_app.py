"""The app's first page in every state, and how light the app stays."""

import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

PROJECT = Path(__file__).parent.parent


def open_app():
    app = AppTest.from_file(str(PROJECT / "streamlit_app.py"), default_timeout=30).run()
    assert not app.exception
    return app


def test_empty_workspace_says_what_to_do_first(workspace):
    app = open_app()
    assert "ALLCORE_DATA_ROOTS" in app.info[0].value
    assert any("dataset synthesize" in code.value for code in app.code)


def test_datasets_of_the_roots_are_listed(workspace, smears, monkeypatch):
    monkeypatch.setenv("ALLCORE_DATA_ROOTS", str(smears.parent))
    app = open_app()
    assert str(smears) in app.dataframe[0].value["folder"].tolist()


def test_finished_run_is_listed_with_its_state(finished, finished_run, monkeypatch):
    monkeypatch.setenv("ALLCORE_WORKSPACE", str(finished.workspace.root))
    table = open_app().dataframe[-1].value
    assert (table["run"][0], table["state"][0]) == (finished_run.id, "succeeded")


@pytest.mark.parametrize("damage", ["", "{", '{"schema_number": 99}'])
def test_damaged_run_is_listed_with_the_reason(workspace, damage):
    folder = workspace.runs / "20260101-000000-vgg16-32px-abcd"
    folder.mkdir(parents=True)
    (folder / "status.json").write_text(damage)
    table = open_app().dataframe[-1].value
    assert table["state"][0] == "damaged"
    assert "status.json" in table["note"][0]


def test_app_process_never_imports_tensorflow(workspace):
    program = (
        "import sys; from streamlit.testing.v1 import AppTest;"
        "app = AppTest.from_file('streamlit_app.py', default_timeout=60).run();"
        "assert not app.exception, app.exception;"
        "sys.exit(any(name in sys.modules for name in ('tensorflow', 'keras')))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
