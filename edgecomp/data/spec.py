"""What a data argument names: a path, arrays in an .npz file, or a function."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError

FORMS = (
    "a folder of images, .npz, .npy, a .csv file, or package.module:function "
    "(arrays of an .npz file are chosen as file.npz:x_test,y_test)"
)

_FUNCTION = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


@dataclass(frozen=True)
class FileSpec:
    """A file or folder, and for an .npz file the names of the arrays chosen."""

    path: Path
    arrays: tuple[str, ...] = ()


@dataclass(frozen=True)
class FunctionSpec:
    """A function by the name of its module and its own."""

    module: str
    name: str


def parse_spec(text: str) -> FileSpec | FunctionSpec:
    """Reads a data argument.

    Args:
        text: a path that exists, `file.npz:x,y`, or `package.module:function`.

    Raises:
        InputError: it is none of these, or the file is not there.
    """
    path = Path(text)
    if not text.strip():
        raise InputError(f"the name of the data is empty; give {FORMS}")
    if _exists(path):
        return FileSpec(path)
    before, colon, after = text.rpartition(":")
    if colon and before.lower().endswith(".npz") and _exists(Path(before)):
        return FileSpec(Path(before), _array_names(after, text))
    if colon and before.lower().endswith(".py"):
        module = Path(before).stem
        raise InputError(f"{text}: name the module instead of its file, as in {module}:{after or 'function'}")
    if _FUNCTION.fullmatch(text) and not before.lower().endswith((".npz", ".npy", ".csv")):
        return FunctionSpec(*text.split(":"))
    raise InputError(f"{text}: there is no such file or folder; give {FORMS}")


def _array_names(text: str, whole: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise InputError(f"{whole}: the names of the arrays are missing; write file.npz:x_test,y_test")
    return names


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        raise InputError(f"{path}: permission denied; allow reading the folders above it") from None
    except (OSError, ValueError):  # a name too long, a null byte
        return False
