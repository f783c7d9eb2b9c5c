"""`edgecomp-runtime evaluate`: accuracy on this device, and agreement with another file."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Optional

from ..errors import InputError
from .child import now
from .common import add_engine_options, add_verb, load_model, print_json, progress_line


def add_to(commands: Any) -> None:
    """Adds the verb to the command line."""
    evaluate = add_verb(commands, "evaluate", command, "measure a model's accuracy here, on labelled samples")
    evaluate.add_argument("model", metavar="MODEL", help="a bundle (.zip or folder) or a .tflite")
    evaluate.add_argument(
        "data", metavar="DATA", help="folder of photos with a sub-folder per class, .npz with x and y, or .csv"
    )
    evaluate.add_argument("--against", metavar="OTHER", help="another bundle or .tflite, to compare the answers with")
    evaluate.add_argument("--preprocess", help="for a .tflite: 0..1, -1..1, imagenet-torch, mean=…,std=… (see README)")
    evaluate.add_argument("--labels", help="for a .tflite: file of class names, one a line")
    add_engine_options(evaluate)


def command(options: argparse.Namespace) -> int:
    """Evaluates; a sample that cannot be read does not stop the others, but the exit code is 2."""
    from ..evaluate.labelled import labelled_samples
    from ..evaluate.run import evaluate, metric_data

    model = load_model(options, preprocess=options.preprocess, labels=options.labels)
    other = _other(options, model) if options.against else None
    progress, count = progress_line("sample"), 0

    def begin(name: str) -> None:
        nonlocal count
        count += 1
        progress(str(count))
        now(model.engine.name, f"while it ran {options.model} on {name}")

    found = evaluate(
        model,
        labelled_samples(options.data, model.contract),
        against=other,
        begin=begin,
        on_failure=lambda text: print(f"edgecomp-runtime: {text}", file=sys.stderr),
    )
    progress("")
    if options.json:
        against = {"file": options.against, "metric": metric_data(found.reference_metric)} if other else None
        engine = {"name": model.engine.name, "version": model.engine.version, "xnnpack": model.engine.xnnpack}
        print_json({"file": options.model, **found.to_dict(), "against": against, "engine": engine})
    else:
        print("\n".join(_lines(options, found)))
    return InputError.exit_code if found.failed else 0


def _other(options: argparse.Namespace, model: Any) -> Any:
    """The model to compare with: a bundle by its own contract, a bare .tflite by the first model's."""
    from ..engines import is_tflite

    contract = model.contract if is_tflite(options.against) else None
    return load_model(options, path=options.against, preprocess=contract)


def _lines(options: argparse.Namespace, found: Any) -> list[str]:
    lines = [f"{options.model}: {_metric(found.metric)}"]
    if options.against:
        lines.append(f"{options.against}: {_metric(found.reference_metric)}")
    if found.agreement is not None:
        lines.append(f"same answer as {options.against}: {_share(found.agreement, found.n)}")
    if found.sqnr_db is not None:
        lines.append(f"signal to noise against {options.against}: {found.sqnr_db:.1f} dB")
    return lines


def _metric(metric: Optional[Any]) -> str:
    if metric is None:
        return "accuracy not measured: the samples have no labels"
    if metric.name == "top1":
        return f"{_share(metric.value, metric.n)} right"
    return f"{metric.name} {metric.value:.6g} over {metric.n}"


def _share(share: float, n: int) -> str:
    from ..evaluate.run import share_interval

    low, high = share_interval(share, n)
    return f"{share:.2%} of {n} (95% interval {low:.2%} to {high:.2%})"
