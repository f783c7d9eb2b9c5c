"""What each kind of layer does with the channels of its inputs. A rule is a function; see `site.Rule`."""

from __future__ import annotations

from typing import Any

from ..labels import NotFollowedError
from . import attention, elementwise, indexing, moving, normalization, recurrent, reshaping, weighted
from .site import Labels, Rule, Site

__all__ = ["Labels", "Rule", "Site", "find_rule", "knows_moved"]


def find_rule(operation: Any) -> Rule:
    """The rule for a layer or operation of Keras itself; a subclass may compute anything, so it has none.

    Raises:
        NotFollowedError: there is none.
    """
    kind = type(operation)
    rules = _OPERATIONS if kind.__module__.startswith("keras.src.ops.") else _LAYERS
    rule = rules.get(kind.__name__)
    if rule is None or not kind.__module__.startswith("keras."):
        raise NotFollowedError(f"{operation.name} ({kind.__name__}) is not known to keep channels apart")
    if getattr(operation, "data_format", None) == "channels_first":
        raise NotFollowedError(f"{operation.name} has its channels first")
    if getattr(operation, "quantization_mode", None) or getattr(operation, "lora_enabled", False):
        raise NotFollowedError(f"{operation.name} is quantized or has LoRA weights beside its own")
    return rule


def knows_moved(rule: Rule) -> bool:
    """Whether a rule takes channels that stand along another axis than the last."""
    return rule in (moving.reshape, moving.transposition)


def _for_each(names: str, rule: Rule) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), rule)


_LAYERS: dict[str, Rule] = {
    "Dense": weighted.dense,
    "Embedding": weighted.embedding,
    **_for_each("Conv1D Conv2D Conv3D", weighted.convolution),
    **_for_each("Conv1DTranspose Conv2DTranspose Conv3DTranspose", weighted.transposed_convolution),
    **_for_each("DepthwiseConv1D DepthwiseConv2D", weighted.depthwise_convolution),
    **_for_each("SeparableConv1D SeparableConv2D", weighted.separable_convolution),
    **_for_each("SimpleRNN GRU LSTM RNN ConvLSTM1D ConvLSTM2D ConvLSTM3D", recurrent.recurrent),
    "EinsumDense": attention.einsum_dense,
    "MultiHeadAttention": attention.multi_head_attention,
    "Bidirectional": recurrent.bidirectional,
    "TimeDistributed": recurrent.time_distributed,
    "BatchNormalization": normalization.batch_normalization,
    "GroupNormalization": normalization.group_normalization,
    **_for_each("LayerNormalization RMSNormalization UnitNormalization", normalization.over_channels),
    "Normalization": normalization.stored_normalization,
    "Activation": elementwise.activation,
    "Softmax": elementwise.softmax,
    "PReLU": elementwise.prelu,
    "LayerScale": elementwise.layer_scale,
    "Rescaling": elementwise.scaling,
    **_for_each("Add Subtract Multiply Average Maximum Minimum CustomScaleLayer", elementwise.together),
    "Concatenate": reshaping.concatenation,
    **_for_each("Flatten Reshape", moving.reshape),
    "Permute": moving.transposition,
    **_for_each(
        "ReLU LeakyReLU ELU Identity ActivityRegularization StochasticDepth RepeatVector "
        "Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D AlphaDropout GaussianDropout GaussianNoise "
        "MaxPooling1D MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D "
        "GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D "
        "GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D "
        "AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D "
        "AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D "
        "ZeroPadding1D ZeroPadding2D ZeroPadding3D Cropping1D Cropping2D Cropping3D "
        "UpSampling1D UpSampling2D UpSampling3D Resizing CenterCrop RandomCrop "
        "RandomFlip RandomRotation RandomTranslation RandomZoom RandomBrightness RandomContrast",
        elementwise.passing,
    ),
}

_OPERATIONS: dict[str, Rule] = {
    **_for_each(
        "Absolute Arccos Arccosh Arcsin Arcsinh Arctan Arctanh Cbrt Ceil Copy Cos Cosh Exp Exp2 Expm1 Floor "
        "Isfinite Isinf Isnan Log Log10 Log1p Log2 LogicalNot NanToNum Negative OnesLike Reciprocal Round Sign Sin "
        "Sinh Sqrt Square Tan Tanh Trunc ZerosLike Erf Erfc Rsqrt Cast SaturateCast StopGradient "
        "Relu Relu6 Sigmoid SparseSigmoid Softplus Softsign SoftShrink SparsePlus Silu Squareplus LogSigmoid LeakyRelu "
        "HardSigmoid HardSilu Elu Selu Gelu Celu TanhShrink HardTanh HardShrink Threshold "
        "MaxPool AveragePool AdaptiveMaxPool AdaptiveAveragePool Resize PadImages CropImages",
        elementwise.passing,
    ),
    **_for_each(
        "Add Subtract Multiply Divide DivideNoNan TrueDivide FloorDivide Power Mod Maximum Minimum Arctan2 Hypot Where "
        "Equal NotEqual Greater GreaterEqual Less LessEqual LogicalAnd LogicalOr LogicalXor",
        elementwise.together,
    ),
    **_for_each("Mean Sum Max Min Amax Amin Prod Var Std All Any Logsumexp Argmax Argmin", elementwise.reduction),
    **_for_each("Softmax LogSoftmax Cumsum Cumprod Flip Sort", elementwise.softmax),
    "Concatenate": reshaping.concatenation,
    "Stack": reshaping.stack,
    "Clip": elementwise.clip,
    **_for_each("Reshape DepthToSpace SpaceToDepth", moving.reshape),
    **_for_each("Transpose Swapaxes Moveaxis", moving.transposition),
    "ExpandDims": reshaping.new_axis,
    "Squeeze": reshaping.squeeze,
    "Pad": reshaping.padding,
    "BroadcastTo": reshaping.broadcast,
    "Tile": reshaping.tile,
    "Repeat": reshaping.repetition,
    "GetItem": indexing.get_item,
    "Split": indexing.split,
    "Unstack": indexing.unstack,
}
