"""What the README and the pages of documentation name is there: files, headings, commands and their options."""

import json
import re
import shlex
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import get_args

import pytest
import typer

from allcore import __version__
from allcore.access import ACCESS_FILE, Person, read_access
from allcore.cli.main import app
from allcore.data.catalog import MINIMUM_PER_CLASS
from allcore.data.importing import archive
from allcore.data.intake import images
from allcore.data.splits import protocols
from allcore.evaluation.comparing.verdict import Verdict
from allcore.evaluation.image_map.making import MOST
from allcore.installation import PROJECT
from allcore.reporting.probes import CAVEAT
from allcore.runs.execution.cluster_settings import ClusterSettings, RaySettings, SlurmSettings

COMMANDS = typer.main.get_command(app)
PAGES = [
    path
    for folder in ("", "docs/", "models/", ".github/")
    for path in sorted(PROJECT.glob(f"{folder}*.md") if not folder else PROJECT.glob(f"{folder}**/*.md"))
]
FOLDERS = ("allcore", "pages", "docs", "tests", "benchmarks", "models", ".streamlit", ".github", ".ci")
FENCE = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")


def prose(page: Path) -> str:
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


@cache
def modules() -> set[str]:
    """Return what the project's Python files are called, without their folders."""
    places = ("*.py", *(f"{folder}/**/*.py" for folder in FOLDERS))
    return {file.name for place in places for file in PROJECT.glob(place)}


