"""Verbs for Python: the fields of a verb's options are the keyword arguments of its call."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable
from dataclasses import Field
from difflib import get_close_matches
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from .declare import flag_of, options_of

Subject = TypeVar("Subject")
Options = TypeVar("Options")
Result = TypeVar("Result")
Keywords = ParamSpec("Keywords")

WIDTH = 120
"""Columns of the generated documentation."""


def keywords_of(
    group: Callable[Keywords, Options],
) -> Callable[[Callable[[Subject, Options], Result]], Callable[Concatenate[Subject, Keywords], Result]]:
    """Lets a function of a subject and its options be called with the options as keyword arguments.

    Type checkers see the fields of the dataclass as keywords. `help` lists them, each with what it means, in place of
    the line of the docstring that begins with `options:`.

    Args:
        group: the dataclass of the options, with keyword-only fields.
    """
    assert isinstance(group, type)
    kind: type[Options] = group

    def decorate(function: Callable[[Subject, Options], Result]) -> Callable[Concatenate[Subject, Keywords], Result]:
        signature = _signature(function, kind)
        subject = next(iter(signature.parameters))

        @wraps(function)
        def call(*arguments: Any, **keywords: Any) -> Result:
            try:
                given = signature.bind(*arguments, **keywords).arguments
            except TypeError as error:
                raise TypeError(f"{function.__name__}() {error}{_nearest(keywords, signature)}") from None
            return function(given.pop(subject), kind(**given))

        call.__signature__ = signature  # type: ignore[attr-defined]
        call.__doc__ = _documentation(function.__doc__, kind)
        return call

    return decorate


def _signature(function: Callable[..., Any], group: type) -> inspect.Signature:
    own = inspect.signature(function)
    subject = next(iter(own.parameters.values()))
    keywords = inspect.signature(group).parameters
    ordered = [keywords[one.name] for one in options_of(group)]
    return inspect.Signature([subject, *ordered], return_annotation=own.return_annotation)


def _nearest(keywords: dict[str, Any], signature: inspect.Signature) -> str:
    unknown = next((name for name in keywords if name not in signature.parameters), "")
    known = get_close_matches(unknown, signature.parameters, n=1)
    return f". Did you mean {known[0]!r}?" if known else ""


def _documentation(written: str | None, group: type) -> str | None:
    """The docstring with the options where it has a line for them; None where Python runs without docstrings."""
    if written is None:
        return None
    options = options_of(group)
    names = {flag_of(one): one.name for one in options}
    listed = "\n".join(_entry(one, names) for one in options)
    return re.sub(r"^ +options:.*$", lambda _: listed, inspect.cleandoc(written), flags=re.MULTILINE)


def _entry(one: Field[Any], names: dict[str, str]) -> str:
    """An option as a docstring has it: under its name in Python, as are the others that it mentions."""
    told = " ".join(text for text in (one.metadata["meaning"], one.metadata["in_python"]) if text)
    told = re.sub(r"--[a-z-]+", lambda flag: f"`{names[flag[0]]}`" if flag[0] in names else flag[0], told)
    return textwrap.fill(f"{one.name}: {told}", WIDTH, initial_indent=" " * 4, subsequent_indent=" " * 8)
