"""Files by their hashes: the same file once, damage noticed, writers that die no harm."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgecomp.errors import InputError, IntegrityError
from edgecomp.study.objects import Objects, key_of


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.binary(max_size=64), max_size=5))
def test_what_was_put_comes_back(tmp_path: Path, contents: list[bytes]) -> None:
    objects = Objects(tmp_path)

    digests = [objects.put(one) for one in contents]

    assert [objects.get(one) for one in digests] == contents
    assert len(set(digests)) == len(set(contents))


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    assert Objects(tmp_path).get("0" * 64) is None
    assert Objects(tmp_path).result("0" * 64) is None


def test_a_damaged_file_is_not_given_out(tmp_path: Path) -> None:
    objects = Objects(tmp_path)
    digest = objects.put(b"model")
    (tmp_path / "objects" / digest[:2] / digest[2:]).write_bytes(b"modem")

    with pytest.raises(IntegrityError, match="damaged"):
        objects.get(digest)


def test_a_damaged_result_is_made_again(tmp_path: Path) -> None:
    objects = Objects(tmp_path)
    objects.remember("key", {"loss": 1.5})
    assert objects.result("key") == {"loss": 1.5}

    (tmp_path / "results" / "key.json").write_text('{"loss": 1')

    assert objects.result("key") is None


def test_many_may_put_the_same_at_once(tmp_path: Path) -> None:
    objects, content = Objects(tmp_path), b"x" * 200_000
    threads = [threading.Thread(target=objects.put, args=(content,)) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert [path.read_bytes() for path in (tmp_path / "objects").rglob("*") if path.is_file()] == [content]


def test_a_full_disk_is_an_error_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("edgecomp.atomic.os.fsync", full)

    with pytest.raises(InputError, match="No space left"):
        Objects(tmp_path).put(b"model")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_keys_tell_apart_what_differs_and_nothing_else() -> None:
    assert key_of({"a": 1, "b": 2}) == key_of({"b": 2, "a": 1})
    assert key_of({"a": 1}, "x") != key_of({"a": 2}, "x")
