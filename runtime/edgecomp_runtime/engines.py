"""The interpreters a model can run on, found and opened in one way.

Three packages carry the same interpreter: `ai_edge_litert` (LiteRT), `tflite_runtime` (its predecessor, for 32-bit
boards) and `tensorflow`. They are tried in this order.
"""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np

from .errors import InputError

_MODULES = {
    "ai_edge_litert": "ai_edge_litert.interpreter",
    "tflite_runtime": "tflite_runtime.interpreter",
    "tensorflow": "tensorflow.lite.python.interpreter",
}

_IDENTIFIER = b"TFL3"

ENGINES = tuple(_MODULES)
"""Names of the engines, in the order in which they are tried."""


@dataclass(frozen=True)
class EngineInfo:
    """What a model runs on.

    Args:
        name: one of `ENGINES`.
        version: of that package.
        threads: given to the interpreter.
        xnnpack: whether the XNNPACK delegate took over at least a part of the graph: read from the graph as it stands
            after loading, not from what was asked for.
        partitions: the number of parts of the graph that it took over; more than one means hand-overs in between.
    """

    name: str
    version: str
    threads: int
    xnnpack: bool
    partitions: int


def load_interpreter(
    model: Union[bytes, str, os.PathLike[str]],
    threads: int = 1,
    engine: Optional[str] = None,
    delegate: bool = True,
) -> tuple[Any, EngineInfo]:
    """Opens a .tflite model and allocates its tensors.

    Args:
        model: the bytes of a .tflite, or its path (which is mapped into memory, not read).
        threads: number of threads, at least 1.
        engine: one of `ENGINES`; None takes the first that is there.
        delegate: False runs on the plain kernels, without XNNPACK.

    Returns:
        the `Interpreter`, and what it runs on.

    Raises:
        InputError: there is no engine (the message says how to install one), no such file, or it is no model the engine
            can open.
    """
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise InputError(f"threads is {threads!r}, not a whole number of 1 or more")
    name = "the model" if isinstance(model, bytes) else os.fspath(model)
    _check_header(model, name)
    engine_name, module = find_engine(engine)
    if engine_name == "tflite_runtime":
        from .flatbuffer_check import check_whole

        check_whole(model)
    source = {"model_content": model} if isinstance(model, bytes) else {"model_path": name}
    resolvers = module.OpResolverType
    resolver = resolvers.AUTO if delegate else resolvers.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    try:
        interpreter = module.Interpreter(**source, num_threads=threads, experimental_op_resolver_type=resolver)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError, SystemError, MemoryError) as error:
        reason = " ".join(str(error).split())[:300] or "there is not enough memory"
        raise InputError(f"{name}: {engine_name} cannot open this model: {reason}") from error
    partitions = _delegated_parts(interpreter)
    return interpreter, EngineInfo(engine_name, _version(engine_name), threads, partitions > 0, partitions)


def find_engine(engine: Optional[str] = None) -> tuple[str, Any]:
    """Imports the first engine that works.

    Args:
        engine: the only one to try, or None.

    Returns:
        its name and its module, which has `Interpreter` and `OpResolverType`.

    Raises:
        InputError: none works; the message has the exact command that mends it.
    """
    if engine is not None and engine not in _MODULES:
        raise InputError(f"engine {engine!r} is not one of {', '.join(ENGINES)}")
    reasons = []
    for name in ENGINES if engine is None else (engine,):
        module, reason = try_engine(name)
        if module is not None:
            return name, module
        if reason:
            reasons.append(reason)
    raise InputError(". ".join(reasons) or _how_to_install(engine))


def try_engine(name: str) -> tuple[Optional[Any], str]:
    """Imports one engine.

    Args:
        name: one of `ENGINES`.

    Returns:
        the module and ""; or None and why it cannot be used ("" where it simply is not installed).
    """
    # tflite-runtime was built against NumPy 1; with NumPy 2 it imports, and dies when the first model is opened.
    if name == "tflite_runtime" and int(np.__version__.split(".")[0]) >= 2 and _installed(name):
        from .machine import pip_install

        mend = pip_install("'numpy<2'")
        return None, f"tflite-runtime does not work with NumPy {np.__version__}; run: {mend}"
    try:
        return importlib.import_module(_MODULES[name]), ""
    except ModuleNotFoundError as error:
        missing = (error.name or "").split(".")[0]
        return None, "" if missing == name else f"{name} needs {missing}, which is not installed"
    # A broken install fails in as many ways as there are: ImportError, OSError, AttributeError.
    except Exception as error:
        return None, f"{name} is installed but broken ({type(error).__name__}: {' '.join(str(error).split())[:200]})"


def _installed(name: str) -> bool:
    from importlib.util import find_spec

    return name in sys.modules or find_spec(name) is not None


def _how_to_install(engine: Optional[str]) -> str:
    from .machine import install_line, this_machine, why_no_wheel

    machine = this_machine()
    line = install_line(machine)
    missing = f"the engine {engine} is not installed" if engine else "no TensorFlow Lite interpreter is installed"
    if line is None:
        return f"{missing}, and {why_no_wheel(machine)}"
    return f"{missing}; for {machine} run: {line}"


def is_tflite(path: Union[str, os.PathLike[str]]) -> bool:
    """Whether a path is a file that says to be a .tflite model."""
    try:
        with open(path, "rb") as file:
            return file.read(8)[4:] == _IDENTIFIER
    except OSError:
        return False


def _check_header(model: Union[bytes, str, os.PathLike[str]], name: str) -> None:
    if isinstance(model, bytes):
        header = model[:8]
    else:
        path = Path(model)
        if path.is_dir():
            raise InputError(f"{name}: is a folder, not a .tflite model; give the file in it")
        try:
            with path.open("rb") as file:
                header = file.read(8)
        except FileNotFoundError:
            raise InputError(f"{name}: there is no such file; check the path") from None
        except OSError as error:
            raise InputError(f"{name}: cannot be read ({error.strerror})") from None
    if header[4:8] != _IDENTIFIER:
        raise InputError(
            f"{name}: is not a .tflite model (its bytes 4 to 8 are not TFL3); check that this is the right file"
        )


def _version(name: str) -> str:
    return str(getattr(sys.modules.get(name), "__version__", "unknown"))


def _delegated_parts(interpreter: Any) -> int:
    # A delegate replaces each part of the graph that it takes over by one node, appended after the original ones. The
    # line on stderr that it "was created" says less: tflite-runtime creates it for int8 models, and then uses it not.
    return sum(1 for op in interpreter._get_ops_details() if op["op_name"] == "DELEGATE")
