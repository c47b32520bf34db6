"""Why a job waits, in words: one sentence for each case."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_training.core.lifecycle import AttemptState
from jupyter_training.core.policy import ActiveAttempt, QueuedJob, plan
from tests.core.policy.builders import NOW, a_job, a_pool, a_view, an_attempt

GB = 10**9


def said(job: QueuedJob, *others: QueuedJob | ActiveAttempt, **pool: Any) -> str:
    return plan(a_view(job, *others, pool=a_pool(**{"slots": 2, **pool})), NOW).sentence(job)


def test_who_holds_the_slots() -> None:
    head = a_job("head", seq=1, slots=2)
    assert "1 of 2 slots are used by mnist; it needs 2." == said(head, an_attempt("mnist"))
    assert "2 of 2 slots are used by a and b; it needs 2." == said(head, an_attempt("a"), an_attempt("b", seq=1))
    four = [an_attempt(name, seq=n) for n, name in enumerate("abcd")]
    assert "4 of 4 slots are used by a, b and 2 more; it needs 2." == said(head, *four, slots=4)


def test_who_holds_the_gpus() -> None:
    other = an_attempt("mnist", devices=("0",))
    job = a_job("b", seq=1, gpus=1)
    assert "1 of 1 GPUs are used by mnist; it needs 1 GPU." == said(
        job, other, an_attempt("c"), slots=4, devices=("0",)
    )


def test_who_holds_the_memory_and_the_cpus() -> None:
    other = an_attempt("mnist", memory=60 * GB, cpus=3.5)
    job = a_job("b", seq=1, memory=8 * GB, cpus=1.0)
    assert (
        "3.5 of 4 CPUs are used by mnist and 60 GB of 64 GB of memory are used by mnist;"
        " it needs 1 CPU and 8 GB of memory." == said(job, other, cpus=4.0, memory=64 * GB)
    )


def test_who_is_ahead() -> None:
    head = a_job("head", seq=1, slots=2)
    assert "Needs 1 slot; 1 free. head is ahead." == said(a_job("b", seq=2), an_attempt("a"), head)


def test_who_could_not_leave_fills_no_gap() -> None:
    sentence = said(a_job("b", seq=2), an_attempt("a"), a_job("head", seq=1, slots=2), preemption=True)
    assert (
        "Needs 1 slot; 1 free. head is ahead. It can't fill the gap,"
        " since it has no checkpoint to go on from if it has to leave." == sentence
    )


def test_that_room_is_being_made() -> None:
    victim = an_attempt("mnist-big", seq=5, preemptible=True, slots=2)
    assert "Makes room: mnist-big saves and leaves." == said(a_job("b", seq=1), victim, preemption=True)
    leaving = [
        an_attempt(name, seq=5, preemptible=True, stop_asked="preempt", state=AttemptState.STOPPING) for name in "vw"
    ]
    assert "Makes room: v and w save and leave." == said(a_job("b", slots=2), *leaving, preemption=True)


def test_what_never_fits() -> None:
    assert "No slot will ever fit: it asks for 3, the pool 'local' has 2." == said(a_job("a", slots=3))
    assert "It will never fit: it asks for 1 slot and 2 GPUs, the pool 'local' has 2 slots and 1 GPU." == said(
        a_job("a", gpus=2), devices=("0",)
    )
    assert "It never starts: it asks for 2 slots, max_slots allows 1." == said(a_job("a", slots=2, max_slots=1))


def test_a_pool_that_has_no_slots_now() -> None:
    assert "The pool 'local' has no slots now; it waits until it has some, or move it to another pool." == said(
        a_job("a"), slots=0
    )


def test_who_can_not_make_room() -> None:
    job = a_job("a", seq=1)
    stays, goes = an_attempt("nev", seq=5), an_attempt("first", seq=0)
    sentence = "2 of 2 slots are used by first and nev; it needs 1."
    assert sentence == said(job, goes, stays)
    assert f"{sentence} nev can't make room: it has no checkpoint yet, or may never be stopped." == said(
        job, goes, stays, preemption=True
    )


def test_a_pool_that_is_gone() -> None:
    assert "There is no pool 'lab' any more; move it to another one." == said(a_job("a", pool="lab"))


def test_a_limit_of_its_experiment() -> None:
    other = an_attempt("t1", experiment="x", max_slots=1)
    job = a_job("t2", seq=1, experiment="x", max_slots=1)
    assert "Its experiment holds 1 of the 1 slot that max_slots allows it." == said(job, other)


def test_its_share() -> None:
    running = [an_attempt(f"r{n}", seq=n, experiment="x") for n in range(2)]
    mine, others = a_job("m", seq=9, experiment="x"), [a_job(f"o{n}", seq=20 + n, experiment="y") for n in range(9)]
    share = {"slots": 4, "policy": "fair_share"}
    assert "Its experiment's share is 2 of 4 slots, all in use." == said(mine, *running, *others, **share)


def test_aging_is_told() -> None:
    old = a_job("b", seq=1, slots=2, waiting_since=NOW - 130)
    assert "1 of 2 slots are used by a; it needs 2. By waiting it counts as priority 40." == said(
        old, an_attempt("a"), aging=60.0
    )


@pytest.mark.parametrize("change", [{"held": True}, {"unmet": 1}, {"unmet": 2}])
def test_who_may_not_start_yet(change: dict[str, Any]) -> None:
    expected = {
        "held": "Held; it starts when it is activated.",
        "1": "Starts after 1 other job.",
        "2": "Starts after 2 other jobs.",
    }
    key = "held" if "held" in change else str(change["unmet"])
    assert expected[key] == said(a_job("a", **change))


def test_who_starts_now() -> None:
    assert "about to start." == said(a_job("a"))
