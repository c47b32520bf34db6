"""Who goes on at a rung: Determined's worked units, and the rule against its plain definition."""

from __future__ import annotations

from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_training.core.search.rungs import Halving, units


@pytest.mark.parametrize(
    ("most", "rungs", "divisor", "expected"),
    [
        (256, 5, 4, (1, 4, 16, 64, 256)),
        (256, 3, 4, (16, 64, 256)),
        (256, 2, 4, (64, 256)),
        (10, 1, 4, (10,)),
        (20, 3, 3, (2, 6, 20)),
        (3, 4, 4, (1, 1, 1, 3)),  # never less than one unit
        (9, 3, 1.5, (4, 6, 9)),
    ],
)
def test_the_units_of_rungs(most: int, rungs: int, divisor: float, expected: tuple[int, ...]) -> None:
    assert expected == units(most, rungs, divisor)


def test_of_four_results_the_best_goes_on_and_the_worst_stops() -> None:
    """And the first to come goes on whatever it brings."""
    rungs = Halving(units(256, 5, 4), 4)
    assert ["continue", "stop", "stop", "stop"] == [rungs.report(n, 1, loss) for n, loss in enumerate([5, 6, 7, 8])]
    assert "continue" == rungs.report(4, 1, 4.0)


def test_later_and_better_ones_go_on_though_the_first_did() -> None:
    rungs = Halving(units(256, 5, 4), 4)
    assert ["continue", "continue", "continue", "stop"] == [
        rungs.report(n, 1, loss) for n, loss in enumerate([5, 4, 3, 3.5])
    ]


def test_with_eight_results_two_may_go_on() -> None:
    rungs = Halving((1, 4), 4)
    for trial in range(7):
        rungs.report(trial, 1, float(trial))
    assert "continue" == rungs.report(7, 1, 0.5)
    assert "stop" == rungs.report(8, 1, 0.7)  # the third of nine


def test_between_rungs_nothing_is_judged() -> None:
    rungs = Halving(units(256, 5, 4), 4)
    rungs.report(0, 1, 0.0)
    rungs.report(1, 1, -1.0)
    assert ["continue", "continue"] == [rungs.report(1, 2, 99.0), rungs.report(1, 3, 99.0)]
    assert 0 == len(rungs.rungs[1])


def test_a_report_beyond_several_rungs_is_judged_at_each() -> None:
    rungs = Halving((1, 4, 16, 64), 4)
    assert "continue" == rungs.report(0, 20, 1.0)
    assert [1, 1, 1, 0] == [len(rung) for rung in rungs.rungs]
    assert "stop" == rungs.report(1, 20, 2.0)
    assert [2, 1, 1, 0] == [len(rung) for rung in rungs.rungs]


def test_at_the_last_rung_a_trial_is_done() -> None:
    rungs = Halving((1, 4), 4)
    assert ["continue", "stop", "stop"] == [rungs.report(0, at, 0.0) for at in (1, 4, 5)]


def test_who_was_stopped_stays_so() -> None:
    rungs = Halving((1, 4), 4)
    rungs.report(0, 1, 0.0)
    assert ["stop", "stop"] == [rungs.report(1, 1, 1.0), rungs.report(1, 2, -5.0)]
    assert 2 == len(rungs.rungs[0])


def test_what_is_no_number_is_the_worst() -> None:
    rungs = Halving((1, 4), 2)
    rungs.report(0, 1, 1e300)
    assert "stop" == rungs.report(1, 1, nan)
    assert "continue" == rungs.report(2, 1, 0.0)
    assert [2, 0, 1] == list(rungs.rungs[0].first(9))


def test_a_lost_trial_ranks_worst_where_it_would_have_come_and_makes_room() -> None:
    rungs = Halving((1, 4), 2)
    rungs.report(0, 1, 1.0)
    rungs.lost(1)
    rungs.lost(2)
    assert 3 == len(rungs.rungs[0])
    assert "continue" == rungs.report(3, 1, 2.0)  # the second of four
    rungs.lost(0)
    assert [0] == list(rungs.rungs[1].first(9))


def test_an_invalid_trial_has_never_been() -> None:
    rungs = Halving((1, 4), 2)
    rungs.report(0, 4, 0.0)
    rungs.remove(0)
    assert [0, 0] == [len(rung) for rung in rungs.rungs]
    assert "continue" == rungs.report(1, 1, 9.0)


losses = st.lists(st.one_of(st.integers(0, 5).map(float), st.just(nan)), min_size=1, max_size=40)


@given(losses, st.sampled_from([2, 3, 4, 2.5]))
def test_the_rule_by_its_definition(came: list[float], divisor: float) -> None:
    """Sort all there have been, ties by who came first, NaN last; count off the first part."""
    rungs = Halving((1, 100), divisor)
    for trial, loss in enumerate(came):
        seen = sorted(range(trial + 1), key=lambda one: (came[one] != came[one], came[one], one))
        expected = "continue" if seen.index(trial) < max(1, int((trial + 1) / divisor)) else "stop"
        assert expected == rungs.report(trial, 1, loss)
