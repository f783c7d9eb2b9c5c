"""Profiles that users write, right and wrong."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.errors import InputError
from edgecomp.targets import list_targets, load_target

MINIMAL = """\
name: my-board
title: My board
cpu:
  isa: armv8-a
os:
  arch: aarch64
runtime:
  packages: [{name: ai-edge-litert}]
  delegates: [xnnpack]
model:
  schemes: [int8, float32]
  default_scheme: int8
  io: [int8]
  default_io: int8
"""


def write(folder: Path, text: str | bytes, name: str = "board.yaml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def problems(folder: Path, text: str | bytes) -> list[str]:
    """The lines of the error, without the folder."""
    path = write(folder, text)
    with pytest.raises(InputError) as caught:
        load_target(path)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def test_the_smallest_profile(tmp_path: Path) -> None:
    target = load_target(write(tmp_path, MINIMAL))
    assert (target.name, target.model.channel_multiple, target.runtime.threads) == ("my-board", 8, 1)
    assert target.memory.ram_mb is None
    assert target.to_dict()["runtime"]["packages"] == [{"name": "ai-edge-litert", "installer": "pip"}]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("  isa: armv8-a", "  isa: armv8-a\n  cores: four", "board.yaml:5: cpu.cores: expected a whole number"),
        ("  isa: armv8-a", "  isa: armv8a", "board.yaml:4: cpu.isa: expected one of .*did you mean 'armv8-a'"),
        ("delegates:", "delegate:", "board.yaml:9: runtime.delegate: unknown key; did you mean 'delegates'"),
        ("title: My board\n", "", "board.yaml:1: the key 'title' is missing"),
        ("  default_io: int8\n", "", "board.yaml:11: model: the key 'default_io' is missing"),
        ("name: my-board", "name: My Board", "board.yaml:1: name: expected lower-case letters"),
        ("[int8, float32]", "int8", r"board.yaml:11: model.schemes: expected a list, as in \[a, b\], found 'int8'"),
        ("[int8, float32]", "[int8, int8]", r"board.yaml:11: model.schemes\[1\]: 'int8' is in the list already"),
        ("default_scheme: int8", "default_scheme: float16", "board.yaml:12: model.default_scheme: .*not among"),
        ("  io: [int8]", "  activations: none\n  io: [int8]", "board.yaml:13: model.activations: expected one of"),
        ("  io: [int8]", "  weights: per-layer\n  io: [int8]", "board.yaml:13: model.weights: expected one of"),
        ("[xnnpack]", "[]", "board.yaml:9: runtime.delegates: expected at least one item"),
        ("name: ai-edge-litert", "name: ~", r"board.yaml:8: runtime.packages\[0\].name: expected text, found nothing"),
        ("  isa: armv8-a", "  isa: armv8-a\n  ghz: .inf", "board.yaml:5: cpu.ghz: expected a number from"),
        ("  isa: armv8-a", "  isa: armv8-a\n  cores: 0x10", "board.yaml:5: cpu.cores: expected a whole number"),
        ("  isa: armv8-a", "  isa: armv8-a\n  isa: armv7-a", "board.yaml:5: 'isa' is already set on line 4"),
        ("  arch: aarch64", "  arch: &a aarch64", "board.yaml:6: anchors and aliases"),
        ("  arch: aarch64", "  arch: !!python/name:os.system x", "board.yaml:6: tags"),
        ("  arch: aarch64", "  ? [a, b]\n  : 1", "board.yaml:6: a key must be a plain word"),
        ("  arch: aarch64", "  arch: [", "board.yaml:[0-9]+: not valid YAML"),
        ("  arch: aarch64", "  arch: aarch64\n\tx: 1", "board.yaml:7: not valid YAML"),
        ("  arch: aarch64", "  arch: \x07", "board.yaml:6: not valid YAML"),
        ("  arch: aarch64", "  arch: " + "[" * 100, "board.yaml:6: nested more than 20 levels"),
    ],
)
def test_one_mistake_is_named_with_its_line(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in MINIMAL
    found = problems(tmp_path, MINIMAL.replace(old, new, 1))
    assert len(found) == 1
    assert re.match(problem, found[0]), found[0]


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    text = MINIMAL.replace("armv8-a", "z80").replace("aarch64", "pdp11").replace("[xnnpack]", "warp") + "nots: []\n"
    assert [line.split(": ")[:2] for line in problems(tmp_path, text)] == [
        ["board.yaml:4", "cpu.isa"],
        ["board.yaml:6", "os.arch"],
        ["board.yaml:9", "runtime.delegates"],
        ["board.yaml:15", "nots"],
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"", "board.yaml:1: the file is empty"),
        (b"# nothing\n", "board.yaml:1: the file is empty"),
        (b"- a\n- b\n", "board.yaml:1: expected keys and values"),
        (b"just text", "board.yaml:1: expected keys and values"),
        (b"name: a\ntitle: caf\xe9\n", "board.yaml:2: not UTF-8 text"),
        (b"\x00\x01\x02", "board.yaml:1: not valid YAML"),
        (b"a: 1\n---\nb: 2\n", "board.yaml:2: not valid YAML"),
        (b"x: 1\n" * 60_000, "board.yaml is larger than 256 KiB"),
    ],
)
def test_files_that_are_no_profile(tmp_path: Path, text: bytes, problem: str) -> None:
    assert problems(tmp_path, text)[0].startswith(problem)


def test_paths_that_are_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    for path in (tmp_path, tmp_path / "missing.yaml", tmp_path / "pipe.yaml", tmp_path / ("x" * 300 + ".yaml")):
        with pytest.raises(InputError, match=re.escape(path.name[:20])):
            load_target(path)


def test_contradictions_are_named(tmp_path: Path) -> None:
    text = MINIMAL.replace("  isa: armv8-a", "  isa: armv8-a\n  cores: 2").replace(
        "[xnnpack]", "[xnnpack]\n  threads: 4"
    )
    assert problems(tmp_path, text) == ["board.yaml:11: runtime.threads: 4 threads on 2 cores; use at most 2"]


def test_weights_per_tensor_contradict_schemes_without_such_kernels(tmp_path: Path) -> None:
    text = MINIMAL.replace("[int8, float32]", "[int8, dynamic]\n  weights: per-tensor")
    assert problems(tmp_path, text) == [
        "board.yaml:12: model.weights: 'dynamic' among model.schemes has no kernels for it; leave that out there"
    ]


def test_scales_are_per_channel_and_zero_points_free_unless_said_otherwise(tmp_path: Path) -> None:
    model = load_target(write(tmp_path, MINIMAL)).model
    assert (model.per_tensor_weights, model.symmetric_activations) == (False, False)
    said = MINIMAL.replace("  io: [int8]", "  weights: per-tensor\n  activations: symmetric\n  io: [int8]")
    model = load_target(write(tmp_path, said)).model
    assert (model.per_tensor_weights, model.symmetric_activations) == (True, True)


def test_versions_need_no_quotes(tmp_path: Path) -> None:
    text = MINIMAL.replace("{name: ai-edge-litert}", "{name: x, version: 2.10, pythons: [3.10, 3.9]}")
    package = load_target(write(tmp_path, text)).runtime.packages[0]
    assert (package.version, package.pythons) == ("2.10", ("3.10", "3.9"))


def test_extending_a_builtin_profile(tmp_path: Path) -> None:
    text = "name: kiosk\ntitle: Kiosk\nextends: raspberry-pi-4b\nmemory:\n  budget_mb: 64\nnotes: [one]\n"
    target, base = load_target(write(tmp_path, text)), load_target("raspberry-pi-4b")
    assert (target.name, target.memory.budget_mb, target.notes) == ("kiosk", 64, ("one",))
    assert (target.cpu, target.runtime, target.memory.ram_mb) == (base.cpu, base.runtime, base.memory.ram_mb)
    assert base.latencies
    assert target.latencies == ()


def test_extending_a_file_beside_it(tmp_path: Path) -> None:
    write(tmp_path, MINIMAL, "base.yaml")
    own = write(tmp_path, "name: own\ntitle: Own\nextends: ./base.yaml\ncpu: {isa: armv7-a}\n", "own.yaml")
    assert load_target(own).cpu.isa == "armv7-a"


def test_a_mistake_in_the_extended_file_is_named_there(tmp_path: Path) -> None:
    write(tmp_path, MINIMAL.replace("aarch64", "pdp11"), "base.yaml")
    own = write(tmp_path, "name: own\ntitle: Own\nextends: base.yaml\n", "own.yaml")
    with pytest.raises(InputError, match=r"base\.yaml:6: os\.arch"):
        load_target(own)


@pytest.mark.parametrize("extends", ["board.yaml", "nowhere.yaml", "raspberry-pi-99", "[a]", "''"])
def test_extending_nothing_or_itself(tmp_path: Path, extends: str) -> None:
    found = problems(tmp_path, f"name: own\ntitle: Own\nextends: {extends}\n")
    assert found[0].startswith("board.yaml:3: extends: ")


def test_a_long_chain_of_profiles_is_refused(tmp_path: Path) -> None:
    for place in range(30):
        write(tmp_path, f"name: p{place}\ntitle: P\nextends: p{place + 1}.yaml\n", f"p{place}.yaml")
    with pytest.raises(InputError, match="extend each other"):
        load_target(tmp_path / "p0.yaml")


BUILTIN = [target.path.read_text() for target in list_targets() if target.path is not None]
snippets = st.sampled_from(
    [
        "[",
        "]",
        "{",
        "}",
        ":",
        ": ",
        "- ",
        "&a ",
        "*a",
        "!!int ",
        "'",
        '"',
        "#",
        "|",
        ">",
        "\t",
        "\x00",
        "\ud7ff",
        "<<: ",
    ]
) | st.text(max_size=5)


@settings(max_examples=300)
@given(
    text=st.sampled_from(BUILTIN),
    edits=st.lists(
        st.tuples(st.sampled_from(["insert", "delete", "repeat"]), st.floats(0, 1), st.integers(1, 40), snippets),
        min_size=1,
        max_size=4,
    ),
)
def test_damaged_profiles_load_or_say_where(
    tmp_path: Path, text: str, edits: list[tuple[str, float, int, str]]
) -> None:
    for what, where, length, snippet in edits:
        place = int(where * len(text))
        if what == "insert":
            text = text[:place] + snippet + text[place:]
        elif what == "delete":
            text = text[:place] + text[place + length :]
        else:
            text = text[: place + length] + text[place:]
    path = write(tmp_path, text.encode("utf-8", "surrogatepass"))
    try:
        load_target(path)
    except InputError as error:
        lines = str(error).splitlines()
        assert lines[0].startswith(f"{path}:")
        for line in lines:
            if line.startswith(str(path)):
                assert re.match(re.escape(str(path)) + r":[1-9][0-9]*: .", line)
