"""Commands that stay: what they print meanwhile, also on a terminal, and with which code they leave."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
from pathlib import Path

import pytest

from jupyter_training import schema
from tests.cli.commands.speaking import Run, asked, fresh, words_of
from tests.kernel.living import variables

pytestmark = pytest.mark.processes


def test_waiting_for_a_failure_is_exit_code_1_with_the_persons_traceback(run: Run, ended: dict[str, str]) -> None:
    code, _, err = run("wait", ended["good"], ended["bad"])
    assert 1 == code
    assert "Traceback (most recent call last)" in err
    assert "ValueError: no such luck" in err
    assert "jupyter_training/" not in err
    assert 0 == run("wait", ended["good"])[0]


def test_waiting_prints_lines_as_the_job_goes(run: Run) -> None:
    name = fresh("watched")
    Path("slow.py").write_text("from jupyter_training import report\nimport time\ntime.sleep(0.5)\nreport(loss=1)\n")
    code, out, _ = run("submit", "slow.py", "--name", name, "--wait")
    assert 0 == code
    lines = out.splitlines()
    assert "succeeded" in lines[-1]
    assert len(lines) == len(set(lines)) > 1


def test_following_a_submit_prints_its_output(run: Run) -> None:
    code, out, err = run("submit", "bad.py", "--follow")
    assert 1 == code
    assert out.startswith("before\n")
    assert "no such luck" in err


def test_time_is_up_is_exit_code_3_and_the_job_goes_on(run: Run) -> None:
    job = asked(run, "submit", "long.py", "--name", fresh("long"))["id"]
    code, _, err = run("wait", job, "--timeout", "0.2", "-q")
    assert (3, True) == (code, "It goes on." in err)
    code, out, _ = run("cancel", job)
    assert (0, True) == (code, out.startswith(job))
    assert 1 == run("wait", job, "-q")[0]
    code, _, err = run("cancel", job)
    assert 3 == code
    assert "canceled" in err.lower()


def test_one_refusal_stops_no_other(run: Run, ended: dict[str, str]) -> None:
    job = asked(run, "submit", "long.py", "--name", fresh("long"))["id"]
    code, out, err = run("kill", ended["good"], job)
    assert (3, True, True) == (code, ended["good"] in err, job in out)
    code, out, _ = run("kill", ended["good"], ended["bad"], "--json")
    assert 3 == code
    schema.VerbResult.model_validate(json.loads(out))


def test_an_interrupt_while_waiting_is_130_and_the_job_goes_on(home: Path, tmp_path: Path, run: Run) -> None:
    job = asked(run, "submit", "long.py", "--name", fresh("long"))["id"]
    waiter = subprocess.Popen(
        words_of("wait", job), env=variables(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert waiter.stdout is not None
    while "running" not in waiter.stdout.readline():
        assert waiter.poll() is None
    waiter.send_signal(signal.SIGINT)
    _, err = waiter.communicate(timeout=30)
    assert (130, True) == (waiter.returncode, f"({job}); it goes on." in err), err
    assert "Traceback" not in err
    assert "running" == asked(run, "show", job)["state"]
    follower = subprocess.Popen(
        words_of("logs", "-f", job), env=variables(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert follower.stdout is not None
    assert "begun\n" == follower.stdout.readline()
    follower.send_signal(signal.SIGINT)
    _, err = follower.communicate(timeout=30)
    assert (130, True) == (follower.returncode, "it goes on" in err), err
    assert 0 == run("kill", job)[0]


def on_a_terminal(home: Path, *words: str, columns: int = 100, **more: str) -> str:
    """What a command writes to a real terminal."""
    ours, theirs = pty.openpty()
    environment = {**variables(home, **more), "TERM": "xterm-256color", "COLUMNS": str(columns)}
    environment.update(more)
    child = subprocess.Popen(words_of(*words), env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    pieces = []
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        pieces.append(piece)
    os.close(ours)
    assert 0 == child.wait(60)
    return b"".join(pieces).decode()


def test_on_a_terminal_tables_have_colour_unless_it_is_unwanted(home: Path, ended: dict[str, str]) -> None:
    shown = on_a_terminal(home, "jobs", "--name", "bad")
    assert "\x1b[31m" in shown
    plain = on_a_terminal(home, "jobs", "--name", "bad", NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", plain)
    assert ended["bad"] in plain


def test_on_a_terminal_waiting_redraws_one_line(home: Path, ended: dict[str, str]) -> None:
    shown = on_a_terminal(home, "wait", ended["good"])
    assert "\r\x1b[2K✓ succeeded  good" in shown
    assert 1 == shown.count("\n")
