"""The page in a real browser: nothing is fetched, nothing goes wrong, it fits a phone, and the table sorts."""

from __future__ import annotations

import base64
import copy
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from edgecomp.report import render_html

from . import axe as checker
from .conftest import Browser
from .full_report import full_report

HOSTILE = (
    "</script><script>document.title='taken'</script><img src=http://198.51.100.1/x onerror=document.title='taken'>"
)


def report() -> dict[str, Any]:
    layers = [
        {
            "name": f"block_{index}/convolution",
            "op": "CONV_2D",
            "macs": 1000 * index,
            "bytes": 90 + index,
            "sqnr_db": 40 - index % 7,
            "own_sqnr_db": 45 - index % 9,
            "tensor": f"network_1/block_{index}_relu/Relu6;network_1/block_{index}/batchnorm/sub_1",
            "range": [-1.25e-5, 12.5],
            "representable": [-1.25, 10.5],
            "clipped_share": 0.001 * (index % 3),
            "histogram": {"low": -1.25, "high": 12.5, "counts": list(range(64))} if index % 7 == 6 else None,
            "dtype": "int8",
        }
        for index in range(40)
    ]
    layers[11] = {"name": HOSTILE, "op": "ADD", "macs": 0, "bytes": 0, "sqnr_db": None}
    layers[12]["name"] = "a_name_without_a_place_to_break_" * 8
    return {
        "schema": 1,
        "target": "raspberry-pi-4b",
        "source": {"path": f"/models/{'long_' * 20}digits.keras", "sha256": "ab" * 32},
        "float": {
            "bytes": 4_000_000,
            "metric": {"name": "top1", "value": 0.9744, "n": 900},
            "latency_ms": {"p50": 6.1},
        },
        "stock": {
            "bytes": 1_010_000,
            "metric": {"name": "top1", "value": 0.9611, "n": 900},
            "latency_ms": {"p50": 3.9},
        },
        "compressed": {
            "bytes": 1_000_000,
            "metric": {"name": "top1", "value": 0.9722, "n": 900},
            "latency_ms": {"p50": 3.6},
        },
        "drop_points": 0.22,
        "budget": {"max_drop_points": 1.0, "met": True},
        "predicted": {"latency_ms": 17.4, "low": 14.1, "high": 21.5},
        "findings": [
            {
                "severity": "warning",
                "rule": "xnnpack-partitions",
                "what": "XNNPACK runs the model in 3 parts, cut by 2 operators that it leaves over (AVERAGE_POOL_2D)",
                "remedy": "replace these operators, or move them to the beginning or end of the model",
                "layers": ["a_name_without_a_place_to_break_" * 3, HOSTILE],
            },
            {"severity": "blocker", "rule": "flex-operator", "what": "FlexErf " * 30, "remedy": "", "layers": []},
            {"severity": "note", "rule": "kernel-block", "what": "24 channels", "remedy": "take 32", "layers": ["b"]},
        ],
        "layers": layers,
        "tried": [
            {"settings": {"ranges": "minmax"}, "error_db": 28.0, "agreement": 0.98, "seconds": 0.4},
            {
                "settings": {"ranges": "mse", "equalize": True, "bias_correction": True, "float_operators": 1},
                "error_db": 33.5,
                "agreement": 0.994,
                "seconds": 0.9,
                "kept": True,
                "note": "the best on held-out samples",
            },
        ],
        "quantization": {
            "effort": "normal",
            "held_out": 50,
            "reason": "Robust ranges gave the smallest error of the outputs.",
            "equalized": [{"from": "block_1", "to": HOSTILE, "factor": 12.5, "gain_db": 3.0}],
            "float_operators": [
                {"layer": "a_name_without_a_place_to_break_" * 3, "op": "SOFTMAX", "reason": "as it is"}
            ],
        },
        "steps": [
            {"name": "export", "seconds": 2.5, "detail": "equal within 2e-6"},
            {"name": "quantize", "seconds": 0.1},
        ],
        "warnings": ["3 photos could not be read."],
        "environment": {"cpu": "a CPU with a name", "threads": 1},
    }


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render_html(report()), "utf-8")
    return path


def test_nothing_is_fetched_and_nothing_is_complained_of(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert [address for address in browser.requested() if not address.startswith("data:")] == [page.as_uri()]
    assert browser.complaints() == []


def test_the_browser_would_notice_a_fetch(browser: Browser, tmp_path: Path) -> None:
    """Keeps the test above honest: the same page with an image in it must be caught."""
    path = tmp_path / "fetching.html"
    path.write_text("<!DOCTYPE html><title>x</title><img src='http://127.0.0.1:9/x.png'>", "utf-8")
    browser.open(path)
    assert "http://127.0.0.1:9/x.png" in browser.requested()
    assert browser.complaints()


def test_names_from_a_model_file_stay_text(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert browser.run("return document.title") != "taken"
    assert browser.run("return document.images.length") == 0
    names = browser.run("return [...document.querySelectorAll('#layer-table tbody th')].map(one => one.textContent)")
    assert any("</script><script>" in name for name in names)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(360, 800), (1280, 1600)])
