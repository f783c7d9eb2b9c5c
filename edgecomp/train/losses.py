"""What is made small: the distance to a teacher's answers, to labels, and between features."""

from __future__ import annotations

from typing import Any

from .heads import Head


def soft_loss(head: Head, student: Any, teacher: Any, temperature: float) -> Any:
    """How far the student's answers are from the teacher's, a scalar.

    For classes the Kullback-Leibler divergence at a temperature, times its square, so that gradients keep their size
    (Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015). For values the squared error as a
    share of their variance.

    Args:
        head: what the output means.
        student: scores [batch, ...]
        teacher: likewise.
        temperature: above 0.
    """
    import tensorflow as tf

    if head.task == "values":
        return tf.reduce_mean(tf.math.squared_difference(student, teacher)) / head.variance
    if head.task == "classes":
        wanted = tf.nn.log_softmax(teacher / temperature)
        given = tf.nn.log_softmax(student / temperature)
        return temperature**2 * tf.reduce_mean(tf.reduce_sum(tf.exp(wanted) * (wanted - given), -1))
    wanted = tf.sigmoid(teacher / temperature)
    crossed = tf.nn.sigmoid_cross_entropy_with_logits(wanted, student / temperature)
    own = tf.nn.sigmoid_cross_entropy_with_logits(wanted, teacher / temperature)
    return temperature**2 * tf.reduce_mean(tf.reduce_sum(crossed - own, -1))


def hard_losses(head: Head, student: Any, labels: Any) -> Any:
    """How far the student's answers are from labels, for each example: [batch]; 0 where there is no label.

    Args:
        head: what the output means.
        student: scores [batch, ...]
        labels: int64 [batch], -1 for none; or float32 [batch, ...], NaN for none.
    """
    import tensorflow as tf

    if labels.dtype.is_integer:
        known = labels >= 0
        classes = tf.where(known, labels, 0)
        if head.task == "classes":
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(classes, student)
        else:
            single = student.shape[-1] == 1
            target = tf.cast(classes, tf.float32)[:, None] if single else tf.one_hot(classes, student.shape[-1])
            losses = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(target, student), -1)
        return tf.where(known, losses, 0.0)
    rows = tf.reshape(student, [tf.shape(student)[0], -1])
    targets = tf.reshape(labels, tf.shape(rows))
    known = tf.math.is_finite(targets)
    targets = tf.where(known, targets, 0.0)
    if head.task == "independent":
        losses = tf.nn.sigmoid_cross_entropy_with_logits(targets, rows)
        return tf.reduce_sum(tf.where(known, losses, 0.0), -1)
    return tf.reduce_mean(tf.where(known, tf.math.squared_difference(targets, rows), 0.0), -1) / head.variance


def feature_loss(student: Any, teacher: Any) -> Any:
    """The squared error of a feature as a share of the teacher's variance in this batch, a scalar."""
    import tensorflow as tf

    student, teacher = tf.cast(student, tf.float32), tf.cast(teacher, tf.float32)
    error = tf.reduce_mean(tf.math.squared_difference(student, teacher))
    return error / (tf.math.reduce_variance(teacher) + 1e-6)
