"""Translates the configuration of one Keras 2 layer to Keras 3: pure functions, plain data in, plain data out.

Keras 2 wrote the same layer in many ways over the years (stand-alone Keras 2.0 to 2.4, TensorFlow 1.x and 2.x). Each
step here undoes one of those differences and says why it exists. Nothing here imports Keras.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError

Config = dict[str, Any]

# Class names of other versions for what Keras 3 knows under one name.
CLASS_NAMES = {
    "BatchNormalizationV1": "BatchNormalization",  # TensorFlow 1.13 to 1.15
    "BatchNormalizationV2": "BatchNormalization",  # TensorFlow 2.0
    "SyncBatchNormalization": "BatchNormalization",  # the same at inference
    "LayerNormalizationV1": "LayerNormalization",
    "DenseFeaturesV2": "DenseFeatures",
    "UnifiedLSTM": "LSTM",  # TensorFlow 2.0 previews
    "UnifiedGRU": "GRU",
    "CuDNNLSTM": "LSTM",  # other layout of its weights, see weights.py
    "CuDNNGRU": "GRU",
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "Convolution2DTranspose": "Conv2DTranspose",
    "SeparableConvolution1D": "SeparableConv1D",
    "SeparableConvolution2D": "SeparableConv2D",
    "DepthwiseConvolution2D": "DepthwiseConv2D",
    "MaxPool1D": "MaxPooling1D",
    "MaxPool2D": "MaxPooling2D",
    "MaxPool3D": "MaxPooling3D",
    "AvgPool1D": "AveragePooling1D",
    "AvgPool2D": "AveragePooling2D",
    "AvgPool3D": "AveragePooling3D",
    "GlobalMaxPool1D": "GlobalMaxPooling1D",
    "GlobalMaxPool2D": "GlobalMaxPooling2D",
    "GlobalAvgPool1D": "GlobalAveragePooling1D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D",
    "ThresholdedReLU": "ReLU",
    "FixedDropout": "Dropout",  # the `efficientnet` package's Dropout, nothing at inference
    "RandomHeight": "Identity",  # gone from Keras 3; they do nothing at inference
    "RandomWidth": "Identity",
    "RandomCrop": "Resizing",  # the crop is only taken in training
    "AddLoss": "Identity",
    "AddMetric": "Identity",
}

# What an activation is called in Keras 3. `hard_sigmoid` of Keras 2 is another function than that of Keras 3.
ACTIVATION_NAMES = {"swish": "silu", "hard_sigmoid": "hard_sigmoid_keras2"}

# Options that say how a layer is computed or checked, not what it computes.
_WITHOUT_EFFECT = frozenset(
    {
        "batch_input_shape",  # the network's own input says it
        "batch_shape",
        "build_config",
        "compute_dtype",
        "dynamic",
        "experimental_run_tf_function",
        "fused",
        "implementation",
        "input_dim",
        "input_dtype",
        "input_length",
        "input_shape",
        "ragged",
        "rng_type",
        "synchronized",
        "sparse",
        "unroll",
        "use_cudnn",
        "virtual_batch_size",
        "zero_output_for_mask",
    }
)
# Keras 3 layers that do take one of the options above, with a meaning of its own.
_WITH_EFFECT = {"Embedding": {"input_dim"}, "CategoryEncoding": {"sparse"}, "RNN": {"zero_output_for_mask"}}

_IDENTITY_KEYS = {"name", "trainable"}


@dataclass(frozen=True)
class LayerConfig:
    """A layer in Keras 3 terms.

    Args:
        class_name: of the Keras 3 layer, or of a custom one.
        config: its keyword arguments; nested layers are still in the file's terms.
    """

    class_name: str
    config: Config


def translate(class_name: str, config: Config, *, by_keras3: bool = False) -> LayerConfig:
    """Translates a layer's class name and configuration to Keras 3's.

    Args:
        class_name: the layer's class in the file.
        config: its configuration in the file.
        by_keras3: whether Keras 3 wrote it, so that only plain values and float32 have to be seen to.

    Raises:
        InputError: the layer has an option Keras 3 has no counterpart for.
    """
    bare_name = class_name.rsplit(">", 1)[-1]
    current = {key: plain(value) for key, value in config.items()}
    steps = _STATEFUL_STEPS if by_keras3 else _STEPS.get(bare_name, ())
    for step in (_without_initializers, _with_float32, *steps):
        current = step(current)
    name = bare_name if by_keras3 else CLASS_NAMES.get(bare_name, bare_name)
    if name == "Identity":
        current = {key: value for key, value in current.items() if key in _IDENTITY_KEYS}
    kept = _WITH_EFFECT.get(name, set())
    current = {key: value for key, value in current.items() if key not in _WITHOUT_EFFECT or key in kept}
    return LayerConfig(name, current)


def plain(value: Any) -> Any:
    """Undoes the wrappers that JSON needed: tuples, NumPy values, shapes.

    Keras 2.0 to 2.2 wrote NumPy scalars as `{"type": "ndarray", "value": 6.0}`, TensorFlow wrote tuples as
    `{"class_name": "__tuple__", "items": [...]}` and shapes as `{"class_name": "TensorShape", "items": [...]}`.
    """
    if isinstance(value, dict):
        if set(value) == {"type", "value"} and value["type"] in ("ndarray", "float32", "float64"):
            return value["value"]
        if value.get("class_name") in ("__tuple__", "TensorShape") and "items" in value:
            return tuple(plain(item) for item in value["items"])
        if value.get("class_name") == "__ellipsis__":
            return Ellipsis
        if value.get("class_name") == "__slice__":
            inner = value["config"]
            return slice(plain(inner["start"]), plain(inner["stop"]), plain(inner["step"]))
        if value.get("class_name") in ("__numpy__", "__tensor__"):
            return np.asarray(value["config"]["value"], dtype=value["config"]["dtype"])
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def _without_initializers(config: Config) -> Config:
    """Every weight comes from the file, so how it once was initialized does not matter (and names changed often)."""
    return {key: value for key, value in config.items() if not key.endswith("_initializer")}


def _with_float32(config: Config) -> Config:
    """Networks trained in mixed precision keep float32 weights; they are opened, and exported, as float32."""
    return {key: value for key, value in config.items() if key not in ("dtype", "dtype_policy")}


def _rename(old: str, new: str) -> Callable[[Config], Config]:
    def step(config: Config) -> Config:
        return {new if key == old else key: value for key, value in config.items()}

    return step


def _default(key: str, value: Any) -> Callable[[Config], Config]:
    def step(config: Config) -> Config:
        return {key: value, **config}

    return step


def _must_be(key: str, *allowed: Any) -> Callable[[Config], Config]:
    """Drops an option Keras 3 does not have, provided that it is at a value that changes nothing."""

    def step(config: Config) -> Config:
        if config.get(key) not in (None, *allowed):
            raise InputError(
                f"the layer {config.get('name')} has {key}={config[key]!r}, which Keras 3 cannot do: "
                f"rebuild the model without it and save it again"
            )
        return {name: value for name, value in config.items() if name != key}

    return step


def _drop(*keys: str) -> Callable[[Config], Config]:
    def step(config: Config) -> Config:
        return {key: value for key, value in config.items() if key not in keys}

    return step


def _single_axis(config: Config) -> Config:
    """TensorFlow 1.13 and later write BatchNormalization's axis as a list of one, `[3]`."""
    axis = config.get("axis", -1)
    if isinstance(axis, (list, tuple)):
        if len(axis) != 1:
            raise InputError(
                f"the layer {config.get('name')} normalizes over several axes {axis}, which cannot be done: "
                "rebuild the model with one and save it again"
            )
        axis = axis[0]
    return {**config, "axis": axis}


