"""Options of a dataclass as keyword arguments: typed, documented, and a mistyped one is told with the nearest."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import edgecomp
from edgecomp.pipeline.options.declare import described, option
from edgecomp.pipeline.options.keywords import keywords_of


@dataclass(frozen=True, kw_only=True)
class Part:
    cup: str | None = option("What to drink from.", flag="--mug")


@dataclass(frozen=True, kw_only=True)
class TeaOptions(Part):
    sort: str = field(metadata=described("Sort of tea, for --mug and --kettle."))
    minutes: float = option("How long it draws.", default=3.0, in_python="Or `math.inf`.")


@keywords_of(TeaOptions)
def brew(water: str, options: TeaOptions) -> tuple[str, TeaOptions]:
    """Makes tea.

    Args:
        water: hot.
        options: see `TeaOptions`.

    Raises:
        TypeError: no such option.
    """
    return water, options


def test_keywords_come_to_the_options_and_defaults_to_the_rest() -> None:
    assert brew("hot", sort="green") == ("hot", TeaOptions(sort="green", minutes=3.0, cup=None))
    assert brew(water="hot", sort="green", minutes=2, cup="bowl")[1] == TeaOptions(sort="green", minutes=2, cup="bowl")


def test_the_signature_has_the_verbs_own_options_before_those_it_shares() -> None:
    parameters = inspect.signature(brew).parameters
    assert list(parameters) == ["water", "sort", "minutes", "cup"]
    assert parameters["sort"].default is inspect.Parameter.empty
    assert parameters["minutes"].default == 3.0
    assert all(one.kind is inspect.Parameter.KEYWORD_ONLY for one in list(parameters.values())[1:])


def test_the_documentation_lists_each_option_with_the_names_that_python_has() -> None:
    lines = inspect.getdoc(brew).splitlines()
    assert lines[2:7] == [
        "Args:",
        "    water: hot.",
        "    sort: Sort of tea, for `cup` and --kettle.",
        "    minutes: How long it draws. Or `math.inf`.",
        "    cup: What to drink from.",
    ]
    assert lines[-1] == "    TypeError: no such option."


@pytest.mark.parametrize(
    ("arguments", "keywords", "said"),
    [
        (["hot"], {"sort": "green", "minuets": 2}, r"brew\(\) got .*'minuets'. Did you mean 'minutes'\?$"),
        (["hot"], {"sort": "green", "xyz": 2}, r"brew\(\) got an unexpected keyword argument 'xyz'$"),
        (["hot"], {}, r"brew\(\) missing a required .*argument: 'sort'$"),
        ([], {"sort": "green"}, r"brew\(\) missing a required argument: 'water'$"),
        (["hot", "green"], {}, r"brew\(\) too many positional arguments$"),
    ],
)
def test_a_call_that_cannot_be_is_told_in_its_own_words(arguments: Any, keywords: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        brew(*arguments, **keywords)


def test_an_error_inside_is_not_taken_for_one_of_the_call() -> None:
    @keywords_of(TeaOptions)
    def spill(water: str, options: TeaOptions) -> None:
        raise TypeError("hands")

    with pytest.raises(TypeError, match=r"^hands$"):
        spill("hot", sort="green")


@pytest.mark.parametrize("call", [edgecomp.convert, edgecomp.distill], ids=["convert", "distill"])
def test_every_option_of_a_library_call_is_documented_without_words_of_the_command_line(call: Any) -> None:
    documentation = inspect.getdoc(call)
    for name in inspect.signature(call).parameters:
        assert f"\n    {name}: " in documentation
    assert "--" not in documentation
    assert "options:" not in documentation


def test_a_mistyped_option_of_a_conversion_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"convert\(\) .* 'evalution'. Did you mean 'evaluation'\?"):
        edgecomp.convert(tmp_path / "model.keras", out=tmp_path / "out", evalution="photos")
    assert not list(tmp_path.iterdir())
