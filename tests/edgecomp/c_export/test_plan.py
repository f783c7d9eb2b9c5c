"""What is decided before anything is written, and what is refused."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgecomp.c_export import Source, plan_c_export, read_source
from edgecomp.c_export.checks import check
from edgecomp.errors import InputError
from edgecomp.quantize.litert.apply import quantize
from edgecomp.targets import load_target
from edgecomp.targets.profile import Memory
from edgecomp.tflite import read_tflite


def test_a_bundles_constants_are_the_contracts(photos: Source) -> None:
    plan = plan_c_export(photos)
    assert photos.contract is not None
    (one,) = plan.inputs
    tensor = read_tflite(photos.model).inputs[0]
    assert tensor.quantization is not None
    assert (one.mean, one.std) == (photos.contract.inputs[0].mean, photos.contract.inputs[0].std)
    assert (one.scale, one.zero_point) == (tensor.quantization.scale[0], tensor.quantization.zero_point[0])
    assert one.photo == "rgb photo of 16 x 16, crop, bilinear"
    assert plan.identifier == "my_net_v2_final"


def test_inputs_are_in_the_models_order_with_their_own_constants(two_inputs: Source) -> None:
    assert two_inputs.contract is not None
    swapped = replace(
        two_inputs.contract,
        inputs=tuple(replace(one, mean=(float(one.shape[-1]),)) for one in reversed(two_inputs.contract.inputs)),
    )
    plan = plan_c_export(replace(two_inputs, contract=swapped))
    assert [one.elements for one in plan.inputs] == [one.elements for one in read_tflite(two_inputs.model).inputs]
    assert all(one.mean == (float(one.shape[-1]),) for one in plan.inputs)


def test_a_bare_tflite_takes_values_as_they_are(rows: Source) -> None:
    plan = plan_c_export(rows)
    assert plan.preprocess is None
    assert (plan.inputs[0].mean, plan.inputs[0].std, plan.inputs[0].scale) == ((0.0,), (1.0,), None)


def test_the_resolver_has_each_operator_once(photos: Source) -> None:
    names = {one.name for one in read_tflite(photos.model).main.operators}
    methods = plan_c_export(photos).resolver_methods
    assert len(methods) == len(set(methods)) == len(names)
    assert "AddDepthwiseConv2D" in methods


def test_espressifs_kernels_need_more_memory(photos: Source) -> None:
    m7, s3 = (plan_c_export(photos, target=load_target(name)) for name in ("cortex-m7", "esp32-s3"))
    assert s3.arena_bytes > m7.arena_bytes


def test_a_custom_operator_is_named(rows: Source) -> None:
    model = read_tflite(rows.model)
    graph = model.main
    other = dataclasses.replace(graph.operators[0], name="FlexErf", custom=True)
    changed = replace(model, subgraphs=(replace(graph, operators=(other, *graph.operators[1:])),))
    with pytest.raises(InputError, match="FlexErf"):
        check(changed, None)


def test_sizes_that_are_not_known_are_refused(rows: Source) -> None:
    model = read_tflite(rows.model)
    graph = model.main
    tensors = tuple(replace(one, shape_signature=(-1, *one.shape[1:])) for one in graph.tensors)
    with pytest.raises(InputError, match="fixed batch"):
        check(replace(model, subgraphs=(replace(graph, tensors=tensors),)), None)


def test_weights_stored_smaller_than_they_are_used_are_refused(rows: Source) -> None:
    stored = quantize(rows.model, scheme="dynamic", io="float")
    with pytest.raises(InputError, match="the model is dynamic, and TensorFlow Lite Micro runs int8"):
        plan_c_export(replace(rows, model=stored))


def test_weights_behind_the_flatbuffer_are_refused(rows: Source, tmp_path: Path) -> None:
    """As litert-quantizer writes them; TFLite Micro would take them for tensors still to be computed."""
    from ai_edge_litert import schema_py_generated as schema
    from flatbuffers import Builder

    model = schema.ModelT.InitFromPackedBuf(rows.model, 0)
    place = next(index for index, one in enumerate(model.buffers) if one.data is not None and len(one.data) >= 16)
    payload = bytes(bytearray(model.buffers[place].data))
    model.buffers[place].data = None
    for _ in range(2):  # the first time only to know where the flatbuffer ends
        builder = Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        packed = bytes(builder.Output())
        model.buffers[place].offset, model.buffers[place].size = len(packed), len(payload)
    builder = Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    packed = bytes(builder.Output())
    with pytest.raises(InputError, match="behind the flatbuffer"):
        plan_c_export(replace(rows, model=packed + payload))


@pytest.mark.parametrize(
    ("memory", "said"),
    [
        (Memory(flash_mb=0.001, ram_mb=1), "cortex-m4 takes one of 1.02 KiB"),
        (Memory(flash_mb=1, ram_mb=0.001), "of memory for TFLite Micro's arena"),
    ],
)
def test_what_does_not_fit_is_refused(memory: Memory, said: str, photos: Source) -> None:
    target = replace(load_target("cortex-m4"), memory=memory, limits=load_target("linux-x86-64").limits)
    with pytest.raises(InputError, match=said):
        plan_c_export(photos, target=target)


def test_what_fits_tightly_is_warned_of(photos: Source) -> None:
    assert plan_c_export(photos, target=load_target("cortex-m4")).warnings == ()
    target = replace(load_target("cortex-m4"), memory=Memory(flash_mb=1, ram_mb=1, budget_mb=0.001))
    (warning,) = plan_c_export(photos, target=target).warnings
    assert "the profile gives a model 1.02 KiB" in warning


def test_the_profiles_limit_of_a_file_goes_before_the_whole_flash(photos: Source) -> None:
    model, target = read_tflite(photos.model), load_target("cortex-m4")
    limit = 768 * 1024
    assert check(replace(model, nbytes=limit), target) == ()
    with pytest.raises(InputError, match="769 KiB, and cortex-m4 takes one of 768 KiB"):
        check(replace(model, nbytes=limit + 1024), target)


def test_without_a_target_no_memory_is_too_small(photos: Source) -> None:
    assert check(replace(read_tflite(photos.model), nbytes=2**31), None) == ()


def test_custom_operators_that_a_profile_lists_are_refused_all_the_same(rows: Source) -> None:
    """The example program would name a method of the resolver that there is none of."""
    model, target = read_tflite(rows.model), load_target("cortex-m4")
    other = dataclasses.replace(model.main.operators[0], name="my-op", custom=True)
    changed = replace(model, subgraphs=(replace(model.main, operators=(other, *model.main.operators[1:])),))
    own = replace(target, operators=replace(target.operators, custom=("my-op",)))
    with pytest.raises(InputError, match="example program has no kernels for custom operators: my-op"):
        check(changed, own)


def test_a_board_that_is_no_microcontroller_is_refused(photos: Source) -> None:
    with pytest.raises(InputError, match="raspberry-pi-4b is no microcontroller"):
        plan_c_export(photos, target=load_target("raspberry-pi-4b"))


@pytest.mark.parametrize("content", [b"", b"TFL3", b"\x1c\0\0\0TFL3", b"not a model at all", b"PK\x03\x04"])
def test_other_files_are_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.tflite").write_bytes(content)
    with pytest.raises(InputError):
        plan_c_export(read_source(tmp_path / "x.tflite"))


def test_every_truncation_is_refused(rows: Source) -> None:
    for length in range(8, len(rows.model) - 64, 97):
        cut: Any = replace(rows, model=rows.model[:length])
        with pytest.raises(InputError):
            plan_c_export(cut)
