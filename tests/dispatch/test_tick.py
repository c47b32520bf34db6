"""The real tick over a real store, with time and engine in the test's hands."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import TERMINAL, AttemptState, EndReason, JobState, Phase, Seen, Verb, legal, phase
from jupyter_training.errors import StaleEpoch, TrainingError
from jupyter_training.seams.backend import End, LaunchOrder
from jupyter_training.store import facts, verbs, views
from jupyter_training.testing.scripted_backend import Script
from tests.dispatch.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "home")


def test_a_job_goes_from_wish_to_success(stage: Stage) -> None:
    job = stage.submit("digits")
    stage.settle()
    assert JobState.SUCCEEDED is stage.job(job).state
    assert EndReason.COMPLETED is stage.job(job).reason
    assert [1] == [attempt.number for attempt in stage.attempts(job)]


def test_no_more_jobs_run_than_there_are_slots(stage: Stage) -> None:
    jobs = [stage.submit(f"j{number}") for number in range(5)]
    stage.tick()
    assert {"j0", "j1"} == stage.running()
    stage.settle()
    assert stage.all_ended(jobs)


def test_what_failed_is_told_with_its_sentence(stage: Stage) -> None:
    stage.scripts["bad"] = Script(ends=End(EndReason.ERROR, "Failed: ValueError at cell 4.", exit_code=1))
    job = stage.submit("bad")
    stage.settle()
    assert (JobState.FAILED, "Failed: ValueError at cell 4.") == (stage.job(job).state, stage.job(job).detail)


def test_a_waiting_job_that_is_canceled_never_runs(stage: Stage) -> None:
    stage.submit("a", slots=2)
    waiting = stage.submit("b")
    stage.tick()
    stage.wish(waiting, Verb.CANCEL)
    stage.tick()
    assert JobState.CANCELED is stage.job(waiting).state
    assert () == stage.attempts(waiting)


def test_a_waiting_job_that_is_canceled_leaves_no_secret_values(stage: Stage) -> None:
    stage.submit("a", slots=2)
    waiting = stage.submit("b")
    kept = stage.settings.secrets_file(stage.job(waiting).key)
    kept.parent.mkdir()
    kept.write_text("{}")
    stage.tick()
    assert kept.exists()
    stage.wish(waiting, Verb.CANCEL)
    stage.tick()
    assert not kept.exists()


def test_a_running_job_that_is_canceled_ends_canceled(stage: Stage) -> None:
    stage.scripts["a"] = Script(runs=1_000, obeys_after=5)
    job = stage.submit("a")
    stage.tick()
    stage.wish(job, Verb.CANCEL)
    stage.tick(1)
    assert Phase.STOPPING is phase(stage.job(job), stage.attempts(job)[-1])
    stage.tick(5)
    assert (JobState.CANCELED, EndReason.CANCELED) == (stage.job(job).state, stage.job(job).reason)


def test_a_kill_does_not_wait_for_a_cancel(stage: Stage) -> None:
    stage.scripts["a"] = Script(runs=1_000, obeys_after=500)
    job = stage.submit("a")
    stage.tick()
    stage.wish(job, Verb.CANCEL)
    stage.tick(1)
    stage.wish(job, Verb.KILL)
    stage.tick(1)
    stage.tick(1)
    assert EndReason.KILLED is stage.job(job).reason


def test_a_time_limit_ends_a_job(stage: Stage) -> None:
    stage.scripts["a"] = Script(runs=1_000)
    job = stage.submit("a", timeout=60.0)
    first = stage.tick()
    assert not first.changed or first.next_wake is None or first.next_wake > stage.clock.boot()
    stage.tick(30)
    assert JobState.RUNNING is stage.job(job).state
    stage.tick(31)
    stage.tick(1)
    assert (JobState.FAILED, EndReason.TIMEOUT) == (stage.job(job).state, stage.job(job).reason)


@pytest.mark.parametrize("jump", [86_400.0, -86_400.0])
def test_a_clock_that_jumps_changes_no_time_limit(stage: Stage, jump: float) -> None:
    stage.scripts["a"] = Script(runs=1_000)
    job = stage.submit("a", timeout=60.0)
    stage.tick()
    stage.tick(1)
    stage.clock.jump(jump)
    stage.tick(50)
    assert JobState.RUNNING is stage.job(job).state
    stage.tick(12)
    stage.tick(1)
    assert EndReason.TIMEOUT is stage.job(job).reason


def test_a_successor_knows_how_long_an_attempt_has_run_though_the_clock_has_jumped(stage: Stage) -> None:
    stage.scripts["a"] = Script(runs=1_000)
    job = stage.submit("a", timeout=60.0)
    stage.tick()
    stage.tick(1)
    stage.clock.jump(-86_400.0)
    stage.succeed()
    stage.tick(50)
    assert JobState.RUNNING is stage.job(job).state
    stage.tick(12)
    stage.tick(1)
    assert EndReason.TIMEOUT is stage.job(job).reason


def test_silence_is_not_death(stage: Stage) -> None:
    stage.scripts["a"] = Script(runs=100, silent=((10, 50),))
    job = stage.submit("a", slots=2)
    waiting = stage.submit("b", slots=1)
    stage.tick()
    stage.tick(20)
    assert Seen.UNKNOWN is stage.attempts(job)[-1].seen
    assert Phase.UNKNOWN is phase(stage.job(job), stage.attempts(job)[-1])
    assert {"a"} == stage.running()
    stage.tick(40)
    assert Seen.LIVE is stage.attempts(job)[-1].seen
    stage.settle()
    assert JobState.SUCCEEDED is stage.job(waiting).state


def test_a_launch_that_never_began_is_made_again_but_not_for_ever(stage: Stage) -> None:
    stage.scripts["a"] = Script(runs=0, ends=End(EndReason.NOT_BEGUN))
    job = stage.submit("a")
    stage.settle()
    assert JobState.FAILED is stage.job(job).state
    assert 4 == len(stage.attempts(job))


def test_ticking_again_changes_nothing(stage: Stage) -> None:
    for number in range(5):
        stage.submit(f"j{number}")
    stage.tick()
    stage.tick()  # sees that what it launched runs
    head = views.head(stage.store)
    stage.tick()
    stage.tick()
    assert head == views.head(stage.store)


def test_a_successor_goes_on_where_the_first_left(stage: Stage) -> None:
    jobs = [stage.submit(f"j{number}") for number in range(3)]
    stage.tick()
    stage.succeed()
    stage.settle()
    assert stage.all_ended(jobs)
    assert {1} == set(stage.backend.launches.values())


def test_the_first_can_write_nothing_once_it_has_a_successor(stage: Stage) -> None:
    stage.submit("a")
    old, epoch = stage.ticker, stage.epoch
    stage.succeed()
    with pytest.raises(StaleEpoch):
        old.tick(epoch)


def test_a_waiting_job_is_paused_at_once_and_goes_on_when_activated(stage: Stage) -> None:
    stage.submit("a", slots=2)
    waiting = stage.submit("b")
    stage.tick()
    stage.wish(waiting, Verb.PAUSE)
    stage.tick(20)
    assert (JobState.PAUSED, ()) == (stage.job(waiting).state, stage.attempts(waiting))
    stage.wish(waiting, Verb.ACTIVATE)
    stage.settle()
    assert JobState.SUCCEEDED is stage.job(waiting).state


def test_a_paused_job_keeps_no_dispatcher_alive_unless_it_is_to_be_stopped(stage: Stage) -> None:
    job = stage.submit("waiting", slots=0)
    stage.wish(job, Verb.PAUSE)
    assert not stage.tick().busy
    stage.wish(job, Verb.CANCEL)
    stage.tick()
    assert JobState.CANCELED is stage.job(job).state


def test_a_paused_job_holds_no_slot_and_nobody_starts_it(stage: Stage) -> None:
    stage.scripts["a"] = Script(runs=100, obeys_after=5)
    job, other = stage.submit("a", slots=2), stage.submit("b", slots=2)
    stage.tick()
    stage.wish(job, Verb.PAUSE, discard=True)
    stage.tick(1)
    assert Phase.PAUSING is phase(stage.job(job), stage.attempts(job)[-1])
    assert {"a"} == stage.running()
    stage.tick(5)
    stage.tick(1)
    assert (JobState.PAUSED, {"b"}) == (stage.job(job).state, stage.running())
    stage.tick(20)
    stage.tick(20)
    assert (JobState.PAUSED, JobState.SUCCEEDED) == (stage.job(job).state, stage.job(other).state)


def test_what_is_activated_while_it_is_being_paused_goes_on(stage: Stage) -> None:
    stage.scripts["a"] = Script(runs=100, obeys_after=5)
    job = stage.submit("a")
    stage.tick()
    stage.wish(job, Verb.PAUSE, discard=True)
    stage.tick(1)
    stage.wish(job, Verb.ACTIVATE)
    stage.tick(5)
    stage.tick(1)
    first, _ = stage.attempts(job)
    assert (EndReason.PAUSED, JobState.RUNNING) == (first.reason, stage.job(job).state)


def test_pauses_before_the_code_began_cost_no_try(stage: Stage) -> None:
    stage.scripts["a"] = Script(starts_after=1_000)
    job = stage.submit("a")
    for _ in range(6):
        stage.ticker._actor._launch = lambda *_: None  # type: ignore[method-assign]  # killed right before it
        stage.tick()
        stage.succeed()
        stage.wish(job, Verb.PAUSE, discard=True)
        stage.tick()
        stage.tick()
        assert JobState.PAUSED is stage.job(job).state
        stage.wish(job, Verb.ACTIVATE)
    stage.scripts["a"] = Script()
    stage.settle()
    assert JobState.SUCCEEDED is stage.job(job).state


def test_a_stop_that_a_dispatcher_noted_is_asked_for_by_the_next(stage: Stage) -> None:
    for how in (Verb.PAUSE, Verb.CANCEL, Verb.KILL):
        name = how.value
        stage.scripts[name] = Script(runs=1_000)
        job = stage.submit(name, slots=0)
        stage.tick()
        stage.wish(job, how, discard=how is Verb.PAUSE)
        stop, stage.backend.stop = stage.backend.stop, lambda *_: None  # type: ignore[method-assign]  # killed before
        stage.tick()
        stage.backend.stop = stop  # type: ignore[method-assign]
        assert "discard" if how is Verb.PAUSE else name == stage.attempts(job)[-1].stop_asked
        stage.succeed()
        stage.tick()
        stage.tick()
        ends = {Verb.PAUSE: EndReason.PAUSED, Verb.CANCEL: EndReason.CANCELED, Verb.KILL: EndReason.KILLED}
        assert ends[how] is stage.attempts(job)[-1].reason


def test_a_retry_waits_behind_nobody_and_counts(stage: Stage) -> None:
    stage.scripts["a"] = Script(runs=1, ends=End(EndReason.ERROR, exit_code=1))
    job = stage.submit("a", retries={"max": 2, "on": ["error"]})
    stage.settle()
    assert (JobState.FAILED, 2, 3) == (stage.job(job).state, stage.job(job).retries_used, len(stage.attempts(job)))


def test_secrets_stay_until_nobody_needs_them_again(stage: Stage) -> None:
    stage.scripts["a"] = Script(runs=5, ends=End(EndReason.ERROR, exit_code=1))
    job = stage.submit("a", retries={"max": 1, "on": ["error"]})
    kept = stage.settings.secrets_file(stage.job(job).key)
    kept.parent.mkdir()
    kept.write_text("{}")
    stage.tick()
    stage.tick(6)
    assert 2 == stage.job(job).attempt
    stage.wish(job, Verb.PAUSE, discard=True)
    stage.tick()
    stage.tick()
    assert (JobState.PAUSED, True) == (stage.job(job).state, kept.exists())
    stage.wish(job, Verb.ACTIVATE)
    stage.settle()
    assert (JobState.FAILED, False) == (stage.job(job).state, kept.exists())


def test_a_retry_that_comes_between_an_end_and_its_tidying_keeps_its_values(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.scripts["a"] = Script(runs=1, ends=End(EndReason.ERROR, exit_code=1))
    job = stage.submit("a")
    kept = stage.settings.secrets_file(stage.job(job).key)
    kept.parent.mkdir()
    kept.write_text("old")
    tell = facts.ended
    retried: list[Job | TrainingError] = []

    def ended(*how: Any, **more: Any) -> Job:
        after = tell(*how, **more)
        if not retried:
            retried.extend(verbs.wish(stage.store, [job], Verb.RETRY, now=stage.clock.now(), settle=settle))
        return after

    def settle(job: Job) -> None:
        kept.write_text("new")

    monkeypatch.setattr(facts, "ended", ended)
    stage.tick()
    stage.tick(2)
    assert (1, JobState.RUNNING, "new") == (stage.job(job).generation, stage.job(job).state, kept.read_text())
    stage.settle()
    assert (JobState.FAILED, False) == (stage.job(job).state, kept.exists())


ENDS = [
    End(EndReason.COMPLETED, exit_code=0),
    End(EndReason.ERROR, exit_code=1),
    End(EndReason.NOT_BEGUN),
    End(EndReason.PREEMPTED),
    End(EndReason.LOST),
    End(EndReason.TIMEOUT),
]


@pytest.mark.parametrize("seed", range(20))
def test_seeded_stories_end_well(tmp_path: Path, seed: int) -> None:
    """Arrivals, stops, pauses, retries, silences, dispatchers that are replaced, in any order: every promise holds."""
    rng = random.Random(seed)
    scripts: dict[tuple[str, int], Script] = {}

    def script(order: LaunchOrder) -> Script:
        """Each attempt has its own; what made room for others, or never began, does not do so for ever."""
        ends = ENDS if order.ref.number < 4 else [one for one in ENDS if one.reason is not EndReason.PREEMPTED]
        start = rng.uniform(0, 10)
        return scripts.setdefault(
            (order.ref.job, order.ref.number),
            Script(
                runs=rng.uniform(0, 30),
                starts_after=rng.uniform(0, 2),
                obeys_after=rng.uniform(0, 10),
                silent=((start, start + rng.uniform(0, 8)),) if rng.random() < 0.3 else (),
                ends=rng.choice(ends),
            ),
        )

    stage = Stage(tmp_path / "home", slots=rng.randint(1, 4), script=script)
    slots: dict[JobId, int] = {}
    for step in range(60):
        if rng.random() < 0.35:
            need = rng.randint(0, 1) if rng.random() < 0.8 else 1
            retries = {"max": rng.randint(0, 3), "on": rng.sample(["error", "lost", "timeout", "preempted"], 2)}
            job = stage.submit(f"j{step}", slots=need, priority=rng.choice([1, 42, 99]), retries=retries)
            slots[job] = need
        if slots and rng.random() < 0.3:
            job = rng.choice(list(slots))
            verbs_now = [verb for verb in legal(stage.job(job)) if verb is not Verb.DELETE]
            if verbs_now:
                stage.wish(job, rng.choice(verbs_now), discard=True)
        if rng.random() < 0.1:
            stage.succeed()
        if rng.random() < 0.05:
            stage.clock.jump(rng.uniform(-3600, 3600))
        stage.tick(rng.uniform(0, 5))
        live = stage.backend.slots_in_use()
        assert sum(slots[job] for job, _ in live) <= views.pools(stage.store)["local"].slots
        assert len(live) == len({job for job, _ in live}), "no job runs twice at once"
        attempts = views.attempts(stage.store, list(slots))
        for found in views.jobs(stage.store, list(slots)):
            is_live = any(one.state is not AttemptState.ENDED for one in attempts.get(found.id, ()))
            assert is_live is (found.state is JobState.RUNNING)
            assert found.retries_used <= found.spec.retries.max
    for _ in range(100):
        found_now = views.jobs(stage.store, list(slots))
        for job in found_now:
            if job.state is JobState.PAUSED:
                stage.wish(job.id, Verb.ACTIVATE)
        if all(job.state in TERMINAL for job in found_now):
            break
        stage.tick(5)
    assert stage.all_ended(list(slots))
    assert set(stage.backend.launches.values()) <= {1}
    for job_id, found_attempts in views.attempts(stage.store, list(slots)).items():
        if found_attempts[-1].reason is EndReason.COMPLETED:
            assert JobState.SUCCEEDED is stage.job(job_id).state
    numbers = [change.n for change in views.changes(stage.store, 0, 100_000).changes]
    assert numbers == sorted(set(numbers))
