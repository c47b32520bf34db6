"""The replay does with jobs what the trace says of them."""

from __future__ import annotations

import dataclasses
from typing import Any

from jupyter_training.core.resources import Pool
from tests.benchmarks.replay import replay
from tests.benchmarks.trace import TraceJob, mixed

BOX = Pool("local", "local", 1, preemption=True)


def test_a_job_alone_takes_as_long_as_its_work() -> None:
    assert {"long": 1100.0} == replay([a_long(submit=100.0, work=1000.0)], BOX).ends


def test_one_that_saves_when_asked_pays_for_saving_and_restoring_only() -> None:
    found = replay([a_long(save=5.0, restore=7.0), a_short(submit=650.0, work=60.0)], BOX)
    assert {"short": 650.0 + 5.0 + 60.0, "long": 1000.0 + 5.0 + 60.0 + 7.0} == found.ends
    assert 1 == found.preemptions


def test_one_that_does_not_heed_loses_what_it_did_since_its_checkpoint() -> None:
    found = replay([a_long(restore=7.0, saves_when_asked=False), a_short(submit=650.0, work=60.0)], BOX)
    assert {"short": 650.0 + 60.0, "long": 1000.0 + 60.0 + 7.0 + 50.0} == found.ends


def test_one_without_a_checkpoint_stays() -> None:
    found = replay([a_long(), a_short(submit=199.0, work=901.0)], BOX)
    assert {"long": 1000.0, "short": 1901.0} == replay(
        [a_long(every=None), a_short(submit=650.0, work=901.0)], BOX
    ).ends
    assert 1 == found.preemptions, "once it has one it makes room"


def test_in_the_order_of_arrival_nobody_makes_room() -> None:
    jobs = [a_long(), a_short(submit=650.0, work=60.0)]
    assert {"long": 1000.0, "short": 1060.0} == replay(jobs, Pool("local", "local", 1), first_come=True).ends


def a_long(**changes: Any) -> TraceJob:
    plain = {"submit": 0.0, "work": 1000.0, "slots": 1, "every": 200.0, "saves_when_asked": True}
    return _some("long", {**plain, **changes})


def a_short(**changes: Any) -> TraceJob:
    return _some("short", {"slots": 1, **changes})


def _some(kind: str, changes: dict[str, Any]) -> TraceJob:
    return dataclasses.replace(next(job for job in mixed(1) if job.kind == kind), name=kind, **changes)
