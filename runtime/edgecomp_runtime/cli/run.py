"""`edgecomp-runtime run`: a model's answers on photos or numbers."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from ..errors import InputError
from .common import add_engine_options, add_verb, load_model, print_json, progress_line


def add_to(commands: Any) -> None:
    """Adds the verb to the command line."""
    run = add_verb(commands, "run", command, "run a model on photos or numbers")
    run.add_argument("model", metavar="MODEL", help="a bundle (.zip or folder) or a .tflite")
    run.add_argument(
        "inputs", metavar="INPUT", nargs="+", help="photo, folder of photos, .npy, .npz (x) or .csv of numbers"
    )
    run.add_argument("--top", type=int, default=5, help="how many classes to name (5)")
    run.add_argument("--preprocess", help="for a .tflite: 0..1, -1..1, imagenet-torch, mean=…,std=… (see the README)")
    run.add_argument("--labels", help="for a .tflite: file of class names, one a line")
    add_engine_options(run)


def command(options: argparse.Namespace) -> int:
    """Runs the model on each input; one that cannot be read does not stop the others."""
    from ..answers import answer
    from ..inputs import iterate_inputs

    if options.top < 1:
        raise InputError(f"--top {options.top} is not 1 or more")
    model = load_model(options, preprocess=options.preprocess, labels=options.labels)
    progress, answers = progress_line("sample"), []
    for count, item in enumerate(iterate_inputs(options.inputs, model.contract), start=1):
        found = answer(model, item, options.top)
        answers.append(found)
        if found.error:
            print(f"edgecomp-runtime: {found}", file=sys.stderr)
        elif not options.json:
            print(found)
        if options.json:
            progress(str(count))
    progress("")
    if options.json:
        print_json(
            {
                "results": [one.to_dict() for one in answers if not one.error],
                "failed": [one.to_dict() for one in answers if one.error],
            }
        )
    return InputError.exit_code if any(one.error for one in answers) else 0
