from __future__ import annotations

from typing import Any

import pytest

from edgecomp.report import render_html, validate_report
from edgecomp.report.sections.pruned import LAYER_LIMIT, read_pruned


def layer(name: str, before: int, after: int) -> dict[str, Any]:
    costs = {"macs_before": 1000 * before, "macs_after": 1000 * after, "bytes_before": before, "bytes_after": after}
    return {"name": name, "before": before, "after": after, **costs}


PRUNED: dict[str, Any] = {
    "dead_channels": 741,
    "dead": [{"layer": "norm_3", "reason": "gamma is zero", "channels": 700}],
    "removed_channels": 96,
    "importance": "taylor",
    "ranking": "global",
    "macs": {"before": 2_000_000, "after": 500_000},
    "layers": [layer("first", 32, 16), layer("second", 64, 64)],
    "frozen": [{"layer": "attention", "reason": "its heads stay whole"}],
}


def test_what_went_is_told_in_words() -> None:
    found = read_pruned({"pruning": PRUNED})
    assert found.summary.startswith("741 channels were dead and went")
    assert "96 more channels were pruned" in found.summary
    assert dict(found.facts) == {"MACs": "2.00 M → 500 k, 75.0% gone", "Ranked by": "taylor, over all layers"}


@pytest.mark.parametrize(
    ("pruning", "summary"),
    [
        (None, ""),
        ({"dead_channels": 1, "removed_channels": 0}, "1 channel was dead and went"),
        ({"dead_channels": 0, "removed_channels": 1}, "1 channel was pruned"),
        ({"removed_channels": 2000}, "2,000 channels were pruned"),
    ],
)
def test_only_what_happened_is_told(pruning: Any, summary: str) -> None:
    found = read_pruned({"pruning": pruning})
    assert found.summary.startswith(summary)
    assert bool(found) == bool(summary)


def test_bars_are_against_the_widest_layer() -> None:
    first, second = read_pruned({"pruning": PRUNED}).layers
    assert (first.before, first.after, second.before, second.after) == (50, 25, 100, 100)
    assert (first.channels, first.macs, first.bytes) == ("32 → 16", "32.0 k → 16.0 k", "32 B → 16 B")
    assert second.channels == "64"


def test_the_page_shows_layers_and_reasons() -> None:
    report = {"schema": 1, "target": "pi", "pruning": PRUNED}
    validate_report(report)
    page = render_html(report)
    for text in ("What was pruned", "gamma is zero", "32 → 16", "its heads stay whole", 'class="had" width="50.0%"'):
        assert text in page
    assert "What was pruned" not in render_html({"schema": 1, "target": "pi", "pruning": None})


def test_a_deep_network_is_cut_and_says_so() -> None:
    deep = {**PRUNED, "layers": [layer(f"layer_{index}", 64, 8) for index in range(5000)]}
    page = render_html({"schema": 1, "target": "pi", "pruning": deep})
    assert f"The first {LAYER_LIMIT}; all are in report.json." in page
    assert len(page) < 300_000
