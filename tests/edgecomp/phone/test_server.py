"""The server that phones talk to: what it hands out, what it refuses, and how it ends."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from edgecomp.errors import InputError
from edgecomp.phone.address import LOOPBACK, checked, local_address
from edgecomp.phone.certificate import secure
from edgecomp.phone.server import MOST_RESULT_BYTES, PageServer, _Handler

FILES = {"index.html": b"<p>page</p>" * 50, "js/main.js": b"1", "litert/wasm/a.wasm": b"\0asm"}

Start = Callable[..., PageServer]


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as running:

        def begin(take: Callable[[bytes], None] = lambda _: None, **options: Any) -> PageServer:
            server = running.enter_context(PageServer(LOOPBACK, options.pop("port", 0), FILES, take, **options))
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            running.callback(server.shutdown)
            return server

        yield begin


def ask(
    server: PageServer, path: str, method: str = "GET", body: bytes | None = None, headers: dict[str, str] | None = None
) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(LOOPBACK, server.server_address[1], timeout=60)
    connection.putrequest(method, path, skip_accept_encoding=True)
    sent = headers if headers is not None else ({"Content-Length": str(len(body))} if body is not None else {})
    for key, value in sent.items():
        connection.putheader(key, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    answer.content = answer.read()  # type: ignore[attr-defined]
    return answer


def test_the_link_leads_to_the_page_with_the_headers_that_threads_need(start: Start) -> None:
    server = start()
    answer = ask(server, f"/{server.token}/")
    assert (answer.status, answer.content) == (200, FILES["index.html"])
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert server.link == f"http://127.0.0.1:{server.server_address[1]}/{server.token}/"


@pytest.mark.parametrize(
    "path", ["/", "/index.html", "/{wrong}/", "/{token}", "/{token}x/", "/{half}/", "//{token}", "/?/{token}/"]
)
def test_without_the_token_there_is_nothing(start: Start, path: str) -> None:
    server = start()
    filled = path.format(wrong="A" * len(server.token), token=server.token, half=server.token[:-1])
    assert ask(server, filled).status == 404


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "/etc/passwd", "js/../index.html", "js", "js/", "x\\..\\y"]
)
def test_only_the_files_of_the_page_are_there(start: Start, name: str) -> None:
    server = start()
    assert ask(server, f"/{server.token}/{name}").status == 404


def test_every_server_has_another_token(start: Start) -> None:
    assert len({start().token for _ in range(5)}) == 5
    assert len(start().token) >= 20


def test_a_result_is_handed_on(start: Start) -> None:
    taken: list[bytes] = []
    server = start(taken.append)
    assert ask(server, f"/{server.token}/results", "POST", b'{"a": 1}').status == 204
    assert taken == [b'{"a": 1}']


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Length": str(MOST_RESULT_BYTES + 1)}, 413),
        ({"Content-Length": "9" * 500}, 413),
        ({"Content-Length": "-1"}, 411),
        ({"Content-Length": "²"}, 411),
        ({}, 411),
        ({"Transfer-Encoding": "chunked"}, 411),
    ],
)
def test_uploads_too_large_or_of_no_size_are_not_even_read(start: Start, headers: dict[str, str], status: int) -> None:
    taken: list[bytes] = []
    server = start(taken.append)
    assert ask(server, f"/{server.token}/results", "POST", headers=headers).status == status
    assert taken == []


def test_an_upload_with_the_wrong_token_is_not_read(start: Start) -> None:
    taken: list[bytes] = []
    server = start(taken.append)
    assert ask(server, "/wrong/results", "POST", b"{}").status == 404
    assert ask(server, f"/{server.token}/other", "POST", b"{}").status == 404
    assert taken == []


def test_a_refused_result_is_answered_with_the_reason(start: Start) -> None:
    def refuse(_: bytes) -> None:
        raise InputError("the result is not JSON")

    server = start(refuse)
    answer = ask(server, f"/{server.token}/results", "POST", b"nonsense")
    assert (answer.status, answer.content) == (422, b"the result is not JSON\n")


def test_a_broken_connection_and_nonsense_leave_it_running(start: Start) -> None:
    server = start()
    for nonsense in (b"", b"GET", b"\x16\x03\x01\x02\x00", b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n1"):
        with socket.create_connection(server.server_address[:2]) as connection:
            connection.sendall(nonsense)
    assert ask(server, f"/{server.token}/").status == 200


def test_a_second_server_on_the_port_is_refused(start: Start) -> None:
    port = start().server_address[1]
    with pytest.raises(InputError, match=f"port {port} on 127.0.0.1 is taken by another program"):
        PageServer(LOOPBACK, port, FILES, lambda _: None)


def test_text_comes_compressed_to_who_can_read_it(start: Start) -> None:
    server = start()
    answer = ask(server, f"/{server.token}/", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.content) < len(FILES["index.html"])  # type: ignore[attr-defined]


def test_it_listens_on_its_one_address_only(start: Start) -> None:
    server = start()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.2", server.server_address[1]), timeout=60)


def test_over_tls_the_certificate_is_the_one_that_was_announced(start: Start) -> None:
    secured = secure(LOOPBACK)
    server = start(tls=secured.context)
    assert server.link.startswith("https://")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(LOOPBACK, server.server_address[1], context=context, timeout=60)
    connection.request("GET", f"/{server.token}/")
    assert connection.getresponse().status == 200
    import hashlib

    shown = connection.sock.getpeercert(binary_form=True)
    assert hashlib.sha256(shown).hexdigest().upper() == secured.fingerprint.replace(":", "")


def test_a_phone_that_never_finishes_its_handshake_holds_up_nobody(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Handler, "timeout", 600)  # it is not given up meanwhile
    server = start(tls=secure(LOOPBACK).context)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(server.server_address[:2]):
        connection = http.client.HTTPSConnection(LOOPBACK, server.server_address[1], context=context, timeout=60)
        connection.request("GET", f"/{server.token}/")
        assert connection.getresponse().status == 200


def test_it_ends_when_nobody_comes() -> None:
    with PageServer(LOOPBACK, 0, FILES, lambda _: None) as server:
        start = time.monotonic()
        assert server.serve_until(lambda: False, idle_seconds=0.3) is False
        assert 0.3 <= time.monotonic() - start < 60


def test_it_ends_when_it_is_done() -> None:
    with PageServer(LOOPBACK, 0, FILES, lambda _: None) as server:
        assert server.serve_until(lambda: True, idle_seconds=60) is True


def test_the_result_that_ends_it_is_answered_before(monkeypatch: pytest.MonkeyPatch) -> None:
    taken, answered, answer = threading.Event(), [], _Handler._answer

    def answer_slowly(*arguments: Any) -> None:
        time.sleep(0.3)
        answer(*arguments)
        answered.append(True)

    monkeypatch.setattr(_Handler, "_answer", answer_slowly)
    with PageServer(LOOPBACK, 0, FILES, lambda _: taken.set()) as server:
        asked = threading.Thread(target=ask, args=(server, f"/{server.token}/results", "POST", b"{}"))
        asked.start()
        assert server.serve_until(taken.is_set, idle_seconds=60) is True
        assert answered == [True]
        asked.join()


@pytest.mark.parametrize("host", ["0.0.0.0", "example.org", "", "1.2.3", "::", "::1"])
def test_no_host_but_one_address_is_taken(host: str) -> None:
    with pytest.raises(InputError, match="--host"):
        checked(host)


def test_an_address_that_is_not_this_machines_is_refused() -> None:
    with pytest.raises(InputError, match=r"192\.0\.2\.1 is no address of this machine"):
        PageServer("192.0.2.1", 0, FILES, lambda _: None)


def test_the_address_found_can_be_bound_to() -> None:
    with socket.socket() as probe:
        probe.bind((local_address(), 0))