def test_the_page_never_scrolls_sideways(browser: Browser, page: Path, width: int, height: int, scheme: str) -> None:
    browser.open(page, width=width, height=height, scheme=scheme)
    assert browser.run("return innerWidth") == width
    browser.run("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert browser.run("return document.documentElement.scrollWidth") <= width
    assert browser.run(
        "return [...document.querySelectorAll('.scroll')].every(one => one.scrollWidth <= one.clientWidth)"
    )


def test_the_theme_follows_the_reader(browser: Browser, page: Path) -> None:
    shade = "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number).reduce((a, b) => a + b)"
    browser.open(page, scheme="light")
    light = browser.run(shade)
    browser.open(page, scheme="dark")
    assert browser.run(shade) < 200 < 600 < light


def test_all_text_and_marks_have_the_contrast_that_wcag_asks_for(browser: Browser, page: Path) -> None:
    """WCAG 2.2: 4.5 to 1 between any text and what lies behind it (1.4.3), 3 to 1 for the marks of a plot (1.4.11)."""
    script = """
      const channels = (text) => text.match(/[\\d.]+/g).map(Number);
      const luminance = ([r, g, b]) => [r, g, b].map((one) => one / 255)
        .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
        .reduce((sum, one, place) => sum + one * [0.2126, 0.7152, 0.0722][place], 0);
      const behind = (node) => {
        for (let one = node; one; one = one.parentElement) {
          const color = channels(getComputedStyle(one).backgroundColor);
          if (color.length < 4 || color[3] === 1) return color;
        }
      };
      const faint = [];
      let looked = 0;
      for (const node of document.body.querySelectorAll("*")) {
        const worded = [...node.childNodes].some((one) => one.nodeType === 3 && one.data.trim());
        const mark = node.matches("circle, .bar, .share rect, .inside, .outside");
        if (!(worded || mark) || !node.checkVisibility() || ["SCRIPT", "title"].includes(node.tagName)) continue;
        const style = getComputedStyle(node);
        const text = luminance(channels(node instanceof SVGElement ? style.fill : style.color));
        const back = luminance(behind(node instanceof SVGElement ? node.ownerSVGElement : node));
        const ratio = (Math.max(text, back) + 0.05) / (Math.min(text, back) + 0.05);
        looked += 1;
        if (ratio < (mark ? 3 : 4.5)) faint.push(`${node.textContent.slice(0, 30)} ${ratio.toFixed(2)}`);
      }
      return [looked, faint];
    """
    for scheme in ("light", "dark"):
        browser.open(page, scheme=scheme)
        looked, faint = browser.run(script)
        assert looked > 100
        assert faint == []


def test_the_table_sorts_by_keyboard_and_keeps_what_was_not_measured_last(browser: Browser, page: Path) -> None:
    browser.open(page)
    column = "return [...document.querySelector('#layer-table').tBodies[0].rows].map(row => row.cells[2].dataset.v)"
    before = browser.run(column)
    own = browser.run(column.replace("cells[2]", "cells[3]"))
    assert [float(value) for value in own[:-1]] == sorted(float(value) for value in own[:-1])
    for expected, reverse in (("ascending", False), ("descending", True)):
        browser.run("document.querySelectorAll('#layer-table thead button')[2].focus()")
        browser.press("\ue007")
        values = browser.run(column)
        assert (
            browser.run("return document.querySelectorAll('#layer-table th')[2].getAttribute('aria-sort')") == expected
        )
        assert values[-1] == ""
        assert [float(value) for value in values[:-1]] == sorted(
            (float(value) for value in before[:-1]), reverse=reverse
        )


def test_histograms_lie_inside_their_boxes_with_the_range_that_integers_hold(browser: Browser, page: Path) -> None:
    browser.open(page, width=360, height=800)
    boxes = browser.run("""
      const box = (node) => {
        const { left, right, top, bottom } = node.getBoundingClientRect();
        return [left, right, top, bottom];
      };
      const parts = [".held", ".inside", ".outside"];
      return [...document.querySelectorAll(".panel > svg")].map((svg) =>
        [box(svg), ...parts.map((part) => box(svg.querySelector(part)))]);
    """)
    assert len(boxes) == 5
    for (left, right, top, bottom), *parts in boxes:
        assert all(
            left - 1 <= one[0] < one[1] <= right + 1 and top - 1 <= one[2] < one[3] <= bottom + 1 for one in parts
        )
        held, inside, outside = parts
        assert (held[1] - left) / (right - left) == pytest.approx((10.5 + 1.25) / (12.5 + 1.25), abs=0.01)
        assert inside[1] <= outside[0] + 1


def test_the_setting_that_was_kept_is_the_one_that_is_marked(browser: Browser, page: Path) -> None:
    browser.open(page)
    rows = browser.run(
        "return [...document.querySelectorAll('.trials tbody tr')].map(one => [one.className, one.innerText])"
    )
    assert [kind for kind, _ in rows] == ["", "kept"]
    assert "kept" in rows[1][1]
    assert "equalized, biases corrected, 1 operator at float" in rows[1][1]


def test_the_rest_of_a_long_table_is_one_key_away(browser: Browser, page: Path) -> None:
    browser.open(page)
    shown = "return [...document.querySelector('#layer-table').tBodies[0].rows].filter(row => !row.hidden).length"
    few = browser.run(shown)
    browser.run("document.querySelector('.more').focus()")
    browser.press("\ue007")
    assert few < browser.run(shown) == 40


def test_a_report_with_nothing_measured_is_still_a_page(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "empty.html"
    path.write_text(render_html({"schema": 1, "target": "linux-x86-64"}), "utf-8")
    browser.open(path)
    assert browser.complaints() == []
    assert "Not judged" in browser.run("return document.body.innerText")


def test_a_network_of_thousands_of_layers_stays_usable(browser: Browser, tmp_path: Path) -> None:
    deep = copy.deepcopy(report())
    deep["layers"] = [{"name": f"layer_{index}", "sqnr_db": 30 + index % 11, "bytes": index} for index in range(4000)]
    path = tmp_path / "deep.html"
    path.write_text(render_html(deep), "utf-8")
    browser.open(path, width=360, height=800)
    assert browser.complaints() == []
    assert browser.run("return document.querySelectorAll('svg.dots circle').length") <= 240
    assert len(browser.picture()) > 10_000


DAMAGED = "Layer conv2d_3 ruins the answers: its own error leaves 1.2 dB of its output"
SCREENS = [(360, 800), (1280, 900)]
PICTURES = Path(__file__).parents[2] / "build" / "report-pages"
"""Where the pictures of a run are left to be looked at."""


@pytest.fixture(scope="module")
def full_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("full") / "report.html"
    path.write_text(render_html(full_report(diagnosis=(DAMAGED,))), "utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_a_page_with_everything_fits_fetches_nothing_and_complains_of_nothing(
    browser: Browser, full_page: Path, width: int, height: int, scheme: str
) -> None:
    browser.open(full_page, width=width, height=height, scheme=scheme)
    assert [address for address in browser.requested() if not address.startswith("data:")] == [full_page.as_uri()]
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / f"report-{width}-{scheme}.png").write_bytes(browser.picture())
    browser.run("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert browser.run("return document.documentElement.scrollWidth") <= width
    wide = "return [...document.querySelectorAll('.scroll')].filter(one => one.scrollWidth > one.clientWidth).length"
    assert browser.run(wide) == 0
    assert browser.complaints() == []


@pytest.mark.parametrize("shape", [(60, 44), (44, 60), (128, 128)])
@pytest.mark.parametrize("width", [360, 1280])
def test_maps_lie_on_the_photo_and_not_beside_it(
    browser: Browser, tmp_path: Path, shape: tuple[int, int], width: int
) -> None:
    made = full_report()
    for one in made["evaluation"]["attention"]["samples"]:
        one |= {"image": _photo(*shape), "width": shape[0], "height": shape[1]}
    path = tmp_path / "maps.html"
    path.write_text(render_html(made), "utf-8")
    browser.open(path, width=width)
    boxes = browser.run(
        "return [...document.querySelectorAll('.map')].map(map => ['img', 'svg'].map(one => {"
        "const box = map.querySelector(one).getBoundingClientRect(); return [box.x, box.y, box.width, box.height] }))"
    )
    assert boxes
    for photo, cells in boxes:
        assert cells == pytest.approx(photo, abs=1)
        assert photo[2] / photo[3] == pytest.approx(shape[0] / shape[1], rel=0.03)


@pytest.mark.parametrize("width", [360, 1280])
def test_samples_without_a_photo_leave_no_room_for_one(browser: Browser, tmp_path: Path, width: int) -> None:
    made = full_report()
    for one in made["evaluation"]["changes"]["samples"]:
        one |= {"image": None, "width": None, "height": None}
    path = tmp_path / "hidden.html"
    path.write_text(render_html(made), "utf-8")
    browser.open(path, width=width)
    assert browser.run("return document.querySelectorAll('.photos li').length") > 0
    shown = "return [...document.querySelectorAll('.photos .photo')].filter(one => one.getClientRects().length).length"
    assert browser.run(shown) == 0


def _photo(width: int, height: int) -> str:
    file = io.BytesIO()
    Image.new("RGB", (width, height), (90, 140, 60)).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_axe_finds_nothing_that_keeps_anybody_out(
    browser: Browser, full_page: Path, axe: str, width: int, height: int, scheme: str
) -> None:
    browser.open(full_page, width=width, height=height, scheme=scheme)
    browser.run("document.querySelectorAll('details').forEach(one => { one.open = true })")
    browser.run(axe)
    violations, passed = browser.run(checker.RUN, checker.RULES)
    assert passed > 20
    assert violations == []


def test_axe_would_notice_faint_text(browser: Browser, axe: str, tmp_path: Path) -> None:
    """Keeps the test above honest."""
    path = tmp_path / "faint.html"
    path.write_text(
        "<!DOCTYPE html><html lang=en><title>x</title><main><h1 style='color:#bbb'>Faint words</h1></main>", "utf-8"
    )
    browser.open(path)
    browser.run(axe)
    violations, _ = browser.run(checker.RUN, checker.RULES)
    assert any(one.startswith("color-contrast") for one in violations)


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_what_looks_like_a_mistake_is_on_the_first_screen(
    browser: Browser, full_page: Path, width: int, height: int
) -> None:
    browser.open(full_page, width=width, height=height)
    bottom = browser.run("return document.querySelector('.mistakes li').getBoundingClientRect().bottom")
    assert bottom < height
    assert "Layer conv2d_3 ruins the answers" in browser.text(".mistakes")


def test_every_sortable_table_sorts_both_ways_with_the_keyboard(browser: Browser, full_page: Path) -> None:
    browser.open(full_page)
    browser.run("document.querySelectorAll('details').forEach(one => { one.open = true })")
    tables = browser.run("return document.querySelectorAll('table.sortable').length")
    assert tables >= 12
    for table in range(tables):
        here = f"document.querySelectorAll('table.sortable')[{table}]"
        column = browser.run(f"return [...{here}.tHead.rows[0].cells].findLastIndex(one => one.dataset.key)")
        for expected in ("ascending", "descending"):
            browser.run(f"{here}.tHead.rows[0].cells[{column}].querySelector('button').focus()")
            browser.press("\ue007")
            assert browser.run(f"return {here}.tHead.rows[0].cells[{column}].getAttribute('aria-sort')") == expected
            assert browser.run(f"return {here}.querySelectorAll('[aria-sort]').length") == 1
            values = browser.run(
                f"const sorted = [...{here}.tBodies[0].rows].map(row => row.cells[{column}].dataset.v);"
                f"return {here}.tHead.rows[0].cells[{column}].dataset.key === 'number' ? sorted : null"
            )
            known = [float(one) for one in values or [] if one]
            assert known == sorted(known, reverse=expected == "descending")


def test_every_plot_has_its_numbers(browser: Browser, full_page: Path) -> None:
    """A picture for those who see it, a table for those who do not: in its section, or where its caption links to."""
    browser.open(full_page)
    lonely = browser.run("""
      return [...document.querySelectorAll("main svg[role=img]")].filter((one) => {
        const linked = one.closest("figure")?.querySelector("figcaption a[href^='#']");
        const there = linked ? document.querySelector(linked.getAttribute("href")) : one.closest("section");
        return !(one.getAttribute("aria-label") && there?.matches("table, :has(table)"));
      }).map((one) => one.getAttribute("aria-label"));
    """)
    assert lonely == []


def test_the_list_of_parts_leads_to_each_of_them(browser: Browser, full_page: Path) -> None:
    browser.open(full_page)
    ids = browser.run("return [...document.querySelectorAll('nav a')].map(one => one.getAttribute('href').slice(1))")
    sections = browser.run("return [...document.querySelectorAll('main > section > h2')].map(one => one.id)")
    assert ids == sections


def test_on_paper_everything_is_there_and_nothing_to_press(browser: Browser, full_page: Path) -> None:
    browser.open(full_page)
    browser.emulate_print()
    try:
        assert browser.run("return getComputedStyle(document.querySelector('nav')).display") == "none"
        assert browser.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    finally:
        browser.open(full_page)
