"""The page's arithmetic against the device package's: preprocessing, classes and percentiles from the same vectors."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from edgecomp_runtime.classes import probabilities, rank
from edgecomp_runtime.contract import ImageContract, InputContract, OutputContract
from edgecomp_runtime.measure.percentiles import order_interval, summarize
from edgecomp_runtime.preprocess import prepare
from edgecomp_runtime.quantization import dequantize, quantize

from edgecomp.phone.server import PageServer
from edgecomp.phone.site import page_files

from ..conftest import Browser

IMAGES = 200
BATCH = 25
SCALE, ZERO_POINT = 0.0078125, 128


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Browser]:
    """A browser on a page of the same origin as the modules."""
    with PageServer("127.0.0.1", 0, {**page_files(), "empty.html": b"<!doctype html>"}, lambda _: None) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        browser.open(f"{server.link}empty.html")
        yield browser
        server.shutdown()


def random_case(random: np.random.Generator, number: int) -> tuple[np.ndarray, InputContract]:
    color = ("rgb", "bgr", "gray")[number % 3]
    channels = 1 if color == "gray" else 3
    height, width = (int(size) for size in random.integers(1, 40, 2))
    image = ImageContract(
        height,
        width,
        color,
        ("stretch", "crop", "pad")[number // 3 % 3],
        ("nearest", "bilinear", "bicubic", "lanczos")[number // 9 % 4],
    )
    mean = tuple(random.uniform(0, 200, channels if number % 2 else 1))
    std = tuple(random.uniform(0.5, 255, channels if number % 5 else 1))
    contract = InputContract("image", (1, height, width, channels), "float32", mean, std, image)
    photo_height, photo_width = (int(size) for size in random.integers(1, 70, 2))
    smooth = number % 4 == 0
    depth = (1, 3)[number % 7 > 0]
    values = random.integers(0, 256, (photo_height, photo_width, depth))
    photo = np.where(smooth, values // 8 + 100, values).astype(np.uint8)
    return photo, contract


PREPARE = """
const [contract, fit] = await Promise.all([import('./js/contract.js'), import('./js/fit.js')]);
const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
const text = (array) => {
  const raw = new Uint8Array(array.buffer);
  let found = '';
  for (const one of raw) found += String.fromCharCode(one);
  return btoa(found);
};
return cases.map((one) => {
  const photo = { width: one.width, height: one.height, channels: one.channels, data: bytes(one.data) };
  const real = contract.preparePhoto(photo, one.contract, { dtype: 'float32', scale: 0 });
  const stored = contract.encode(real, one.tensor);
  return { real: text(real), stored: text(stored), back: text(contract.decode(stored, one.tensor)) };
});
"""


def test_two_hundred_photos_are_prepared_as_on_the_device(page: Browser) -> None:
    random = np.random.default_rng(11)
    cases = [random_case(random, number) for number in range(IMAGES)]
    worst = 0
    for start in range(0, IMAGES, BATCH):
        batch = cases[start : start + BATCH]
        given = [
            {
                "width": photo.shape[1],
                "height": photo.shape[0],
                "channels": photo.shape[2],
                "data": base64.b64encode(photo.tobytes()).decode(),
                "contract": {
                    "dtype": "float32",
                    "mean": contract.mean,
                    "std": contract.std,
                    "image": contract.image.__dict__ if contract.image else None,
                },
                "tensor": {"dtype": "uint8", "scale": SCALE, "zero_point": ZERO_POINT},
            }
            for photo, contract in batch
        ]
        found = page.run(f"const cases = arguments[0]; return (async () => {{{PREPARE}}})()", given)
        for (photo, contract), answer in zip(batch, found, strict=True):
            wanted = prepare(contract, photo)
            real = np.frombuffer(base64.b64decode(answer["real"]), np.float32)
            np.testing.assert_array_equal(real, wanted.ravel(), err_msg=str(contract))
            stored = np.frombuffer(base64.b64decode(answer["stored"]), np.uint8)
            expected = quantize(wanted, SCALE, ZERO_POINT, np.dtype(np.uint8)).ravel()
            worst = max(worst, int(np.abs(stored.astype(int) - expected.astype(int)).max()))
            back = np.frombuffer(base64.b64decode(answer["back"]), np.float32)
            np.testing.assert_array_equal(back, dequantize(stored, SCALE, ZERO_POINT))
    assert worst <= 1


def test_ties_are_rounded_to_even_as_on_the_device(page: Browser) -> None:
    values = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 300.0, -300.0, 0.49999997]
    found = page.run(
        "return import('./js/contract.js').then((m) => Array.from(m.encode(Float32Array.from(arguments[0]), "
        "{ dtype: 'uint8', scale: 1, zero_point: 128 })))",
        values,
    )
    assert found == quantize(np.array(values, np.float32), 1.0, 128, np.dtype(np.uint8)).tolist()


@pytest.mark.parametrize("activation", ["none", "softmax", "sigmoid"])
@pytest.mark.parametrize("columns", [1, 2, 7])
def test_scores_become_the_classes_of_the_device_package(page: Browser, activation: str, columns: int) -> None:
    row = np.random.default_rng(columns).normal(0, 3, columns).astype(np.float32)
    row[-1] = row[0]
    labels = ("no", "yes") if columns == 1 else ("a", "b")
    output = OutputContract("scores", (1, columns), "classification", activation, labels)
    wanted = rank(probabilities(row[np.newaxis], output)[0], labels, 5)
    found = page.run(
        "return import('./js/classes.js').then((m) => m.rank(m.probabilities(arguments[0], arguments[1]), "
        "arguments[2], 5))",
        row.tolist(),
        activation,
        labels,
    )
    assert [(one["label"], one["index"]) for one in found] == [(one.label, one.index) for one in wanted]
    assert [one["score"] for one in found] == pytest.approx([one.score for one in wanted])


@pytest.mark.parametrize("sizes", [[1], [3, 4], [12] * 5, [70] * 5, [400] * 6])
def test_percentiles_and_intervals_are_those_of_the_device_package(page: Browser, sizes: list[int]) -> None:
    random = np.random.default_rng(sum(sizes))
    windows = [random.lognormal(0, 0.3, size) for size in sizes]
    wanted = summarize(windows)
    found = page.run(
        "return import('./js/percentiles.js').then((m) => m.summarize(arguments[0]))", [one.tolist() for one in windows]
    )
    for name in ("p50", "p90", "p99", "mean", "least", "runs"):
        assert found[name] == pytest.approx(getattr(wanted, name)), name
    assert set(found["intervals"]) == set(wanted.intervals)
    for name, interval in wanted.intervals.items():
        assert found["intervals"][name] == pytest.approx(interval.__dict__), name


@pytest.mark.parametrize("count", [1, 2, 5, 20, 59, 1000, 50_000])
@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_order_statistics_are_chosen_alike(page: Browser, count: int, share: float) -> None:
    found = page.run(
        "return import('./js/percentiles.js').then((m) => m.orderInterval(arguments[0], arguments[1]))", count, share
    )
    assert found == pytest.approx(list(order_interval(count, share)))


STEADY = [[1.0, 1.1] * 20] * 5

JUDGED = """
return Promise.all([import('./js/validity.js'), import('./js/plan.js')]).then(([rules, { PLANS }]) =>
  rules.judgeWindows(
    PLANS[arguments[0]], arguments[1].map((times) => ({ times, seconds: arguments[2] })), arguments[3]))
