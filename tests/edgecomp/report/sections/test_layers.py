from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from edgecomp.report.plots.depth import MARK_LIMIT, clipping_plot, error_plot, size_plot
from edgecomp.report.sections.layers import by_concern, layers_summary, read_layers

SQNR = st.none() | st.floats(min_value=-200, max_value=400)
LAYERS = st.lists(
    st.fixed_dictionaries(
        {
            "sqnr_db": SQNR,
            "own_sqnr_db": SQNR,
            "clipped_share": st.none() | st.floats(0, 1),
            "bytes": st.none() | st.integers(0, 2**40),
        }
    ),
    max_size=600,
)


def report(*sqnr: float | None) -> dict[str, Any]:
    return {"layers": [{"name": f"layer_{index}", "sqnr_db": value, "bytes": 10} for index, value in enumerate(sqnr)]}


def test_the_worst_layers_come_first_and_unmeasured_ones_last() -> None:
    assert [one.index for one in by_concern(read_layers(report(30, None, 10, 20)))] == [3, 4, 1, 2]


def test_the_worst_quarter_is_highlighted_and_never_more_than_five() -> None:
    few = read_layers(report(30, 10, 40, 20, 35, 36, 37, 38))
    assert [one.index for one in few if one.highlighted] == [2, 4]
    many = read_layers(report(*range(100)))
    assert [one.index for one in many if one.highlighted] == [1, 2, 3, 4, 5]


def test_layers_are_ordered_by_the_error_they_add_where_that_is_known() -> None:
    layers = [
        {"name": "sound", "sqnr_db": 40, "own_sqnr_db": 41},
        {"name": "bad", "sqnr_db": 20.5, "own_sqnr_db": 20.6},
        {"name": "behind", "sqnr_db": 20.1, "own_sqnr_db": 35},
        {"name": "last", "sqnr_db": 20.0},
    ]
    read = read_layers({"layers": layers})
    assert [one.name for one in by_concern(read)] == ["bad", "behind", "sound", "last"]
    assert [one.name for one in read if one.highlighted] == ["bad"]
    assert layers_summary(read).startswith("bad adds the most error: alone it would leave an SQNR of 20.6 dB.")
    plot = error_plot(read)
    assert plot is not None
    assert [mark.label for mark in plot.marks] == ["", "2", "", ""]
    assert plot.marks[1].title == "2. bad: 20.5 dB, 20.6 dB by its own error alone"


def test_clipping_is_plotted_only_where_there_is_some() -> None:
    clean = read_layers({"layers": [{"clipped_share": 0.0}, {"clipped_share": None}]})
    assert clipping_plot(clean) is None
    layers = [{"name": "a", "sqnr_db": 30, "clipped_share": 0.0}, {"name": "b", "sqnr_db": 30, "clipped_share": 0.04}]
    read = read_layers({"layers": layers})
    plot = clipping_plot(read)
    assert plot is not None
    assert [(mark.title, round(mark.top)) for mark in plot.marks] == [
        ("1. a: 0% clipped", 100),
        ("2. b: 4% clipped", 0),
    ]
    assert "The most clipping is in b: 4% of its values." in layers_summary(read)


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
    assert lowest.label == "1001"
    assert size.marks[0].title == "1 to 9: 90 B"


@given(LAYERS)
def test_every_mark_lies_inside_its_plot(layers: list[dict[str, Any]]) -> None:
    read = read_layers({"layers": layers})
    for plot in (error_plot(read), clipping_plot(read), size_plot(read)):
        if plot is None:
            continue
        assert 1 <= len(plot.marks) <= MARK_LIMIT
        assert all(-1e-6 <= mark.top <= 100 + 1e-6 and 0 <= mark.left < mark.center < 100 for mark in plot.marks)
        assert all(-1e-6 <= tick.at <= 100 + 1e-6 for tick in plot.levels + plot.places)
        assert 2 <= len(plot.levels) <= 8
        assert len(plot.places) <= 12
        assert len({tick.text for tick in plot.levels}) == len(plot.levels)


def test_nothing_is_plotted_or_claimed_of_layers_without_figures() -> None:
    layers = read_layers({"layers": [{"name": "a"}, {"name": "b"}]})
    assert error_plot(layers) is None
    assert size_plot(layers) is None
    assert layers_summary(layers) == ""
