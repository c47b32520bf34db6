"""Two jobs on one slot, the second moved ahead of the first, then both in a batch: the tables before and after.

A real dispatcher, real processes: with preemption the first one saves itself and
gives its slot up, and goes on from there once the second one has left.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands.speaking import Run
from tests.torture.processes import eventually

pytestmark = pytest.mark.processes

# Steps without an end, each of them saved, until somebody asks it to leave or the file is there that lets it end.
COUNTS = """
import sys, time
from pathlib import Path
from jupyter_training import checkpoint, should_stop
state = {"step": 0}
found = checkpoint.latest()
if found:
    found.load(into=state)
for step in checkpoint.steps(10**9):
    time.sleep(0.02)
    state["step"] = step
    if checkpoint.due(every=1):
        checkpoint.save(state)
    if should_stop() or Path(sys.argv[1]).exists():
        break
"""

_VARIES = (
    (re.compile(r"\b[a-z2-7]{10}\b(?=  job)"), "ID"),
    (re.compile(r"just now|\d+(?:\.\d)? (?:s|min) ago"), "AGO"),
    (re.compile(r"from step [\d\u2009]+"), "from step N"),
    (re.compile(r" · (?:no history yet|starts .*)$"), ""),
    (re.compile(r"\s+"), " "),
)


def table(run: Run) -> list[str]:
    """What ``queue`` prints, without what differs from time to time."""
    code, out, err = run("queue", "--pool", "one")
    assert (0, "") == (code, err)
    lines = out.splitlines()
    for pattern, words in _VARIES:
        lines = [pattern.sub(words, line) for line in lines]
    return lines


def becomes(run: Run, *lines: str) -> None:
    """Wait until the table is this, word by word below its titles."""
    shown: list[str] = []

    def same() -> bool:
        shown[:] = table(run)
        return list(lines) == [shown[0], *shown[2:]]

    try:
        eventually(same, within=60, what="the queue")
    except AssertionError:
        assert list(lines) == [shown[0], *shown[2:]]
    assert "# ID Type Name Priority Submitted Slots State User Why" == shown[1]


@pytest.fixture
def counting(run: Run, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Submit a job that counts until ``tmp_path / "end"`` is there."""
    (tmp_path / "counts.py").write_text(COUNTS)

    def submit(name: str, *options: str) -> dict[str, Any]:
        words = ["submit", "counts.py", "--name", name, "--pool", "one", *options, "--json"]
        code, out, err = run(*words, "--", str(tmp_path / "end"))
        assert 0 == code, err
        found: dict[str, Any] = json.loads(out)
        return found

    return submit


def saved(run: Run, name: str) -> bool:
    return json.loads(run("show", name, "--json")[1])["checkpoint"] is not None


def test_the_second_of_two_jobs_is_moved_ahead_of_the_first(
    run: Run, tmp_path: Path, counting: Callable[..., dict[str, Any]]
) -> None:
    assert 0 == run("pool", "add", "one", "--slots", "1", "--preemption", "on")[0]
    first, second = counting("first_job"), counting("second_job")
    user = first["user"]
    becomes(
        run,
        "one: 1 of 1 slots used, 1 job waits; by priority, with preemption",
        f"0 ID job first_job 42 AGO 1/1 ● scheduled {user}",
        f"1 ID job second_job 42 AGO 0/1 ◔ queued {user} 1 of 1 slots are used by first_job; it needs 1.",
    )
    eventually(lambda: saved(run, "first_job"), within=60, what="the first one has something to go on from")

    code, out, err = run("queue", "update", second["id"], "--ahead-of", first["id"])
    assert (0, f"{second['id']}  second_job  Ahead of {first['id']}, priority 42.\n", "") == (code, out, err)
    becomes(
        run,
        "one: 1 of 1 slots used, 1 job waits; by priority, with preemption",
        f"0 ID job second_job 42 AGO 1/1 ● scheduled {user}",
        f"1 ID job first_job 42 AGO 0/1 ◔ queued {user} 1 of 1 slots are used by second_job; it needs 1;"
        " it goes on from step N.",
    )

    code, out, err = run("queue", "update-batch", "second_job.priority=1", "first_job.priority=1")
    assert (0, "") == (code, err)
    assert [
        "second_job.priority=1  second_job is now priority 1.",
        "first_job.priority=1  first_job is now priority 1.",
    ] == out.splitlines()
    becomes(
        run,
        "one: 1 of 1 slots used, 1 job waits; by priority, with preemption",
        f"0 ID job second_job 1 AGO 1/1 ● scheduled {user}",
        f"1 ID job first_job 1 AGO 0/1 ◔ queued {user} 1 of 1 slots are used by second_job; it needs 1;"
        " it goes on from step N.",
    )
    (tmp_path / "end").touch()
    assert 0 == run("wait", "second_job", "first_job", "--quiet")[0]
    attempts = json.loads(run("show", "first_job", "--json")[1])["attempts"]
    assert [("preempted", None), ("completed", True)] == [
        (one["reason"], one["start_step"] and True) for one in attempts
    ], "the first one gave way, and went on from its checkpoint"
    assert ["one: 0 of 1 slots used, 0 jobs wait; by priority, with preemption", "Nothing waits or runs."] == table(run)
    assert 0 == run("pool", "remove", "one")[0]


def test_without_preemption_the_order_changes_and_who_runs_stays(
    run: Run, tmp_path: Path, counting: Callable[..., dict[str, Any]]
) -> None:
    assert 0 == run("pool", "add", "one", "--slots", "1")[0]
    user = counting("runs")["user"]
    eventually(lambda: saved(run, "runs"), within=60, what="it runs and has saved")
    counting("waits")
    counting("needs-none", "--slots", "0")
    assert 0 == run("queue", "update", "waits", "--ahead-of", "runs")[0]
    becomes(
        run,
        "one: 1 of 1 slots used, 1 job waits; by priority",
        f"0 ID job waits 42 AGO 0/1 ◔ queued {user} 1 of 1 slots are used by runs; it needs 1.",
        f"1 ID job runs 42 AGO 1/1 ● scheduled {user}",
        f"2 ID job needs-none 42 AGO 0/0 ● scheduled {user}",
    )
    (tmp_path / "end").touch()
    assert 0 == run("wait", "runs", "waits", "needs-none", "--quiet")[0]
    (attempt,) = json.loads(run("show", "runs", "--json")[1])["attempts"]
    assert "completed" == attempt["reason"]
    assert 0 == run("pool", "remove", "one")[0]
