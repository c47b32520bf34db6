"""The view: the same by whatever changes it came to be, with the place of each job in it."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nextafter

from hypothesis import given
from hypothesis import strategies as st

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import Desired
from jupyter_training.core.policy import ActiveAttempt, QueuedJob, QueueView, Stop, aged, plan
from jupyter_training.core.policy.aging import next_change
from tests.core.policy.builders import NOW, a_job, a_pool, a_view, an_attempt

POOLS = {
    "local": a_pool(4, preemption=True, devices=("0", "1"), aging=30.0),
    "fair": a_pool(6, name="fair", policy="fair_share", preemption=True, devices=("1", "2")),
}
ids = st.sampled_from([f"j{n}" for n in range(12)])


@st.composite
def members(draw: st.DrawFn) -> QueuedJob | ActiveAttempt:
    name = draw(ids)
    seq = int(name[1:])
    pool = draw(st.sampled_from(["local", "fair", "gone"]))
    slots = draw(st.integers(0, 3))
    desired = draw(st.sampled_from([Desired.RUN, Desired.RUN, Desired.PAUSE, Desired.CANCEL]))
    experiment = draw(st.sampled_from([None, "x", "y"]))
    if draw(st.booleans()):
        devices = draw(st.sampled_from([(), ("0",), ("1",)])) if pool == "local" else ()
        return an_attempt(
            name,
            seq=seq,
            slots=slots,
            pool=pool,
            devices=devices,
            desired=desired,
            experiment=experiment,
            preemptible=draw(st.booleans()),
            deadline=draw(st.sampled_from([None, None, NOW - 1, NOW + 9])),
        )
    return a_job(
        name,
        seq=seq,
        slots=slots,
        pool=pool,
        desired=desired,
        experiment=experiment,
        preemptible=draw(st.booleans()),
        waiting_since=NOW - draw(st.sampled_from([0, 40, 100])),
        held=draw(st.sampled_from([False, False, True])),
        gpus=draw(st.sampled_from([0, 0, 1])),
        max_slots=draw(st.sampled_from([None, 2])),
    )


@given(st.lists(st.one_of(members(), ids), max_size=40), st.booleans())
def test_it_is_the_same_by_whatever_changes_it_came_to_be(
    changes: list[QueuedJob | ActiveAttempt | str], pools_come_late: bool
) -> None:
    view = QueueView({} if pools_come_late else POOLS)
    known: dict[JobId, QueuedJob | ActiveAttempt] = {}
    for change in changes:
        if isinstance(change, str):
            view.drop(JobId(change))
            known.pop(JobId(change), None)
        else:
            view.put(change)
            known[change.id] = change
    view.pools = POOLS
    scratch = QueueView(POOLS)
    for one in sorted(known.values(), key=lambda one: one.id):
        scratch.put(one)
    assert plan(scratch, NOW) == plan(view, NOW)
    for pool in ("local", "fair", "gone"):
        expected = _order(known.values(), pool)  # type: ignore[arg-type]
        assert expected == view.order(pool) == scratch.order(pool)
        assert len(expected) == view.length(pool)
        assert list(range(len(expected))) == [view.ahead(job_id) for job_id in expected]
        assert expected[2:5] == view.order(pool, 2, 3)
    assert {one.id for one in known.values() if isinstance(one, ActiveAttempt)} == {one.id for one in view.active}
    assert {one.id for one in known.values() if isinstance(one, QueuedJob)} == {one.id for one in view.queued}


def test_what_is_paused_or_unknown_has_no_place() -> None:
    view = a_view(a_job("a", held=True), a_job("b", desired=Desired.PAUSE), a_job("c", unmet=1))
    assert (["c"], None, None) == (view.order("local"), view.ahead(JobId("a")), view.ahead(JobId("nobody")))


def test_times_that_are_known_better_replace_those_that_were_put() -> None:
    view = a_view(an_attempt("a", deadline=NOW - 1))
    view.set_times(JobId("a"), deadline=Instant(NOW + 5), hang_at=Instant(NOW + 3))
    assert ((), NOW + 3) == (plan(view, NOW).decisions, plan(view, NOW).next_wake)
    view.pools = {"local": a_pool(3)}
    assert NOW + 3 == plan(view, NOW).next_wake, "other pools change no times"
    view.set_times(JobId("a"), deadline=None, hang_at=Instant(NOW))
    assert (Stop(JobId("a"), 1, "hang"),) == plan(view, NOW).decisions
    view.set_times(JobId("a"), deadline=None, hang_at=None)
    assert None is plan(view, NOW).next_wake


def test_one_that_starts_leaves_the_line_and_comes_back_to_its_place() -> None:
    first, second = a_job("a", seq=1), a_job("b", seq=2)
    view = a_view(first, second, slots=0)
    view.put(an_attempt("a", seq=1))
    assert (["a", "b"], 0) == (view.order("local"), view.ahead(JobId("a")))
    view.put(replace(first, waiting_since=NOW))
    assert ["a", "b"] == view.order("local")


@given(st.integers(1, 99), st.floats(0, 2e9), st.floats(0.001, 1e6), st.floats(0, 1e7))
def test_the_next_step_of_aging_is_the_first_moment_of_a_better_priority(
    priority: int, since: float, aging: float, waited: float
) -> None:
    now = Instant(since + waited)
    moment = next_change(priority, Instant(since), aging, now)
    current = aged(priority, now - since, aging)
    if moment is None:
        assert 1 == current
        return
    assert moment > now
    assert aged(priority, moment - since, aging) < current
    before = nextafter(max(now, moment - max(1e-6, aging * 1e-6)), -inf)
    assert aged(priority, before - since, aging) >= current


def _order(known: list[QueuedJob | ActiveAttempt], pool: str) -> list[JobId]:
    def is_shown(one: QueuedJob | ActiveAttempt) -> bool:
        return isinstance(one, ActiveAttempt) or not (one.held or one.desired is Desired.PAUSE)

    return [one.id for one in sorted(known, key=lambda one: one.order) if one.pool == pool and is_shown(one)]
