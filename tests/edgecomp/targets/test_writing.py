"""Profiles that are written."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.errors import InputError
from edgecomp.targets import load_target
from edgecomp.targets.loading import BUILTIN_FOLDER
from edgecomp.targets.prediction import MemoryLevel, NanosecondsPerInstruction, OperatorCosts, Prediction
from edgecomp.targets.writing import write_fitted

PREDICTION = Prediction(
    source='on "my" board: #1',
    unit="instructions",
    band=0.125,
    call=1234,
    memory=(MemoryLevel(512, 0.00125, 0.5),),
    instruction=NanosecondsPerInstruction(0.5, 0.25),
    operators=(
        OperatorCosts("pointwise", "int8", (4, 16, 8), mac=0.0000125, operator=150000),
        OperatorCosts("MUL by channel", "float32", element=0.25),
    ),
)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    base = load_target("raspberry-pi-4b")
    written = write_fitted(tmp_path / "mine.yaml", base, PREDICTION)
    assert written.prediction == PREDICTION
    assert written.name == "raspberry-pi-4b-fitted"
    assert (written.cpu, written.model) == (base.cpu, base.model)
    assert written == load_target(tmp_path / "mine.yaml")
    assert list(tmp_path.iterdir()) == [tmp_path / "mine.yaml"]


printable = st.text(min_size=1, max_size=40).filter(lambda text: text.strip().isprintable())
numbers = st.floats(0, 1e11).map(lambda value: float(f"{value:.3g}")).filter(lambda value: value == 0 or value > 1e-12)


@settings(max_examples=30)
@given(
    mac=numbers, call=numbers, source=st.text(min_size=1, max_size=40).filter(lambda text: text.strip().isprintable())
)
def test_any_coefficients_can_be_written(
    tmp_path_factory: pytest.TempPathFactory, mac: float, call: float, source: str
) -> None:
    own = Prediction(f"a {source}", "ns", 0.5, (OperatorCosts("ADD", "int8", mac=mac),), call=call)
    path = tmp_path_factory.mktemp("profile") / "mine.yaml"
    assert write_fitted(path, load_target("raspberry-pi-5"), own).prediction == own


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("precious")
    with pytest.raises(InputError, match="--force"):
        write_fitted(path, load_target("raspberry-pi-4b"), PREDICTION)
    assert path.read_text() == "precious"
    assert write_fitted(path, load_target("raspberry-pi-4b"), PREDICTION, force=True).prediction == PREDICTION


def test_a_file_that_appears_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.yaml"
    link = os.link

    def late(source: str, target: Path) -> None:
        path.write_text("precious")
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(InputError, match="exists"):
        write_fitted(path, load_target("raspberry-pi-4b"), PREDICTION)
    assert path.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("precious")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left"):
        write_fitted(path, load_target("raspberry-pi-4b"), PREDICTION, force=True)
    assert path.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [path]


def test_coefficients_that_no_profile_may_have_are_not_written(tmp_path: Path) -> None:
    twice = dataclasses.replace(PREDICTION, operators=PREDICTION.operators[:1] * 2)
    with pytest.raises(InputError, match="already"):
        write_fitted(tmp_path / "mine.yaml", load_target("raspberry-pi-4b"), twice)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["mine.txt", "mine"])
def test_other_endings_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="end in"):
        write_fitted(tmp_path / name, load_target("raspberry-pi-4b"), PREDICTION)


def test_shipped_profiles_are_not_written() -> None:
    with pytest.raises(InputError, match="its own profiles"):
        write_fitted(BUILTIN_FOLDER / "raspberry-pi-4b.yaml", load_target("raspberry-pi-4b"), PREDICTION, force=True)


def test_a_fitted_profile_of_ones_own_is_extended_by_its_path(tmp_path: Path) -> None:
    write_fitted(tmp_path / "mine.yaml", load_target("raspberry-pi-4b"), PREDICTION)
    (tmp_path / "more").mkdir()
    other = dataclasses.replace(PREDICTION, band=0.5)
    again = write_fitted(tmp_path / "more" / "again.yaml", load_target(tmp_path / "mine.yaml"), other)
    assert again.prediction == other
    assert "../mine.yaml" in (tmp_path / "more" / "again.yaml").read_text()
    with pytest.raises(InputError, match="the profile that is fitted"):
        write_fitted(tmp_path / "mine.yaml", load_target(tmp_path / "mine.yaml"), other, force=True)


def test_coefficients_are_inherited_whole_and_not_by_another_cpu(tmp_path: Path) -> None:
    write_fitted(tmp_path / "mine.yaml", load_target("raspberry-pi-4b"), PREDICTION)
    head = "name: kiosk\ntitle: Kiosk\nextends: ./mine.yaml\n"
    (tmp_path / "same.yaml").write_text(head + "runtime: {threads: 2}\n")
    assert load_target(tmp_path / "same.yaml").prediction == PREDICTION
    (tmp_path / "other.yaml").write_text(head + "cpu: {ghz: 1.2}\n")
    assert load_target(tmp_path / "other.yaml").prediction is None
    one = "  operators:\n    - {kind: ADD, precision: int8, element: 1}\n"
    (tmp_path / "own.yaml").write_text(head + f"prediction:\n  source: me\n  unit: ns\n  band: 0.2\n{one}")
    own = load_target(tmp_path / "own.yaml").prediction
    assert own is not None
    assert (own.instruction, own.memory, len(own.operators)) == (None, (), 1)
