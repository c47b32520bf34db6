"""A nursery forks supervisors that are as those that start by themselves, and what becomes of it harms none of them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jupyter_training import supervisor
from jupyter_training.backends.local.supervisors import Supervisors
from jupyter_training.spool import claim, identity, layout
from tests.runtime.attempts import Attempt, until

Build = Callable[..., Attempt]

WAITS = """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
print('runs')
signal.sigwait([signal.SIGUSR1])
"""


@pytest.fixture
def supervisors() -> Iterator[Supervisors]:
    made = Supervisors()
    yield made
    made.wait(30)


def started(supervisors: Supervisors, one: Attempt) -> int:
    """The pid of the supervisor, once the attempt runs."""
    supervisors.start(one.library, one.folder)
    one.wait_for_line("runs")
    return int(until(lambda: one.record("supervisor.json"))["pid"])


def ended(one: Attempt) -> tuple[int | None, int | None, str]:
    record = until(lambda: one.record("exit.json"), what="exit.json")
    return record["exit_code"], record["signal"], record["from"]


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def nursery(supervisors: Supervisors) -> int:
    assert supervisors._nursery is not None
    return supervisors._nursery.pid


def test_a_forked_supervisor_stands_alone(attempt: Build, supervisors: Supervisors) -> None:
    first, second = attempt(WAITS), attempt(WAITS)
    pids = [started(supervisors, one) for one in (first, second)]
    for pid, one in zip(pids, (first, second), strict=True):
        assert nursery(supervisors) == parent(pid)
        assert pid == os.getsid(pid) == os.getpgid(pid)
        assert str(one.folder) == os.readlink(f"/proc/{pid}/cwd")
        assert b"JUPYTER_TRAINING_SERVICE=1\0" == Path(f"/proc/{pid}/environ").read_bytes()
        opened = [os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")]
        opened = [name for name in opened if not name.startswith(f"{one.folder}/events-{pid}-")]
        log = str(one.folder / "supervisor.log")
        own = {"anon_inode:[pidfd]", "/dev/null", log, str(one.folder / layout.LOCK)}
        assert own >= set(opened), "nothing of the nursery's, and nothing of the other's"
        assert opened.count(log) == 2
    for one in (first, second):
        os.kill(one.pid, signal.SIGUSR1)
        assert (0, None, "wait") == ended(one)
    assert "" == (first.folder / "supervisor.log").read_text()


def test_signals_mean_to_the_code_what_they_always_do(attempt: Build, supervisors: Supervisors) -> None:
    one = attempt(
        """
        import signal
        print(signal.getsignal(signal.SIGCHLD), signal.pthread_sigmask(signal.SIG_BLOCK, []), signal.set_wakeup_fd(-1))
        print('runs')
        """.replace("        ", "")
    )
    started(supervisors, one)
    assert (0, None, "wait") == ended(one)
    assert "0 set() -1" == one.log.splitlines()[0].replace("Handlers.SIG_DFL", "0")


def test_no_secret_comes_near_the_nursery(attempt: Build, supervisors: Supervisors) -> None:
    secret = "very" + "-secret" * 3
    first, second = attempt("import os\nprint('runs', len(os.environ['SECRET']))"), attempt(WAITS)
    layout.secrets_file(first.folder).write_text(f'{{"SECRET": "{secret}"}}')
    supervisors.start(first.library, first.folder)
    assert (0, None, "wait") == ended(first)
    assert f"runs {len(secret)}\n" == first.log
    other = started(supervisors, second)
    for pid in (nursery(supervisors), other):
        assert str(second.folder).encode() in memory(pid), "it can be looked through"
        assert secret.encode() not in memory(pid)
    os.kill(second.pid, signal.SIGUSR1)
    ended(second)


def memory(pid: int) -> bytes:
    """All that a process may write to."""
    found = []
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as file:
        for line in maps:
            span = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if span is not None:
                start, end = (int(one, 16) for one in span.groups())
                file.seek(start)
                found.append(file.read(end - start))
    return b"".join(found)


def test_what_a_killed_nursery_forked_goes_on_and_another_takes_its_place(
    attempt: Build, supervisors: Supervisors
) -> None:
    first, second = attempt(WAITS), attempt(WAITS)
    watching = started(supervisors, first)
    before = nursery(supervisors)
    os.kill(before, signal.SIGKILL)
    until(lambda: identity.start_time(before) is None, what="the nursery's end")
    assert claim.supervisor_alive(first.folder)
    started(supervisors, second)
    assert before != nursery(supervisors)
    for one in (first, second):
        os.kill(one.pid, signal.SIGUSR1)
        assert (0, None, "wait") == ended(one)
    until(lambda: identity.start_time(watching) is None, what="the end of an orphan")


def test_a_killed_supervisor_is_reaped_and_the_code_goes_on(attempt: Build, supervisors: Supervisors) -> None:
    one = attempt(WAITS)
    watching = started(supervisors, one)
    os.kill(watching, signal.SIGKILL)
    until(lambda: not Path(f"/proc/{watching}").exists(), what="its parent to take leave of it")
    supervisors.start(one.library, one.folder, adopt=True)
    until(lambda: claim.supervisor_alive(one.folder), what="another one")
    os.kill(one.pid, signal.SIGUSR1)
    assert (0, None, "adopted") == ended(one)


def test_with_the_dispatcher_the_nursery_goes_and_what_it_forked_stays(attempt: Build) -> None:
    one = attempt(WAITS)
    dispatcher = textwrap.dedent(
        f"""
        import sys
        from pathlib import Path
        from jupyter_training.backends.local.supervisors import Supervisors
        made = Supervisors()
        made.start(Path({str(one.library)!r}), Path({str(one.folder)!r}))
        print(made._nursery.pid, flush=True)
        sys.stdin.read()
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", dispatcher], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        one.wait_for_line("runs")
        process.kill()
    assert claim.supervisor_alive(one.folder)
    os.kill(one.pid, signal.SIGUSR1)
    assert (0, None, "wait") == ended(one)
    until(lambda: identity.start_time(pid) is None, what="the nursery's end")


