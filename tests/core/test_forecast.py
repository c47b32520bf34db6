"""When jobs start: examples that tell the rule, and properties that hold for every queue."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_training.core import forecast as forecasts
from jupyter_training.core.durations import Kin, Known
from jupyter_training.core.forecast import Start, Unknown, forecast
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import AttemptState, Desired, Seen
from jupyter_training.core.policy import ActiveAttempt, QueuedJob, QueueView
from jupyter_training.core.queue_front import front
from jupyter_training.core.resources import Allocation, Pool

NOW = Instant(10_000.0)
MINUTE = Known(Kin("minute", (60.0,) * 8))
VARIED = Known(Kin("varied", (30.0, 45.0, 60.0, 60.0, 90.0, 200.0)))


def a_job(name: str, seq: int = 0, *, slots: int = 1, priority: int = 42, unmet: int = 0) -> QueuedJob:
    return QueuedJob(
        JobId(name), name, "local", priority, f"{seq:03}", seq, slots, Desired.RUN, unmet=unmet, waiting_since=NOW
    )


def an_attempt(name: str, *, slots: int = 1, priority: int = 42, **more: object) -> ActiveAttempt:
    return ActiveAttempt(
        JobId(name),
        name,
        1,
        AttemptState.RUNNING,
        Seen.LIVE,
        Desired.RUN,
        Allocation("local", slots),
        None,
        priority=priority,
        **more,  # type: ignore[arg-type]
    )


def starts(
    *members: QueuedJob | ActiveAttempt,
    known: Mapping[str, Known] | None = None,
    after: Mapping[str, set[str]] | None = None,
    seed: int = 1,
    slots: int = 1,
    **pool: object,
) -> dict[str, Start | Unknown]:
    """``known``: what differs from a minute each."""
    view = QueueView({"local": Pool("local", "local", slots, **pool)})  # type: ignore[arg-type]
    for one in members:
        view.put(one)
    seen = front(view, "local")
    told = {job: (known or {}).get(job, MINUTE) for job in seen.jobs}
    waits = {JobId(job): {JobId(one) for one in others} for job, others in (after or {}).items()}
    return {**forecast(seen, told, waits, rng=random.Random(seed), now=NOW)}


def exactly(seconds: float) -> Start:
    return Start(pytest.approx(seconds), pytest.approx(seconds))  # type: ignore[arg-type]


def test_three_jobs_of_a_minute_take_turns_on_one_slot() -> None:
    found = starts(a_job("a", 1), a_job("b", 2), a_job("c", 3))
    assert {"a": Start(0.0, 0.0), "b": exactly(60), "c": exactly(120)} == found


def test_one_that_runs_has_only_its_rest_before_it() -> None:
    found = starts(an_attempt("runs"), a_job("a", 1), known={"runs": replace(MINUTE, done=45.0)})
    assert {"a": exactly(15)} == found


def test_progress_tells_more_than_history() -> None:
    found = starts(an_attempt("runs"), a_job("a", 1), known={"runs": replace(MINUTE, done=45.0, left=(200.0, 300.0))})
    told = found["a"]
    assert isinstance(told, Start)
    assert told.high is not None
    assert 200 <= told.low < told.high <= 300


def test_one_that_has_outlasted_all_history_takes_about_as_long_again() -> None:
    told = starts(an_attempt("runs"), a_job("a", 1), known={"runs": replace(MINUTE, done=600.0)})["a"]
    assert isinstance(told, Start)
    assert told.high is not None
    assert 60 < told.low < 600 < told.high < 6000


def test_history_that_varies_gives_a_range_that_grows_along_the_queue() -> None:
    jobs = [a_job(name, seq) for seq, name in enumerate("abcd")]
    found = [one for one in starts(*jobs, known=dict.fromkeys("abcd", VARIED)).values() if isinstance(one, Start)]
    widths = [one.high - one.low for one in found if one.high is not None]
    assert 0 == widths[0] < widths[1] < widths[3]


def test_who_makes_room_saves_first_and_goes_on_later_after_its_restore() -> None:
    victim = an_attempt("big", priority=60, preemptible=True, saved=NOW, save_seconds=10.0)
    known = {"big": Known(Kin("big", (1000.0,) * 8), done=400.0, keeps=True, restore=30.0)}
    found = starts(victim, a_job("urgent", 1, priority=1), a_job("last", 2, priority=70), known=known, preemption=True)
    urgent, last = found["urgent"], found["last"]
    assert isinstance(urgent, Start)
    assert isinstance(last, Start)
    assert urgent.high is not None
    assert 0 <= urgent.low <= urgent.high <= 13
    # It makes room for a minute, reads its checkpoint, and does the 600 seconds that were left.
    assert last.low == pytest.approx(60 + 30 + 600, abs=13)


def test_who_makes_room_without_a_checkpoint_begins_anew() -> None:
    known = {"big": Known(Kin("big", (1000.0,) * 8), done=400.0)}
    victim = an_attempt("big", priority=60, preemptible=True)
    found = starts(victim, a_job("urgent", 1, priority=1), a_job("last", 2, priority=70), known=known, preemption=True)
    assert exactly(60 + 1000) == found["last"]


def test_one_that_can_not_make_room_yet_does_once_its_like_had_a_checkpoint() -> None:
    known = {"big": Known(Kin("big", (1000.0,) * 8), done=100.0, saves_after=300.0)}
    found = starts(an_attempt("big", priority=60), a_job("urgent", 1, priority=1), known=known, preemption=True)
    assert exactly(200) == found["urgent"]


def test_a_job_starts_after_what_it_waits_for() -> None:
    jobs = (a_job("first", 1), a_job("then", 2, unmet=1), a_job("beside", 3))
    found = starts(*jobs, after={"then": {"first"}}, slots=2)
    assert {"first": Start(0.0, 0.0), "then": exactly(60), "beside": Start(0.0, 0.0)} == found


def test_a_job_after_one_that_is_nowhere_in_the_queue_is_not_told() -> None:
    found = starts(a_job("then", 2, unmet=1), after={"then": {"paused"}})
    assert {"then": Unknown(forecasts.AFTER_OTHERS)} == found


def test_behind_one_without_history_nothing_is_told_and_beside_it_all() -> None:
    first, second, third = a_job("new", 1), a_job("beside", 2), a_job("both", 3, slots=2)
    found = starts(first, second, third, known={"new": Known()}, slots=2)
    assert {
        "new": Start(0.0, 0.0),
        "beside": Start(0.0, 0.0),
        "both": Unknown("no history yet"),
    } == found


def test_a_job_without_slots_starts_at_once_and_holds_up_nobody() -> None:
    found = starts(an_attempt("runs"), a_job("driver", 1, slots=0), a_job("a", 2), known={"driver": Known()})
    assert {"driver": Start(0.0, 0.0), "a": exactly(60)} == found


def test_one_that_is_too_big_is_told_so_and_others_go_past_it() -> None:
    found = starts(a_job("big", 1, slots=3), a_job("a", 2), a_job("b", 3))
    assert {"big": Unknown(forecasts.TOO_BIG), "a": Start(0.0, 0.0), "b": exactly(60)} == found


def test_no_answer_from_where_a_job_runs_is_no_end() -> None:
    found = starts(replace(an_attempt("runs"), seen=Seen.UNKNOWN), a_job("a", 1))
    assert {"a": Unknown(forecasts.NO_ANSWER)} == found


def test_one_that_is_being_canceled_leaves_at_once() -> None:
    leaving = replace(an_attempt("runs", save_seconds=4.0), desired=Desired.CANCEL, stop_asked="cancel")
    told = starts(leaving, a_job("a", 1))["a"]
    assert isinstance(told, Start)
    assert told.high is not None
    assert told.high <= 6


def test_only_the_front_of_a_long_queue_is_looked_at() -> None:
    found = starts(*(a_job(f"job-{seq:03}", seq) for seq in range(150)))
    assert [f"job-{seq:03}" for seq in range(100)] == list(found)


def test_where_each_has_a_share_a_late_comer_is_told_in_front_of_a_long_sweep() -> None:
    sweep = [replace(a_job(f"trial-{seq:03}", seq), experiment="sweep") for seq in range(150)]
    found = starts(*sweep, a_job("late", 150), policy="fair_share", slots=2)
    assert Start(0.0, 0.0) == found["late"]
    assert 100 == len(found)


def test_a_forecast_is_bounded_in_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    made = 0
    plan = forecasts.plan

    def counted(view: QueueView, now: Instant) -> object:
        nonlocal made
        made += 1
        return plan(view, now)

    monkeypatch.setattr(forecasts, "plan", counted)
    jobs = [a_job(f"job-{seq:03}", seq, slots=1 + seq % 2) for seq in range(100)]
    found = starts(*jobs, known={job.id: VARIED for job in jobs}, slots=3, preemption=True)
    assert 100 == sum(isinstance(one, Start) for one in found.values())
    assert made <= 900


MEMBERS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 3), st.sampled_from(["minute", "varied", "unknown"]), st.booleans()),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(MEMBERS, st.integers(1, 4), st.booleans(), st.sampled_from(["priority", "fair_share"]), st.integers(0, 99))
def test_ranges_are_ordered_and_the_same_for_the_same_seed(
    drawn: list[tuple[int, int, str, bool]], slots: int, preemption: bool, policy: str, seed: int
) -> None:
    kinds = {"minute": MINUTE, "varied": VARIED, "unknown": Known()}
    members: list[QueuedJob | ActiveAttempt] = []
    used = 0
    for seq, (need, priority, _, runs) in enumerate(drawn):
        if runs and used + need <= slots:
            used += need
            members.append(an_attempt(f"job-{seq}", slots=need, priority=priority, preemptible=True, seq=seq))
        else:
            members.append(a_job(f"job-{seq}", seq, slots=need, priority=priority))
    known = {f"job-{seq}": kinds[kind] for seq, (_, _, kind, _) in enumerate(drawn)}
    found = starts(*members, known=known, slots=slots, seed=seed, preemption=preemption, policy=policy)
    assert {one.id for one in members if isinstance(one, QueuedJob)} == set(found)
    for one in found.values():
        assert isinstance(one, Unknown) or 0 <= one.low <= (one.low if one.high is None else one.high)
    again = starts(*members, known=known, slots=slots, seed=seed, preemption=preemption, policy=policy)
    assert found == again


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["minute", "varied"]), min_size=2, max_size=10), st.integers(1, 3), st.integers(0, 99))
def test_equal_jobs_start_in_their_order(kinds: list[str], slots: int, seed: int) -> None:
    jobs = [a_job(f"job-{seq}", seq) for seq in range(len(kinds))]
    known = {f"job-{seq}": {"minute": MINUTE, "varied": VARIED}[kind] for seq, kind in enumerate(kinds)}
    found = starts(*jobs, known=known, slots=slots, seed=seed)
    told = [one for one in (found[job.id] for job in jobs) if isinstance(one, Start)]
    assert len(jobs) == len(told)
    for earlier, later in itertools.pairwise(told):
        assert earlier.low <= later.low
        assert earlier.high is not None
        assert later.high is not None
        assert earlier.high <= later.high
