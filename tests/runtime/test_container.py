"""The first process of a container passes signals on, copies output and tells why it failed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from jupyter_training.runtime import archive
from jupyter_training.spool import identity
from tests.runtime.attempts import attempt_in, until


def contained(home: Path, code: str, *options: str, **more: Any) -> subprocess.Popen[str]:
    """A container's first process with a script as its command."""
    script = home / "command.py"
    script.write_text(textwrap.dedent(code))
    words = [sys.executable, "-m", "jupyter_training.runtime.container", *options, "--", sys.executable, str(script)]
    return subprocess.Popen(
        words,
        env={"PYTHONPATH": str(archive.install(home)), "PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def test_output_and_exit_code_are_the_commands(tmp_path: Path) -> None:
    process = contained(
        tmp_path, "import sys\nprint('out')\nprint('err', file=sys.stderr)\nprint('end', end='')\nsys.exit(3)"
    )
    out, err = process.communicate()
    assert {"out", "err", "end"} == set(out.splitlines())
    assert (3, "") == (process.returncode, err)


def test_output_comes_line_by_line_while_the_command_runs(tmp_path: Path) -> None:
    process = contained(tmp_path, "print('first', flush=True)\nimport signal\nsignal.pause()")
    assert process.stdout is not None
    assert "first\n" == process.stdout.readline()
    process.terminate()
    process.communicate()
    assert 128 + signal.SIGTERM == process.returncode


def test_sigterm_reaches_the_whole_group_of_the_command(tmp_path: Path) -> None:
    process = contained(
        tmp_path,
        """
        import os, signal, sys
        def leave(*_):
            os.write(1, b"child " if os.getpid() != parent else b"parent ")
            os._exit(5)
        parent = os.getpid()
        signal.signal(signal.SIGTERM, leave)
        pid = os.fork()
        if pid:
            print("ready", flush=True)
            os.waitpid(pid, 0)
        while True:
            signal.pause()
        """,
    )
    assert process.stdout is not None
    assert "ready\n" == process.stdout.readline()
    process.terminate()
    out, _ = process.communicate()
    assert "child" in out
    assert 5 == process.returncode


def test_a_failure_is_told_with_the_last_lines(tmp_path: Path) -> None:
    told = tmp_path / "out" / "failure"
    process = contained(
        tmp_path, "for n in range(1000): print('line', n)\nraise SystemExit('no data')", "--failure", str(told)
    )
    process.communicate()
    text = told.read_text()
    assert text.startswith("The command ended with exit code 1.")
    assert text.endswith("line 999\nno data")
    assert len(text) <= 1024


def test_a_success_tells_nothing(tmp_path: Path) -> None:
    process = contained(tmp_path, "", "--failure", str(tmp_path / "failure"))
    process.communicate()
    assert 0 == process.returncode
    assert not (tmp_path / "failure").exists()


def test_a_failure_is_told_with_the_error_that_the_runtime_recorded(tmp_path: Path) -> None:
    attempt = attempt_in(tmp_path, "def f():\n    raise ValueError('bad data')\nf()", shown_as="train.py")
    told = tmp_path / "failure"
    options = ["--failure", str(told), "--end", str(attempt.folder / "end.json"), "--"]
    words = [sys.executable, "-m", "jupyter_training.runtime.container", *options, *attempt.order["argv"]]
    environment = {**attempt.environment, "PYTHONPATH": str(attempt.library)}
    answer = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert 1 == answer.returncode
    assert told.read_text().startswith("ValueError: bad data at train.py, line 2 (exit code 1)\nTraceback")
    assert 'File "train.py", line 2, in f' in answer.stdout


def test_the_code_in_a_container_is_asked_to_stop(tmp_path: Path) -> None:
    attempt = attempt_in(
        tmp_path,
        "from jupyter_training import should_stop\nshould_stop()\nprint('ready', flush=True)\n"
        "while not should_stop(): pass\nprint('told')",
    )
    words = [sys.executable, "-m", "jupyter_training.runtime.container", "--", *attempt.order["argv"]]
    environment = {**attempt.environment, "PYTHONPATH": str(attempt.library)}
    process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert "ready\n" == process.stdout.readline()
    process.terminate()
    out, _ = process.communicate()
    assert ("told\n", 0) == (out, process.returncode)


def test_a_command_that_can_not_be_started_is_told(tmp_path: Path) -> None:
    told = tmp_path / "failure"
    words = [
        sys.executable,
        "-m",
        "jupyter_training.runtime.container",
        "--failure",
        str(told),
        "--",
        "/no/such/program",
    ]
    environment = {"PYTHONPATH": str(archive.install(tmp_path))}
    answer = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert 127 == answer.returncode
    assert "/no/such/program can't be started: No such file or directory." in told.read_text()


def test_a_long_line_and_bytes_that_are_no_text_are_copied(tmp_path: Path) -> None:
    process = contained(
        tmp_path,
        "import os\nos.write(1, b'x' * 300_000 + b'\\xff\\n')\nraise SystemExit(2)",
        *("--failure", str(tmp_path / "failure")),
        errors="replace",
    )
    out, _ = process.communicate()
    assert 300_002 == len(out)
    assert 2 == process.returncode
    assert (tmp_path / "failure").stat().st_size < 5000


def test_what_the_command_leaves_behind_in_its_group_ends_with_it(tmp_path: Path) -> None:
    process = contained(
        tmp_path,
        """
        import os, signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        readable, writable = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.write(writable, b"1")
            while True:
                signal.pause()
        os.read(readable, 1)
        print(pid, flush=True)
        os._exit(0)
        """,
    )
    out, _ = process.communicate()
    assert 0 == process.returncode
    until(lambda: identity.start_time(int(out)) is None)


def test_it_wants_a_command(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "jupyter_training.runtime.container"]
    environment = {"PYTHONPATH": str(archive.install(tmp_path))}
    answer = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert 2 == answer.returncode
    assert "there is no command to run" in answer.stderr
