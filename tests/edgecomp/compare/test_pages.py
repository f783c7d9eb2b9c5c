"""A comparison as a page and as Markdown."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from edgecomp.compare import Comparison, Device, Figure, Result, compare
from edgecomp.compare.html import render_comparison
from edgecomp.compare.markdown import comparison_markdown
from edgecomp.compare.ratios import ratio_plot
from edgecomp.compare.words import headline

PI = Device({"cpu": "Cortex-A76", "cpus": "4"})
HOSTILE = "</style><script>alert(1)</script><img src=x>|`\n# x"


def result(name: str, latency: float, size: float, *, valid: bool = True, mistakes: tuple[str, ...] = ()) -> Result:
    figures = {"latency": Figure(latency, latency * 0.95, latency * 1.05), "size": Figure.exact(size)}
    return Result(name, PI, "ai_edge_litert", valid, () if valid else ("too hot",), figures, mistakes=mistakes)


@pytest.fixture
def comparison() -> Comparison:
    return compare([result("a.json", 2.0, 100), result("b.json", 1.0, 100), result("c.json", 4.0, 50)])


def test_without_gates_nothing_is_judged(comparison: Comparison) -> None:
    found = headline(comparison, [], [])
    assert (found.outcome, found.title) == ("open", "Compared, not judged")
    assert found.lines == (
        "B against A: better in latency p50; equal: file size.",
        "C against A: better in file size; worse in latency p50.",
    )


def test_a_gate_that_failed_is_said_first(comparison: Comparison) -> None:
    page = render_comparison(comparison, ["latency>1.1"], ["c.json: latency is 2 times (latency>1.1)"])
    assert "A gate failed" in page
    assert page.index("latency is 2 times") < page.index("Side by side")
    text = comparison_markdown(comparison, ["latency>1.1"], ["c.json: latency is 2 times (latency>1.1)"])
    assert text.startswith("## ❌ A gate failed\n\n- c.json: latency is 2 times (latency\\>1.1)\n")


def test_gates_that_passed_say_so(comparison: Comparison) -> None:
    assert headline(comparison, ["size>1"], []).title == "The gate passed"
    assert "✅ All gates passed" in comparison_markdown(comparison, ["size>1", "latency>9"], [])


def test_a_mistake_in_a_result_is_named_with_its_letter() -> None:
    wrong = compare([result("a", 1, 1), result("b", 1, 1, mistakes=("Layer conv ruins the answers: …",))])
    found = headline(wrong, ["size>1"], [])
    assert found.outcome == "stop"
    assert found.mistakes == ("B: Layer conv ruins the answers: …",)
    assert "Layer conv ruins the answers" in render_comparison(wrong, [], [])
    assert wrong.to_dict()["results"][1]["mistakes"] == ["Layer conv ruins the answers: …"]


def test_what_hardly_differs_is_not_called_worse() -> None:
    found = headline(compare([result("a", 1, 100_000), result("b", 1, 100_100)]), [], [])
    assert "all but equal: file size" in found.lines[0]


def test_every_figure_of_the_comparison_is_in_both_pages(comparison: Comparison) -> None:
    page, text = render_comparison(comparison, [], []), comparison_markdown(comparison, [], [])
    for said in ("2.00 ms", "1.00 ms", "4.00 ms", "50 B", "0.500×", "better", "worse"):
        assert said in page
        assert said in text


def test_ratios_lie_on_an_axis_around_one(comparison: Comparison) -> None:
    plot = ratio_plot(comparison)
    latency = next(row for row in plot.rows if row.title.startswith("Latency"))
    half, twice = (dot.at for dot in latency.dots)
    assert half < plot.one < twice
    assert half + twice == pytest.approx(2 * plot.one)
    assert all(
        0 <= dot.low <= dot.at <= dot.high <= 100 for row in plot.rows for dot in row.dots if dot.low is not None
    )


def test_names_of_files_stay_text() -> None:
    odd = compare([result(HOSTILE, 1, 1), result("b", 1, 1)])

    class Tags(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.found: list[str] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.found.append(tag)

    tags = Tags()
    tags.feed(render_comparison(odd, [], []))
    assert not {"script", "img"} & set(tags.found)
    assert not any(line.startswith("# x") for line in comparison_markdown(odd, [], []).splitlines())


def test_two_results_that_are_the_same_still_have_an_axis() -> None:
    plot = ratio_plot(compare([result("a", 1, 1), result("b", 1, 1)]))
    assert [dot.at for row in plot.rows for dot in row.dots] == [50.0, 50.0]
    assert "1×" in [tick.text for tick in plot.levels]
