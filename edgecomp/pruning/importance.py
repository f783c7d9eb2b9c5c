"""How much each channel matters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from ..errors import InputError
from .batch_norms import folded_batch_norms, gain
from .by_channel import channel_count, making_axes, sum_along, sum_by_channel
from .channel_graph import ChannelGraph
from .variables import layer_variables

if TYPE_CHECKING:
    import keras

Method = Literal["l1", "l2", "bn_gamma", "taylor", "variance", "hessian", "random"]
METHODS: tuple[str, ...] = get_args(Method)
NEED_DATA = ("taylor", "variance", "hessian")


def score(
    model: keras.Model,
    graph: ChannelGraph,
    method: str = "l2",
    *,
    data: Any = None,
    labels: Any = None,
    seed: int = 0,
    normalize: bool = True,
) -> np.ndarray:
    """Scores every channel; the higher, the more the model loses with it.

    "l1", "l2": the norm of all weights that make the channel, those of a depthwise convolution it passes included; a
        BatchNorm that follows directly is folded into them, so that its gamma counts (Li et al. 2017,
        https://arxiv.org/abs/1608.08710).
    "bn_gamma": the mean |gamma| of the BatchNorms the channel passes (Liu et al. 2017,
        https://arxiv.org/abs/1708.06519); "l2" in groups that pass none.
    "taylor": what removing the channel does to the loss, to the first order, squared, as a mean over samples
        (Molchanov et al. 2019, https://arxiv.org/abs/1906.10771). The weights that read the channel stand in for a
        gate on it: sum of weight x gradient. Without labels, what it does to the outputs instead: their first-order
        change, squared.
    "variance": of the channel's values where they are read, over samples and places, as a mean over readers.
    "hessian": trace of the Hessian with regard to the weights that make the channel / (2 x their number) x their
        energy, summed over kernels (Yu et al. 2022, https://arxiv.org/abs/2101.08940). The trace is that of the Fisher
        information: squared gradients of single samples, of the loss, or, without labels, of random projections of the
        outputs, whose mean is the Gauss-Newton matrix, and so the Hessian, of the squared distance to the original's.
    "random": the baseline.

    Args:
        model: a functional model, flattened.
        graph: its channels.
        method: one of the above.
        data: samples for "taylor", "variance" and "hessian": an array [samples, ...] as the model takes them; for
            several inputs a list of them in the inputs' order, or a mapping by the inputs' names. A few hundred are
            enough.
        labels: for "taylor" and "hessian": class numbers (integers: cross-entropy counts) or targets of the output's
            shape (cross-entropy where both are probabilities, else the squared error); for several outputs a list.
        seed: of "random", and of the random projections.
        normalize: divide by the mean of the group, so that groups become comparable.

    Returns:
        float64 [number of channels], by channel number; 0 or more.

    Raises:
        InputError: an unknown method, or data that is missing or does not fit.
    """
    if method not in METHODS:
        raise InputError(f"there is no importance called {method}: choose among {', '.join(METHODS)}")
    if method in NEED_DATA and data is None:
        raise InputError(f"the importance {method} is measured on samples: give data, or choose l2")
    scores = _raw_scores(model, graph, method, data, labels, seed)
    if not np.isfinite(scores).all():
        raise InputError(
            f"the importance {method} is not finite, because the weights or samples hold NaN or infinite values: "
            "check them"
        )
    return _normalized(scores, graph) if normalize else scores


def _raw_scores(model: Any, graph: ChannelGraph, method: str, data: Any, labels: Any, seed: int) -> np.ndarray:
    if method == "random":
        return np.random.default_rng(seed).random(channel_count(graph))
    if method == "bn_gamma":
        return _gamma_or_norm(model, graph)
    if method == "variance":
        from .activations import activation_variance

        return activation_variance(model, graph, data)
    if method == "taylor":
        from .gradients import gate_effects

        return gate_effects(model, graph, data, labels, seed)
    if method == "hessian":
        from .gradients import weight_curvature

        return weight_curvature(model, graph, data, labels, seed)
    return _norm(model, graph, 1 if method == "l1" else 2)


def _normalized(scores: np.ndarray, graph: ChannelGraph) -> np.ndarray:
    """The scores over the mean of their group; a group of zeros stays as it is."""
    result = np.zeros_like(scores)
    for group in graph.groups:
        channels = list(group.channels)
        result[channels] = scores[channels] / (scores[channels].mean() or 1.0)
    return result


def _norm(model: Any, graph: ChannelGraph, power: int) -> np.ndarray:
    """The 1-norm or the 2-norm of the weights that make each channel."""
    folded = folded_batch_norms(model)
    total = np.zeros(channel_count(graph))
    for axis in making_axes(graph):
        kernel = np.asarray(layer_variables(model.get_layer(axis.layer))[axis.variable], np.float64)
        if axis.layer in folded and not axis.variable.endswith("depthwise_kernel"):
            kernel = _scaled(kernel, axis.axis, gain(folded[axis.layer]))
        total += sum_by_channel(len(total), axis, sum_along(np.abs(kernel) ** power, axis.axis))
    return total if power == 1 else np.sqrt(total)


def _scaled(kernel: np.ndarray, axis: int, gains: np.ndarray) -> np.ndarray:
    """A kernel whose output channels are multiplied; `axis` is the one that has them.

    A depthwise kernel [..., inputs, multiplier] has `multiplier` outputs for each index.
    """
    if kernel.shape[axis] == len(gains):
        shape = [1] * kernel.ndim
        shape[axis] = len(gains)
    else:
        shape = list(kernel.shape[-2:])
    scaled: np.ndarray = kernel * gains.reshape(shape)
    return scaled


def _gamma_or_norm(model: Any, graph: ChannelGraph) -> np.ndarray:
    count = channel_count(graph)
    total, passed = np.zeros(count), np.zeros(count)
    for axis in graph.axes:
        layer = model.get_layer(axis.layer)
        if axis.variable == "gamma" and type(layer).__name__ == "BatchNormalization":
            total += sum_by_channel(count, axis, np.abs(np.asarray(layer.gamma, np.float64)))
            passed += sum_by_channel(count, axis, np.ones(len(axis.channels)))
    scores = _norm(model, graph, 2)
    for group in graph.groups:
        channels = list(group.channels)
        if passed[channels].all():
            scores[channels] = total[channels] / passed[channels]
    return scores
