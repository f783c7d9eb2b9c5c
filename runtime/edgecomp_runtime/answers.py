"""A stream's answers, as text for people and as data for programs."""

from __future__ import annotations

from typing import Any

import numpy as np

from .model import Model
from .stream.answers import StreamAnswer, is_classifier


def as_text(answer: StreamAnswer, model: Model) -> str:
    """One line: the frame's name, and its classes, values or error."""
    if answer.error:
        return f"{answer.name}: {answer.error}"
    if is_classifier(model):
        return f"{answer.name}: {', '.join(f'{one.label} {one.score:.3f}' for one in answer.prediction)}"
    shown = (np.array2string(array, precision=4, threshold=20) for array in _values(answer, model).values())
    return f"{answer.name}: {', '.join(shown)}"


def as_data(answer: StreamAnswer, model: Model, *, with_time: bool = False) -> dict[str, Any]:
    """The answer as JSON-ready data; the frame's number and time only where they mean something."""
    data: dict[str, Any] = {"input": answer.name}
    if with_time:
        data.update(frame=answer.number, time=round(answer.time, 6), dropped=answer.dropped)
    if answer.error:
        data["error"] = answer.error
    elif is_classifier(model):
        data["classes"] = [one._asdict() for one in answer.prediction]
    else:
        data["outputs"] = {name: array.tolist() for name, array in _values(answer, model).items()}
    return data


def _values(answer: StreamAnswer, model: Model) -> dict[str, np.ndarray]:
    predicted = answer.prediction
    return predicted if isinstance(predicted, dict) else {model.output.name: predicted}
