"""The parts of training one by one: losses, schedule, order, examples, features."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.errors import InputError
from edgecomp.pruning.plan import apply_plan, plan_pruning
from edgecomp.train.answers import Answers, Remembered
from edgecomp.train.augmentation import Augmentation
from edgecomp.train.examples import gather
from edgecomp.train.features import matches_by_name, matches_from_plan
from edgecomp.train.heads import Head, is_yes_or_no, read_heads, scores
from edgecomp.train.learning_rate import BOLD_RATE, GENTLE_RATE, highest_rate, intact
from edgecomp.train.losses import hard_losses, soft_loss
from edgecomp.train.order import FEWEST_HELD, MOST_HELD, shuffled, split
from edgecomp.train.schedule import LEADING, MOST_LEADING, MOST_WARM_UP, Pace, Remembering, Schedule, plan_schedule
from edgecomp.train.settings import TrainSettings
from edgecomp.train.views import Views
from edgecomp.train.weighting import weights

from .networks import classifier, corners, examples_of

TASKS = ("classes", "independent", "values")


@pytest.mark.parametrize("task", TASKS)
def test_a_soft_loss_is_zero_only_where_student_and_teacher_agree(task: Any) -> None:
    import tensorflow as tf

    teacher = tf.constant(np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32))
    head = Head(task)
    assert abs(float(soft_loss(head, teacher, teacher, 4.0))) < 1e-6
    assert float(soft_loss(head, -teacher, teacher, 4.0)) > 1e-2


def test_the_gradient_of_a_soft_loss_hardly_depends_on_the_temperature() -> None:
    import tensorflow as tf

    teacher = tf.constant(np.random.default_rng(0).normal(size=(50, 10)).astype(np.float32))
    sizes = []
    for temperature in (5.0, 20.0):
        student = tf.Variable(tf.zeros_like(teacher))
        with tf.GradientTape() as tape:
            loss = soft_loss(Head("classes"), student, teacher, temperature)
        sizes.append(float(tf.norm(tape.gradient(loss, student))))
    assert sizes[0] == pytest.approx(sizes[1], rel=0.1)


@pytest.mark.parametrize("task", ["classes", "independent"])
def test_scores_are_the_same_from_probabilities_as_before_them(task: Any) -> None:
    import tensorflow as tf

    raw = tf.constant(np.random.default_rng(0).normal(0, 3, (6, 4)).astype(np.float32))
    given = tf.nn.softmax(raw) if task == "classes" else tf.sigmoid(raw)
    found = np.asarray(scores(Head(task), given, probabilities=True))
    wanted = np.asarray(raw - tf.reduce_logsumexp(raw, -1, keepdims=True) if task == "classes" else raw)
    assert found == pytest.approx(wanted, abs=1e-3)


def test_examples_without_a_label_count_nothing() -> None:
    import tensorflow as tf

    student = tf.constant([[3.0, -1.0], [0.5, 0.2], [9.0, 9.0]])
    classes = hard_losses(Head("classes"), student, tf.constant([0, -1, 1], tf.int64)).numpy()
    assert classes[1] == 0
    assert classes[2] == pytest.approx(math.log(2))
    targets = tf.constant([[math.nan, math.nan], [0.5, 0.2], [1.0, 9.0]])
    assert hard_losses(Head("values", variance=2.0), student, targets).numpy() == pytest.approx([0, 0, 16])
    single = hard_losses(Head("independent"), student[:, :1], tf.constant([1, -1, 0], tf.int64)).numpy()
    assert single == pytest.approx([math.log1p(math.exp(-3)), 0, 9 + math.log1p(math.exp(-9))], rel=1e-4)


@given(steps=st.integers(10, 30_000), rate=st.floats(1e-5, 1))
def test_the_rate_rises_to_its_highest_and_falls_from_there(steps: int, rate: float) -> None:
    schedule = Schedule(steps, 10, rate)
    rates = np.array([schedule.learning_rate(step) for step in range(0, steps, max(1, steps // 200))])
    top = int(rates.argmax())
    assert rates.min() > 0
    assert rates.max() <= rate * (1 + 1e-9)
    assert (np.diff(rates[: top + 1]) >= 0).all()
    assert (np.diff(rates[top:]) <= 0).all()
    assert top * max(1, steps // 200) <= MOST_WARM_UP + steps // 200
    assert schedule.learning_rate(steps - 1) < max(0.2 * rate, rate * 3 / steps)


@given(
    steps=st.integers(20, 5000),
    most=st.integers(20, 9000),
    looks=st.lists(st.tuples(st.floats(0.01, 1), st.floats(0.2, 5)), max_size=6),
)
def test_a_plan_that_changes_goes_on_from_where_it_was_to_its_end(
    steps: int, most: int, looks: list[tuple[float, float]]
) -> None:
    schedule = Schedule(steps, 10, 1e-3, most)
    step = 0
    for along, pace in looks:
        step = step + round(along * (schedule.total - step))
        if step < schedule.total:
            schedule = schedule.at_pace(step, pace * (schedule.total - step), 1.0)
    passed = np.array([schedule.along(one) for one in range(schedule.total + 1)])
    rates = np.array([schedule.learning_rate(one) for one in range(schedule.warm_up, schedule.total)])

    assert schedule.total <= max(most, steps)
    assert passed[0] == 0
    assert passed[-1] == pytest.approx(1)
    assert (np.diff(passed) > 0).all()
    assert (np.diff(rates) <= 1e-12).all()
    for (at, total), earlier in zip(schedule.changes, [steps, *(one for _, one in schedule.changes)], strict=False):
        assert at < min(total, earlier)


def test_a_slower_machine_takes_fewer_steps_and_a_faster_one_no_more_than_there_may_be() -> None:
    schedule = Schedule(1000, 100, 1e-3, most=1200)

    assert schedule.at_pace(500, 50.0, 0.2).total == 750
    assert schedule.at_pace(500, 50.0, 0.05).total == 1200
    assert schedule.at_pace(500, 50.0, 0.101) is schedule
    assert schedule.at_pace(10, 50.0, 1.0) is schedule  # while the rate still rises


def test_a_time_budget_is_kept_and_a_number_of_epochs_is_the_most() -> None:
    pace = Pace(step=0.05, judging=1.0, spent=10.0)
    plan = plan_schedule(TrainSettings(time_budget=600.0), 20_000, pace, 1e-3)
    took = pace.spent + plan.steps * pace.step + (plan.epochs + 1) * pace.judging
    assert 0.85 * 600 < took < 600
    assert plan_schedule(TrainSettings(time_budget=600.0, epochs=3), 20_000, pace, 1e-3).steps == 3 * (20_000 // 64)
    assert plan_schedule(TrainSettings(time_budget=0.5), 20_000, pace, 1e-3).steps == 10
    assert plan_schedule(TrainSettings(), 20_000, None, 1e-3).rate == 1e-3
    assert plan_schedule(TrainSettings(steps=77, time_budget=0.5), 20_000, pace, 1e-3).steps == 77


@given(
    step=st.floats(0.001, 0.1),
    faster=st.floats(0.2, 1),
    view=st.floats(0.01, 10),
    seconds=st.floats(1, 2000),
    led=st.booleans(),
    epoch_steps=st.integers(1, 2000),
)
def test_a_teacher_whose_answers_are_remembered_leaves_time_for_more_steps_but_not_for_too_many(
    step: float, faster: float, view: float, seconds: float, led: bool, epoch_steps: int
) -> None:
    remembering = Remembering(faster * step, view, 8, led)
    asked = Pace(step, 1.0, 0.0).affordable(seconds, epoch_steps)
    known = Pace(step, 1.0, 0.0, remembering).affordable(seconds, epoch_steps)
    assert known >= asked
    if known > asked:  # then views come round again
        epochs = known / epoch_steps
        assert epochs > 8
        longer = min(LEADING * known, MOST_LEADING) if led else 0.0
        took = 8 * view + epochs + step * (longer + (known - longer) * faster)
        assert took <= seconds * 1.001


def test_views_come_round_again_and_those_of_an_epoch_do_not_depend_on_the_batch() -> None:
    examples = examples_of(classifier(), corners(30))
    few, many = (Views(examples, Augmentation(shift=0.25), 3, count) for count in (2, None))
    np.testing.assert_array_equal(few.drawn(0), few.drawn(2))
    assert not np.array_equal(many.drawn(0), many.drawn(2))
    alone, together = np.array([7]), np.array([3, 7])
    drawn = few.drawn(1)
    np.testing.assert_array_equal(few.inputs(alone, drawn)[0][0], few.inputs(together, drawn)[0][1])


def test_a_teacher_is_asked_once_for_each_view_whichever_training_asks() -> None:
    examples, asked = examples_of(classifier(), corners(30)), []

    def look(inputs: Any) -> list[np.ndarray]:
        asked.append(len(inputs[0]))
        return [inputs[0].sum(axis=(1, 2))]

    remembered: Remembered = {}
    views = Views(examples, Augmentation(shift=0.25), 3, 2)
    first, second = (Answers(look, views, ("it",), remembered) for _ in range(2))
    positions = np.array([4, 2])
    wanted = views.inputs(positions, views.drawn(0))[0].sum(axis=(1, 2))
    np.testing.assert_array_equal(first.of(positions, 0)[0], wanted)
    np.testing.assert_array_equal(second.of(positions, 2)[0], wanted)
    assert asked == [30]
    assert not np.array_equal(second.of(positions, 1)[0], wanted)
    Answers(look, views, ("another",), remembered).of(positions, 0)
    assert asked == [30, 30, 30]


@given(count=st.integers(1, 60_000))
def test_what_is_held_out_is_not_trained_on(count: int) -> None:
    parts = split(count)
    if parts.held:
        assert FEWEST_HELD <= parts.held == len(parts.judging) <= MOST_HELD
        assert not np.intersect1d(parts.fitting, parts.judging).size
    assert np.union1d(parts.fitting, parts.judging).size == count


def test_every_epoch_has_its_own_order_and_the_same_one_again() -> None:
    positions = np.arange(100)
    first, again, second = (shuffled(positions, 7, epoch) for epoch in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, second)
    assert sorted(first.tolist()) == positions.tolist()


def test_examples_that_do_not_fit_in_memory_are_the_same_from_a_file() -> None:
    from edgecomp.data import open_data, prepared
    from edgecomp.models import from_keras

    model = classifier()
    held = examples_of(model, corners(50))
    samples = prepared(open_data(corners(50), inputs=from_keras(model).inputs), held.contract)
    filed = gather(samples, memory_bytes=1000)
    assert isinstance(filed.values["photo"].base, np.memmap)
    assert filed.digest == held.digest
    chosen = np.array([3, 41, 3])
    assert np.array_equal(filed.inputs(chosen)[0], held.inputs(chosen)[0])
    assert filed.inputs(chosen)[0].max() <= 1.0


def test_examples_that_fit_nowhere_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil
    from types import SimpleNamespace

    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
    from edgecomp.data import open_data, prepared
    from edgecomp.models import from_keras

    model = classifier()
    samples = prepared(open_data(corners(50), inputs=from_keras(model).inputs), examples_of(model, corners(5)).contract)
    with pytest.raises(InputError, match="more than is free"):
        gather(samples, memory_bytes=1000)


def test_other_values_or_labels_have_another_digest() -> None:
    model, (photos, labels) = classifier(), corners(30)
    changed = photos.copy()
    changed[7, 3, 3, 0] ^= 1
    found = [examples_of(model, data).digest for data in ((photos, labels), (changed, labels), (photos, labels[::-1]))]
    assert len(set(found)) == 3


def test_features_of_a_pruned_network_are_those_channels_that_stayed(teacher: Any) -> None:
    plan = plan_pruning(teacher, macs=0.5, importance="l2", multiple=1)
    student = apply_plan(teacher, plan)
    (first, *_) = matches_from_plan(teacher, plan)
    assert first.teacher_layer == first.student_layer == "stage"
    assert first.channels is not None
    kept = teacher.get_layer("conv").kernel.numpy()[..., list(first.channels)]
    assert np.array_equal(kept, student.get_layer("conv").kernel.numpy())
    assert not matches_by_name(teacher, student)
    assert [one.channels for one in matches_by_name(teacher, teacher)] == [None, None]


def test_what_an_output_means_is_told_from_what_it_gives() -> None:
    from edgecomp_runtime.contract import OutputContract

    def read(values: Any, kind: str, activation: str = "none", *, yes_or_no: bool = False) -> str:
        array = np.asarray(values, np.float32)
        contract = OutputContract("y", (1, *array.shape[1:]), kind, activation)
        return read_heads([contract], [array], yes_or_no=yes_or_no)[0].task

    assert read([[0.2, 0.8]], "values") == "classes"
    assert read([[-2.0, 3.0]], "classification", "softmax") == "classes"
    assert read([[0.7]], "classification") == "independent"
    assert read([[-2.0]], "classification", "sigmoid") == "independent"
    assert read([[0.9, 0.8]], "values", yes_or_no=True) == "independent"
    assert read([[0.9, 0.8]], "values") == "values"
    assert is_yes_or_no(np.array([0.0, 1.0, math.nan]))
    assert not is_yes_or_no(np.array([0.0, 0.5, 1.0]))


def test_labels_count_more_and_features_less_as_training_goes_on() -> None:
    first, last = (weights(along, labelled=True, taught=True) for along in (0.0, 1.0))
    assert first.labels == 0 < last.labels
    assert first.features > last.features == pytest.approx(0)
    assert weights(LEADING, labelled=True, taught=True, leading=LEADING).features == 0
    assert weights(0.3, labelled=True, taught=False).labels == 1
    assert weights(1.0, labelled=False, taught=True).teacher == 1


@given(
    reference=st.floats(0.3, 1),
    by_chance=st.floats(0, 0.2),
    values=st.lists(st.floats(0, 1), min_size=2, max_size=2).map(sorted),
)
def test_the_less_a_network_knows_the_bolder_it_is_trained_if_it_has_batch_norm(
    reference: float, by_chance: float, values: list[float]
) -> None:
    less, more = (intact(value, reference, by_chance) for value in values)
    assert 0 <= less <= more <= 1
    assert BOLD_RATE * 1.001 > highest_rate(less, normalized=True) >= highest_rate(more, normalized=True)
    assert highest_rate(less, normalized=False) == highest_rate(1.0, normalized=True) == pytest.approx(GENTLE_RATE)
    assert intact(reference, reference, by_chance) == pytest.approx(1)
    assert intact(by_chance, reference, by_chance) == 0


def test_an_error_is_better_the_smaller_it_is() -> None:
    assert intact(0.25, reference=0.0, by_chance=1.0) == pytest.approx(0.75)
    assert intact(7.0, reference=0.0, by_chance=1.0) == 0
