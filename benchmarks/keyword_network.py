"""Keyword spotting without recordings: spectrograms of made-up words, and the DS-CNN of MLPerf Tiny to tell them apart.

A word is three ridges of energy that glide through frequency and time, as formants do. Every utterance has a speaker's
pitch, pace and loudness, starts at its own time, and lies in noise.
"""

from __future__ import annotations

from typing import Any

import numpy as np

WORDS, FRAMES, BANDS = 12, 49, 10
"""Classes, and the sizes of a spectrogram: those of the keyword benchmark of MLPerf Tiny."""

RIDGES = 3
NOISE = 0.55
"""Deviation of the noise; a ridge is 1 high on average. A trained network gets some words wrong."""


def utterances(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Spectrograms float32 [count, 49, 10, 1] and their words int64 [count]; the same for the same seed.

    Args:
        count: how many.
        seed: of everything but the words, which are always the same.
    """
    words = _words()
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, WORDS, count)
    time, band = np.arange(FRAMES)[:, None, None], np.arange(BANDS)[None, :, None]
    spectrograms = np.empty((count, FRAMES, BANDS, 1), np.float32)
    for index, label in enumerate(labels):
        onset, length, low, high, width, height = words[label].T
        pitch, pace = rng.normal(0, 0.6), rng.uniform(0.8, 1.25)
        start = rng.uniform(0, 12) + pace * onset
        along = np.clip((time - start) / (pace * length), 0, 1)
        centre = low + (high - low) * along + pitch + rng.normal(0, 0.25, RIDGES)
        audible = 1 / (1 + np.exp(-(time - start))) - 1 / (1 + np.exp(-(time - start - pace * length)))
        loudness = height * rng.uniform(0.6, 1.4) * rng.uniform(0.8, 1.2, RIDGES)
        energy = (loudness * audible * np.exp(-0.5 * np.square((band - centre) / width))).sum(axis=2)
        hum = rng.normal(0, 0.3, BANDS)
        spectrograms[index, :, :, 0] = energy + NOISE * rng.normal(size=(FRAMES, BANDS)) + hum
    return spectrograms, labels


def keyword() -> Any:
    """DS-CNN: a convolution and four depthwise-separable ones of 64 channels, about 24,000 parameters."""
    import keras
    from keras import layers

    def active(value: Any) -> Any:
        return layers.ReLU()(layers.BatchNormalization()(value))

    inputs = keras.Input((FRAMES, BANDS, 1), name="spectrogram")
    value = active(layers.Conv2D(64, (10, 4), (2, 2), "same", use_bias=False)(inputs))
    for _ in range(4):
        value = active(layers.DepthwiseConv2D(3, 1, "same", use_bias=False)(value))
        value = active(layers.Conv2D(64, 1, use_bias=False)(value))
    value = layers.GlobalAveragePooling2D()(layers.Dropout(0.2)(value))
    return keras.Model(inputs, layers.Dense(WORDS, activation="softmax", name="words")(value), name="keyword")


def _words() -> np.ndarray:
    """float [words, ridges, 6]: onset and length in frames, first and last band, width in bands, height."""
    rng = np.random.default_rng(2026)
    lowest = np.array([4.0, 8.0, 0.0, 0.0, 0.7, 0.7])
    highest = np.array([20.0, 18.0, BANDS - 1.0, BANDS - 1.0, 1.3, 1.3])
    return rng.uniform(lowest, highest, (WORDS, RIDGES, 6))
