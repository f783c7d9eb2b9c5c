"""Networks that prepare their inputs by themselves."""

import numpy as np
import tf_keras as k2

L = k2.layers


def preprocessing():
    normalization = L.Normalization(axis=-1)
    normalization.adapt(np.random.default_rng(0).uniform(0, 255, (32, 6, 6, 3)).astype("float32"))
    return k2.Sequential(
        [
            k2.Input((6, 6, 3)),
            L.RandomFlip("horizontal"),
            L.RandomRotation(0.1),
            L.RandomZoom(0.2),
            L.Rescaling(1 / 127.5, offset=-1),
            normalization,
            L.Resizing(4, 5),
            L.RandomContrast(0.1),
            L.RandomTranslation(0.1, 0.1),
            L.Conv2D(2, 3),
        ]
    )


def given_normalization():
    i = k2.Input((6, 6, 3))
    return k2.Model(i, L.CenterCrop(4, 4)(L.Normalization(mean=[1.0, 2.0, 3.0], variance=[4.0, 5.0, 6.0])(i)))


def random_crop():
    i = k2.Input((8, 8, 3))
    return k2.Model(i, L.RandomCrop(6, 6)(i))


def uint8_input():
    i = k2.Input((8, 8, 3), dtype="uint8")
    return k2.Model(i, L.Conv2D(2, 3)(L.Rescaling(1 / 255.0)(i)))


NETWORKS = (
    preprocessing,
    given_normalization,
    random_crop,
    uint8_input,
)
