"""The order in which log streams are read, and what does not stop their readers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.backends.sagemaker import names
from jupyter_training.backends.sagemaker.pace import Pace
from jupyter_training.core.lifecycle import EndReason
from tests.backends.sagemaker.memory import Memory, Still, missing
from tests.backends.sagemaker.test_ends import reason

ENDED: dict[str, Any] = {"exit_code": 1, "signal": None, "how_stopped": None, "host": "algo-1"}
ERROR = {"type": "ValueError", "message": "mine", "traceback": "tb", "frames": []}


def record(*event: Any) -> str:
    return f"[jt] {json.dumps(event, separators=(',', ':'))}"


def interrupted(still: Still, lines: int) -> tuple[str, str]:
    """A spot job that was interrupted and has failed then: its streams, in which nobody has read yet."""
    ref = still.taken()
    name, at = still.name(ref), int(still.clock.now() * 1000)
    first, second = f"{name}/algo-1-999", f"{name}/algo-1-1700"
    said = [record("boot", 1, {"run": "a", "host": "algo-1"}), *("line" for _ in range(lines)), "the first one's last"]
    said.append(record("exit", 2, {"exit_code": None, "signal": 15, "how_stopped": "pause", "host": "algo-1"}))
    still.aws.streams[first] = [(at + number, line) for number, line in enumerate(said)]
    said = [record("boot", 3, {"run": "b", "host": "algo-1"}), "the second one's first"]
    said += [record("end", 4, {"exit_code": 1, "error": ERROR}), record("exit", 5, ENDED)]
    still.aws.streams[second] = [(at + 900_000 + number, line) for number, line in enumerate(said)]
    words = "AlgorithmError: ValueError: mine, exit code: 1"
    still.aws.runs(name, "Failed", "Failed", FailureReason=words)
    still.job(ref)["SecondaryStatusTransitions"] *= 2
    assert still.go(300, lambda: still.see(ref).end is not None)
    end = still.see(ref).end
    assert (EndReason.ERROR, "Failed: ValueError: mine.") == (reason(end), end and end.detail)
    assert [1, 2, 3, 4, 5] == [one[1] for one in still.events(ref, "boot", "end", "exit")]
    log = still.log(ref)
    assert log.index("the first one's last") < log.index("the second one's first")
    return first, second


def test_after_an_outage_what_was_said_before_the_interruption_is_read_first(still: Still) -> None:
    """The first stream has several pages, and both are there at once."""
    interrupted(still, 50_000)


def test_streams_are_in_the_order_of_their_numbers(still: Still) -> None:
    first, second = interrupted(still, 10)
    assert sorted((first, second)) == [second, first], "and not of their letters"
    assert [first, second] == sorted((second, first), key=names.begun)


def test_a_stream_that_is_deleted_keeps_nobody_from_the_others(still: Still) -> None:
    ref = still.taken()
    name = still.name(ref)
    still.aws.streams = {f"{name}/algo-1-1": [(1, "gone")], f"{name}/algo-1-2": [(2, "there")]}

    def deleted(aws: Memory, request: dict[str, Any]) -> Any:
        return missing(aws, request) if request["logStreamName"].endswith("-1-1") else None

    still.aws.first("logs", *[deleted] * 1000)
    still.aws.runs(name)
    assert still.go(60, lambda: "there" in still.log(ref))


def test_what_two_hosts_say_is_read_side_by_side(still: Still) -> None:
    ref = still.taken(options={"instances": 2})
    name = still.name(ref)
    still.aws.streams = {f"{name}/algo-1-5": [(1, "one")], f"{name}/algo-2-4": [(2, "two")]}
    still.aws.runs(name)
    assert still.go(60, lambda: still.log(ref).count("\n") == 2)
    assert {"one", "[algo-2] two"} == set(still.log(ref).splitlines())


def test_a_cursor_in_a_log_stops_no_later_dispatcher(still: Still) -> None:
    ref = still.taken()
    name = still.name(ref)
    still.aws.streams[f"{name}/algo-1-1"] = [(1, "hello"), (1, '[jt] ["cursor",1,{}]')]
    still.aws.runs(name)
    assert still.go(60, lambda: "cursor" in still.log(ref))
    still.backend = still.new_backend()
    still.see(ref)
    still.aws.runs(name, "Completed", "Completed")
    assert still.go(300, lambda: still.see(ref).end is not None)
    assert 1 == still.log(ref).count("hello")


def test_a_dispatcher_that_was_given_up_and_comes_back_does_not_lock_out_the_one_that_has_the_lease(
    still: Still,
) -> None:
    """It had not begun to read yet, so that it takes itself for the newer writer."""
    ref = still.taken()
    name = still.name(ref)
    stale = still.backend
    still.backend = still.new_backend()
    still.see(ref)
    said = still.aws.streams[f"{name}/algo-1-1"] = [(1, "one")]
    still.aws.runs(name)
    assert still.go(30, lambda: "one" in still.log(ref))
    said.append((2, "two"))
    for _ in range(100):
        stale.work.run_due()
        still.clock.advance(0.1)
    assert "two" in still.log(ref), "it did write"
    for number in range(20):
        said.append((3 + number, f"more {number}"))
        stale.work.run_due()
        still.go(2, lambda: still.see(ref) is None)
    said.append((100, record("exit", 5, {**ENDED, "exit_code": 0})))
    still.aws.runs(name, "Completed", "Completed")
    assert still.go(60, lambda: still.see(ref).end is not None)
    assert ["one", "two", *(f"more {number}" for number in range(20))] == still.log(ref).splitlines()


@pytest.mark.parametrize("late", [60, 150])
def test_a_log_that_lacks_its_last_word_is_waited_for(tmp_path: Path, late: int) -> None:
    """CloudWatch may be a minute late, and of a short job later than its end with all of it."""
    still = Still(tmp_path / "home", pace=Pace())
    still.backend.standings([still.pool()])
    ref = still.taken()
    name = still.name(ref)
    at = int(still.clock.now() * 1000)
    if late < 100:
        still.aws.streams[f"{name}/algo-1-1"] = [(at, "first")]
    still.aws.runs(name, "Failed", "Failed", FailureReason="AlgorithmError: , exit code: 1")
    assert not still.go(late, lambda: still.see(ref).end is not None)
    still.aws.streams.setdefault(f"{name}/algo-1-1", []).extend(
        [(at, "last"), (at, record("end", 4, {"exit_code": 1, "error": ERROR})), (at, record("exit", 5, ENDED))]
    )
    assert still.go(60, lambda: still.see(ref).end is not None)
    assert "last\n" in still.log(ref)
    end = still.see(ref).end
    assert "Failed: ValueError: mine." == (end and end.detail)
