"""The Pareto set: a hand-worked one, and what holds for any results."""

from __future__ import annotations

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_training.core.pareto import Front, dominates, front, ranks

LOSS_AND_ACCURACY = ("min", "max")

# (loss, accuracy)
RESULTS = [(0.5, 0.8), (0.4, 0.7), (0.6, 0.9), (0.5, 0.7), (0.7, 0.8), (0.4, 0.7)]


def test_the_worked_set() -> None:
    """Of two equal results both are in; one that is worse in one objective and equal in the other is not."""
    assert [0, 1, 2, 5] == front(RESULTS, LOSS_AND_ACCURACY)
    assert [0, 0, 0, 1, 1, 0] == ranks(RESULTS, LOSS_AND_ACCURACY)


def test_directions_turn_the_set_round() -> None:
    assert [2, 4] == front(RESULTS, ("max", "max"))
    assert [1, 5] == front(RESULTS, ("min", "min"))


def test_a_nan_is_in_no_set_and_keeps_nobody_out() -> None:
    assert [1] == front([(nan, 1.0), (0.5, 0.5), (0.4, nan)], ("min", "max"))
    assert [None, 0, None] == ranks([(nan, 1.0), (0.5, 0.5), (0.4, nan)], ("min", "max"))
    assert [] == front([(nan, 1.0)], ("min", "max"))
    assert [] == front([], ("min",))
    assert not Front(("min", "min")).add((nan, 0.0))


def test_infinity_is_just_bad() -> None:
    assert [1] == front([(inf, 0.5), (1.0, 0.5)], ("min", "max"))


def test_one_objective_is_its_best() -> None:
    assert [1, 3] == front([(3.0,), (1.0,), (2.0,), (1.0,)], ("min",))


def test_a_set_that_grows_says_what_is_new_in_it() -> None:
    kept = Front(LOSS_AND_ACCURACY)
    assert [True, True, True, False, False, False] == [kept.add(one) for one in RESULTS]
    assert 3 == len(kept)
    assert kept.add((0.3, 0.95))
    assert 1 == len(kept)


small = st.integers(0, 4).map(float)


@st.composite
def results(draw: st.DrawFn) -> tuple[list[tuple[float, ...]], tuple[str, ...]]:
    modes = draw(st.lists(st.sampled_from(["min", "max"]), min_size=1, max_size=4))
    rows = draw(st.lists(st.tuples(*[small for _ in modes]), max_size=25))
    return rows, tuple(modes)


@given(results())
def test_the_set_is_what_nothing_dominates(world: tuple[list[tuple[float, ...]], tuple[str, ...]]) -> None:
    """By the definition, each with each; so for two objectives, where another way is taken, as for four."""
    rows, modes = world
    expected = [n for n, one in enumerate(rows) if not any(dominates(other, one, modes) for other in rows)]  # type: ignore[arg-type]
    assert expected == front(rows, modes)  # type: ignore[arg-type]
    assert expected == [n for n, rank in enumerate(ranks(rows, modes)) if rank == 0]  # type: ignore[arg-type]


@given(results())
def test_one_by_one_ends_at_the_same_set(world: tuple[list[tuple[float, ...]], tuple[str, ...]]) -> None:
    rows, modes = world
    kept = Front(modes)  # type: ignore[arg-type]
    for one in rows:
        kept.add(one)
    assert len({rows[n] for n in front(rows, modes)}) == len(kept)  # type: ignore[arg-type]


@given(results())
def test_each_but_the_first_is_dominated_by_one_of_the_rank_before(
    world: tuple[list[tuple[float, ...]], tuple[str, ...]],
) -> None:
    rows, modes = world
    found = ranks(rows, modes)  # type: ignore[arg-type]
    for one, rank in zip(rows, found, strict=True):
        before = [other for other, its in zip(rows, found, strict=True) if rank and its == rank - 1]
        assert not rank or any(dominates(other, one, modes) for other in before)  # type: ignore[arg-type]


def test_two_results_of_different_size_are_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="zip"):
        front([(1.0, 2.0)], ("min",))
