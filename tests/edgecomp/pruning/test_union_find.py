import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.pruning.union_find import Unions


def test_numbers_are_apart_until_united() -> None:
    unions = Unions()
    first, second = unions.add(3), unions.add(2)
    assert first.tolist() == [0, 1, 2]
    assert second.tolist() == [3, 4]
    assert unions.roots().tolist() == [0, 1, 2, 3, 4]


def test_shapes_broadcast() -> None:
    unions = Unions()
    numbers = unions.add(6).reshape(2, 3)
    unions.unite(numbers, numbers[:1])
    assert unions.roots().tolist() == [0, 1, 2, 0, 1, 2]


def test_a_long_chain_is_one() -> None:
    unions = Unions()
    numbers = unions.add(5000)
    unions.unite(numbers[1:][::-1], numbers[:-1][::-1])
    assert not unions.roots().any()


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=30))
def test_roots_are_the_smallest_that_can_be_reached(pairs: list[tuple[int, int]]) -> None:
    unions = Unions()
    unions.add(20)
    for left, right in pairs:
        unions.unite(np.array([left]), np.array([right]))
    expected = list(range(20))
    for _ in range(20):
        for left, right in pairs:
            expected[left] = expected[right] = min(expected[left], expected[right])
    assert unions.roots().tolist() == expected
