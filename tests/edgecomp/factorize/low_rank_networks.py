"""Small networks for layers of low rank, with weights that have one."""

from __future__ import annotations

from typing import Any

import numpy as np

RNG = np.random.default_rng(0)
PHOTOS = RNG.normal(size=(24, 12, 12, 3)).astype(np.float32)


def network(*, rank: int | None = 4, seed: int = 1) -> Any:
    """Convolutions with and without BatchNorm, and dense layers.

    Args:
        rank: of the larger kernels, in outputs; None leaves them random.
        seed: of the weights.
    """
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
    inputs = keras.Input((12, 12, 3), name="photo")
    value = layers.Conv2D(16, 3, padding="same", activation="relu", name="stem")(inputs)
    value = layers.Conv2D(64, 3, strides=2, padding="same", use_bias=False, name="wide")(value)
    value = layers.ReLU(name="open")(layers.BatchNormalization(name="norm")(value))
    value = layers.Conv2D(64, 1, activation="relu", name="point")(value)
    value = layers.Dense(48, activation="relu", name="hidden")(layers.GlobalAveragePooling2D()(value))
    model = keras.Model(inputs, layers.Dense(5, name="scores")(value), name="small")
    random = np.random.default_rng(seed)
    for layer in model.layers:
        if layer.name == "norm":
            layer.set_weights([random.uniform(0.5, 1.5, 64), *random.normal(0, 0.2, (2, 64)), np.full(64, 0.8)])
        elif layer.name in ("wide", "point", "hidden"):
            layer.kernel.assign(kernel_of_rank(tuple(layer.kernel.shape), rank, random))
    return model


def kernel_of_rank(shape: tuple[int, ...], rank: int | None, random: np.random.Generator) -> np.ndarray:
    """A kernel whose outputs are combinations of few, with a little noise: float32 [shape]."""
    inputs, outputs = int(np.prod(shape[:-1])), shape[-1]
    size = np.sqrt(2 / inputs)
    if rank is None:
        return random.normal(0, size, shape).astype(np.float32)
    few = random.normal(0, size, (inputs, rank)) @ random.normal(0, 1 / np.sqrt(rank), (rank, outputs))
    return (few + random.normal(0, 0.01 * size, few.shape)).reshape(shape).astype(np.float32)


def outputs_of(model: Any, *given: np.ndarray) -> list[np.ndarray]:
    """What a model computes."""
    import keras

    return [np.asarray(one) for one in keras.tree.flatten(model(given[0] if len(given) == 1 else list(given)))]


def difference(model: Any, other: Any, *given: np.ndarray) -> float:
    """The largest difference of their outputs, relative to the largest output."""
    pairs = zip(outputs_of(model, *given), outputs_of(other, *given), strict=True)
    return max(float(np.abs(one - two).max() / max(np.abs(one).max(), 1e-3)) for one, two in pairs)
