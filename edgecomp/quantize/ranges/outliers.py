"""Telling broken calibration samples from sound ones, before they are looked into."""

from __future__ import annotations

import numpy as np

LARGEST_SHARE = 0.1
"""More outliers than this share of the samples are a second kind of data, not mistakes. Of fewer than ten samples none
can be told to be broken."""

LEAST_FACTOR = 4.0
"""Outliers stand off from the next sample by this factor at least: two bits of eight."""

FALSE_ALARMS = 0.01
"""Chance that any sample of a sound data set is rejected, if its tail is as heavy as a Pareto distribution's."""


def broken_samples(magnitudes: np.ndarray) -> tuple[int, ...]:
    """Which samples are gross outliers in what a network is fed.

    Only inputs can tell: a value that is rare inside the network, from an input like any other, is what the network
    computes for a rare kind of sample, and cutting it off would cost just those.

    Args:
        magnitudes: float [samples, inputs]: the largest magnitude in each input of each sample.

    Returns:
        their numbers, ascending; none where there would be more than `LARGEST_SHARE`.
    """
    limits = np.array([gross_limit(column) for column in magnitudes.T])
    above = np.flatnonzero((magnitudes >= limits).any(axis=1))
    return tuple(map(int, above)) if len(above) <= LARGEST_SHARE * len(magnitudes) else ()


def gross_limit(magnitudes: np.ndarray) -> float:
    """The magnitude from which on samples are not explained by the others.

    In a Pareto tail of slope s, the k-th largest of the samples stands off from the next by a factor whose logarithm is
    exponentially distributed with the mean s / k, all of these independent (Renyi 1953, "On the theory of order
    statistics"). The slope is taken from the median and the upper decile, which a few outliers hardly move. A factor
    that is too large by LEAST_FACTOR and by FALSE_ALARMS parts the outliers from the rest.

    Args:
        magnitudes: float [samples].

    Returns:
        infinity where nothing is out of the ordinary.
    """
    largest = np.sort(magnitudes.astype(np.float64))[::-1]
    most = int(LARGEST_SHARE * len(largest))
    if most < 1 or largest[most] <= 0 or (median := np.median(largest)) <= 0:
        return float("inf")
    slope = np.log(np.quantile(largest, 1 - LARGEST_SHARE) / median) / np.log(0.5 / LARGEST_SHARE)
    place = np.arange(1, most + 1)
    distance = np.log(largest[:most] / largest[1 : most + 1])
    unlikely = distance > np.maximum(slope * np.log(most / FALSE_ALARMS) / place, np.log(LEAST_FACTOR))
    return float(largest[:most][unlikely][-1]) if unlikely.any() else float("inf")
