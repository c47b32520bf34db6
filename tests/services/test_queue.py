"""The table of a pool's queue: its order, its columns, its pages."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.ids import JobId
from jupyter_training.core.lifecycle import EndReason, Verb
from jupyter_training.core.policy import Plan
from jupyter_training.core.resources import Pool
from jupyter_training.errors import InvalidUsage, UnknownPool
from jupyter_training.schema import QueuePage
from jupyter_training.services import queue
from jupyter_training.services.queue import QueueQuery
from jupyter_training.services.site import Site
from jupyter_training.store import changelog, pools, verbs
from jupyter_training.store.tables import jobs
from tests.services.stage import Stage


def shown(stage: Stage, **query: Any) -> QueuePage:
    return queue.page(stage.site, QueueQuery(**query))


def names(found: QueuePage) -> list[str]:
    return [row.name for row in found.rows]


def add(stage: Stage, name: str, **how: Any) -> None:
    pools.write(stage.site.store, Pool(name, "local", how.pop("slots", 8), **how), now=stage.site.now())


def test_the_table_has_what_waits_and_what_runs_in_the_order_of_the_pool(stage: Stage) -> None:
    """And neither what is paused nor what has ended."""
    low = stage.submit(name="low", priority=50).job.id
    high = stage.submit(name="high", priority=1, resources={"slots": 2}).job.id
    paused = stage.submit(name="paused").job.id
    done = stage.submit(name="done").job.id
    stage.begin(low)
    stage.begin(done)
    stage.end(done, EndReason.COMPLETED)
    verbs.wish(stage.site.store, [JobId(paused)], Verb.PAUSE, now=stage.site.now())
    found = shown(stage)
    assert [("high", 0), ("low", 1)] == [(row.name, row.ahead) for row in found.rows]
    assert (2, None, "local") == (found.total, found.next, found.pool.name)
    first, second = found.rows
    assert (high, "job", 1, 2, 0, "queued", "ada") == (
        first.job,
        first.type,
        first.priority,
        first.slots,
        first.acquired,
        first.state,
        first.user,
    )
    assert (low, 50, 1, 1, "scheduled") == (second.job, second.priority, second.slots, second.acquired, second.state)
    assert first.sentence and first.submitted.endswith("Z") and Verb.CANCEL in first.verbs


def test_without_a_pool_it_is_the_default_one_and_each_has_its_own(stage: Stage) -> None:
    add(stage, "lab", is_default=True)
    stage.submit(name="there")
    stage.submit(name="here", pool="local")
    assert (["there"], ["here"]) == (names(shown(stage)), names(shown(stage, pool="local")))


def test_an_unknown_pool_is_an_error_with_the_near_miss(stage: Stage) -> None:
    with pytest.raises(UnknownPool) as caught:
        shown(stage, pool="locl")
    assert "There is no pool 'locl'; there is: local. Did you mean 'local'?" == str(caught.value)


@pytest.mark.parametrize("reverse", [False, True])
def test_pages_follow_each_other_and_miss_none_that_stays(stage: Stage, reverse: bool) -> None:
    """One that went between two pages, and one that came before their cut, change nothing of what is still to come."""
    made = [stage.submit(name=f"j{one}", priority=10 * (one // 2 + 1)).job.id for one in range(6)]
    first = shown(stage, limit=2, reverse=reverse)
    assert first.next is not None
    cut = made[4] if reverse else made[1]
    verbs.wish(stage.site.store, [JobId(cut)], Verb.PAUSE, now=stage.site.now())
    stage.submit(name="new", priority=99 if reverse else 1)
    second = shown(stage, limit=2, reverse=reverse, after=first.next)
    third = shown(stage, limit=2, reverse=reverse, after=second.next)
    listed = names(first) + names(second) + names(third)
    expected = [f"j{one}" for one in range(6)]
    assert expected == (listed[::-1] if reverse else listed)
    assert third.next is None
    # From 0 in the order as it is now, whichever way it is read: `new` came, the one at the cut went.
    assert ([3, 2] if reverse else [2, 3]) == [row.ahead for row in second.rows]


def test_a_page_is_a_hundred_unless_said(stage: Stage) -> None:
    assert 100 == QueueQuery().limit


def test_a_page_ends_at_a_place_of_any_length(stage: Stage) -> None:
    """Of which there are some where two jobs went by turns in front of a third for ever."""
    ids = [stage.submit(name=f"j{number}").job.id for number in range(2)]
    place = f"{'0' * 15}1{'57' * 10_000}"
    with stage.site.store.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == ids[0]).values(position=place))
        changelog.touch(connection, JobId(ids[0]), [ChangeKind.WISH], stage.site.now())
    first = shown(stage, limit=1)
    assert ["j0"] == names(first)
    assert ["j1"] == names(shown(stage, limit=1, after=first.next))


@pytest.mark.parametrize("cursor", ["x", "42_1_", "42__5", "1_2_3_4", "-1_2_3"])
def test_what_is_no_cursor_is_refused(stage: Stage, cursor: str) -> None:
    with pytest.raises(InvalidUsage, match="is no cursor of this list"):
        shown(stage, after=cursor)


def test_where_the_policy_has_no_order_nobody_is_ahead(stage: Stage) -> None:
    add(stage, "shared", policy="fair_share")
    stage.submit(name="a", pool="shared", weight=0.5)
    (row,) = shown(stage, pool="shared").rows
    assert (None, 0.5) == (row.ahead, row.weight)


@pytest.mark.parametrize(("preemption", "state"), [(True, "backfilled"), (False, "scheduled")])
def test_who_runs_behind_one_that_waits_was_let_past(stage: Stage, preemption: bool, state: str) -> None:
    add(stage, "local", slots=2, preemption=preemption, is_default=True)
    big = stage.submit(name="big", resources={"slots": 2}).job.id
    small = stage.submit(name="small", preemptible="restart").job.id
    stage.begin(small)
    assert [(big, "queued"), (small, state)] == [(row.job, row.state) for row in shown(stage).rows]


def test_what_waits_for_others_lets_nobody_past(stage: Stage) -> None:
    add(stage, "local", slots=2, preemption=True, is_default=True)
    before = stage.submit(name="before", priority=99).job.id
    stage.submit(name="later", after=[before])
    stage.begin(stage.submit(name="small", preemptible="restart").job.id)
    assert ["queued", "scheduled", "queued"] == [row.state for row in shown(stage).rows]


def test_aging_is_shown(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    add(stage, "local", slots=2, aging=60.0, is_default=True)
    stage.submit(name="a")
    later = stage.site.now() + 130
    monkeypatch.setattr(stage.site, "clock", lambda: later)
    stage.submit(name="b")
    assert [("a", 42, 40), ("b", 42, None)] == [(row.name, row.priority, row.aged) for row in shown(stage).rows]


def test_a_pool_that_is_removed_in_this_very_moment_is_no_pool(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    add(stage, "labs")
    add(stage, "lab")
    real = queue.planned

    def late(site: Site, *, as_of_now: bool) -> Plan:
        pools.remove(site.store, "lab", now=site.now())
        return real(site, as_of_now=as_of_now)

    monkeypatch.setattr(queue, "planned", late)
    with pytest.raises(UnknownPool, match="There is no pool 'lab'; there is: labs, local"):
        shown(stage, pool="lab")
