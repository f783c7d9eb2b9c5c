"""A plan says how many weights go; the masks are those, and they are the ones of the lowest scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.errors import InputError
from edgecomp.sparsify import (
    ANY,
    energy_scores,
    keep_masks,
    magnitude_scores,
    parse_pattern,
    plan_below,
    plan_sparsity,
    random_scores,
)

PATTERNS = ("any", "4x1", "3x5", "1x16", "2:4", "1:4", "3:7")
shapes = st.tuples(st.integers(1, 9), st.integers(1, 40))
networks = st.lists(shapes, min_size=1, max_size=4)


def scored(shapes: list[tuple[int, int]], seed: int, *, coarse: bool = False) -> dict[str, np.ndarray]:
    """Scores by name; coarse ones have many ties."""
    rng = np.random.default_rng(seed)
    drawn = {f"layer{number}": rng.normal(size=shape) for number, shape in enumerate(shapes)}
    return {name: magnitude_scores(np.rint(one) if coarse else one) for name, one in drawn.items()}


@given(networks, st.integers(0, 1000), st.floats(0, 1), st.sampled_from(PATTERNS), st.booleans(), st.booleans())
def test_masks_have_the_zeros_that_were_planned(
    shapes: list[tuple[int, int]], seed: int, share: float, pattern: str, coarse: bool, each: bool
) -> None:
    scores = scored(shapes, seed, coarse=coarse)
    plan = plan_sparsity(scores, share, scope="layer" if each else "network", pattern=parse_pattern(pattern))
    masks = keep_masks(plan, scores)
    assert [(one.name, one.weights, one.zeros) for one in plan.layers] == [
        (name, mask.size, int(np.sum(~mask))) for name, mask in masks.items()
    ]


@given(networks, st.integers(0, 1000), st.floats(0, 1))
def test_a_share_of_all_weights_is_met_to_half_a_weight(shapes: list[tuple[int, int]], seed: int, share: float) -> None:
    scores = scored(shapes, seed)
    plan = plan_sparsity(scores, share)
    total = sum(one.size for one in scores.values())
    assert abs(plan.share - share) * total <= 0.5 + 1e-6


@given(networks, st.integers(0, 1000), st.floats(0.05, 0.95))
def test_what_goes_scores_no_higher_than_what_stays(shapes: list[tuple[int, int]], seed: int, share: float) -> None:
    scores = scored(shapes, seed)
    masks = keep_masks(plan_sparsity(scores, share), scores)
    gone = [scores[name][~mask] for name, mask in masks.items()]
    kept = [scores[name][mask] for name, mask in masks.items()]
    assert max((one.max() for one in gone if one.size), default=0) <= min(
        (one.min() for one in kept if one.size), default=9
    )


@given(shapes, st.integers(0, 1000))
def test_n_of_m_holds_in_every_group(shape: tuple[int, int], seed: int) -> None:
    scores = scored([shape], seed)
    mask = keep_masks(plan_sparsity(scores, 0.5, pattern=parse_pattern("2:4")), scores)["layer0"]
    for row, marks in zip(mask, scores["layer0"], strict=True):
        for start in range(0, len(row), 4):
            group, own = row[start : start + 4], marks[start : start + 4]
            assert group.sum() == -(-len(group) // 2)
            if not group.all():
                assert own[~group].max() <= own[group].min()


@given(shapes, st.integers(0, 1000), st.floats(0.1, 0.9))
def test_blocks_go_as_one(shape: tuple[int, int], seed: int, share: float) -> None:
    scores = scored([shape], seed)
    mask = keep_masks(plan_sparsity(scores, share, pattern=parse_pattern("4x3")), scores)["layer0"]
    for top in range(0, shape[0], 4):
        for left in range(0, shape[1], 3):
            block = mask[top : top + 4, left : left + 3]
            assert block.all() or not block.any()


def test_a_rising_share_only_adds_zeros() -> None:
    """As a schedule of gradual pruning asks again and again."""
    scores = scored([(8, 30), (16, 9)], 3)
    before = {name: np.ones(one.shape, bool) for name, one in scores.items()}
    for share in (0.1, 0.4, 0.41, 0.8, 1.0):
        after = keep_masks(plan_sparsity(scores, share), scores)
        assert all(np.all(after[name] <= before[name]) for name in scores)
        before = after
    assert not any(one.any() for one in before.values())


def test_a_threshold_takes_what_is_below_it() -> None:
    scores = scored([(8, 30), (4, 7)], 1)
    plan = plan_below(scores, 0.5)
    for name, mask in keep_masks(plan, scores).items():
        np.testing.assert_array_equal(mask, scores[name] >= 0.5)


def test_the_same_share_in_each_layer() -> None:
    scores = scored([(10, 10), (10, 30)], 1)
    scores["layer1"] *= 100
    plan = plan_sparsity(scores, 0.3, scope="layer")
    assert [one.share for one in plan.layers] == pytest.approx([0.3, 0.3])
    assert plan_sparsity(scores, 0.2).layers[1].zeros < 10  # over the network, the small ones go first


def test_scores_say_what_they_are_for() -> None:
    assert energy_scores(np.array([[1.0, -2.0]]), np.array([9.0, 1.0])).tolist() == [[9.0, 4.0]]
    np.testing.assert_array_equal(random_scores((3, 4), 7), random_scores((3, 4), 7))


@pytest.mark.parametrize("text", ["", "2", "4:2", "2:2", "0:4", "0x1", "1x65", "2:4:6", "a:b", "-1x2", "1000:2000"])
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="pattern"):
        parse_pattern(text)


@pytest.mark.parametrize("text", PATTERNS)
def test_a_pattern_is_said_as_it_is_read(text: str) -> None:
    assert str(parse_pattern(text)) == text
    assert parse_pattern(str(ANY)) == ANY


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_beyond_its_bounds_is_refused(share: float) -> None:
    with pytest.raises(InputError, match="from 0 to 1"):
        plan_sparsity({"a": np.ones((2, 2))}, share)


def test_a_threshold_for_a_pattern_with_its_own_share_is_refused() -> None:
    with pytest.raises(InputError, match="2:4"):
        plan_below({"a": np.ones((2, 4))}, 0.5, pattern=parse_pattern("2:4"))
