"""Layers written as smaller ones, after channels were pruned, and the training that follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ...latency.estimate import product_cost
from ...progress import Step
from ..float_file import FloatModel
from ..quantizing.holdout import Feeds
from ..recipes.plan import Plan
from ..samples import stacked
from ..workbench import Workbench
from .rounds import Round
from .trainer import Trainer

if TYPE_CHECKING:
    from ...factorize.plan import LowRankPlan


def lower_rank(
    keras_model: Any,
    original: Any,
    model: FloatModel,
    plan: Plan,
    bench: Workbench,
    trainer: Trainer | None,
    *,
    done: int,
) -> tuple[Any, Round]:
    """Writes layers as smaller ones, and trains what comes of it.

    Args:
        keras_model: pruned already, where that is done; it stays as it is.
        original: what the training learns from.
        model: the same, with the calibration samples that new layers are fitted to.
        plan: with a low-rank pass.
        bench: shows progress.
        trainer: None where nothing is trained.
        done: how many rounds there were before.

    Returns:
        the new model, and what happened.

    Raises:
        InputError: no layer becomes faster by it, or not by so much; or the samples cannot be trained on.
    """
    from ...factorize.plan import apply_low_rank
    from ...pruning.flatten import flatten
    from ...train.features import matches_by_name

    with bench.steps.step("low rank", "writing layers as smaller ones") as step:
        samples = [sample.feeds for sample in model.calibration]
        looking, fitting = (showing(step, doing) for doing in ("looking at layers", "fitting smaller ones"))
        ranks = plan_ranks(keras_model, plan, samples, progress=looking)
        smaller = apply_low_rank(keras_model, ranks, data=stacked(samples), progress=fitting)
        step.detail = ranks.summary()
    trained = None
    if trainer is not None:
        teacher = flatten(original)
        distilled = plan.recipe.train is not None and plan.recipe.train.recover == "distill"
        features = matches_by_name(teacher, smaller) if distilled else ()
        trained = trainer.recover(smaller, teacher, done, " (low rank)" if done else "", features)
    return smaller, Round(None, trained, ranks)


def showing(step: Step, doing: str) -> Callable[[int, int], None]:
    """Lets a step show how many layers are done."""
    return lambda done, of: step.at(done, of, f"lower ranks: {doing}")


def plan_ranks(
    keras_model: Any,
    plan: Plan,
    samples: Sequence[Feeds],
    *,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> LowRankPlan:
    """Decides which layers are written as smaller ones.

    Args:
        keras_model: with the channels that stay.
        plan: with a low-rank pass, and a target whose channel multiple and latencies count.
        samples: preprocessed ones that losses are measured on; without any, weights alone tell.
        progress: is told how many layers have been looked at, and of how many.
    """
    from ...factorize.plan import plan_low_rank

    asked = plan.recipe.low_rank
    assert asked is not None
    return plan_low_rank(
        keras_model,
        **{asked.by: True if asked.amount is None else asked.amount},  # type: ignore[arg-type]
        data=stacked(samples) if samples else None,
        latency_model=product_cost(plan.target),
        multiple=plan.target.model.channel_multiple,
        ignore=asked.ignore,
        seed=plan.recipe.seed,
        progress=progress,
    )
