"""What earlier jobs tell of a job, and what is drawn from them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from jupyter_training.core.durations import Draws, Earlier, Kin, Known, kin_of, saves_after


def drawn(*known: Known, runs: int = 400, seed: int = 1) -> list[list[float]]:
    """What is left of each, run by run."""
    draws = Draws(known, random.Random(seed))
    found = []
    for _ in range(runs):
        draws.begin()
        found.append([draws.left(one) for one in known])
    return found


def ended(
    *seconds: float, user: str = "ada", notebook: str | None = None, experiment: str | None = None
) -> list[Earlier]:
    return [Earlier(one, user, notebook, experiment) for one in seconds]


def kin(earlier: Sequence[Earlier], *, notebook: str | None = "a.ipynb", experiment: str | None = None) -> Kin:
    return kin_of(earlier, name="digits", user="ada", notebook=notebook, experiment=experiment)[0]


def test_the_same_notebook_tells_most_where_it_has_enough() -> None:
    own, mine, theirs = ended(*[1.0] * 5, notebook="a.ipynb"), ended(2.0), ended(3.0, user="ben")
    assert (1.0,) * 5 == kin([*theirs, *own, *mine]).own
    assert (1.0,) * 5 + (2.0,) == kin([*own, *mine, *theirs], notebook="b.ipynb").own
    assert (1.0, 1.0, 3.0) == kin([*own[:2], *theirs], notebook="b.ipynb").own


def test_a_trial_has_its_experiment_before_it_and_others_beside_it() -> None:
    earlier = [*ended(9.0, 8.0, experiment="x"), *ended(1.0, experiment="y"), *ended(5.0)]
    assert Kin("x", (9.0, 8.0), ((1.0,), (5.0,))) == kin(earlier, experiment="x")


def test_a_kin_keeps_to_its_middle_within_a_run() -> None:
    """Of a sweep of which nothing has ended, one trial is not long while all others are short."""
    others = Kin("new", (), ((10.0, 11.0), (100.0, 110.0), (1000.0, 1100.0)))
    runs = drawn(*[Known(others)] * 6)
    within = median(max(run) / min(run) for run in runs)
    across = sorted(run[0] for run in runs)
    assert within < 2 < across[350] / across[50]


def test_trials_that_still_run_make_those_after_them_longer() -> None:
    new = Kin("new", (), ((10.0, 11.0), (100.0, 110.0), (1000.0, 1100.0)))
    waiting = Known(new)
    alone = median(one[0] for one in drawn(waiting))
    beside = median(one[0] for one in drawn(waiting, *[Known(new, done=800.0)] * 4))
    assert beside > 3 * alone


def test_one_that_runs_has_at_least_the_rest_of_those_that_took_longer() -> None:
    history = Kin("k", (10.0,) * 10 + (100.0,) * 10)
    left = sorted(one[0] for one in drawn(Known(history, done=50.0)))
    assert 20 < left[200] < 120


def test_few_ended_jobs_tell_less_than_many() -> None:
    few = sorted(one[0] for one in drawn(Known(Kin("k", (60.0,)))))
    many = sorted(one[0] for one in drawn(Known(Kin("k", (59.0, 60.0, 61.0) * 5))))
    assert few[360] / few[40] > 2 > 1.1 > many[360] / many[40]


def test_most_have_to_have_saved() -> None:
    assert 20.0 == saves_after([Earlier(60.0, "ada", saved_after=one) for one in (10.0, 20.0, 30.0)])
    assert saves_after([Earlier(60.0, "ada", saved_after=one) for one in (10.0, None, None)]) is None
    assert saves_after([]) is None


@given(
    st.lists(st.floats(0, 1e7), max_size=12),
    st.lists(st.lists(st.floats(0, 1e7), min_size=1, max_size=4), max_size=4),
    st.floats(0, 1e8),
    st.integers(0, 99),
)
def test_what_is_left_is_never_negative(own: list[float], others: list[list[float]], done: float, seed: int) -> None:
    earlier = [*ended(*own, experiment="own")]
    for number, seconds in enumerate(others):
        earlier += ended(*seconds, experiment=f"other-{number}")
    one = Known(kin(earlier, experiment="own"), done=done)
    for (left,) in drawn(one, runs=5, seed=seed):
        assert 0 <= left
        assert one.kin.is_known == (left < float("inf"))


def test_two_that_differ_do_not_make_hours_of_seconds() -> None:
    left = sorted(one[0] for one in drawn(Known(Kin("k", (16.0, 48.0)))))
    assert 20 < median(left) < 40
    assert left[380] < 200
