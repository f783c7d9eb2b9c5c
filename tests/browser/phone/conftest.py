"""A bundle served to the browser, and what the page's elements say of its state."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from edgecomp.errors import InputError
from edgecomp.phone import litert_js
from edgecomp.phone.model_data import read_model_data
from edgecomp.phone.result import PhoneResult, read_result
from edgecomp.phone.server import PageServer
from edgecomp.phone.site import packed_files, site_files

from ..phone_bundles import convolution, write_bundle

READY = "!document.getElementById('measure').disabled"
FAILED = "document.getElementById('verdict').classList.contains('bad')"
MEASURED = "document.getElementById('measure').textContent === 'Again'"
MEASURE = "document.getElementById('measure').click()"
ANSWERED = "document.querySelector('#answers li')"

Sent = list[PhoneResult]
Serve = Callable[..., tuple[str, Sent]]


@pytest.fixture(scope="session")
def litert() -> Path:
    """LiteRT.js, from where `edgecomp phone --install` puts it."""
    try:
        return litert_js.install()
    except InputError as error:
        pytest.skip(f"LiteRT.js is not to be had here: {error}")


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(tmp_path_factory.mktemp("bundle") / "bundle.zip", convolution())


@pytest.fixture
def serve(litert: Path) -> Iterator[Serve]:
    """Serves a bundle: the link, and a list that fills with what the page sends."""
    with ExitStack() as open_servers:

        def start(
            bundle: Path,
            *,
            isolated: bool = True,
            takes: bool = True,
            files: dict[str, bytes] | None = None,
            **options: Any,
        ) -> tuple[str, Sent]:
            data = read_model_data(bundle)
            sent: Sent = []
            served = {**site_files(data, litert, takes_results=takes), **(files or {})}

            def take(body: bytes) -> None:
                sent.append(read_result(body, data.sha256))

            packed = {name: one for name, one in packed_files(litert).items() if name not in (files or {})}
            made = PageServer("127.0.0.1", 0, served, take, packed=packed, isolated=isolated, **options)
            server = open_servers.enter_context(made)
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            open_servers.callback(server.shutdown)
            return server.link, sent

        yield start
