"""The predicted arena held against what LiteRT's interpreter takes, with its own kernels and their scratch memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgecomp.quantize.litert.apply import quantize
from edgecomp.tflite import peak_activation_bytes, peak_arena_bytes, read_tflite

MEASURE = Path(__file__).with_name("interpreter_memory.py")
TOLERANCE = 0.1


def chain(x: Any, layers: Any) -> Any:
    for width, stride in ((16, 2), (24, 1), (32, 2), (32, 1)):
        x = layers.Conv2D(width, 3, stride, padding="same", activation="relu")(x)
    return x


def pooled_chain(x: Any, layers: Any) -> Any:
    for width in (12, 20, 40):
        x = layers.Conv2D(width, 5, padding="same")(x)
        x = layers.MaxPooling2D(2)(layers.ReLU()(x))
    return x


def residual(x: Any, layers: Any) -> Any:
    x = layers.Conv2D(16, 3, padding="same")(x)
    for _ in range(3):
        y = layers.Conv2D(16, 3, padding="same", activation="relu")(x)
        x = layers.ReLU()(layers.Add()([x, layers.Conv2D(16, 3, padding="same")(y)]))
    return x


def bottleneck(x: Any, layers: Any) -> Any:
    x = layers.Conv2D(32, 1, 2)(x)
    y = layers.Conv2D(8, 1, activation="relu")(x)
    y = layers.Conv2D(8, 3, padding="same", activation="relu")(y)
    return layers.Add()([x, layers.Conv2D(32, 1)(y)])


def inception(x: Any, layers: Any) -> Any:
    x = layers.Conv2D(16, 3, 2, padding="same", activation="relu")(x)
    branches = [layers.Conv2D(8, 1, activation="relu")(x)]
    branches += [layers.Conv2D(8, size, padding="same")(layers.Conv2D(6, 1)(x)) for size in (3, 5)]
    return layers.Concatenate()([*branches, layers.Conv2D(4, 1)(layers.AveragePooling2D(3, 1, "same")(x))])


def dense_blocks(x: Any, layers: Any) -> Any:
    for _ in range(4):
        x = layers.Concatenate()([x, layers.Conv2D(8, 3, padding="same", activation="relu")(x)])
    return x


def depthwise(x: Any, layers: Any) -> Any:
    x = layers.Conv2D(8, 3, 2, padding="same", activation="relu6")(x)
    for width, stride in ((16, 1), (32, 2), (32, 1)):
        x = layers.DepthwiseConv2D(3, stride, padding="same", activation="relu6")(x)
        x = layers.Conv2D(width, 1, activation="relu6")(x)
    return x


def inverted_residual(x: Any, layers: Any) -> Any:
    x = layers.Conv2D(8, 3, 2, padding="same")(x)
    for _ in range(2):
        y = layers.DepthwiseConv2D(3, padding="same")(layers.Conv2D(48, 1, activation="relu6")(x))
        x = layers.Add()([x, layers.Conv2D(8, 1)(layers.ReLU(6)(y))])
    return x


def squeeze_and_excite(x: Any, layers: Any) -> Any:
    x = layers.Conv2D(24, 3, padding="same", activation="relu")(x)
    y = layers.GlobalAveragePooling2D(keepdims=True)(x)
    y = layers.Conv2D(24, 1, activation="sigmoid")(layers.Conv2D(6, 1, activation="relu")(y))
    return layers.Multiply()([x, y])


def u_net(x: Any, layers: Any) -> Any:
    wide = layers.Conv2D(8, 3, padding="same", activation="relu")(x)
    deep = layers.Conv2D(16, 3, padding="same", activation="relu")(layers.MaxPooling2D(2)(wide))
    up = layers.Conv2DTranspose(8, 2, 2, activation="relu")(deep)
    return layers.Conv2D(2, 1)(layers.Concatenate()([up, wide]))


def resized(x: Any, layers: Any) -> Any:
    y = layers.Conv2D(16, 3, 2, padding="same", activation="relu")(x)
    return layers.Conv2D(4, 3, padding="same")(layers.UpSampling2D(2, interpolation="bilinear")(y))


def dilated_and_grouped(x: Any, layers: Any) -> Any:
    x = layers.Conv2D(16, 3, padding="same", dilation_rate=2, activation="relu")(x)
    return layers.Conv2D(16, 3, padding="same", groups=4)(x)


def over_time(x: Any, layers: Any) -> Any:
    x = layers.Reshape((32 * 4, 8 * 3))(x)
    return layers.Conv1D(20, 9, 2, activation="relu")(layers.Conv1D(16, 5, padding="same", activation="relu")(x))


def attention(x: Any, layers: Any) -> Any:
    x = layers.Dense(16)(layers.Reshape((64, 48))(x))
    return layers.LayerNormalization()(layers.Add()([x, layers.MultiHeadAttention(2, 8)(x, x)]))


def perceptron(x: Any, layers: Any) -> Any:
    return layers.Dense(64, activation="tanh")(layers.Dense(128, activation="relu")(layers.Flatten()(x)))


NETWORKS: tuple[Callable[[Any, Any], Any], ...] = (
    *(chain, pooled_chain, residual, bottleneck, inception, dense_blocks, depthwise, inverted_residual),
    *(squeeze_and_excite, u_net, resized, dilated_and_grouped, over_time, attention, perceptron),
)


def measured(folder: Path, files: dict[str, bytes]) -> dict[str, int]:
    """What the interpreter takes for each file. In one process of its own: it copies itself, which TensorFlow's
    threads do not survive."""
    paths = []
    for name, data in files.items():
        paths.append(folder / f"{name}.tflite")
        paths[-1].write_bytes(data)
    run = subprocess.run([sys.executable, MEASURE, *paths], capture_output=True, text=True, check=True, timeout=600)
    return dict(zip(files, map(int, run.stdout.split()), strict=True))


def in_every_scheme(name: str, file: bytes) -> dict[str, bytes]:
    graph = read_tflite(file).main
    ranges = {tensor.name: (-1.0, 1.0) for tensor in graph.tensors if not tensor.is_constant}
    integers = quantize(file, scheme="int8", io="int8", ranges=ranges)
    stored = quantize(file, scheme="dynamic", io="float")
    return {f"{name}-float32": file, f"{name}-int8": integers, f"{name}-dynamic": stored}


def off(files: dict[str, bytes], taken: dict[str, int]) -> dict[str, float]:
    """The predictions that are too far from what was measured, each as a share of it."""
    shares = {name: peak_arena_bytes(read_tflite(data)) / taken[name] for name, data in files.items()}
    return {name: share for name, share in shares.items() if abs(share - 1) > TOLERANCE}


def test_predictions_for_networks_of_all_kinds(export: Any, tmp_path: Path) -> None:
    import keras

    files: dict[str, bytes] = {}
    for build in NETWORKS:
        image = keras.Input((32, 32, 3), name="image")
        files |= in_every_scheme(build.__name__, export(keras.Model(image, build(image, keras.layers)))[1])
    assert len(files) == 3 * len(NETWORKS)
    assert off(files, measured(tmp_path, files)) == {}


def test_predictions_for_every_scheme(files: Any, tmp_path: Path) -> None:
    chosen = {name: getattr(files, name) for name in ("float32", "float16", "dynamic", "int8")}
    assert off(chosen, measured(tmp_path, chosen)) == {}


def test_scratch_memory_is_more_than_the_tensors_alone(files: Any) -> None:
    """The transposed convolution keeps 16x16 windows of 2x2x4 int32, beside its result of 32x32x4."""
    model = read_tflite(files.int8)
    assert peak_arena_bytes(model) - peak_activation_bytes(model) >= 16 * 16 * 2 * 2 * 4 * 4
