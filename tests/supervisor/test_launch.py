"""One supervisor starts the code once, watches it, and writes how it ended when nothing of it lives."""

from __future__ import annotations

import json
import os
import signal
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_training.spool import claim, identity, layout
from tests.runtime.attempts import Attempt, until

Build = Callable[..., Attempt]


def is_gone(pid: int) -> bool:
    return identity.start_time(pid) is None


# -- a usual life ----------------------------------------------------------------------------------------------------


def test_an_attempt_from_its_claim_to_its_exit(attempt: Build) -> None:
    one = attempt("print('hello')\nimport sys; print('error', file=sys.stderr)")
    record = one.finish()
    assert (0, None, None, False, "wait") == tuple(
        record[key] for key in ("exit_code", "signal", "how_stopped", "oom", "from")
    )
    assert "hello\nerror\n" == one.log
    assert "supervisor" == (claim.owner(one.folder) or {})["role"]
    assert [["s", "begun"], ["s", "ended"]] == one.events("s")
    assert not list(one.folder.glob("*.reserved"))
    begun, process = one.record("begun.json"), one.record("process.json")
    assert begun is not None
    assert process is not None
    assert begun["time"] <= process["time"] <= record["time"]
    assert process["pid"] == process["pgid"]


def test_the_environment_is_the_orders_and_nothing_of_the_supervisors(attempt: Build, tmp_path: Path) -> None:
    one = attempt(
        "import json, os\nprint(json.dumps([dict(os.environ), os.getcwd(), os.getsid(0) == os.getpid()]))",
        env={"PATH": os.environ["PATH"], "MINE": "1"},
    )
    one.finish()
    variables, folder, leads = json.loads(one.log)
    # MPLBACKEND is the runtime's own: a job has no screen, and what it shows is kept.
    assert {"PATH", "MINE", "PYTHONUNBUFFERED", "PYTHONPATH", "MPLBACKEND"} == {
        name for name in variables if not name.startswith("JUPYTER_TRAINING_") and name != "LC_CTYPE"
    }
    assert {
        "JUPYTER_TRAINING_JOB": "job0",
        "JUPYTER_TRAINING_ATTEMPT": "1",
        "JUPYTER_TRAINING_SPOOL": str(one.folder),
        "JUPYTER_TRAINING_OUTPUT": str(tmp_path / "outputs" / "job0"),
    } == {name: value for name, value in variables.items() if name.startswith("JUPYTER_TRAINING_")}
    assert (str(tmp_path / "work"), True) == (folder, leads)


def test_secrets_reach_the_code_and_their_file_goes(attempt: Build) -> None:
    one = attempt("import os; print(os.environ['SECRET'] == 'value')")
    layout.secrets_file(one.folder).write_text('{"SECRET": "value"}')
    one.finish()
    assert "True\n" == one.log
    assert not layout.secrets_file(one.folder).exists()
    assert not any("value" in path.read_text("utf-8", "replace") for path in one.folder.glob("*.json"))


@pytest.mark.parametrize(
    ("code", "exit_code", "number"),
    [
        ("raise SystemExit(3)", 3, None),
        ("1 / 0", 1, None),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", None, signal.SIGKILL),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", None, signal.SIGSEGV),
        ("import os; os._exit(200)", 200, None),
    ],
)
def test_the_exit_status_is_the_true_one(attempt: Build, code: str, exit_code: int | None, number: int | None) -> None:
    record = attempt(code).finish()
    assert (exit_code, number, None, False) == (
        record["exit_code"],
        record["signal"],
        record["how_stopped"],
        record["oom"],
    )


def test_signals_that_the_supervisor_ignores_are_the_codes_again(attempt: Build) -> None:
    one = attempt(
        "import signal\nnames = ('SIGHUP', 'SIGINT', 'SIGTERM', 'SIGUSR1', 'SIGQUIT')\n"
        "print([signal.getsignal(getattr(signal, name)) is not signal.SIG_IGN for name in names],"
        " signal.pthread_sigmask(signal.SIG_BLOCK, ()))"
    )
    one.finish()
    assert "[True, True, True, True, True] set()\n" == one.log


