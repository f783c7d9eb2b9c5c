"""Every command line that a page shows is one that the commands take; nothing is run."""

from __future__ import annotations

import argparse
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import edgecomp_runtime.cli  # noqa: F401 - so that its `main` can be looked up below
import pytest

from edgecomp.cli.main import cli

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *(ROOT / one / "README.md" for one in ("runtime", "samples")),
]
OURS = ("edgecomp", "edgecomp-runtime")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
OTHER_TOOLS = {"--from-oci-layout"}
"""Options that the text of a page names, and that are podman's and the like."""

device = sys.modules["edgecomp_runtime.cli.main"]._parser()  # the package's `main` is the function of that name


def console_lines(page: Path) -> Iterator[str]:
    """What stands behind `$ ` in the page's console blocks, lines that go on joined."""
    for block in re.findall(r"^```console\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE):
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith("$ "):
                yield line[2:]


def commands(line: str) -> Iterator[list[str]]:
    """The words of each of our commands in a line of a shell, without what is redirected."""
    words = shlex.split(re.sub(r"\s(\d?>|<)\s*\S+", " ", line), comments=True)
    while words:
        ends = [words.index(mark) for mark in ("&&", "|", ";") if mark in words]
        first, words = words[: min(ends, default=len(words))], words[min(ends, default=len(words)) + 1 :]
        if first and first[0] in OURS:
            yield first


def shown(page: Path) -> list[list[str]]:
    """Our commands in a page's console blocks."""
    return [one for line in console_lines(page) for one in commands(line)]


def running_text(page: Path) -> str:
    """The page without its blocks of code."""
    return re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def mentioned(page: Path) -> list[str]:
    """Our commands in the page's running text: between backticks, often with placeholders or cut short."""
    spans = re.findall(r"`([^`]*[^` ])`", running_text(page))  # one that ends in a space is no command but a literal
    return [one for one in spans if one.split()[0] in OURS]


def host_options(words: list[str]) -> set[str]:
    """The options of the command that words lead to.

    Raises:
        KeyError: there is no such verb.
    """
    command: click.Command = cli
    for word in words:
        if not isinstance(command, click.Group) or not word.isidentifier() or word.isupper():
            break
        found = command.get_command(click.Context(command), word)
        if found is None:
            raise KeyError(word)
        command = found
    if "run" in getattr(command, "commands", {}):  # `edgecomp search MODEL` is `edgecomp search run MODEL`
        command = command.commands["run"]  # type: ignore[attr-defined]
    return {option for one in command.params for option in (*one.opts, *one.secondary_opts)} | {"--help", "--debug"}


def device_options(words: list[str]) -> set[str]:
    """The same of the device's command."""
    parser = device
    for word in words:
        below = [one.choices for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
        if not below or not word.isidentifier() or word.isupper():
            break
        parser = below[0][word]
    return set(parser._option_string_actions)


def every_option() -> set[str]:
    """The options of all commands, and of the benchmarks."""

    def below(command: click.Command) -> Iterator[str]:
        for one in command.params:
            yield from (*one.opts, *one.secondary_opts)
        if isinstance(command, click.Group):
            for name in command.list_commands(click.Context(command)):
                yield from below(command.get_command(click.Context(command), name))

    def on_device(parser: argparse.ArgumentParser) -> Iterator[str]:
        yield from parser._option_string_actions
        for one in parser._actions:
            for child in one.choices.values() if isinstance(one, argparse._SubParsersAction) else ():
                yield from on_device(child)

    benchmarks = OPTION.findall("".join(one.read_text() for one in (ROOT / "benchmarks").glob("*.py")))
    return {*below(cli), *on_device(device), *benchmarks, *OTHER_TOOLS, "--help"}


def test_pages_show_commands():
    assert sum(len(shown(page)) for page in PAGES) > 50


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_command_lines_are_taken_as_they_stand(page, monkeypatch):
    monkeypatch.setattr(click.Command, "invoke", lambda *_: 0)
    for words in shown(page):
        try:
            if words[0] == "edgecomp":
                cli.main(words[1:], prog_name="edgecomp", standalone_mode=False)
            else:
                device.parse_args(words[1:])
        except (click.ClickException, SystemExit) as error:
            pytest.fail(f"{shlex.join(words)}: {error}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_in_running_text_have_the_options_named(page):
    for command in mentioned(page):
        name, *words = command.split()
        try:
            known = host_options(words) if name == "edgecomp" else device_options(words)
        except KeyError as verb:
            pytest.fail(f"`{command}`: there is no verb {verb}")
        assert set(OPTION.findall(command)) <= known, command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_options_named_anywhere_exist(page):
    assert sorted(set(OPTION.findall(running_text(page))) - every_option()) == []


@pytest.mark.parametrize("line", ["edgecomp convert --tragte pi model.keras", "edgecomp-runtime bench --modus quick x"])
def test_an_option_that_does_not_exist_is_noticed(line, monkeypatch, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"```console\n$ {line}\n```\n")
    with pytest.raises(pytest.fail.Exception):
        test_command_lines_are_taken_as_they_stand(page, monkeypatch)
