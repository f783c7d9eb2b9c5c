"""Tries embedded code in a process of its own first.

A Lambda layer is bytecode of the Python that wrote it; another version may not refuse it but crash. A crash there is
an error message here.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import InputError

_CHILD = """
import json, sys
request = json.load(sys.stdin)
sys.path[:0] = request["search"]
import edgecomp.models.opening as opening
from edgecomp.errors import EdgecompError
from edgecomp.models import probe
probe.probe = lambda *_: None
try:
    opening.open_model(request["path"], custom_objects=request["custom"], allow_code=True, input_shape=request["shape"])
except EdgecompError:
    pass
"""
_SECONDS = 600


def probe(path: Path, custom_objects: str | Mapping[str, Any] | None, input_shape: Any) -> None:
    """Opens the file in a child process, where its code can do no more than fail.

    A file that is only refused there is refused again, with its message, by whoever opens it next. Custom objects that
    are not named by their module cannot be handed to a child; the file is then opened without a trial.

    Raises:
        InputError: the child crashed.
    """
    if custom_objects is not None and not isinstance(custom_objects, str):
        return
    shape: Any = input_shape
    if isinstance(input_shape, Mapping):
        shape = {name: list(sizes) for name, sizes in input_shape.items()}
    elif isinstance(input_shape, Sequence):
        shape = list(input_shape)
    request = {"path": str(path.resolve()), "custom": custom_objects, "shape": shape, "search": sys.path}
    try:
        child = subprocess.run(
            [sys.executable, "-c", _CHILD], input=json.dumps(request), capture_output=True, text=True, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise InputError(
            f"the code in {path} did not finish within {_SECONDS} s: rebuild the model without it"
        ) from error
    if child.returncode < 0:
        raise InputError(
            f"the code in {path} crashes this Python (signal {-child.returncode}), most likely because another version "
            "wrote it: rebuild the model without Lambda layers and save it again"
        )
