"""A model in Chromium (`edgecomp phone`) against the native interpreter on the same machine, with as many threads.

Needs chromium, and LiteRT.js (`edgecomp phone --install`). Page and interpreter are measured in turns.
"""

from __future__ import annotations

import gzip
import os
import queue
import shutil
import statistics
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

ROUNDS = 3
SECONDS = 120
GOAL = "goal: at most 4x"
FIRST_ANSWER_GOAL = "goal: under 3 s"
WEIGHT_GOAL = "goal: under 300 kB"
SHAPE = (224, 224, 3)


def measure(folder: Path) -> list[str]:
    """Measures MobileNetV2-224 in float32 and int8, with threads and without.

    Returns:
        lines for people to read.
    """
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        return ["phone: there is no chromium here"]
    lines = [_weight()]
    for scheme in ("int8", "float32"):
        bundle = _bundle(folder / f"{scheme}.zip", scheme)
        lines += [_compare(bundle, scheme, backend, chromium, folder) for backend in ("wasm-threads", "wasm")]
    return lines


def _weight() -> str:
    from edgecomp.phone import litert_js
    from edgecomp.phone.site import page_files

    folder = litert_js.install()
    scripts = ("index.js", "wasm_utils.js", f"wasm/{litert_js.BUILDS[-1]}.js")
    files = [*page_files().values(), *((folder / name).read_bytes() for name in scripts)]
    wasm = (folder / f"wasm/{litert_js.BUILDS[-1]}.wasm").stat().st_size
    sent = len(litert_js.compressed(folder)[f"wasm/{litert_js.BUILDS[-1]}.wasm"])
    return (
        f"the page besides WebAssembly and model: {sum(map(len, files)) / 1000:.0f} kB, "
        f"{sum(len(gzip.compress(one, 6)) for one in files) / 1000:.0f} kB as sent ({WEIGHT_GOAL}); "
        f"WebAssembly {wasm / 1e6:.1f} MB, {sent / 1e6:.1f} MB as sent"
    )


def _compare(bundle: Path, scheme: str, backend: str, chromium: str, folder: Path) -> str:
    ratios, answers, parts, natives, pages, valid = [], [], [], [], [], True
    for number in range(ROUNDS):
        profile = folder / f"profile-{scheme}-{backend}-{number}"
        with _served(bundle) as (link, results):
            bench = _in_browser(chromium, f"{link}?go&mode=quick&backend={backend}", profile, results)
        answers.append(bench["first_answer_ms"] / 1000)
        parts.append([bench[key] for key in ("runtime_load_ms", "load_ms", "first_ms")])
        natives.append(_native_ms(bundle, int(bench["engine"]["threads"])))
        pages.append(float(bench["latency_ms"]["p50"]))
        ratios.append(pages[-1] / natives[-1])
        valid = valid and bool(bench["valid"])
    loading, opening, first = (statistics.median(one) for one in zip(*parts, strict=True))
    return (
        f"MobileNetV2-224 {scheme} in Chromium, {bench['engine']['name']}, {bench['engine']['threads']} thread(s): p50 "
        f"{statistics.median(pages):.1f} ms, native {statistics.median(natives):.1f} ms: "
        f"{statistics.median(ratios):.2f}x ({min(ratios):.2f} to {max(ratios):.2f}; {GOAL}); golden samples "
        f"{bench['golden']['max_steps']:.2g} steps off; first answer {statistics.median(answers):.1f} s after opening "
        f"({FIRST_ANSWER_GOAL}; LiteRT.js {loading:.0f} ms, model {opening:.0f} ms, first run {first:.0f} ms)"
        + ("" if valid else "; NOT VALID in the browser's own judgement")
    )


@contextmanager
def _served(bundle: Path) -> Iterator[tuple[str, queue.Queue[dict]]]:
    from edgecomp.phone import litert_js
    from edgecomp.phone.model_data import read_model_data
    from edgecomp.phone.result import read_result
    from edgecomp.phone.server import PageServer
    from edgecomp.phone.site import packed_files, site_files

    data = read_model_data(bundle)
    results: queue.Queue[dict] = queue.Queue()

    def take(sent: bytes) -> None:
        results.put(read_result(sent, data.sha256).bench)

    litert = litert_js.install()
    files = site_files(data, litert, takes_results=True)
    with PageServer("127.0.0.1", 0, files, take, packed=packed_files(litert)) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server.link, results
        server.shutdown()


def _in_browser(chromium: str, link: str, profile: Path, results: queue.Queue[dict]) -> dict:
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
    # A debugging port keeps a headless browser open.
    command = [chromium, *options, "--remote-debugging-port=0", f"--user-data-dir={profile}", link]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return results.get(timeout=SECONDS)
    finally:
        process.terminate()
        process.wait(20)


def _native_ms(bundle: Path, threads: int) -> float:
    from edgecomp_runtime import Model
    from edgecomp_runtime.measure.benchmark import benchmark
    from edgecomp_runtime.measure.plan import QUICK

    return benchmark(Model.load(bundle, threads=threads), QUICK).latency_ms.p50


def _bundle(path: Path, scheme: str) -> Path:
    import keras
    from edgecomp_runtime import Model

    from edgecomp.bundle.pack import BundleContents, Goldens, pack_bundle
    from edgecomp.export.graph import freeze
    from edgecomp.export.tflite import convert_graph
    from edgecomp.models import from_keras
    from edgecomp.quantize.litert.apply import quantize
    from edgecomp.quantize.ranges.choice import choose_ranges
    from edgecomp.quantize.ranges.observe import observe
    from edgecomp.tflite import read_tflite, with_signature

    keras.utils.set_random_seed(0)
    network = from_keras(keras.applications.MobileNetV2(weights=None, input_shape=SHAPE))
    file = with_signature(convert_graph(freeze(network)), ["image"], ["scores"])
    random = np.random.default_rng(0)
    noise = [{"image": random.uniform(-1, 1, (1, *SHAPE)).astype(np.float32)} for _ in range(8)]
    if scheme == "int8":
        ranges = choose_ranges(observe(file, threads=1, stream=noise), "minmax", model=read_tflite(file))
        file = quantize(file, scheme="int8", io="float", ranges=ranges)
    model = Model.load(file, preprocess="-1..1")
    inputs = np.concatenate([one["image"] for one in noise[:4]])
    outputs = np.concatenate([model.run_stored([one[np.newaxis]])[0] for one in inputs])
    verified = {"engine": "ai_edge_litert", "version": "", "machine": os.uname().machine, "xnnpack": True}
    measured = {"latency_ms": None, "metric": None}
    goldens = Goldens((inputs,), (outputs,), tolerance_steps=4)
    contents = BundleContents(
        "mobilenet", "browser", scheme, "float", file, model.contract, goldens, verified, measured
    )
    path.write_bytes(pack_bundle(contents))
    return path
