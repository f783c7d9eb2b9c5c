"""Networks that plain min/max quantization fails by 5 points keep their accuracy within 1 point at normal effort."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import edgecomp
from edgecomp.export.graph import freeze
from edgecomp.export.tflite import convert_graph_stock

STOCK_LOSES_AT_LEAST, OURS_LOSES_AT_MOST = 5.0, 1.0
"""Percentage points of accuracy, or of the area under the ROC curve."""


def _networks() -> ModuleType:
    path = Path(__file__).with_name("hard_networks.py")
    if path.stem not in sys.modules:
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module  # dataclasses look their module up here
        spec.loader.exec_module(module)
    return sys.modules[path.stem]


FAST = ("spread_channels",)
CASES = [pytest.param(name, marks=() if name in FAST else pytest.mark.slow) for name in _networks().CASES]


@dataclass(frozen=True)
class Measured:
    """A case, the score of its float file in percent, and the stock converter's file on the same samples."""

    case: Any
    float_score: float
    stock: bytes

    def lost(self, file: bytes) -> float:
        """Points that a file loses against float."""
        return self.float_score - 100 * float(self.case.score(file))


@pytest.fixture(scope="session")
def measured(export: Any) -> Callable[[str], Measured]:
    """A case by its name; trained and exported once."""
    made: dict[str, Measured] = {}

    def get(name: str) -> Measured:
        if name not in made:
            case = _networks().CASES[name]()
            opened, float_file = export(case.model)
            samples = [{opened.inputs[0].name: sample[None]} for sample in case.calibration]
            stock = convert_graph_stock(freeze(opened), stream=samples)
            made[name] = Measured(case, 100 * case.score(float_file), stock)
        return made[name]

    return get


@pytest.mark.parametrize("name", CASES)
def test_the_network_is_trained_and_the_stock_converter_fails_it(
    name: str, measured: Callable[[str], Measured]
) -> None:
    found = measured(name)
    assert found.float_score > 95
    assert found.lost(found.stock) >= STOCK_LOSES_AT_LEAST


@pytest.mark.parametrize("name", CASES)
def test_normal_effort_stays_within_a_point_of_float(
    name: str, measured: Callable[[str], Measured], tmp_path: Path
) -> None:
    found = measured(name)
    result = edgecomp.convert(
        found.case.model,
        data=found.case.calibration,
        out=tmp_path / "out",
        target="linux-x86-64",
        preprocess="none",
        effort="normal",
    )
    assert found.lost(result.model.read_bytes()) <= OURS_LOSES_AT_MOST
