"""A killed supervisor takes nothing with it: another one finds what is left, and the truth."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_training.spool import claim, identity, layout
from tests.runtime.attempts import Attempt, until
from tests.supervisor.test_launch import HIDDEN, hidden_pids, is_gone

Build = Callable[..., Attempt]
SOURCE = str(Path(__file__).parents[2])

WAITS = """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
from jupyter_training import report
report(loss=1.0)
print("ready")
signal.sigwait({signal.SIGUSR1})
report(loss=2.0)
print("end")
"""


def orphaned(one: Attempt) -> Attempt:
    """The attempt runs, and its supervisor is killed."""
    process = one.supervise()
    one.wait_for_line("ready")
    process.kill()
    process.wait()
    assert not claim.supervisor_alive(one.folder)
    return one


def adopted(one: Attempt) -> subprocess.Popen[bytes]:
    """A new supervisor that has taken over."""
    process = one.supervise(adopt=True)
    until(lambda: claim.supervisor_alive(one.folder))
    return process


# -- killed while the code runs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("exit_code", [0, 3])
def test_the_training_goes_on_and_the_adopter_writes_its_true_end(attempt: Build, exit_code: int) -> None:
    one = orphaned(attempt(WAITS + f"raise SystemExit({exit_code})"))
    adopter = adopted(one)
    os.kill(one.pid, signal.SIGUSR1)
    assert 0 == adopter.wait(30)
    assert (exit_code, None, None, "adopted") == tuple(
        one.exit[key] for key in ("exit_code", "signal", "how_stopped", "from")
    )
    assert "ready\nend\n" == one.log
    assert [1.0, 2.0] == [values["loss"] for _, values in one.points()]


def test_code_that_ended_without_any_supervisor_has_its_true_end(attempt: Build) -> None:
    one = orphaned(attempt(WAITS + "raise SystemExit(3)"))
    os.kill(one.pid, signal.SIGUSR1)
    until(lambda: is_gone(one.pid))
    record = one.finish(adopt=True)
    assert (3, "adopted") == (record["exit_code"], record["from"])


def test_where_nobody_saw_the_end_it_is_not_guessed(attempt: Build) -> None:
    one = orphaned(attempt(WAITS))
    os.kill(one.pid, signal.SIGKILL)
    record = one.finish(adopt=True)
    assert (None, None, None, "adopted") == tuple(record[key] for key in ("exit_code", "signal", "how_stopped", "from"))


def test_an_adopter_stops_what_it_adopted(attempt: Build) -> None:
    one = orphaned(attempt("import signal\nprint('ready')\nwhile True: signal.pause()"))
    adopter = adopted(one)
    one.stop("cancel")
    assert 0 == adopter.wait(30)
    assert (143, "cancel") == (one.exit["exit_code"], one.exit["how_stopped"])


def test_a_stop_that_was_asked_for_while_nobody_watched_is_done(attempt: Build) -> None:
    one = orphaned(attempt("import signal\nprint('ready')\nwhile True: signal.pause()"))
    one.stop("kill")
    record = one.finish(adopt=True)
    assert (None, "kill") == (record["exit_code"], record["how_stopped"])
    assert is_gone(one.pid)


def test_orphans_with_the_attempts_mark_are_found_though_they_went_to_init(attempt: Build) -> None:
    one = attempt(HIDDEN.replace("ENVIRONMENT = {}", "ENVIRONMENT = dict(os.environ, MORE='1')") + WAITS, grace=0.1)
    orphaned(one)
    pids = hidden_pids(one)
    assert not any(map(is_gone, pids))
    os.kill(one.pid, signal.SIGUSR1)
    until(lambda: is_gone(one.pid))
    one.finish(adopt=True)
    assert all(map(is_gone, pids))


def test_adopters_may_be_killed_as_well(attempt: Build) -> None:
    one = orphaned(attempt(WAITS))
    for _ in range(3):
        adopter = adopted(one)
        adopter.kill()
        adopter.wait()
    adopter = adopted(one)
    os.kill(one.pid, signal.SIGUSR1)
    assert 0 == adopter.wait(30)
    assert 0 == one.exit["exit_code"]
    assert "ready\nend\n" == one.log


def test_of_many_adopters_one_watches(attempt: Build) -> None:
    one = orphaned(attempt(WAITS))
    adopters = [one.supervise(adopt=True) for _ in range(4)]
    until(lambda: sum(adopter.poll() is None for adopter in adopters) == 1)
    os.kill(one.pid, signal.SIGUSR1)
    assert [0] * 4 == [adopter.wait(30) for adopter in adopters]
    assert 0 == one.exit["exit_code"]


def test_another_process_that_has_the_pid_is_left_alone(attempt: Build) -> None:
    one = attempt("")
    claim.take(one.folder, "token")
    layout.write_json(layout.begun_file(one.folder), {"time": 1.0})
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True) as other:
        layout.write_json(
            layout.process_file(one.folder),
            {"pid": other.pid, "start_time": 1, "boot_id": identity.boot_id(), "pgid": other.pid, "time": 1.0},
        )
        (one.folder / "started").touch()
        one.stop("kill")
        record = one.finish(adopt=True)
        assert other.poll() is None
        other.communicate(b"\n")
    assert 0 == other.returncode
    assert (None, "adopted") == (record["exit_code"], record["from"])


def test_after_a_restart_of_the_machine_nothing_is_looked_for_by_pid(attempt: Build) -> None:
    one = attempt("")
    (one.folder / "claim").mkdir()
    own = identity.own()
    layout.write_json(one.folder / "claim" / "owner.json", {**own._asdict(), "boot_id": "earlier", "token": "token"})
    layout.write_json(layout.begun_file(one.folder), {"time": 1.0})
    layout.write_json(layout.process_file(one.folder), {**own._asdict(), "boot_id": "earlier", "time": 1.0})
    record = one.finish(adopt=True)
    assert (None, None, None) == (record["exit_code"], record["signal"], record.get("not_begun"))


# -- killed before the code ran --------------------------------------------------------------------------------------


def test_nothing_to_adopt_without_a_claim(attempt: Build) -> None:
    one = attempt("print('ran')")
    assert 0 == one.supervise(adopt=True).wait()
    assert one.record("exit.json") is None
    assert not claim.is_taken(one.folder)


@pytest.mark.parametrize("has_owner", [True, False])
def test_killed_between_claim_and_begin_the_code_has_not_begun(attempt: Build, has_owner: bool) -> None:
    one = attempt("print('ran')")
    if has_owner:
        claim.take(one.folder, "token")
    else:
        (one.folder / "claim").mkdir()
    record = one.finish(adopt=True)
    assert record["not_begun"] is True
    assert "" == one.log
    one.finish()
    assert "" == one.log


def test_killed_between_begin_and_process_the_code_has_not_begun_since_its_gate_was_shut(attempt: Build) -> None:
    one = attempt("print('ran')")
    claim.take(one.folder, "token")
    layout.write_json(layout.begun_file(one.folder), {"time": 1.0})
    record = one.finish(adopt=True)
    assert record["not_begun"] is True
    assert "" == one.log


def test_killed_between_process_and_gate_the_code_has_not_begun(attempt: Build) -> None:
    """The process that is on record has left, since nobody opened its gate."""
    one = attempt("print('ran')")
    claim.take(one.folder, "token")
    layout.write_json(layout.begun_file(one.folder), {"time": 1.0})
    gone = {"pid": 2**22 + 1, "start_time": 1, "boot_id": identity.boot_id(), "time": 1.0}
    layout.write_json(layout.process_file(one.folder), gone)
    assert one.finish(adopt=True)["not_begun"] is True


def test_a_gate_whose_supervisor_is_gone_lets_nothing_through(attempt: Build, tmp_path: Path) -> None:
    code = """
        import os, sys
        sys.path.insert(0, sys.argv[1])
        from jupyter_training.supervisor import spawn
        folder = sys.argv[2]
        gate = spawn.start(["/bin/echo", "ran"], env={}, folder=folder, log=folder + "/log", mark=folder + "/started")
        print(gate.pid, flush=True)
        os.kill(os.getpid(), 9)
    """
    words = [sys.executable, "-c", textwrap.dedent(code), SOURCE, str(tmp_path)]
    answer = subprocess.run(words, capture_output=True, text=True, check=False)
    until(lambda: is_gone(int(answer.stdout)))
    assert "" == (tmp_path / "log").read_text()
    assert not (tmp_path / "started").exists()


def test_after_a_restart_a_lost_process_record_proves_nothing(attempt: Build) -> None:
    one = attempt("")
    (one.folder / "claim").mkdir()
    layout.write_json(one.folder / "claim" / "owner.json", {"boot_id": "earlier", "role": "supervisor"})
    layout.write_json(layout.begun_file(one.folder), {"time": 1.0})
    record = one.finish(adopt=True)
    assert (None, None) == (record.get("not_begun"), record["exit_code"])


def test_a_process_that_is_not_on_record_is_found_by_its_environment(attempt: Build) -> None:
    one = orphaned(attempt(WAITS))
    pid = one.pid
    layout.process_file(one.folder).unlink()
    adopter = one.supervise(adopt=True)
    assert pid == one.pid  # on record again
    os.kill(pid, signal.SIGUSR1)
    assert 0 == adopter.wait(30)
    assert 0 == one.exit["exit_code"]


def test_an_end_record_counts_though_the_process_was_never_on_record(attempt: Build) -> None:
    one = attempt("")
    claim.take(one.folder, "token")
    layout.write_json(layout.begun_file(one.folder), {"time": 1.0})
    layout.write_json(layout.end_file(one.folder), {"exit_code": 4, "reason_class": "exit", "time": 2.0})
    assert 4 == one.finish(adopt=True)["exit_code"]


def test_killed_at_any_moment_of_a_launch_the_code_runs_once_or_not_at_all(attempt: Build) -> None:
    """A supervisor is killed a little later each time; what is then on record is what happened."""
    whole = attempt("print('ran')")
    begun = time.monotonic()
    whole.finish()
    span = time.monotonic() - begun
    outcomes = set()
    for n in range(16):
        one = attempt("print('ran')")
        process = one.supervise()
        deadline = time.monotonic() + span * n / 16
        while time.monotonic() < deadline and process.poll() is None:
            pass
        process.kill()
        process.wait()
        if not claim.is_taken(one.folder):
            record = one.finish()  # as a backend does with an attempt that nobody has claimed
        else:
            if one.record("exit.json") is None:
                one.finish(adopt=True)
            record = one.exit
        ran = one.log.count("ran\n")
        if record.get("not_begun"):
            assert 0 == ran
        else:
            assert (0, 1) == (record["exit_code"], ran)
        outcomes.add((bool(record.get("not_begun")), record["from"]))
    assert len(outcomes) >= 2  # the kills did fall on different moments


def test_an_attempt_that_has_lost_its_order_still_gets_its_end(attempt: Build) -> None:
    one = orphaned(attempt(WAITS))
    layout.order_file(one.folder).unlink()
    adopter = adopted(one)
    os.kill(one.pid, signal.SIGUSR1)
    assert 0 == adopter.wait(30)
    assert 0 == one.exit["exit_code"]


def test_a_fork_of_the_code_that_outlives_it_is_not_taken_for_it(attempt: Build) -> None:
    """The code ended while nobody watched; what it left behind is cleaned up, its end is its own."""
    one = attempt(
        textwrap.dedent("""
        import os, signal
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            print("ready", flush=True)
            while True: signal.pause()
        signal.sigwait({signal.SIGUSR1})
        raise SystemExit(6)
        """),
        grace=0.1,
    )
    orphaned(one)
    os.kill(one.pid, signal.SIGUSR1)
    until(lambda: is_gone(one.pid))
    assert 6 == one.finish(adopt=True)["exit_code"]
