"""Interpreters are found, opened and told apart; what cannot work is refused before it fails."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest
from edgecomp_runtime import engines
from edgecomp_runtime import machine as machines
from edgecomp_runtime.engines import find_engine, load_interpreter, try_engine
from edgecomp_runtime.errors import InputError
from edgecomp_runtime.flatbuffer_check import check_whole
from edgecomp_runtime.machine import Machine


def test_a_model_opens_from_its_path_and_from_its_bytes(models: Path) -> None:
    path = models / "photo_int8.tflite"
    by_path, info = load_interpreter(path)
    by_bytes, _ = load_interpreter(path.read_bytes())
    assert info.name == "ai_edge_litert"
    assert info.version.count(".") >= 1
    assert by_path.get_input_details()[0]["name"] == by_bytes.get_input_details()[0]["name"]


def test_the_delegate_is_reported_only_when_it_took_part(models: Path) -> None:
    with_delegate = load_interpreter(models / "photo_int8.tflite")[1]
    without = load_interpreter(models / "photo_int8.tflite", delegate=False)[1]
    assert (with_delegate.xnnpack, with_delegate.partitions) == (True, 1)
    assert (without.xnnpack, without.partitions) == (False, 0)


def test_a_model_that_the_delegate_cannot_take_runs_without_it() -> None:
    import tensorflow as tf

    # int64 arithmetic is something that XNNPACK does not have.
    spec = tf.TensorSpec((1, 4), tf.int64)
    function = tf.function(lambda x: x + x, input_signature=[spec]).get_concrete_function()
    model = tf.lite.TFLiteConverter.from_concrete_functions([function]).convert()
    assert load_interpreter(model)[1].xnnpack is False


def test_tensorflow_serves_where_nothing_else_is_there(models: Path) -> None:
    assert load_interpreter(models / "table.tflite", engine="tensorflow")[1].name == "tensorflow"


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "2"])
def test_a_wrong_number_of_threads_is_refused(models: Path, threads: object) -> None:
    with pytest.raises(InputError, match="threads is"):
        load_interpreter(models / "table.tflite", threads=threads)  # type: ignore[arg-type]


def test_an_unknown_engine_is_refused(models: Path) -> None:
    with pytest.raises(InputError, match="'onnx' is not one of ai_edge_litert, tflite_runtime, tensorflow"):
        load_interpreter(models / "table.tflite", engine="onnx")


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "not a .tflite"),
        (b"PK\x03\x04" + bytes(60), "not a .tflite"),
        (b"\x1c\0\0\0TFL3" + bytes(60), "cannot open"),
    ],
)
def test_a_file_that_is_no_model_is_named(content: bytes, part: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.tflite"
    path.write_bytes(content)
    with pytest.raises(InputError, match=part) as caught:
        load_interpreter(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        load_interpreter(tmp_path / "none.tflite")
    with pytest.raises(InputError, match="is a folder"):
        load_interpreter(tmp_path)


def _only_missing(monkeypatch: pytest.MonkeyPatch, machine: Machine) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name.split(".")[0])

    monkeypatch.setattr(engines.importlib, "import_module", missing)
    monkeypatch.setattr(machines, "this_machine", lambda: machine)


def test_without_an_engine_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    _only_missing(monkeypatch, Machine("Linux", "armv7l", "aarch64", (3, 11), "cpython", "glibc", (2, 36)))
    with pytest.raises(InputError, match=r"pip install 'tflite-runtime==2.14.0' 'numpy<2'"):
        find_engine()
    _only_missing(monkeypatch, Machine("Linux", "x86_64", "x86_64", (3, 11), "cpython", "musl", (0, 0)))
    with pytest.raises(InputError, match="no interpreter is published for musl"):
        find_engine()


def test_numpy_2_with_tflite_runtime_is_caught_before_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_installed", lambda name: True)
    monkeypatch.setattr(np, "__version__", "2.1.0")
    module, reason = try_engine("tflite_runtime")
    assert module is None
    assert "pip install 'numpy<2'" in reason


def test_a_broken_install_is_told_apart_from_a_missing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> None:
        raise ImportError("libstdc++.so.6: version `GLIBCXX_3.4.30' not found")

    monkeypatch.setattr(importlib, "import_module", broken)
    with pytest.raises(InputError, match=r"installed but broken \(ImportError: libstdc"):
        find_engine("ai_edge_litert")


@pytest.mark.parametrize("name", ["photo_int8", "photo_float", "two", "ids"])
def test_a_whole_model_passes_the_check_and_one_cut_short_does_not(models: Path, name: str) -> None:
    path = models / f"{name}.tflite"
    data = path.read_bytes()
    check_whole(path)
    check_whole(data)
    for length in range(0, len(data) - 64, max(1, len(data) // 97)):
        with pytest.raises(InputError, match="cut short or garbled"):
            check_whole(data[:length])


def test_garbled_models_never_raise_anything_but_our_own_error(models: Path) -> None:
    data = (models / "photo_int8.tflite").read_bytes()
    random = np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        garbled = bytearray(data)
        for place in random.integers(0, len(data), 8):
            garbled[place] = random.integers(0, 256)
        try:
            check_whole(bytes(garbled))
        except InputError:
            refused += 1
    assert refused > 0
