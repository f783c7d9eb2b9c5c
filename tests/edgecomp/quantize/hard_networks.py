"""Small trained networks that plain post-training quantization fails, each for a reason met in practice.

All are trained on scikit-learn's digits in seconds. Where training alone does not give the trouble, it is put in by
rescaling channels of the trained network such that its function stays the same: quantization then suffers from what
the network is made of, never from what it computes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

TRAINING, CALIBRATION = 1000, 100
SPREAD = 100.0
"""Largest over smallest factor of a layer's channels: what folded BatchNormalization leaves in trained MobileNets."""


@dataclass(frozen=True)
class HardCase:
    """A network with its data.

    Args:
        model: the trained network, one input and one output.
        calibration: float32 samples, unlabelled.
        images: held-out float32 samples.
        labels: of the held-out samples: the class, or 1 for an anomaly and 0 for none.
        judge: figure of merit, 0 to 1 and more is better, of outputs [images, ...] given the case.
    """

    model: Any
    calibration: np.ndarray
    images: np.ndarray
    labels: np.ndarray
    judge: Callable[[HardCase, np.ndarray], float]

    def score(self, file: bytes) -> float:
        """Figure of merit of a .tflite with float or integer inputs and outputs, run by the real interpreter."""
        return self.judge(self, run_file(file, self.images))


def run_file(file: bytes, images: np.ndarray) -> np.ndarray:
    """Runs a .tflite with one input and one output, image by image.

    Args:
        file: with float or integer inputs and outputs.
        images: float32 [images, ...].

    Returns:
        float32 outputs [images, ...].
    """
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=file)
    interpreter.allocate_tensors()
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    outputs = []
    for stored in _encode(images, taken)[:, None]:
        interpreter.set_tensor(taken["index"], stored)
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(given["index"])[0])
    return _decode(np.stack(outputs), given)


def _encode(real: np.ndarray, detail: dict[str, Any]) -> np.ndarray:
    if detail["dtype"] == np.float32:
        return real
    scale, zero_point = detail["quantization"]
    limits = np.iinfo(detail["dtype"])
    return np.round(real / np.float32(scale) + zero_point).clip(limits.min, limits.max).astype(detail["dtype"])


def _decode(stored: np.ndarray, detail: dict[str, Any]) -> np.ndarray:
    if detail["dtype"] == np.float32:
        return stored
    scale, zero_point = detail["quantization"]
    return (stored.astype(np.int32) - zero_point) * np.float32(scale)


def accuracy(case: HardCase, outputs: np.ndarray) -> float:
    """Share of images whose largest score is that of their class."""
    return float(np.mean(outputs.argmax(-1) == case.labels))


def reconstruction_auc(case: HardCase, outputs: np.ndarray) -> float:
    """Area under the ROC curve of the mean squared error of reconstruction."""
    return error_auc(case, np.square(outputs - case.images).mean(-1))


def error_auc(case: HardCase, outputs: np.ndarray) -> float:
    """Area under the ROC curve where the output is the error itself."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(case.labels, outputs.reshape(len(case.labels))))


@cache
def _digits() -> tuple[np.ndarray, np.ndarray]:
    """Images float32 [1797, 8, 8, 1] of 0 to 1 in a fixed shuffled order, and their classes."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.images))
    return (digits.images[order, ..., None] / 16).astype(np.float32), digits.target[order]


def _classifier_case(model: Any, calibration: np.ndarray | None = None) -> HardCase:
    images, labels = _digits()
    if calibration is None:
        calibration = images[:CALIBRATION]
    return HardCase(model, calibration, images[TRAINING:], labels[TRAINING:], accuracy)


def _train(model: Any, epochs: int) -> Any:
    import keras

    images, labels = _digits()
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", jit_compile=False)
    model.fit(images[:TRAINING], labels[:TRAINING], epochs=epochs, batch_size=50, verbose=0)
    return model


def _normalized(value: Any, layer: Any, activation: str | None) -> Any:
    """A layer, its BatchNormalization, and an activation: the building block of every network here."""
    from keras import layers

    value = layers.BatchNormalization(momentum=0.9, name=f"{layer.name}_norm")(layer(value))
    return value if activation is None else layers.Activation(activation)(value)


