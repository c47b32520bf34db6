"""SIGTERM to a container's first process: a checkpoint, then the end, within the time that the service gives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from jupyter_training.boot.places import ROOT
from jupyter_training.spool import identity
from tests.boot.containers import Container
from tests.runtime.attempts import until

Build = Callable[..., Container]

# Saves when it is asked to, and goes on until it is told.
SAVING = """
import time
from jupyter_training import checkpoint, report, should_stop
found = checkpoint.latest()
step = found.load()["step"] if found else 0
print("from", step, flush=True)
while not should_stop():
    step += 1
    report(loss=1 / step, step=step)
    if checkpoint.due(step, every=10**9):
        checkpoint.save({"step": step}, step=step)
    print("step", step, flush=True)
    time.sleep(0.01)
print("left at", step)
"""


def test_a_checkpoint_is_written_before_the_end(container: Build) -> None:
    one = container(SAVING)
    ran = one.start()
    ran.wait_for("step 3")
    ran.terminate()
    assert 0 == ran.code, ran.printed
    (saved,) = ran.records("c")
    assert [saved[3]] == one.checkpoints()
    assert f"s3://bucket/checkpoints/job/{saved[3]}" == saved[4]["place"]
    assert ("pause", 0) == (ran.record("exit")["how_stopped"], ran.record("exit")["exit_code"])
    assert True is ran.record("end")["heard_stop"]
    assert one.failure is None


def test_code_that_saves_nothing_gets_sigterm_at_once(container: Build) -> None:
    one = container(
        "import time\nprint('ready', flush=True)\ntry:\n    time.sleep(60)\nfinally:\n    print('tidied', flush=True)",
        grace=30.0,
    )
    ran = one.start()
    ran.wait_for("ready")
    began = time.monotonic()
    ran.terminate()
    assert 143 == ran.code
    assert time.monotonic() - began < 10
    assert "tidied" in ran.printed
    assert "pause" == ran.record("exit")["how_stopped"]
    assert one.failure is None


UNKILLABLE = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pid = os.fork()
if pid == 0:
    os.setsid()
    os.environ.clear()
    while True: time.sleep(1)
print("child", pid, flush=True)
while True: time.sleep(1)
"""


# Saves by itself at SIGTERM, as scripts for such services do.
OWN_HANDLER = """
import signal, sys, time
def leave(*_):
    print("asked", flush=True)
    time.sleep({seconds})
    print("saved", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
print("ready", flush=True)
while True: time.sleep(0.1)
"""


def test_code_with_a_handler_of_its_own_has_all_the_time_there_is(container: Build) -> None:
    """Where nobody wished for a grace: the default, half of the time at most, would be 7 seconds here."""
    one = container(OWN_HANDLER.format(seconds=8.5), grace=10.0, within=14.0)
    ran = one.start()
    ran.wait_for("ready")
    ran.terminate()
    assert 0 == ran.code
    assert ["ready", "asked", "saved"] == ran.printed, "and it is asked once"


def test_a_grace_that_was_wished_is_what_it_gets(container: Build) -> None:
    ran = container(OWN_HANDLER.format(seconds=60), grace=1.0, within=110.0).start()
    ran.wait_for("ready")
    began = time.monotonic()
    ran.terminate()
    assert 137 == ran.code
    assert time.monotonic() - began < 20
    assert "pause" == ran.record("exit")["how_stopped"]


def test_code_that_never_listens_is_killed_in_time_though_nobody_wished_a_grace(container: Build) -> None:
    ran = container(OWN_HANDLER.format(seconds=60), grace=10.0, within=8.0).start()
    ran.wait_for("ready")
    began = time.monotonic()
    ran.terminate()
    assert 137 == ran.code
    assert 4.5 < time.monotonic() - began < 8
    assert ("pause", 9) == (ran.record("exit")["how_stopped"], ran.record("exit")["signal"])
    assert "asked" in ran.printed


def test_what_ignores_sigterm_is_killed_with_its_children(container: Build) -> None:
    ran = container(UNKILLABLE, grace=0.5, within=30.0).start()
    child = int(until(lambda: [line for line in ran.printed if line.startswith("child")])[0].split()[1])
    ran.terminate()
    assert 137 == ran.code
    assert "pause" == ran.record("exit")["how_stopped"]
    until(lambda: identity.start_time(child) is None, what="the child's end")


def test_all_ends_within_the_time_that_the_service_gives(container: Build) -> None:
    """It saves, so a checkpoint is waited for; none comes, and it ignores SIGTERM."""
    code = (
        "import signal, time\nfrom jupyter_training import checkpoint\ncheckpoint.latest()\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('ready', flush=True)\nwhile True: time.sleep(1)"
    )
    ran = container(code, grace=1.0, within=8.0, pause_within=600.0).start()
    ran.wait_for("ready")
    began = time.monotonic()
    ran.terminate()
    assert 137 == ran.code
    assert 3 < time.monotonic() - began < 8
    assert ("pause", 9) == (ran.record("exit")["how_stopped"], ran.record("exit")["signal"])


