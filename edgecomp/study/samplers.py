"""Who decides what to try next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

    from .space import Params

SamplerName = Literal["tpe", "nsga2", "random"]
SAMPLERS: tuple[str, ...] = get_args(SamplerName)

SAMPLER_DESCRIPTIONS = {
    "tpe": "near what was good, by densities of good and bad (Bergstra et al., 2011)",
    "nsga2": "crosses and mutates the best (Deb et al., 2002)",
    "random": "anything",
}

STARTUP = 8
"""Trials that are random before TPE has anything to go by."""

POPULATION = 12
"""Of NSGA-II, in one generation: budgets of trials are dozens here, not thousands."""


def sampler_for(name: SamplerName, seed: int, place: int) -> BaseSampler:
    """The sampler of one trial.

    Each trial has one of its own, seeded by the trial's place: a worker that was killed and started again goes on as
    if nothing had happened.

    Args:
        name: one of `SAMPLERS`.
        seed: of the study.
        place: of the trial, counted from 0.
    """
    import optuna

    own = (seed * 1_000_003 + place) % 2**32
    if name == "random":
        return optuna.samplers.RandomSampler(seed=own)
    if name == "nsga2":
        return optuna.samplers.NSGAIISampler(population_size=POPULATION, seed=own)
    return optuna.samplers.TPESampler(seed=own, n_startup_trials=STARTUP)


def fixed(params: Params, base: BaseSampler) -> BaseSampler:
    """A sampler that gives these values."""
    import warnings

    import optuna

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.PartialFixedSampler(dict(params), base)
