"""WebGPU, in software: Chromium brings a renderer along that takes the place of a graphics card."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..conftest import Browser
from ..phone_bundles import convolution, write_bundle
from .conftest import MEASURE, MEASURED, READY, Serve

SOFTWARE = ("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan")
ADAPTER = "return navigator.gpu ? navigator.gpu.requestAdapter().then((one) => Boolean(one)) : false"


@pytest.fixture(scope="module")
def gpu_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    driver = shutil.which("chromedriver")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not driver or not chromium:
        pytest.skip("needs chromium and chromedriver to look at a page in a real browser")
    started = Browser(driver, chromium, tmp_path_factory.mktemp("profile"), SOFTWARE)
    yield started
    started.close()


def require_webgpu(browser: Browser) -> None:
    """Skips where this browser has no renderer in software either; asked on a page of a secure origin."""
    if not browser.run(ADAPTER):
        pytest.skip("this browser has no WebGPU in software")


@pytest.mark.parametrize("int8_edges", [False, True], ids=["float edges", "int8 edges"])
def test_a_model_runs_on_webgpu_and_the_page_says_so(
    gpu_browser: Browser, serve: Serve, tmp_path: Path, int8_edges: bool
) -> None:
    link, sent = serve(write_bundle(tmp_path / "bundle.zip", convolution(int8_edges=int8_edges)))
    gpu_browser.open(f"{link}?mode=brief&backend=webgpu")
    require_webgpu(gpu_browser)
    gpu_browser.wait(READY)
    assert gpu_browser.text("#backend") == "WebGPU"
    assert gpu_browser.text("#verdict") == "Computes what it must"
    gpu_browser.run(MEASURE)
    gpu_browser.wait(MEASURED)
    (result,) = sent
    assert (result.bench["backend"], result.verified) == ("webgpu", True)
    assert "WebGPU" in result.bench["engine"]["name"]


def test_what_webgpu_does_not_take_runs_on_the_cpu_and_the_page_says_so(
    gpu_browser: Browser, serve: Serve, tmp_path: Path
) -> None:
    link, sent = serve(write_bundle(tmp_path / "bundle.zip", convolution(int8=False, diagonal=True)))
    gpu_browser.open(f"{link}?mode=brief&backend=webgpu")
    require_webgpu(gpu_browser)
    gpu_browser.wait(READY)
    assert gpu_browser.text("#backend") == "WebAssembly, one thread"
    assert "WebGPU was asked for and does not run the model" in gpu_browser.text("#backend-notes")
    assert gpu_browser.text("#verdict") == "Computes what it must"
    gpu_browser.run(MEASURE)
    gpu_browser.wait(MEASURED)
    assert sent[0].bench["backend"] == "wasm"


def test_without_being_asked_the_cpu_runs_it_and_webgpu_is_offered(
    gpu_browser: Browser, serve: Serve, bundle: Path
) -> None:
    link, _ = serve(bundle)
    gpu_browser.open(link)
    require_webgpu(gpu_browser)
    gpu_browser.wait(READY)
    assert "WebAssembly" in gpu_browser.text("#backend")
    assert "WebGPU" in gpu_browser.run(
        "return [...document.querySelectorAll('#wanted option')].map(e => e.textContent)"
    )
