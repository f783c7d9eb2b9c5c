"""The weights of a network that are kept at zero, and the choice of more of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...sparsify import keep_masks, parse_pattern, plan_sparsity
from .gradual import Sparsity
from .scores import Scorer, make_scorer
from .weights import Kernel, kernels_of

SPARSE_FROM = 0.5
"""Share of exact zeros from which those of a layer are meant, where nobody said so: training leaves none behind."""


class Masks:
    """Keeps weights at zero, step after step.

    Everything that changes is in `variables`, so that a checkpoint can hold it.

    Args:
        network: what is trained.
        sparsity: how sparse it is to become; None to keep only the zeros that are there.
        seed: of a choice by lot.
    """

    def __init__(self, network: Any, sparsity: Sparsity | None, seed: int) -> None:
        import keras

        self._sparsity = sparsity
        self._kernels: list[Kernel] = [one for one in kernels_of(network) if sparsity is not None or _is_sparse(one)]
        self._masks = []
        for kernel in self._kernels:
            mask = keras.Variable(kernel.numpy() != 0, dtype="float32", trainable=False, name="mask")
            self._masks.append(mask)
        self.share_before = self.share
        self.goal = self._goal()
        self._scorer: Scorer | None = make_scorer(sparsity.by, self._kernels, seed) if sparsity else None

    @property
    def variables(self) -> list[Any]:
        """Masks, and what weights are ranked by."""
        return [*self._masks, *(self._scorer.variables if self._scorer else ())]

    @property
    def share(self) -> float:
        """Of the weights that may go, how many are kept at zero."""
        zeros = sum(float(np.sum(np.asarray(mask) == 0)) for mask in self._masks)
        return zeros / max(1, sum(one.size for one in self._kernels))

    def _goal(self) -> float:
        """The share of zeros that is asked for; what there is where nothing is."""
        if self._sparsity is None:
            return self.share_before
        if self._sparsity.share is not None:
            return self._sparsity.share
        assert self._sparsity.below is not None
        below = sum(int(np.sum(np.abs(one.numpy()) < self._sparsity.below)) for one in self._kernels)
        return below / max(1, sum(one.size for one in self._kernels))

    def observe(self, variables: Sequence[Any], gradients: Sequence[Any]) -> None:
        """Looks at a step before it is taken; runs inside of a compiled function.

        Args:
            variables: all that are trained.
            gradients: of the loss, for each; None where it does not depend on one.
        """
        if self._scorer is None:
            return
        by_variable = {id(one): gradient for one, gradient in zip(variables, gradients, strict=True)}
        self._scorer.observe([by_variable.get(id(one.variable)) for one in self._kernels])

    def hold(self) -> None:
        """Sets what must be zero to zero; runs inside of a compiled function."""
        for kernel, mask in zip(self._kernels, self._masks, strict=True):
            kernel.variable.assign(kernel.variable * mask)

    def choose(self, share: float) -> None:
        """Sets weights to zero until so many are; none comes back.

        Args:
            share: of all weights that may go.
        """
        assert self._sparsity is not None
        assert self._scorer is not None
        masks = [np.asarray(mask) for mask in self._masks]
        scores = {
            kernel.name: kernel.rows(np.where(mask > 0, score, -np.inf))
            for kernel, mask, score in zip(self._kernels, masks, self._scorer.scores(), strict=True)
        }
        plan = plan_sparsity(scores, share, scope=self._sparsity.scope, pattern=parse_pattern(self._sparsity.pattern))
        kept = keep_masks(plan, scores)
        for kernel, mask, before in zip(self._kernels, self._masks, masks, strict=True):
            mask.assign(kernel.unrows(kept[kernel.name]) * before)
        self.hold()


def _is_sparse(kernel: Kernel) -> bool:
    """Whether the zeros of a kernel are meant; those of an identity, which training starts from, are not."""
    weights = kernel.numpy()
    different = len(np.unique(weights[weights != 0])) > 1
    return different and float(np.mean(weights == 0)) >= SPARSE_FROM
