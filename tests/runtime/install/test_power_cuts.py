"""The power goes at any step, and what was not flushed is lost in part: there is a whole model all the same."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from edgecomp_runtime import Model, storage
from edgecomp_runtime.install.installing import Options, install, rollback
from edgecomp_runtime.install.status import status
from edgecomp_runtime.verify import verify

from .faults import CALLS
from .power_cuts import Disk, Tree

UNSIGNED = Options(allow_unsigned=True)


def possible_trees(
    home: Path, act: Callable[[], object], monkeypatch: pytest.MonkeyPatch, calls: Sequence[str] = CALLS
) -> list[Tree]:
    """Every different state that a power cut after some step may leave, in the order of the steps."""
    disk, found, seen, seeds = Disk(home), [], set(), itertools.count()

    def wrapper(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            result = real(*arguments, **options)
            disk.note(name, arguments, result)
            for tree in disk.after_cut(next(seeds) for _ in range(8)):
                key = hash(frozenset(tree.items()))
                if key not in seen:
                    seen.add(key)
                    found.append(tree)
            return result

        return call

    with monkeypatch.context() as patch:
        for name in calls:
            patch.setattr(os, name, wrapper(name, getattr(os, name)))
        act()
    return found


def lay_out(tree: Tree, home: Path) -> None:
    for path, content in tree.items():
        place = home / path
        if content is None:
            place.mkdir(parents=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)


def check_all(trees: list[Tree], folder: Path, monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Looks at every state as an application would, and then installs once more; returns the versions found."""
    versions = set()
    for number, tree in enumerate(trees):
        home = folder / str(number)
        lay_out(tree, home)
        monkeypatch.setenv("EDGECOMP_HOME", str(home))
        model = Model.load("installed:photo")
        assert verify(model).passed
        assert not status()[0].damage
        assert not status()[0].previous_damage
        assert model.bundle is not None
        versions.add(model.bundle.manifest.version)
    return versions


def test_a_power_cut_during_an_installation(
    memory_home: Path, versions: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in versions[:2]:
        install(path, UNSIGNED)
    monkeypatch.setattr(storage, "_BLOCK_BYTES", 100)
    trees = possible_trees(memory_home, lambda: install(versions[2], UNSIGNED), monkeypatch)
    assert len(trees) > 50
    assert check_all(trees, memory_home.parent / "cuts", monkeypatch) == {1, 2}


def test_a_power_cut_during_a_rollback(
    memory_home: Path, versions: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in versions[:2]:
        install(path, UNSIGNED)
    trees = possible_trees(memory_home, lambda: rollback("photo"), monkeypatch)
    assert check_all(trees, memory_home.parent / "cuts", monkeypatch) == {0, 1}


def test_after_a_power_cut_the_next_installation_succeeds_and_leaves_no_garbage(
    memory_home: Path, versions: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in versions[:2]:
        install(path, UNSIGNED)
    trees = possible_trees(memory_home, lambda: install(versions[2], UNSIGNED), monkeypatch)
    for number, tree in enumerate(trees[:: max(1, len(trees) // 10)]):
        home = memory_home.parent / f"again{number}"
        lay_out(tree, home)
        monkeypatch.setenv("EDGECOMP_HOME", str(home))
        assert install(versions[2], UNSIGNED).state.current.version == 2
        names = {path.name for path in (home / "installed").iterdir()}
        assert names == {"photo"}
        state = json.loads((home / "installed/photo/state.json").read_bytes())
        kept = {"state.json", *(f"{state[one]['sha256']}.zip" for one in ("current", "previous"))}
        assert {path.name for path in (home / "installed/photo").iterdir()} == kept


@pytest.mark.parametrize("forgotten", ["fsync", "replace"])
def test_these_tests_notice_what_is_not_flushed_or_not_done_in_one_step(
    memory_home: Path, versions: list[Path], monkeypatch: pytest.MonkeyPatch, forgotten: str
) -> None:
    for path in versions[:2]:
        install(path, UNSIGNED)
    calls = [name for name in CALLS if name != forgotten]
    if forgotten == "replace":
        calls = list(CALLS)
        monkeypatch.setattr(
            "edgecomp_runtime.install.transaction.replace_file", lambda path, data: storage._write_flushed(path, [data])
        )
    trees = possible_trees(memory_home, lambda: install(versions[2], UNSIGNED), monkeypatch, calls)
    with pytest.raises(Exception, match=r"damaged|cannot be read|no model|not what|no such|is not|there is"):
        check_all(trees, memory_home.parent / "cuts", monkeypatch)
