"""Reads a YAML file into nodes that know their line, and refuses what a profile has no use for.

Aliases are refused because a few lines of them expand to gigabytes, tags because they name code, and repeated keys
because YAML would silently keep one of the two.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from edgecomp.errors import InputError

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
# libyaml's parser is ten times as fast, but not every build of PyYAML has it.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Scalar:
    """A single value as written. `kind` is YAML's guess: "str", "int", "float", "bool", "null" or another."""

    file: str
    line: int
    text: str
    kind: str


@dataclass(frozen=True)
class Sequence:
    """A list of nodes."""

    file: str
    line: int
    items: tuple[Node, ...]


@dataclass(frozen=True)
class Mapping:
    """Keys with the line each is on, and their nodes."""

    file: str
    line: int
    entries: dict[str, tuple[int, Node]]


Node = Scalar | Sequence | Mapping


def read_document(path: Path) -> Mapping:
    """Reads a YAML file whose top level is a mapping.

    Raises:
        InputError: it cannot be read, is not UTF-8, is not YAML, or uses more of YAML than profiles do; with the line.
    """
    file = str(path)
    text = _text(path, file)
    try:
        _check_events(text, file)
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        marks: list[Any] = [mark for mark in (error.problem_mark, error.context_mark) if mark is not None]
        line = marks[0].line + 1 if marks else 1
        raise InputError(f"{file}:{line}: not valid YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        line = text.count("\n", 0, getattr(error, "position", None) or 0) + 1
        raise InputError(f"{file}:{line}: not valid YAML: {getattr(error, 'reason', None) or error}") from error
    if root is None:
        raise InputError(f"{file}:1: the file is empty; see docs/targets.md for what a profile says")
    node = _node(root, file)
    if not isinstance(node, Mapping):
        raise InputError(f"{file}:{node.line}: expected keys and values at the top level, as in `name: my-board`")
    return node


def _text(path: Path, file: str) -> str:
    if os.path.isdir(path):  # unlike Path.is_dir, False for what cannot be looked at
        raise InputError(f"{file} is a folder, not a profile; give the YAML file in it")
    if not os.path.isfile(path):
        raise InputError(f"{file} does not exist or is not a file; check the path")
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from error
    if len(raw) > MAX_BYTES:
        raise InputError(f"{file} is larger than {MAX_BYTES // 1024} KiB, which no profile is; check the path")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(f"{file}:{line}: not UTF-8 text; save the file as UTF-8") from error


def _check_events(text: str, file: str) -> None:
    """Looks at the file before any tree of it is built, so that depth and aliases cannot cost anything."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = _line(event.start_mark)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise InputError(f"{file}:{line}: anchors and aliases (& and *) are not allowed; write the value out")
        if getattr(event, "tag", None) is not None:
            raise InputError(f"{file}:{line}: tags (!) are not allowed; write a plain value")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise InputError(f"{file}:{line}: nested more than {MAX_DEPTH} levels deep, which no profile is")


def _node(node: yaml.Node, file: str) -> Node:
    line = _line(node.start_mark)
    if isinstance(node, yaml.ScalarNode):
        return Scalar(file, line, node.value, node.tag.rpartition(":")[2])
    if isinstance(node, yaml.SequenceNode):
        return Sequence(file, line, tuple(_node(item, file) for item in node.value))
    entries: dict[str, tuple[int, Node]] = {}
    for key, value in node.value:
        key_line = _line(key.start_mark)
        if not isinstance(key, yaml.ScalarNode):
            raise InputError(f"{file}:{key_line}: a key must be a plain word")
        if key.value in entries:
            raise InputError(
                f"{file}:{key_line}: {key.value!r} is already set on line {entries[key.value][0]}; remove one of them"
            )
        entries[key.value] = (key_line, _node(value, file))
    return Mapping(file, line, entries)


def _line(mark: Any) -> int:
    """The line a mark is on, counted from 1 as editors do; the first where there is no mark."""
    return 1 if mark is None else int(mark.line) + 1
