from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from edgecomp.report.layers import MARK_LIMIT, by_concern, error_plot, layers_summary, read_layers, size_plot

SQNR = st.none() | st.floats(min_value=-200, max_value=400)
LAYERS = st.lists(st.fixed_dictionaries({"sqnr_db": SQNR, "bytes": st.none() | st.integers(0, 2**40)}), max_size=600)


def report(*sqnr: float | None) -> dict[str, Any]:
    return {"layers": [{"name": f"layer_{index}", "sqnr_db": value, "bytes": 10} for index, value in enumerate(sqnr)]}


def test_the_worst_layers_come_first_and_unmeasured_ones_last() -> None:
    assert [one.index for one in by_concern(read_layers(report(30, None, 10, 20)))] == [3, 4, 1, 2]


def test_the_worst_quarter_is_highlighted_and_never_more_than_five() -> None:
    few = read_layers(report(30, 10, 40, 20, 35, 36, 37, 38))
    assert [one.index for one in few if one.highlighted] == [2, 4]
    many = read_layers(report(*range(100)))
    assert [one.index for one in many if one.highlighted] == [1, 2, 3, 4, 5]


def test_no_line_is_drawn_over_a_layer_that_was_not_measured() -> None:
    plot = error_plot(read_layers(report(30, 31, None, 32, 33)))
    assert plot is not None
    assert len(plot.marks) == 4
    assert plot.segments == ((0, 1), (2, 3))


def test_a_lower_ratio_is_drawn_lower() -> None:
    plot = error_plot(read_layers(report(30, 10, 20)))
    assert plot is not None
    tops = [mark.top for mark in plot.marks]
    assert tops[0] < tops[2] < tops[1]


def test_layers_that_share_a_mark_show_their_worst_and_their_sum() -> None:
    layers = read_layers(report(*([40] * 1000 + [5] + [40] * 999)))
    error, size = error_plot(layers), size_plot(layers)
    assert error is not None
    assert size is not None
    lowest = max(error.marks, key=lambda mark: mark.top)
    assert lowest.title == "1001. layer_1000: 5.0 dB"
    assert lowest.highlighted
    assert size.marks[0].title == "1 to 9: 90 B"


@given(LAYERS)
def test_every_mark_lies_inside_its_plot(layers: list[dict[str, Any]]) -> None:
    read = read_layers({"layers": layers})
    for plot in (error_plot(read), size_plot(read)):
        if plot is None:
            continue
        assert 1 <= len(plot.marks) <= MARK_LIMIT
        assert all(-1e-6 <= mark.top <= 100 + 1e-6 and 0 <= mark.left < mark.center < 100 for mark in plot.marks)
        assert all(-1e-6 <= tick.at <= 100 + 1e-6 for tick in plot.levels + plot.places)
        assert 2 <= len(plot.levels) <= 8
        assert len(plot.places) <= 8
        assert len({tick.text for tick in plot.levels}) == len(plot.levels)


def test_nothing_is_plotted_or_claimed_of_layers_without_figures() -> None:
    layers = read_layers({"layers": [{"name": "a"}, {"name": "b"}]})
    assert error_plot(layers) is None
    assert size_plot(layers) is None
    assert layers_summary(layers) == ""
