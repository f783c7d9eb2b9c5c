"""The page of a comparison in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgecomp.compare import Device, Figure, Result, compare
from edgecomp.compare.html import render_comparison
from edgecomp.compare.result import Curve

from . import axe as checker
from .conftest import Browser

PICTURES = Path(__file__).parents[2] / "build" / "report-pages"
SCREENS = [(360, 800), (1280, 900)]


def result(name: str, latency: float, size: float, accuracy: float) -> Result:
    figures = {
        "accuracy": Figure(accuracy, accuracy - 0.01, accuracy + 0.01),
        "latency": Figure(latency, latency * 0.95, latency * 1.05),
        "size": Figure.exact(size),
        "macs": Figure.exact(5_198_464),
    }
    device = Device({"board": "Raspberry Pi 5", "cpu": "Cortex-A76", "cpus": "4"})
    curves = {"noise": Curve("share", {0.0: accuracy, 0.1: accuracy - 0.1, 0.2: accuracy - 0.3})}
    return Result(name, device, "ai_edge_litert 2.3.0, 4 threads", True, (), figures, "ab" * 32, curves=curves)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = [
        result("results/main/report.json:compressed", 2.0, 80_000, 0.91),
        result("results/a_branch_with_a_rather_long_name_" * 3 + "/report.json", 1.1, 79_000, 0.915),
        result("results/pruned/report.json:compressed", 0.6, 41_000, 0.87),
    ]
    failed = ["results/pruned/report.json:compressed: drop is 4 points (drop>0.5)"]
    path = tmp_path_factory.mktemp("comparison") / "compare.html"
    path.write_text(render_comparison(compare(results), ["drop>0.5", "latency>1.1"], failed), "utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_the_page_fits_fetches_nothing_and_keeps_nobody_out(
    browser: Browser, page: Path, axe: str, width: int, height: int, scheme: str
) -> None:
    browser.open(page, width=width, height=height, scheme=scheme)
    assert [address for address in browser.requested() if not address.startswith("data:")] == [page.as_uri()]
    assert browser.run("return document.documentElement.scrollWidth") <= width
    assert browser.complaints() == []
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / f"comparison-{width}-{scheme}.png").write_bytes(browser.picture())
    browser.run(axe)
    violations, passed = browser.run(checker.RUN, checker.RULES)
    assert passed > 10
    assert violations == []


def test_the_gate_that_failed_is_on_the_first_screen(browser: Browser, page: Path) -> None:
    browser.open(page, width=360, height=800)
    assert browser.run("return document.querySelector('.mistakes li').getBoundingClientRect().bottom") < 800
    assert "drop is 4 points" in browser.text(".mistakes")


def test_dots_lie_inside_the_plot(browser: Browser, page: Path) -> None:
    browser.open(page, width=360, height=800)
    assert browser.run("""
      const box = document.querySelector(".ratios svg").getBoundingClientRect();
      return [...document.querySelectorAll(".ratios circle")].every((one) => {
        const { left, right } = one.getBoundingClientRect();
        return left >= box.left - 10 && right <= box.right + 10;
      });
    """)
