"""When it may be said of an attempt that it is quiet: its code runs, and its log has just been read to its end."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from jupyter_training.core.lifecycle import Seen
from jupyter_training.seams.backend import AttemptRef
from tests.backends.sagemaker.memory import Still, denied


@pytest.fixture
def ref(still: Still) -> AttemptRef:
    """An attempt that runs and has said something."""
    ref = still.taken()
    assert not still.see(ref).is_heard
    name = still.name(ref)
    still.aws.streams[f"{name}/algo-1-1"] = [(int(still.clock.now() * 1000), "hello")]
    still.aws.runs(name)
    assert still.go(30, lambda: "hello" in still.log(ref))
    assert still.go(10, lambda: still.see(ref).is_heard)
    return ref


def test_a_quiet_one_is_heard_as_long_as_it_runs(still: Still, ref: AttemptRef) -> None:
    assert not still.go(300, lambda: not still.see(ref).is_heard)


def test_one_that_has_printed_nothing_yet_is_heard(still: Still) -> None:
    quiet = still.taken()
    still.aws.runs(still.name(quiet))
    assert still.go(30, lambda: still.see(quiet).is_heard)


@pytest.mark.parametrize("secondary", ["Interrupted", "Starting", "Downloading", "Restarting"])
def test_one_without_a_machine_is_not(still: Still, ref: AttemptRef, secondary: str) -> None:
    still.aws.runs(still.name(ref), "InProgress", secondary)
    assert still.go(10, lambda: not still.see(ref).is_heard)
    assert Seen.LIVE is still.see(ref).seen


def test_one_whose_log_may_not_be_read_is_not(still: Still, ref: AttemptRef) -> None:
    still.aws.first("logs", *[denied] * 1_000)
    assert still.go(30, lambda: not still.see(ref).is_heard)
    assert Seen.LIVE is still.see(ref).seen


def test_a_new_dispatcher_hears_it_when_it_has_read_what_was_said_meanwhile(still: Still, ref: AttemptRef) -> None:
    still.backend.close()
    still.clock.advance(8 * 3600)
    stream = still.aws.streams[f"{still.name(ref)}/algo-1-1"]
    stream.extend((int(still.clock.now() * 1000), f"line {number}") for number in range(25_000))
    still.backend = still.new_backend()
    assert still.go(60, lambda: still.see(ref).is_heard)
    assert "line 24999\n" in still.log(ref)


def test_closed_it_does_nothing_more(still: Still, ref: AttemptRef, tmp_path: Path) -> None:
    still.backend.close()
    before = still.aws.calls.copy()
    still.go(60)
    assert before == still.aws.calls


def test_it_grows_no_older_while_it_waits_for_another_machine(still: Still) -> None:
    """What it waited is not charged, and no time limit: AWS's own, which it has too, does not count it either."""
    at = still.clock.now
    ref = still.taken()
    name = still.name(ref)
    still.aws.runs(name)
    still.go(100)
    assert 100 == pytest.approx(still.see(ref).age or 0, abs=3)
    first = still.job(ref)["SecondaryStatusTransitions"][0] | {"EndTime": dt.datetime.fromtimestamp(at(), dt.UTC)}
    still.aws.runs(name, "InProgress", "Interrupted", SecondaryStatusTransitions=[first])
    still.go(300)
    assert 100 == pytest.approx(still.see(ref).age or 0, abs=3)
    again = {"Status": "Training", "StartTime": dt.datetime.fromtimestamp(at(), dt.UTC)}
    still.aws.runs(name, SecondaryStatusTransitions=[first, again])
    still.go(50)
    assert 150 == pytest.approx(still.see(ref).age or 0, abs=3)
    still.backend = still.new_backend()
    still.backend.standings([still.pool()])
    still.see(ref)
    still.go(10)
    assert 160 == pytest.approx(still.see(ref).age or 0, abs=3)
