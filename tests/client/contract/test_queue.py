"""One contract, three transports: a queue is looked at and reordered over each of them alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.client.client import Client
from jupyter_training.client.handle import Handle
from jupyter_training.errors import IllegalMove, InvalidSpec, InvalidUsage, PoolInUse, UnknownJob, UnknownPool
from tests.client.contract.speaking import GOOD, answers, fresh

pytestmark = pytest.mark.processes


@pytest.fixture
def pool(client: Client) -> Iterator[str]:
    name = fresh("pool")
    client.set_pool(name, slots=2)
    yield name
    for row in client.queue(name)["rows"]:
        client.kill(row["job"])


@pytest.fixture
def waiting(client: Client, pool: str, script: Callable[[str], Path], ended: dict[str, str]) -> list[Handle]:
    """Three jobs that start after one that failed, and so wait."""
    return [client.submit(script(GOOD), name=fresh("q"), pool=pool, after=ended["bad"]) for _ in range(3)]


def order(client: Client, pool: str) -> list[str]:
    return [row["job"] for row in client.queue(pool)["rows"]]


def test_a_queue_is_read_page_by_page_from_either_end(client: Client, pool: str, waiting: list[Handle]) -> None:
    ids = [one.id for one in waiting]
    first = client.queue(pool, limit=2)
    assert (ids[:2], 3, pool) == ([row["job"] for row in first["rows"]], first["total"], first["pool"]["name"])
    assert ids[2:] == [row["job"] for row in client.queue(pool, limit=2, after=first["next"])["rows"]]
    assert ids[::-1] == [row["job"] for row in client.queue(pool, reverse=True)["rows"]]
    assert "local" == client.queue()["pool"]["name"]


def test_a_job_is_moved_by_its_id_or_its_name(client: Client, pool: str, waiting: list[Handle]) -> None:
    a, b, c = waiting
    assert c.id == client.move(c.id, ahead_of=a.name)["id"]
    assert [c.id, a.id, b.id] == order(client, pool)
    assert 7 == client.move(b.name, priority="7")["priority"]
    c.move(behind_of=a)
    assert [b.id, a.id, c.id] == order(client, pool)


@pytest.mark.parametrize("atomic", [False, True])
def test_a_batch_has_a_result_for_each_item(client: Client, pool: str, waiting: list[Handle], atomic: bool) -> None:
    a, b, c = waiting
    results = client.move_all([f"{a.name}.priority=1", f"{b.id}.color=3", f"{c.name}.top"], atomic=atomic)
    assert [not atomic, False, not atomic] == [one["ok"] for one in results]
    assert "there is no operation 'color'" in results[1]["problem"]["detail"]
    assert (42 if atomic else 1) == client.job(a.id)["priority"]


def test_what_a_job_starts_after_is_changed(client: Client, pool: str, waiting: list[Handle]) -> None:
    a, b, _ = waiting
    found = client.set_after(b.id, [a, a.name])
    assert [a.id] == [one["job"] for one in found["after"]]
    assert [] == b.start_after().view["after"]


def test_a_pool_is_made_changed_and_removed(client: Client) -> None:
    name = fresh("pool")
    (made,) = (one for one in client.set_pool(name, slots=3, policy="fair_share") if one["name"] == name)
    assert (3, "fair_share", 0) == (made["slots"], made["policy"], made["running"])
    (changed,) = (one for one in client.set_pool(name, slots=4) if one["name"] == name)
    assert (4, "fair_share") == (changed["slots"], changed["policy"])
    assert name not in [one["name"] for one in client.remove_pool(name)]


def test_a_pool_with_jobs_in_it_is_not_removed(client: Client, pool: str, waiting: list[Handle]) -> None:
    with pytest.raises(PoolInUse):
        client.remove_pool(pool)
    assert 3 == len(order(client, pool))


@pytest.mark.parametrize(
    ("ask", "kind"),
    [
        (lambda client: client.queue("nowhere"), UnknownPool),
        (lambda client: client.queue(limit=0), InvalidUsage),
        (lambda client: client.queue(after="x"), InvalidUsage),
        (lambda client: client.move("no-such-job", priority=1), UnknownJob),
        (lambda client: client.move("contract-good", priority=1), IllegalMove),
        (lambda client: client.move("contract-good"), InvalidUsage),
        (lambda client: client.move("contract-good", priority=1, weight=1), InvalidUsage),
        (lambda client: client.move("contract-good", priority=1.5), InvalidSpec),
        (lambda client: client.move("contract-good", weight=0), InvalidSpec),
        (lambda client: client.move_all([]), InvalidSpec),
        (lambda client: client.set_after("aaaaaaaaaa", []), UnknownJob),
        (lambda client: client.remove_pool("nowhere"), UnknownPool),
        (lambda client: client.remove_pool("local"), PoolInUse),
    ],
)
def test_a_mistake_gets_the_same_answer_each_way(
    clients: dict[str, Client], ended: dict[str, str], ask: Callable[[Client], Any], kind: type[Exception]
) -> None:
    first, *others = answers(clients, ask)
    assert kind is first[0], first
    assert [first, first] == others