@cache
def _separable(activation: str) -> Any:
    """Three depthwise-separable blocks behind a stem, trained."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    inputs = keras.Input((8, 8, 1), name="image")
    value = _normalized(inputs, layers.Conv2D(16, 3, padding="same", use_bias=False, name="stem"), activation)
    for block, (width, stride) in enumerate(((24, 1), (32, 2), (32, 1))):
        spatial = layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False, name=f"depthwise_{block}")
        value = _normalized(value, spatial, activation)
        value = _normalized(value, layers.Conv2D(width, 1, use_bias=False, name=f"pointwise_{block}"), activation)
    value = layers.Dense(10, name="logits")(layers.GlobalAveragePooling2D()(value))
    return _train(keras.Model(inputs, layers.Softmax(name="scores")(value)), epochs=15)


def _links(chain: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    return {name: (following,) for name, following in pairwise(chain)}


SEPARABLE_LINKS = _links(
    ("stem", "depthwise_0", "pointwise_0", "depthwise_1", "pointwise_1", "depthwise_2", "pointwise_2", "logits")
)


def _rescale(model: Any, links: dict[str, tuple[str, ...]], factors: Callable[[int], np.ndarray]) -> Any:
    """A copy of the model in which layers' channels are multiplied, and the next layers' weights divided, by factors.

    Args:
        model: the layers to be rescaled are followed by BatchNormalization layers named "..._norm".
        links: by name of a layer those of all layers that it feeds.
        factors: gives one factor per channel for a number of channels.
    """
    import keras

    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    for name, following in links.items():
        norm = copy.get_layer(f"{name}_norm")
        gamma, beta, *statistics = norm.get_weights()
        scale = factors(len(gamma))
        norm.set_weights([gamma * scale, beta * scale, *statistics])
        for consumer in following:
            _divide_inputs(copy.get_layer(consumer), scale)
    return copy


def _divide_inputs(layer: Any, scale: np.ndarray) -> None:
    """Divides the weights of a layer by one factor per input channel."""
    kernel, *rest = layer.get_weights()
    shape = (-1, 1)  # kernels are [..., in, out], of depthwise convolutions [height, width, in, multiplier]
    layer.set_weights([kernel / scale.reshape(shape).astype(np.float32), *rest])


def _spread(*, seed: int, largest: float, spread: float = SPREAD) -> Callable[[int], np.ndarray]:
    """Factors from `largest` / `spread` to `largest`, both met in each layer, most of them near the lower end.

    The few large channels set the range that all share, which is how it goes in trained networks too.
    """
    rng = np.random.default_rng(seed)
    return lambda channels: largest * spread ** (rng.permutation(np.linspace(0, 1, channels) ** 4) - 1)


def spread_channels() -> HardCase:
    """Depthwise-separable ReLU network whose channels spread over a factor of 100 in every layer."""
    return _classifier_case(_rescale(_separable("relu"), SEPARABLE_LINKS, _spread(seed=3, largest=10)))


def spread_channels_relu6() -> HardCase:
    """The same with ReLU6, whose channels can only shrink without being clipped elsewhere: down to a hundredth."""
    return _classifier_case(_rescale(_separable("relu6"), SEPARABLE_LINKS, _spread(seed=3, largest=1)))


def bright_outliers() -> HardCase:
    """3 of 100 calibration images are 50 times too bright, as from a loader that forgot to divide."""
    calibration = _digits()[0][:CALIBRATION].copy()
    calibration[[17, 42, 80]] *= 50
    return _classifier_case(_separable("relu"), calibration)


def hot_pixels() -> HardCase:
    """5 of 100 calibration images have one pixel stuck at 100 times full scale, as of a broken sensor."""
    calibration = _digits()[0][:CALIBRATION].copy()
    for index in (3, 21, 40, 66, 91):
        calibration[index, index % 8, index // 13 % 8] = 100
    return _classifier_case(_separable("relu"), calibration)


def small_logits() -> HardCase:
    """Logits so small that the probabilities, 0.1 give or take 0.001, are all one step of int8's 1/256."""
    import keras

    model = keras.models.clone_model(_separable("relu"))
    model.set_weights(_separable("relu").get_weights())
    logits = model.get_layer("logits")
    logits.set_weights([one / 1000 for one in logits.get_weights()])
    return _classifier_case(model)


