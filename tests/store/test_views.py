"""Lists, counts, the queue and the change log, as readers see them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Instant, Job
from jupyter_training.core.lifecycle import TERMINAL, EndReason, JobState, Verb
from jupyter_training.errors import InvalidUsage, UnknownJob
from jupyter_training.seams.backend import End
from jupyter_training.store import facts, upkeep, verbs, views, wishes
from jupyter_training.store.engine import Store
from jupyter_training.store.views import JobQuery
from jupyter_training.testing.builders import a_submission
from tests.store.conftest import Bench


def names(page: views.JobsPage) -> list[str]:
    return [job.name for job in page.jobs]


def walk(bench: Bench, query: JobQuery, limit: int) -> list[str]:
    """The names of all pages, one after the other."""
    found: list[str] = []
    after = None
    while True:
        page = views.page(bench.store, query, after=after, limit=limit)
        assert len(page.jobs) <= limit
        found += names(page)
        if page.next is None:
            return found
        after = page.next


def test_pages_go_from_the_newest_to_the_oldest_and_miss_nothing(bench: Bench) -> None:
    bench.submit(*(a_submission(f"j{number}") for number in range(10)))
    assert [f"j{number}" for number in reversed(range(10))] == walk(bench, JobQuery(), 3)


def test_a_full_last_page_has_no_next(bench: Bench) -> None:
    bench.submit(*(a_submission(f"j{number}") for number in range(6)))
    first = views.page(bench.store, JobQuery(), after=None, limit=3)
    last = views.page(bench.store, JobQuery(), after=first.next, limit=3)
    assert first.next is not None
    assert last.next is None


def test_a_job_that_comes_meanwhile_moves_no_page(bench: Bench) -> None:
    bench.submit(*(a_submission(f"j{number}") for number in range(4)))
    first = views.page(bench.store, JobQuery(), after=None, limit=2)
    bench.a_job("new")
    assert ["j1", "j0"] == names(views.page(bench.store, JobQuery(), after=first.next, limit=2))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (JobQuery(name="net"), ["net"]),
        (JobQuery(text="NE"), ["net-2", "net"]),
        (JobQuery(text="t_2"), []),
        (JobQuery(text="%"), []),
        (JobQuery(user="bob"), ["net-2"]),
        (JobQuery(notebook="a.ipynb"), ["tree"]),
        (JobQuery(pool="big"), ["tree"]),
        (JobQuery(states=frozenset({JobState.QUEUED}), user="ada"), ["tree", "net"]),
        (JobQuery(states=TERMINAL), []),
        (JobQuery(text="\0\ud800"), []),
    ],
)
def test_a_list_is_narrowed(bench: Bench, query: JobQuery, expected: list[str]) -> None:
    bench.submit(
        a_submission("net"), a_submission("net-2", user="bob"), a_submission("tree", notebook="a.ipynb", pool="big")
    )
    assert expected == names(views.page(bench.store, query, after=None, limit=10))


def test_several_states_are_merged_newest_first(bench: Bench) -> None:
    jobs = [bench.a_job(f"j{number}") for number in range(6)]
    bench.begin([jobs[1].id, jobs[4].id])
    facts.finished(bench.store, bench.epoch, jobs[2].id, EndReason.CANCELED, bench.now)
    both = JobQuery(states=frozenset({JobState.RUNNING, JobState.CANCELED}))
    assert ["j4", "j2", "j1"] == walk(bench, both, 2)
    assert ["j5", "j3", "j0"] == walk(bench, JobQuery(states=frozenset({JobState.QUEUED})), 1)


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1e9", "9" * 30, "²"])
def test_a_cursor_that_no_page_gave_is_refused(bench: Bench, cursor: str) -> None:
    with pytest.raises(InvalidUsage):
        views.page(bench.store, JobQuery(), after=cursor, limit=3)


def test_jobs_come_in_the_order_asked_for_without_the_unknown(bench: Bench) -> None:
    first, second = bench.a_job("a"), bench.a_job("b")
    assert [second, first] == views.jobs(bench.store, [second.id, JobId("zzzzzzzzzz"), first.id])
    with pytest.raises(UnknownJob):
        views.job(bench.store, JobId("zzzzzzzzzz"))


def test_counts_follow_each_change_also_of_another_process(bench: Bench) -> None:
    job, other = bench.a_job(), bench.a_job()
    assert {JobState.QUEUED: 2} == views.counts(bench.store)
    bench.begin([job.id])
    assert {JobState.QUEUED: 1, JobState.RUNNING: 1} == views.counts(bench.store)
    with Store.open(bench.store.settings) as elsewhere:
        wishes.submit(elsewhere, [a_submission()], new_id=bench.new_id, now=bench.now)
        facts.finished(elsewhere, bench.epoch, other.id, EndReason.CANCELED, bench.now)
    assert {JobState.QUEUED: 1, JobState.RUNNING: 1, JobState.CANCELED: 1} == views.counts(bench.store)


def by_name(entries: list[tuple[Job, Attempt | None]]) -> dict[str, int | None]:
    return {job.name: attempt.number if attempt is not None else None for job, attempt in entries}


def test_the_queue_follows_each_change_also_of_another_process(bench: Bench) -> None:
    first, second = bench.a_job("a"), bench.a_job("b")
    assert {"a": None, "b": None} == by_name(views.unfinished(bench.store))
    with Store.open(bench.store.settings) as elsewhere:
        other = Bench(elsewhere)
        other.now = bench.now
        other.begin([first.id])
        assert {"a": 1, "b": None} == by_name(views.unfinished(bench.store))
        verbs.wish(elsewhere, [second.id], Verb.CANCEL, now=bench.now)
        facts.finished(elsewhere, other.epoch, second.id, EndReason.CANCELED, bench.now)
        facts.ended(elsewhere, other.epoch, first.id, 1, End(EndReason.NOT_BEGUN), bench.now)
    assert {"a": 1} == by_name(views.unfinished(bench.store))
    bench.a_job("c")
    assert {"a": 1, "c": None} == by_name(views.unfinished(bench.store))


def test_what_is_remembered_of_the_queue_equals_what_is_read_anew(bench: Bench) -> None:
    """A random story, compared after each step with a store that remembers nothing."""
    active: dict[JobId, int] = {}
    views.unfinished(bench.store)
    bench.take()
    for step in range(40):
        waiting = [job.id for job, _ in views.unfinished(bench.store) if job.id not in active]
        move = bench.rng.choice(["submit", "begin", "end", "cancel"])
        if move == "submit":
            bench.a_job(f"j{step}")
        elif move == "begin" and waiting:
            job = bench.rng.choice(waiting)
            if bench.begin([job]):
                active[job] = views.job(bench.store, job).attempt
        elif move == "end" and active:
            job = bench.rng.choice(sorted(active))
            reason = bench.rng.choice([EndReason.COMPLETED, EndReason.NOT_BEGUN, EndReason.ERROR])
            facts.ended(bench.store, bench.epoch, job, active.pop(job), End(reason), bench.now)
        elif move == "cancel" and waiting:
            verbs.wish(bench.store, [bench.rng.choice(waiting)], Verb.CANCEL, now=bench.now)
        remembered = sorted(views.unfinished(bench.store), key=lambda entry: entry[0].seq)
        with Store.open(bench.store.settings) as anew:
            assert sorted(views.unfinished(anew), key=lambda entry: entry[0].seq) == remembered
            assert views.counts(anew) == views.counts(bench.store)


def test_changes_are_dense_and_in_order(bench: Bench) -> None:
    job = bench.a_running_job()
    batch = views.changes(bench.store, 0, 100)
    assert list(range(1, batch.head + 1)) == [change.n for change in batch.changes]
    assert ChangeKind.SUBMITTED is batch.changes[0].kind
    assert {job.id} == {change.job for change in batch.changes}
    assert batch.head == views.job(bench.store, job.id).version == views.head(bench.store)


def test_changes_come_in_pieces_of_the_limit(bench: Bench) -> None:
    bench.submit(*(a_submission() for _ in range(5)))
    first = views.changes(bench.store, 0, 2)
    rest = views.changes(bench.store, first.changes[-1].n, 10)
    assert ([1, 2], [3, 4, 5]) == ([one.n for one in first.changes], [one.n for one in rest.changes])
    assert () == views.changes(bench.store, 5, 10).changes


def test_a_cursor_before_the_tail_or_after_the_head_has_to_begin_anew(bench: Bench) -> None:
    bench.submit(*(a_submission() for _ in range(10)))
    upkeep.collect(bench.store, now=Instant(bench.now + 7200), keep_changes=4)
    assert [7, 8, 9, 10] == [change.n for change in views.changes(bench.store, 6, 100).changes]
    assert views.changes(bench.store, 5, 100).resync
    assert views.changes(bench.store, 11, 100).resync
    assert not views.changes(bench.store, 10, 100).resync


def test_a_queue_that_is_behind_the_tail_is_read_anew(bench: Bench, open_store: Callable[..., Store]) -> None:
    bench.a_job("a")
    views.unfinished(bench.store)
    bench.submit(*(a_submission(f"j{number}") for number in range(5)))
    upkeep.collect(bench.store, now=Instant(bench.now + 7200), keep_changes=1)
    assert {"a", "j0", "j1", "j2", "j3", "j4"} == set(by_name(views.unfinished(bench.store)))
