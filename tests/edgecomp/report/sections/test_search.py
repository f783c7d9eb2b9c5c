"""The sections on what was searched, on layers of low rank, and on what weights take."""

from __future__ import annotations

from typing import Any

import pytest

from edgecomp.report import render_html, validate_report
from edgecomp.report.plots.scatter import Dot, scatter
from edgecomp.report.sections.low_rank import read_low_rank
from edgecomp.report.sections.search import POINT_LIMIT, read_search
from edgecomp.report.sections.weights import read_weights, weights_line


def report(**parts: Any) -> dict[str, Any]:
    made = {"schema": 1, "target": "raspberry-pi-4b", **parts}
    validate_report(made)
    return made


def point(name: str, loss: float, latency: float, **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": "candidate", "loss_points": loss, "latency": latency, "bytes": 1000, **more}


SEARCH: dict[str, Any] = {
    "goal": "latency",
    "limits": {"max_drop_points": 1.0, "max_latency_ms": None, "max_bytes": 80_000},
    "met": True,
    "latency_unit": "ms",
    "judged_on": {"set": "evaluation", "n": 270, "measure": "accuracy"},
    "seconds": 61.0,
    "points": [
        {**point("float", 0.0, 4.0), "kind": "float"},
        point("a", 0.4, 1.0, front=True, chosen=True),
        point("b", -0.1, 2.0, front=True),
        point("c", 3.0, 3.0),
    ],
}


def test_what_was_asked_for_and_whether_it_is_met_comes_first() -> None:
    search = read_search(report(search=SEARCH))
    assert search.summary == (
        "Asked for: goal latency, accuracy lost at most 1 point, at most 80.0 kB. Met. "
        "3 candidates were tried in 61.0 s. "
        "They were judged on 270 evaluation samples."
    )
    assert "Not met" in read_search(report(search={**SEARCH, "met": False})).summary


def test_the_candidate_that_was_taken_is_marked_in_the_table_and_drawn_last() -> None:
    search = read_search(report(search=SEARCH))
    assert [one.name for one in search.candidates if one.chosen] == ["a"]
    assert search.plot is not None
    assert [one.kind for one in search.plot.dots] == ["other", "other", "front", "chosen"]
    page = render_html(report(search=SEARCH))
    assert 'href="#search"' in page
    assert '<tr class="kept"><th scope="row">a <span class="badge">taken</span>' in page


def test_the_one_that_was_taken_is_shown_however_many_there_are() -> None:
    many = [point(f"p{place}", 1.0, 1.0) for place in range(POINT_LIMIT + 50)] + [point("taken", 0.0, 1.0, chosen=True)]
    search = read_search(report(search={**SEARCH, "points": many}))
    assert len(search.candidates) == POINT_LIMIT + 1
    assert search.candidates[-1].name == "taken"
    assert search.candidate_count == POINT_LIMIT + 51


def test_dots_lie_inside_the_plot_gains_below_zero_too() -> None:
    plot = scatter(
        [Dot(1.0, -2.0, "other", ""), Dot(5.0, 3.0, "front", ""), Dot(2.0, 0.0, "chosen", "")], x_unit="ms", summary=""
    )
    assert plot is not None
    assert all(0 <= one.left <= 100 and 0 <= one.top <= 100 for one in plot.dots)
    assert plot.places[0].text == "0 ms"
    assert scatter([Dot(1.0, 1.0, "other", "")] * 2, x_unit="ms", summary="") is None


def test_a_report_without_a_search_has_no_section_of_it() -> None:
    page = render_html(report(search=None, weights=None, low_rank=None))
    assert not any(f'id="{one}"' in page for one in ("search", "weights", "low-rank"))


def test_layers_of_low_rank_say_what_they_became() -> None:
    layer = {"name": "dense", "is": "784 x 300", "becomes": "784 x 20 x 300", "kept": 0.987}
    found = read_low_rank(
        report(
            low_rank={
                "macs": {"before": 235_200, "after": 21_680},
                "layers": [{**layer, "macs_before": 235_200, "macs_after": 21_680}],
                "left_alone": [{"layer": "out", "reason": "too small"}],
            }
        )
    )
    assert found.summary == "Multiply-accumulates: 235 k → 21.7 k."
    assert (found.layers[0].kept, found.layers[0].macs) == ("98.7%", "235 k → 21.7 k")
    assert found.left_alone == (("out", "too small"),)


@pytest.mark.parametrize(
    ("weights", "line"),
    [
        (None, ""),
        ({"bits_per_weight": 1.93}, "a weight takes 1.93 bits"),
        (
            {"bits_per_weight": 2.0, "zeros": 0.8, "transport_bytes": 41_000},
            "a weight takes 2.00 bits, 80% of the weights are zero, the file is 41.0 kB on the way to a device",
        ),
    ],
)
def test_what_weights_take_is_one_line(weights: Any, line: str) -> None:
    assert weights_line(report(weights=weights)) == line


def test_weights_layer_by_layer() -> None:
    layer = {"layer": "conv", "weights": 1000, "zeros": 800, "values": 16, "bits_per_weight": 1.2, "output_db": 21.0}
    (row,) = read_weights(report(weights={"layers": [layer]})).layers
    assert row.zeros == 0.8
    assert row.texts == ("1.00 k", "80%", "16", "1.20", "21.0 dB")
