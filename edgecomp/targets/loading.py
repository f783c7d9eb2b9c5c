"""Finds, reads and checks device profiles: the ones that come with edgecomp, and files of the user's own."""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from edgecomp.errors import InputError

from .checks import Problems
from .document import Mapping, Scalar, read_document
from .profile import Target
from .schema import check_target

BUILTIN_FOLDER = Path(__file__).parent / "profiles"
# What a profile that extends another does not take over: what it is, and what was measured on another device.
_NOT_INHERITED = frozenset({"name", "title", "extends", "latencies"})

MAX_CHAIN = 10
_SEPARATORS = re.compile(r"[-_ .]")


def load_target(name_or_path: str | Path) -> Target:
    """Loads one device profile.

    Args:
        name_or_path: the name of a profile that comes with edgecomp (`edgecomp targets list`), or the path of a YAML
            file: anything with a folder in it or ending in .yaml or .yml.

    Raises:
        InputError: no such name (with the nearest ones) or file; or the file has problems: all of them, one a line,
            each with its file and line.
    """
    return _load(_locate(str(name_or_path), Path()))


def list_targets() -> list[Target]:
    """The profiles that come with edgecomp, by name."""
    return [_load(path) for path in _builtin_paths().values()]


def target_names() -> list[str]:
    """The names of the profiles that come with edgecomp, without reading them."""
    return list(_builtin_paths())


def _load(path: Path) -> Target:
    problems = Problems()
    document = _read_with_base(path, ())
    target = check_target(_without_extends(document), problems)
    if target is None:
        raise InputError("\n".join(str(problem) for problem in sorted(problems)))
    return dataclasses.replace(target, path=path)


def _builtin_paths() -> dict[str, Path]:
    return {path.stem: path for path in sorted(BUILTIN_FOLDER.glob("*.yaml"))}


def _locate(name_or_path: str, folder: Path) -> Path:
    """The file that a name or a path means; relative paths start at `folder`."""
    if name_or_path.endswith((".yaml", ".yml")) or os.sep in name_or_path:
        return folder / name_or_path
    builtin = _builtin_paths()
    if name_or_path in builtin:
        return builtin[name_or_path]
    near = _meant(name_or_path, tuple(builtin))
    hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(builtin)}."
    raise InputError(f"there is no target called {name_or_path!r}; {hint} A profile of your own is given by its path.")


def _meant(name: str, known: Sequence[str]) -> list[str]:
    """The names that may be meant: those that contain it, such as pi4 (raspberry-pi-4b), else those spelled alike."""
    asked = _SEPARATORS.sub("", name.lower())
    holding = [one for one in known if asked and asked in _SEPARATORS.sub("", one)]
    return holding[:3] or difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.4)


def _read_with_base(path: Path, seen: tuple[Path, ...]) -> Mapping:
    """The file's nodes over those of the profile it extends, and so on."""
    own = read_document(path)
    if "extends" not in own.entries:
        return own
    line, node = own.entries["extends"]
    where = f"{path}:{line}: extends"
    if not isinstance(node, Scalar) or not node.text.strip():
        raise InputError(f"{where}: expected the name or path of a profile")
    chain = (*seen, path.resolve())
    try:
        base_path = _locate(node.text, path.parent)
        if base_path.resolve() in chain:
            raise InputError(f"{node.text} leads back to this file; take the key out of one of them")
        if len(chain) > MAX_CHAIN:
            raise InputError(f"more than {MAX_CHAIN} profiles extend each other; write one of them out")
        base = _read_with_base(base_path, chain)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
    left_out = _NOT_INHERITED | _outdated_by(own)
    inherited = {key: value for key, value in base.entries.items() if key not in left_out}
    return _merged(dataclasses.replace(base, entries=inherited), own)


def _outdated_by(own: Mapping) -> frozenset[str]:
    """Coefficients belong together, and to the CPU they were measured on."""
    return frozenset({"prediction"}) if {"prediction", "cpu"} & own.entries.keys() else frozenset()


def _merged(base: Mapping, own: Mapping) -> Mapping:
    """Both mappings in one: what `own` says wins, and mappings in mappings merge likewise. Lists are not joined."""
    entries = dict(base.entries)
    for key, (line, node) in own.entries.items():
        under = entries.get(key)
        if under is not None and isinstance(under[1], Mapping) and isinstance(node, Mapping):
            entries[key] = (line, _merged(under[1], node))
        else:
            entries[key] = (line, node)
    return dataclasses.replace(own, entries=entries)


def _without_extends(document: Mapping) -> Mapping:
    entries = {key: value for key, value in document.entries.items() if key != "extends"}
    return dataclasses.replace(document, entries=entries)