def test_a_logout_or_a_stop_of_its_starter_does_not_end_the_supervisor(attempt: Build) -> None:
    one = attempt(
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})\n"
        "print('ready')\nsignal.sigwait({signal.SIGUSR1})\nprint('end')"
    )
    process = one.supervise()
    one.wait_for_line("ready")
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
        process.send_signal(number)
    until(lambda: not pending(process.pid))
    assert process.poll() is None
    os.kill(one.pid, signal.SIGUSR1)
    assert 0 == process.wait()
    assert "ready\nend\n" == one.log


def pending(pid: int) -> int:
    """Signals that a process has not taken yet, as a bit mask."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return sum(int(line.split()[1], 16) for line in lines if line.startswith(("SigPnd", "ShdPnd")))


# -- once ------------------------------------------------------------------------------------------------------------


def test_eight_supervisors_of_one_attempt_run_the_code_once(attempt: Build) -> None:
    one = attempt("import os\nos.write(1, b'ran\\n')")
    processes = [one.supervise(adopt=n % 4 == 3) for n in range(8)]
    assert [0] * 8 == [process.wait() for process in processes]
    assert "ran\n" == one.log
    assert 0 == one.exit["exit_code"]


def test_a_second_launch_of_an_attempt_that_has_ended_changes_nothing(attempt: Build) -> None:
    one = attempt("print('ran')")
    record = one.finish()
    assert record == one.finish() == one.finish(adopt=True)
    assert "ran\n" == one.log


def test_an_attempt_that_was_given_up_is_not_started(attempt: Build) -> None:
    one = attempt("print('ran')")
    assert claim.void(one.folder, "token")
    for adopt in (False, True):
        assert 0 == one.supervise(adopt=adopt).wait()
    assert one.record("exit.json") is None
    assert "" == one.log


# -- what can't be started -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"folder": "/no/such/folder"}, "the folder /no/such/folder is not there."),
        ({"argv": ["/no/such/python", "x"]}, "the interpreter /no/such/python is not there."),
        ({"argv": ["/etc/passwd", "x"]}, "the interpreter /etc/passwd can not be started: Permission denied."),
        ({"argv": []}, "its order is damaged: ValueError: no command."),
        ({"version": 99}, "its order has version 99, this program reads 1."),
        ({"output": "/proc/none/x"}, "No such file or directory"),
        ({"grace": "long"}, "its order is damaged: ValueError"),
    ],
)
def test_what_can_not_be_started_says_why(attempt: Build, change: dict[str, object], words: str) -> None:
    one = attempt("print('ran')", **change)
    record = one.finish()
    assert words in record["launch_error"]
    assert (None, None, None) == (record["exit_code"], record["signal"], record["how_stopped"])
    assert "" == one.log


def test_without_a_readable_order_it_says_so(attempt: Build) -> None:
    one = attempt("")
    layout.order_file(one.folder).write_text("{")
    assert "its order is missing or damaged." == one.finish()["launch_error"]


def test_a_folder_that_can_not_be_entered_says_so(attempt: Build, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert f"the folder {file} is not there." == attempt("", folder=str(file)).finish()["launch_error"]


# -- nothing survives ------------------------------------------------------------------------------------------------

HIDDEN = """
import os, signal, sys
readable, writable = os.pipe()

def hide():
    '''A grandchild in a session of its own that ignores what it can, with an environment of its own if asked.'''
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            code = f"import os, signal; os.write({writable}, b'%d ' % os.getpid())"
            code += "; [signal.pause() for _ in iter(int, 1)]"
            os.set_inheritable(writable, True)
            os.execve(sys.executable, [sys.executable, "-I", "-S", "-c", code], ENVIRONMENT)
        os._exit(0)

ENVIRONMENT = dict(os.environ)
hide()
ENVIRONMENT = {}
hide()
hidden = b""
while hidden.count(b" ") < 2:
    hidden += os.read(readable, 100)
