"""Lists by filter and in the order of the queue: nothing is missed, nothing comes twice, and no call looks for ever."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from jupyter_training.core import filter as filters
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import EndReason, JobState
from jupyter_training.core.metric import Point
from jupyter_training.core.policy import plan
from jupyter_training.core.queue_view import queue_view
from jupyter_training.core.resources import Pool
from jupyter_training.errors import InvalidUsage
from jupyter_training.store import facts, listing, points, pools, views
from jupyter_training.store.listing import JobQuery
from jupyter_training.testing.builders import a_submission
from tests.store.conftest import Bench


def pages(bench: Bench, query: JobQuery, limit: int) -> Iterator[tuple[Job, ...]]:
    after = None
    while True:
        page = views.page(bench.store, query, after=after, limit=limit)
        yield page.jobs
        if page.next is None:
            return
        assert page.next != after
        after = page.next


def names(bench: Bench, text: str, limit: int = 3) -> list[str]:
    query = JobQuery(filter=filters.parse(text))
    return [job.name for page in pages(bench, query, limit) for job in page]


def tell(bench: Bench, job: JobId, **values: float) -> None:
    told = [Point(name, 1, 1.0, value) for name, value in values.items()]
    points.ingest(bench.store, job, [points.Batch(1, "f", 0, 1, told)], now=bench.now)


def test_a_filter_is_of_columns_metrics_params_and_tags_together(bench: Bench) -> None:
    for number in range(12):
        job = bench.a_job(f"job-{number}", params={"lr": number / 10}, tags={"even": str(number % 2 == 0)})
        tell(bench, job.id, accuracy=number / 12)
    expected = [f"job-{number}" for number in (10, 8, 6)]
    assert expected == names(bench, "accuracy>=0.5 lr<1.1 tag:even=True job-")
    assert ["job-11", "job-10"] == names(bench, "name:job-1?")
    assert ["job-9"] == names(bench, "accuracy>0.7 -accuracy>0.8")
    assert [] == names(bench, "state:running")
    assert 12 == len(names(bench, "state:queued -name:other"))


def test_states_of_the_request_and_of_the_filter_hold_both(bench: Bench) -> None:
    bench.a_job("waits")
    facts.finished(bench.store, bench.take(), bench.a_job("done").id, EndReason.CANCELED, bench.now)
    only_queued = frozenset({JobState.QUEUED})
    for text, expected in (("state:queued,canceled", ["waits"]), ("state:canceled", []), ("-state:queued", [])):
        query = JobQuery(states=only_queued, filter=filters.parse(text))
        assert expected == [job.name for page in pages(bench, query, 10) for job in page]


@pytest.mark.parametrize("limit", [1, 2, 7, 50])
def test_pages_of_a_filter_are_the_list_in_pieces(bench: Bench, limit: int) -> None:
    rng = random.Random(3)
    jobs = [stored.job for stored in bench.submit(*(a_submission(params={"x": rng.random()}) for _ in range(40)))]
    expected = [job.id for job in reversed(jobs) if float(str(job.spec.params["x"])) > 0.5]
    query = JobQuery(filter=filters.parse("x>0.5"))
    found = list(pages(bench, query, limit))
    assert expected == [job.id for page in found for job in page]
    assert all(len(page) <= limit for page in found)


def test_one_call_looks_at_so_many_and_its_cursor_goes_on(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "SCANNED", 10)
    monkeypatch.setattr(listing, "_PIECE", (4, 8))
    bench.submit(a_submission("rare", params={"x": 1}), *(a_submission(params={"x": 0}) for _ in range(35)))
    query = JobQuery(filter=filters.parse("x=1"))
    found = [[job.name for job in page] for page in pages(bench, query, 3)]
    assert [[], [], [], ["rare"]] == found


def test_the_queue_is_listed_as_the_planner_takes_it(bench: Bench) -> None:
    rng = random.Random(5)
    bench.submit(*(a_submission(f"job-{number}", priority=rng.choice([7, 42, 90])) for number in range(30)))
    bench.begin([bench.a_job("runs").id])
    pools.write(bench.store, Pool("local", "local", 100), now=bench.now)
    planned = plan(queue_view(views.pools(bench.store), views.unfinished(bench.store)), bench.now).decisions
    query = JobQuery(order="queue")
    listed = [job.id for page in pages(bench, query, 7) for job in page]
    assert [decision.job for decision in planned] == listed
    ahead = JobQuery(order="queue", filter=filters.parse("-name:job-1*"))
    kept = {job.id for job in views.jobs(bench.store, listed) if not job.name.startswith("job-1")}
    assert [one for one in listed if one in kept] == [job.id for page in pages(bench, ahead, 4) for job in page]


@pytest.mark.parametrize("cursor", ["7", "x_05_1", "1_3ff_2", "1_high_2", "1_05_", "__"])
def test_a_cursor_that_no_page_of_the_queue_gave_is_refused(bench: Bench, cursor: str) -> None:
    with pytest.raises(InvalidUsage, match="no cursor"):
        views.page(bench.store, JobQuery(order="queue"), after=cursor, limit=5)
