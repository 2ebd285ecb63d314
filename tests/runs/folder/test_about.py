"""What people say of a run is kept in its folder, and never in the way of the run."""

import pytest

from allcore.errors import RunError
from allcore.runs.folder.about import About, about, say_of_run
from allcore.runs.folder.files import ABOUT_FILE
from allcore.runs.folder.store import Run
from allcore.runs.summarize import summarize
from tests.copies import copy_without_models


@pytest.fixture
def run(tmp_path):
    (tmp_path / "a-run").mkdir()
    return Run(tmp_path / "a-run")


def test_what_is_said_is_kept_without_spaces_around_it_and_tags_twice(run):
    assert about(run) == About()
    said = About(name=" first ", note="two\nlines", tags=("a", " b ", "a", ""), hidden=True)
    kept = About(name="first", note="two\nlines", tags=("a", "b"), hidden=True)
    assert say_of_run(run, said) == about(run) == kept


@pytest.mark.parametrize(
    "said", [About(name="two\nlines"), About(name="x" * 81), About(tags=("a,b",)), About(note="x" * 2001)]
)
def test_what_no_list_can_show_is_refused_and_what_was_said_stays(run, said):
    say_of_run(run, About(name="before"))
    with pytest.raises(RunError, match="expected"):
        say_of_run(run, said)
    assert about(run).name == "before"


def test_a_run_that_is_gone_is_not_brought_back(tmp_path):
    with pytest.raises(RunError, match="cannot be written"):
        say_of_run(Run(tmp_path / "gone"), About(name="ghost"))
    assert not (tmp_path / "gone").exists()


@pytest.mark.parametrize("content", ["{", "[1]", '{"tags": 3}'])
def test_damage_is_named_and_leaves_the_run_in_the_list(finished_run, tmp_path, content):
    run = copy_without_models(finished_run, tmp_path / finished_run.id)
    (run.folder / ABOUT_FILE).write_text(content)
    with pytest.raises(RunError, match=r"about\.json cannot be read"):
        about(run)
    listed = summarize(run)
    assert (listed.state, listed.name, listed.tags) == ("succeeded", "", ())
