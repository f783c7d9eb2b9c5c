"""Random networks of the building blocks that models are made of, for hypothesis.

A strategy draws a recipe, which prints readably when a test fails; `build` makes the network of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from blocks_of_images import IMAGE_BLOCKS, IMAGE_ENDS
from blocks_of_rows import ROW_BLOCKS, ROW_ENDS
from blocks_of_sequences import SEQUENCE_BLOCKS, SEQUENCE_ENDS
from hypothesis import strategies as st

WIDTHS = (2, 3, 4, 6, 8)


@dataclass(frozen=True)
class Block:
    """One building block.

    Args:
        kind: a key of the blocks below.
        width: how many channels it makes, where it makes any.
        option: chooses among its variants.
    """

    kind: str
    width: int
    option: int


@dataclass(frozen=True)
class Recipe:
    """A network: what it takes, its blocks in a row, how it ends."""

    source: str
    blocks: tuple[Block, ...]
    end: Block


def _recipes(source: str, kinds: list[str], ends: list[str], most: int) -> st.SearchStrategy[Recipe]:
    def blocks(names: list[str]) -> st.SearchStrategy[Block]:
        return st.builds(Block, st.sampled_from(names), st.sampled_from(WIDTHS), st.integers(0, 7))

    row = st.lists(blocks(kinds), min_size=1, max_size=most).map(tuple)
    return st.builds(Recipe, st.just(source), row, blocks(ends))


def image_networks(most: int = 6) -> st.SearchStrategy[Recipe]:
    """Networks of photos, of up to `most` blocks."""
    return _recipes("image", list(IMAGE_BLOCKS), list(IMAGE_ENDS), most)


def sequence_networks(most: int = 4) -> st.SearchStrategy[Recipe]:
    """Networks of words and of signals."""
    either = st.sampled_from(("words", "padded_words", "signal"))
    return either.flatmap(lambda source: _recipes(source, list(SEQUENCE_BLOCKS), list(SEQUENCE_ENDS), most))


def row_networks(most: int = 5) -> st.SearchStrategy[Recipe]:
    """Networks of rows of a table."""
    return _recipes("row", list(ROW_BLOCKS), list(ROW_ENDS), most)


def networks() -> st.SearchStrategy[Recipe]:
    """Networks of any kind."""
    return st.one_of(image_networks(), sequence_networks(), row_networks())


def build(recipe: Recipe) -> Any:
    """The Keras model of a recipe, with Keras' own random weights."""
    import keras

    blocks = {**IMAGE_BLOCKS, **IMAGE_ENDS} if recipe.source == "image" else {**SEQUENCE_BLOCKS, **SEQUENCE_ENDS}
    blocks = {**ROW_BLOCKS, **ROW_ENDS} if recipe.source == "row" else blocks
    inputs, value = _SOURCES[recipe.source]()
    for block in recipe.blocks:
        value = blocks[block.kind](value, block.width, block.option)
    return keras.Model(inputs, blocks[recipe.end.kind](value, recipe.end.width, recipe.end.option))


def _image() -> tuple[Any, Any]:
    import keras

    inputs = keras.Input((9, 8, 3))
    return inputs, inputs


def _row() -> tuple[Any, Any]:
    import keras

    inputs = keras.Input((7,))
    return inputs, inputs


def _words() -> tuple[Any, Any]:
    import keras

    inputs = keras.Input((6,), dtype="int32")
    return inputs, keras.layers.Embedding(8, 6)(inputs)


def _padded_words() -> tuple[Any, Any]:
    """Word 0 stands for no word: a mask goes along."""
    import keras

    inputs = keras.Input((6,), dtype="int32")
    return inputs, keras.layers.Embedding(8, 6, mask_zero=True)(inputs)


def _signal() -> tuple[Any, Any]:
    import keras

    inputs = keras.Input((8, 4))
    return inputs, inputs


_SOURCES = {"image": _image, "row": _row, "words": _words, "padded_words": _padded_words, "signal": _signal}
