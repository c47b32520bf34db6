"""Who asks ``should_stop()`` is told and left to leave; who does not gets SystemExit."""

from __future__ import annotations

import signal
import subprocess
import textwrap
from pathlib import Path

from tests.runtime.attempts import Attempt, attempt_in, until

POLITE = """
import atexit, signal, sys
from jupyter_training import should_stop
atexit.register(lambda: print("exit handler", flush=True))
should_stop()
print("ready", flush=True)
try:
    while not should_stop():
        pass
    print("told", flush=True)
finally:
    print("finally", flush=True)
"""

RUDE = """
import atexit, signal
atexit.register(lambda: print("exit handler", flush=True))
try:
    print("ready", flush=True)
    while True:
        signal.pause()
finally:
    print("finally", flush=True)
"""


def begun(home: Path, code: str) -> tuple[Attempt, subprocess.Popen[str]]:
    """An attempt that has said its first word."""
    attempt = attempt_in(home, textwrap.dedent(code))
    process = attempt.begin()
    assert process.stdout is not None
    assert "ready\n" == process.stdout.readline()
    return attempt, process


def test_code_that_asks_is_told_by_the_stop_file(tmp_path: Path) -> None:
    attempt, process = begun(tmp_path, POLITE)
    assert [["n", "listens", "The code asks should_stop()."]] == attempt.events("n")
    assert (attempt.folder / "listens").exists()
    attempt.stop("cancel")
    out, _ = process.communicate()
    assert "told\nfinally\nexit handler\n" == out
    assert (0, True) == (attempt.end["exit_code"], attempt.end["heard_stop"])


def test_code_that_asks_is_told_by_sigterm(tmp_path: Path) -> None:
    attempt, process = begun(tmp_path, POLITE)
    process.terminate()
    out, _ = process.communicate()
    assert "told\nfinally\nexit handler\n" == out
    assert (0, True) == (process.returncode, attempt.end["heard_stop"])


def test_code_that_does_not_ask_leaves_through_its_finally_and_exit_handlers(tmp_path: Path) -> None:
    attempt, process = begun(tmp_path, RUDE)
    process.terminate()
    out, err = process.communicate()
    assert ("finally\nexit handler\n", "") == (out, err)
    assert (143, 143, 15, "exit", False) == (
        process.returncode,
        *(attempt.end[key] for key in ("exit_code", "signal", "reason_class", "heard_stop")),
    )


def test_code_that_was_told_and_is_on_its_way_out_is_not_disturbed_once(tmp_path: Path) -> None:
    attempt, process = begun(
        tmp_path,
        """
        import os, signal
        from jupyter_training import should_stop
        readable, writable = os.pipe()
        os.set_blocking(writable, False)
        signal.set_wakeup_fd(writable)
        should_stop()
        print("ready", flush=True)
        while not should_stop(): pass
        print("saving", flush=True)
        os.read(readable, 1)
        print("saved", flush=True)
        """,
    )
    attempt.stop("cancel")
    assert process.stdout is not None
    assert "saving\n" == process.stdout.readline()
    process.terminate()
    out, _ = process.communicate()
    assert ("saved\n", 0) == (out, process.returncode)


def test_code_that_asked_once_and_never_again_is_ended_by_sigterm_after_a_stop(tmp_path: Path) -> None:
    attempt, process = begun(
        tmp_path,
        """
        import signal
        from jupyter_training import should_stop
        should_stop()
        print("ready", flush=True)
        while True: signal.pause()
        """,
    )
    attempt.stop("cancel")
    process.terminate()
    process.communicate()
    assert 143 == process.returncode


def test_a_second_sigterm_ends_code_that_asks_too_seldom(tmp_path: Path) -> None:
    _, process = begun(
        tmp_path,
        """
        import os, signal
        from jupyter_training import should_stop
        readable, writable = os.pipe()
        os.set_blocking(writable, False)
        signal.set_wakeup_fd(writable)
        should_stop()
        print("ready", flush=True)
        os.read(readable, 1)
        print("first", flush=True)
        os.read(readable, 1)
        print("second", flush=True)
        """,
    )
    process.terminate()
    assert process.stdout is not None
    assert "first\n" == process.stdout.readline()
    process.terminate()
    out, _ = process.communicate()
    assert ("", 143) == (out, process.returncode)


def test_the_persons_own_handler_stands(tmp_path: Path) -> None:
    _, process = begun(
        tmp_path,
        """
        import signal, sys
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
        print("ready", flush=True)
        while True: signal.pause()
        """,
    )
    process.terminate()
    process.communicate()
    assert 7 == process.returncode


def test_forks_die_of_sigterm_as_their_parents_expect(tmp_path: Path) -> None:
    _, process = begun(
        tmp_path,
        """
        import multiprocessing, signal
        print("ready", flush=True)
        child = multiprocessing.get_context("fork").Process(target=signal.pause)
        child.start()
        child.terminate()
        child.join()
        print(child.exitcode)
        """,
    )
    out, _ = process.communicate()
    assert f"{-signal.SIGTERM}\n" == out


def test_sigterm_during_exit_handlers_ends_the_process(tmp_path: Path) -> None:
    attempt, process = begun(
        tmp_path,
        """
        import atexit, signal
        atexit.register(signal.pause)
        print("ready", flush=True)
        """,
    )
    until(lambda: attempt.record("end.json"))
    process.terminate()
    process.communicate()
    assert -signal.SIGTERM == process.returncode


def test_asking_costs_next_to_nothing(tmp_path: Path) -> None:
    """A million calls within the time that a million looks at the disk would take many times over."""
    _, process = begun(
        tmp_path,
        """
        import os, time
        from jupyter_training import should_stop
        print("ready", flush=True)
        def seconds(call):
            begun = time.perf_counter()
            for _ in range(100_000): call()
            return time.perf_counter() - begun
        should_stop()
        print(min(seconds(should_stop) for _ in range(3)) < min(seconds(lambda: os.path.exists("x")) for _ in range(3)))
        """,
    )
    out, _ = process.communicate()
    assert "True\n" == out


def test_outside_a_job_nobody_wants_it_to_stop(monkeypatch: object) -> None:
    from jupyter_training.runtime.stopping import should_stop

    assert not should_stop()
    assert not should_stop()
