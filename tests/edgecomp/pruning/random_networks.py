"""Random networks of the building blocks that models are made of, for hypothesis.

A strategy draws a recipe, which prints readably when a test fails; `build` makes the network of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

WIDTHS = (2, 3, 4, 6, 8)


@dataclass(frozen=True)
class Block:
    """One building block.

    Args:
        kind: a key of the blocks below.
        width: how many channels it makes, where it makes any.
        option: chooses among its variants.
    """

    kind: str
    width: int
    option: int


@dataclass(frozen=True)
class Recipe:
    """A network: what it takes, its blocks in a row, how it ends."""

    source: str
    blocks: tuple[Block, ...]
    end: Block


def _recipes(source: str, kinds: list[str], ends: list[str], most: int) -> st.SearchStrategy[Recipe]:
    def blocks(names: list[str]) -> st.SearchStrategy[Block]:
        return st.builds(Block, st.sampled_from(names), st.sampled_from(WIDTHS), st.integers(0, 7))

    row = st.lists(blocks(kinds), min_size=1, max_size=most).map(tuple)
    return st.builds(Recipe, st.just(source), row, blocks(ends))


def image_networks(most: int = 6) -> st.SearchStrategy[Recipe]:
    """Networks of photos, of up to `most` blocks."""
    return _recipes("image", list(IMAGE_BLOCKS), list(IMAGE_ENDS), most)


def sequence_networks(most: int = 4) -> st.SearchStrategy[Recipe]:
    """Networks of words and of signals."""
    either = st.sampled_from(("words", "padded_words", "signal"))
    return either.flatmap(lambda source: _recipes(source, list(SEQUENCE_BLOCKS), list(SEQUENCE_ENDS), most))


def row_networks(most: int = 5) -> st.SearchStrategy[Recipe]:
    """Networks of rows of a table."""
    return _recipes("row", list(ROW_BLOCKS), list(ROW_ENDS), most)


def networks() -> st.SearchStrategy[Recipe]:
    """Networks of any kind."""
    return st.one_of(image_networks(), sequence_networks(), row_networks())


def build(recipe: Recipe) -> Any:
    """The Keras model of a recipe, with Keras' own random weights."""
    import keras

    blocks = {**IMAGE_BLOCKS, **IMAGE_ENDS} if recipe.source == "image" else {**SEQUENCE_BLOCKS, **SEQUENCE_ENDS}
    blocks = {**ROW_BLOCKS, **ROW_ENDS} if recipe.source == "row" else blocks
    inputs, value = _SOURCES[recipe.source]()
    for block in recipe.blocks:
        value = blocks[block.kind](value, block.width, block.option)
    return keras.Model(inputs, blocks[recipe.end.kind](value, recipe.end.width, recipe.end.option))


Make = Callable[[Any, int, int], Any]


def _image() -> tuple[Any, Any]:
    import keras

    inputs = keras.Input((9, 8, 3))
    return inputs, inputs


def _row() -> tuple[Any, Any]:
    import keras

    inputs = keras.Input((7,))
    return inputs, inputs


def _words() -> tuple[Any, Any]:
    import keras

    inputs = keras.Input((6,), dtype="int32")
    return inputs, keras.layers.Embedding(8, 6)(inputs)


def _padded_words() -> tuple[Any, Any]:
    """Word 0 stands for no word: a mask goes along."""
    import keras

    inputs = keras.Input((6,), dtype="int32")
    return inputs, keras.layers.Embedding(8, 6, mask_zero=True)(inputs)


def _signal() -> tuple[Any, Any]:
    import keras

    inputs = keras.Input((8, 4))
    return inputs, inputs


_SOURCES = {"image": _image, "row": _row, "words": _words, "padded_words": _padded_words, "signal": _signal}


def _activated(value: Any, option: int) -> Any:
    import keras
    from keras import layers, ops

    choices: tuple[Callable[[Any], Any], ...] = (
        layers.ReLU(6.0),
        layers.LeakyReLU(),
        layers.PReLU(shared_axes=list(range(1, len(value.shape) - 1)) or None),
        layers.PReLU(),
        layers.Activation("hard_silu"),
        lambda one: one * ops.sigmoid(one),
        lambda one: ops.maximum(one, one * 0.1),
        keras.activations.gelu,
    )
    return choices[option](value)


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


def _normalized(value: Any, width: int, option: int) -> Any:
    from keras import layers

    choices = (
        layers.BatchNormalization(),
        layers.BatchNormalization(scale=False),
        layers.LayerNormalization(),
        layers.GroupNormalization(groups=-1),
        layers.GroupNormalization(groups=value.shape[-1]),
        layers.BatchNormalization(center=False),
        layers.GroupNormalization(groups=1),
        layers.UnitNormalization(),
    )
    return choices[option](value)


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


def _dense(value: Any, width: int, option: int) -> Any:
    from keras import layers

    return layers.Dense(width, activation=("relu", "tanh", None, "softmax")[option % 4])(value)


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
    "normalized": _normalized,
    "activated": lambda value, width, option: _activated(value, option),
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
    "dense": _dense,
    "pixel_mlp": _pixel_mlp,
}


def _flattened(value: Any, width: int, option: int) -> Any:
    from keras import layers

    return _classes(layers.Flatten()(value), width, option)


def _averaged(value: Any, width: int, option: int) -> Any:
    from keras import layers

    pooled = layers.GlobalAveragePooling2D() if option % 2 else layers.GlobalMaxPooling2D()
    return _classes(pooled(value), width, option)


