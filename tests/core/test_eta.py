"""The time that is left is a range from measured paces, and is not told where nothing was measured."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_training.core.eta import Eta, Marks, marked, time_left


def told(*steps: tuple[float, float], total: float | None = 100.0, unit: str = "epoch") -> Marks:
    marks: Marks | None = None
    for done, time in steps:
        marks = marked(marks, done, total, unit, time)
    assert marks is not None
    return marks


def test_an_even_pace_gives_one_number() -> None:
    marks = told(*((step, step * 2.0) for step in range(11)))
    assert Eta(180.0, 180.0) == time_left(marks, 10, 100.0, 20.0, now=20.0)


def test_time_that_passes_while_a_step_goes_on_is_taken_off() -> None:
    marks = told(*((step, step * 2.0) for step in range(11)))
    assert Eta(179.0, 179.0) == time_left(marks, 10, 100.0, 20.0, now=21.0)


def test_a_step_that_is_overdue_makes_the_end_later() -> None:
    marks = told(*((step, step * 2.0) for step in range(11)))
    found = time_left(marks, 10, 100.0, 20.0, now=40.0)
    assert found is not None
    assert (160.0, 360.0) == (found.low, found.high)


def test_another_pace_lately_widens_the_range() -> None:
    slow = [(step, step * 10.0) for step in range(11)]
    fast = [(10 + step, 100.0 + step) for step in range(1, 21)]
    found = time_left(told(*slow, *fast), 30, 100.0, 120.0, now=120.0)
    assert found is not None
    assert found.low < 280.0 == found.high


@pytest.mark.parametrize(
    ("done", "total", "time"),
    [(5, None, 50.0), (100, 100.0, 50.0), (1, 100.0, 50.0), (5, 100.0, 1.0)],
    ids=["no end", "done", "one step", "too early"],
)
def test_nothing_is_told_without_an_end_or_a_pace(done: float, total: float | None, time: float) -> None:
    marks = told((0, 0.0), (done, time), total=total)
    assert time_left(marks, done, total, time, now=time) is None


@pytest.mark.parametrize(
    "again",
    [{"done": 0.0, "unit": "epoch", "total": 100.0}, {"done": 9.0, "unit": "it", "total": 100.0},
     {"done": 9.0, "unit": "epoch", "total": 200.0}],
    ids=["less done", "another unit", "another end"],
)  # fmt: skip
def test_another_count_begins_anew(again: dict[str, object]) -> None:
    marks = told(*((step, step * 1.0) for step in range(9)))
    after = marked(marks, time=20.0, **again)  # type: ignore[arg-type]
    assert (again["done"], 20.0) == after.first == after.early == after.late


@given(st.lists(st.tuples(st.floats(0.01, 5), st.floats(0.01, 5)), min_size=4, max_size=200))
def test_the_recent_pace_is_measured_over_a_good_part_of_the_whole(steps: list[tuple[float, float]]) -> None:
    done = time = 0.0
    marks = marked(None, done, 1e9, "it", time)
    for further, later in steps:
        done, time = done + further, time + later
        marks = marked(marks, done, 1e9, "it", time)
        assert marks.first[1] <= marks.early[1] <= marks.late[1] <= time
        found = time_left(marks, done, 1e9, time, now=time)
        assert found is None or 0 <= found.low <= found.high
