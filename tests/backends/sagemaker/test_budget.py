"""How often AWS is asked."""

from __future__ import annotations

import random

from jupyter_training.backends.sagemaker.budget import Budget, backoff, step_of


def test_calls_are_spread_by_the_rate_and_who_asks_first_is_first() -> None:
    budget = Budget(2.0)
    assert [100.0, 100.5, 101.0] == [budget.book(100.0) for _ in range(3)]
    assert 200.0 == budget.book(200.0), "what was not used is not saved up"


def test_a_refusal_halves_the_rate_and_calls_that_are_taken_bring_it_back() -> None:
    budget = Budget(1.0)
    budget.refused(10.0)
    assert [12.0, 14.0] == [budget.book(10.0) for _ in range(2)]
    for _ in range(4):
        budget.taken()
    first = budget.book(100.0)
    assert 1.0 == budget.book(100.0) - first


def test_many_refusals_leave_a_little() -> None:
    budget = Budget(1.0)
    for _ in range(50):
        budget.refused(0.0)
    first = budget.book(1000.0)
    assert 16.0 == budget.book(1000.0) - first


def test_waits_double_up_to_the_longest_and_no_two_are_quite_alike() -> None:
    rng = random.Random(1)
    waits = [backoff(tries, rng, first=1.0, most=60.0) for tries in range(1, 12)]
    for tries, wait in enumerate(waits, 1):
        longest = min(60.0, 2.0 ** (tries - 1))
        assert longest / 2 <= wait <= longest
    assert backoff(10_000, rng) <= 60.0
    assert len({backoff(9, rng) for _ in range(10)}) == 10


def test_the_last_step_goes_on() -> None:
    assert [60.0, 120.0, 600.0, 600.0] == [step_of((60.0, 120.0, 600.0), count) for count in (1, 2, 3, 9)]
