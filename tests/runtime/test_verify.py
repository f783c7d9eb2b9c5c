"""Golden samples tell a device that computes right from one that does not."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime import InputError, IntegrityError, Model
from edgecomp_runtime.contract import Contract
from edgecomp_runtime.verify import require_passed, verify

Files = tuple[dict[str, bytes], Contract]
Write = Callable[..., Path]


def _shifted(files: dict[str, bytes], steps: int) -> dict[str, bytes]:
    """The same bundle with one golden output moved by so many steps."""
    with np.load(io.BytesIO(files["golden.npz"])) as arrays:
        inputs, outputs = arrays["input_0"], arrays["output_0"].astype(np.int64)
    flat = outputs.reshape(-1)
    place = int(np.argmin(np.abs(flat)))
    flat[place] += steps if flat[place] < 0 else -steps
    stored = io.BytesIO()
    np.savez(stored, input_0=inputs, output_0=outputs.astype(np.int8))
    return {**files, "golden.npz": stored.getvalue()}


def _golden(**changes: Any) -> dict[str, Any]:
    return {"file": "golden.npz", "samples": 6, "tolerance_steps": 2, "exact_on": "ai_edge_litert", **changes}


def test_the_device_that_made_the_goldens_meets_them_exactly(write_bundle: Write) -> None:
    result = verify(Model.load(write_bundle()))
    require_passed(result)
    assert result.passed
    assert result.exact
    assert (result.max_steps, result.equal_fraction, result.samples) == (0, 1.0, 6)
    assert "all outputs equal" in str(result)


def test_one_step_off_fails_where_outputs_must_be_equal(write_bundle: Write, bundle_files: Files) -> None:
    result = verify(Model.load(write_bundle(files=_shifted(bundle_files[0], 1))))
    assert not result.passed
    assert result.max_steps == 1
    assert result.to_dict()["passed"] is False
    with pytest.raises(IntegrityError, match="up to 1 quantization steps, none is allowed"):
        require_passed(result)


@pytest.mark.parametrize(("steps", "passes"), [(2, True), (3, False)])
@pytest.mark.parametrize("why", ["another engine", "no delegate", "float arithmetic"])
def test_elsewhere_the_tolerance_of_the_manifest_counts(
    write_bundle: Write, bundle_files: Files, steps: int, passes: bool, why: str
) -> None:
    path = write_bundle(
        files=_shifted(bundle_files[0], steps),
        changes={
            "golden": _golden(exact_on="tflite_runtime" if why == "another engine" else "ai_edge_litert"),
            "scheme": "dynamic" if why == "float arithmetic" else "int8",
        },
    )
    result = verify(Model.load(path, delegate=why != "no delegate"))
    assert not result.exact
    # Without the delegate outputs may differ by a step of their own.
    assert abs(result.max_steps - steps) <= (1 if why == "no delegate" else 0)
    if why != "no delegate":
        assert result.passed is passes


def test_a_float_output_is_compared_in_steps_of_its_range(
    write_bundle: Write, bundle_files: Files, models: Path
) -> None:
    path = models / "photo_float.tflite"
    model = Model.load(path, preprocess=bundle_files[1])
    inputs = np.random.default_rng(0).random((6, 12, 16, 3), dtype=np.float32)
    outputs = np.stack([model.run(one) for one in inputs])
    for steps in (1.5, 2.5, float("nan")):
        wanted = outputs.copy()
        wanted[0, 0] += steps * np.ptp(outputs) / 255
        stored = io.BytesIO()
        np.savez(stored, input_0=inputs, output_0=wanted)
        files = {**bundle_files[0], "model.tflite": path.read_bytes(), "golden.npz": stored.getvalue()}
        result = verify(Model.load(write_bundle(files=files, changes={"golden": _golden(exact_on=""), "io": "float"})))
        assert result.passed is (steps == 1.5)


def test_without_goldens_there_is_nothing_to_verify(write_bundle: Write, models: Path) -> None:
    with pytest.raises(InputError, match="no golden samples"):
        verify(Model.load(models / "table.tflite"))
    with pytest.raises(InputError, match="no golden samples"):
        verify(Model.load(write_bundle(changes={"golden": None})))


def test_goldens_of_another_dtype_are_refused(write_bundle: Write, bundle_files: Files) -> None:
    stored = io.BytesIO()
    np.savez(stored, input_0=np.zeros((6, 12, 16, 3), np.uint8), output_0=np.zeros((6, 4), np.int8))
    path = write_bundle(files={**bundle_files[0], "golden.npz": stored.getvalue()})
    with pytest.raises(IntegrityError, match="are uint8, the model has int8"):
        verify(Model.load(path))
