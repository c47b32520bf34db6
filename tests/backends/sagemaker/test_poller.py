"""One look at all jobs, however many others there are in the account."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.backends.sagemaker.pace import Pace
from jupyter_training.backends.sagemaker.poller import Listed, Poller
from jupyter_training.backends.sagemaker.region import Region
from jupyter_training.testing.clock import VirtualClock
from tests.backends.sagemaker.memory import Memory, Still

_OTHERS = 5_000


class Lists:
    """An account with jobs in this order, in pages. ``calls`` counts the lists."""

    def __init__(self, names: list[str]) -> None:
        self.rows: list[dict[str, Any]] = [_row(name) for name in names]
        self.calls = 0

    @property
    def sagemaker(self) -> Lists:
        return self

    def list_training_jobs(self, **request: Any) -> dict[str, Any]:
        self.calls += 1
        return _page(self.rows, request)


def _row(name: str) -> dict[str, Any]:
    changed = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    return {
        "TrainingJobName": name,
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": "Training",
        "LastModifiedTime": changed,
    }


def _page(rows: list[dict[str, Any]], request: dict[str, Any]) -> dict[str, Any]:
    first = int(request.get("NextToken", 0))
    last = first + request["MaxResults"]
    return {"TrainingJobSummaries": rows[first:last], **({"NextToken": str(last)} if last < len(rows) else {})}


def looked(names: list[str], wanted: list[str], seconds: int) -> tuple[int, set[str]]:
    """The calls that so many seconds took, and what was found."""
    clock, aws, found = VirtualClock(), Lists(names), set[str]()
    region = Region("us-east-1", None, pace=Pace(), clock=clock, rng=random.Random(1), find=lambda *_: aws)
    poller = Poller(region, clock, lambda: dict.fromkeys(wanted, clock.now()))

    def tell(lines: dict[str, Listed]) -> None:
        found.update(lines)

    end = clock.boot() + seconds
    while clock.boot() < end:
        clock.advance(max(0.05, poller.turn(tell)))
    return aws.calls, found


def others(count: int) -> list[str]:
    return [f"jt-other-{number}" for number in range(count)]


@pytest.mark.parametrize("wanted", [2, 60])
def test_old_jobs_behind_thousands_of_others_are_not_looked_for_in_lists(wanted: int) -> None:
    ours = [f"jt-ours-{number}" for number in range(wanted)]
    calls, found = looked([ours[0], *others(_OTHERS), *ours[1:]], ours, 300)
    assert calls <= 2 * 300 / 5
    assert {ours[0]} == found


def test_as_many_as_can_not_be_described_by_themselves_are_looked_for_to_the_end() -> None:
    ours = [f"jt-ours-{number}" for number in range(200)]
    _, found = looked([*others(_OTHERS), *ours], ours, 60)
    assert set(ours) == found


def test_all_new_ones_are_found_on_as_many_pages_as_they_fill() -> None:
    ours = [f"jt-ours-{number}" for number in range(250)]
    calls, found = looked([*ours, *others(_OTHERS)], ours, 4)
    assert (3, set(ours)) == (calls, found)


def test_the_end_of_one_that_no_look_reaches_is_seen_within_a_minute(tmp_path: Path) -> None:
    still = Still(tmp_path / "home", pace=Pace())
    still.backend.standings([still.pool()])
    rows = [_row(name) for name in others(_OTHERS)]

    def page(aws: Memory, request: dict[str, Any]) -> Any:
        return _page([*rows, *aws.jobs.values()], request)

    still.aws.first("list", *[page] * 10_000)
    ref = still.taken()
    still.go(60)
    still.aws.runs(still.name(ref), "Stopped", "Stopped")
    assert still.go(60 + 2 * Pace().drain_unended, lambda: still.see(ref).end is not None)
