"""A list of jobs costs the same number of questions to the database, however long it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, select, update

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import Verb
from jupyter_training.core.metric import Point, Progress
from jupyter_training.core.retention import Checkpoint
from jupyter_training.services import changes, jobs, standing
from jupyter_training.services.site import Site
from jupyter_training.settings import Settings
from jupyter_training.store import checkpoints, points, verbs, wishes
from jupyter_training.store.tables import jobs as jobs_table
from jupyter_training.testing.builders import a_submission


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(standing, "_KEPT", 0.0)  # or how long a test takes would count
    with Site.open(Settings(home=tmp_path / "home")) as site:
        yield site


def submit(site: Site, count: int) -> None:
    wished = [a_submission(f"job-{number}") for number in range(count)]
    for place, stored in enumerate(wishes.submit(site.store, wished, new_id=site.new_id, now=site.now())):
        said = [Point("loss", 1, 1.0, 0.5), Point("machine/cpu", 1, 1.0, 0.5, "machine")]
        batch = points.Batch(1, "f", 0, 1, said, Progress(1, 10, "epoch", 1.0))
        points.ingest(site.store, stored.job.id, [batch], now=Instant(float(place)))


def questions(site: Site, ask: str) -> int:
    asked = []

    def note(*told: object) -> None:
        asked.append(told[2])

    engines = {site.store.jobs.engine, site.store.points.engine}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        if ask == "snapshot":
            changes.snapshot(site)
        else:
            jobs.page(site, jobs.JobsQuery(limit=200, filter=ask))
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
    return len(asked)


def with_a_past(site: Site) -> None:
    """Give every job a checkpoint, and every other one a parent."""
    with site.store.write() as connection:
        ids = list(connection.execute(select(jobs_table.c.id).order_by(jobs_table.c.seq)).scalars())
        for place, job in enumerate(ids):
            one = Checkpoint(JobId(job), "step-000000001.1", 1, 1, Instant(1.0), 1, 1, "ab" * 32, None, "bytes", None)
            checkpoints.copied(connection, one)
            if place % 2 == 0:
                connection.execute(
                    update(jobs_table).where(jobs_table.c.id == job).values(parent=ids[0], relation="fork")
                )


@pytest.mark.parametrize("ask", ["snapshot", "", "loss<1"])
def test_jobs_with_checkpoints_and_parents_take_no_more_questions_either(site: Site, ask: str) -> None:
    submit(site, 1)
    with_a_past(site)
    questions(site, ask)
    one = questions(site, ask)
    submit(site, 150)
    with_a_past(site)
    questions(site, ask)
    assert one >= min(questions(site, ask) for _ in range(3)) > 0  # some answers are read anew after a second or so
    assert 1 == jobs.page(site, jobs.JobsQuery()).jobs[0].checkpoint.count  # type: ignore[union-attr]


@pytest.mark.parametrize("ask", ["snapshot", "", "loss<1"])
def test_many_jobs_take_no_more_questions_than_one(site: Site, ask: str) -> None:
    submit(site, 1)
    questions(site, ask)
    one = questions(site, ask)
    submit(site, 150)
    questions(site, ask)  # reads what is remembered from then on
    assert one >= min(questions(site, ask) for _ in range(3)) > 0  # some answers are read anew after a second or so


def test_a_waiting_job_that_is_canceled_leaves_the_queue_and_nothing_of_it_stops(site: Site) -> None:
    submit(site, 1)
    (waiting,) = jobs.page(site, jobs.JobsQuery()).jobs
    verbs.wish(site.store, [JobId(waiting.id)], Verb.CANCEL, now=site.now())
    (leaving,) = jobs.page(site, jobs.JobsQuery()).jobs
    assert ("stopping", "Canceled; it leaves the queue.") == (leaving.phase, leaving.sentence)
