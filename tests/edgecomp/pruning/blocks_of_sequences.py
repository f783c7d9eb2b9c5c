"""Building blocks of random networks for words and signals."""

from __future__ import annotations

from typing import Any

from blocks_of_all import Make, activated, classes, dense


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
    "activated": lambda value, width, option: activated(value, option),
}


def _last_state(value: Any, width: int, option: int) -> Any:
    from keras import layers

    layer = layers.LSTM(width) if option % 3 else layers.Bidirectional(layers.GRU(width))
    return classes(layer(value), width, option)


def _time_pooled(value: Any, width: int, option: int) -> Any:
    from keras import layers

    pooled = (layers.GlobalMaxPooling1D(), layers.Flatten(), layers.GlobalAveragePooling1D())[option % 3]
    return classes(pooled(value), width, option)


SEQUENCE_ENDS: dict[str, Make] = {"last_state": _last_state, "time_pooled": _time_pooled, "every_step": dense}