def _list_axis(config: Config) -> Config:
    axis = config.get("axis")
    return {**config, "axis": list(axis)} if isinstance(axis, tuple) else config


def _softmax_axis(config: Config) -> Config:
    axis = config.get("axis")
    return {**config, "axis": axis[0]} if isinstance(axis, (list, tuple)) and len(axis) == 1 else config


def _cudnn(config: Config) -> Config:
    """The layers that ran on cuDNN only had these activations, so their configuration does not say them."""
    return {**config, "activation": "tanh", "recurrent_activation": "sigmoid"}


def _stateless(config: Config) -> Config:
    """One inference starts from a clean state: a .tflite keeps nothing between two runs."""
    return {**config, "stateful": False} if "stateful" in config else config


def _normalization(config: Config) -> Config:
    """Statistics come from the weights, except where they were given as numbers."""
    axis = config.get("axis", -1)
    return {**config, "axis": tuple(axis) if isinstance(axis, list) else axis}


def _reshape_target(config: Config) -> Config:
    return {**config, "target_shape": tuple(config["target_shape"])} if "target_shape" in config else config


def _center_resize(config: Config) -> Config:
    """At inference Keras 2's RandomCrop cuts the middle to the wanted aspect ratio and resizes it."""
    return {**config, "crop_to_aspect_ratio": True}


