"""TensorFlow's native converter without the rest of TensorFlow. Runs in a worker process.

The whole package takes seconds to import, and a converter needs none of it: `TFLiteConverter` prepares flags and a
graph, and hands all of it as bytes to one native function. The parent does the former, this module the latter.
"""

from __future__ import annotations

import importlib.util
import sys
import types
from functools import cache
from typing import Any


def convert(model_flags: bytes, conversion_flags: bytes, graph: bytes, debug_info: bytes | None) -> bytes:
    """Calls the native converter.

    Args:
        model_flags: serialized `ModelFlags`.
        conversion_flags: serialized `ConverterFlags`.
        graph: serialized `GraphDef`.
        debug_info: serialized `GraphDebugInfo`, or None.

    Raises:
        Exception: the converter's own message, when an operation cannot be converted.
    """
    converter, library = _load()
    made = converter.Convert(model_flags, conversion_flags, graph, False, debug_info or "", library.PyFunctionLibrary())
    return bytes(made)


@cache
def _load() -> tuple[Any, Any]:
    """The extension modules. TensorFlow's Python package stays out: an empty module stands in its place."""
    if "tensorflow" not in sys.modules:
        found = importlib.util.find_spec("tensorflow")
        if found is None or found.submodule_search_locations is None:
            raise ModuleNotFoundError("tensorflow is not installed", name="tensorflow")
        stand_in = types.ModuleType("tensorflow")
        stand_in.__path__ = list(found.submodule_search_locations)
        sys.modules["tensorflow"] = stand_in
    from tensorflow.compiler.mlir.lite.python import _pywrap_converter_api
    from tensorflow.compiler.mlir.quantization.tensorflow.python import pywrap_function_lib

    return _pywrap_converter_api, pywrap_function_lib


def warm_up() -> None:
    """Loads the native code ahead of the first conversion."""
    _load()
