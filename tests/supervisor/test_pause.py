"""A pause ends where there is something to go on from, and the next attempt goes on from just there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.attempts import Attempt, until
from tests.runtime.saving import Job
from tests.supervisor.test_launch import HIDDEN, hidden_pids, is_gone

# Stands still in step 7 until the stop is on disk, so that it comes in that step and no other.
STILL = """
import os, time
from jupyter_training import checkpoint, report, should_stop

def stand_still():
    print("seven", flush=True)
    while not os.path.exists(os.environ["JUPYTER_TRAINING_SPOOL"] + "/stop.json"): pass
    time.sleep(0.06)  # longer than an answer of should_stop() holds
"""

EVERY = f"""{STILL}
found = checkpoint.latest()
count = found.load()["count"] if found else 0
for step in checkpoint.steps(20):
    count += 1
    report(loss=float(count), step=step)
    if step == 7 and found is None: stand_still()
    if checkpoint.every(5, step): checkpoint.save({{"count": count}}, step=step)
    if should_stop(): break
print("end", count)
"""
DUE = EVERY.replace("checkpoint.every(5, step)", "checkpoint.due(step, every=5)")

# The stop comes when step 7 is over, and the code asks before it saves.
ASKS_FIRST = f"""{STILL}
found = checkpoint.latest()
count = found.load()["count"] if found else 0
for step in checkpoint.steps(20):
    if should_stop(): break
    count += 1
    report(loss=float(count), step=step)
    if checkpoint.due(every=5): checkpoint.save({{"count": count}})
    if step == 7 and found is None: stand_still()
