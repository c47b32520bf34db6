"""A new dispatcher finds what an earlier one left running, by who it is and not by its pid alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.backends.local.backend import LocalBackend
from jupyter_training.core.ids import JobId
from jupyter_training.core.lifecycle import AttemptState, EndReason, Seen
from jupyter_training.seams.backend import AttemptRef, End, Observation
from jupyter_training.seams.clock import SystemClock
from jupyter_training.settings import Settings
from jupyter_training.spool import claim, identity, layout
from tests.runtime.attempts import Attempt, attempt_in, until

pytestmark = pytest.mark.processes

WAITS = """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
print("ready")
signal.sigwait({signal.SIGUSR1})
"""
ENTERED = "import signal\nprint('ready')\nwhile True: signal.pause()"

Build = Callable[[str], Attempt]


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    made: list[Attempt] = []

    def one(code: str) -> Attempt:
        made.append(attempt_in(tmp_path, code))
        return made[-1]

    yield one
    for attempt in made:
        attempt.kill_all()


Look = Callable[..., "Dispatcher"]


@pytest.fixture
def succeed(build: Build, tmp_path: Path) -> Iterator[Look]:
    """New dispatchers; what they started has ended when the test has."""
    made: list[Dispatcher] = []

    def one(token: str = "token") -> Dispatcher:
        made.append(Dispatcher(tmp_path, token))
        return made[-1]

    yield one
    for dispatcher in made:
        dispatcher.backend._supervisors.wait(30)


class Dispatcher:
    """What a new dispatcher's backend sees of the attempt."""

    def __init__(self, home: Path, token: str) -> None:
        self.backend = LocalBackend(Settings(home=home), SystemClock())
        self.ref = AttemptRef(JobId("job"), 1, token, "job/1")

    def look(self) -> Observation:
        (observation,) = self.backend.observe([self.ref])
        return observation

    def end(self) -> End:
        end: End = until(lambda: self.look().end, what="the attempt's end")
        return end


def mark(one: Attempt) -> dict[str, Any]:
    return layout.read_json(one.folder / layout.SUPERVISOR) or {}


def running(one: Attempt) -> subprocess.Popen[bytes]:
    process = one.supervise()
    one.wait_for_line("ready")
    return process


def test_a_running_supervisor_is_found_and_left_alone(build: Build, succeed: Look) -> None:
    one = build(WAITS)
    running(one)
    before, dispatcher = mark(one), succeed()
    for _ in range(5):
        seen = dispatcher.look()
        assert (Seen.LIVE, AttemptState.RUNNING, None) == (seen.seen, seen.state, seen.end)
    assert before == mark(one), "nobody was started beside it"
    os.kill(one.pid, signal.SIGUSR1)
    assert EndReason.COMPLETED is dispatcher.end().reason


def test_another_process_that_has_the_supervisors_pid_is_not_taken_for_it(build: Build, succeed: Look) -> None:
    one = build(WAITS)
    process = running(one)
    process.kill()
    process.wait()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        recycled = {"pid": other.pid, "start_time": 1, "boot_id": identity.boot_id()}
        layout.write_json(one.folder / layout.SUPERVISOR, recycled)
        dispatcher = succeed()
        assert Seen.LIVE is dispatcher.look().seen, "its code runs"
        until(lambda: claim.supervisor_alive(one.folder), what="a supervisor of its own")
        assert other.pid != mark(one)["pid"]
        os.kill(one.pid, signal.SIGUSR1)
        assert EndReason.COMPLETED is dispatcher.end().reason
        assert other.poll() is None
        other.communicate(b"\n")


def test_an_earlier_start_of_the_machine_makes_every_pid_a_strangers(build: Build, succeed: Look) -> None:
    one = build(WAITS)
    process = running(one)
    layout.write_json(one.folder / layout.SUPERVISOR, {**mark(one), "boot_id": "earlier"})
    dispatcher = succeed()
    dispatcher.look()
    until(lambda: len(dispatcher.backend._supervisors.children) == 1, what="another one is asked to adopt it")
    assert process.poll() is None, "the lock says that there is one, so it leaves"
    os.kill(one.pid, signal.SIGUSR1)
    assert EndReason.COMPLETED is dispatcher.end().reason


def test_what_has_another_token_is_another_attempt(build: Build, succeed: Look) -> None:
    one = build(WAITS)
    running(one)
    stranger = succeed(token="put back from a copy").look()
    assert (Seen.GONE, EndReason.LOST) == (stranger.seen, stranger.end and stranger.end.reason)
    assert "another attempt of the same number" in str(stranger.end and stranger.end.detail)
    assert Seen.LIVE is succeed().look().seen, "the one that runs was left alone"


def test_one_that_vanished_is_unknown_until_somebody_has_looked_and_then_lost(build: Build, succeed: Look) -> None:
    one = build(ENTERED)
    process = running(one)
    process.kill()
    process.wait()
    os.kill(one.pid, signal.SIGKILL)
    until(lambda: identity.start_time(one.pid) is None)
    dispatcher = succeed()
    assert (Seen.UNKNOWN, None) == (dispatcher.look().seen, dispatcher.look().end), "its slots are kept"
    assert EndReason.LOST is dispatcher.end().reason


def test_a_restart_of_the_machine_is_recognised_and_said(build: Build, succeed: Look) -> None:
    one = build("")
    own = {**identity.own()._asdict(), "boot_id": "earlier"}
    (one.folder / layout.CLAIM).mkdir()
    layout.write_json(one.folder / layout.CLAIM / layout.OWNER, {**own, "token": "token", "role": "supervisor"})
    layout.write_json(one.folder / layout.SUPERVISOR, own)
    layout.write_json(layout.begun_file(one.folder), {"time": 1.0})
    layout.write_json(layout.process_file(one.folder), {**own, "time": 1.0})
    dispatcher = succeed()
    assert Seen.UNKNOWN is dispatcher.look().seen
    end = dispatcher.end()
    assert EndReason.LOST is end.reason
    assert "machine was restarted" in str(end.detail)
