"""Maps from gradients, of a network that is known to look for colours."""

from __future__ import annotations

import numpy as np

from edgecomp.evaluate.attention.gradcam import gradcam_maps
from edgecomp.evaluate.attention.grid import grid_of

SIDE, SQUARE = 32, 8
PHOTO = grid_of((SIDE, SIDE, 3), photo=True)


def test_the_map_is_where_the_colour_of_the_class_is() -> None:
    import keras
    from keras import layers

    inputs = keras.Input((SIDE, SIDE, 3))
    colours = layers.Conv2D(2, 1, use_bias=False, name="colours")
    model = keras.Model(inputs, layers.Softmax()(9 * layers.GlobalAveragePooling2D()(colours(inputs))))
    colours.set_weights([np.eye(3, 2, dtype=np.float32)[None, None]])
    photo = np.zeros((1, SIDE, SIDE, 3), np.float32)
    photo[0, :SQUARE, :SQUARE, 0] = 1  # red at the top left
    photo[0, -SQUARE:, -SQUARE:, 1] = 1  # green at the bottom right
    assert PHOTO is not None
    maps = gradcam_maps(model, [np.repeat(photo, 2, axis=0)], np.array([0, 1]), PHOTO)
    assert maps is not None
    assert maps.shape == (2, 8, 8)
    for cells, corner in zip(maps, (np.s_[:2, :2], np.s_[-2:, -2:]), strict=True):
        assert np.allclose(cells[corner], 1)
        assert cells.sum() == cells[corner].sum()


def test_a_low_score_of_the_only_column_speaks_for_the_first_class() -> None:
    import keras
    from keras import layers

    inputs = keras.Input((SIDE, SIDE, 3))
    colours = layers.Conv2D(2, 1, use_bias=False)
    last = layers.Dense(1, activation="sigmoid", use_bias=False)
    model = keras.Model(inputs, last(layers.GlobalAveragePooling2D()(colours(inputs))))
    colours.set_weights([np.eye(3, 2, dtype=np.float32)[None, None]])
    last.set_weights([np.array([[-1.0], [1.0]], np.float32)])
    photo = np.zeros((1, SIDE, SIDE, 3), np.float32)
    photo[0, :, : SIDE // 2, 0] = 1
    photo[0, :, SIDE // 2 :, 1] = 1
    assert PHOTO is not None
    maps = gradcam_maps(model, [np.repeat(photo, 2, axis=0)], np.array([0, 1]), PHOTO)
    assert maps is not None
    assert maps[0, :, :4].min() == maps[1, :, 4:].min() == 1
    assert maps[0, :, 4:].max() == maps[1, :, :4].max() == 0


def test_a_model_without_rows_and_columns_has_no_gradients_to_show() -> None:
    import keras

    inputs = keras.Input((12,))
    grid = grid_of((12,), photo=False)
    assert grid is not None
    model = keras.Model(inputs, keras.layers.Dense(3)(inputs))
    assert gradcam_maps(model, [np.zeros((1, 12), np.float32)], np.array([0]), grid) is None
