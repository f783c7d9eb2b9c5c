"""The loop behind `Model.stream`: every frame in its turn, or the newest whenever the model is free."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from ..errors import InputError
from .answers import StreamAnswer, answer
from .newest import Newest
from .pace import Pace
from .sources import Source, as_source

if TYPE_CHECKING:
    from ..model import Model


class _Plan(NamedTuple):
    """Where frames come from, how often one is answered, and what is done with each."""

    source: Source
    rate: Optional[float]
    top: int
    begin: Callable[[str], object]


def stream(
    model: Model,
    source: Any,
    *,
    rate: Optional[float] = None,
    drop: Optional[bool] = None,
    top: int = 5,
    begin: Callable[[str], object] = lambda _: None,
) -> Iterator[StreamAnswer]:
    """What `Model.stream` does; see there.

    Args:
        model: see there, as the others.
        source: likewise.
        rate: likewise.
        drop: likewise.
        top: likewise.
        begin: called with the name of each frame before the model gets it.

    Raises:
        InputError: the rate is none, or files are to be dropped without a rate.
    """
    if rate is not None and not (isinstance(rate, (int, float)) and math.isfinite(rate) and rate > 0):
        raise InputError(f"rate is {rate!r}, not a number of frames a second above 0")
    opened = as_source(source)
    dropping = opened.live if drop is None else drop
    if dropping and rate is None and opened.at_once:
        raise InputError("files are there all at once: to drop those that the model is too slow for, give a rate, too")
    plan = _Plan(opened, rate, top, begin)
    return _newest(model, plan) if dropping else _every(model, plan)


def _every(model: Model, plan: _Plan) -> Iterator[StreamAnswer]:
    start, pace = time.monotonic(), Pace(plan.rate)
    with closing(plan.source.items(model.contract)) as items:
        for number, item in enumerate(items):
            pace.wait()
            moment = time.monotonic() - start
            plan.begin(item.name)
            yield answer(model, item, plan.top, number=number, time=moment, dropped=0)


def _newest(model: Model, plan: _Plan) -> Iterator[StreamAnswer]:
    start, expected = time.monotonic(), 0
    # A live source comes at its own pace, and a rate says how often it is looked at; other sources are read at it.
    pace = Pace(plan.rate if plan.source.live else None)
    with Newest(plan.source.items(model.contract), None if plan.source.live else plan.rate) as frames:
        pace.wait()
        for number, came, item in frames:
            dropped, expected = number - expected, number + 1
            plan.begin(item.name)
            yield answer(model, item, plan.top, number=number, time=came - start, dropped=dropped)
            pace.wait()