OFFSET = 4000


def offset_logits() -> HardCase:
    """Logits with a common offset of thousands, to which a softmax is blind and an int8 range is not."""
    import keras

    model = keras.models.clone_model(_separable("relu"))
    model.set_weights(_separable("relu").get_weights())
    logits = model.get_layer("logits")
    kernel, bias = logits.get_weights()
    logits.set_weights([kernel, bias + OFFSET])
    return _classifier_case(model)


def _inverted_residuals(activation: str, gate: str | None = None, silent: int = 0) -> Any:
    """MobileNetV3-like: expansion, depthwise, perhaps squeeze-excite, linear projection; three blocks, not trained.

    Args:
        activation: behind each convolution but the projections.
        gate: activation of the squeeze-excite gates; None leaves them out.
        silent: further channels in each expansion.
    """
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    inputs = keras.Input((8, 8, 1), name="image")
    value = _normalized(inputs, layers.Conv2D(16, 3, padding="same", use_bias=False, name="stem"), activation)
    for block, stride in enumerate((1, 2, 1)):
        width = 48 + silent
        before = value
        value = _normalized(value, layers.Conv2D(width, 1, use_bias=False, name=f"expand_{block}"), activation)
        spatial = layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False, name=f"depthwise_{block}")
        value = _normalized(value, spatial, activation)
        if gate is not None:
            value = _squeeze_excite(value, gate, block)
        value = _normalized(value, layers.Conv2D(16, 1, use_bias=False, name=f"project_{block}"), None)
        value = layers.Add()([before, value]) if stride == 1 else value
    value = _normalized(value, layers.Conv2D(64, 1, use_bias=False, name="last"), activation)
    value = layers.Dense(10, name="logits")(layers.GlobalAveragePooling2D()(value))
    return keras.Model(inputs, layers.Softmax(name="scores")(value))


