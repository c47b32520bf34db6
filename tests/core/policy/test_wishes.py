"""The planner: examples that tell the rule, and properties that hold for every queue."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import AttemptState, Desired, Seen
from jupyter_training.core.policy import ActiveAttempt, Finish, QueuedJob, QueueView, Start, Stop, plan
from jupyter_training.core.resources import Allocation, Pool

NOW = Instant(1000.0)


def a_job(name: str, *, seq: int = 0, slots: int = 1, priority: int = 42, desired: Desired = Desired.RUN) -> QueuedJob:
    return QueuedJob(JobId(name), name, "local", priority, float(seq), seq, slots, desired)


def an_attempt(
    name: str,
    *,
    slots: int = 1,
    desired: Desired = Desired.RUN,
    state: AttemptState = AttemptState.RUNNING,
    stop_asked: str | None = None,
    deadline: float | None = None,
    seen: Seen = Seen.LIVE,
) -> ActiveAttempt:
    return ActiveAttempt(
        JobId(name),
        name,
        1,
        state,
        seen,
        desired,
        Allocation("local", slots),
        stop_asked,  # type: ignore[arg-type]
        Instant(deadline) if deadline is not None else None,
    )


def a_view(*members: QueuedJob | ActiveAttempt, slots: int = 2) -> QueueView:
    return QueueView(
        {"local": Pool("local", "local", slots)},
        [one for one in members if isinstance(one, QueuedJob)],
        [one for one in members if isinstance(one, ActiveAttempt)],
    )


def started(view: QueueView) -> list[str]:
    return [decision.job for decision in plan(view, NOW).decisions if isinstance(decision, Start)]


def test_jobs_start_in_the_order_of_priority_then_submission() -> None:
    view = a_view(a_job("c", seq=3), a_job("b", seq=2), a_job("urgent", seq=4, priority=1), slots=2)
    assert ["urgent", "b"] == started(view)


def test_a_large_head_is_not_overtaken() -> None:
    view = a_view(an_attempt("a"), a_job("large", seq=1, slots=2), a_job("small", seq=2))
    assert [] == started(view)


def test_a_job_without_slots_starts_beside_everything() -> None:
    view = a_view(an_attempt("a", slots=2), a_job("head", seq=1), a_job("driver", seq=2, slots=0))
    assert ["driver"] == started(view)


def test_a_stopping_attempt_holds_its_slots() -> None:
    view = a_view(
        an_attempt("a", desired=Desired.CANCEL, state=AttemptState.STOPPING, stop_asked="cancel"), a_job("b"), slots=1
    )
    assert () == plan(view, NOW).decisions


def test_an_unknown_attempt_holds_its_slots() -> None:
    view = a_view(an_attempt("a", seen=Seen.UNKNOWN), a_job("b"), slots=1)
    assert () == plan(view, NOW).decisions


def test_a_waiting_job_that_is_canceled_ends_without_running() -> None:
    view = a_view(a_job("a", desired=Desired.CANCEL))
    assert (Finish(JobId("a"), "cancel"),) == plan(view, NOW).decisions


def test_a_kill_follows_a_cancel_that_was_asked_before() -> None:
    view = a_view(an_attempt("a", desired=Desired.KILL, stop_asked="cancel"))
    assert (Stop(JobId("a"), 1, "kill"),) == plan(view, NOW).decisions


def test_an_attempt_past_its_deadline_is_stopped() -> None:
    view = a_view(an_attempt("a", deadline=NOW - 1))
    assert (Stop(JobId("a"), 1, "timeout"),) == plan(view, NOW).decisions


def test_the_next_deadline_is_when_to_look_again() -> None:
    view = a_view(an_attempt("a", deadline=NOW + 60), an_attempt("b", deadline=NOW + 30))
    assert NOW + 30 == plan(view, NOW).next_wake


def test_the_head_of_the_queue_is_told_who_holds_the_slots() -> None:
    head = a_job("head", seq=1, slots=2)
    blocked = plan(a_view(an_attempt("mnist"), head), NOW).blocked["local"]
    assert "1 of 2 slots are used by mnist; it needs 2." == blocked.sentence(head)


def test_who_stands_behind_is_told_who_is_ahead() -> None:
    behind = a_job("behind", seq=2)
    blocked = plan(a_view(an_attempt("a", slots=2), a_job("head", seq=1), behind), NOW).blocked["local"]
    assert "Needs 1 slot; 0 free. head is ahead." == blocked.sentence(behind)


members = st.lists(
    st.one_of(
        st.builds(
            lambda number, slots, priority, desired: a_job(
                f"q{number}", seq=number, slots=slots, priority=priority, desired=desired
            ),
            st.integers(0, 40),
            st.integers(0, 3),
            st.sampled_from([1, 42, 99]),
            st.sampled_from([Desired.RUN, Desired.RUN, Desired.CANCEL, Desired.KILL]),
        ),
        st.builds(
            lambda number, slots, desired: an_attempt(f"a{number}", slots=slots, desired=desired),
            st.integers(0, 5),
            st.integers(0, 2),
            st.sampled_from(list(Desired)),
        ),
    ),
    max_size=12,
    unique_by=lambda one: one.name,
)


@given(members, st.integers(1, 6))
def test_capacity_is_never_exceeded(queue: list[QueuedJob | ActiveAttempt], slots: int) -> None:
    view = a_view(*queue, slots=slots)
    held = sum(one.allocation.slots for one in queue if isinstance(one, ActiveAttempt))
    given_out = sum(one.allocation.slots for one in plan(view, NOW).decisions if isinstance(one, Start))
    assert given_out == 0 or held + given_out <= slots


@given(members, st.integers(1, 6), st.randoms(use_true_random=False))
def test_the_order_of_the_view_does_not_matter(
    queue: list[QueuedJob | ActiveAttempt], slots: int, rng: random.Random
) -> None:
    shuffled = list(queue)
    rng.shuffle(shuffled)
    assert plan(a_view(*queue, slots=slots), NOW) == plan(a_view(*shuffled, slots=slots), NOW)


@given(members, st.integers(1, 6))
def test_planning_again_after_acting_yields_nothing(queue: list[QueuedJob | ActiveAttempt], slots: int) -> None:
    decisions = plan(a_view(*queue, slots=slots), NOW).decisions
    assert () == plan(a_view(*_acted(queue, decisions), slots=slots), NOW).decisions


@given(members, st.integers(1, 6))
def test_every_waiting_job_has_a_sentence(queue: list[QueuedJob | ActiveAttempt], slots: int) -> None:
    found = plan(a_view(*queue, slots=slots), NOW)
    done = {one.job for one in found.decisions if not isinstance(one, Stop)}
    for one in queue:
        if isinstance(one, QueuedJob) and one.id not in done:
            assert found.blocked[one.pool].sentence(one).endswith(".")


def _acted(queue: list[QueuedJob | ActiveAttempt], decisions: tuple[object, ...]) -> list[QueuedJob | ActiveAttempt]:
    """The queue once the decisions have been carried out and before anything has ended."""
    by_job = {decision.job: decision for decision in decisions}  # type: ignore[attr-defined]
    after: list[QueuedJob | ActiveAttempt] = []
    for one in queue:
        decision = by_job.get(one.id if isinstance(one, QueuedJob) else one.job)
        if isinstance(decision, Finish):
            continue
        if isinstance(decision, Start) and isinstance(one, QueuedJob):
            after.append(replace(an_attempt(one.name, slots=one.slots), state=AttemptState.LAUNCHING))
        elif isinstance(decision, Stop) and isinstance(one, ActiveAttempt):
            after.append(replace(one, stop_asked=decision.how, state=AttemptState.STOPPING))
        else:
            after.append(one)
    return after
