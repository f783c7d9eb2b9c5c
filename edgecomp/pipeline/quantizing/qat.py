"""Quantization-aware training of the file that post-training quantization made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..float_file import FloatModel
from ..recipes.plan import Plan
from ..shrinking.trainer import Trainer
from ..workbench import Workbench
from .attempts import number_format
from .counted import counted_weights
from .quantized import Quantized
from .weights import choose_weights

if TYPE_CHECKING:
    from ...qat.coded import CodedWeights
    from ...qat.shared import SharedValues
    from ...train.progress import Trained

TRAINED_SHARE = 0.65
"""Of the bits that weights take without training: what they come down to while they are trained, which finds out on the
way which layers need them most."""

RATE = 1e-2
"""The highest learning rate with quantization in place, where weights are counted in the largest of their channel: a
hundredth of it in a step, whatever the layer."""

CODED_RATE = 4e-3
"""Likewise of weights that are to take few bits: some layers have steps as large as that."""

CHECKED = 3
"""Calibration samples on which the network is held against the file before it is trained."""

JUDGED = 1000
"""Held-out samples, at most, that tell whether training made the file better."""


@dataclass(frozen=True)
class QuantizedTraining:
    """What came of it.

    Args:
        quantized: the better of the two files.
        trained: how the training went.
        kept: whether the trained file is the better one.
        before: how the file of post-training quantization did on held-out samples: accuracy by labels, or the share of
            samples answered like the original, or else the error in dB; None where there is nothing to tell by.
        after: the trained file likewise.
    """

    quantized: Quantized
    trained: Trained
    kept: bool
    before: float | None
    after: float | None


def train_quantized(
    quantized: Quantized, original: FloatModel, plan: Plan, bench: Workbench, trainer: Trainer
) -> QuantizedTraining:
    """Trains weights and ranges with the rounding of the INT8 file in place, and makes the file anew.

    Args:
        quantized: what post-training quantization made.
        original: the model that is learned from, and that files are judged by.
        plan: says which integers.
        bench: where the file is made.
        trainer: trains.

    Raises:
        InputError: an operator of the file cannot be trained.
        EdgecompError: what would be trained computes something else than the file.
    """
    from ...qat.check import check_float
    from ...qat.network import FakeQuantNetwork
    from ...qat.plan import plan_qat

    assert quantized.settings is not None
    start = _start(quantized, original, plan, bench)
    network = FakeQuantNetwork(plan_qat(quantized.source, quantized.file), logits=True, fewer=start.fewer)
    check_float(network, [one.feeds for one in islice(original.calibration, CHECKED)])
    trained = trainer.quantized(network, original.model.keras_model, start.rate)
    settings = replace(quantized.settings, rounding="nearest", bias_correction=False)
    with bench.steps.step("quantize trained", "quantizing what was trained") as step:
        source = network.trained_file()
        made = bench.worker.call(
            "edgecomp.quantize.make:make",
            source,
            settings,
            numbers=number_format(plan),
            ranges=network.ranges(),
            threads=bench.threads,
            samples=[],
            weight_reach=network.weight_reach(),
        )
        before, after = _figures(quantized.file, made.file, original, bench, trainer)
        better = before is None or after is None or after >= before
        # A file whose weights share no values, or are not zero, is no rival: it is not what was asked for.
        kept = _smaller(plan) or (trained.best > 0 and better)
        step.detail = "the trained file is the better one" if kept else "training made nothing better"
    if not kept:
        return QuantizedTraining(quantized, trained, False, before, after)
    reason = f"{quantized.reason}; then weights and ranges were trained with the rounding in place"
    ours = replace(quantized, file=made.file, source=source, settings=settings, reason=reason, biases_corrected=0)
    if _smaller(plan):
        ours = replace(ours, weights=replace(counted_weights(made.file), price=start.price))
    return QuantizedTraining(ours, trained, True, before, after)


@dataclass(frozen=True, eq=False)
class _Start:
    """What the training of weights that are to become fewer values, or bits, starts from.

    Args:
        fewer: of what there is to be less; None where weights stay as many and as large as they are.
        price: what a bit was found to be worth for them at first.
        rate: the highest learning rate.
    """

    fewer: SharedValues | CodedWeights | None = None
    price: float | None = None
    rate: float = RATE


def _start(quantized: Quantized, original: FloatModel, plan: Plan, bench: Workbench) -> _Start:
    """By the number of values, from the float weights; by bits, from the best choice of more bits without training."""
    from ...qat.coded import CodedWeights
    from ...qat.network import stored_weights
    from ...qat.shared import SharedValues

    cluster = plan.recipe.cluster
    if cluster is None:
        return _Start()
    if cluster.by == "values":
        assert cluster.amount is not None
        return _Start(SharedValues(int(cluster.amount)))
    if cluster.amount is not None:
        more = replace(cluster, amount=cluster.amount / TRAINED_SHARE)
        plan = replace(plan, recipe=replace(plan.recipe, cluster=more))
    chosen = choose_weights(quantized, original, plan, bench)
    assert chosen.weights is not None
    # A file may have no more bits to give than are asked for, or fewer than it was to start from.
    share = TRAINED_SHARE if cluster.amount is None else cluster.amount / chosen.weights.bits
    bits = min(1.0, share) * counted_weights(chosen.file).bits
    return _Start(CodedWeights(bits, stored_weights(chosen.file)), chosen.weights.price, CODED_RATE)


def _smaller(plan: Plan) -> bool:
    """Whether training takes over what is asked of single weights."""
    return plan.recipe.sparsify is not None or plan.recipe.cluster is not None


def _figures(
    first: bytes, second: bytes, original: FloatModel, bench: Workbench, trainer: Trainer
) -> tuple[float | None, float | None]:
    """Both files on held-out samples; more is better."""
    found = bench.worker.call(
        "edgecomp.evaluate.run:evaluate",
        {"float": original.file, "first": first, "second": second},
        original.contract,
        threads=bench.threads,
        class_labels=trainer.class_labels,
        stream=islice(trainer.held_out(), JUDGED),
    )
    return _figure(found["first"]), _figure(found["second"])


def _figure(evaluation: Any) -> float | None:
    if evaluation.metric is not None and evaluation.metric.name == "top1":
        return float(evaluation.metric.value)
    found: float | None = evaluation.agreement if evaluation.agreement is not None else evaluation.sqnr_db
    return found
