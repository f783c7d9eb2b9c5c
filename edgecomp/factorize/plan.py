"""Decides which layers are written as layers of low rank, and what that saves and keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..pruning.flatten import flatten
from .bayes import bayesian_options
from .choose import AS_IT_IS, Budget, Choice, Counted, choose_for_budget, choose_for_energy
from .finding import find_layers, network_macs
from .forms import Option, cheaper_options, cost_of
from .layer import FactorableLayer, LatencyModel
from .losses import measured_losses
from .walk import Progress, samples_for

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class LayerPlan:
    """One layer that is written otherwise.

    Args:
        layer: what it is.
        option: how it is written.
        kept: share of what it gives (its variance) that it still gives, the layers before it being as they were.
    """

    layer: FactorableLayer
    option: Option
    kept: float

    @property
    def macs(self) -> tuple[int, int]:
        """Multiply-accumulates before and after."""
        return self.layer.product.macs, cost_of(self.layer, self.option).macs

    @property
    def params(self) -> tuple[int, int]:
        """Weights and biases before and after."""
        bias = self.layer.outputs if self.layer.has_bias else 0
        return self.layer.product.params + bias, cost_of(self.layer, self.option).params

    @property
    def becomes(self) -> str:
        """Its kernels, such as "3x3 64>24, 1x1 24>64"."""
        return ", ".join(map(str, cost_of(self.layer, self.option).products))


@dataclass(frozen=True)
class LowRankPlan:
    """What is to become of a model. Printed, it is a table.

    Args:
        layers: those that are written otherwise, in the order of computation.
        left_alone: why others stay as they are: a phrase, by the layer's name.
        macs: of the whole network, before and after.
        params: likewise.
        measured: whether losses were measured on samples, and not on the weights alone.
        seed: of the places that were looked at.
    """

    layers: tuple[LayerPlan, ...]
    left_alone: Mapping[str, str]
    macs: tuple[int, int]
    params: tuple[int, int]
    measured: bool
    seed: int

    def rows(self) -> tuple[tuple[str, ...], ...]:
        """The table: a heading, a row for each layer, and the network; numbers with separators."""
        heading = ("layer", "is", "becomes", "keeps", "MACs before", "MACs after", "params before", "params after")
        body = tuple(
            (
                one.layer.name,
                str(one.layer.product),
                one.becomes,
                f"{one.kept:.1%}",
                *(f"{value:,}" for value in (*one.macs, *one.params)),
            )
            for one in self.layers
        )
        return (heading, *body, ("the network", "", "", "", *(f"{value:,}" for value in (*self.macs, *self.params))))

    def __str__(self) -> str:
        rows = self.rows()
        sizes = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = [
            "  ".join(cell.ljust(size) if place < 3 else cell.rjust(size) for place, (cell, size) in enumerate(pairs))
            for pairs in (list(zip(row, sizes, strict=True)) for row in rows)
        ]
        stay = [f"{name} stays: {reason}" for name, reason in self.left_alone.items()]
        return "\n".join([*lines, *stay, self.summary()])

    def summary(self) -> str:
        """What goes, in one line."""
        shares = ", ".join(
            f"{1 - after / before:.1%} of the {name}"
            for (before, after), name in ((self.macs, "MACs"), (self.params, "parameters"))
            if before
        )
        many = f"{len(self.layers)} layer" + ("s" if len(self.layers) != 1 else "")
        on = "samples" if self.measured else "weights"
        return f"{many} of low rank (fitted to {on}) save {shares}"


def plan_low_rank(
    model: keras.Model,
    *,
    macs: float | None = None,
    params: float | None = None,
    energy: float | None = None,
    bayes: bool = False,
    data: Any = None,
    latency_model: LatencyModel | None = None,
    multiple: int = 8,
    ignore: Sequence[str] = (),
    seed: int = 0,
    progress: Progress = lambda done, of: None,
) -> LowRankPlan:
    """Decides which layers are written as smaller ones; the model stays as it is.

    A layer is only written otherwise where that saves multiply-accumulates, weights and predicted time.

    Args:
        model: a functional or Sequential model of Keras 3; networks nested in it are flattened first.
        macs: share of the network's multiply-accumulates to remove, above 0 and below 1. Of this and the next three,
            exactly one is given.
        params: share of the network's parameters to remove.
        energy: share of what each layer gives (its variance) that it must keep, above 0 and below 1.
        bayes: ranks are those that stand out from noise in the weights; see `vbmf`.
        data: samples that losses are measured on: an array, a list of arrays in the order of the inputs, or a mapping
            by their names. Without any, weights alone tell.
        latency_model: predicts how long a kernel takes; without one, fewer multiply-accumulates count as less time.
        multiple: channels between the new layers are multiples of this.
        ignore: name patterns (as of file names: `block1_*`) of layers that stay as they are. Names are those of the
            flattened model.
        seed: of the places that are looked at in large layers.
        progress: is told how many layers have been looked at, and of how many.

    Raises:
        InputError: the model is subclassed, the budget cannot be kept (the message says what could be), no layer can
            be written so that it is faster, or an option is out of its range.
    """
    _check(macs, params, energy, bayes, multiple)
    flat = flatten(model)
    found, reasons = find_layers(flat)
    kept_back = [one.name for one in found if any(fnmatchcase(one.name, pattern) for pattern in ignore)]
    layers = [one for one in found if one.name not in kept_back]
    options = {
        one.name: bayesian_options(flat.get_layer(one.name), one, multiple, latency_model)
        if bayes
        else cheaper_options(one, multiple, latency_model)
        for one in layers
    }
    layers = [one for one in layers if options[one.name]]
    small = [one.name for one in found if one.name not in kept_back and one not in layers]
    reasons |= dict.fromkeys(kept_back, "it is to stay")
    reasons |= dict.fromkeys(small, "no form of low rank would be faster")
    samples = None if data is None else samples_for(flat, data)
    kept = measured_losses(flat, layers, options, samples, seed, progress)
    by: Counted = "params" if params is not None else "macs"
    ladders = {one.name: _ladder(one, options[one.name], kept[one.name], by) for one in layers}
    whole = {"macs": network_macs(flat), "params": int(flat.count_params())}
    share = params if params is not None else macs
    if share is not None:
        chosen = choose_for_budget(ladders, Budget(by, share), whole[by])
    else:
        chosen = choose_for_energy(ladders, 0.0 if energy is None else energy)
    return _described(layers, chosen, reasons, whole, samples is not None, seed)


def apply_low_rank(
    model: keras.Model, plan: LowRankPlan, *, data: Any = None, progress: Progress = lambda done, of: None
) -> keras.Model:
    """The model with layers of low rank where a plan wants them.

    Args:
        model: the one that was planned for.
        plan: see `plan_low_rank`.
        data: samples that the new layers are fitted to; see there. Without any, they are fitted to the weights.
        progress: is told how many layers have been fitted, and of how many.

    Returns:
        a new functional model of plain Keras layers, not compiled.
    """
    from .rebuild import with_low_rank

    flat = flatten(model)
    chosen = {one.layer.name: (one.layer, one.option) for one in plan.layers}
    return with_low_rank(flat, chosen, None if data is None else samples_for(flat, data), plan.seed, progress)


def lower_rank(model: keras.Model, *, data: Any = None, **options: Any) -> keras.Model:
    """Writes layers as layers of low rank; the model stays as it is.

    Args:
        model: see `plan_low_rank`.
        data: likewise.
        options: those of `plan_low_rank`, such as macs=0.5.

    Returns:
        a new functional model of plain Keras layers, smaller and not yet trained again.

    Raises:
        InputError: see `plan_low_rank`.

    Example:
        >>> smaller = lower_rank(model, macs=0.3, data=samples)
    """
    return apply_low_rank(model, plan_low_rank(model, data=data, **options), data=data)


def _check(macs: float | None, params: float | None, energy: float | None, bayes: bool, multiple: int) -> None:
    given = [one for one in (macs, params, energy) if one is not None]
    if len(given) + bayes != 1:
        raise InputError("say how low the ranks are to be in one way: macs=0.5, params=0.5, energy=0.9 or bayes=True")
    if energy is not None and not 0 < energy < 1:
        raise InputError(
            f"the share of energy that layers keep is between 0 and 1, not {energy}: 0.9 keeps nine tenths"
        )
    if multiple < 1:
        raise InputError(f"ranks are multiples of a positive number, not of {multiple}")


def _ladder(layer: FactorableLayer, options: Sequence[Option], kept: Sequence[float], by: Counted) -> list[Choice]:
    before = layer.product.macs if by == "macs" else layer.product.params + (layer.outputs if layer.has_bias else 0)
    return [
        Choice(option, before - getattr(cost_of(layer, option), by), share)
        for option, share in zip(options, kept, strict=True)
    ]


def _described(
    layers: Sequence[FactorableLayer],
    chosen: Mapping[str, Choice],
    reasons: Mapping[str, str],
    whole: Mapping[str, int],
    measured: bool,
    seed: int,
) -> LowRankPlan:
    plans = tuple(
        LayerPlan(one, choice.option, choice.kept)
        for one in layers
        if (choice := chosen.get(one.name, AS_IT_IS)).option is not None
    )
    if not plans:
        raise InputError(
            "no layer of this model becomes faster by a lower rank: its layers are too small, or keep too little. Ask "
            "for less energy, allow a smaller multiple, or prune channels instead"
        )
    saved = {name: sum(before - after for before, after in (getattr(one, name) for one in plans)) for name in whole}
    costs = {name: (whole[name], whole[name] - saved[name]) for name in whole}
    return LowRankPlan(plans, dict(reasons), costs["macs"], costs["params"], measured, seed)