_recurrent = (_stateless, _must_be("time_major", False))
_batch_norm = (_single_axis, _must_be("renorm", False), _drop("renorm_clipping", "renorm_momentum", "adjustment"))
_depthwise = (
    # TensorFlow 2.4 and later write the options of the convolution that DepthwiseConv2D is derived from.
    _must_be("groups", 1),
    _drop("filters", "kernel_regularizer", "kernel_constraint"),
)
_separable = (_must_be("groups", 1), _drop("kernel_regularizer", "kernel_constraint"))

_STATEFUL_STEPS = (_stateless,)
_STEPS: dict[str, tuple[Callable[[Config], Config], ...]] = {
    "BatchNormalization": _batch_norm,
    "BatchNormalizationV1": _batch_norm,
    "BatchNormalizationV2": _batch_norm,
    "SyncBatchNormalization": _batch_norm,
    "LayerNormalization": (_list_axis,),
    "DepthwiseConv1D": _depthwise,
    "DepthwiseConv2D": _depthwise,
    "SeparableConv1D": _separable,
    "SeparableConv2D": _separable,
    "Conv1DTranspose": (_must_be("groups", 1),),
    "Conv2DTranspose": (_must_be("groups", 1),),
    "Conv3DTranspose": (_must_be("groups", 1),),
    "LeakyReLU": (_rename("alpha", "negative_slope"), _default("negative_slope", 0.3)),
    "ThresholdedReLU": (_rename("theta", "threshold"), _default("threshold", 1.0)),
    "Softmax": (_softmax_axis,),
    "LSTM": _recurrent,
    "GRU": (*_recurrent, _default("reset_after", False)),  # before the option existed, Keras computed it this way
    "SimpleRNN": _recurrent,
    "RNN": _recurrent,
    "ConvLSTM1D": _recurrent,
    "ConvLSTM2D": _recurrent,
    "ConvLSTM3D": _recurrent,
    "CuDNNLSTM": (*_recurrent, _cudnn),
    "CuDNNGRU": (*_recurrent, _cudnn, lambda config: {**config, "reset_after": True}),
    "UnifiedLSTM": _recurrent,
    "UnifiedGRU": (*_recurrent, _default("reset_after", True)),
    "GRUCell": (_default("reset_after", False),),
    "Attention": (_must_be("causal", False),),
    "AdditiveAttention": (_must_be("causal", False),),
    "RandomCrop": (_center_resize, _drop("seed", "rng_type")),
    "Reshape": (_reshape_target,),
    "Normalization": (_normalization,),
    "FixedDropout": (_drop("noise_shape"),),
    "MultiHeadAttention": (_drop("query_shape", "key_shape", "value_shape"),),
}
