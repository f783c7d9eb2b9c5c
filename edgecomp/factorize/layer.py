"""What a layer multiplies, as plain numbers. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

Places = tuple[int, ...]
"""Sizes of a tensor between its batch and its channels."""


@dataclass(frozen=True)
class Product:
    """One kernel at work, in all calls of its layer.

    Args:
        window: its sizes; empty for a dense layer.
        inputs: channels that it reads, over all groups.
        outputs: channels that it gives, over all groups.
        groups: that inputs and outputs are divided into.
        strides: along each axis of the window.
        places: where it is applied: the positions of all that it gives.
    """

    window: Places
    inputs: int
    outputs: int
    groups: int
    strides: Places
    places: int

    @property
    def params(self) -> int:
        """Weights of the kernel, without a bias."""
        return prod(self.window) * (self.inputs // self.groups) * self.outputs

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return self.places * self.params

    def __str__(self) -> str:
        window = "x".join(map(str, self.window))
        groups = f" in {self.groups} groups" if self.groups > 1 else ""
        return f"{window} {self.inputs}>{self.outputs}{groups}".lstrip()


LatencyModel = Callable[[Product], float]
"""Predicts the milliseconds (or another unit of time) of one kernel."""


@dataclass(frozen=True)
class FactorableLayer:
    """A dense layer or a convolution that can be made of smaller ones.

    Args:
        name: of the layer.
        window: sizes of the kernel; empty for a dense layer.
        inputs: channels that it reads.
        outputs: channels that it gives.
        groups: that both are divided into.
        strides: along each axis of the window.
        calls: for each call the places that it reads and those that it writes.
        has_bias: whether it adds one.
    """

    name: str
    window: Places
    inputs: int
    outputs: int
    groups: int
    strides: Places
    calls: tuple[tuple[Places, Places], ...]
    has_bias: bool

    @property
    def product(self) -> Product:
        """What it multiplies as it is."""
        return self.kernel(self.window, self.inputs, self.outputs, self.strides, self.places_out)

    @property
    def places_in(self) -> int:
        """Positions that it reads, in all calls."""
        return sum(prod(read) for read, _ in self.calls)

    @property
    def places_out(self) -> int:
        """Positions that it writes, in all calls."""
        return sum(prod(written) for _, written in self.calls)

    @property
    def places_between(self) -> int:
        """Positions that a kernel along the first axis of the window writes: strides are done along that axis only."""
        return sum(prod((*written[:1], *read[1:])) for read, written in self.calls)

    def kernel(self, window: Places, inputs: int, outputs: int, strides: Places, places: int) -> Product:
        """A kernel in the groups of this layer."""
        return Product(window, inputs, outputs, self.groups, strides, places)