def _squeeze_excite(value: Any, gate: str, block: int) -> Any:
    from keras import layers

    channels = value.shape[-1]
    squeezed = layers.GlobalAveragePooling2D(keepdims=True)(value)
    squeezed = layers.Conv2D(channels // 4, 1, activation="relu", name=f"squeeze_{block}")(squeezed)
    return layers.Multiply()([value, layers.Conv2D(channels, 1, activation=gate, name=f"excite_{block}")(squeezed)])


@cache
def _trained_inverted(activation: str, gate: str | None = None) -> Any:
    return _train(_inverted_residuals(activation, gate), epochs=15)


REST = 600.0
"""How far below zero silent channels rest. A SiLU or h-swish cannot tell -20 from -600."""


def _with_silent_channels(model: Any, activation: str, gate: str | None = None) -> Any:
    """The model with further channels in its expansions that rest far below zero, where the activation is zero."""
    wide = _inverted_residuals(activation, gate, silent=4)
    for layer, trained in zip(wide.layers, model.layers, strict=True):
        pairs = zip(layer.get_weights(), trained.get_weights(), strict=True)
        layer.set_weights([_in_corner(*pair) for pair in pairs])
    for block in range(3):
        norm = wide.get_layer(f"expand_{block}_norm")
        gamma, beta, *statistics = norm.get_weights()
        beta[-4:] = -REST
        norm.set_weights([gamma, beta, *statistics])
    return wide


def _in_corner(wide: np.ndarray, narrow: np.ndarray) -> np.ndarray:
    wide[tuple(slice(size) for size in narrow.shape)] = narrow
    return wide


def silent_channels_silu() -> HardCase:
    """SiLU network with channels that rest at -600, which stretches the range before the activation for nothing.

    A SiLU is flat below -20, so that training is free to leave a channel as far down as it likes.
    """
    return _classifier_case(_with_silent_channels(_trained_inverted("silu"), "silu"))


def silent_channels_hard_swish() -> HardCase:
    """The same with h-swish, which is zero from -3 down."""
    return _classifier_case(_with_silent_channels(_trained_inverted("hard_swish"), "hard_swish"))


def spread_channels_squeeze_excite() -> HardCase:
    """Squeeze-excite network whose channels spread over a factor of 200 on both sides of the gates.

    A gate multiplies each channel by a number of its own, so that training has no reason to keep channels alike: what
    the depthwise convolution makes small the gate, the squeeze and the projection make up for.
    """
    model = _trained_inverted("relu", "hard_sigmoid")
    factors = _spread(seed=3, largest=10, spread=200)
    for block in range(3):
        model = _rescale(model, {f"expand_{block}": (f"depthwise_{block}",)}, factors)
        model = _rescale(model, {f"depthwise_{block}": (f"squeeze_{block}", f"project_{block}")}, factors)
    return _classifier_case(_rescale(model, {"last": ("logits",)}, factors))


NORMAL_DIGITS = (0, 2, 3, 5, 6, 8)
"""What the autoencoder is trained on; the other digits are anomalies to it."""

AUTOENCODER_WIDTHS = (48, 48, 6, 48, 48)


@cache
def _autoencoder() -> Any:
    """Dense autoencoder of rows of 64 pixels, as of anomaly detection on machine sounds."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    inputs = value = keras.Input((64,), name="row")
    for place, width in enumerate(AUTOENCODER_WIDTHS):
        value = _normalized(value, layers.Dense(width, name=f"dense_{place}"), "relu")
    model = keras.Model(inputs, layers.Dense(64, name="reconstruction")(value))
    model.compile(keras.optimizers.Adam(0.01), "mse", jit_compile=False)
    rows, _ = _rows(slice(0, TRAINING), anomalies=False)
    model.fit(rows, rows, epochs=40, batch_size=50, verbose=0)
    return model


def _rows(part: slice, *, anomalies: bool) -> tuple[np.ndarray, np.ndarray]:
    """Digits as float32 rows [images, 64], and 1 for those the autoencoder is not trained on."""
    images, labels = _digits()
    odd = ~np.isin(labels[part], NORMAL_DIGITS)
    keep = np.full(len(odd), True) if anomalies else ~odd
    return images[part].reshape(-1, 64)[keep], odd[keep].astype(int)


def _anomaly_case(model: Any, judge: Callable[[HardCase, np.ndarray], float]) -> HardCase:
    calibration, _ = _rows(slice(0, TRAINING), anomalies=False)
    return HardCase(model, calibration[:CALIBRATION], *_rows(slice(TRAINING, None), anomalies=True), judge)


def autoencoder() -> HardCase:
    """Autoencoder judged by its reconstruction error, whose hidden units spread over a factor of 200."""
    chain = (*(f"dense_{place}" for place in range(len(AUTOENCODER_WIDTHS))), "reconstruction")
    return _anomaly_case(
        _rescale(_autoencoder(), _links(chain), _spread(seed=3, largest=10, spread=200)), reconstruction_auc
    )


def autoencoder_with_error() -> HardCase:
    """Autoencoder that gives its mean squared error itself; 2 of 100 calibration rows are 10 times too bright."""
    from keras import Model, layers, ops

    model = _autoencoder()
    difference = layers.Subtract()([model.output, model.input])
    squared = layers.Multiply()([difference, difference])
    case = _anomaly_case(Model(model.input, ops.mean(squared, axis=-1, keepdims=True)), error_auc)
    calibration = case.calibration.copy()
    calibration[[11, 60]] *= 10
    return replace(case, calibration=calibration)


CASES: dict[str, Callable[[], HardCase]] = {
    case.__name__: case
    for case in (
        spread_channels,
        spread_channels_relu6,
        bright_outliers,
        hot_pixels,
        silent_channels_silu,
        silent_channels_hard_swish,
        spread_channels_squeeze_excite,
        small_logits,
        offset_logits,
        autoencoder,
        autoencoder_with_error,
    )
}

TRAINED: dict[str, Callable[[], HardCase]] = {
    "trained_separable": lambda: _classifier_case(_separable("relu")),
    "trained_separable_relu6": lambda: _classifier_case(_separable("relu6")),
    "trained_silu": lambda: _classifier_case(_trained_inverted("silu")),
    "trained_hard_swish": lambda: _classifier_case(_trained_inverted("hard_swish")),
    "trained_squeeze_excite": lambda: _classifier_case(_trained_inverted("relu", "hard_sigmoid")),
    "trained_autoencoder": lambda: _anomaly_case(_autoencoder(), reconstruction_auc),
}
"""The networks behind the cases, as training left them."""