def test_a_second_sigterm_hastens(container: Build) -> None:
    code = (
        "import time\nfrom jupyter_training import checkpoint\ncheckpoint.latest()\n"
        "print('ready', flush=True)\nwhile True: time.sleep(0.1)"
    )
    ran = container(code, within=110.0, pause_within=600.0).start()
    ran.wait_for("ready")
    began = time.monotonic()
    ran.terminate()
    until(lambda: (ran.folder / "stop.json").exists(), what="stop.json")
    ran.terminate()
    assert 143 == ran.code
    assert time.monotonic() - began < 20
    assert "pause" == ran.record("exit")["how_stopped"]


def test_a_second_sigterm_leaves_the_grace_and_no_more(container: Build) -> None:
    """To code that saves, so that a checkpoint would be waited for, and hears no SIGTERM."""
    code = (
        "import signal, time\nfrom jupyter_training import checkpoint\ncheckpoint.latest()\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('ready', flush=True)\nwhile True: time.sleep(1)"
    )
    ran = container(code, grace=1.0, within=110.0, pause_within=600.0).start()
    ran.wait_for("ready")
    began = time.monotonic()
    for _ in range(2):
        ran.terminate()
        until(lambda: (ran.folder / "stop.json").exists(), what="stop.json")
    assert 137 == ran.code
    assert 1 <= time.monotonic() - began < 20
    assert "pause" == ran.record("exit")["how_stopped"]


def test_whoever_can_not_be_ended_is_left_behind_in_time(container: Build) -> None:
    """A supervisor that is stopped, as one that waits for a dead disk, neither acts nor ends."""
    ran = container("import time\nprint('ready', flush=True)\ntime.sleep(100)", within=6.0, grace=0.5).start()
    ran.wait_for("ready")
    supervisor = json.loads((ran.folder / "supervisor.json").read_text())["pid"]
    os.kill(supervisor, 19)
    ran.terminate()
    assert 137 == ran.code
    assert "pause" == ran.record("exit")["how_stopped"]


def test_a_stop_before_the_code_begins(container: Build) -> None:
    """While pip builds what the code asks for."""
    one = container(
        "print('ran')",
        requirements="auto",
        files={
            "requirements.txt": "./slow\n",
            "slow/slow.py": "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            "open('../building', 'w').write(str(os.getpid()))\ntime.sleep(100)",
            "slow/pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "slow"\nbackend-path = ["."]\n',
        },
        variables={"PIP_NO_INDEX": "1", "PIP_TARGET": "site"},
    )
    ran = one.start()
    building = one.root / "code/building"
    until(lambda: (building.exists() and building.read_text()) or ran.process.poll() is not None, what="pip's build")
    ran.terminate()
    assert 143 == ran.code, ran.printed
    assert ("pause", []) == (ran.record("exit")["how_stopped"], ran.records("end"))
    assert "ran" not in ran.printed
    assert one.failure is None
    until(lambda: identity.start_time(int(building.read_text())) is None, what="the end of what pip started")


def test_code_that_ends_well_although_a_stop_was_asked_for_has_ended_well(container: Build) -> None:
    code = (
        "import signal, time\nsignal.signal(signal.SIGTERM, lambda *_: None)\nprint('ready', flush=True)\n"
        "import pathlib\nwhile not pathlib.Path('go').exists(): time.sleep(0.01)\nprint('done')"
    )
    one = container(code, grace=30.0)
    ran = one.start()
    ran.wait_for("ready")
    ran.terminate()
    until(lambda: (ran.folder / "stop.json").exists(), what="stop.json")
    (one.root / "code/go").touch()
    assert 0 == ran.code
    assert "done" in ran.printed


def test_a_log_that_nobody_reads_keeps_no_stop_waiting(container: Build, tmp_path: Path) -> None:
    one = container("import time\nprint('x' * 10_000_000, flush=True)\ntime.sleep(100)", within=6.0, grace=0.5)
    readable, writable = os.pipe()
    words = [sys.executable, str(one.root / "input/data/jt_boot/boot.py")]
    variables = {"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path), ROOT: str(one.root)}
    with subprocess.Popen(words, env=variables, stdout=writable, stdin=subprocess.DEVNULL) as process:
        os.close(writable)
        until(lambda: [path for path in one.root.glob("output/jt/*/log") if path.stat().st_size > 10_000_000])
        process.terminate()
        assert 143 == process.wait(30)
    os.close(readable)