print("hidden", *hidden.split(), sep=" ", flush=True)
"""


def hidden_pids(one: Attempt) -> list[int]:
    line = until(lambda: next((line for line in one.log.splitlines() if line.startswith("hidden")), None))
    return [int(word.strip("b'")) for word in line.split()[1:]]


def test_whatever_the_code_leaves_behind_is_gone_when_the_exit_is_written(attempt: Build) -> None:
    """Double forks in sessions of their own that ignore SIGTERM, also without our mark in their environment."""
    one = attempt(HIDDEN, grace=0.1)
    record = one.finish()
    pids = hidden_pids(one)
    assert 2 == len(pids)
    assert all(map(is_gone, pids))
    assert (0, None) == (record["exit_code"], record["how_stopped"])


SERVES = """
import os, signal, subprocess, sys

waits = "import os, signal, sys; os.fork(); os.write(1, b'%d ' % os.getpid()); [signal.pause() for _ in iter(int, 1)]"
readable, writable = os.pipe()
for name, value in (("JUPYTER_TRAINING_SERVICE", "1"), ("JUPYTER_TRAINING_SPOOL", "/another/attempt")):
    command = [sys.executable, "-I", "-S", "-c", waits]
    subprocess.Popen(command, stdout=writable, env={**os.environ, name: value}, start_new_session=True)
found = b""
while found.count(b" ") < 4:
    found += os.read(readable, 100)
print("hidden", *found.split(), sep=" ", flush=True)
"""


@pytest.mark.parametrize("is_killed", [False, True])
def test_what_serves_all_jobs_and_other_attempts_outlive_the_job_that_started_them(
    attempt: Build, is_killed: bool
) -> None:
    """A job may submit another one while no dispatcher lives: the one that it starts has everybody's jobs below it."""
    one = attempt(SERVES + ("signal.pause()" if is_killed else ""), grace=0.1)
    process = one.supervise()
    pids = hidden_pids(one)
    try:
        if is_killed:
            one.stop("kill")
        process.wait(30)
        assert one.exit is not None
        assert not any(map(is_gone, pids))
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)


def test_children_that_are_left_get_sigterm_first(attempt: Build) -> None:
    one = attempt(
        textwrap.dedent("""
        import os, signal
        readable, writable = os.pipe()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, lambda *_: (print("asked to leave"), os._exit(0)))
            os.write(writable, b"1")
            while True: signal.pause()
        os.read(readable, 1)
        """)
    )
    assert 0 == one.finish()["exit_code"]
    assert "asked to leave\n" == one.log


# -- on a full disk --------------------------------------------------------------------------------------------------

FILLS = """
import os
from jupyter_training import output, report
report(loss=1.0)
filler = os.open(os.environ["JUPYTER_TRAINING_SPOOL"] + "/filler", os.O_WRONLY | os.O_CREAT)
try:
    while True: os.write(filler, b"x" * 4096)
except OSError:
    pass
for step in range(100_000): report(loss=1.0, step=step)
raise SystemExit(3 if report.lost else 4)
"""


def test_on_a_disk_that_fills_up_the_attempt_has_its_records(attempt: Build, tmp_path: Path) -> None:
    """The whole of it on a small file system in a namespace of its own."""
    import subprocess

    script = f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parents[2])!r})
        from pathlib import Path
        from tests.runtime.attempts import attempt_in
        one = attempt_in(Path({str(tmp_path)!r}), {FILLS!r})
        record = one.finish()
        print(record["exit_code"], one.end["exit_code"], one.end["reason_class"], one.points()[0])
    """
    mount = f'mount -t tmpfs -o size=2m none "{tmp_path}" && exec "$@"'
    words = ["unshare", "--mount", "--map-root-user", "sh", "-c", mount, "sh", sys.executable, "-c"]
    answer = subprocess.run([*words, textwrap.dedent(script)], capture_output=True, text=True, check=False)
    if "unshare:" in answer.stderr or "mount:" in answer.stderr:
        pytest.skip("this machine allows no mounts in a namespace")
    assert "3 3 exit (None, {'loss': 1.0})\n" == answer.stdout, answer.stderr
