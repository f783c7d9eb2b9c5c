"""One step of training, and one look at what a network gives, as compiled TensorFlow functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..models.safe_gradients import safe_gradients
from .features import FeatureMatch
from .heads import Head, gives_probabilities, scores
from .losses import feature_loss, hard_losses, soft_loss
from .network import call, with_features
from .sparsity.masks import Masks
from .weighting import Weights

WEIGHT_DECAY = 1e-2
"""AdamW's, multiplied by the learning rate; not for biases, BatchNorm and other variables of one dimension."""

Step = Callable[[Sequence[np.ndarray], Any, Sequence[Any] | None, float, Weights], Any]
"""Inputs, labels, the teacher's scores where they are known, learning rate, weights -> the loss, a scalar tensor."""

Look = Callable[[Sequence[np.ndarray]], list[np.ndarray]]
"""Inputs -> float32 scores [batch, ...] of each output."""


@dataclass(frozen=True, eq=False)
class Reader:
    """A network whose outputs are read as scores.

    Args:
        network: any `keras.Model`.
        heads: what its outputs mean.
        probabilities: which outputs have softmax or sigmoid behind them already.
    """

    network: Any
    heads: Sequence[Head]
    probabilities: tuple[bool, ...]

    @classmethod
    def of(cls, network: Any, heads: Sequence[Head], outputs: Sequence[np.ndarray]) -> Reader:
        """Tells from some of its outputs how a network has to be read."""
        return cls(network, heads, tuple(map(gives_probabilities, heads, outputs)))

    def scores(self, outputs: Sequence[Any]) -> list[Any]:
        """Scores from outputs; features behind them are left aside."""
        return [
            scores(head, output, probabilities=given)
            for head, output, given in zip(self.heads, outputs, self.probabilities, strict=False)
        ]


def make_look(reader: Reader) -> Look:
    """Compiles a pass in inference."""
    import tensorflow as tf

    compiled = tf.function(
        lambda inputs: reader.scores(call(reader.network, inputs, training=False)), reduce_retracing=True
    )

    def look(inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [np.asarray(one) for one in compiled([tf.constant(one) for one in inputs])]

    return look


def make_optimizer(network: Any) -> Any:
    """AdamW (Loshchilov & Hutter, 2019) for all trainable variables of a network.

    Args:
        network: whose variables exist.
    """
    import keras

    optimizer = keras.optimizers.AdamW(1e-3, weight_decay=WEIGHT_DECAY)
    optimizer.exclude_from_weight_decay([one for one in network.trainable_variables if len(one.shape) < 2])
    optimizer.build(network.trainable_variables)
    return optimizer


def make_step(
    student: Reader,
    teacher: Reader | None,
    optimizer: Any,
    masks: Masks,
    *,
    matches: Sequence[FeatureMatch],
    temperature: float,
    batch_statistics: bool,
) -> Step:
    """Compiles a training step.

    Args:
        student: what is trained; its variables change at each step.
        teacher: what it learns from, or None.
        optimizer: see `make_optimizer`.
        masks: of the student; what they keep at zero stays there.
        matches: features to draw together, at steps that ask the teacher.
        temperature: see `TrainSettings`.
        batch_statistics: whether BatchNorm uses the batch, and dropout drops; else both stay as in inference.
    """
    import tensorflow as tf

    learning = with_features(student.network, [one.student_layer for one in matches])
    teaching = with_features(teacher.network, [one.teacher_layer for one in matches]) if teacher else None
    variables = student.network.trainable_variables
    loss_of = _make_loss(student, matches, temperature)

    def run(inputs: Any, labels: Any, known: Any, rate: Any, shares: Any) -> Any:
        theirs = [] if teaching is None or known is not None else call(teaching, inputs, training=False)
        wanted = known if known is not None else teacher.scores(theirs) if teacher else []
        with safe_gradients(learning), tf.GradientTape() as tape:
            given = call(learning if theirs else student.network, inputs, training=batch_statistics)
            loss = loss_of(given, theirs, labels, wanted, shares)
        gradients = tape.gradient(loss, variables)
        masks.observe(variables, gradients)
        optimizer.learning_rate.assign(rate)
        optimizer.apply(gradients, variables)
        masks.hold()
        return loss

    compiled = tf.function(run, reduce_retracing=True)

    def step(inputs: Sequence[np.ndarray], labels: Any, known: Any, rate: float, weights: Weights) -> Any:
        shares = tf.constant([weights.labels, weights.teacher, weights.features], tf.float32)
        return compiled(
            [tf.constant(one) for one in inputs],
            None if labels is None else tf.constant(labels),
            None if known is None else [tf.constant(one) for one in known],
            tf.constant(rate, tf.float32),
            shares,
        )

    return step


def _make_loss(student: Reader, matches: Sequence[FeatureMatch], temperature: float) -> Callable[..., Any]:
    """What a step makes smaller: the student's own losses, and those against labels, answers and features.

    Returns:
        (the student's outputs, the teacher's, labels or None, the teacher's scores or none of them, shares [3]) -> the
        loss, a scalar tensor. Features stand behind the outputs.
    """
    import tensorflow as tf

    outputs = len(student.heads)

    def features(given: Sequence[Any], theirs: Sequence[Any]) -> Any:
        pairs = zip(matches, given[outputs:], theirs[outputs:], strict=True)
        losses = [
            feature_loss(one, other if match.channels is None else tf.gather(other, match.channels, axis=-1))
            for match, one, other in pairs
        ]
        return tf.add_n(losses) / len(losses)

    def loss(given: Sequence[Any], theirs: Sequence[Any], labels: Any, wanted: Sequence[Any], shares: Any) -> Any:
        ours = student.scores(given)
        own = student.network.losses
        total = tf.add_n(own) if own else tf.constant(0.0)
        if labels is not None:
            total += shares[0] * tf.reduce_mean(hard_losses(student.heads[0], ours[0], labels))
        if wanted:
            triples = zip(student.heads, ours, wanted, strict=True)
            total += shares[1] * tf.add_n([soft_loss(*triple, temperature) for triple in triples])
        if matches and theirs:
            total += shares[2] * features(given, theirs)
        return total

    return loss
