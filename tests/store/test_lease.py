"""One dispatcher acts: terms, epochs, and who may succeed whom."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from jupyter_training.errors import StaleEpoch
from jupyter_training.store import lease
from jupyter_training.store.lease import Holder, Lease
from tests.store.conftest import Bench

FIRST = Holder("host-a", 100, 5_000, "boot-1")
SECOND = Holder("host-a", 200, 6_000, "boot-1")
ELSEWHERE = Holder("host-b", 100, 5_000, "boot-9")


def take(bench: Bench, holder: Holder, *, at: float = 50.0, ttl: float = 15.0, alive: bool = True) -> Lease | None:
    return lease.take(bench.store, holder, ttl=ttl, boot_now=at, alive=lambda one: alive)


def test_the_first_take_begins_epoch_one(bench: Bench) -> None:
    assert None is lease.current(bench.store)
    taken = take(bench, FIRST)
    assert taken is not None
    assert (FIRST, 1) == (taken.holder, taken.epoch)
    assert taken == lease.current(bench.store)


@pytest.mark.parametrize("holder", [SECOND, ELSEWHERE])
def test_a_living_holder_is_waited_out(bench: Bench, holder: Holder) -> None:
    take(bench, FIRST)
    assert None is take(bench, holder, at=51.0)


def test_a_dead_holder_on_this_machine_is_succeeded_at_once(bench: Bench) -> None:
    take(bench, FIRST)
    taken = take(bench, SECOND, at=51.0, alive=False)
    assert taken is not None
    assert 2 == taken.epoch


def test_a_holder_of_another_machine_is_not_asked_whether_it_lives(bench: Bench) -> None:
    take(bench, FIRST)
    assert None is take(bench, ELSEWHERE, at=51.0, alive=False)


def test_a_holder_from_before_a_restart_is_succeeded_at_once(bench: Bench) -> None:
    take(bench, FIRST, at=900_000.0)
    assert None is not take(bench, replace(SECOND, boot_id="boot-2"), at=3.0)


def test_a_term_that_ran_out_is_succeeded(local: Bench) -> None:
    take(local, FIRST, at=50.0, ttl=15)
    assert None is take(local, SECOND, at=64.9)
    assert None is not take(local, SECOND, at=65.0)


def test_the_servers_own_clock_ends_a_term_there(served: Bench) -> None:
    """On PostgreSQL several machines take turns, and none of their clocks counts."""
    take(served, FIRST, at=1e12, ttl=-1)
    assert None is not take(served, ELSEWHERE, at=0.0)


def test_the_holder_itself_takes_again_under_a_new_epoch(bench: Bench) -> None:
    take(bench, FIRST)
    taken = take(bench, FIRST, at=51.0)
    assert taken is not None
    assert 2 == taken.epoch


def test_a_renewal_prolongs_and_keeps_the_epoch(local: Bench) -> None:
    taken = take(local, FIRST, at=50.0)
    assert taken is not None
    renewed = lease.renew(local.store, taken, ttl=15, boot_now=60.0)
    assert (1, 75.0) == (renewed.epoch, renewed.expires)
    assert None is take(local, SECOND, at=70.0)


def test_a_term_that_ran_out_is_renewed_while_nobody_succeeded(local: Bench) -> None:
    taken = take(local, FIRST, at=50.0)
    assert taken is not None
    assert 1 == lease.renew(local.store, taken, ttl=15, boot_now=500.0).epoch


def test_nobody_renews_after_a_successor(bench: Bench) -> None:
    taken = take(bench, FIRST)
    assert taken is not None
    take(bench, SECOND, alive=False)
    with pytest.raises(StaleEpoch):
        lease.renew(bench.store, taken, ttl=15, boot_now=51.0)


def test_a_released_term_is_free_and_its_epoch_is_not_used_again(bench: Bench) -> None:
    taken = take(bench, FIRST)
    assert taken is not None
    lease.release(bench.store, taken)
    assert None is lease.current(bench.store)
    after = take(bench, ELSEWHERE)
    assert after is not None
    assert 2 == after.epoch


def test_releasing_late_harms_no_successor(bench: Bench) -> None:
    taken = take(bench, FIRST)
    assert taken is not None
    successor = take(bench, SECOND, alive=False)
    lease.release(bench.store, taken)
    assert successor == lease.current(bench.store)


def test_of_many_at_once_one_gets_it(bench: Bench) -> None:
    holders = [replace(FIRST, pid=number) for number in range(20)]
    with ThreadPoolExecutor(20) as threads:
        taken = [one for one in threads.map(lambda holder: take(bench, holder), holders) if one is not None]
    assert 1 == len(taken)
