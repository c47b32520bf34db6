"""What people wish of jobs that are there: what each verb makes of each state, and how it is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import event, update

from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import Desired, EndReason, Hold, JobState, Verb
from jupyter_training.core.retention import Checkpoint
from jupyter_training.errors import IllegalVerb, KeyReused, NoCheckpoint, TrainingError, UnknownJob
from jupyter_training.seams.backend import End
from jupyter_training.store import checkpoints, facts, record, removals, verbs, views
from jupyter_training.store.tables import jobs as table
from jupyter_training.testing.builders import a_submission
from tests.store.conftest import Bench

Make = Callable[[Bench], Job]


def queued(bench: Bench) -> Job:
    return bench.a_job()


def running(bench: Bench) -> Job:
    return bench.a_running_job()


def saving(bench: Bench) -> Job:
    job = bench.a_running_job()
    save(bench, job.id, 5)
    return job


def paused(bench: Bench) -> Job:
    job = bench.a_job()
    one(bench, job.id, Verb.PAUSE)
    return job


def ended(reason: EndReason) -> Make:
    def make(bench: Bench) -> Job:
        job = bench.a_running_job()
        end(bench, job.id, reason)
        return job

    return make


succeeded, failed = ended(EndReason.COMPLETED), ended(EndReason.ERROR)


def canceled(bench: Bench) -> Job:
    job = bench.a_running_job()
    one(bench, job.id, Verb.CANCEL)
    end(bench, job.id, EndReason.CANCELED)
    return job


def archived(bench: Bench) -> Job:
    job = succeeded(bench)
    one(bench, job.id, Verb.ARCHIVE)
    return job


def stopping(bench: Bench) -> Job:
    job = bench.a_running_job()
    one(bench, job.id, Verb.CANCEL)
    return job


def pausing(bench: Bench) -> Job:
    job = saving(bench)
    one(bench, job.id, Verb.PAUSE)
    return job


def save(bench: Bench, job: JobId, step: int, *, attempt: int = 1, place: str | None = None) -> None:
    name = f"step-{step:09}.{attempt}"
    one = Checkpoint(job, name, attempt, step, bench.now, 9, 1, "ab" * 32, place, "json", None)
    checkpoints.committed(bench.store, bench.epoch, [(one, {})], bench.now)


def end(bench: Bench, job: JobId, reason: EndReason) -> Job:
    number = views.job(bench.store, job).attempt
    return facts.ended(bench.store, bench.epoch, job, number, End(reason), bench.now)


def one(bench: Bench, job: JobId, verb: Verb, *, discard: bool = False, force: bool = False) -> Job:
    (outcome,) = verbs.wish(bench.store, [job], verb, now=bench.now, discard=discard, force=force)
    assert isinstance(outcome, Job), outcome
    if verb is not Verb.DELETE:
        assert outcome == views.job(bench.store, job)
    return outcome


def refused(bench: Bench, job: JobId, verb: Verb, *, force: bool = False) -> TrainingError:
    before, head = views.job(bench.store, job), views.head(bench.store)
    (outcome,) = verbs.wish(bench.store, [job], verb, now=bench.now, force=force)
    assert isinstance(outcome, TrainingError)
    assert (before, head) == (views.job(bench.store, job), views.head(bench.store)), "a refusal changes nothing"
    return outcome


@pytest.mark.parametrize(
    ("make", "verb", "state", "desired"),
    [
        (queued, Verb.PAUSE, JobState.PAUSED, Desired.PAUSE),
        (saving, Verb.PAUSE, JobState.RUNNING, Desired.PAUSE),
        (paused, Verb.ACTIVATE, JobState.QUEUED, Desired.RUN),
        (pausing, Verb.ACTIVATE, JobState.RUNNING, Desired.RUN),
        (pausing, Verb.CANCEL, JobState.RUNNING, Desired.CANCEL),
        (paused, Verb.KILL, JobState.PAUSED, Desired.KILL),
        (stopping, Verb.KILL, JobState.RUNNING, Desired.KILL),
        (failed, Verb.RETRY, JobState.QUEUED, Desired.RUN),
        (canceled, Verb.RETRY, JobState.QUEUED, Desired.RUN),
        (succeeded, Verb.ARCHIVE, JobState.SUCCEEDED, Desired.RUN),
        (archived, Verb.UNARCHIVE, JobState.SUCCEEDED, Desired.RUN),
    ],
)
def test_a_wish_moves_the_job_or_tells_the_dispatcher(
    bench: Bench, make: Make, verb: Verb, state: JobState, desired: Desired
) -> None:
    after = one(bench, make(bench).id, verb)
    assert (state, desired, verb is Verb.ARCHIVE) == (after.state, after.desired, after.archived)


@pytest.mark.parametrize(
    ("make", "verb", "words"),
    [
        (queued, Verb.ACTIVATE, "it is queued, and only a paused job can be"),
        (running, Verb.ACTIVATE, "can't be activated: it is running, and only a paused job can be"),
        (running, Verb.ARCHIVE, "can't be archived: it is running, and only a job that has succeeded"),
        (paused, Verb.DELETE, "can't be deleted: it is paused, and only a job that has succeeded"),
        (succeeded, Verb.RETRY, "can't be retried: it has succeeded, and only a failed or canceled job can be"),
        (succeeded, Verb.PAUSE, "can't be paused: it has succeeded, and only a queued or running job can be"),
        (succeeded, Verb.CANCEL, "can't be canceled: it has succeeded, and only what has not ended can be"),
        (canceled, Verb.KILL, "can't be killed: it has been canceled"),
        (stopping, Verb.PAUSE, "it is running and being stopped"),
        (archived, Verb.RETRY, "it is archived"),
        (archived, Verb.ARCHIVE, "it is archived"),
        (succeeded, Verb.UNARCHIVE, "only an archived job can be"),
    ],
)
def test_what_the_life_cycle_does_not_allow_is_refused_with_both_states(
    bench: Bench, make: Make, verb: Verb, words: str
) -> None:
    job = make(bench)
    refusal = refused(bench, job.id, verb)
    assert isinstance(refusal, IllegalVerb)
    assert f"The job {job.id} (digits)" in str(refusal)
    assert words in str(refusal)


def test_what_has_saved_nothing_is_paused_only_if_that_may_be_lost(bench: Bench) -> None:
    job = running(bench)
    refusal = refused(bench, job.id, Verb.PAUSE)
    assert isinstance(refusal, NoCheckpoint)
    assert "--discard" in str(refusal.hint)
    assert one(bench, job.id, Verb.PAUSE, discard=True).discard
    assert not one(bench, job.id, Verb.ACTIVATE).discard


def test_what_is_only_being_launched_is_paused_as_nothing_is_lost(bench: Bench) -> None:
    launching, busy = bench.a_job(), running(bench)
    assert 1 == bench.begin([launching.id])
    paused = one(bench, launching.id, Verb.PAUSE)
    assert (JobState.RUNNING, Desired.PAUSE, False) == (paused.state, paused.desired, paused.discard)
    assert isinstance(refused(bench, busy.id, Verb.PAUSE), NoCheckpoint)
    assert JobState.PAUSED is end(bench, launching.id, EndReason.PAUSED).state


def test_what_succeeded_is_retried_by_force_only(bench: Bench) -> None:
    job = succeeded(bench)
    assert "--force" in str(refused(bench, job.id, Verb.RETRY).hint)
    assert JobState.QUEUED is one(bench, job.id, Verb.RETRY, force=True).state


def test_by_force_what_has_checkpoints_goes_on_from_the_last(bench: Bench) -> None:
    assert "--force runs it once more." == refused(bench, succeeded(bench).id, Verb.RETRY).hint
    job = saving(bench)
    end(bench, job.id, EndReason.COMPLETED)
    words = "--force starts it once more, from its last checkpoint; resume does more steps, fork starts anew."
    assert words == refused(bench, job.id, Verb.RETRY).hint


@pytest.mark.parametrize("verb", [Verb.ARCHIVE, Verb.DELETE])
def test_nobody_waits_for_the_end_of_a_paused_job(bench: Bench, verb: Verb) -> None:
    assert "Cancel it first." == refused(bench, paused(bench).id, verb).hint
    assert "Cancel it first, or wait for its end." == refused(bench, running(bench).id, verb).hint


def test_many_get_an_answer_each_in_their_order(bench: Bench) -> None:
    first, second, third = queued(bench), succeeded(bench), queued(bench)
    unknown = JobId("zzzzzzzzzz")
    outcomes = verbs.wish(bench.store, [third.id, second.id, unknown, first.id], Verb.PAUSE, now=bench.now)
    assert [Job, IllegalVerb, UnknownJob, Job] == [type(outcome) for outcome in outcomes]
    assert [third.id, first.id] == [outcome.id for outcome in outcomes if isinstance(outcome, Job)]


def test_a_repeated_wish_changes_nothing(bench: Bench) -> None:
    job = pausing(bench)
    head = views.head(bench.store)
    one(bench, job.id, Verb.PAUSE)
    assert head == views.head(bench.store)


def test_a_pause_is_a_hold_and_activating_takes_only_that_one(bench: Bench) -> None:
    job = paused(bench)
    assert frozenset({Hold.USER}) == views.job(bench.store, job.id).holds
    assert 0 == bench.begin([job.id])
    assert frozenset() == one(bench, job.id, Verb.ACTIVATE).holds
    assert 1 == bench.begin([job.id])


def test_a_retry_is_a_new_generation_behind_those_that_wait(bench: Bench) -> None:
    job = failed(bench)
    other = bench.a_job("other")
    after = one(bench, job.id, Verb.RETRY)
    assert (1, None, None, 0) == (after.generation, after.reason, after.ended, after.retries_used)
    assert after.position > other.position
    assert 1 == bench.begin([job.id])
    assert [1, 2] == [attempt.number for attempt in views.attempts(bench.store, [job.id])[job.id]]


def test_a_retry_opens_the_record_again(bench: Bench) -> None:
    job = failed(bench)
    record.save(bench.store, record.RecordRow(job.id, "1", "run", 0, True, True, 1), bench.now)
    assert [] == record.pending(bench.store, 10)
    one(bench, job.id, Verb.RETRY)
    row = record.load(bench.store, job.id)
    assert row is not None and (row.run_id, row.ended_sent) == ("run", False)


def test_a_resume_goes_on_from_the_newest_checkpoint_with_other_parameters(bench: Bench) -> None:
    job = bench.a_running_job(params={"lr": 0.1, "epochs": 10})
    save(bench, job.id, 10)
    end(bench, job.id, EndReason.COMPLETED)
    after = verbs.resume(bench.store, job.id, {"lr": 0.01}, now=bench.now)
    assert after == views.job(bench.store, job.id)
    assert (JobState.QUEUED, 10, 1) == (after.state, after.base_step, after.generation)
    assert ({"lr": 0.1, "epochs": 10}, {"lr": 0.01, "epochs": 10}) == (after.spec.params, after.params)
    bench.begin([job.id])
    save(bench, job.id, 20, attempt=2)
    end(bench, job.id, EndReason.COMPLETED)
    again = verbs.resume(bench.store, job.id, {"epochs": 5}, now=bench.now)
    assert (20, {"lr": 0.01, "epochs": 5}) == (again.base_step, again.params)


def test_a_resume_without_a_checkpoint_or_before_the_end_is_refused(bench: Bench) -> None:
    with pytest.raises(NoCheckpoint, match="left no checkpoint to go on from"):
        verbs.resume(bench.store, succeeded(bench).id, {}, now=bench.now)
    with pytest.raises(IllegalVerb, match="it is running"):
        verbs.resume(bench.store, saving(bench).id, {}, now=bench.now)
    with pytest.raises(IllegalVerb, match="it is archived"):
        verbs.resume(bench.store, archived(bench).id, {}, now=bench.now)
    with pytest.raises(UnknownJob):
        verbs.resume(bench.store, JobId("zzzzzzzzzz"), {}, now=bench.now)


def test_a_resume_names_the_checkpoint_that_is_damaged_or_gone(bench: Bench) -> None:
    job = saving(bench)
    end(bench, job.id, EndReason.COMPLETED)
    (one_left,) = checkpoints.candidates(bench.store, job.id)
    with bench.store.read() as connection:
        assert ("has left no checkpoint to go on from", False) == checkpoints.why_none(connection, JobId("zzzzzzzzzz"))
    checkpoints.found_damaged(bench.store, job.id, one_left.name, bench.now)
    with pytest.raises(NoCheckpoint, match=f"it has no whole checkpoint: {one_left.name} is damaged") as refusal:
        verbs.resume(bench.store, job.id, {}, now=bench.now)
    assert "A fork begins anew, with the same config." == refusal.value.hint


@pytest.mark.parametrize("stop", [Verb.CANCEL, Verb.KILL])
def test_a_resume_takes_no_stop_of_a_paused_job_back(bench: Bench, stop: Verb) -> None:
    job = pausing(bench)
    end(bench, job.id, EndReason.PAUSED)
    stopped = one(bench, job.id, stop)
    with pytest.raises(IllegalVerb, match="it is paused and being stopped"):
        verbs.resume(bench.store, job.id, {}, now=bench.now)
    assert stopped == views.job(bench.store, job.id)


@pytest.mark.parametrize(
    ("hold", "words"),
    [(Hold.EXPERIMENT, "can't be resumed: its search is paused"), (Hold.SEARCHER, "its searcher has paused it")],
)
def test_a_resume_is_no_way_around_a_search_that_is_paused(bench: Bench, hold: Hold, words: str) -> None:
    """It would wait in no queue, and nobody would let it go on."""
    job = saving(bench)
    for whose in (hold, Hold.USER):
        verbs.wish(bench.store, [job.id], Verb.PAUSE, now=bench.now, hold=whose)
    before = end(bench, job.id, EndReason.PAUSED)
    with pytest.raises(IllegalVerb, match=words):
        verbs.resume(bench.store, job.id, {}, now=bench.now)
    assert before == views.job(bench.store, job.id)
    assert (JobState.PAUSED, {hold, Hold.USER}) == (before.state, before.holds)


@pytest.mark.parametrize("how", ["retry", "resume"])
def test_nothing_holds_what_has_ended_any_more(bench: Bench, how: str) -> None:
    job = saving(bench)
    verbs.wish(bench.store, [job.id], Verb.PAUSE, now=bench.now, hold=Hold.EXPERIMENT)
    end(bench, job.id, EndReason.ERROR)
    if how == "retry":
        one(bench, job.id, Verb.RETRY)
    else:
        verbs.resume(bench.store, job.id, {}, now=bench.now)
    assert 1 == bench.begin([job.id])


def test_a_resume_with_a_key_happens_once(bench: Bench) -> None:
    job = saving(bench)
    end(bench, job.id, EndReason.ERROR)
    first = verbs.resume(bench.store, job.id, {}, now=bench.now, key="k")
    assert first == verbs.resume(bench.store, job.id, {}, now=bench.now, key="k")
    assert 1 == first.generation
    other = bench.a_job()
    for key in ("k", other.key):
        with pytest.raises(KeyReused, match="has already brought the job"):
            verbs.resume(bench.store, other.id, {}, now=bench.now, key=key)
    with pytest.raises(KeyReused):
        verbs.resume(bench.store, job.id, {"lr": 0.7}, now=bench.now, key="k")


def test_a_deleted_job_is_gone_and_what_is_left_of_it_is_listed(bench: Bench) -> None:
    job, other = saving(bench), saving(bench)
    save(bench, job.id, 10, place="s3://bucket/10")
    end(bench, job.id, EndReason.COMPLETED)
    record.save(bench.store, record.RecordRow(job.id, "1", "run-1"), bench.now)
    before = views.head(bench.store)
    one(bench, job.id, Verb.DELETE)
    assert [] == views.jobs(bench.store, [job.id])
    assert [other.id] == list(checkpoints.of_jobs(bench.store, [job.id, other.id]))
    assert [(ChangeKind.GONE, job.id)] == [
        (change.kind, change.job) for change in views.changes(bench.store, before, 10).changes
    ]
    assert [removals.Removal(job.id, "run-1", ("s3://bucket/10",))] == removals.pending(bench.store)
    removals.run_gone(bench.store, job.id)
    assert [removals.Removal(job.id, None, ("s3://bucket/10",))] == removals.pending(bench.store)
    removals.places_gone(bench.store, job.id)
    assert [] == removals.pending(bench.store)


def test_any_number_of_jobs_is_tried_again_at_once(bench: Bench) -> None:
    """A database takes only so many values in one statement."""
    jobs = [made.job.id for made in bench.submit(*[a_submission(f"job-{number}") for number in range(1_200)])]
    most = 0

    def seen(connection: object, cursor: object, statement: str, given: object, context: object, many: bool) -> None:
        nonlocal most
        if not many and isinstance(given, (tuple, dict)):
            most = max(most, len(given))

    with bench.store.write() as connection:
        connection.execute(update(table).values(state="failed"))
        event.listen(connection, "before_cursor_execute", seen)
        told = verbs.wish_within(connection, bench.store, jobs, Verb.RETRY, now=bench.now)
    assert {JobState.QUEUED} == {job.state for job in told if isinstance(job, Job)} and len(jobs) == len(told)
    assert 0 < most < 1_000
