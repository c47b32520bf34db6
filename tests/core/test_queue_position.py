"""Places in a line: always one more between two, whatever was moved before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_training.core.queue_position import HEAD, after_all, between, of_submission

PLACES = st.text("0123456789", min_size=1, max_size=12).filter(lambda text: not text.endswith("0"))


@given(PLACES, PLACES)
def test_between_two_places_there_is_one(one: str, other: str) -> None:
    low, high = sorted((one, other))
    if low == high:
        with pytest.raises(ValueError, match="no place between"):
            between(low, high)
        return
    found = between(low, high)
    assert low < found < high
    assert not found.endswith("0")


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_what_is_brought_to_the_end_stands_before_what_is_submitted_next(newest: int, change: int) -> None:
    assert of_submission(newest) < after_all(newest, change) < after_all(newest, change + 1) < of_submission(newest + 1)


@pytest.mark.parametrize("ahead", [True, False])
def test_ten_thousand_moves_to_the_same_spot_stay_exact(ahead: bool) -> None:
    low, high = of_submission(1), of_submission(2)
    seen = []
    for _ in range(10_000):
        found = between(low, high)
        assert low < found < high
        low, high = (found, high) if ahead else (low, found)
        seen.append(found)
    assert sorted(seen, reverse=not ahead) == seen
    assert len(set(seen)) == 10_000
    assert max(map(len, seen)) < 2_600  # a digit for each four moves


def test_ten_thousand_moves_to_the_top_stay_exact() -> None:
    first = of_submission(1)
    for _ in range(10_000):
        found = between(HEAD, first)
        assert HEAD < found < first
        first = found
