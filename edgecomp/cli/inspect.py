"""`edgecomp inspect`: what a model is, and what a target will make of it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from ..errors import InputError
from ..latency.predict import PredictedLatency, can_predict, predict
from ..lint import Finding, Placement, lint, placements
from ..pipeline.inspect import Inspected, inspect_file
from ..pipeline.options.ranking import RankingOptions
from ..pipeline.options.shared import OpeningOptions
from ..targets import Target, load_target
from ..tflite import ModelSummary, summarize
from ..tflite.summary import TensorSummary
from .options import opening_options, option_from, reading_options
from .screen import screen
from .shapes import parse_input_shape

if TYPE_CHECKING:
    from ..pipeline.sensitivity import Ranking
    from ..pruning.measured import GroupCurve
    from ..quantize.precision.experiment import Score

_SEVERITY_STYLES = {"blocker": "bold red", "warning": "yellow", "note": "dim"}


_SENSITIVITY = (
    "Show instead which layers of a float model int8 hurts, and what cutting channels costs, measured on the samples "
    "of --data."
)
_EXPLANATION = (
    "dB: energy of the outputs over that of their error against the float model; more is better, 20 dB is 1% error. "
    "alone: only this layer is int8. without: everything but this layer. A layer is worth keeping at float where alone "
    "is low and without is well above int8 throughout. Two neighbours that are low alone share a tensor that int8 "
    "cannot hold: only both at float help."
)
_GROUPS = (
    "Loss: how far answers move when so many channels of the group go and nothing is trained: Kullback-Leibler "
    "divergence in nats of probabilities, else the squared error as a share of the variance."
)


@dataclass(frozen=True)
class Verdict:
    """What a target makes of a model.

    Args:
        profile: the target's, if one was given.
        placements: what its delegates take.
        findings: what was found.
        predicted: how fast it will be, where the profile can tell.
    """

    profile: Target | None
    placements: tuple[Placement, ...] = ()
    findings: tuple[Finding, ...] = ()
    predicted: PredictedLatency | None = None

    @property
    def blocked(self) -> bool:
        return any(one.severity == "blocker" for one in self.findings)


@click.command("inspect")
@click.argument("file", type=click.Path(path_type=Path))
@option_from(RankingOptions, "target")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")
@click.option("--strict", is_flag=True, help="End with exit code 2 where something blocks.")
@click.option("--sensitivity", is_flag=True, help=_SENSITIVITY)
@option_from(RankingOptions, "data", metavar="SAMPLES")
@option_from(RankingOptions, "samples", type=click.IntRange(min=1), metavar="N")
@reading_options
@opening_options
def command(
    file: Path,
    target: str | None,
    as_json: bool,
    strict: bool,
    sensitivity: bool,
    input_shape: str | None,
    **options: Any,
) -> None:
    """Show what FILE is: .keras, .h5, SavedModel folder, .tflite or bundle.

    A Keras model or SavedModel is exported to a float .tflite in memory, which takes some seconds; the operators and
    figures shown are that file's. With --target, they are held against what that device runs.
    """
    shapes = parse_input_shape(input_shape)
    reading = {name: options.pop(name) for name in ("data", "samples", "preprocess", "labels")}
    if sensitivity and strict:
        raise InputError("--strict is about what blocks, which --sensitivity does not look at: leave one of them out")
    if sensitivity:
        _show_sensitivity(file, as_json, target=target, input_shape=shapes, **reading, **options)
        return
    if given := next((name for name, value in reading.items() if value is not None), None):
        raise InputError(f"--{given} is about samples, which only --sensitivity looks at: add that, or leave it out")
    profile = None if target is None else load_target(target)
    inspected = inspect_file(file, OpeningOptions(input_shape=shapes, **options), console=Console(stderr=True))
    model = inspected.tflite
    summary = None if model is None else summarize(model, inspected.layer_names)
    verdict = Verdict(profile, findings=inspected.findings)
    if model is not None and profile is not None:
        found = lint(model, profile, inspected.layer_names)
        predicted = predict(model, profile) if can_predict(profile) else None
        verdict = Verdict(profile, placements(model, profile), inspected.findings + found, predicted)
    if as_json:
        click.echo(json.dumps(_to_dict(file, inspected, summary, verdict), indent=2, ensure_ascii=False))
    else:
        _print(screen(), file, inspected, summary, verdict)
    if strict and verdict.blocked:
        click.get_current_context().exit(InputError.exit_code)


def _show_sensitivity(file: Path, as_json: bool, *, data: str | None, **options: Any) -> None:
    if data is None:
        raise InputError("--sensitivity measures on samples: give some with --data")
    from ..pipeline.sensitivity import rank_layers

    ranking = rank_layers(file, data=data, console=Console(stderr=True), **options)
    if as_json:
        content = {"schema": 1, "path": str(file), "sensitivity": ranking.to_dict()}
        click.echo(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False))
        return
    _print_ranking(screen(), file, ranking)


def _print_ranking(console: Console, path: Path, ranking: Ranking) -> None:
    from rich.table import Table

    console.print(f"{path}: what int8 does to its outputs, on {ranking.held} samples", style="bold", soft_wrap=True)
    for name, score in (("int8 throughout", ranking.everything), ("int8 inputs and outputs only", ranking.edges)):
        console.print(f"  {name}: {_score(score)}", soft_wrap=True)
    table = Table("layer", "operators", "alone", "agreement", "KL", "without", box=None, header_style="bold")
    for column in table.columns:
        column.overflow = "fold"
        column.justify = "left" if column.header in ("layer", "operators") else "right"
    for one in ranking.layers:
        alone, without = one.measured.alone, one.measured.without
        agreement = "" if alone.agreement is None else f"{alone.agreement:.1%}"
        divergence = "" if alone.divergence is None else f"{alone.divergence:.2g}"
        operators = one.measured.unit.op.replace("+", " + ")
        table.add_row(
            _printable(one.layer), _printable(operators), _decibels(alone), agreement, divergence, _decibels(without)
        )
    console.print(table)
    console.print(_EXPLANATION, style="dim", soft_wrap=not console.is_terminal)
    if ranking.groups:
        _print_groups(console, ranking.groups)
    reason = f"preprocessing: {ranking.preprocess['name']} ({ranking.preprocess['reason']})"
    console.print(_printable(reason), soft_wrap=True)
    for warning in ranking.warnings:
        console.print(_printable(f"warning: {warning}"), style="yellow", soft_wrap=True)


def _print_groups(console: Console, groups: Sequence[GroupCurve]) -> None:
    """What cutting channels costs, the group first that costs least at its first cut."""
    from rich.table import Table

    table = Table("channels of", "all", "gone: loss (agreement)", box=None, header_style="bold")
    for one in sorted(groups, key=lambda group: group.losses[1]):
        agreement = one.agreement or (None,) * len(one.cuts)
        cuts = zip(one.cuts[1:], one.losses[1:], agreement[1:], strict=True)
        told = "  ".join(
            f"{cut}: {loss:.2g}" + (f" ({same:.0%})" if same is not None else "") for cut, loss, same in cuts
        )
        table.add_row(_printable(", ".join(one.layers)), str(one.channels), told)
    console.print()
    console.print(table)
    console.print(_GROUPS, style="dim", soft_wrap=not console.is_terminal)


def _score(score: Score) -> str:
    agreement = "" if score.agreement is None else f", same answer {score.agreement:.1%}"
    return f"{_decibels(score)}{agreement}"


def _decibels(score: Score) -> str:
    return f"{score.decibels + 0:.1f} dB"  # + 0 takes the sign off a zero


def _to_dict(
    path: Path,
    inspected: Inspected,
    summary: ModelSummary | None,
    verdict: Verdict,
) -> dict[str, Any]:
    return {
        "schema": 1,
        "path": str(path),
        "format": inspected.format,
        "bytes": inspected.nbytes,
        "details": inspected.details,
        "tflite": None if summary is None else summary.to_dict(),
        "target": None if verdict.profile is None else verdict.profile.name,
        "delegates": [dataclasses.asdict(one) for one in verdict.placements],
        "predicted": None if verdict.predicted is None else verdict.predicted.to_dict(),
        "findings": [dataclasses.asdict(one) for one in verdict.findings],
    }


def _print(
    console: Console,
    path: Path,
    inspected: Inspected,
    summary: ModelSummary | None,
    verdict: Verdict,
) -> None:
    from ..report.formats import size

    console.print(f"{path}: {inspected.format}, {size(inspected.nbytes)}", style="bold", soft_wrap=True)
    for key, value in inspected.details.items():
        if not isinstance(value, list):
            told = {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
            console.print(_printable(f"  {key}: {told}"), soft_wrap=True)
    if summary is not None:
        _print_summary(console, summary)
    if verdict.profile is not None:
        console.print(f"\non {verdict.profile.title} ({verdict.profile.name})", style="bold")
    for one in verdict.placements:
        parts = f" in {one.partitions} part{'' if one.partitions == 1 else 's'}" if one.taken else ""
        console.print(f"  {one.delegate} runs {one.taken} of {one.operators} operators{parts}", soft_wrap=True)
    if verdict.predicted is not None:
        _print_prediction(console, verdict.predicted)
    for finding in verdict.findings:
        _print_finding(console, finding)
    if verdict.profile is not None and all(finding.severity == "note" for finding in verdict.findings):
        console.print("nothing stands in its way", style="green")


def _print_prediction(console: Console, predicted: PredictedLatency) -> None:
    from ..report.formats import milliseconds

    low, high = milliseconds(predicted.low), milliseconds(predicted.high)
    threads = f"{predicted.threads} thread{'' if predicted.threads == 1 else 's'}"
    console.print(
        f"  predicted latency {milliseconds(predicted.latency_ms)} ({low} to {high}) with {threads}", soft_wrap=True
    )
    if predicted.unknown:
        console.print(f"  nothing was measured of {', '.join(predicted.unknown)}: a guess there", soft_wrap=True)


def _print_finding(console: Console, finding: Finding) -> None:
    from ..lint.finding import each_once

    where = f" [{each_once(finding.layers, most=4)}]" if finding.layers else ""
    style = _SEVERITY_STYLES[finding.severity]
    console.print(_printable(f"{finding.severity}: {finding.what}{where}"), style=style, soft_wrap=True)
    if finding.remedy:
        console.print(_printable(f"  -> {finding.remedy}"), style=style, soft_wrap=True)


def _print_summary(console: Console, summary: ModelSummary) -> None:
    from rich.table import Table

    from ..report.formats import count, size

    for kind, tensors in (("input", summary.inputs), ("output", summary.outputs)):
        for tensor in tensors:
            console.print(f"  {kind} {_tensor(tensor)}", soft_wrap=True)
    console.print(
        f"  {summary.scheme}; {count(summary.macs)} MACs, {count(summary.parameters)} parameters, "
        f"weights {size(summary.weight_bytes)}, activations {size(summary.peak_activation_bytes)} at the peak "
        f"(arena without a delegate {size(summary.peak_arena_bytes)})",
        soft_wrap=True,
    )
    table = Table("#", "operator", "layer", "output", "dtype", "MACs", "weights", box=None, header_style="bold")
    for name in ("#", "MACs", "weights"):
        next(column for column in table.columns if column.header == name).justify = "right"
    for column in table.columns:
        column.overflow = "fold"
    for one in summary.operators:
        macs, weights = count(one.macs) if one.macs else "", size(one.weight_bytes) if one.weight_bytes else ""
        shape = "x".join(map(str, one.output_shape))
        table.add_row(
            str(one.index), _printable(one.name), _printable(one.layer or ""), shape, one.dtype or "", macs, weights
        )
    console.print(table)


def _tensor(tensor: TensorSummary) -> str:
    shape = "x".join("?" if size < 0 else str(size) for size in tensor.shape)
    scale = "" if tensor.scale is None else f", scale {tensor.scale:.6g}, zero point {tensor.zero_point}"
    return f"{_printable(tensor.name)}: {shape or 'scalar'} {tensor.dtype}{scale}"


def _printable(text: str) -> str:
    """The text without what would steer the terminal: names come from the file."""
    return "".join(one if one.isprintable() else "\ufffd" for one in text)
