"""One headless Chromium, driven through chromedriver with the few calls of WebDriver (W3C) that this takes."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .axe import fetched

SETTLED = "return document.readyState === 'complete'"
ELSEWHERE = "computer.test"
"""A name for this machine that the browser does not know to be its own."""

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The key under which WebDriver names an element (W3C WebDriver, section 12.1)."""


class Browser:
    """One headless Chromium behind one chromedriver; `flags` say what it does for a GPU."""

    def __init__(self, driver: str, chromium: str, profile: Path, flags: tuple[str, ...] = ("--disable-gpu",)) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._process = subprocess.Popen(
            [driver, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._base = f"http://127.0.0.1:{port}"
        options = {
            "binary": chromium,
            "args": [
                "--headless",
                "--no-sandbox",
                *flags,
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
                f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1",
                f"--user-data-dir={profile}",
            ],
        }
        wanted = {
            "acceptInsecureCerts": True,
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }
        self._wait_until_ready()
        session = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._base += f"/session/{session['sessionId']}"

    def open(self, page: Path | str, *, width: int = 1280, height: int = 1600, scheme: str = "light") -> None:
        """Opens a file or an address in a viewport of that size (CSS pixels) and colour scheme; what was logged before
        is dropped."""
        media = {"media": "", "features": [{"name": "prefers-color-scheme", "value": scheme}]}
        self._devtools("Emulation.setEmulatedMedia", media)
        screen = {"width": width, "height": height, "deviceScaleFactor": 2 if width < 600 else 1, "mobile": width < 600}
        self._devtools("Emulation.setDeviceMetricsOverride", screen)
        self._log("performance")
        self._log("browser")
        self._call("POST", "/url", {"url": page if isinstance(page, str) else page.as_uri()})
        assert self.run(SETTLED)

    def emulate_print(self) -> None:
        """Shows the page as it would be printed, until another one is opened."""
        self._devtools("Emulation.setEmulatedMedia", {"media": "print"})

    def run(self, script: str, *arguments: Any) -> Any:
        """What a function body returns in the page; a promise is waited for."""
        return self._call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def wait(self, condition: str, seconds: float = 120) -> None:
        """Waits until an expression holds in the page."""
        deadline = time.monotonic() + seconds
        while not self.run(f"return Boolean({condition})"):
            assert time.monotonic() < deadline, f"{condition} does not come; the page says {self.text('body')}"
            time.sleep(0.05)

    def text(self, selector: str) -> str:
        """What a person reads in an element."""
        return str(self.run("return document.querySelector(arguments[0]).innerText", selector))

    def type_into(self, selector: str, text: str) -> None:
        """Types into an element; into a file input, the path of the file."""
        found = self._call("POST", "/element", {"using": "css selector", "value": selector})
        self._call("POST", f"/element/{found[ELEMENT]}/value", {"text": text})

    def press(self, key: str) -> None:
        """Presses and releases one key."""
        actions = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self._call("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def requested(self) -> list[str]:
        """Addresses the page has asked for since it was opened, its own among them."""
        events = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]

    def complaints(self) -> list[str]:
        """Console messages, script errors and policy violations since the page was opened."""
        return [entry["message"] for entry in self._log("browser")]

    def picture(self) -> bytes:
        """The whole page as a PNG."""
        shot = self._devtools("Page.captureScreenshot", {"captureBeyondViewport": True})
        return base64.b64decode(shot["data"])

    def close(self) -> None:
        """Ends the session and both processes."""
        try:
            self._call("DELETE", "", None)
        finally:
            self._process.terminate()
            self._process.wait(60)

    def _devtools(self, command: str, params: dict[str, Any]) -> Any:
        return self._call("POST", "/goog/cdp/execute", {"cmd": command, "params": params})

    def _log(self, kind: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self._call("POST", "/se/log", {"type": kind})
        return entries

    def _call(self, method: str, path: str, body: Any) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=180) as answer:
            return json.load(answer)["value"]

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + 120
        while not self._ready():
            if time.monotonic() > deadline:
                raise RuntimeError("chromedriver does not answer")
            time.sleep(0.1)

    def _ready(self) -> bool:
        try:
            return bool(self._call("GET", "/status", None)["ready"])
        except OSError:
            return False


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser for all tests of the session; skips them where there is none."""
    driver = shutil.which("chromedriver")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not driver or not chromium:
        pytest.skip("needs chromium and chromedriver to look at a page in a real browser")
    started = Browser(driver, chromium, tmp_path_factory.mktemp("profile"))
    yield started
    started.close()


@pytest.fixture(scope="session")
def axe(request: pytest.FixtureRequest) -> str:
    """The script of axe-core; skips tests where it cannot be had."""
    folder = request.config.cache.mkdir("axe") if request.config.cache is not None else None
    script = None if folder is None else fetched(folder)
    if script is None:
        pytest.skip("needs axe-core from the npm registry to check accessibility")
    return script
