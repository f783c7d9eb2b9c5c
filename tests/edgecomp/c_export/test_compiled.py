"""The source compiles without a warning, gives the model back byte for byte, and computes what the runtime does."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime.preprocess import normalize
from edgecomp_runtime.quantization import dequantize, quantize

from edgecomp.c_export import CExport, Source, plan_c_export, render
from edgecomp.c_export.literals import float_literal

Build = Callable[..., str]
STUB = str(Path(__file__).with_name("tflite_micro"))
DUMP = """
#include <stdio.h>
#include "{name}_model.h"
int main(void) {{
  for (uint32_t i = 0; i < {NAME}_MODEL_LENGTH; ++i) printf("%02x", {name}_model[i]);
  printf("\\n%d %u\\n", (int)((uintptr_t){name}_model % 16), (unsigned)sizeof {name}_model);
  return 0;
}}
"""


def dumping(plan: CExport) -> dict[str, str]:
    files = {name: text for name, text in render(plan).items() if not name.endswith(".cc")}
    return files | {"dump.c": DUMP.format(name=plan.identifier, NAME=plan.identifier.upper())}


@pytest.fixture(params=["photos", "rows", "two_inputs"])
def source(request: pytest.FixtureRequest) -> Source:
    made: Source = request.getfixturevalue(request.param)
    return made


@pytest.mark.parametrize("extra", [0, 1, 13])
def test_the_array_is_the_file_byte_for_byte(extra: int, photos: Source, build_and_run: Build, tmp_path: Path) -> None:
    """Bytes behind the flatbuffer make the length odd; TFLite passes over them."""
    plan = plan_c_export(replace(photos, model=photos.model + bytes(range(extra))))
    array, alignment = build_and_run(tmp_path, dumping(plan)).splitlines()
    assert bytes.fromhex(array) == plan.model
    assert alignment == f"0 {len(plan.model)}"


def test_a_program_in_cpp_links_with_it(photos: Source, tmp_path: Path, build_and_run: Build) -> None:
    plan = plan_c_export(photos)
    files = {name.replace(".c", ".cc") if name == "dump.c" else name: text for name, text in dumping(plan).items()}
    array, _ = build_and_run(tmp_path, files).splitlines()
    assert bytes.fromhex(array) == plan.model


def test_without_tflite_micro_the_example_checks_the_array(
    source: Source, build_and_run: Build, tmp_path: Path
) -> None:
    plan = plan_c_export(source)
    assert f"{len(plan.model)} bytes" in build_and_run(tmp_path, render(plan))


def test_the_example_notices_a_changed_byte(photos: Source, build_and_run: Build, tmp_path: Path) -> None:
    files = render(plan_c_export(photos))
    name = next(one for one in files if one.endswith("_model.c"))
    first = files[name].index("0x", files[name].index("_model[] = {"))
    changed = files | {name: files[name][:first] + "0x00" + files[name][first + 4 :]}
    assert changed[name] != files[name]
    with pytest.raises(AssertionError, match="the array is damaged"):
        build_and_run(tmp_path, changed)


def test_with_tflite_micro_the_example_runs_with_the_models_operators(
    source: Source, build_and_run: Build, tmp_path: Path
) -> None:
    plan = plan_c_export(source)
    printed = build_and_run(tmp_path, render(plan), STUB).splitlines()
    assert f"{plan.arena_bytes - 1} of {plan.arena_bytes} bytes used" in printed[1]
    assert len(printed) == 2 + sum(one.elements for one in plan.outputs)
    if plan.labels:
        assert printed[2].startswith("cat: ")
        assert printed[4].startswith("Käse??/: ")


def test_raw_values_become_what_the_runtime_makes_of_them(photos: Source, build_and_run: Build, tmp_path: Path) -> None:
    plan = plan_c_export(photos)
    name = plan.identifier
    raws = [*range(256), -1e30, 1e30, 127.5]
    loop = f"""
#include <stdio.h>
#include "{name}_model.h"
static const float raws[] = {{ {", ".join(map(float_literal, raws))} }};
int main(void) {{
  for (uint32_t i = 0; i < {len(raws)}; ++i)
    for (uint32_t c = 0; c < 3; ++c) printf("%d ", {name}_input_0_from_raw(raws[i], 9 + c));
  printf("\\n");
  for (int i = -128; i < 128; ++i) printf("%.9g ", (double){name}_output_0_to_real((int8_t)i));
  return 0;
}}
"""
    files = {one: text for one, text in render(plan).items() if not one.endswith(".cc")}
    inputs, outputs = build_and_run(tmp_path, files | {"loop.c": loop}).splitlines()
    assert photos.contract is not None
    one, out = plan.inputs[0], plan.outputs[0]
    assert one.scale is not None
    assert out.scale is not None
    raw = np.repeat(np.array(raws, np.float32)[:, None], 3, axis=1)
    expected = quantize(normalize(photos.contract.inputs[0], raw), one.scale, one.zero_point, np.dtype("int8"))
    assert inputs.split() == [str(value) for value in expected.ravel()]
    real = dequantize(np.arange(-128, 128).astype(np.int8), out.scale, out.zero_point)
    np.testing.assert_array_equal(np.array(outputs.split(), np.float32), real)


def test_two_models_go_into_one_program(photos: Source, rows: Source, build_and_run: Build, tmp_path: Path) -> None:
    plans = [plan_c_export(photos), plan_c_export(rows, name="other")]
    files: dict[str, Any] = dict(
        itertools.chain.from_iterable(
            ((name, text) for name, text in render(plan).items() if not name.endswith(".cc")) for plan in plans
        )
    )
    names = [plan.identifier for plan in plans]
    main = "".join(f'#include "{name}_model.h"\n' for name in names)
    main += f"int main(void) {{ return {names[0]}_model[4] == {names[1]}_model[4] ? 0 : 1; }}\n"
    assert build_and_run(tmp_path, files | {"main.c": main}) == ""
