"""Building blocks of random networks for photos."""

from __future__ import annotations

from typing import Any

from blocks_of_all import Make, activated, classes, dense, normalized


def _conv(value: Any, width: int, option: int) -> Any:
    from keras import layers

    made = layers.Conv2D(
        width,
        (1, 3, (3, 2), 1)[option % 4],
        strides=2 if option == 5 and _room(value) else 1,
        padding="same",
        use_bias=option != 3,
        activation=("relu", None)[option % 2],
    )(value)
    return layers.BatchNormalization()(made) if option > 3 else made


def _room(value: Any) -> bool:
    """Whether a photo is large enough to be made smaller."""
    return min(value.shape[1:3]) >= 4


def _grouped(value: Any, width: int, option: int) -> Any:
    from keras import layers

    groups = 2 + option % 3
    inside = layers.Conv2D(groups * (1 + option % 4), 1, activation="tanh")(value)
    return layers.Conv2D(groups * width, 3, padding="same", groups=groups)(inside)


def _depthwise(value: Any, width: int, option: int) -> Any:
    from keras import layers

    return layers.DepthwiseConv2D(
        3, padding="same", depth_multiplier=1 + option % 3, activation=(None, "relu")[option % 2]
    )(value)


def _separable(value: Any, width: int, option: int) -> Any:
    from keras import layers

    return layers.SeparableConv2D(width, 3, padding="same", depth_multiplier=1 + option % 2)(value)


def _transposed(value: Any, width: int, option: int) -> Any:
    from keras import layers

    large = max(value.shape[1:3]) > 16
    return layers.Conv2DTranspose(width, 3, strides=1 if large else 1 + option % 2, padding="same")(value)


def _pooled(value: Any, width: int, option: int) -> Any:
    from keras import layers

    if not _room(value):
        return value
    return (
        layers.MaxPooling2D(2)(value),
        layers.AveragePooling2D(3, strides=1, padding="same")(value),
        layers.ZeroPadding2D(((0, 1), (1, 0)))(value),
        layers.Cropping2D(((1, 0), (0, 1)))(value),
        layers.UpSampling2D(2, interpolation="bilinear")(layers.MaxPooling2D(2)(value)),
        layers.Resizing(6, 5)(value),
        layers.SpatialDropout2D(0.3)(value),
        layers.Permute((2, 1, 3))(value),
    )[option]


def _merged(value: Any, width: int, option: int) -> Any:
    """A residual block, merged in one of the ways there are."""
    from keras import layers

    other = layers.Conv2D(width, 3, padding="same", activation="relu")(value)
    other = layers.Conv2D(value.shape[-1], 1)(layers.BatchNormalization()(other))
    merge = (
        layers.Add(),
        layers.Multiply(),
        layers.Maximum(),
        layers.Minimum(),
        layers.Average(),
        layers.Subtract(),
        lambda two: two[0] - 0.5 * two[1],
        layers.Concatenate(axis=1),
    )[option]
    return merge([value, other])


def _dense_block(value: Any, width: int, option: int) -> Any:
    from keras import layers

    for _ in range(1 + option % 3):
        new = layers.Conv2D(width, 3, padding="same")(layers.ReLU()(layers.BatchNormalization()(value)))
        value = layers.Concatenate()([value, new])
    return value


def _branches(value: Any, width: int, option: int) -> Any:
    """Inception: branches beside each other, one of them pooled, joined and mixed."""
    from keras import layers

    left = layers.Conv2D(width, 1, activation="relu")(value)
    right = layers.Conv2D(1 + option, 3, padding="same")(left if option % 2 else value)
    pooled = layers.AveragePooling2D(3, strides=1, padding="same")(value)
    return layers.Concatenate()([left, right, pooled, left])


def _gated(value: Any, width: int, option: int) -> Any:
    """Squeeze and excite, in the ways in which networks write it."""
    from keras import layers, ops

    size = value.shape[-1]
    if option % 4 == 0:
        gate = layers.Reshape((1, 1, size))(layers.GlobalAveragePooling2D()(value))
    elif option % 4 == 1:
        gate = layers.GlobalMaxPooling2D(keepdims=True)(value)
    elif option % 4 == 2:
        gate = ops.mean(value, axis=(1, 2), keepdims=True)
    else:
        gate = ops.expand_dims(ops.expand_dims(layers.GlobalAveragePooling2D()(value), 1), 1)
    gate = layers.Conv2D(width, 1, activation="relu")(gate)
    gate = layers.Conv2D(1 if option == 7 else size, 1, activation="sigmoid")(gate)
    return value * gate if option > 3 else layers.Multiply()([value, gate])


