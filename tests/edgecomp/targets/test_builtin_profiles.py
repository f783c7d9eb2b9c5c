"""The profiles that come with edgecomp."""

from __future__ import annotations

import json

import pytest

from edgecomp.errors import InputError
from edgecomp.targets import Target, list_targets, load_target, target_names

NAMES = {
    "raspberry-pi-zero-2w",
    "raspberry-pi-3b-plus",
    "raspberry-pi-4b",
    "raspberry-pi-5",
    "android-arm64",
    "pixel-8",
    "jetson-nano",
    "imx8m-plus",
    "coral-edgetpu",
    "browser",
    "linux-x86-64",
    "cortex-m4",
    "cortex-m7",
    "esp32-s3",
}


def test_all_are_listed_under_their_own_names() -> None:
    assert set(target_names()) == NAMES
    assert [target.name for target in list_targets()] == target_names()


@pytest.mark.parametrize("target", list_targets(), ids=lambda target: target.name)
def test_each_is_consistent(target: Target) -> None:
    assert target.path is not None
    assert target.path.stem == target.name
    assert load_target(target.name) == load_target(target.path)
    assert json.loads(json.dumps(target.to_dict()))["name"] == target.name
    for latency in target.latencies:
        assert latency.source
    pip = [package for package in target.runtime.packages if package.installer == "pip"]
    assert all(package.pythons and package.version for package in pip)


def test_int8_is_published_as_faster_than_float_wherever_both_are() -> None:
    for target in list_targets():
        by_key = {(one.model, one.threads, one.device, one.precision): one.ms for one in target.latencies}
        for (model, threads, device, precision), ms in by_key.items():
            if precision == "int8" and (model, threads, device, "float32") in by_key:
                assert ms < by_key[model, threads, device, "float32"]


@pytest.mark.parametrize(
    ("name", "python", "package"),
    [
        ("raspberry-pi-4b", "3.9", "tflite-runtime"),
        ("raspberry-pi-4b", "3.11", "ai-edge-litert"),
        ("raspberry-pi-4b", "3.13", "ai-edge-litert"),
        ("jetson-nano", "3.6", None),
    ],
)
def test_the_package_follows_the_python(name: str, python: str, package: str | None) -> None:
    found = [one.name for one in load_target(name).runtime.packages if python in one.pythons]
    assert next(iter(found), None) == package


def test_numpy_2_is_kept_from_tflite_runtime() -> None:
    packages = {one.name: one for target in list_targets() for one in target.runtime.packages}
    assert "numpy<2" in packages["tflite-runtime"].requires


def test_what_the_runtimes_take() -> None:
    assert load_target("browser").model.io == ("float",)
    assert load_target("coral-edgetpu").model.schemes == ("int8",)
    assert "dotprod" in load_target("raspberry-pi-5").cpu.features
    assert "dotprod" not in load_target("raspberry-pi-4b").cpu.features
    for target in list_targets():
        assert set(target.model.slow_schemes) == {"int16x8", "int4", "dynamic4"} & set(target.model.schemes)
    # https://coral.ai/docs/edgetpu/models-intro/#model-requirements: what post-training quantization gives by default.
    edge_tpu = load_target("coral-edgetpu").model
    assert (edge_tpu.per_tensor_weights, edge_tpu.symmetric_activations) == (False, False)


def test_an_unknown_name_is_answered_with_near_ones() -> None:
    with pytest.raises(InputError, match="raspberry-pi-4b"):
        load_target("rasberry-pi4")
    with pytest.raises(InputError, match=r"did you mean raspberry-pi-4b\?"):
        load_target("Pi4")
    with pytest.raises(InputError, match="browser, coral-edgetpu"):
        load_target("zzz")
