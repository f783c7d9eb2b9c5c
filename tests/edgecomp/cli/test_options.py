"""The command line and Python have the same options, described by the same words."""

from __future__ import annotations

from typing import Any

import click
import pytest

from edgecomp.cli import convert, distill, evaluate, inspect
from edgecomp.pipeline.options.conversion import ConvertOptions
from edgecomp.pipeline.options.declare import flag_of, option_of, options_of
from edgecomp.pipeline.options.distillation import DistillOptions
from edgecomp.pipeline.options.ranking import RankingOptions


def options_of_command(command: click.Command) -> dict[str, click.Option]:
    return {str(one.name): one for one in command.params if isinstance(one, click.Option)}


@pytest.mark.parametrize(
    ("command", "group", "only_in_python"),
    [
        (convert.command, ConvertOptions, {"console", "remove_dead"}),
        (distill.command, DistillOptions, {"console", "settings"}),
        (inspect.command, RankingOptions, {"console"}),
    ],
    ids=["convert", "distill", "inspect"],
)
def test_what_python_takes_the_command_takes_with_the_same_words(
    command: click.Command, group: Any, only_in_python: set[str]
) -> None:
    known = options_of_command(command)
    for one in options_of(group):
        assert (one.name in known) == (one.name not in only_in_python), one.name
        if one.name in known:
            assert known[one.name].help == one.metadata["meaning"]
            assert known[one.name].opts == [flag_of(one)]


def test_evaluate_hides_samples_with_the_same_words() -> None:
    known, meant = options_of_command(evaluate.command)["hide_samples"], option_of(ConvertOptions, "hide_samples")
    assert known.help == meant.metadata["meaning"]


def test_what_only_the_command_takes_is_known() -> None:
    python = {one.name for one in options_of(ConvertOptions)}
    assert set(options_of_command(convert.command)) - python == {"keep_dead", "plan_only"}
