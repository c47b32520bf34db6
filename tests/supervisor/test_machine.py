"""What an attempt uses is sampled, an end for want of memory is told as such, a log stays under its cap."""

from __future__ import annotations

import os
import signal
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_training.spool import log
from jupyter_training.supervisor import ending, memory, tree
from jupyter_training.supervisor.ending import Ended
from jupyter_training.supervisor.log_cap import LogCap
from jupyter_training.supervisor.stopping import Request
from tests.runtime.attempts import Attempt, until

Build = Callable[..., Attempt]
MB = 1024 * 1024

# -- samples ---------------------------------------------------------------------------------------------------------


def test_cores_and_memory_of_the_whole_tree_are_sampled(attempt: Build) -> None:
    one = attempt(
        textwrap.dedent("""
        import os
        block = bytearray(os.urandom(1)) * 80_000_000
        if os.fork() == 0:
            mine = bytearray(b"x") * 60_000_000
            while True: pass
        while True: pass
        """),
        sample_every=0.2,
        grace=0.1,
    )
    one.supervise()

    def busy() -> dict[str, float] | None:
        samples = [figures for _, figures in one.events("m")]
        return next((one for one in samples if one.get("cpu", 0) > 0.02 and one["memory"] > 140e6), None)

    sample = until(busy, what="a sample of two busy processes")
    # What the fork shares with its parent counts once: 80 + 60 MB and two interpreters, not 2 x 80 + 60.
    assert 140e6 < sample["memory"] < 200e6
    one.stop("kill")
    assert 0 == one.supervisors[-1].wait(30)
    assert 140e6 < one.exit["peak_memory"] < 300e6
    assert one.exit["memory_limit"] > one.exit["peak_memory"]


def test_the_peak_of_a_run_that_no_sample_saw_is_known(attempt: Build) -> None:
    record = attempt("block = bytearray(b'x') * 200_000_000", sample_every=1000.0).finish()
    assert 200e6 < record["peak_memory"] < 260e6


def test_a_process_table_line_is_read(tmp_path: Path) -> None:
    own = tree.one(os.getpid())
    assert own is not None
    assert (os.getppid(), os.getpgid(0), os.getsid(0)) == (own.parent, own.group, own.session)
    assert own.memory > 0
    assert tree.one(2**22 + 1) is None


def test_the_memory_limit_is_no_more_than_the_machine_has() -> None:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = memory.limit()
    assert limit is not None
    assert 0 < limit <= total
    assert memory.kills() >= 0


# -- out of memory ---------------------------------------------------------------------------------------------------


def judged(
    ended: Ended, *, stopped: str | None = None, peak: int | None = 10, kills: int = 0, end: object = None
) -> bool:
    record = ending.exit_record(
        ended,
        end,  # type: ignore[arg-type]
        stopped=stopped,
        peak_memory=peak,
        memory_limit=100,
        memory_kills=kills,
    )
    return bool(record["oom"])


KILLED = Ended(None, signal.SIGKILL, "wait")


def test_a_kill_that_nobody_asked_for_is_for_memory_if_there_is_evidence() -> None:
    assert judged(KILLED, kills=1)
    assert judged(KILLED, peak=90)
    assert not judged(KILLED, peak=89)
    assert not judged(KILLED, peak=None)


def test_other_ends_are_not_for_memory_whatever_the_evidence() -> None:
    assert not judged(KILLED, stopped="kill", kills=1, peak=100)
    assert not judged(Ended(1, None, "wait"), kills=1, peak=100)
    assert not judged(Ended(None, signal.SIGSEGV, "wait"), kills=1, peak=100)
    assert not judged(Ended(None, None, "adopted"), kills=1, end={"exit_code": 0})


def test_a_stop_counts_when_something_came_of_it() -> None:
    asked = Request("cancel", 1.0)
    completed = {"reason_class": "completed", "heard_stop": False}
    heard = {"reason_class": "completed", "heard_stop": True}

    def how(
        request: Request | None, end: dict[str, object] | None, *, acted: bool, adopted: bool = False
    ) -> str | None:
        return ending.how_stopped(request, end, has_acted=acted, is_adopted=adopted)

    assert how(None, None, acted=False) is None
    assert how(asked, None, acted=False) is None
    assert how(asked, completed, acted=True) is None
    assert "cancel" == how(asked, None, acted=True)
    assert "cancel" == how(asked, heard, acted=False)
    assert "cancel" == how(asked, None, acted=False, adopted=True)


