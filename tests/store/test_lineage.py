"""Who came from whom, and what a resume or a repeated key may mean; on both kinds of store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jupyter_training.core import filter as filters
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant, Job, Origin
from jupyter_training.core.lifecycle import EndReason, Verb
from jupyter_training.core.retention import Checkpoint
from jupyter_training.store import checkpoints, facts, lineage, removals, verbs, views
from jupyter_training.testing.builders import a_submission
from tests.store.conftest import Bench


def a_child(bench: Bench, parent: Job, name: str = "child") -> Job:
    (stored,) = bench.submit(replace(a_submission(name), parent=parent.id, relation="fork"))
    return stored.job


def saved(bench: Bench, job: JobId, step: int, *, attempt: int = 1, place: str | None = None) -> None:
    one = Checkpoint(
        job, f"step-{step:09}.{attempt}", attempt, step, Instant(float(step)), 7, 1, "ab" * 32, place, "bytes", None
    )
    checkpoints.committed(bench.store, bench.epoch or bench.take(), [(one, {})], bench.now)


def canceled(bench: Bench, job: Job) -> None:
    epoch = bench.epoch or bench.take()
    verbs.wish(bench.store, [job.id], Verb.CANCEL, now=bench.now)
    facts.finished(bench.store, epoch, job.id, EndReason.CANCELED, bench.now)


def test_children_are_found_oldest_first_and_names_of_those_that_are_there(bench: Bench) -> None:
    parent = bench.a_job()
    first, second = a_child(bench, parent), a_child(bench, parent, "other")
    assert [first.id, second.id] == [one.id for one in lineage.children(bench.store, parent.id)]
    assert {parent.id: "digits"} == lineage.names(bench.store, [parent.id, JobId("aaaaaaaaaa")])


def test_the_newest_of_a_name_is_the_same_user_s_and_notebook_s_and_not_archived(bench: Bench) -> None:
    origin = Origin("ada", "a.ipynb")
    older, newer, _, _ = (
        one.job
        for one in bench.submit(
            a_submission(notebook="a.ipynb"),
            a_submission(notebook="a.ipynb"),
            a_submission(notebook="b.ipynb"),
            a_submission(user="bob", notebook="a.ipynb"),
        )
    )
    found = lineage.newest_of_name(bench.store, origin, "digits")
    assert found is not None
    assert newer.id == found.id
    canceled(bench, newer)
    verbs.wish(bench.store, [newer.id], Verb.ARCHIVE, now=bench.now)
    found = lineage.newest_of_name(bench.store, origin, "digits")
    assert found is not None
    assert older.id == found.id
    assert lineage.newest_of_name(bench.store, Origin("ada"), "digits") is None


def test_the_newest_of_a_name_belongs_to_no_search(bench: Bench) -> None:
    """A resume means a training, not a search of the same name nor a trial of it."""
    own = bench.a_job()
    bench.submit(replace(a_submission(), drives=True), replace(a_submission(), experiment=JobId("e" * 10), trial=0))
    found = lineage.newest_of_name(bench.store, Origin("ada"), "digits")
    assert found is not None
    assert own.id == found.id


def test_a_key_gives_the_job_that_it_brought_or_that_stood_in(bench: Bench) -> None:
    submission = a_submission(key="key-of-the-first")
    (first,) = bench.submit(submission)
    bench.submit(replace(submission, key="key-of-the-second", if_exists="reuse"))
    for key in ("key-of-the-first", "key-of-the-second"):
        found = lineage.of_key(bench.store, key)
        assert found is not None
        assert first.job.id == found.id
    assert lineage.of_key(bench.store, "key-of-nobody") is None


def test_the_newest_checkpoint_is_of_the_latest_attempt_and_counts_good_ones(bench: Bench) -> None:
    job, other = bench.a_job(), bench.a_job("other")
    saved(bench, job.id, 10)
    saved(bench, job.id, 6, attempt=2)
    saved(bench, job.id, 8, attempt=2)
    checkpoints.found_damaged(bench.store, job.id, "step-000000008.2", bench.now)
    newest = checkpoints.Newest(6, Instant(6.0), 2, 2, None)
    assert {job.id: newest} == checkpoints.newest(bench.store, [job.id, other.id])


@pytest.mark.parametrize(
    ("archived", "text", "expected"),
    [(None, "", 2), (False, "", 1), (True, "", 1), (None, "is:archived", 1), (None, "-is:archived", 1)],
)
def test_a_list_can_tell_what_was_put_away(bench: Bench, archived: bool | None, text: str, expected: int) -> None:
    away, _ = bench.a_job(), bench.a_job()
    canceled(bench, away)
    verbs.wish(bench.store, [away.id], Verb.ARCHIVE, now=bench.now)
    query = views.JobQuery(archived=archived, filter=filters.parse(text))
    found = views.page(bench.store, query, after=None, limit=10).jobs
    assert expected == len(found)
    assert all(job.archived is (archived or text == "is:archived") for job in found) or expected == 2


def test_what_is_remembered_of_removed_jobs_is_struck_off_in_both_orders(bench: Bench) -> None:
    jobs = [bench.a_job(f"job-{number}") for number in range(3)]
    saved(bench, jobs[0].id, 1, place="s3://bucket/one")
    ids = [job.id for job in jobs]
    with bench.store.write() as connection:
        removals.remember(connection, ids, bench.now, runs={ids[0]: "run", ids[1]: None})
    pending = removals.pending(bench.store)
    assert {ids[0]: ("run", ("s3://bucket/one",)), ids[1]: (None, ()), ids[2]: (None, ())} == {
        one.job: (one.run_id, one.places) for one in pending
    }
    removals.run_gone(bench.store, ids[0])
    removals.run_gone(bench.store, ids[1])
    removals.places_gone(bench.store, ids[2])
    assert set(ids[:2]) == {one.job for one in removals.pending(bench.store)}
    removals.places_gone(bench.store, *ids[:2])
    assert [] == removals.pending(bench.store)
