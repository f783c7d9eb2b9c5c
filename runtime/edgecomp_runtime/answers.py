"""What a model answers for one sample, as text for people and as data for programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

import numpy as np

from .classes import Prediction
from .errors import InputError
from .inputs import Item
from .model import Model


@dataclass(frozen=True)
class Answer:
    """The answer for one sample: classes, or values, or why there is none.

    Args:
        name: the sample's.
        classes: the most likely classes, of a classifier.
        values: arrays by output name, of any other model.
        error: why there is neither, or "".
    """

    name: str
    classes: Optional[tuple[Prediction, ...]] = None
    values: Optional[dict[str, np.ndarray]] = None
    error: str = ""

    def __str__(self) -> str:
        if self.error:
            return f"{self.name}: {self.error}"
        if self.classes is not None:
            return f"{self.name}: {', '.join(f'{one.label} {one.score:.3f}' for one in self.classes)}"
        shown = (np.array2string(array, precision=4, threshold=20) for array in (self.values or {}).values())
        return f"{self.name}: {', '.join(shown)}"

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON-ready data."""
        if self.error:
            return {"input": self.name, "error": self.error}
        if self.classes is not None:
            return {"input": self.name, "classes": [one._asdict() for one in self.classes]}
        return {"input": self.name, "outputs": {name: array.tolist() for name, array in (self.values or {}).items()}}


def answer(model: Model, item: Item, top: int) -> Answer:
    """Reads one sample and runs it; a sample that cannot be used gives an answer that says why.

    Args:
        model: any.
        item: the sample.
        top: how many classes to name.
    """
    try:
        raw = item.read()
        if any(one.kind == "classification" for one in model.contract.outputs):
            return Answer(item.name, classes=tuple(model.classify(raw, top)))
        predicted = model.predict(raw)
    except InputError as error:
        text = str(error)
        return Answer(item.name, error=text[len(item.name) + 2 :] if text.startswith(f"{item.name}: ") else text)
    return Answer(item.name, values=predicted if isinstance(predicted, dict) else {model.output.name: predicted})
