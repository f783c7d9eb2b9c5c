"""Refuses models that TensorFlow Lite Micro would not run, or, worse, would run wrong without a word.

What stands in the way of a model on a device is the linter's to say; this asks it.
"""

from __future__ import annotations

from dataclasses import replace

from ..errors import InputError
from ..lint import Finding, lint
from ..targets import Target, load_target
from ..targets.profile import Limits, Memory
from ..tflite import TfliteModel


def check(model: TfliteModel, target: Target | None) -> tuple[str, ...]:
    """Holds a model against a microcontroller.

    Args:
        model: what was read of the file.
        target: the microcontroller; None where it is not known, so that its memory is not either.

    Returns:
        what runs, but badly, or leaves less for the program than the profile wants.

    Raises:
        InputError: it does not run there, has operators that the example program cannot register, or the target is no
            microcontroller.
    """
    if target is not None and target.micro_kernels is None:
        raise InputError(
            f"{target.name} is no microcontroller: name one (cortex-m4, cortex-m7, esp32-s3) with --target, or leave "
            "it out"
        )
    found = lint(model, target or _any_microcontroller())
    blocker = next((one for one in found if one.severity == "blocker"), None)
    if blocker is not None:
        raise InputError(_said(blocker))
    custom = sorted({one.name for graph in model.subgraphs for one in graph.operators if one.custom})
    if custom:  # a profile may list them, and still the example would not know what registers them
        raise InputError(f"the example program has no kernels for custom operators: {', '.join(custom)}; replace them")
    return tuple(_said(one) for one in found if one.severity == "warning")


def _any_microcontroller() -> Target:
    """TensorFlow Lite Micro anywhere, with whatever memory."""
    return replace(load_target("cortex-m4"), name="TensorFlow Lite Micro", memory=Memory(), limits=Limits())


def _said(finding: Finding) -> str:
    where = f" [{', '.join(finding.layers[:_MOST_LAYERS])}]" if finding.layers else ""
    return f"{finding.what}{where}: {finding.remedy}"


_MOST_LAYERS = 5