"""


@pytest.mark.parametrize(
    ("mode", "windows", "seconds", "pause", "reason"),
    [
        ("quick", STEADY, 1, 5, None),
        ("standard", STEADY, 10, 5, None),
        ("standard", STEADY, 1, 5, "too short: 5.0 s of the 50 s that mode standard demands"),
        ("quick", [[1.0] * 5] * 5, 1, 5, "too few queries: 25; a valid measurement has 50 or more"),
        ("quick", [*STEADY[:2], [2.0] * 20, *STEADY[3:]], 1, 5, "not steady"),
        ("quick", [[1 + 0.04 * number] * 20 for number in range(5)], 1, 5, "throttled: suspected"),
        ("quick", [[1.0] * 16 + [2.5] * 4] * 5, 1, 5, "noisy neighbour: suspected, since p90 is 2.5 times p50"),
        ("quick", STEADY, 1, 1500, "held up: the browser let the page wait for 1.5 s"),
    ],
)
def test_what_does_not_count_has_a_reason(
    page: Browser, mode: str, windows: list[list[float]], seconds: float, pause: float, reason: str | None
) -> None:
    found = page.run(JUDGED, mode, windows, seconds, pause)
    assert [one[: len(reason)] for one in found] == [reason] if reason else found == []


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [(8.3125, "8.31 ms"), (0.0186, "18.6 µs"), (123.4, "123 ms"), (0.1, "0.100 ms"), (None, "too few runs")],
)
def test_times_have_three_digits_and_the_unit_that_fits(page: Browser, milliseconds: float | None, shown: str) -> None:
    assert page.run("return import('./js/view.js').then((m) => m.milliseconds(arguments[0]))", milliseconds) == shown
