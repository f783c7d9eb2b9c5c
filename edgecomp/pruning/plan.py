"""Decides what to prune: which channels go, and what each layer costs before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from ..errors import InputError
from .analysis import analyze
from .budget import Budget, Ranking, choose_channels
from .by_channel import channel_count
from .channel_graph import ChannelGraph
from .cost_terms import cost_terms
from .costs import KERNEL_BLOCK, Cost, CostTerm, LatencyModel, kept_mask, layer_costs, total_cost
from .flatten import flatten
from .importance import score
from .measured import measured_ladders
from .widths import WidthRules, ladders, widths

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class LayerPlan:
    """One layer with weights, before and after.

    Args:
        name: of the layer.
        before: how many channels it gives.
        after: how many stay.
        macs_before: multiply-accumulates of one inference.
        macs_after: likewise.
        bytes_before: of its weights in an INT8 file.
        bytes_after: likewise.
    """

    name: str
    before: int
    after: int
    macs_before: int
    macs_after: int
    bytes_before: int
    bytes_after: int


@dataclass(frozen=True)
class PruningPlan:
    """What is to be pruned. Printed, it is a table.

    Args:
        removed: numbers of the channels that go, rising; they are those of the flattened model's `ChannelGraph`.
        layers: every layer that has multiply-accumulates or bytes, in the order of computation.
        before: what the model costs; see `Cost` for what is counted.
        after: what the pruned one costs.
        frozen: why the channels of some layers must stay: a phrase, by the layer's name.
        importance: the method that ranked the channels.
        ranking: "global", "local" or "measured".
        multiple: the widths of cut layers are multiples of this.
    """

    removed: tuple[int, ...]
    layers: tuple[LayerPlan, ...]
    before: Cost
    after: Cost
    frozen: Mapping[str, str]
    importance: str
    ranking: Ranking
    multiple: int

    def rows(self) -> tuple[tuple[str, ...], ...]:
        """The table: a heading, a row for each layer, and the sum; numbers with separators."""
        heading = ("layer", "channels", "MACs before", "MACs after", "bytes before", "bytes after")
        body = tuple(
            (
                one.name,
                f"{one.before} -> {one.after}" if one.after != one.before else f"{one.before}",
                *(f"{value:,}" for value in (one.macs_before, one.macs_after, one.bytes_before, one.bytes_after)),
            )
            for one in self.layers
        )
        sums = (self.before.macs, self.after.macs, self.before.bytes, self.after.bytes)
        return (heading, *body, ("all layers", "", *(f"{value:,}" for value in sums)))

    def __str__(self) -> str:
        rows = self.rows()
        sizes = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = [
            "  ".join(
                [row[0].ljust(sizes[0]), *(cell.rjust(size) for cell, size in zip(row[1:], sizes[1:], strict=True))]
            )
            for row in rows
        ]
        return "\n".join([*lines, self.summary()])

    def summary(self) -> str:
        """How much goes, in one line."""
        shares = ", ".join(
            f"{1 - getattr(self.after, kind) / getattr(self.before, kind):.1%} of the {name}"
            for kind, name in (("macs", "MACs"), ("params", "parameters"), ("bytes", "bytes"))
            if getattr(self.before, kind)
        )
        return f"{len(self.removed)} channels go ({self.importance}, {self.ranking}): {shares}"


def plan_pruning(
    model: keras.Model,
    *,
    macs: float | None = None,
    params: float | None = None,
    bytes: float | None = None,
    latency: float | None = None,
    latency_model: LatencyModel | None = None,
    importance: str = "l2",
    data: Any = None,
    labels: Any = None,
    multiple: int = 8,
    block: int = KERNEL_BLOCK,
    ranking: Ranking = "global",
    ignore: Sequence[str] = (),
    limits: Mapping[str, float] | None = None,
    min_share: float = 0.1,
    seed: int = 0,
) -> PruningPlan:
    """Decides which channels to remove; the model stays as it is.

    Args:
        model: a functional or Sequential model of Keras 3; networks nested in it are flattened first.
        macs: share of the multiply-accumulates to remove, above 0 and below 1. Of this and the next three, at least
            one is given; where several are, all are kept.
        params: share of the parameters.
        bytes: share of the INT8 file's weights.
        latency: share of the latency that `latency_model` predicts.
        latency_model: predicts a layer's milliseconds from its costs.
        importance: see `importance.score`.
        data: samples, for an importance that is measured on them; see there.
        labels: their labels; see there.
        multiple: the widths of cut layers become multiples of this.
        block: those that stay this wide or wider become multiples of it too; 1 leaves it at `multiple`.
        ranking: "global" cuts where least importance is lost for what is saved; "local" cuts every layer by the same
            share; "measured" is as "global", with what cutting each group alone does to the answers for samples.
        ignore: name patterns (as of file names: `block1_*`) of layers that keep all their output channels. Names are
            those of the flattened model.
        limits: by name pattern, the largest share of its channels that a layer may lose.
        min_share: share of its channels that every layer keeps at least.
        seed: of an importance that is random.

    Raises:
        InputError: the model is subclassed, nothing can be pruned, the budget cannot be kept (the message says what
            could be), or an option is out of its range.
    """
    asked = {"macs": macs, "params": params, "bytes": bytes, "latency": latency}
    budgets = [Budget(kind, share) for kind, share in asked.items() if share is not None]  # type: ignore[arg-type]
    if not budgets:
        raise InputError("nothing says how much to prune: give macs=0.5, params=, bytes= or latency=")
    if latency is not None and latency_model is None:
        raise InputError("a budget of latency needs a latency_model that predicts it: give one")
    if ranking not in get_args(Ranking):
        raise InputError(f"there is no ranking called {ranking}: choose among {', '.join(get_args(Ranking))}")
    rules = WidthRules(multiple, block, min_share, {**(limits or {}), **dict.fromkeys(ignore, 0.0)})
    flat = flatten(model)
    graph = analyze(flat)
    scores = score(flat, graph, importance, data=data, labels=labels, seed=seed)
    terms = cost_terms(flat, graph)
    steps = ladders(graph, scores, rules)
    if ranking == "measured":
        if data is None:
            raise InputError("the ranking measured weighs layers on samples: give data, or choose global")
        steps = measured_ladders(flat, graph, steps, data)
    removed = choose_channels(terms, steps, budgets, ranking=ranking, latency=latency_model)
    return _describe(graph, terms, removed, importance, ranking, multiple)


def apply_plan(model: keras.Model, plan: PruningPlan) -> keras.Model:
    """The model without the channels that a plan removes.

    Args:
        model: the one that was planned for.
        plan: see `plan_pruning`.

    Returns:
        a new functional model of plain Keras layers.
    """
    from .rebuild import remove_channels

    flat = flatten(model)
    return remove_channels(flat, analyze(flat), plan.removed)


def prune(model: keras.Model, **options: Any) -> keras.Model:
    """Removes channels; the model stays as it is.

    Args:
        model: see `plan_pruning`.
        options: those of `plan_pruning`, such as macs=0.5.

    Returns:
        a new functional model of plain Keras layers, smaller and not yet trained again.

    Raises:
        InputError: see `plan_pruning`.

    Example:
        >>> smaller = prune(model, macs=0.5, importance="taylor", data=samples)
    """
    return apply_plan(model, plan_pruning(model, **options))


def _describe(
    graph: ChannelGraph,
    terms: Sequence[CostTerm],
    removed: tuple[int, ...],
    importance: str,
    ranking: Ranking,
    multiple: int,
) -> PruningPlan:
    masks = kept_mask(channel_count(graph)), kept_mask(channel_count(graph), removed)
    old, new = (layer_costs(terms, mask) for mask in masks)
    old_widths, new_widths = (widths(graph, mask) for mask in masks)
    layers = tuple(
        LayerPlan(
            name,
            old_widths.get(name, 0),
            new_widths.get(name, 0),
            old[name].macs,
            new[name].macs,
            old[name].bytes,
            new[name].bytes,
        )
        for name in old
        if old[name].macs or old[name].bytes
    )
    before, after = (total_cost(terms, mask) for mask in masks)
    return PruningPlan(removed, layers, before, after, dict(graph.frozen), importance, ranking, multiple)
