"""What weights are ranked by, from the gradients of two steps."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from edgecomp.train.sparsity.gradual import Criterion
from edgecomp.train.sparsity.scores import REMEMBERED, make_scorer
from edgecomp.train.sparsity.weights import Kernel

STEP = np.array([[3.0, -1.0]], np.float32)


def observed(by: Criterion, *gradients: Any) -> list[list[float]]:
    """Scores of the weights 1 and -2."""
    kernel = Kernel("dense", keras.Variable(np.array([[1.0, -2.0]], np.float32)), -1)
    scorer = make_scorer(by, [kernel], seed=0)
    for one in gradients:
        scorer.observe([one])
    found: list[list[float]] = scorer.scores()[0].tolist()
    return found


def test_movement_adds_up_how_far_training_drew_weights_away_from_zero() -> None:
    assert observed("movement", STEP, STEP) == [[-6.0, -4.0]]
    assert observed("movement", STEP, -STEP) == [[0.0, 0.0]]


def test_gradients_count_by_what_the_loss_would_change_and_are_forgotten_slowly() -> None:
    lately, before = 1 - REMEMBERED, REMEMBERED * (1 - REMEMBERED)
    assert observed("gradient", STEP)[0] == pytest.approx([3 * lately, 2 * lately])
    assert observed("gradient", STEP, -STEP)[0] == pytest.approx([3 * (lately + before), 2 * (lately + before)])


def test_a_step_without_a_gradient_leaves_scores_as_they_were() -> None:
    assert observed("movement", STEP, None) == observed("movement", STEP)
