"""The docs are true: commands exist and are named, links lead somewhere, targets are there."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup as Group
from typer.testing import CliRunner

from caloscope.cli import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("**/*.md"))]
LINES = re.compile(r"^caloscope (?:.*\\\n)*.*$", re.MULTILINE)


def commands(group: Group, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command of the command line, as the words one types."""
    found: list[tuple[str, ...]] = []
    for name, command in group.commands.items():
        words = (*before, name)
        found += commands(command, words) if isinstance(command, Group) else [words]
    return found


def top() -> Group:
    command = typer.main.get_command(app)
    assert isinstance(command, Group)
    return command


def written() -> list[list[str]]:
    """Every command line in a code block of the docs."""
    blocks = [b for page in PAGES for b in re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), re.DOTALL)]
    lines = [line.replace("\\\n", " ") for block in blocks for line in LINES.findall(block)]
    return [shlex.split(line, comments=True)[1:] for line in lines]


@pytest.mark.parametrize("words", commands(top()), ids=" ".join)
def test_every_command_is_in_the_docs_and_has_help(words: tuple[str, ...]) -> None:
    assert f"`caloscope {' '.join(words)}`" in (ROOT / "docs" / "commands.md").read_text("utf-8")
    result = CliRunner().invoke(app, [*words, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


@pytest.mark.parametrize("words", written(), ids=" ".join)
def test_every_command_line_in_the_docs_parses(words: list[str]) -> None:
    group, rest = top(), list(words)
    name = rest.pop(0)
    if isinstance(inner := group.commands[name], Group):
        group, name = inner, rest.pop(0)
    command = group.commands[name]
    options = {text for parameter in command.params for text in (*parameter.opts, *parameter.secondary_opts)}
    unknown = [word for word in rest if word.startswith("-") and word not in options and not is_number(word)]
    assert not unknown


def test_make_targets_in_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    readme = (ROOT / "README.md").read_text("utf-8")
    named = set(re.findall(r"^make ([a-z]+)|`make ([a-z]+)", readme, re.MULTILINE))
    assert {"demo", "test", "lint", "bench"} <= targets
    assert {one or other for one, other in named} <= targets
    first = readme.split("```sh\n")[1].splitlines()[:2]
    assert [line.split("#")[0].strip() for line in first] == ["make demo", "make test"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text("utf-8")):
        if "://" not in link:
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_changelog_knows_this_version() -> None:
    from caloscope import __version__

    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text("utf-8")


def is_number(word: str) -> bool:
    return word.lstrip("-").replace(".", "", 1).isdigit()
