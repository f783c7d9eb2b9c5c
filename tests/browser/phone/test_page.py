"""The page of `edgecomp phone` in a real browser: it checks, measures, answers photos, and says what it ran on."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from edgecomp_runtime.model import Model

from edgecomp.compare import read_results
from edgecomp.phone.certificate import secure

from ..axe import RULES, RUN
from ..conftest import ELSEWHERE, Browser
from ..phone_bundles import LABELS, convolution, photo_file, write_bundle
from .conftest import ANSWERED, FAILED, MEASURE, MEASURED, READY, Serve

MOST_PAGE_BYTES = 300_000
BESIDES = """
const sizes = {}; // by name: threads read the loader again, out of the cache
for (const one of performance.getEntriesByType('resource')) {
  if (!/\\.wasm$|\\/model\\//.test(one.name)) sizes[one.name] = Math.max(sizes[one.name] ?? 0, one[arguments[0]]);
}
return Object.values(sizes).reduce((a, b) => a + b, 0);
"""


def test_goldens_pass_and_a_benchmark_on_threads_comes_back(
    browser: Browser, serve: Serve, bundle: Path, tmp_path: Path
) -> None:
    link, sent = serve(bundle)
    browser.open(f"{link}?mode=brief")
    browser.wait(READY)
    assert browser.text("#verdict") == "Computes what it must"
    assert "4 golden samples" in browser.text("#verdict-detail")
    assert "threads" in browser.text("#backend")
    browser.run(MEASURE)
    browser.wait(MEASURED)
    assert "sent to the computer" in browser.text("#bench-verdict")
    (result,) = sent
    assert result.verified is True
    assert result.bench["backend"] == "wasm-threads"
    assert result.bench["engine"]["threads"] > 1
    assert result.bench["latency_ms"]["runs"] >= 50
    assert len(result.bench["windows"]) == 5
    file = tmp_path / "phone.json"
    file.write_text(json.dumps(result.bench))
    (compared,) = read_results(str(file))
    assert compared.figures["latency"].value == pytest.approx(result.p50_ms)


def test_nothing_comes_from_elsewhere_and_no_policy_is_broken(browser: Browser, serve: Serve, bundle: Path) -> None:
    link, _ = serve(bundle)
    browser.open(link)
    browser.wait(READY)
    asked = [one for one in browser.requested() if urlsplit(one).scheme not in ("blob", "data")]
    assert {urlsplit(one).netloc for one in asked} == {urlsplit(link).netloc}
    assert not [
        one for one in browser.complaints() if "Refused" in one or "Security Policy" in one or "Uncaught" in one
    ]


def test_without_the_headers_it_runs_on_one_thread_and_says_so(browser: Browser, serve: Serve, bundle: Path) -> None:
    link, sent = serve(bundle, isolated=False)
    browser.open(f"{link}?mode=brief")
    browser.wait(READY)
    assert browser.text("#backend") == "WebAssembly, one thread"
    assert "COOP and COEP" in browser.text("#backend-notes")
    browser.run(MEASURE)
    browser.wait(MEASURED)
    assert (sent[0].bench["backend"], sent[0].bench["engine"]["threads"]) == ("wasm", 1)


def test_from_the_network_https_brings_threads_and_camera_and_http_says_what_it_lacks(
    browser: Browser, serve: Serve, bundle: Path
) -> None:
    link, _ = serve(bundle)
    browser.open(link.replace("127.0.0.1", ELSEWHERE))
    browser.wait(READY)
    assert browser.text("#backend") == "WebAssembly, one thread"
    assert "threads need HTTPS" in browser.text("#backend-notes")
    assert "A photo will do" in browser.text("#camera-note")
    link, _ = serve(bundle, tls=secure("127.0.0.1").context)
    browser.open(link.replace("127.0.0.1", ELSEWHERE))
    browser.wait(READY)
    assert "threads" in browser.text("#backend")
    assert browser.run("return !document.getElementById('camera').disabled")


def test_one_thread_can_be_asked_for(browser: Browser, serve: Serve, bundle: Path) -> None:
    link, _ = serve(bundle)
    browser.open(f"{link}?backend=wasm")
    browser.wait(READY)
    assert browser.text("#backend") == "WebAssembly, one thread"


def test_a_backend_that_is_not_there_is_named_and_another_runs(browser: Browser, serve: Serve, bundle: Path) -> None:
    link, _ = serve(bundle)
    browser.open(f"{link}?backend=webgpu")
    browser.wait(READY)
    if browser.text("#backend") == "WebGPU":
        pytest.skip("this browser has WebGPU")
    assert "WebGPU was asked for and is not to be had" in browser.text("#backend-notes")


@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_a_photo_gets_the_answer_of_the_device_package(
    browser: Browser, serve: Serve, bundle: Path, tmp_path: Path, kind: str
) -> None:
    photo = photo_file(tmp_path, kind)
    expected = Model.load(bundle).classify(photo, top=len(LABELS))
    link, _ = serve(bundle)
    browser.open(link, width=360, height=800)
    browser.wait(READY)
    browser.type_into("#photo", str(photo))
    browser.wait(ANSWERED)
    labels = browser.run(
        "return [...document.querySelectorAll('#answers li span:first-child')].map(e => e.textContent)"
    )
    scores = browser.run("return [...document.querySelectorAll('#answers .score')].map(e => parseFloat(e.textContent))")
    assert labels[0] == expected[0].label
    if kind == "png":  # decoders of JPEG may differ by a step in a pixel
        assert labels == [one.label for one in expected]
        assert scores == pytest.approx([one.score for one in expected], rel=0.006)  # three digits are shown


def test_probabilities_are_shown_as_shares_of_a_hundred(browser: Browser, serve: Serve, tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "bundle.zip", convolution(), activation="softmax")
    photo = photo_file(tmp_path)
    link, _ = serve(bundle)
    browser.open(link)
    browser.wait(READY)
    browser.type_into("#photo", str(photo))
    browser.wait(ANSWERED)
    shown = browser.run("return [...document.querySelectorAll('#answers .score')].map(e => e.textContent)")
    wanted = Model.load(bundle).classify(photo, top=len(LABELS))
    assert [float(one.removesuffix("%")) for one in shown] == pytest.approx(
        [one.score * 100 for one in wanted], abs=0.06
    )
    assert all(one.endswith("%") for one in shown)


def test_the_camera_answers_until_it_is_stopped(browser: Browser, serve: Serve, bundle: Path) -> None:
    link, _ = serve(bundle)
    browser.open(link)
    browser.wait(READY)
    browser.run("document.getElementById('camera').click()")
    browser.wait(ANSWERED)
    assert browser.text("#camera") == "Stop"
    browser.run("document.getElementById('camera').click()")
    assert browser.text("#camera") == "Camera"


def test_a_file_that_is_no_photo_is_refused_in_words(
    browser: Browser, serve: Serve, bundle: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG nothing")
    link, _ = serve(bundle)
    browser.open(link)
    browser.wait(READY)
    browser.type_into("#photo", str(broken))
    browser.wait("document.getElementById('try-status').classList.contains('bad')")
    assert "is no photo that this browser reads" in browser.text("#try-status")


def test_wrong_answers_fail_the_check_and_the_computer_hears_of_it(
    browser: Browser, serve: Serve, bundle: Path, tmp_path: Path
) -> None:
    wrong = write_bundle(tmp_path / "wrong.zip", convolution(), change=lambda golden: np.roll(golden, 1, axis=1))
    link, sent = serve(wrong)
    browser.open(f"{link}?mode=brief")
    browser.wait(READY)
    assert browser.text("#verdict") == "Computes something else"
    browser.run(MEASURE)
    browser.wait(MEASURED)
    assert sent[0].verified is False


def test_a_model_that_does_not_load_is_said_here_and_there(browser: Browser, serve: Serve, bundle: Path) -> None:
    link, sent = serve(bundle, files={"model/model.tflite": b"\x18\0\0\0TFL3" + bytes(100)})
    browser.open(link)
    browser.wait(FAILED)
    assert browser.text("#verdict") == "The model does not run in this browser"
    end = time.monotonic() + 120
    while not sent:  # the page says it first, and sends it then
        assert time.monotonic() < end, "the computer never hears of it"
        time.sleep(0.05)
    assert sent[0].failed


def test_a_measurement_in_a_hidden_tab_does_not_count(browser: Browser, serve: Serve, bundle: Path) -> None:
    link, sent = serve(bundle)
    browser.open(f"{link}?mode=brief")
    browser.wait(READY)
    browser.run("Object.defineProperty(document, 'hidden', {get: () => true})")
    browser.run(MEASURE)
    browser.wait(MEASURED)
    assert not sent[0].valid
    assert any(one.startswith("tab hidden") for one in sent[0].bench["reasons"])
    assert "Not valid" in browser.text("#bench-verdict")


def test_a_measurement_can_be_stopped(browser: Browser, serve: Serve, bundle: Path) -> None:
    link, sent = serve(bundle)
    browser.open(f"{link}?mode=standard")  # most of a minute, so that it is stopped before it ends
    browser.wait(READY)
    browser.run(MEASURE)
    browser.wait("document.getElementById('measure').textContent === 'Stop'")
    browser.run(MEASURE)
    browser.wait(MEASURED)
    assert browser.text("#bench-verdict") == "Stopped; nothing was kept."
    assert sent == []


def test_a_page_of_any_web_host_keeps_its_results_as_files(browser: Browser, serve: Serve, bundle: Path) -> None:
    link, sent = serve(bundle, takes=False)
    browser.open(f"{link}?mode=brief")
    browser.wait(READY)
    browser.run(MEASURE)
    browser.wait(MEASURED)
    assert browser.run("return !document.getElementById('download').hidden")
    assert "sent" not in browser.text("#bench-verdict")
    assert sent == []


@pytest.mark.parametrize(("width", "height", "scheme"), [(360, 800, "light"), (360, 800, "dark"), (1280, 800, "light")])
def test_the_page_fits_and_all_that_can_be_pressed_is_large_enough(
    browser: Browser, serve: Serve, bundle: Path, tmp_path: Path, width: int, height: int, scheme: str
) -> None:
    link, _ = serve(bundle)
    browser.open(f"{link}?mode=brief", width=width, height=height, scheme=scheme)
    browser.wait(READY)
    browser.run(MEASURE)
    browser.wait(MEASURED)
    browser.type_into("#photo", str(photo_file(tmp_path)))
    browser.wait(ANSWERED)
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
    heights = browser.run(
        "return [...document.querySelectorAll('button:not([hidden]), .button, summary')]"
        ".map(e => e.getBoundingClientRect().height)"
    )
    assert min(heights) >= 44
    picture = tmp_path / f"{width}-{scheme}.png"
    picture.write_bytes(browser.picture())
    assert picture.stat().st_size > 10_000


def test_everything_can_be_reached_by_keyboard_and_has_a_name(browser: Browser, serve: Serve, bundle: Path) -> None:
    link, _ = serve(bundle)
    browser.open(link)
    browser.wait(READY)
    reached: list[Any] = []
    for _ in range(6):
        browser.press("\ue004")  # Tab
        reached.append(browser.run("return document.activeElement.id || document.activeElement.tagName"))
    assert {"measure", "photo", "camera", "SUMMARY"} <= set(reached)
    nameless = browser.run(
        "return [...document.querySelectorAll('button, input, select')]"
        ".filter(e => !(e.textContent.trim() || e.labels?.length || e.ariaLabel)).map(e => e.id)"
    )
    assert nameless == []


def test_a_model_with_int8_edges_computes_and_answers_as_on_the_device(
    browser: Browser, serve: Serve, tmp_path: Path
) -> None:
    bundle = write_bundle(tmp_path / "bundle.zip", convolution(int8_edges=True))
    photo = photo_file(tmp_path)
    expected = Model.load(bundle).classify(photo, top=len(LABELS))
    link, sent = serve(bundle)
    browser.open(f"{link}?mode=brief")
    browser.wait(READY)
    assert browser.text("#verdict") == "Computes what it must"
    assert "differ by 0 steps" in browser.text("#verdict-detail")
    browser.type_into("#photo", str(photo))
    browser.wait(ANSWERED)
    assert browser.run("return document.querySelector('#answers li span').textContent") == expected[0].label
    browser.run(MEASURE)
    browser.wait(MEASURED)
    assert any("int8 inputs and outputs have floats around them" in one for one in sent[0].bench["notes"])


def test_each_file_travels_once_and_all_of_them_are_light(browser: Browser, serve: Serve, bundle: Path) -> None:
    link, _ = serve(bundle)
    browser.open(link)
    browser.wait(READY)
    asked = [one for one in browser.requested() if urlsplit(one).scheme not in ("blob", "data")]
    # Each thread reads the loader once more, out of the cache.
    twice = {one.rpartition("/")[2] for one in asked if asked.count(one) > 1}
    assert twice <= {"litert_wasm_threaded_internal.js"}
    for size in ("transferSize", "decodedBodySize"):
        assert 10_000 < browser.run(BESIDES, size) < MOST_PAGE_BYTES, size


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_before_and_after_a_measurement(
    browser: Browser, serve: Serve, bundle: Path, axe: str, tmp_path: Path, scheme: str
) -> None:
    link, _ = serve(bundle)
    browser.open(f"{link}?mode=brief", width=360, height=800, scheme=scheme)
    browser.wait(READY)
    browser.run(axe)
    found = browser.run(RUN, RULES)
    assert found[0] == []
    assert found[1] > 10
    browser.run(MEASURE)
    browser.wait(MEASURED)
    browser.type_into("#photo", str(photo_file(tmp_path)))
    browser.wait(ANSWERED)
    assert browser.run(RUN, RULES)[0] == []
