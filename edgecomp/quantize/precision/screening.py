"""Where the error of a quantized file grows: one run of it beside the float file, every tensor shown.

Runs in a worker process.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...tflite import TfliteModel, read_tflite, with_outputs
from .experiment import Experiment, Feeds, FileRunner, input_names
from .units import Unit, computing_operators, find_units


def suspects(experiment: Experiment, quantized: bytes, count: int) -> tuple[Unit, ...]:
    """The units worth measuring: those a screening finds worst, and those that take what the worst ones give.

    Consumers belong to them because a tensor stays float only where both its ends do.

    Args:
        experiment: see `prepare`.
        quantized: the all-int8 file.
        count: how many of the worst; their consumers come on top.

    Returns:
        Units of the experiment, in the graph's order.
    """
    if count >= len(experiment.units):
        return experiment.units
    growth = screen(experiment.model, quantized, threads=experiment.threads, samples=experiment.samples)
    ranked = sorted(experiment.units, key=lambda unit: -growth[unit.name])
    worst = set(ranked[:count])
    graph = read_tflite(experiment.model).main
    given = {index for unit in worst for one in unit.operators for index in graph.operators[one].outputs}
    taking = {operator.index for operator in graph.operators if not given.isdisjoint(operator.inputs)}
    return tuple(unit for unit in experiment.units if unit in worst or not taking.isdisjoint(unit.operators))


def screen(model: bytes, quantized: bytes, *, threads: int, samples: Sequence[Feeds]) -> dict[str, float]:
    """How much the error grows across each unit, from one run of both files side by side.

    Cheap, and a hint only: what an error does to the outputs depends on everything behind it.

    Args:
        model: the float .tflite.
        quantized: made from it.
        threads: of each interpreter.
        samples: at least two, else nothing varies.

    Returns:
        By unit name, the noise over the signal's variance, channel by channel and at most 1, averaged over the
        channels of what the unit computes, less the same of what it takes.
    """
    parsed = read_tflite(model)
    noise = _tensor_noise(model, quantized, threads, samples)
    growth = {}
    for unit in find_units(parsed):
        operators = [parsed.main.operators[index] for index in unit.operators]
        made = {index for operator in operators for index in operator.outputs}
        taken = {index for operator in operators for index in operator.inputs} - made
        growth[unit.name] = max(noise.get(index, 0.0) for index in made) - max(
            (noise.get(index, 0.0) for index in taken), default=0.0
        )
    return growth


def _tensor_noise(model: bytes, quantized: bytes, threads: int, samples: Sequence[Feeds]) -> dict[int, float]:
    """Noise over variance of every computed float tensor, by its index in the float file."""
    ours, theirs = read_tflite(model), read_tflite(quantized)
    pairs = _matching_tensors(ours, theirs)
    names = input_names(ours)
    exact, given = (
        FileRunner(with_outputs(file, list(tensors)), threads=threads, names=names)
        for file, tensors in ((model, pairs), (quantized, pairs.values()))
    )
    counts = dict.fromkeys(pairs, 0)
    sums: dict[int, Any] = dict.fromkeys(pairs, 0.0)
    squares: dict[int, Any] = dict.fromkeys(pairs, 0.0)
    noises: dict[int, Any] = dict.fromkeys(pairs, 0.0)
    for feeds in samples:
        for index, one, other in zip(pairs, exact.run(feeds), given.run(feeds), strict=True):
            flat = one.reshape(-1, one.shape[-1] if one.ndim else 1)
            difference = flat - other.reshape(flat.shape)
            counts[index] += len(flat)
            sums[index] = sums[index] + flat.sum(axis=0, dtype=np.float64)
            squares[index] = squares[index] + np.square(flat, dtype=np.float64).sum(axis=0)
            noises[index] = noises[index] + np.square(difference, dtype=np.float64).sum(axis=0)
    return {
        index: _share(noises[index], squares[index] - np.square(sums[index]) / counts[index])
        for index in pairs
        if counts[index]
    }


def _share(noise: np.ndarray, signal: np.ndarray) -> float:
    ratios = np.divide(noise, signal, out=np.where(noise > 0, 1.0, 0.0), where=signal > 0)
    return float(np.minimum(ratios, 1.0).mean())


def _matching_tensors(model: TfliteModel, quantized: TfliteModel) -> dict[int, int]:
    """Computed float tensors of one file and what stands for them in the other."""
    pairs = {}
    for ours, theirs in zip(computing_operators(model), computing_operators(quantized), strict=True):
        for index, other in zip(ours.outputs, theirs.outputs, strict=True):
            tensor = model.main.tensors[index]
            if tensor.dtype == "float32" and not tensor.dynamic:
                pairs[index] = other
    return pairs
