"""`edgecomp targets` and `edgecomp inspect` as users run them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from click.testing import CliRunner, Result
from edgecomp_runtime.contract import Contract, InputContract, OutputContract

from edgecomp.bundle import BundleContents, Goldens, pack_bundle
from edgecomp.cli import inspect, targets
from edgecomp.errors import InputError, IntegrityError


def targets_command(*arguments: str) -> Result:
    return CliRunner().invoke(targets.command, arguments)


def inspect_command(*arguments: object) -> Result:
    return CliRunner().invoke(inspect.command, [str(one) for one in arguments])


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    """One convolution, int8, with a name that would steer a terminal."""

    def tensor(name: str, shape: list[int], buffer: int, dtype: int = schema.TensorType.INT8) -> schema.TensorT:
        quantization = schema.QuantizationParametersT(scale=[0.5], zeroPoint=[0])
        return schema.TensorT(shape=shape, type=dtype, buffer=buffer, name=name, quantization=quantization)

    tensors = [tensor("in\x1b[31m", [1, 4, 4, 2], 0), tensor("w", [12, 1, 1, 2], 1), tensor("out", [1, 4, 4, 12], 0)]
    tensors.append(tensor("b", [12], 2, schema.TensorType.INT32))
    operator = schema.OperatorT(inputs=[0, 1, 3], outputs=[2])
    model = schema.ModelT(
        version=3,
        operatorCodes=[schema.OperatorCodeT(builtinCode=3, deprecatedBuiltinCode=3)],
        subgraphs=[schema.SubGraphT(tensors=tensors, inputs=[0], outputs=[2], operators=[operator])],
        buffers=[schema.BufferT(), schema.BufferT(data=list(range(24))), schema.BufferT(data=[0] * 48)],
    )
    path = tmp_path / "model.tflite"
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path


def test_list_shows_every_profile() -> None:
    shown = targets_command("list").stdout
    listed = json.loads(targets_command("list", "--json").stdout)
    assert len(listed) == 14
    for target in listed:
        assert target["name"] in shown


def test_show_prints_the_profile_for_people_and_programs() -> None:
    text = targets_command("show", "raspberry-pi-4b").stdout
    assert "Cortex-A72" in text
    assert "numpy<2" in text
    data = json.loads(targets_command("show", "raspberry-pi-4b", "--json").stdout)
    assert data["cpu"]["cores"] == 4
    assert "path" not in data


def test_check_accepts_a_good_file_and_names_the_mistakes_of_a_bad_one(tmp_path: Path) -> None:
    path = tmp_path / "board.yaml"
    path.write_text("name: b\ntitle: B\nextends: raspberry-pi-4b\n")
    assert "valid" in targets_command("check", str(path)).stdout
    path.write_text("name: b\ntitle: B\nextends: raspberry-pi-4b\ncpu: {cores: four}\n")
    result = targets_command("check", str(path))
    assert isinstance(result.exception, InputError)
    assert f"{path}:4: cpu.cores" in str(result.exception)


def test_a_bad_profile_ends_with_code_2_one_message_and_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "board.yaml"
    path.write_text("name: 1 2\n")
    done = subprocess.run(
        [sys.executable, "-m", "edgecomp.cli.main", "targets", "check", str(path)], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "board.yaml:1: name" in done.stderr
    assert "Traceback" not in done.stderr


def test_listing_loads_neither_tensorflow_nor_numpy() -> None:
    code = (
        "import sys; from edgecomp.cli.targets import command; command(['list', '--json'], standalone_mode=False); "
        "print([name for name in ('tensorflow', 'keras', 'numpy') if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_inspecting_a_tflite_loads_no_tensorflow(model_file: Path) -> None:
    code = (
        "import sys; from edgecomp.cli.inspect import command; "
        f"command([{str(model_file)!r}, '--target', 'browser', '--json'], standalone_mode=False); "
        "print('tensorflow' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "False"


def test_inspect_gives_figures_and_findings(model_file: Path) -> None:
    data = json.loads(inspect_command(model_file, "--target", "browser", "--json").stdout)
    assert data["format"] == "tflite"
    assert data["bytes"] == model_file.stat().st_size
    assert data["tflite"]["macs"] == 4 * 4 * 12 * 2
    assert data["tflite"]["parameters"] == 24 + 12
    assert data["tflite"]["scheme"] == "int8"
    assert data["tflite"]["operators"][0]["name"] == "CONV_2D"
    assert [(one["severity"], one["rule"]) for one in data["findings"]] == [("blocker", "refused-io")]


def test_inspect_prints_no_control_characters_of_the_file(model_file: Path) -> None:
    result = inspect_command(model_file, "--target", "raspberry-pi-4b")
    assert result.exit_code == 0
    assert "CONV_2D" in result.stdout
    assert "\x1b" not in result.stdout
    assert "nothing stands in its way" in result.stdout


def test_inspect_looks_into_a_bundle(model_file: Path, tmp_path: Path) -> None:
    contents = BundleContents(
        name="net",
        target="raspberry-pi-5",
        scheme="int8",
        io="int8",
        model=model_file.read_bytes(),
        contract=Contract((InputContract("x", (1, 4, 4, 2)),), (OutputContract("y", (1, 4, 4, 12)),), "0..1"),
        goldens=Goldens((np.zeros((1, 4, 4, 2), np.int8),), (np.zeros((1, 4, 4, 12), np.int8),), 1),
        verified_with={},
        measured={},
    )
    path = tmp_path / "bundle.zip"
    path.write_bytes(pack_bundle(contents))
    data = json.loads(inspect_command(path, "--json").stdout)
    assert data["format"] == "bundle"
    assert data["details"]["target"] == "raspberry-pi-5"
    assert data["details"]["preprocess"] == "0..1"
    assert data["tflite"]["macs"] == 4 * 4 * 12 * 2


def test_inspect_exports_a_keras_model_to_see_its_operators(tmp_path: Path) -> None:
    import keras

    layers = [keras.Input((8, 8, 3)), keras.layers.Conv2D(5, 3, name="stem"), keras.layers.Flatten()]
    path = tmp_path / "net.keras"
    keras.Sequential([*layers, keras.layers.Dense(2, name="head")]).save(path)
    data = json.loads(inspect_command(path, "--target", "raspberry-pi-4b", "--json").stdout)
    assert data["format"] == "keras"
    assert data["details"]["parameters"] == 5 * 28 + 2 * 181
    macs = {one["layer"]: one["macs"] for one in data["tflite"]["operators"] if one["macs"]}
    assert macs == {"stem": 6 * 6 * 5 * 27, "head": 180 * 2}
    assert [one["rule"] for one in data["findings"]] == ["float-scheme", "width-multiple", "kernel-block"]


@pytest.mark.parametrize("content", [b"", b"\x00\x00\x00\x00TFL3garbage", b"hello", b"PK\x03\x04broken"])
def test_inspect_refuses_what_is_no_model(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    assert isinstance(inspect_command(path).exception, InputError)


def test_a_damaged_bundle_is_an_integrity_failure(tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(b"PK\x03\x04broken")
    assert isinstance(inspect_command(path).exception, IntegrityError)


def test_inspect_refuses_what_is_not_there(tmp_path: Path) -> None:
    assert isinstance(inspect_command(tmp_path / "missing.keras").exception, InputError)
