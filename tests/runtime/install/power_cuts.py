"""A disk that remembers what was flushed, and what may be left of the rest when the power goes.

What a file system promises (POSIX): a file's contents last from `fsync` of the file on, the names in a folder from
`fsync` of the folder on. Of what came later, any part may be there: of a file nothing, a part, or zeros; of the changes
to one folder those up to some point.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Tree = dict[str, bytes | None]
"""Contents by path; None for a folder."""


@dataclass
class _File:
    flushed: bytes = b""
    written: bytes = b""


@dataclass
class _Folder:
    """Entries that last, and changes that may not: a name, and what it leads to now (None: removed)."""

    entries: dict[str, Any] = field(default_factory=dict)
    pending: list[tuple[str, Any]] = field(default_factory=list)

    def now(self) -> dict[str, Any]:
        return _applied(self.entries, self.pending)


class Disk:
    """Everything below a folder. `note` is told of each call ahead of it, and `after_cut` imagines the cut."""

    def __init__(self, top: Path) -> None:
        self._top = top
        self._root = self._read(top)
        self._open: dict[int, Any] = {}
        self._opening: list[Any] = []

    def note(self, name: str, arguments: tuple[Any, ...], result: Any) -> None:
        """Takes in a call that has just succeeded."""
        if name == "open":
            self._opened(Path(arguments[0]), arguments[1], result)
        elif name == "write" and arguments[0] in self._open:
            self._open[arguments[0]].written += bytes(arguments[1])[:result]
        elif name == "fsync" and arguments[0] in self._open:
            self._flush(self._open[arguments[0]])
        elif name == "close":
            self._open.pop(arguments[0], None)
        elif name in ("replace", "unlink", "mkdir") and self._inside(Path(arguments[0])):
            self._renamed(name, [Path(one) for one in arguments[:2] if not isinstance(one, int)])

    def after_cut(self, seeds: Iterable[int]) -> Iterator[Tree]:
        """What the disk may hold if the power went now: the worst, the best, and some in between."""
        for choice in (_Nothing(), _Everything(), *(random.Random(seed) for seed in seeds)):
            tree: Tree = {}
            _lay_out(self._root, "", choice, tree)
            yield tree

    def _read(self, path: Path) -> Any:
        if path.is_dir():
            return _Folder({one.name: self._read(one) for one in path.iterdir()})
        return _File(path.read_bytes(), path.read_bytes())

    def _inside(self, path: Path) -> bool:
        return path == self._top or self._top in path.parents

    def _find(self, path: Path) -> Any:
        found = self._root
        for part in path.relative_to(self._top).parts:
            found = found.now()[part]
        return found

    def _opened(self, path: Path, flags: int, descriptor: int) -> None:
        if not self._inside(path):
            return
        if flags & os.O_CREAT and path.name not in self._find(path.parent).now():
            self._find(path.parent).pending.append((path.name, _File()))
        found = self._find(path)
        if flags & os.O_TRUNC:
            found.written = b""
        self._open[descriptor] = found

    def _flush(self, one: Any) -> None:
        if isinstance(one, _Folder):
            one.entries, one.pending = one.now(), []
        else:
            one.flushed = one.written

    def _renamed(self, name: str, paths: list[Path]) -> None:
        parent = self._find(paths[0].parent)
        if name == "mkdir":
            parent.pending.append((paths[0].name, _Folder()))
            return
        moved = parent.now()[paths[0].name]
        if name == "replace":
            self._find(paths[1].parent).pending.append((paths[1].name, moved))
        parent.pending.append((paths[0].name, None))


class _Nothing(random.Random):
    def random(self) -> float:
        return 0.0


class _Everything(random.Random):
    def random(self) -> float:
        return 1.0 - 2**-53


def _applied(entries: dict[str, Any], changes: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(entries)
    for name, one in changes:
        if one is None:
            made.pop(name, None)
        else:
            made[name] = one
    return made


def _lay_out(folder: _Folder, path: str, choice: random.Random, tree: Tree) -> None:
    survived = int(choice.random() * (len(folder.pending) + 1))
    for name, one in _applied(folder.entries, folder.pending[:survived]).items():
        place = f"{path}{name}"
        if isinstance(one, _Folder):
            tree[place] = None
            _lay_out(one, f"{place}/", choice, tree)
        else:
            tree[place] = _left_of(one, choice)


def _left_of(file: _File, choice: random.Random) -> bytes:
    if file.written == file.flushed:
        return file.flushed
    share = choice.random()
    if share < 1 / 3:
        return file.flushed
    if share < 2 / 3:
        return bytes(len(file.written))
    return file.written[: int(len(file.written) * choice.random())]
