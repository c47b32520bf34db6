"""A pid is not a process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from jupyter_training.spool import identity


def test_this_process_is_alive() -> None:
    assert identity.is_alive(*identity.own())
    assert os.getpid() == identity.own().pid


def test_the_same_pid_with_another_start_or_boot_is_somebody_else() -> None:
    own = identity.own()
    assert not identity.is_alive(own.pid, own.start_time + 1, own.boot_id)
    assert not identity.is_alive(own.pid, own.start_time, "another boot")


def test_a_zombie_is_gone() -> None:
    process = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    start = identity.start_time(process.pid)
    assert identity.is_alive(process.pid, start, identity.boot_id())
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # dead, and not yet reaped
    assert identity.start_time(process.pid) is None
    assert not identity.is_alive(process.pid, start, identity.boot_id())
    process.communicate()


def test_a_name_with_spaces_and_parentheses_is_no_trap(tmp_path: object) -> None:
    code = "open('/proc/self/comm', 'w').write(') Z 1 2 ('); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert identity.start_time(process.pid) is not None
        process.kill()


@pytest.mark.parametrize("pid", [None, "1", 0, -1, 2**40, 1.5, [1]])
def test_nonsense_of_a_record_is_not_alive(pid: object) -> None:
    assert not identity.is_alive(pid, None, None)
    assert not identity.is_alive(pid, 1, identity.boot_id())
