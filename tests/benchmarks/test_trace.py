"""The mixed traces stay those that were there before the rules they judge."""

from __future__ import annotations

import dataclasses

import pytest

from tests.benchmarks.trace import SEEDS, SLOTS, TraceJob, digest, mixed, slow_downs

FIRST = {
    "alder": "bb7e9734d4abbbf9",
    "birch": "c65f0f19221b7257",
    "cedar": "6c9c133eb18baca0",
    "dogwood": "c16d5cd22e78eb83",
    "elm": "e63093b8d22681b3",
}


@pytest.mark.parametrize("name", SEEDS)
def test_a_trace_is_the_one_that_was_committed_first(name: str) -> None:
    assert FIRST[name] == digest(mixed(SEEDS[name]))


@pytest.mark.parametrize("name", SEEDS)
def test_a_trace_is_a_well_used_box_on_which_short_jobs_are_many_and_small(name: str) -> None:
    jobs = mixed(SEEDS[name])
    work = {kind: sum(job.work * job.slots for job in jobs if job.kind == kind) for kind in ("short", "long")}
    assert 0.05 > work["short"] / (work["short"] + work["long"])
    assert 100 < sum(job.kind == "short" for job in jobs)
    assert all(job.slots <= SLOTS for job in jobs)
    assert sorted(job.submit for job in jobs) == [job.submit for job in jobs]


def test_the_measure_counts_from_the_submit_and_takes_the_tail_of_the_short_and_the_middle_of_the_long() -> None:
    shorts = [_job(f"try-{number}", "short", submit=number, work=2.0) for number in range(20)]
    longs = [_job(f"long-{number}", "long", submit=0.0, work=10.0) for number in range(3)]
    ends = {job.name: job.submit + job.work for job in shorts}
    ends |= {"try-3": 3 + 8.0, "try-4": 4 + 6.0, "long-0": 10.0, "long-1": 15.0, "long-2": 90.0}
    standing = slow_downs((*shorts, *longs), ends)
    assert (3.0, 1.5) == (standing.short_p95, standing.long_median)


def _job(name: str, kind: str, *, submit: float, work: float) -> TraceJob:
    some = next(job for job in mixed(1) if job.kind == kind)
    return dataclasses.replace(some, name=name, submit=submit, work=work)
