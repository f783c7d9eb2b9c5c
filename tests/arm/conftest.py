"""Small networks as files of every scheme, and the runtimes they are run on besides the one installed here."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime.contract import Contract
from edgecomp_runtime.preprocess import build_contract, parse_preprocess

from edgecomp.bundle import BundleContents, Goldens, pack_bundle
from edgecomp.emulate.cpus import find_cpu
from edgecomp.emulate.run import Job, Ran, run_emulated, run_guest
from edgecomp.emulate.userland import Userland, userland, userland_folder

REPOSITORY = Path(__file__).parents[2]
RUNTIMES = REPOSITORY / "build/runtimes"
SAMPLES = 32
SCHEMES = ("int8", "int16x8", "int4", "dynamic", "dynamic4", "float16")
CPUS = ("cortex-a53", "cortex-a76")


def _convolutions() -> Any:
    import keras
    from keras import layers

    inputs = keras.Input((20, 20, 3), name="photo")
    value = layers.Conv2D(12, 3, activation="relu")(inputs)
    value = layers.Conv2D(20, 3, strides=2, padding="same", activation="relu6")(layers.MaxPooling2D()(value))
    return keras.Model(inputs, layers.Dense(7, activation="softmax")(layers.Flatten()(value)))


def _separable() -> Any:
    import keras
    from keras import layers

    inputs = keras.Input((16, 16, 3), name="photo")
    value = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu6")(inputs)
    for _ in range(2):
        branch = layers.Conv2D(48, 1, activation="relu6")(value)
        branch = layers.DepthwiseConv2D(3, padding="same", activation="relu6")(branch)
        value = layers.Add()([value, layers.Conv2D(16, 1)(branch)])
    return keras.Model(inputs, layers.Dense(5)(layers.GlobalAveragePooling2D()(value)))


def _squeezed() -> Any:
    import keras
    from keras import layers

    inputs = keras.Input((16, 16, 3), name="photo")
    value = layers.Conv2D(16, 3, strides=2, padding="same", activation="silu")(inputs)
    gate = layers.Conv2D(4, 1, activation="silu")(layers.GlobalAveragePooling2D(keepdims=True)(value))
    value = layers.Multiply()([value, layers.Conv2D(16, 1, activation="sigmoid")(gate)])
    value = layers.DepthwiseConv2D(3, padding="same", activation="hard_silu")(value)
    return keras.Model(inputs, layers.Dense(5)(layers.GlobalAveragePooling2D()(value)))


def _autoencoder() -> Any:
    import keras
    from keras import layers

    value = inputs = keras.Input((64,), name="frame")
    for units in (32, 8, 32):
        value = layers.Dense(units, activation="relu")(value)
    return keras.Model(inputs, layers.Dense(64)(value))


def _rewritten() -> Any:
    """Operators that are made integers by a detour."""
    import keras
    from keras import layers, ops

    inputs = keras.Input((8, 8, 3), name="photo")
    value = layers.LeakyReLU(0.2)(layers.Conv2D(8, 3, padding="same")(inputs))
    value = layers.PReLU(shared_axes=[1, 2], alpha_initializer=keras.initializers.Constant(0.3))(
        layers.Conv2D(8, 1)(value)
    )
    value = layers.ELU()(layers.Conv2D(8, 1)(layers.UpSampling2D()(value)))
    value = layers.Minimum()([layers.Conv2D(8, 1)(value), layers.Lambda(ops.square)(value)])
    value = layers.Lambda(lambda x: ops.abs(-x))(value)
    return keras.Model(inputs, layers.Dense(5)(layers.GlobalMaxPooling2D()(value)))


NETWORKS = {
    "convolutions": _convolutions,
    "separable": _separable,
    "squeezed": _squeezed,
    "autoencoder": _autoencoder,
    "rewritten": _rewritten,
}


@pytest.fixture(scope="session")
def files() -> dict[str, bytes]:
    """Files by "NETWORK-SCHEME"."""
    import keras

    from edgecomp.export.graph import freeze
    from edgecomp.export.tflite import convert_graph
    from edgecomp.models import from_keras
    from edgecomp.quantize.litert.apply import quantize
    from edgecomp.quantize.ranges.choice import choose_ranges
    from edgecomp.quantize.ranges.observe import observe
    from edgecomp.quantize.schemes import NEEDS_CALIBRATION
    from edgecomp.tflite import align_buffers, read_tflite, with_signature

    made = {}
    for name, build in NETWORKS.items():
        keras.utils.set_random_seed(7)
        opened = from_keras(build())
        inputs, outputs = ([spec.name for spec in specs] for specs in (opened.inputs, opened.outputs))
        file = with_signature(convert_graph(freeze(opened)), inputs, outputs)
        rng = np.random.default_rng(7)
        samples = [{one.name: rng.normal(size=one.shape).astype(np.float32) for one in opened.inputs} for _ in range(8)]
        ranges = choose_ranges(observe(file, threads=1, stream=samples), "minmax", model=read_tflite(file))
        for scheme in SCHEMES:
            options: Any = {"scheme": scheme, "io": "int8" if scheme in NEEDS_CALIBRATION else "float"}
            made[f"{name}-{scheme}"] = align_buffers(quantize(file, ranges=ranges, **options))
    return made


@pytest.fixture(scope="session")
def inputs(files: dict[str, bytes]) -> dict[str, dict[str, np.ndarray]]:
    """Random inputs of each file, by tensor name: integers over all their range, floats around 0."""
    from edgecomp.tflite import read_tflite

    rng = np.random.default_rng(11)

    def values(dtype: str, shape: tuple[int, ...]) -> np.ndarray:
        if dtype == "float32":
            return rng.normal(size=shape).astype(np.float32)
        limits = np.iinfo(dtype)
        return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)

    return {
        name: {one.name: values(one.dtype, (SAMPLES, *one.shape)) for one in read_tflite(file).inputs}
        for name, file in files.items()
    }


@pytest.fixture(scope="session")
def jobs(files: dict[str, bytes], inputs: dict[str, dict[str, np.ndarray]]) -> dict[str, Job]:
    """Every file with its inputs, in the graph's order."""
    from edgecomp.tflite import read_tflite

    return {
        name: Job(file, tuple(inputs[name][one.name] for one in read_tflite(file).inputs))
        for name, file in files.items()
    }