def test_a_nursery_that_no_longer_reads_is_done_without(
    attempt: Build, supervisors: Supervisors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "nursery_command", lambda *_: ["/bin/sleep", "1000"])
    one = attempt(WAITS)
    supervisors._started(one.library)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(supervisors._nursery.stdin.fileno(), b"x")  # type: ignore[union-attr]
    pid = started(supervisors, one)
    assert os.getpid() == parent(pid)
    os.kill(one.pid, signal.SIGUSR1)
    assert (0, None, "wait") == ended(one)
    os.kill(nursery(supervisors), signal.SIGKILL)


def test_where_no_nursery_can_be_started_each_supervisor_starts_by_itself(
    attempt: Build, supervisors: Supervisors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "nursery_command", lambda *_: ["/no/such/program"])
    for _ in range(2):
        one = attempt("print('runs')")
        started(supervisors, one)
        assert (0, None, "wait") == ended(one)


def test_where_nurseries_die_at_once_there_soon_are_none_any_more(
    attempt: Build, supervisors: Supervisors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "nursery_command", lambda *_: ["/bin/false"])
    for _ in range(4):
        one = attempt("print('runs')")
        supervisors.start(one.library, one.folder)
        until(lambda: supervisors._nursery is None or supervisors._nursery.poll() is not None)
    assert (0, None, "wait") == ended(one)


def test_whom_the_nursery_did_not_start_is_started_without_it(
    attempt: Build, supervisors: Supervisors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "nursery_command", lambda *_: ["/bin/false"])
    one = attempt("print('runs')")
    supervisors.start(one.library, one.folder)
    supervisors.start(one.library, one.folder, plainly=True)
    assert (0, None, "wait") == ended(one)
