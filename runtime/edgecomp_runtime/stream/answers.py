"""What a model answers for one frame of a stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..inputs import Item

if TYPE_CHECKING:
    from ..model import Model


@dataclass(frozen=True)
class StreamAnswer:
    """The answer for one frame, or why there is none.

    Args:
        name: the file's, or the frame's number in its source.
        number: of the frame in its source, from 0 on, dropped ones counted.
        time: when the frame came, in seconds from the start of the stream.
        dropped: frames dropped between the answer before and this one.
        prediction: of a classifier what `Model.classify` gives, of any other model what `Model.predict` gives; None
            where there is an error.
        error: why the frame could not be used, or "".
    """

    name: str
    number: int
    time: float
    dropped: int
    prediction: Any
    error: str = ""


def answer(model: Model, item: Item, top: int, *, number: int, time: float, dropped: int) -> StreamAnswer:
    """Reads one frame and runs it; a frame that cannot be used gives an answer that says why.

    Args:
        model: any.
        item: the frame.
        top: how many classes to name.
        number: see `StreamAnswer`.
        time: likewise.
        dropped: likewise.
    """
    try:
        raw = item.read()
        prediction = model.classify(raw, top) if is_classifier(model) else model.predict(raw)
    except InputError as error:
        text = str(error)
        text = text[len(item.name) + 2 :] if text.startswith(f"{item.name}: ") else text
        return StreamAnswer(item.name, number, time, dropped, None, text)
    return StreamAnswer(item.name, number, time, dropped, prediction)


def is_classifier(model: Model) -> bool:
    """Whether an output of the model is scores of classes."""
    return any(one.kind == "classification" for one in model.contract.outputs)
