"""What can be streamed: anything that gives samples, with or without a pace of its own."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..contract import Contract
from ..errors import InputError
from ..inputs import Item, iterate_inputs, ready
from .camera import Camera
from .pipe import Pipe
from .video import Video, is_video


class Source(Protocol):
    """Where frames come from."""

    @property
    def live(self) -> bool:
        """Whether frames come whether or not anyone takes them, as from a camera."""

    @property
    def at_once(self) -> bool:
        """Whether all frames are there from the start, as in files."""

    def items(self, contract: Contract) -> Generator[Item, None, None]:
        """Opens the source and gives its frames for a model of this contract.

        Raises:
            InputError: it cannot be opened, or breaks off.
        """


@dataclass(frozen=True)
class Files:
    """A photo, a folder of photos, or a table of numbers; see `inputs.iterate_inputs`."""

    path: str
    live = False
    at_once = True

    def items(self, contract: Contract) -> Generator[Item, None, None]:
        """See `Source`."""
        yield from iterate_inputs([self.path], contract)


@dataclass(frozen=True)
class Samples:
    """Samples as `Model.predict` takes them, one by one."""

    samples: Iterable[Any]
    live = False

    @property
    def at_once(self) -> bool:
        """Whether it is a list; what is computed as it goes may have a pace of its own."""
        return hasattr(self.samples, "__len__")

    def items(self, contract: Contract) -> Generator[Item, None, None]:
        """See `Source`."""
        for number, sample in enumerate(self.samples):
            name = os.fspath(sample) if isinstance(sample, (str, os.PathLike)) else f"sample {number}"
            yield ready(name, sample)


def as_source(value: Any) -> Source:
    """What `Model.stream` was given, as a source.

    Raises:
        InputError: it cannot be streamed.
    """
    if isinstance(value, (Files, Samples, Camera, Pipe, Video)):
        return value
    if isinstance(value, (str, os.PathLike)):
        path = os.fspath(value)
        return Video(path) if is_video(path) else Files(path)
    if isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray, Mapping)):
        return Samples(value)
    raise InputError(
        f"a {type(value).__name__} cannot be streamed: give a path, a list of samples, or a Camera, Pipe or Video of "
        "edgecomp_runtime.stream"
    )
