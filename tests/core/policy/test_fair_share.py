"""The fair-share policy by examples: shares, limits, and who gives back what."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from jupyter_training.core.ids import JobId
from jupyter_training.core.lifecycle import AttemptState
from jupyter_training.core.policy import ActiveAttempt, QueuedJob, plan
from jupyter_training.core.resources import Pool
from tests.core.policy.builders import NOW, a_job, a_pool, a_view, an_attempt, preempted, started
from tests.core.policy.world import World

POOL = a_pool(8, policy="fair_share")
PREEMPTING = a_pool(8, policy="fair_share", preemption=True)


def trials(group: str, count: int, *, first: int = 0, **more: Any) -> list[QueuedJob]:
    return [a_job(f"{group}{n}", seq=first + n, experiment=group, **more) for n in range(count)]


def running(group: str, count: int, *, first: int = 0, **more: Any) -> list[ActiveAttempt]:
    return [
        an_attempt(f"{group}r{n}", seq=first + n, experiment=group, created=NOW + first + n, **more)
        for n in range(count)
    ]


def held(*members: QueuedJob | ActiveAttempt, pool: Pool = POOL) -> dict[str, int]:
    """How many jobs of each experiment start."""
    found: dict[str, int] = {}
    for name in started(a_view(*members, pool=pool)):
        found[name[0]] = found.get(name[0], 0) + 1
    return found


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        ({"count": 10}, {"count": 30}, {"x": 4, "y": 4}),
        ({"count": 10, "weight": 3.0}, {"count": 30}, {"x": 6, "y": 2}),
        ({"count": 2}, {"count": 30}, {"x": 2, "y": 6}),
        ({"count": 10, "max_slots": 1}, {"count": 30}, {"x": 1, "y": 7}),
    ],
)
def test_20_the_slots_are_shared(x: dict[str, Any], y: dict[str, Any], expected: dict[str, int]) -> None:
    for order in (("x", "y"), ("y", "x")):
        offset = {name: 100 * n for n, name in enumerate(order)}
        jobs = [*trials("x", first=offset["x"], **x), *trials("y", first=offset["y"], **y)]
        assert expected == held(*jobs)


def test_who_holds_nothing_of_what_is_shared_keeps_its_experiment_from_nothing() -> None:
    """It began when the pool had slots; now its GPUs are shared."""
    gpus = a_pool(0, policy="fair_share", devices=("0", "1"))
    before = an_attempt("before", slots=1, experiment="x")
    assert {"x": 2} == held(before, *trials("x", 3, first=1, slots=0, gpus=1), pool=gpus)


def test_a_job_alone_is_a_group() -> None:
    assert {"x": 4, "a": 1, "b": 1} == held(*trials("x", 4), a_job("a", seq=50), a_job("b", seq=60))
    assert {"x": 3, "a": 1} == held(*trials("x", 4), a_job("a", seq=50), pool=a_pool(4, policy="fair_share"))


def test_priorities_do_not_count() -> None:
    assert {"x": 4, "y": 4} == held(*trials("x", 10, priority=1), *trials("y", 10, first=50, priority=99))


def test_more_groups_than_slots_are_served_as_they_came() -> None:
    jobs = [a_job(f"{chr(97 + n)}", seq=20 - n) for n in range(10)]
    view = a_view(*jobs, pool=POOL)
    assert set("cdefghij") == set(started(view))
    assert "Its share is 0 of 8 slots now: those that came first have at least one each." == plan(view, NOW).sentence(
        jobs[0]
    )


def test_a_group_whose_jobs_are_too_large_for_its_share_leaves_it_to_others() -> None:
    large, small = trials("l", 2, slots=6), trials("s", 20, first=50)
    assert {"s": 8} == held(*large, *small)
    view = a_view(*large, *small, pool=POOL)
    assert "Its experiment's share is 0 of 8 slots now, and it needs 6; others share the rest." == plan(
        view, NOW
    ).sentence(large[0])


def test_too_large_groups_that_came_first_still_fit_when_the_last_are_out() -> None:
    jobs = [*trials("a", 1, slots=4), *trials("b", 1, slots=4, first=10), *trials("c", 1, slots=4, first=20)]
    assert {"a": 1, "b": 1} == held(*jobs)


def test_what_nobody_else_wants_goes_to_who_was_out() -> None:
    assert {"s": 1, "l": 1} == held(*trials("s", 1), *trials("l", 2, slots=6, first=10))


def test_what_runs_and_can_not_be_asked_back_counts_first() -> None:
    view = a_view(*running("x", 6), *trials("x", 10, first=20), *trials("y", 10, first=50), pool=POOL)
    assert ["y0", "y1"] == started(view)
    waiting = view.get(JobId("x0"))
    assert isinstance(waiting, QueuedJob)
    assert "Its experiment's share is 6 of 8 slots, all in use." == plan(view, NOW).sentence(waiting)


def test_a_group_above_its_share_gives_back_what_it_started_last() -> None:
    view = a_view(*running("x", 8, preemptible=True), *trials("y", 10, first=50), pool=PREEMPTING)
    assert ["xr4", "xr5", "xr6", "xr7"] == sorted(preempted(view))


@pytest.mark.parametrize("more", [{"max_slots": 1}, {}])
def test_it_gives_back_no_more_than_somebody_can_use(more: dict[str, Any]) -> None:
    view = a_view(
        *running("x", 8, preemptible=True), *trials("y", 10 if more else 1, first=50, **more), pool=PREEMPTING
    )
    assert ["xr7"] == preempted(view)


def test_each_group_gives_back_what_is_above_its_own_share() -> None:
    pool = a_pool(9, policy="fair_share", preemption=True)
    x = running("x", 4, first=5, preemptible=True)
    w = running("w", 5, preemptible=True)
    assert ["wr3", "wr4", "xr3"] == sorted(preempted(a_view(*x, *w, *trials("y", 10, first=50), pool=pool)))


def test_who_makes_room_still_counts_as_its_groups_demand() -> None:
    """Or the others would get its share while it stops, and give it back right after."""
    stays, *leave = running("x", 4, preemptible=True)
    leaving = [replace(one, stop_asked="preempt", state=AttemptState.STOPPING) for one in leave]
    y = [*running("y", 4, first=20), *trials("y", 6, first=50)]
    shares = plan(a_view(stays, *leaving, *y, pool=PREEMPTING), NOW).blocked["local"].shares
    assert shares is not None
    assert (4, 4) == (shares["x"].share, shares["y"].share)


def test_nobody_gives_back_for_a_job_that_still_would_not_fit() -> None:
    pool = a_pool(8, policy="fair_share", preemption=True, devices=("0",))
    holder = an_attempt("z", seq=1, devices=("0",))
    view = a_view(holder, *running("x", 7, first=2, preemptible=True), *trials("y", 1, first=50, gpus=1), pool=pool)
    assert [] == preempted(view)


def test_shares_stand_still_while_jobs_start_and_end() -> None:
    """A slot that the division leaves over does not go to and fro with each end."""
    world = World(PREEMPTING)
    for n, group in enumerate("xyz"):
        for job in trials(group, 30, first=100 * n, preemptible=True):
            world.submit(job)
    world.act()
    for _ in range(60):
        first = min(world.attempts.values(), key=lambda one: (one.created, one.order))
        world.end(first.job)
        world.act()
        assert [] == preempted(world.last)


def test_ten_thousand_groups_cost_what_has_room() -> None:
    """Counted in looks at groups, not in seconds."""
    view = a_view(*(a_job(f"j{n}", seq=n, slots=1 + n % 3) for n in range(10_000)), pool=POOL)
    found = plan(view, NOW)
    shares = found.blocked["local"].shares
    assert shares is not None
    assert len(shares) <= 8
    assert 8 == sum(one.allocation.slots for one in found.decisions)  # type: ignore[union-attr]


def test_an_experiment_at_its_limit_in_another_pool_takes_no_share() -> None:
    elsewhere = an_attempt("x1", experiment="x", max_slots=1, pool="other")
    waiting = [a_job("x2", seq=1, experiment="x", max_slots=1), a_job("y", seq=2)]
    view = a_view(elsewhere, *waiting, pool=a_pool(1, policy="fair_share"))
    view.pools = {**view.pools, "other": a_pool(4, name="other")}
    assert ["y"] == started(view)


def test_what_an_experiment_may_still_take_of_its_share_is_not_given_to_it_in_another_pool() -> None:
    """Or its share here would go to others in the next plan."""
    world = World(a_pool(5, name="a", policy="fair_share", devices=("0",)), a_pool(4, name="b", backend="elsewhere"))
    world.submit(a_job("y", pool="a", gpus=1))
    world.act()
    world.submit(a_job("x1", seq=1, pool="a", gpus=1, experiment="x", max_slots=1))
    world.submit(a_job("x2", seq=2, pool="b", experiment="x", max_slots=1))
    for job in trials("w", 9, first=10, pool="a"):
        world.submit(job)
    world.act()
    assert {"y", "w0", "w1", "w2"} == set(world.attempts)


@pytest.mark.parametrize("preemption", [False, True])
def test_a_pool_does_not_stand_idle_for_who_lacks_what_another_pool_has(preemption: bool) -> None:
    shared = a_pool(2, name="a", policy="fair_share", devices=("0", "1"), preemption=preemption)
    world = World(shared, a_pool(1, name="b", devices=("0", "1")))
    world.submit(a_job("there", pool="b", gpus=1))
    world.act()
    world.submit(a_job("wide", seq=1, slots=2, gpus=1, pool="a"))  # more than its share beside the other
    world.submit(a_job("greedy", seq=2, slots=1, gpus=2, pool="a"))
    world.act()

    assert {"there", "wide"} == set(world.attempts)
    assert [] == started(world.view)
