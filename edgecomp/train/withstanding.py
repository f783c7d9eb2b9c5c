"""Which augmentation a network withstands: judged by the network, not by what photos look like.

Digits are not mirrored, animals are, and nobody has to say so: an augmentation is used only where the network that
knows the task keeps its answers under it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .augmentation import Augmentation, augmented, is_picture
from .examples import Examples
from .heads import Head
from .judge import BATCH, answers, batches
from .order import generator
from .step import Look

SHIFTS = (1 / 8, 1 / 16)
"""Tried in this order: of a photo's side."""

MOST_LOST = 0.1
"""Share of its answers that a network may change under an augmentation, beyond what it changes where it is unsure."""

MOST_PROBED = 500


def choose_augmentation(look: Look, head: Head, examples: Examples, positions: np.ndarray, seed: int) -> Augmentation:
    """The farthest shift, and mirroring or not, that a network withstands.

    A network whose answer is no class, and one whose answer is about places in the photo, gets none: what the answer to
    another view should be is not known.

    Args:
        look: the network that knows the task: the teacher, or else the student as it was before anything was cut.
        head: of its first output.
        examples: of which the held-out part is looked at.
        positions: of that part.
        seed: of the views.
    """
    pictures = [is_picture(one) for one in examples.contract.inputs]
    if not any(pictures) or head.task == "values":
        return Augmentation()
    positions = positions[:: max(1, len(positions) // MOST_PROBED)]
    plain = _answers(look, head, examples, positions, Augmentation(), pictures, seed)
    if plain.ndim > 2:
        return Augmentation()

    def withstood(how: Augmentation) -> bool:
        changed = _answers(look, head, examples, positions, how, pictures, seed) != plain
        return float(changed.mean()) <= MOST_LOST

    shift = next((one for one in SHIFTS if withstood(Augmentation(shift=one))), 0.0)
    return Augmentation(shift, mirror=withstood(Augmentation(mirror=True)))


def _answers(
    look: Look,
    head: Head,
    examples: Examples,
    positions: np.ndarray,
    how: Augmentation,
    pictures: Sequence[bool],
    seed: int,
) -> np.ndarray:
    found = []
    for batch in batches(len(positions), BATCH):
        raw = examples.raw(positions[batch])
        if how.mirror:  # every one, where training mirrors half of them
            raw = [one[:, :, ::-1] if picture else one for one, picture in zip(raw, pictures, strict=True)]
        elif how:
            raw = augmented(raw, pictures, how, generator(seed, batch.start, 2))
        found.append(answers(head, look(examples.normalized(raw))[0]))
    return np.concatenate(found)
