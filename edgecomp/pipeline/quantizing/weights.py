"""Weights that take fewer bits: the step behind quantization, where the recipe asks for zeros or shared values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ...errors import InputError
from ...quantize.coarsen.wish import Wish, Zeros
from ..float_file import FloatModel
from ..recipes.plan import Plan
from ..recipes.recipe import Recipe
from ..workbench import Workbench
from .holdout import FEWEST, Feeds, Holdout, hold_out
from .pricing import Priced, price_for_bits, price_for_error
from .quantized import Quantized

MOST_FITTED = 64
"""Samples that weights are chosen on, all of them held in memory."""

MOST_JUDGED = 64
"""Held-out samples that prices are chosen by."""

ALLOWED_ERROR = 0.006
"""Energy of the answers' error over theirs, before a softmax, where as few bits are wanted as the samples allow: 22 dB.
Four networks (CIFAR-10, MNIST, keywords) lost 0 to 0.5 points of accuracy there on held-out training samples, at 20 dB
up to 0.6, and at 17 dB up to 1.5."""

ALLOWED_GROWTH = 2.0
"""Of the error that quantization left, where that is near the allowed one or above."""

LEAST_WEIGHT = 1e-30
"""What is below is zero."""


@dataclass(frozen=True)
class ChosenWeights:
    """What became of the weights.

    Args:
        layers: `CoarsenedLayer` of each, in the order in which they run.
        bits: an entropy coder takes for a weight, nearly.
        price: that a bit was worth; None where bits did not count.
        tried: the prices that were tried on the way.
        transport_bytes: size of the file's transport form.
    """

    layers: tuple[Any, ...]
    bits: float
    price: float | None
    tried: tuple[Priced, ...]
    transport_bytes: int

    @property
    def zeros(self) -> float:
        """Share of the weights that are 0."""
        weights = sum(one.weights for one in self.layers)
        return sum(one.zeros for one in self.layers) / weights if weights else 0.0


def wants_weights(recipe: Recipe) -> bool:
    """Whether the recipe asks for anything that this step does."""
    return any(one is not None for one in (recipe.sparsify, recipe.cluster, recipe.codebook))


def choose_weights(made: Quantized, model: FloatModel, plan: Plan, bench: Workbench) -> Quantized:
    """The file with weights as the recipe asks for them.

    Args:
        made: an integer file.
        model: what it was made from, with its calibration samples.
        plan: whose recipe asks.
        bench: where the work is done.

    Raises:
        InputError: there are too few calibration samples, or no layer whose weights could be chosen.
    """
    samples = hold_out(model.calibration)
    if len(samples.fitting) < FEWEST:
        raise InputError(
            "weights are chosen by what layers give on calibration samples, and there are only "
            f"{len(samples.fitting)}: give at least {2 * FEWEST} with --data"
        )
    return _Chooser(made, plan, samples, bench).chosen()


class _Chooser:
    def __init__(self, made: Quantized, plan: Plan, samples: Holdout, bench: Workbench) -> None:
        self._made, self._plan, self._samples, self._bench = made, plan, samples, bench
        self._few: list[Feeds] = samples.fitting.few(MOST_FITTED)
        self._results: dict[float, Any] = {}
        self._tried: list[Priced] = []
        self._surveyed: Sequence[Any] = ()

    def chosen(self) -> Quantized:
        from ...transport import encode

        call, threads = self._bench.worker.call, self._bench.threads
        with self._bench.steps.step("survey", "looking at what each layer's weights matter") as step:
            self._surveyed = call(
                "edgecomp.quantize.coarsen.survey:survey",
                *(self._made.source, self._made.file),
                threads=threads,
                samples=self._few,
            )
            if not self._surveyed:
                raise InputError(
                    "the file has no convolution or dense layer with integer weights of its own: leave --sparsity, "
                    "--cluster and --codebook out"
                )
            step.detail = f"{len(self._surveyed)} layers on {len(self._few)} samples"
        with self._bench.steps.step("weights", "choosing weights") as step:
            price = self._price(step.now)
            result = self._results[price]
            size = len(encode(result.file))
            chosen = ChosenWeights(result.layers, result.bits_per_weight, price or None, tuple(self._tried), size)
            step.detail = (
                f"{chosen.bits:.2f} bits a weight, {chosen.zeros:.0%} zeros, {size} bytes to send; smaller, not faster"
            )
        return replace(self._made, file=result.file, weights=chosen)

    def _price(self, now: Callable[[str], None]) -> float:
        """Of a bit: what the recipe says, or what is found; the result for it is there."""
        cluster = self._plan.recipe.cluster

        def attempt(price: float) -> Priced:
            now(f"choosing weights, attempt {len(self._tried) + 1}" if price else "choosing weights")
            self._tried.append(self._attempt(price))
            return self._tried[-1]

        if cluster is None or cluster.by == "values":
            return attempt(0.0).price
        if cluster.price is not None:
            return attempt(cluster.price).price
        if cluster.amount is not None:
            return price_for_bits(attempt, cluster.amount).price
        allowed = max(ALLOWED_ERROR, ALLOWED_GROWTH * self._error(self._made.file))
        return price_for_error(attempt, allowed).price

    def _attempt(self, price: float) -> Priced:
        result = self._bench.worker.call(
            "edgecomp.quantize.coarsen.coarsen:coarsen",
            *(self._made.source, self._made.file),
            wish_of(self._plan.recipe, price),
            self._surveyed,
            threads=self._bench.threads,
            samples=self._few,
        )
        self._results[price] = result
        cluster = self._plan.recipe.cluster
        searching = cluster is not None and cluster.by == "auto" and cluster.price is None
        return Priced(price, result.bits_per_weight, self._error(result.file) if searching else None)

    def _error(self, file: bytes) -> float:
        """Of the answers on held-out samples."""
        error: float = self._bench.worker.call(
            "edgecomp.quantize.coarsen.answers:answers_error",
            *(self._made.source, file),
            threads=self._bench.threads,
            samples=self._held,
        )
        return error

    @cached_property
    def _held(self) -> list[Feeds]:
        return (self._samples.judging if len(self._samples.judging) else self._samples.fitting).few(MOST_JUDGED)


def wish_of(recipe: Recipe, price: float) -> Wish:
    """What a recipe asks of weights, where a bit is worth so much."""
    cluster, codebook = recipe.cluster, recipe.codebook
    return Wish(
        zeros=_zeros_of(recipe),
        values=int(cluster.amount) if cluster is not None and cluster.by == "values" and cluster.amount else None,
        entries=(codebook.length, codebook.entries) if codebook is not None else None,
        price=price,
        seed=recipe.seed,
    )


def _zeros_of(recipe: Recipe) -> Zeros | None:
    asked = recipe.sparsify
    if asked is None:
        return None
    if recipe.train is not None:
        return Zeros("below", LEAST_WEIGHT, "magnitude")  # training has made zeros of those that were to go
    by = asked.by if asked.by == "energy" or asked.by == "random" else "magnitude"
    return Zeros(asked.scope, asked.amount, by, asked.pattern)
