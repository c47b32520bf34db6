"""The priority policy by examples: the order, the head of the line, who makes room, who fills gaps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jupyter_training.core.ids import JobId
from jupyter_training.core.lifecycle import AttemptState, Desired, Seen
from jupyter_training.core.policy import ActiveAttempt, Start, Stop, plan
from jupyter_training.core.queue_position import between, of_submission
from jupyter_training.core.resources import Allocation
from tests.core.policy.builders import NOW, a_job, a_pool, a_view, an_attempt, preempted, started
from tests.core.policy.world import World

PREEMPTING = a_pool(2, preemption=True)


def test_14_a_job_moved_ahead_of_a_running_one_takes_its_slot_only_where_preemption_is_on() -> None:
    for preemption, leaving in ((True, ["A"]), (False, [])):
        pool = a_pool(1, preemption=preemption)
        a = an_attempt("A", seq=1, preemptible=True)
        b, c = a_job("B", seq=2), a_job("C", seq=3)
        view = a_view(a, b, c, pool=pool)
        assert [] == preempted(view)
        view.put(replace(b, position=between("", a.position)))
        assert ["B", "A", "C"] == view.order("local")
        assert leaving == preempted(view)


def test_14_who_made_room_waits_at_its_own_place() -> None:
    world = World(a_pool(1, preemption=True))
    for n, name in enumerate(("A", "B", "C"), 1):
        world.submit(a_job(name, seq=n, preemptible=True))
    world.act()
    assert ["A"] == list(world.attempts)
    world.change(JobId("B"), position=between("", of_submission(1)))
    world.act()
    world.end(JobId("A"))
    world.act()
    assert (["B"], ["B", "A", "C"]) == (list(world.attempts), world.view.order("local"))


def test_15_a_move_over_a_priority_border_stands_where_it_was_moved() -> None:
    b, c = a_job("B", seq=1, priority=42), a_job("C", seq=2, priority=50)
    view = a_view(b, c, slots=0)
    assert ["B", "C"] == view.order("local")
    view.put(replace(c, priority=42, position=between("", b.position)))
    assert (["C", "B"], 0, 1) == (view.order("local"), view.ahead(c.id), view.ahead(b.id))


def test_19_the_latest_of_equals_leaves_and_comes_back_before_the_next() -> None:
    world = World(PREEMPTING)
    for n, name in enumerate(("e1", "e2", "e3"), 1):
        world.submit(a_job(name, seq=n, priority=40, preemptible=True))
    world.act()
    world.submit(a_job("e4", seq=4, priority=30))
    world.act()
    assert ["e2"] == preempted(world.last)
    world.end(JobId("e2"))
    world.act()
    assert {"e1", "e4"} == set(world.attempts)
    world.change(JobId("e4"), desired=Desired.CANCEL)
    world.act()
    world.end(JobId("e4"))
    world.act()
    assert ["e2"] == started(world.last)


def test_21_a_job_without_slots_starts_beside_everything() -> None:
    view = a_view(an_attempt("a", slots=2), a_job("head", seq=1), a_job("driver", seq=2, slots=0))
    assert ["driver"] == started(view)


def test_jobs_start_in_the_order_of_priority_then_place() -> None:
    view = a_view(a_job("c", seq=3), a_job("b", seq=2), a_job("urgent", seq=4, priority=1))
    assert ["urgent", "b"] == started(view)


def test_a_large_head_is_not_overtaken() -> None:
    view = a_view(an_attempt("a"), a_job("large", seq=1, slots=2), a_job("small", seq=2, preemptible=True))
    assert [] == started(view)


@pytest.mark.parametrize("more", [{"gpus": 1}, {"cpus": 1.0}, {"memory": 8}])
def test_a_job_waits_for_every_kind_that_it_needs(more: dict[str, float]) -> None:
    pool = a_pool(4, devices=("0",), cpus=2.0, memory=8)
    other = an_attempt("a", seq=1, devices=("0",), cpus=1.5, memory=8)
    job = a_job("b", seq=2, **more)
    assert [] == started(a_view(other, job, pool=pool))
    assert ["b"] == started(a_view(an_attempt("a", seq=1), job, pool=pool))
    assert ["b"] == started(a_view(other, a_job("b", seq=2), pool=pool))


def test_what_a_pool_does_not_tell_is_not_counted() -> None:
    assert ["a"] == started(a_view(a_job("a", cpus=400.0, memory=1 << 50)))


def test_tenths_of_cpus_add_up_to_whole_ones() -> None:
    pool = a_pool(100, cpus=3.0)
    view = a_view(*(a_job(f"j{n}", seq=n, cpus=0.1) for n in range(31)), pool=pool)
    assert 30 == len(started(view))


def test_devices_are_given_in_the_order_of_the_pool_and_never_twice() -> None:
    view = a_view(
        an_attempt("a", seq=1, devices=("1",)),
        *(a_job(f"j{n}", seq=n, gpus=1) for n in (2, 3)),
        pool=a_pool(8, devices=("2", "1", "0")),
    )
    found = [one.allocation for one in plan(view, NOW).decisions if isinstance(one, Start)]
    assert [Allocation("local", 1, ("2",)), Allocation("local", 1, ("0",))] == found


def test_pools_of_a_backend_share_their_devices() -> None:
    view = a_view(a_job("a", gpus=1), pool=a_pool(2, devices=("0",)))
    view.pools = {**view.pools, "other": a_pool(2, name="other", devices=("0",))}
    assert ["a"] == started(view)
    view.put(an_attempt("b", pool="other", devices=("0",)))
    assert [] == started(view)
    view.pools = {**view.pools, "other": a_pool(2, name="other", backend="elsewhere", devices=("0",))}
    assert ["a"] == started(view)


def test_a_job_that_never_fits_keeps_nobody_waiting() -> None:
    assert ["b"] == started(a_view(a_job("a", seq=1, slots=3), a_job("b", seq=2)))


def test_a_job_that_waits_for_others_keeps_nobody_waiting() -> None:
    assert ["b"] == started(a_view(a_job("a", seq=1, unmet=1), a_job("b", seq=2), slots=1))


def test_an_experiment_at_its_limit_is_passed_over() -> None:
    trials = [a_job(f"t{n}", seq=n, experiment="x", max_slots=1) for n in (1, 2)]
    view = a_view(*trials, a_job("b", seq=3), slots=3)
    assert ["t1", "b"] == started(view)
    assert "Its experiment holds 1 of the 1 slot that max_slots allows it." == plan(view, NOW).sentence(trials[1])


def test_the_head_of_an_experiment_keeps_its_place_in_it() -> None:
    """Or a smaller trial behind it would start, and leave it no slot within the limit."""
    head = a_job("t1", seq=1, slots=2, experiment="x", max_slots=2, preemptible=True)
    small = a_job("t2", seq=2, experiment="x", max_slots=2, preemptible=True)
    assert [] == started(a_view(an_attempt("a"), head, small, pool=PREEMPTING))


@pytest.mark.parametrize(
    "change",
    [
        {"preemptible": False},
        {"seen": Seen.UNKNOWN},
        {"stop_asked": "cancel", "state": AttemptState.STOPPING},
        {"priority": 1},
        {"priority": 42, "seq": 0, "position": of_submission(0)},
    ],
)
def test_who_can_not_make_room(change: dict[str, object]) -> None:
    victim = an_attempt("v", seq=5, priority=50, preemptible=True)
    newcomer = a_job("n", seq=1)
    assert ["v"] == preempted(a_view(victim, newcomer, pool=a_pool(1, preemption=True)))
    spared = replace(victim, **change)  # type: ignore[arg-type]
    assert [] == preempted(a_view(spared, newcomer, pool=a_pool(1, preemption=True)))


def test_nobody_leaves_where_all_together_would_not_be_enough() -> None:
    fixed, loose = an_attempt("f", seq=8), an_attempt("l", seq=9, preemptible=True)
    assert [] == preempted(a_view(fixed, loose, a_job("n", slots=2), pool=PREEMPTING))


def test_who_turns_out_unnecessary_stays() -> None:
    small = an_attempt("small", seq=9, preemptible=True)
    large = an_attempt("large", seq=8, slots=3, preemptible=True)
    view = a_view(small, large, a_job("n", slots=3), pool=a_pool(4, preemption=True))
    assert ["large"] == preempted(view)


def test_only_who_holds_what_lacks_leaves() -> None:
    pool = a_pool(8, preemption=True, devices=("0",))
    gpu = an_attempt("gpu", seq=8, devices=("0",), preemptible=True)
    view = a_view(gpu, an_attempt("cpu", seq=9, preemptible=True), a_job("n", gpus=1), pool=pool)
    assert ["gpu"] == preempted(view)


def test_what_is_promised_is_waited_for_and_counts_once() -> None:
    leaving = an_attempt("v", seq=8, priority=50, preemptible=True, stop_asked="pause", state=AttemptState.STOPPING)
    other = an_attempt("w", seq=7, priority=50, preemptible=True)
    view = a_view(leaving, other, a_job("n1", seq=1), pool=PREEMPTING)
    assert () == plan(view, NOW).decisions
    view.put(a_job("n2", seq=2))
    assert ["w"] == preempted(view)


def test_a_gap_is_filled_by_who_can_leave_at_once() -> None:
    running = an_attempt("a", seq=1)
    head = a_job("head", seq=2, slots=2)
    stuck, loose = a_job("stuck", seq=3), a_job("loose", seq=4, preemptible=True)
    view = a_view(running, head, stuck, loose, pool=PREEMPTING)
    found = plan(view, NOW)
    assert ["loose"] == started(found)
    assert (
        "Needs 1 slot; 0 free. head is ahead." == found.sentence(stuck)
        and "1 of 2 slots are used" not in found.sentence(stuck)
    )  # fmt: skip
    assert found.is_backfilled(an_attempt("loose", seq=4, preemptible=True))
    assert not found.is_backfilled(running)


def test_what_is_kept_for_the_head_is_no_gap() -> None:
    leaving = an_attempt("v", seq=8, priority=50, preemptible=True, stop_asked="preempt", state=AttemptState.STOPPING)
    view = a_view(leaving, a_job("head", slots=2), a_job("loose", seq=9, preemptible=True), pool=PREEMPTING)
    assert [] == started(view)


def test_a_promise_of_one_that_does_not_answer_is_none() -> None:
    silent = an_attempt("s", seq=9, stop_asked="cancel", state=AttemptState.STOPPING, seen=Seen.UNKNOWN)
    victim = an_attempt("v", seq=8, preemptible=True)
    view = a_view(silent, victim, a_job("n", seq=1), pool=PREEMPTING)
    assert ["v"] == preempted(view)
    view.put(replace(silent, seen=Seen.LIVE))
    assert [] == preempted(view)


def test_whose_time_is_up_is_promised_and_not_stopped_twice() -> None:
    late = an_attempt("late", seq=9, preemptible=True, deadline=NOW - 1)
    view = a_view(late, an_attempt("v", seq=8, preemptible=True), a_job("n", seq=1), pool=PREEMPTING)
    assert (Stop(JobId("late"), 1, "timeout"),) == plan(view, NOW).decisions
    view.put(a_job("m", seq=2))
    assert (Stop(JobId("late"), 1, "timeout"), Stop(JobId("v"), 1, "preempt")) == plan(view, NOW).decisions


class TestCheapest:
    """``victim: cheapest`` chooses within the worst priority only."""

    pool = a_pool(2, preemption=True, victim="cheapest")

    def leaves(self, *victims: ActiveAttempt) -> list[str]:
        return preempted(a_view(*victims, a_job("n", priority=1, user="ada"), pool=self.pool))

    def test_the_least_work_since_a_checkpoint_is_lost(self) -> None:
        fresh = an_attempt("fresh", seq=1, preemptible=True, created=NOW - 500, saved=NOW - 10)
        stale = an_attempt("stale", seq=2, preemptible=True, created=NOW - 500, saved=NOW - 400)
        assert ["fresh"] == self.leaves(fresh, stale)

    def test_a_dear_checkpoint_counts_too(self) -> None:
        dear = an_attempt("dear", seq=2, preemptible=True, created=NOW - 5, save_seconds=60.0)
        cheap = an_attempt("cheap", seq=1, preemptible=True, created=NOW - 30)
        assert ["cheap"] == self.leaves(dear, cheap)

    def test_a_trial_of_the_newcomers_own_user_goes_first(self) -> None:
        own = an_attempt("own", seq=1, preemptible=True, created=NOW - 900, user="ada", experiment="x")
        other = an_attempt("other", seq=2, preemptible=True, created=NOW, user="bob", experiment="y")
        assert ["own"] == self.leaves(own, other)

    def test_a_worse_priority_goes_before_all_that(self) -> None:
        worse = an_attempt("worse", seq=1, priority=60, preemptible=True, created=NOW - 9000)
        cheap = an_attempt("cheap", seq=2, preemptible=True, created=NOW)
        assert ["worse"] == self.leaves(worse, cheap)

    def test_equals_go_from_the_end(self) -> None:
        assert ["b"] == self.leaves(an_attempt("a", seq=1, preemptible=True), an_attempt("b", seq=2, preemptible=True))


class TestAging:
    """Each ``aging`` seconds of waiting count as one priority better, for the order of starts only."""

    pool = a_pool(1, aging=60.0, preemption=True)

    def test_who_waited_long_enough_passes_a_better_priority(self) -> None:
        young = a_job("young", seq=2, priority=40)
        for seconds, first in ((119, "young"), (180, "old")):
            old = a_job("old", seq=1, priority=42, waiting_since=NOW - seconds)
            assert [first] == started(a_view(old, young, pool=self.pool))

    def test_it_stops_nobody_of_a_better_priority(self) -> None:
        running = an_attempt("r", seq=2, priority=41, preemptible=True)
        old = a_job("old", seq=1, priority=42, waiting_since=NOW - 6000)
        assert [] == preempted(a_view(running, old, pool=self.pool))

    def test_who_came_past_a_job_is_not_stopped_by_it(self) -> None:
        passed = an_attempt("p", seq=1, priority=42, preemptible=True, waited=180.0)
        newcomer = a_job("n", seq=2, priority=40)
        assert [] == preempted(a_view(passed, newcomer, pool=self.pool))
        assert ["p"] == preempted(a_view(replace(passed, waited=0.0), newcomer, pool=self.pool))

    def test_the_next_step_is_when_to_look_again(self) -> None:
        view = a_view(an_attempt("r"), a_job("a", seq=1, priority=50, waiting_since=NOW - 10), pool=self.pool)
        assert plan(view, NOW).next_wake is None, "there is nobody to pass"
        view.put(a_job("b", seq=2, priority=1, waiting_since=NOW))
        assert NOW + 50 == plan(view, NOW).next_wake

    def test_it_never_becomes_better_than_the_best(self) -> None:
        old = a_job("old", seq=2, priority=99, waiting_since=NOW - 1e6)
        view = a_view(old, a_job("first", seq=1, priority=1), pool=self.pool)
        assert ["first"] == started(view)
        assert plan(view, NOW).sentence(old).endswith("By waiting it counts as priority 1.")

    def test_nobody_fills_a_gap_whose_start_would_lift_another_one_past_the_head(self) -> None:
        """The next plan would have the lifted one ahead of the head, and start it."""
        pool = a_pool(4, aging=60.0, preemption=True, devices=("0",))
        running = an_attempt("r", seq=0, devices=("0",))
        head = a_job("head", seq=9, priority=41, gpus=1)
        young = a_job("young", seq=1, priority=42, preemptible=True)
        old = a_job("old", seq=2, priority=42, cpus=1.0, waiting_since=NOW - 600)
        view = a_view(running, head, young, old, pool=pool)
        assert [] == started(view)
        view.put(replace(young, waiting_since=NOW - 600))
        assert ["young", "old"] == started(view)