def _two_heads(value: Any, width: int, option: int) -> Any:
    """A detector: two outputs with one body."""
    from keras import layers

    body = layers.Conv2D(width, 3, padding="same", activation="relu")(value)
    boxes = layers.Reshape((-1, 4))(layers.Conv2D(8, 1)(body))
    return [boxes, layers.Conv2D(2, 3, padding="same")(value if option % 2 else body)]


def _classes(value: Any, width: int, option: int) -> Any:
    from keras import layers

    hidden = layers.Dense(width, activation="relu")(value) if option > 3 else value
    return layers.Dense(3, activation=("softmax", None)[option % 2])(layers.Dropout(0.2)(hidden))


IMAGE_ENDS: dict[str, Make] = {
    "flattened": _flattened,
    "averaged": _averaged,
    "two_heads": _two_heads,
}


def _recurrent(value: Any, width: int, option: int) -> Any:
    from keras import layers

    return (
        layers.GRU(width, return_sequences=True),
        layers.LSTM(width, return_sequences=True),
        layers.SimpleRNN(width, return_sequences=True),
        layers.GRU(width, return_sequences=True, reset_after=False),
        layers.Bidirectional(layers.LSTM(width, return_sequences=True)),
        layers.Bidirectional(layers.GRU(width, return_sequences=True), merge_mode="sum"),
        layers.Bidirectional(layers.SimpleRNN(width, return_sequences=True), merge_mode="mul"),
        layers.RNN(layers.LSTMCell(width), return_sequences=True),
    )[option](value)


def _states(value: Any, width: int, option: int) -> Any:
    """An encoder whose last states start a decoder."""
    from keras import layers

    if option % 2:
        _, memory, carry = layers.LSTM(width, return_state=True)(value)
        return layers.LSTM(width, return_sequences=True)(value, initial_state=[memory, carry])
    _, *states = layers.Bidirectional(layers.GRU(width, return_state=True))(value)
    return layers.Bidirectional(layers.GRU(width, return_sequences=True))(value, initial_state=states)


def _over_time(value: Any, width: int, option: int) -> Any:
    from keras import layers

    return (
        layers.Conv1D(width, 3, padding="causal", activation="relu"),
        layers.Conv1D(width, 1),
        layers.TimeDistributed(layers.Dense(width, activation="tanh")),
        layers.SeparableConv1D(width, 3, padding="same"),
        layers.DepthwiseConv1D(3, padding="same", depth_multiplier=2),
        layers.Dense(width),
        layers.Conv1DTranspose(width, 2, padding="same"),
        layers.TimeDistributed(layers.BatchNormalization()),
    )[option](value)


def _time_merged(value: Any, width: int, option: int) -> Any:
    from keras import layers

    size = value.shape[-1]
    other = layers.Conv1D(size, 3, padding="same")(layers.Dense(width, activation="relu")(value))
    if option % 4 == 1:
        return layers.Concatenate()([value, other])
    if option % 4 == 2:
        return layers.Add()([value, layers.MultiHeadAttention(2, width)(other, value)])
    if option % 4 == 3:
        last = layers.RepeatVector(value.shape[1])(layers.GRU(size)(other))
        return layers.Multiply()([value, last])
    return layers.LayerNormalization()(layers.Add()([value, other])) if option else layers.Add()([value, other])


def _einsum(value: Any, width: int, option: int) -> Any:
    """A dense layer as an equation: one for all steps, one for each step, one with two axes made of one and back."""
    from keras import layers

    steps = value.shape[1]
    if option % 4 == 0:
        return layers.EinsumDense("...x,xy->...y", width, activation="relu", bias_axes="y")(value)
    if option % 4 == 1:
        return layers.EinsumDense("abc,bcd->abd", (steps, width), bias_axes="bd")(value)
    if option % 4 == 2:
        apart = layers.EinsumDense("abc,cde->abde", (steps, 2, width), bias_axes="de")(value)
        return layers.EinsumDense("abde,dec->abc", (steps, value.shape[-1]))(apart)
    return layers.EinsumDense("abc,c->abc", (steps, value.shape[-1]), bias_axes="c")(value)


SEQUENCE_BLOCKS: dict[str, Make] = {
    "einsum": _einsum,
    "recurrent": _recurrent,
    "states": _states,
    "over_time": _over_time,
    "time_merged": _time_merged,
    "activated": lambda value, width, option: _activated(value, option),
}


def _last_state(value: Any, width: int, option: int) -> Any:
    from keras import layers

    layer = layers.LSTM(width) if option % 3 else layers.Bidirectional(layers.GRU(width))
    return _classes(layer(value), width, option)


def _time_pooled(value: Any, width: int, option: int) -> Any:
    from keras import layers

    pooled = (layers.GlobalMaxPooling1D(), layers.Flatten(), layers.GlobalAveragePooling1D())[option % 3]
    return _classes(pooled(value), width, option)


SEQUENCE_ENDS: dict[str, Make] = {"last_state": _last_state, "time_pooled": _time_pooled, "every_step": _dense}


def _row_merged(value: Any, width: int, option: int) -> Any:
    from keras import layers

    layer = layers.Dense(value.shape[-1], activation="tanh")
    other = layer(layers.Dense(width)(value)) if option % 2 else layer(value)
    if option < 2:
        return layers.Add()([value, other])
    if option < 4:
        return layers.Concatenate()([other, value, other])
    return other * value if option < 6 else layers.Add()([layers.Dense(width)(one) for one in (other, value)])


ROW_BLOCKS: dict[str, Make] = {
    "dense": _dense,
    "merged": _row_merged,
    "normalized": lambda value, width, option: _normalized(value, width, option),
    "activated": lambda value, width, option: _activated(value, option),
}
ROW_ENDS: dict[str, Make] = {"classes": _classes}
