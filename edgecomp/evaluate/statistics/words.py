"""The statistics in sentences."""

from __future__ import annotations

from .paired import Paired, samples_to_resolve


def comparison_words(paired: Paired, budget_points: float | None = None) -> list[str]:
    """What a paired comparison means, in one or two sentences.

    Args:
        paired: the comparison.
        budget_points: percentage points that may be lost, or None.
    """
    said = [_difference(paired)]
    if budget_points is not None:
        said.append(_budget(paired, budget_points))
    return said


def difference_words(name: str, interval: tuple[float, float] | None, *, more_is_better: bool) -> list[str]:
    """What the interval of a difference means, for figures that are no share of right answers.

    Args:
        name: of the figure.
        interval: of (value - reference's value), 95%; None where it is not known.
        more_is_better: whether a higher value is the better one.
    """
    if interval is None:
        return []
    low, high = interval
    if low <= 0 <= high:
        return [f"The difference in {name} may be chance (95%: {low:+.4g} to {high:+.4g})."]
    which = "worse" if (high < 0) == more_is_better else "better"
    return [f"{name} is {which} than the reference's, beyond chance (95%: {low:+.4g} to {high:+.4g})."]


def _difference(paired: Paired) -> str:
    drop, changed = 100 * paired.drop, paired.lost + paired.won
    if not changed:
        return (
            f"Both are right and wrong on the same samples ({paired.n}); up to {100 * paired.high:.2f} points could "
            "still be lost (95%)."
        )
    verb = "lost" if drop >= 0 else "gained"
    seen = (
        f"{abs(drop):.2f} points are {verb} (95%: {-100 * paired.high:+.2f} to {-100 * paired.low:+.2f}): "
        f"{paired.lost} right {'answer' if paired.lost == 1 else 'answers'} became wrong and "
        f"{paired.won} wrong {'one' if paired.won == 1 else 'ones'} right"
    )
    if paired.significant:
        return f"{seen}; chance is an unlikely reason (McNemar's exact test, p = {paired.p:.2g})."
    return f"{seen}; that may be chance (McNemar's exact test, p = {paired.p:.2g})."


def _budget(paired: Paired, budget_points: float) -> str:
    budget = budget_points / 100
    named = f"the budget of {budget_points:g} point{'' if budget_points == 1 else 's'}"
    if paired.high <= budget:
        return f"The drop is within {named}, beyond doubt (95%)."
    if paired.low > budget:
        return f"The drop is beyond {named}, beyond doubt (95%)."
    needed = samples_to_resolve(paired, budget)
    side = "within" if paired.drop <= budget else "beyond"
    if needed is None:
        return f"The drop is {named} itself; no number of samples would settle on which side of it."
    enough = max(needed, paired.n + 1)
    return f"The drop is {side} {named}, but {paired.n:,} samples cannot be sure of it; about {enough:,} would be."
