"""A YAML file as plain data, without what an inventory has no use for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ...errors import InputError

MAX_BYTES = 4 * 2**20
_DEEPEST = 50


def read_yaml(path: Path) -> dict[str, Any]:
    """Reads a file whose top level is a mapping; every key is a string.

    Raises:
        InputError: it cannot be read, is not YAML, names a key twice, or has aliases (a few lines of which may stand
            for gigabytes).
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise InputError(f"{path}: is larger than {MAX_BYTES // 2**20} MiB, which no inventory is")
        text = raw.decode("utf-8-sig")
        _check_events(path, text)
        data = yaml.load(text, Loader=_Loader)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text") from error
    except yaml.MarkedYAMLError as error:
        line = f"{error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise InputError(f"{path}:{line} {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{path}: is not valid YAML ({' '.join(str(error).split())[:200]})") from error
    if not isinstance(data, dict):
        raise InputError(f"{path}: expected keys and values at the top, as in `hosts:`")
    return data


class _Loader(yaml.SafeLoader):
    """Takes keys as they are written and refuses a second one of the same name; YAML would keep one of the two."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a plain word", key.start_mark)
            if key.value in found:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} is here twice", key.start_mark)
            found[key.value] = self.construct_object(value, deep=True)
        return found


def _check_events(path: Path, text: str) -> None:
    """Before anything is built of it, so that depth and aliases cost nothing."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise InputError(f"{path}:{_line(event)}: aliases (*) are not read; write the value out")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise InputError(f"{path}: is nested more than {_DEEPEST} levels deep, which no inventory is")


def _line(event: yaml.Event) -> int:
    return 1 if event.start_mark is None else event.start_mark.line + 1
