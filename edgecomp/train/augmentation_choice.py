"""The choice of an augmentation: one that the network withstands, judged by the network, not by what photos look like.

Digits are not mirrored, animals are, and nobody has to say so: an augmentation is used only where the network that
knows the task keeps its accuracy under it, or its answers where there are no labels to tell by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .augmentation import Augmentation, augmented, drawn_views, is_picture
from .examples import UNLABELLED, Examples
from .heads import Head
from .judge import BATCH, answers, batches
from .order import generator
from .step import Look

SHIFTS = (1 / 8, 1 / 16)
"""Tried in this order: of a photo's side."""

MOST_LOST = 0.05
"""Accuracy that an augmentation may cost."""

MOST_CHANGED = 0.1
"""Share of its answers that a network may change where there are no labels; more where it is unsure of more."""

LEAST_KNOWN = 0.5
"""How far a network has to be from always answering the most frequent class to always being right, to be asked at all:
one that knows nothing withstands everything."""

MOST_PROBED = 500


def choose_augmentation(look: Look, head: Head, examples: Examples, positions: np.ndarray, seed: int) -> Augmentation:
    """The farthest shift, and mirroring or not, that a network withstands.

    A network whose answer is no class, and one that answers for places in the photo, gets none: what the answer to
    another view should be is not known.

    Args:
        look: the network that knows the task: the teacher, or else the one that is to be trained.
        head: of its first output.
        examples: of which the held-out part is looked at.
        positions: of that part.
        seed: of the views.
    """
    pictures = tuple(is_picture(one) for one in examples.contract.inputs)
    if not any(pictures) or head.task == "values":
        return Augmentation()
    positions = positions[:: max(1, len(positions) // MOST_PROBED)]
    classes = None if examples.classes is None else examples.classes[positions]
    if classes is not None and not (classes != UNLABELLED).any():
        classes = None
    views = _Views(look, examples, positions, pictures, seed)
    plain = views.scores(Augmentation())
    if plain.ndim > 2 or (classes is not None and not _knows(head, plain, classes)):
        return Augmentation()

    def withstood(how: Augmentation) -> bool:
        seen = views.scores(how)
        if classes is not None:
            return _accuracy(head, seen, classes) >= _accuracy(head, plain, classes) - MOST_LOST
        changed = (answers(head, seen) != answers(head, plain)).mean()
        return bool(changed <= max(MOST_CHANGED, _doubt(head, plain)))

    shift = next((one for one in SHIFTS if withstood(Augmentation(shift=one))), 0.0)
    return Augmentation(shift, mirror=withstood(Augmentation(mirror=True)))


@dataclass(frozen=True, eq=False)
class _Views:
    """What a network says of some examples as they are, and of other views of them."""

    look: Look
    examples: Examples
    positions: np.ndarray
    pictures: Sequence[bool]
    seed: int

    def scores(self, how: Augmentation) -> np.ndarray:
        """Scores [examples, ...] of the first output."""
        found = []
        for batch in batches(len(self.positions), BATCH):
            raw = self.examples.raw(self.positions[batch])
            if how.mirror:  # every one, where training mirrors half of them
                raw = [one[:, :, ::-1] if picture else one for one, picture in zip(raw, self.pictures, strict=True)]
            elif how:
                drawn = drawn_views(len(raw[0]), generator(self.seed, batch.start, 2))
                raw = augmented(raw, self.pictures, how, drawn)
            found.append(self.look(self.examples.normalized(raw))[0])
        return np.concatenate(found)


def _knows(head: Head, scores: np.ndarray, classes: np.ndarray) -> bool:
    """Whether a network's answers are worth something."""
    by_chance = np.bincount(classes[classes != UNLABELLED]).max() / (classes != UNLABELLED).sum()
    return bool(_accuracy(head, scores, classes) >= by_chance + LEAST_KNOWN * (1 - by_chance))


def _accuracy(head: Head, scores: np.ndarray, classes: np.ndarray) -> float:
    found = answers(head, scores)[:, 0] if scores.shape[-1] == 1 else np.argmax(scores, -1)
    return float((found == classes)[classes != UNLABELLED].mean())


def _doubt(head: Head, scores: np.ndarray) -> float:
    """How often a network expects to be wrong: what its probabilities leave to other answers, on average."""
    scores = scores.astype(np.float64)
    if head.task == "classes":
        odds = np.exp(scores - scores.max(-1, keepdims=True))
        return float(1 - (1 / odds.sum(-1)).mean())
    return float((1 / (1 + np.exp(np.abs(scores)))).mean())
