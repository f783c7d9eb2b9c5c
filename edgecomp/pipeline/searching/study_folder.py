"""The folder of an open search: how it was started, its files, and (where nothing else is named) its journal."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...atomic import write_atomically
from ...errors import InputError
from ...study.objects import Objects
from ...study.storage import is_url, without_password
from ..output import writing_to

VERSION = 1


@dataclass(frozen=True)
class Command:
    """How a search was started; None for what cannot be written down, as arrays.

    Args:
        model: path of the model.
        target: as given.
        data: calibration samples.
        train: samples to train on.
        evaluation: labelled samples.
        preprocess: as given.
        labels: path of the class names.
        custom_objects: module of the model's own layers.
        allow_code: whether code in the model file may run.
        input_shape: as given.
        storage: without its password.
        study: name of the study.
        latency_unit: "ms" or "macs".
    """

    model: str | None
    target: str
    data: str | None
    train: str | None
    evaluation: str | None
    preprocess: str | None
    labels: str | None
    custom_objects: str | None
    allow_code: bool
    input_shape: Any
    storage: str | None
    study: str
    latency_unit: str


@dataclass(frozen=True)
class StudyFolder:
    """Where a search lies.

    Args:
        path: the folder.
    """

    path: Path

    @property
    def objects(self) -> Objects:
        """Its files and results."""
        return Objects(self.path)

    def storage(self, given: str | None) -> str:
        """The storage that was named, or else the journal in the folder."""
        return given or str(self.path / "journal.log")

    def check(self) -> None:
        """Refuses a folder that holds something else.

        Raises:
            InputError: it is a file, or is not empty and no search.
        """
        if self.path.is_dir() and any(self.path.iterdir()) and not (self.path / "study.json").exists():
            known = {"objects", "results", "journal.log", "journal.log.lock"}
            if not {one.name for one in self.path.iterdir()} <= known:
                raise InputError(f"{self.path} holds something that is no search; name another folder with --out")
        elif self.path.exists() and not self.path.is_dir():
            raise InputError(f"{self.path} is a file; name a folder for the search with --out")

    def save(self, command: Command) -> None:
        """Writes how the search was started."""
        with writing_to(self.path):
            _write(self.path / "study.json", {"search": VERSION, **asdict(command)})

    def command(self) -> Command:
        """How the search was started.

        Raises:
            InputError: this is no search, or one of another version.
        """
        try:
            stored = json.loads((self.path / "study.json").read_text(encoding="utf-8"))
            if stored.pop("search") != VERSION:
                raise InputError(f"{self.path} was written by another version of edgecomp")
            return Command(**stored)
        except OSError as error:
            raise InputError(f"{self.path} is no folder of a search: it has no study.json") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{self.path / 'study.json'} is damaged: start the search again with --out there"
            ) from error

    def front(self) -> dict[str, Any]:
        """What was written of it when it was started or ended.

        Raises:
            InputError: nothing was, or it is damaged.
        """
        try:
            data: dict[str, Any] = json.loads((self.path / "front.json").read_text(encoding="utf-8"))
            if not all("kind" in point for point in data["points"]):
                raise ValueError("points of no kind")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{self.path} holds no front.json that can be read: has the search begun?") from error
        return data

    def write_front(self, data: dict[str, Any], picture: str) -> None:
        """Writes what came of it, for programs and for people."""
        with writing_to(self.path):
            _write(self.path / "front.json", data)
            write_atomically(self.path / "front.svg", picture.encode())


def written_down(value: Any) -> str | None:
    """A path as text; None for what is none."""
    return str(Path(value).absolute()) if isinstance(value, Path) else value if isinstance(value, str) else None


def shown_storage(storage: str | None) -> str | None:
    """A storage as it may be written down: without a password, a file by its absolute path."""
    if storage is None:
        return None
    return without_password(storage) if is_url(storage) else str(Path(storage).absolute())


def _write(path: Path, data: dict[str, Any]) -> None:
    write_atomically(path, (json.dumps(data, indent=1) + "\n").encode())
