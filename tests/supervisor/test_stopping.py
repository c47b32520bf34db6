"""A stop is as gentle as was asked for, and always comes to an end."""

from __future__ import annotations

import signal
import textwrap
from collections.abc import Callable

import pytest

from jupyter_training.supervisor.stopping import KILL, NOTHING, TERMINATE, Heard, Stopping
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


def stopping_by(how: str, **record: object) -> Stopping:
    """A stop that was asked for at 100, with 10 s to listen, 60 s to save and 5 s of grace."""
    stopping = Stopping(grace=99, stop_within=10, pause_within=60)
    stopping.ask({"how": how, "grace": 5, **record}, 100)
    return stopping


def decisions(how: str, *moments: float, **said: bool) -> list[str]:
    """What is done at moments after the stop was asked for."""
    stopping = stopping_by(how)
    return [stopping.next(100 + moment, Heard(**said)) for moment in moments]


AT_ONCE = ["discard", "cancel", "timeout", "hang"]


@pytest.mark.parametrize("how", [*AT_ONCE, "pause", "preempt"])
def test_code_that_does_not_ask_gets_sigterm_at_once_and_sigkill_after_the_grace(how: str) -> None:
    assert [TERMINATE, NOTHING, NOTHING, KILL, KILL] == decisions(how, 0, 1, 4.9, 5, 6)


@pytest.mark.parametrize("how", [*AT_ONCE, "pause", "preempt"])
def test_code_that_asks_has_time_to_leave_first(how: str) -> None:
    assert [NOTHING, NOTHING, TERMINATE, NOTHING, KILL] == decisions(how, 0, 9.9, 10, 14.9, 15, listens=True)


@pytest.mark.parametrize("how", AT_ONCE)
def test_only_a_pause_waits_for_a_checkpoint(how: str) -> None:
    assert [TERMINATE] == decisions(how, 0, saves=True)


@pytest.mark.parametrize("how", ["cancel", "timeout", "hang"])
def test_code_that_asks_only_what_is_due_is_ended_when_it_has_saved(how: str) -> None:
    stopping, said = stopping_by(how), Heard(saves=True, due=True)
    assert [NOTHING, NOTHING] == [stopping.next(moment, said) for moment in (100, 105)]
    assert TERMINATE == stopping.next(105, said._replace(saved=True))
    assert [NOTHING, TERMINATE] == decisions(how, 9.9, 10, saves=True, due=True)
    assert [TERMINATE] == decisions(how, 0, saves=True, due=True, none_comes=True)
    assert [TERMINATE] == decisions("discard", 0, saves=True, due=True)


@pytest.mark.parametrize("how", ["pause", "preempt"])
@pytest.mark.parametrize("listens", [True, False])
def test_a_pause_waits_for_a_checkpoint_so_long_and_no_longer(how: str, listens: bool) -> None:
    said = {"saves": True, "listens": listens}
    assert [NOTHING, NOTHING, TERMINATE, NOTHING, KILL] == decisions(how, 0, 59.9, 60, 64.9, 65, **said)


@pytest.mark.parametrize("mark", ["saved", "none_comes"])
def test_when_the_checkpoint_is_there_or_none_will_come_the_code_is_to_leave(mark: str) -> None:
    stopping = stopping_by("pause")
    assert NOTHING == stopping.next(130, Heard(saves=True))
    assert TERMINATE == stopping.next(131, Heard(saves=True, **{mark: True}))
    assert [NOTHING, KILL] == [stopping.next(moment, Heard(saves=True, **{mark: True})) for moment in (135, 136)]


def test_code_that_asks_has_its_time_after_the_checkpoint() -> None:
    stopping = stopping_by("pause")
    said = Heard(listens=True, saves=True, saved=True)
    assert NOTHING == stopping.next(130, said._replace(saved=False))
    assert [NOTHING, NOTHING, TERMINATE] == [stopping.next(moment, said) for moment in (131, 140.9, 141)]


def test_a_kill_is_at_once_and_again_until_it_works() -> None:
    assert [KILL, KILL] == decisions("kill", 0, 0.25, listens=True, saves=True)


def test_a_stronger_request_takes_over() -> None:
    stopping = stopping_by("cancel")
    assert NOTHING == stopping.next(101, Heard(listens=True))
    stopping.ask({"how": "kill"}, 102)
    assert KILL == stopping.next(102, Heard(listens=True))


@pytest.mark.parametrize("how", ["discard", "cancel"])
def test_a_pause_that_becomes_more_gives_the_time_to_leave_from_then_on(how: str) -> None:
    stopping = stopping_by("pause")
    said = Heard(listens=True, saves=True)
    assert NOTHING == stopping.next(150, said)
    stopping.ask({"how": how, "grace": 1}, 150)
    assert [NOTHING, TERMINATE, KILL] == [stopping.next(moment, said) for moment in (159, 160, 161)]
    assert (how, 1) == stopping.request


@pytest.mark.parametrize(
    ("first", "second", "stands"),
    [
        ("cancel", "pause", ("cancel", 5)),
        ("kill", "cancel", ("kill", 5)),
        ("discard", "preempt", ("discard", 5)),
        ("timeout", "cancel", ("timeout", 1)),
        ("pause", "preempt", ("pause", 1)),
    ],
)
def test_a_weaker_request_changes_nothing_and_an_equal_one_its_grace(
    first: str, second: str, stands: tuple[str, float]
) -> None:
    stopping = stopping_by(first)
    stopping.ask({"how": second, "grace": 1}, 101)
    assert stands == stopping.request


@pytest.mark.parametrize("record", [{}, {"how": "dance"}, {"how": "cancel", "grace": "long"}, {"how": None}])
def test_a_stop_that_is_badly_written_is_a_gentle_one(record: dict[str, object]) -> None:
    stopping = Stopping(grace=7, stop_within=10, pause_within=60)
    stopping.ask(record, 0)
    assert ("cancel", 7) == stopping.request


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


def test_a_stop_that_comes_when_the_code_has_come_to_its_end_changes_nothing(attempt: Build) -> None:
    """SIGTERM finds exit handlers only: the attempt is complete, and nothing from outside has ended it."""
    one = begun(
        attempt(
            "import atexit, time\natexit.register(lambda: (print('ready', flush=True), time.sleep(60)))\nprint('done')"
        )
    )
    one.stop("cancel")
    record = ended(one)
    assert (0, None, None) == (record["exit_code"], record["signal"], record["how_stopped"])
    assert "done\nready\n" == one.log


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