def anchors(page: Path) -> set[str]:
    """Return what GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(page: Path) -> list[str]:
    """Return the command lines that a page gives, in its examples and within its sentences."""
    blocks = "\n".join(FENCE.findall(page.read_text(encoding="utf-8"))).replace("\\\n", " ")
    written = [*blocks.splitlines(), *SPAN.findall(prose(page))]
    return [line for line in written if line.split("#")[0].strip()]


def parse(words: list[str]) -> None:
    """Read a command line as `python -m allcore` would, and carry nothing out."""
    command = COMMANDS
    while hasattr(command, "commands"):
        command, words = command.commands[words[0]], words[1:]
    with suppress(typer.Exit):  # --help
        command.make_context(command.name, words)


def leaves(group: typer.core.TyperGroup, before: str = "") -> set[str]:
    """Return the names of a group's commands, with the groups that they stand in; hidden ones are left out."""
    found = set()
    for name, each in group.commands.items():
        if hasattr(each, "commands"):
            found |= leaves(each, f"{before}{name} ")
        elif not each.hidden:
            found.add(f"{before}{name}")
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_lead_to_files_and_headings_that_exist(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"\w+:", link):
            continue
        path, _, heading = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name} links to {link}"
        assert not heading or heading in anchors(target), f"{page.name} links to {link}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_files_named_exist(page):
    for span in SPAN.findall(prose(page)):
        if re.fullmatch(r"\w+\.py", span):
            assert span in modules(), f"{page.name} names {span}"
        if span.split("/")[0] in FOLDERS and "/" in span and not re.search(r"[<*… ]", span):
            assert (PROJECT / span).exists(), f"{page.name} names {span}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_commands_can_be_given_as_they_are_written(page):
    targets = set(re.findall(r"^([\w-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for line in commands(page):
        words = shlex.split(line, comments=True) if re.match(r"python |make |allscope\b", line) else [""]
        if words[0] == "make":
            assert set(words[1:]) <= targets, f"{page.name}: {line}"
        elif words[0] == "allscope" and words[1:]:
            parse(words[1:])
        elif words[:3] == ["python", "-m", "allcore"]:
            if words[3:4] not in ([], ["COMMAND"]):
                parse(words[3:])
        elif words[:2] == ["python", "-m"]:
            assert (PROJECT / f"{words[2].replace('.', '/')}.py").is_file(), f"{page.name}: {line}"


@pytest.mark.parametrize("line", ["train", "train --data x --presett quick", "runs shou x", "runs show", "predict"])
def test_a_command_that_cannot_be_given_is_seen(line):
    with pytest.raises((KeyError, typer.TyperException)):
        parse(line.split())


def test_the_page_of_commands_has_every_command_and_no_other():
    table = re.findall(r"^\| (`.*?) \| ", (PROJECT / "docs/command-line.md").read_text(encoding="utf-8"), re.MULTILINE)
    spans = [span.replace("\\|", "|").split() for row in table for span in SPAN.findall(row)]
    groups = {name for name, each in COMMANDS.commands.items() if hasattr(each, "commands")}
    named = {" ".join(words[: 2 if words[0] in groups else 1]) for words in spans if not words[0].isupper()}
    assert named == leaves(COMMANDS)


def test_the_index_leads_to_every_page():
    index = (PROJECT / "docs/README.md").read_text(encoding="utf-8")
    pages = {path.name for path in (PROJECT / "docs").glob("*.md")} - {"README.md"}
    assert set(re.findall(r"\]\(([\w-]+\.md)\)", index)) == pages


def test_the_page_on_cells_says_of_probes_what_their_caveat_says():
    said = " ".join((PROJECT / "docs" / "cells.md").read_text(encoding="utf-8").split())
    assert "nothing shows that the model needs what was taken away" in said
    assert "does not need" not in said
    assert "Intervals are not adjusted for the number of probes" in CAVEAT
    assert "Intervals are not adjusted for the number of probes" in said


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_no_command_writes_over_a_file_that_comes_with_allscope(page):
    for line in commands(page):
        for written in re.findall(r"python -m allcore .*(?:--(?:output|csv|figure) |> )([^\s`]+)", line):
            assert not (PROJECT / written).exists(), f"{page.name}: {line}"


def test_who_may_look_and_act_is_what_the_page_on_servers_says(tmp_path):
    files = {
        "there is no such file": None,
        "it has no `look`": {"act": ["anna@lab.org"]},
        'it has `"look": []`': {"act": ["anna@lab.org"], "look": []},
        "it has no `act`": {"look": ["bob@lab.org"]},
    }
    people = {
        "those of `act`": "anna@lab.org",
        "those of `look`": "bob@lab.org",
        "everyone who signs in": "eve@gmail.com",
    }
    page = (PROJECT / "docs/deployment.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", page, re.MULTILINE)[2:]
    assert {row[0] for row in told} == {*files, "it is damaged"}
    for file, look, act in told:
        if file not in files:
            assert (look, act) == ("nobody", "nobody")  # read_access refuses it
            continue
        (tmp_path / ACCESS_FILE).unlink(missing_ok=True)
        if files[file] is not None:
            (tmp_path / ACCESS_FILE).write_text(json.dumps(files[file]))
        rights = {who: read_access(tmp_path).right_of(Person(email)) for who, email in people.items()}
        assert ("everyone" in look) == (rights["everyone who signs in"] == "look"), file
        assert ("`look`" in look) == (
            rights["everyone who signs in"] is None and rights["those of `look`"] == "look"
        ), file
        assert ("`act`" in act) == (rights["those of `act`"] == "act"), file
        assert "act" not in (rights["everyone who signs in"], rights["those of `look`"])


def test_hosts_are_named_where_they_count():
    page = (PROJECT / "docs/deployment.md").read_text(encoding="utf-8")
    assert "allscope app --server.allowedHosts HOST" in page
    assert "python -m allcore app --server.allowedHosts HOST" in page


def test_what_a_cluster_is_asked_for_where_nothing_is_said():
    text = (PROJECT / "docs/cluster.md").read_text(encoding="utf-8")
    slurm, ray = text.partition("## Ray in five minutes")[::2]
    of_slurm = {name: SlurmSettings.model_fields[name].default for name in ("cpus", "warning_seconds")}
    of_ray = {name: field.default for name, field in RaySettings.model_fields.items()}
    at_once = {"at_once": ClusterSettings.model_fields["at_once"].default}
    for part, defaults in ((slurm, of_slurm), (ray, of_ray)):
        for name, value in (at_once | defaults).items():
            assert f"`{name}` {value:g}" in part


def test_limits_of_images_and_imports_are_those_of_the_page():
    page = " ".join((PROJECT / "docs/data.md").read_text(encoding="utf-8").split())
    for said in (
        f"a side of less than {images._MIN_SIDE} px",
        f"more than {images.MAX_PIXELS // 10**6} megapixels",
        f"more than {images._MAX_FILE_BYTES // 2**20} MiB",
        f"at least {MINIMUM_PER_CLASS} usable images",
        f"at least {protocols._FEWEST_STAINS} stain clusters",
        f"{archive._MAX_MEMBERS:,} members",
        f"unpack to {archive._MAX_TOTAL_BYTES // 2**30} GiB",
    ):
        assert said in page


@pytest.mark.parametrize("page", ["docs/app.md", "docs/command-line.md"])
def test_how_many_images_a_map_has_at_most_is_on_the_pages(page):
    assert re.search(f"{MOST:,}.*, drawn at random", (PROJECT / page).read_text(encoding="utf-8"))


def test_verdicts_on_sizes_are_those_of_a_study():
    page = (PROJECT / "docs/image-size.md").read_text(encoding="utf-8")
    verdicts = re.findall(r"^\| \d+ and \d+ px .*\| \**([^|*]+?)\** \|$", page, re.MULTILINE)
    assert len(verdicts) == 3
    assert {verdict.replace("within one point", "within the margin") for verdict in verdicts} <= {*get_args(Verdict)}


def test_how_things_are_named_is_on_the_page_of_commands():
    page = (PROJECT / "docs/command-line.md").read_text(encoding="utf-8")
    for name in ("RUN", "MODEL", "STUDY", "DIR"):
        assert f"`{name}` is" in page


def test_the_citation_has_the_version_and_all_that_the_readme_asks_to_cite():
    citation = (PROJECT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {__version__}\n" in citation
    for doi in re.findall(r"doi (10\.[^\s,]+\w)", (PROJECT / "README.md").read_text(encoding="utf-8")):
        assert f"doi: {doi}\n" in citation


def test_the_readme_can_be_read_in_one_sitting():
    assert len((PROJECT / "README.md").read_text(encoding="utf-8").splitlines()) <= 200
