"""What curves of robustness mean, in words."""

from __future__ import annotations

from edgecomp.evaluate.robustness.curves import Curve, Point, robustness_words


def at(strength: float, drop: tuple[float, float, float] | None) -> Point:
    return Point(strength, 0.9, None, 0.9, None, drop, 0.9)


def test_a_fragile_model_is_told_with_what_it_loses_and_what_it_gained_on_clean_inputs() -> None:
    curve = Curve("blur", "pixels", (at(0.0, (-0.04, -0.08, 0.0)), at(1.0, (0.12, 0.05, 0.2))))
    words = robustness_words((curve,))
    assert words is not None
    assert "blur (from 1: 12.0 points lost against the reference)" in words
    assert words.endswith("on clean inputs 4.0 points gained against the reference.")


def test_what_is_not_clearly_worse_is_no_more_fragile() -> None:
    curve = Curve("blur", "pixels", (at(0.0, (0.0, -0.02, 0.02)), at(1.0, (0.02, -0.01, 0.05))))
    assert "no more fragile" in (robustness_words((curve,)) or "")
    assert robustness_words((Curve("noise", "share", (at(0.0, None),)),)) is None