@pytest.fixture(scope="session")
def run_here(jobs: dict[str, Job]) -> Callable[..., Ran]:
    """Runs a file with the interpreter that is installed here, with its default delegate or without."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    def run(name: str, *, delegate: bool = True) -> Ran:
        job = jobs[name]
        resolver = OpResolverType.AUTO if delegate else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        interpreter = Interpreter(model_content=job.model, num_threads=1, experimental_op_resolver_type=resolver)
        interpreter.allocate_tensors()
        collected: list[list[np.ndarray]] = [[] for _ in interpreter.get_output_details()]
        for sample in range(SAMPLES):
            for detail, values in zip(interpreter.get_input_details(), job.inputs, strict=True):
                interpreter.set_tensor(detail["index"], values[sample])
            interpreter.invoke()
            for kept, detail in zip(collected, interpreter.get_output_details(), strict=True):
                kept.append(interpreter.get_tensor(detail["index"]))
        partitions = sum(one["op_name"] == "DELEGATE" for one in interpreter._get_ops_details())
        return Ran(tuple(np.stack(kept) for kept in collected), partitions)

    return run


@pytest.fixture(scope="session")
def tflite_runtime(jobs: dict[str, Job], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ran]:
    """What tflite-runtime 2.14 makes of every file on this machine."""
    packages = RUNTIMES / "tflite-runtime"
    if not packages.is_dir():
        pytest.skip(f"{packages} is absent; scripts/other_runtimes.sh makes it")
    # Without site, so that the packages installed here are out of sight.
    python, environment = [sys.executable, "-S"], {"PYTHONPATH": str(packages)}
    return run_guest(python, environment, jobs, tmp_path_factory.mktemp("tflite-runtime"), "in tflite-runtime")


@pytest.fixture(scope="session")
def system() -> Callable[[str], Userland]:
    """The system for an emulated CPU; the test is skipped where it has not been set up."""

    def find(name: str) -> Userland:
        cpu = find_cpu(name)
        if shutil.which(cpu.emulator) is None:
            pytest.skip(f"{cpu.emulator} is absent; apt-get install qemu-user")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("EDGECOMP_CACHE", str(RUNTIMES))
            if not userland_folder(cpu).is_dir():
                pytest.skip(f"{userland_folder(cpu)} is absent; scripts/other_runtimes.sh makes it")
            return userland(cpu)

    return find


@pytest.fixture(scope="session", params=CPUS)
def arm(request: Any, system: Callable[[str], Userland], jobs: dict[str, Job]) -> dict[str, Ran]:
    """What LiteRT makes of the files with integer outputs on an emulated 64-bit ARM core."""
    integers = {name: job for name, job in jobs.items() if name.endswith(("-int8", "-int4", "-int16x8"))}
    return run_emulated(integers, system(request.param))


@pytest.fixture
def bundle(files: dict[str, bytes], jobs: dict[str, Job], run_here: Callable[..., Ran], tmp_path: Path) -> Path:
    """A bundle whose goldens were made here."""
    from edgecomp.models.opened import TensorSpec
    from edgecomp.tflite import with_signature

    name = "convolutions-int8"
    file = with_signature(files[name], ["photo"], ["scores"])
    contract: Contract = build_contract(
        parse_preprocess("none"),
        [TensorSpec("photo", (1, 20, 20, 3), "float32")],
        [TensorSpec("scores", (1, 7), "float32")],
        images=False,
    )
    goldens = Goldens(jobs[name].inputs, run_here(name).outputs, tolerance_steps=4)
    contents = BundleContents("net", "raspberry-pi-4b", "int8", "int8", file, contract, goldens, {}, {})
    (tmp_path / "net.zip").write_bytes(pack_bundle(contents))
    return tmp_path / "net.zip"
