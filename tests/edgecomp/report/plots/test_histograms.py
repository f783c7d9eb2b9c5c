from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from edgecomp.report.plots.histograms import BIN_LIMIT, PANEL_LIMIT, Panel, histogram_panels
from edgecomp.report.sections.layers import read_layers

FINITE = st.floats(-1e300, 1e300)


def panels(*layers: dict[str, Any]) -> tuple[Panel, ...]:
    report = {"layers": list(layers)}
    return histogram_panels(report, read_layers(report))


def layer(counts: list[int], *, low: float = -2, high: float = 2, **more: Any) -> dict[str, Any]:
    return {"name": "a", "histogram": {"low": low, "high": high, "counts": counts}, **more}


def bars(path: str) -> dict[int, float]:
    """Height of each bar of a path by its bin."""
    return {int(place): 100 - float(top) for place, top in re.findall(r"M(\d+) 100V([\d.]+)h1V100z", path)}


def test_bars_outside_what_integers_hold_are_apart() -> None:
    (panel,) = panels(layer([1, 7, 7, 1], representable=[-1, 1]))
    assert sorted(bars(panel.inside)) == [1, 2]
    assert sorted(bars(panel.outside)) == [0, 3]
    assert panel.held == (25, 50)
    assert (panel.low, panel.high, panel.zero) == ("−2.00", "2.00", 50)


def test_bars_grow_with_the_logarithm_so_that_a_single_value_shows() -> None:
    (panel,) = panels(layer([0, 1, 10**6]))
    heights = bars(panel.inside)
    assert 0 not in heights
    assert heights[1] > 4
    assert heights[2] == 100
    assert panel.outside == ""
    assert panel.held is None


def test_the_worst_layer_comes_first_and_those_without_a_histogram_are_left_out() -> None:
    found = panels(
        layer([1], own_sqnr_db=30), {"name": "b", "own_sqnr_db": 1}, layer([1], own_sqnr_db=20), layer([1], sqnr_db=9)
    )
    assert [panel.layer.index for panel in found] == [3, 1, 4]


def test_a_panel_is_described_for_those_who_cannot_see_it() -> None:
    (panel,) = panels(layer([1], range=[-2, 1.5], representable=[-1, 1], clipped_share=0.012))
    assert panel.summary == (
        "a: values from −2.00 to 1.50. Its quantized tensor holds −1.00 to 1.00. 1.2% of the values are clipped."
    )


def test_bins_are_merged_and_panels_cut_where_there_are_too_many() -> None:
    found = panels(*[layer([1] * 1000)] * 50)
    assert len(found) == PANEL_LIMIT
    assert found[0].bins <= BIN_LIMIT


@given(st.lists(st.integers(0, 2**62), max_size=300), FINITE, FINITE, st.none() | st.tuples(FINITE, FINITE))
def test_whatever_the_figures_a_panel_is_inside_its_box_or_absent(
    counts: list[int], low: float, high: float, representable: tuple[float, float] | None
) -> None:
    for panel in panels(layer(counts, low=low, high=high, representable=representable)):
        drawn = bars(panel.inside) | bars(panel.outside)
        assert len(drawn) == len(bars(panel.inside)) + len(bars(panel.outside))
        assert drawn
        assert all(0 <= place < panel.bins and 0 <= height <= 100 for place, height in drawn.items())
        assert panel.held is None or (panel.held[0] >= 0 and sum(panel.held) <= 100 + 1e-9 and panel.held[1] >= 0)
