"""A stop is as gentle as was asked for, and always comes to an end."""

from __future__ import annotations

import signal
import textwrap
from collections.abc import Callable

import pytest

from jupyter_training.supervisor.stopping import KILL, NOTHING, TERMINATE, Stopping
from tests.runtime.attempts import Attempt, until
from tests.supervisor.test_launch import HIDDEN, hidden_pids, is_gone

Build = Callable[..., Attempt]

STUBBORN = """
import signal
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
print("ready")
while True:
    signal.pause()
"""


def begun(one: Attempt) -> Attempt:
    one.supervise()
    one.wait_for_line("ready")
    return one


def ended(one: Attempt) -> dict[str, object]:
    assert 0 == one.supervisors[-1].wait(30)
    return one.exit


# -- decided ---------------------------------------------------------------------------------------------------------


def decisions(how: str, *moments: float, listens: bool = False) -> list[str]:
    """What is done at moments after a stop was asked for at 100, with 10 s to listen and 5 s of grace."""
    stopping = Stopping(grace=99, stop_within=10)
    stopping.ask({"how": how, "grace": 5}, 100)
    return [stopping.next(100 + moment, listens=listens) for moment in moments]


def test_code_that_does_not_ask_gets_sigterm_at_once_and_sigkill_after_the_grace() -> None:
    assert [TERMINATE, NOTHING, NOTHING, KILL, KILL] == decisions("cancel", 0, 1, 4.9, 5, 6)
    assert decisions("cancel", 0, 5) == decisions("timeout", 0, 5)


def test_code_that_asks_has_time_to_leave_first() -> None:
    assert [NOTHING, NOTHING, TERMINATE, NOTHING, KILL] == decisions("cancel", 0, 9.9, 10, 14.9, 15, listens=True)


def test_a_kill_is_at_once_and_again_until_it_works() -> None:
    assert [KILL, KILL] == decisions("kill", 0, 0.25, listens=True)


def test_a_stronger_request_takes_over() -> None:
    stopping = Stopping(grace=99, stop_within=10)
    assert NOTHING == stopping.next(0, listens=True)
    stopping.ask({"how": "cancel", "grace": 5}, 0)
    assert NOTHING == stopping.next(1, listens=True)
    stopping.ask({"how": "kill"}, 2)
    assert KILL == stopping.next(2, listens=True)


@pytest.mark.parametrize("record", [{}, {"how": "dance"}, {"how": "cancel", "grace": "long"}, {"how": None}])
def test_a_stop_that_is_badly_written_is_a_gentle_one(record: dict[str, object]) -> None:
    stopping = Stopping(grace=7, stop_within=10)
    stopping.ask(record, 0)
    assert stopping.request == ("cancel", 7)


# -- done ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["cancel", "timeout"])
def test_code_that_does_not_ask_leaves_by_sigterm(attempt: Build, how: str) -> None:
    one = begun(
        attempt("import signal\ntry:\n    print('ready')\n    while True: signal.pause()\nfinally: print('finally')")
    )
    one.stop(how)
    record = ended(one)
    assert (143, None, how) == (record["exit_code"], record["signal"], record["how_stopped"])
    assert "ready\nfinally\n" == one.log


def test_code_that_asks_is_left_to_leave(attempt: Build) -> None:
    one = begun(
        attempt(
            textwrap.dedent("""
            from jupyter_training import should_stop
            should_stop()
            print("ready")
            while not should_stop(): pass
            print("saved")
            """)
        )
    )
    one.stop("cancel")
    record = ended(one)
    assert (0, None, "cancel") == (record["exit_code"], record["signal"], record["how_stopped"])
    assert "ready\nsaved\n" == one.log


def test_code_that_asked_and_does_not_leave_is_terminated(attempt: Build) -> None:
    one = begun(
        attempt(
            "import signal\nfrom jupyter_training import should_stop\nshould_stop()\nprint('ready')\n"
            "while True: signal.pause()",
            stop_within=0.2,
        )
    )
    one.stop("cancel")
    record = ended(one)
    assert (143, "cancel") == (record["exit_code"], record["how_stopped"])


def test_code_that_ignores_sigterm_is_killed_after_the_grace(attempt: Build) -> None:
    one = begun(attempt(STUBBORN))
    one.stop("cancel", grace=0.1)
    record = ended(one)
    assert (None, signal.SIGKILL, "cancel", False) == tuple(
        record[key] for key in ("exit_code", "signal", "how_stopped", "oom")
    )


def test_a_kill_does_not_wait_and_a_stronger_stop_replaces_a_weaker_one(attempt: Build) -> None:
    one = begun(attempt(STUBBORN))
    one.stop("cancel", grace=1000)
    one.stop("kill")
    record = ended(one)
    assert (signal.SIGKILL, "kill") == (record["signal"], record["how_stopped"])


def test_a_kill_takes_everything_that_hides(attempt: Build) -> None:
    one = attempt(HIDDEN + STUBBORN)
    one.supervise()
    one.wait_for_line("ready")
    pids = hidden_pids(one)
    one.stop("kill")
    ended(one)
    assert all(map(is_gone, [*pids, one.pid]))
    assert not list(one.folder.glob("*.reserved"))


def test_a_stopped_process_can_be_killed(attempt: Build) -> None:
    one = begun(attempt("import os, signal\nprint('ready')\nos.kill(os.getpid(), signal.SIGSTOP)"))
    one.stop("cancel", grace=0.1)
    record = ended(one)
    assert (signal.SIGKILL, "cancel") == (record["signal"], record["how_stopped"])


def test_a_stop_that_comes_before_the_start_is_heard(attempt: Build) -> None:
    one = attempt(STUBBORN)
    one.stop("kill")
    assert "kill" == one.finish()["how_stopped"]


def test_a_run_that_ended_by_itself_was_not_stopped(attempt: Build) -> None:
    """The request came when the code was through; only a leftover still ran."""
    one = attempt(
        textwrap.dedent("""
        import os, signal
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True: signal.pause()
        """),
        grace=1.0,
    )
    one.supervise()
    until(lambda: one.record("end.json"))
    until(lambda: is_gone(one.pid))
    one.stop("cancel")
    record = ended(one)
    assert (0, None) == (record["exit_code"], record["how_stopped"])