@pytest.mark.slow
def test_a_real_end_for_want_of_memory_is_told_with_its_peak(attempt: Build) -> None:
    """In a memory cgroup of its own, where this machine lets us make one."""
    root = Path("/sys/fs/cgroup")
    group = (root / "memory" if (root / "memory").is_dir() else root) / f"jupyter-training-test-{os.getpid()}"
    limit = 64 * MB
    try:
        group.mkdir()
        name = "memory.limit_in_bytes" if (root / "memory").is_dir() else "memory.max"
        (group / name).write_text(str(limit))
    except OSError:
        if group.is_dir():
            group.rmdir()
        pytest.skip("this machine allows no memory cgroup")
    try:
        one = attempt("block = []\nwhile True: block.append(bytearray(b'x') * 1_000_000)")
        # A small program enters the group and becomes the supervisor; this large one would burst it.
        enter = f'echo $$ > "{group}/cgroup.procs" && exec "$@"'
        assert 0 == one.supervise(through=["/bin/sh", "-c", enter, "sh"]).wait(60)
        record = one.exit
        assert (signal.SIGKILL, True, limit) == (record["signal"], record["oom"], record["memory_limit"]), record
        assert 0.5 * limit < record["peak_memory"] <= 1.1 * limit
    finally:
        until(lambda: not (group / "cgroup.procs").read_text().split())
        group.rmdir()


# -- the log ---------------------------------------------------------------------------------------------------------


def stored(path: Path) -> int:
    return path.stat().st_blocks * 512


def whole(folder: Path) -> str:
    text, offset = "", 0
    while True:
        piece = log.read(folder, offset, 1 * MB)
        if piece.next == offset:
            return text
        text, offset = text + piece.text, piece.next


def test_a_log_over_its_cap_keeps_its_head_and_its_newest_part(tmp_path: Path) -> None:
    cap = LogCap(str(tmp_path), cap_bytes=1 * MB, head_bytes=256 * 1024)
    with open(tmp_path / "log", "ab", buffering=0) as file:
        for n in range(600_000):
            file.write(b"line %06d\n" % n)
            if n % 10_000 == 0:
                assert cap.keep()
        assert cap.keep()
    assert 600_000 * 12 == log.size(tmp_path)
    assert stored(tmp_path / "log") <= 1.2 * MB
    text = whole(tmp_path)
    assert text.startswith("line 000000\nline 000001\n")
    assert text.endswith("line 599998\nline 599999\n")
    assert 1 == text.count("left out here: over the limit of 1 MB ]")
    assert "\0" not in text
    assert 0.9 * MB < len(text) < 1.2 * MB


def test_a_later_supervisor_goes_on_with_the_same_hole(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"x" * 5 * MB)
    assert LogCap(str(tmp_path), cap_bytes=MB, head_bytes=MB // 4).keep()
    first = log.holes(tmp_path)
    with open(tmp_path / "log", "ab") as file:
        file.write(b"y" * 5 * MB)
    assert LogCap(str(tmp_path), cap_bytes=MB, head_bytes=MB // 4).keep()
    (hole,) = log.holes(tmp_path)
    assert first[0].start == hole.start
    assert first[0].end < hole.end


@pytest.mark.parametrize(("cap", "size"), [(0, 3 * MB), (MB, MB), (MB, 0)])
def test_a_log_under_its_cap_is_left_alone(tmp_path: Path, cap: int, size: int) -> None:
    (tmp_path / "log").write_bytes(b"x" * size)
    assert LogCap(str(tmp_path), cap_bytes=cap, head_bytes=1000).keep()
    assert [] == log.holes(tmp_path)


def test_there_may_be_no_log_yet(tmp_path: Path) -> None:
    assert LogCap(str(tmp_path), cap_bytes=MB, head_bytes=1000).keep()


def test_a_head_larger_than_the_cap_leaves_room_for_the_newest(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"x" * 5 * MB)
    assert LogCap(str(tmp_path), cap_bytes=MB, head_bytes=64 * MB).keep()
    assert stored(tmp_path / "log") <= 1.1 * MB


def test_a_running_attempt_is_kept_under_its_cap_and_prints_on(attempt: Build) -> None:
    one = attempt(
        textwrap.dedent("""
        import signal
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        line = "x" * 1023
        for _ in range(8 * 1024): print(line)
        print("printed", flush=True)
        signal.sigwait({signal.SIGUSR1})
        print("end")
        """),
        log_cap_bytes=MB,
        log_head_bytes=MB // 4,
    )
    one.supervise()
    one.wait_for_line("printed")
    until(lambda: stored(one.folder / "log") < 1.2 * MB and log.size(one.folder) > 8 * MB, what="a hole in the log")
    os.kill(one.pid, signal.SIGUSR1)
    assert 0 == one.supervisors[-1].wait(30)
    assert whole(one.folder).endswith("printed\nend\n")
