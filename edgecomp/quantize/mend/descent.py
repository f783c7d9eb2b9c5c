"""Choosing between two neighbouring integers for each weight so that a sum of squares becomes small.

The objective is `w' gram w - 2 pull' w` for the weights `w` of each output. Outputs do not depend on each other and
are treated side by side; layers that consist of groups have a gram matrix for each.
"""

from __future__ import annotations

import numpy as np

SWEEPS = 20
"""Passes of `descend` at most; few layers need more than ten until nothing changes."""

BLOCK = 64
"""Weights decided upon before the gradients of all others are brought up to date, in one matrix product."""


def round_with_feedback(gram: np.ndarray, wanted: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Rounds weight by weight, each time moving the weights still to come so that they make up for the error.

    Frantar et al. 2023, "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers", except
    that each weight is left only two choices. A start for `descend`, which then ends lower than from the nearest
    integers.

    Args:
        gram: float32 [groups, taps, taps], positive definite.
        wanted: float32 [groups, outputs, taps].
        low: float32, shaped like `wanted`: the lower choice for each weight.
        high: the higher one; may be the same.

    Returns:
        float32, shaped like `wanted`, each from `low` or `high`.
    """
    feedback = np.linalg.cholesky(np.linalg.inv(gram.astype(np.float64))).transpose(0, 2, 1).astype(np.float32)
    moving, rounded = wanted.copy(), np.empty_like(wanted)
    for tap in range(gram.shape[1]):
        value = moving[:, :, tap]
        rounded[:, :, tap] = np.where(
            high[:, :, tap] - value <= value - low[:, :, tap], high[:, :, tap], low[:, :, tap]
        )
        error = (value - rounded[:, :, tap]) / feedback[:, tap, tap, None]
        moving[:, :, tap:] -= error[:, :, None] * feedback[:, tap, None, tap:]
    return rounded


def descend(gram: np.ndarray, pull: np.ndarray, start: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Lowers the objective by changing one weight at a time.

    Cyclic coordinate descent: each weight in turn takes whichever of its two values is better given the others, until
    a whole pass changes none. The objective falls with every change.

    Args:
        gram: float32 [groups, taps, taps], symmetric, positive on its diagonal.
        pull: float32 [groups, outputs, taps].
        start: float32, shaped like `pull`: whole numbers.
        other: likewise, the other choice for each weight; equal to `start` where there is none.

    Returns:
        float32, shaped like `pull`, each from `start` or `other`.
    """
    taps = gram.shape[1]
    step = other - start
    moved = np.zeros_like(start)
    gradient = start @ gram - pull
    diagonal = np.diagonal(gram, axis1=1, axis2=2)
    for _ in range(SWEEPS):
        before = moved.copy()
        for first in range(0, taps, BLOCK):
            block = slice(first, first + BLOCK)
            local = gradient[:, :, block].copy()
            change = np.zeros_like(local)
            for offset, tap in enumerate(range(taps)[block]):
                # A weight that has moved can only go back, one that has not can only take its step.
                turn = step[:, :, tap] - 2 * moved[:, :, tap]
                gain = turn * (2 * local[:, :, offset] + turn * diagonal[:, tap, None])
                change[:, :, offset] = np.where(gain < 0, turn, 0)
                local += change[:, :, offset, None] * gram[:, tap, None, block]
            moved[:, :, block] += change
            gradient += change @ gram[:, block, :]
        if np.array_equal(moved, before):
            break
    rounded: np.ndarray = start + moved
    return rounded
