"""The child of a server that dies, dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_training.server import keeper
from jupyter_training.spool import identity
from tests.server.house import eventually

pytestmark = pytest.mark.processes

# A stubborn child: it does not listen to SIGTERM, and it has a child itself.
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
below = subprocess.Popen(["sleep", "300"])
with open("pids", "w") as out:
    out.write(f"{os.getpid()} {below.pid}")
os.rename("pids", "ready")
time.sleep(300)
"""
# A server: it starts the keeper as the record does, tells the keeper's pid, and waits to be killed.
SERVER = """
import subprocess, sys, time
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE)
print(child.pid, flush=True)
time.sleep(300)
"""


@pytest.fixture
def family(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int, list[int]]]:
    """A server, its keeper, and the keeper's child and grandchild."""
    command = [sys.executable, "-I", "-S", keeper.__file__, sys.executable, "-c", STUBBORN]
    server = subprocess.Popen([sys.executable, "-c", SERVER, *command], stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    assert server.stdout is not None
    kept = int(server.stdout.readline())
    eventually((tmp_path / "ready").exists, within=30)
    below = [int(pid) for pid in (tmp_path / "ready").read_text().split()]
    yield server, kept, below
    for pid in (server.pid, kept, *below):
        if identity.start_time(pid) is not None:
            os.kill(pid, signal.SIGKILL)
    server.communicate()


def gone(*pids: int) -> bool:
    return all(identity.start_time(pid) is None for pid in pids)


def test_when_the_server_is_killed_nothing_of_it_stays(family: tuple[subprocess.Popen[str], int, list[int]]) -> None:
    server, kept, below = family
    server.kill()
    eventually(lambda: gone(kept, *below), within=30, what="keeper, child and grandchild are gone")


def test_when_the_keeper_is_asked_to_end_its_child_goes_first(
    family: tuple[subprocess.Popen[str], int, list[int]],
) -> None:
    _, kept, below = family
    os.kill(kept, signal.SIGTERM)
    eventually(lambda: gone(kept, *below), within=30, what="keeper, child and grandchild are gone")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child that its parent died")
def test_when_the_keeper_is_killed_its_child_is_asked_to_stop(tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-S", keeper.__file__, "sh", "-c", "echo $$ > pid; mv pid ready; sleep 300"]
    kept = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=tmp_path)
    eventually((tmp_path / "ready").exists, within=30)
    child = int((tmp_path / "ready").read_text())
    kept.kill()
    kept.communicate()
    eventually(lambda: gone(child), within=30, what="the child is gone")


@pytest.mark.parametrize(("script", "code"), [("exit 3", 3), ("kill -9 $$", 137)])
def test_how_the_child_ended_is_passed_on(script: str, code: int) -> None:
    command = [sys.executable, "-I", "-S", keeper.__file__, "sh", "-c", script]
    kept = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert code == kept.wait(30)
    kept.communicate()
