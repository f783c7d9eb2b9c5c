"""Building blocks of random networks for rows of a table."""

from __future__ import annotations

from typing import Any

from blocks_of_all import Make, activated, classes, dense, normalized


def _row_merged(value: Any, width: int, option: int) -> Any:
    from keras import layers

    layer = layers.Dense(value.shape[-1], activation="tanh")
    other = layer(layers.Dense(width)(value)) if option % 2 else layer(value)
    if option < 2:
        return layers.Add()([value, other])
    if option < 4:
        return layers.Concatenate()([other, value, other])
    return other * value if option < 6 else layers.Add()([layers.Dense(width)(one) for one in (other, value)])


ROW_BLOCKS: dict[str, Make] = {
    "dense": dense,
    "merged": _row_merged,
    "normalized": lambda value, width, option: normalized(value, width, option),
    "activated": lambda value, width, option: activated(value, option),
}


ROW_ENDS: dict[str, Make] = {"classes": classes}
