"""What people wish is stored once, durably, and never weakens."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from jupyter_training.core import queue_position
from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import Desired, EndReason, JobState, Verb
from jupyter_training.core.resources import Pool
from jupyter_training.errors import IllegalVerb, Internal, KeyReused, UnknownJob
from jupyter_training.store import facts, pools, verbs, views, wishes
from jupyter_training.testing.builders import a_spec, a_submission
from tests.store.conftest import Bench


def test_a_submitted_job_is_read_back_as_it_was(bench: Bench) -> None:
    submission = a_submission(
        "digits", user="ada", notebook="a.ipynb", pool="big", priority=7, params={"lr": 0.1, "deep": {"a": [1, None]}}
    )
    (stored,) = bench.submit(submission)
    job = views.job(bench.store, stored.job.id)
    assert stored.job == job
    assert submission.spec == job.spec
    assert submission.spec.hash == job.spec_hash == job.spec.hash
    assert submission.origin == job.origin
    assert ("big", 7, "digits", submission.key) == (job.pool, job.priority, job.name, job.key)
    assert (JobState.QUEUED, Desired.RUN, 0) == (job.state, job.desired, job.attempt)


def test_another_opening_reads_the_same(local: Bench, open_store: object) -> None:
    job = local.a_job(params={"lr": 0.5})
    assert job == views.job(open_store(), job.id)  # type: ignore[operator]


def test_a_repeated_key_gives_the_first_job(bench: Bench) -> None:
    submission = a_submission()
    (first,) = bench.submit(submission)
    (again,) = bench.submit(submission)
    assert (True, False) == (first.created, again.created)
    assert first.job == again.job
    assert 1 == len(views.page(bench.store, views.JobQuery(), after=None, limit=10).jobs)


def test_a_key_twice_in_one_call_makes_one_job(bench: Bench) -> None:
    submission = a_submission()
    first, again = bench.submit(submission, submission)
    assert (True, False) == (first.created, again.created)
    assert first.job.id == again.job.id


def test_a_key_with_another_content_is_refused_and_nothing_is_stored(bench: Bench) -> None:
    bench.submit(a_submission(key="mine", params={"lr": 1}))
    with pytest.raises(KeyReused, match="'mine'"):
        bench.submit(a_submission(), a_submission(key="mine", params={"lr": 2}))
    assert 1 == len(views.page(bench.store, views.JobQuery(), after=None, limit=10).jobs)
    assert 1 == views.head(bench.store)


def test_fifty_threads_with_one_key_make_one_job(bench: Bench) -> None:
    submission = a_submission()
    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda _: bench.submit(submission)[0], range(50)))
    assert 1 == sum(answer.created for answer in answers)
    assert 1 == len({answer.job.id for answer in answers})


def test_an_id_that_is_taken_is_not_given_again(bench: Bench) -> None:
    ids = iter([JobId("aaaaaaaaaa"), JobId("aaaaaaaaaa"), JobId("bbbbbbbbbb")])
    wishes.submit(bench.store, [a_submission()], new_id=lambda: next(ids), now=bench.now)
    (second,) = wishes.submit(bench.store, [a_submission()], new_id=lambda: next(ids), now=bench.now)
    assert "bbbbbbbbbb" == second.job.id


def test_a_source_of_ids_that_repeats_itself_is_a_fault_and_no_endless_loop(bench: Bench) -> None:
    with pytest.raises(Internal):
        wishes.submit(bench.store, [a_submission(), a_submission()], new_id=lambda: JobId("aaaaaaaaaa"), now=bench.now)
    assert 0 == views.head(bench.store)


def test_jobs_stand_in_the_order_of_submission(bench: Bench) -> None:
    jobs = [stored.job for stored in bench.submit(*(a_submission(f"j{number}") for number in range(5)))]
    assert sorted(jobs, key=lambda job: job.seq) == jobs
    assert [queue_position.of_submission(job.seq) for job in jobs] == [job.position for job in jobs]
    assert sorted(job.version for job in jobs) == [job.version for job in jobs]


def test_texts_that_no_database_holds_are_made_to_fit(bench: Bench) -> None:
    job = bench.a_job(user="a\0b", notebook="broken \ud800.ipynb")
    assert ("a?b", "broken ?.ipynb") == (job.origin.user, job.origin.notebook)
    assert job == views.job(bench.store, job.id)


def test_a_cancel_is_wished_and_logged_once(bench: Bench) -> None:
    job = bench.a_job()
    (first,) = verbs.wish(bench.store, [job.id], Verb.CANCEL, now=bench.now)
    head = views.head(bench.store)
    (again,) = verbs.wish(bench.store, [job.id], Verb.CANCEL, now=bench.now)
    assert isinstance(first, Job)
    assert Desired.CANCEL is first.desired
    assert first == again == views.job(bench.store, job.id)
    assert head == views.head(bench.store) == first.version


def test_a_kill_is_not_weakened_by_a_cancel(bench: Bench) -> None:
    job = bench.a_job()
    verbs.wish(bench.store, [job.id], Verb.KILL, now=bench.now)
    (after,) = verbs.wish(bench.store, [job.id], Verb.CANCEL, now=bench.now)
    assert isinstance(after, Job)
    assert Desired.KILL is after.desired


def test_one_refusal_stops_no_other(bench: Bench) -> None:
    done, waiting = bench.a_job("done"), bench.a_job("waiting")
    facts.finished(bench.store, bench.take(), done.id, EndReason.CANCELED, bench.now)
    unknown = JobId("zzzzzzzzzz")
    refused, missing, moved = verbs.wish(bench.store, [done.id, unknown, waiting.id], Verb.KILL, now=bench.now)
    assert isinstance(refused, IllegalVerb)
    assert "can't be killed: it has been canceled" in str(refused)
    assert isinstance(missing, UnknownJob)
    assert isinstance(moved, Job)
    assert Desired.KILL is moved.desired


def test_the_same_job_twice_in_one_wish_is_one_change(bench: Bench) -> None:
    job = bench.a_job()
    before = views.head(bench.store)
    first, again = verbs.wish(bench.store, [job.id, job.id], Verb.CANCEL, now=bench.now)
    assert first == again
    assert before + 1 == views.head(bench.store)


def test_a_pool_is_made_changed_and_not_logged_when_equal(bench: Bench) -> None:
    pools.write(bench.store, Pool("local", "local", 2), now=bench.now)
    pools.write(bench.store, Pool("local", "local", 4), now=bench.now)
    pools.write(bench.store, Pool("local", "local", 4), now=bench.now)
    assert {"local": Pool("local", "local", 4)} == views.pools(bench.store)
    kinds = [change.kind for change in views.changes(bench.store, 0, 10).changes]
    assert [ChangeKind.POOL, ChangeKind.POOL] == kinds


def test_equal_specs_are_kept_once_and_unequal_ones_apart(bench: Bench) -> None:
    bench.submit(*(a_submission(params={"lr": number % 2}) for number in range(10)))
    jobs = views.page(bench.store, views.JobQuery(), after=None, limit=10).jobs
    assert {a_spec(params={"lr": 0}).hash, a_spec(params={"lr": 1}).hash} == {job.spec_hash for job in jobs}
    assert {0, 1} == {job.spec.params["lr"] for job in jobs}