def _sliced(value: Any, width: int, option: int) -> Any:
    from keras import layers, ops

    value = layers.Conv2D(2 * width, 1, activation="tanh")(value)
    if option == 0:
        return value[..., 1:]
    if option == 1:
        return layers.Concatenate()([value[..., width:], value[..., :width]])
    if option == 2:
        return value[:, 1:, :, ::2]
    if option == 3:
        first, second = ops.split(value, 2, axis=-1)
        return first * ops.sigmoid(second)
    if option == 4:
        parts = ops.split(value, [1, width], axis=-1)
        return layers.Concatenate()([parts[2], layers.ReLU()(parts[0]), parts[1]])
    if option == 5:
        return value[..., -width:] + value[:, :, :, :width]
    if option == 6:
        return value[:, :-1] - value[:, 1:]
    return value[..., 1:-1:3] if width > 2 else value


def _shuffled(value: Any, width: int, option: int) -> Any:
    """ShuffleNet: the channels of two halves in turns; or what was a row becomes a photo again."""
    from keras import layers, ops

    high, wide = value.shape[1:3]
    if option % 2:
        units = layers.Dense(high * wide * width)(layers.GlobalAveragePooling2D()(value))
        return layers.Reshape((high, wide, width))(units)
    value = layers.Conv2D(2 * width, 1)(value)
    apart = ops.reshape(value, (-1, high, wide, 2, width))
    if option % 4:
        apart = ops.transpose(apart, (0, 1, 2, 4, 3))
    return ops.reshape(apart, (-1, high, wide, 2 * width))


def _shared(value: Any, width: int, option: int) -> Any:
    """A layer called twice, or on its own result."""
    from keras import layers

    layer = layers.Conv2D(value.shape[-1], 3, padding="same", activation="tanh")
    if option % 2:
        return layer(layer(value))
    return layers.Concatenate()([layer(value), layer(layers.ReLU()(value))]) if option < 4 else layer(value)


def _nested(value: Any, width: int, option: int) -> Any:
    """A network as a layer, called once or twice."""
    import keras
    from keras import layers

    shape = value.shape[1:]
    if option % 3 == 0:
        inner = keras.Sequential([keras.Input(shape), layers.Conv2D(width, 1), layers.BatchNormalization()])
    else:
        given = keras.Input(shape)
        made = layers.BatchNormalization()(layers.Conv2D(width, 3, padding="same", activation="relu")(given))
        if option % 3 == 2:
            made = keras.Sequential([keras.Input(made.shape[1:]), layers.Conv2D(width, 1)])(made)
        inner = keras.Model(given, made)
    if option > 4:
        return layers.Add()([inner(value), inner(layers.MaxPooling2D(3, strides=1, padding="same")(value))])
    return inner(value, training=False) if option > 2 else inner(value)


def _attended(value: Any, width: int, option: int) -> Any:
    from keras import layers

    high, wide, size = value.shape[1:]
    tokens = layers.Reshape((high * wide, size))(value)
    attention = layers.MultiHeadAttention(2, width, value_dim=3 if option % 2 else None)
    tokens = layers.Add()([tokens, attention(tokens, tokens)])
    return layers.Reshape((high, wide, size))(layers.LayerNormalization()(tokens))


def _pixel_mlp(value: Any, width: int, option: int) -> Any:
    """ConvNeXt: a depthwise convolution, a normalization, and a wide dense layer between two narrow ones."""
    from keras import layers
    from keras.src.applications.convnext import LayerScale

    inside = layers.DepthwiseConv2D(3, padding="same")(value)
    inside = layers.LayerNormalization()(inside) if option % 2 else inside
    inside = layers.Dense(value.shape[-1])(layers.Dense(2 * width, activation="gelu")(inside))
    return layers.Add()([value, LayerScale(0.5, value.shape[-1])(inside)])


IMAGE_BLOCKS: dict[str, Make] = {
    "conv": _conv,
    "grouped": _grouped,
    "depthwise": _depthwise,
    "separable": _separable,
    "transposed": _transposed,
    "normalized": normalized,
    "activated": lambda value, width, option: activated(value, option),
    "pooled": _pooled,
    "merged": _merged,
    "dense_block": _dense_block,
    "branches": _branches,
    "gated": _gated,
    "sliced": _sliced,
    "shuffled": _shuffled,
    "shared": _shared,
    "nested": _nested,
    "attended": _attended,
    "dense": dense,
    "pixel_mlp": _pixel_mlp,
}


def _flattened(value: Any, width: int, option: int) -> Any:
    from keras import layers

    return classes(layers.Flatten()(value), width, option)


def _averaged(value: Any, width: int, option: int) -> Any:
    from keras import layers

    pooled = layers.GlobalAveragePooling2D() if option % 2 else layers.GlobalMaxPooling2D()
    return classes(pooled(value), width, option)


def _two_heads(value: Any, width: int, option: int) -> Any:
    """A detector: two outputs with one body."""
    from keras import layers

    body = layers.Conv2D(width, 3, padding="same", activation="relu")(value)
    boxes = layers.Reshape((-1, 4))(layers.Conv2D(8, 1)(body))
    return [boxes, layers.Conv2D(2, 3, padding="same")(value if option % 2 else body)]


IMAGE_ENDS: dict[str, Make] = {
    "flattened": _flattened,
    "averaged": _averaged,
    "two_heads": _two_heads,
}
