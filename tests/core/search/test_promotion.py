"""Halving by promotion: who waits, who goes on, and what becomes of a trial that can't wait."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_training.core.search.promotion import Promotion


def come(rungs: Promotion, *losses: float, at: int = 1, first: int = 0) -> list[str]:
    return [rungs.report(first + n, at, loss) for n, loss in enumerate(losses)]


def test_all_wait_until_there_are_enough_to_tell() -> None:
    rungs = Promotion((1, 4, 16), 4)
    assert ["pause"] * 3 == come(rungs, 3.0, 1.0, 2.0)
    assert rungs.promote() is None
    assert "pause" == rungs.report(3, 1, 4.0)
    assert 1 == rungs.promote()
    assert rungs.promote() is None


def test_one_that_would_go_on_at_once_is_not_paused() -> None:
    rungs = Promotion((1, 4, 16), 4)
    come(rungs, 3.0, 1.0, 2.0)
    assert "continue" == rungs.report(3, 1, 0.5)
    assert rungs.promote() is None


def test_the_place_is_for_the_highest_rung_that_has_one_who_earned_it() -> None:
    rungs = Promotion((1, 4, 16), 2)
    come(rungs, 1.0, 2.0)
    assert 0 == rungs.promote()
    assert "pause" == rungs.report(0, 4, 1.0)
    assert ["pause"] == come(rungs, 5.0, first=2)
    assert "continue" == rungs.report(3, 1, 1.5)  # 0 and 3 are the first two of four
    assert "pause" == rungs.report(3, 4, 2.0)
    assert 0 == rungs.promote()  # at the second rung, before anybody at the first
    assert "continue" == rungs.report(0, 15, 9.0)
    assert "stop" == rungs.report(0, 16, 9.0)


def test_where_two_rungs_have_one_the_higher_one_goes_first() -> None:
    rungs = Promotion((1, 4, 16), 2)
    come(rungs, 1.0, 2.0, 3.0, 4.0)
    assert [0, 1] == [rungs.promote(), rungs.promote()]
    assert ["pause", "pause"] == [rungs.report(0, 4, 1.0), rungs.report(1, 4, 2.0)]
    assert ["pause", "pause"] == come(rungs, 5.0, 6.0, first=4)
    assert [0, 2, None] == [rungs.promote(), rungs.promote(), rungs.promote()]


def test_a_trial_that_waits_and_still_reports_is_told_so_again() -> None:
    """A job needs a while to pause; what it reports meanwhile is not judged."""
    rungs = Promotion((1, 2, 4), 4)
    come(rungs, 1.0)
    assert ["pause", "pause"] == [rungs.report(0, 2, 0.0), rungs.report(0, 3, 0.0)]
    assert [1, 0, 0] == [len(rung) for rung in rungs.rungs]


def test_a_trial_that_cannot_wait_is_stopped_where_others_would_wait() -> None:
    rungs = Promotion((1, 4, 16), 4)
    assert ["pause"] == come(rungs, 3.0)
    assert "continue" == rungs.cannot_pause(0)  # the first to come
    assert ["pause"] == come(rungs, 4.0, first=1)
    assert "stop" == rungs.cannot_pause(1)
    assert "stop" == rungs.report(1, 2, 0.0)
    assert "continue" == rungs.report(0, 4, 3.0)  # judged at the next rung at once, never paused
    assert ["pause", "pause"] == come(rungs, 1.0, 2.0, first=2)
    assert 2 == rungs.promote()  # the best of four
    assert "pause" == rungs.report(2, 4, 1.0)


def test_a_lost_trial_never_goes_on_and_ranks_worst_where_it_would_have_come() -> None:
    rungs = Promotion((1, 4), 4)
    come(rungs, 1.0, 2.0)
    rungs.lost(2)
    rungs.lost(3)
    assert [0, 1, 2, 3] == list(rungs.rungs[0].first(9))
    rungs.ended(0)  # by a person, while it waited
    assert rungs.promote() is None
    rungs.lost(1)  # one that waits has come to its rung already
    assert [4, 0] == [len(rung) for rung in rungs.rungs]


def test_an_invalid_trial_has_never_been() -> None:
    rungs = Promotion((1, 4), 2)
    come(rungs, 1.0, 2.0)
    rungs.remove(0)
    assert rungs.promote() is None
    assert ["pause"] == come(rungs, 3.0, first=2)
    assert 1 == rungs.promote()


def test_the_best_goes_on_at_last_if_nobody_got_to_the_end() -> None:
    rungs = Promotion((1, 4, 16), 4)
    come(rungs, 1.0, 2.0, 0.5)
    assert rungs.promote() is None
    assert 2 == rungs.promote_last()
    assert "pause" == rungs.report(2, 4, 0.4)
    assert 2 == rungs.promote_last()
    assert "stop" == rungs.report(2, 16, 0.3)
    assert rungs.promote_last() is None


def test_one_rung_is_no_halving() -> None:
    rungs = Promotion((16,), 4)
    assert ["continue", "stop"] == [rungs.report(0, 15, 1.0), rungs.report(0, 16, 1.0)]


@pytest.mark.parametrize("seed", range(3))
def test_the_shares_of_rungs(seed: int) -> None:
    """64 trials, one after the other: a quarter of each rung has gone on, and they are its best."""
    rng = random.Random(seed)
    losses = [rng.random() for _ in range(64)]
    rungs = Promotion((1, 4, 16, 64), 4)
    for trial, loss in enumerate(losses):
        runs: int | None = trial if rungs.report(trial, 1, loss) == "continue" else rungs.promote()
        while runs is not None:
            verdict = next(v for at in (4, 16, 64) if (v := rungs.report(runs, at, losses[runs])) != "continue")
            runs = rungs.promote() if verdict == "pause" else None
    at = [len(rung) for rung in rungs.rungs]
    assert [64, at[0] // 4] <= at[:2]  # some went on early that would not do so now
    best = set(sorted(range(64), key=losses.__getitem__)[:16])
    assert best <= set(rungs.rungs[1].first(64))
    assert at[3] >= 1


@given(st.integers(0, 10_000), st.sampled_from([2, 3, 4]), st.integers(1, 4))
def test_nobody_goes_on_who_has_not_earned_it(seed: int, divisor: int, workers: int) -> None:
    """Any interleaving: whoever goes on is then among the first part of its rung, and is told so once."""
    rng = random.Random(seed)
    needed = (1, 2, 4)
    rungs = Promotion(needed, divisor)
    at: dict[int, int] = {}
    running: list[int] = []
    waiting: set[int] = set()
    for _ in range(60):
        if len(running) < workers:
            trial = rungs.promote()
            if trial is None:
                trial = len(at)
                at[trial] = 0
            else:
                assert trial in waiting
                waiting.discard(trial)
                rung = max(n for n, units in enumerate(needed) if units <= at[trial])
                results = rungs.rungs[rung]
                assert results.place(trial) < int(len(results) / divisor)
            running.append(trial)
            continue
        trial = rng.choice(running)
        at[trial] += 1
        verdict = rungs.report(trial, at[trial], rng.random())
        if verdict != "continue":
            running.remove(trial)
        if verdict == "pause":
            waiting.add(trial)
        assert (verdict == "stop") == (at[trial] == needed[-1])
