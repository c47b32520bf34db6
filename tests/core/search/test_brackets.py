"""Brackets: Determined's worked example, and that all trials are given to some bracket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_training.core.search.brackets import BracketMode, brackets, concurrency, most_rungs


def shape(*args: int, **more: object) -> list[tuple[int, int | None]]:
    return [(one.rungs, one.trials) for one in brackets(*args, **more)]  # type: ignore[arg-type]


def test_the_worked_example() -> None:
    """16 trials of 256 units, divisor 4, standard."""
    first, second = brackets(256, 16)
    assert (3, (16, 64, 256), 12) == (first.rungs, first.units, first.trials)
    assert (2, (64, 256), 4) == (second.rungs, second.units, second.trials)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("aggressive", [(3, 16)]),
        ("standard", [(3, 12), (2, 4)]),
        ("conservative", [(3, 12), (2, 3), (1, 1)]),  # 10.2, 3.8 and 1.9; what is left goes to the first
    ],
)
def test_modes_say_how_few_rungs_there_may_be(mode: BracketMode, expected: list[tuple[int, int]]) -> None:
    assert expected == shape(256, 16, mode=mode)


def test_standard_has_the_upper_half() -> None:
    assert [5, 4, 3] == [rungs for rungs, _ in shape(256, 1000)]
    assert [4, 3, 2] == [rungs for rungs, _ in shape(256, 1000, at_most=4)]
    assert [1] == [rungs for rungs, _ in shape(1, 1000)]


def test_few_trials_allow_few_rungs() -> None:
    assert [(1, 3)] == shape(256, 3)
    assert [(2, 3), (1, 1)] == shape(256, 4)


@pytest.mark.parametrize(("value", "rungs"), [(243, 6), (242, 5), (1000, 7)])
def test_exact_powers_count(value: int, rungs: int) -> None:
    """log(243)/log(3) is 4.999... in floating point."""
    assert rungs == most_rungs(value, None, divisor=3, at_most=9)


def test_without_a_limit_brackets_have_none_and_keep_their_shares() -> None:
    found = brackets(256, None)
    assert [(5, None), (4, None), (3, None)] == [(one.rungs, one.trials) for one in found]
    assert [51.2, 16.0, pytest.approx(16 / 3)] == [one.share for one in found]


@pytest.mark.parametrize(
    ("workers", "trials", "places"),
    [
        (16, (12, 4), (8, 8)),
        (5, (12, 4), (3, 2)),
        (1, (12, 4), (1, 1)),  # as many as brackets at least
        (0, (12, 4), (4, 4)),
        (0, (12, 2), (4, 4)),  # no limit: the divisor at least
        (0, (90, 9), (9, 9)),
        (0, (None, None), (4, 4)),
    ],
)
def test_places_are_shared_evenly(workers: int, trials: tuple[int | None, ...], places: tuple[int, ...]) -> None:
    assert places == concurrency(workers, trials, divisor=4)


@given(
    most=st.integers(1, 100_000),
    trials=st.integers(1, 20_000),
    mode=st.sampled_from(["aggressive", "standard", "conservative"]),
    divisor=st.sampled_from([2, 3, 4, 1.5, 10]),
    at_most=st.integers(1, 8),
)
def test_all_trials_are_given_out(most: int, trials: int, mode: BracketMode, divisor: float, at_most: int) -> None:
    found = brackets(most, trials, mode=mode, divisor=divisor, at_most=at_most)
    counts = [one.trials or 0 for one in found]
    assert trials == sum(counts)
    assert all(count >= 1 for count in counts)
    assert all(one.units[-1] == most and one.units[0] >= 1 and list(one.units) == sorted(one.units) for one in found)
    assert all(one.rungs <= at_most and divisor ** (one.rungs - 1) <= min(most, trials) * 1.001 for one in found)