print("end", count)
"""


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Any]:
    """Builds jobs, and ends what a failed test has left of them."""
    made: list[Job] = []

    def build(code: str, **order: Any) -> Job:
        made.append(Job(tmp_path, code, order=order))
        return made[-1]

    yield build
    for job in made:
        for one in job.attempts:
            one.kill_all()


def stopped_in_step_7(job: Job, how: str, *, grace: float = 10.0) -> Attempt:
    one = job.attempt()
    one.supervise()
    one.wait_for_line("seven")
    one.stop(how, grace=grace)
    assert 0 == one.supervisors[-1].wait(30)
    return one


@pytest.mark.parametrize("how", ["pause", "preempt"])
def test_code_with_its_own_steps_ends_after_the_next_and_goes_on_there(jobs: Any, how: str) -> None:
    job = jobs(EVERY)
    one = stopped_in_step_7(job, how)
    assert (0, how) == (one.exit["exit_code"], one.exit["how_stopped"])
    assert "seven\nend 10\n" == one.log
    assert "step-000000010.1" == (one.record("saved.json") or {})["name"]
    record = job.attempt().finish()
    assert (0, None) == (record["exit_code"], record["how_stopped"])
    assert [None, 10] == job.starts()
    assert [(step, float(step)) for step in range(1, 21)] == job.losses()


def test_no_point_is_reported_twice(jobs: Any) -> None:
    job = jobs(EVERY)
    stopped_in_step_7(job, "pause")
    job.attempt().finish()
    assert list(range(1, 21)) == [step for one in job.attempts for step, _ in one.points()]


@pytest.mark.parametrize(("code", "last"), [(DUE, 7), (ASKS_FIRST, 8)], ids=["saves, then asks", "asks, then saves"])
def test_code_that_asks_what_is_due_saves_at_once(jobs: Any, code: str, last: int) -> None:
    job = jobs(code)
    one = stopped_in_step_7(job, "pause")
    assert (0, "pause") == (one.exit["exit_code"], one.exit["how_stopped"])
    assert f"seven\nend {last}\n" == one.log
    job.attempt().finish()
    assert [None, last] == job.starts()
    assert [(step, float(step)) for step in range(1, 21)] == job.losses()


def test_code_that_never_asks_is_ended_once_its_checkpoint_is_there(jobs: Any) -> None:
    job = jobs(EVERY.replace("    if should_stop(): break", "    if step == 10: time.sleep(100)"), grace=5.0)
    one = stopped_in_step_7(job, "pause")
    assert (143, "pause") == (one.exit["exit_code"], one.exit["how_stopped"])
    assert [10, 5] == [one["step"] for one in job.candidates()]


def test_a_cancel_is_told_at_once(jobs: Any) -> None:
    one = stopped_in_step_7(jobs(EVERY), "cancel")
    assert ("cancel", "seven\nend 7\n") == (one.exit["how_stopped"], one.log)
    assert one.record("saved.json") is None


def test_a_cancel_is_saved_where_the_code_asks_what_is_due(jobs: Any) -> None:
    job = jobs(DUE)
    stopped_in_step_7(job, "cancel")
    assert [7, 5] == [one["step"] for one in job.candidates()]


def test_a_cancel_is_saved_where_the_code_only_asks_what_is_due(jobs: Any) -> None:
    job = jobs(DUE.replace("    if should_stop(): break", "    if step == 7: time.sleep(100)"))
    one = stopped_in_step_7(job, "cancel")
    assert (143, "cancel", "seven\n") == (one.exit["exit_code"], one.exit["how_stopped"], one.log)
    assert [7, 5] == [one["step"] for one in job.candidates()]


def test_a_discard_saves_nothing(jobs: Any) -> None:
    job = jobs(DUE)
    one = stopped_in_step_7(job, "discard")
    assert ("discard", "seven\nend 7\n") == (one.exit["how_stopped"], one.log)
    assert [5] == [one["step"] for one in job.candidates()]


WAITS = f"""{STILL}
checkpoint.save([0], step=1)
stand_still()
if checkpoint.every(5, 7): pass
LAST_WORDS
import signal
while True: signal.pause()
"""


def test_a_pause_waits_for_a_checkpoint_only_so_long(jobs: Any) -> None:
    one = stopped_in_step_7(jobs(WAITS.replace("LAST_WORDS", ""), pause_within=0.6), "pause")
    assert (143, "pause") == (one.exit["exit_code"], one.exit["how_stopped"])


def test_code_that_says_that_none_will_come_is_not_waited_for(jobs: Any) -> None:
    one = stopped_in_step_7(jobs(WAITS.replace("LAST_WORDS", "checkpoint.no_more()")), "pause")
    assert (143, "pause") == (one.exit["exit_code"], one.exit["how_stopped"])
    assert (one.folder / "no_checkpoint").exists()


def test_a_pause_can_become_a_cancel_meanwhile(jobs: Any) -> None:
    job = jobs(WAITS.replace("LAST_WORDS", "print('waits', flush=True)"))
    one = job.attempt()
    one.supervise()
    one.wait_for_line("seven")
    one.stop("pause")
    one.wait_for_line("waits")
    one.stop("cancel")
    assert 0 == one.supervisors[-1].wait(30)
    assert (143, "cancel") == (one.exit["exit_code"], one.exit["how_stopped"])


def test_an_error_while_it_is_to_pause_is_an_error(jobs: Any) -> None:
    code = EVERY.replace("    if should_stop(): break", "    if step == 9: raise OSError('mine')")
    one = stopped_in_step_7(jobs(code), "pause")
    assert (1, None, "OSError") == (one.exit["exit_code"], one.exit["how_stopped"], one.end["error"]["type"])


def test_a_training_that_is_through_before_its_next_checkpoint_is_through(jobs: Any) -> None:
    one = stopped_in_step_7(jobs(EVERY.replace("steps(20)", "steps(8)")), "pause")
    assert (0, None, "seven\nend 8\n") == (one.exit["exit_code"], one.exit["how_stopped"], one.log)


def test_a_killed_supervisor_does_not_lose_the_pause(jobs: Any) -> None:
    job = jobs(EVERY.replace("time.sleep(0.06)", "time.sleep(0.5)"))
    one = job.attempt()
    one.supervise()
    one.wait_for_line("seven")
    one.stop("pause")
    one.supervisors[-1].kill()
    one.supervisors[-1].wait()
    record = one.finish(adopt=True)
    assert (0, "pause") == (record["exit_code"], record["how_stopped"])
    assert "seven\nend 10\n" == one.log


SAVES_AND_HIDES = f"""
from jupyter_training import checkpoint
checkpoint.save([0], step=1)
{HIDDEN}
import signal
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
print("seven", flush=True)
while True:
    signal.pause()
"""


@pytest.mark.parametrize("how", ["pause", "preempt", "discard", "cancel", "timeout", "hang", "kill"])
def test_whatever_the_stop_nothing_that_hides_survives(jobs: Any, how: str) -> None:
    """Grandchildren in sessions of their own that ignore SIGTERM, one of them without the attempt's environment."""
    job = jobs(SAVES_AND_HIDES, pause_within=0.1)
    one = stopped_in_step_7(job, how, grace=0.1)
    assert how == one.exit["how_stopped"]
    pids = hidden_pids(one)
    assert 2 == len(pids)
    until(lambda: all(map(is_gone, [*pids, one.pid])))
