"""``startup-hook.sh``: sourced before the training, which has what it exported; or the attempt has failed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.backends.local.verdict import verdict
from jupyter_training.runtime import startup_hook
from jupyter_training.spool import layout
from tests.runtime.attempts import Attempt, attempt_in
from tests.runtime.test_interpreters import interpreter


@pytest.fixture
def attempt(tmp_path: Path) -> Iterator[Callable[..., Attempt]]:
    """An attempt with a hook, in its code folder as a context has it."""
    made: list[Attempt] = []

    def make(hook: str, code: str = "print('trained')", **order: Any) -> Attempt:
        found = attempt_in(tmp_path, code, files={startup_hook.FILE: hook})
        found.order["argv"] = startup_hook.command(
            sys.executable, str(found.library), str(found.folder), found.order["argv"]
        )
        found.order.update(folder=found.order["code"], **order)
        layout.write_json(layout.order_file(found.folder), found.order)
        made.append(found)
        return found

    yield make
    for one in made:
        one.kill_all()


def sentence(attempt: Attempt) -> str | None:
    return verdict({"exit_code": 1}, attempt.end).detail


def test_what_the_hook_exports_reaches_the_training(attempt: Callable[..., Attempt]) -> None:
    hook = "export X=1 TWO='a\n  b=c'\nNOT_EXPORTED=1\nunset HOME\nexport PATH=/nowhere:$PATH\n"
    code = "import os; print([os.environ.get(n) for n in ('X', 'TWO', 'NOT_EXPORTED', 'HOME')], os.environ['PATH'][:9])"
    done = attempt(hook, code).run()
    assert (0, "['1', 'a\\n  b=c', None, None] /nowhere:\n") == (done.returncode, done.stdout), done.stderr


def test_it_is_there_before_the_interpreter_starts(attempt: Callable[..., Attempt]) -> None:
    found = attempt("export PYTHONHASHSEED=0\n", "import sys; print(sys.flags.hash_randomization)")
    assert "0\n" == found.run().stdout


@pytest.mark.parametrize(
    ("name", "hook"),
    [
        ("leaves by itself", "export X=1\nexit 0\n"),
        ("has a trap of its own", "trap 'echo bye' EXIT\nexport X=1\n"),
        ("exports all", "set -a\nX=1\n"),
        ("clears the path", "export X=1\nPATH=\n"),
        ("leaves something running", "export X=1\nsleep 60 &\n"),
        ("asks for what is not there", "if ! grep -q nothing /dev/null; then export X=1; fi\n"),
        ("changes its folder", "cd /\nexport X=1\n"),
    ],
)
def test_a_hook_that_ends_well_in_its_own_way(attempt: Callable[..., Attempt], name: str, hook: str) -> None:
    code = (
        "import os; print(os.environ['X'], os.path.basename(os.getcwd()), [n for n in os.environ if '__jupyter' in n])"
    )
    done = attempt(hook, code)
    assert 0 == done.finish()["exit_code"], done.log
    assert "1 code []" == done.log.splitlines()[-1]


def test_its_working_folder_is_the_code_and_its_output_goes_to_the_log(attempt: Callable[..., Attempt]) -> None:
    found = attempt("echo from $(basename $PWD)\necho to stderr >&2\n")
    assert 0 == found.finish()["exit_code"]
    assert ["from code", "to stderr", "trained"] == found.log.splitlines()


@pytest.mark.parametrize(
    ("hook", "status"),
    [("exit 3\n", 3), ("return 4\n", 4), ("false\necho not reached\n", 1), ("nothing-like-it\n", 127)],
)
def test_a_status_that_is_not_zero_fails_the_attempt(attempt: Callable[..., Attempt], hook: str, status: int) -> None:
    found = attempt(f"echo before\n{hook}")
    assert status == found.finish()["exit_code"]
    assert "before" == found.log.splitlines()[0]
    assert "trained" not in found.log and "not reached" not in found.log
    assert f"jupyter_training: startup-hook.sh ended with exit status {status} after" in found.log
    words = sentence(found) or ""
    assert words.startswith(f"Failed: startup-hook.sh: it ended with exit status {status} after ")
    assert words.endswith("the training did not begin.")


def test_a_hook_that_is_no_shell_text_fails(attempt: Callable[..., Attempt]) -> None:
    found = attempt("if then (\n")
    assert 0 != found.finish()["exit_code"]
    assert "syntax error" in found.log and "trained" not in found.log


def test_a_signal_is_named(attempt: Callable[..., Attempt]) -> None:
    found = attempt("kill -KILL $$\n")
    assert 137 == found.finish()["exit_code"]
    assert "startup-hook.sh was ended by SIGKILL" in found.log


def test_a_hook_that_hangs_is_stopped_with_all_that_it_started(attempt: Callable[..., Attempt]) -> None:
    found = attempt(
        "trap '' TERM\n(trap '' TERM; setsid sleep 300) &\necho $BASHPID\nsleep 300\nsleep 300\n", hook_within=0.3
    )
    assert 124 == found.finish()["exit_code"]
    assert "startup-hook.sh had not ended after 0.3 s, its limit, and was stopped." in found.log
    assert "had not ended after 0.3 s" in (sentence(found) or "")
    assert not left_of(found)


def test_zero_is_no_limit(attempt: Callable[..., Attempt]) -> None:
    found = attempt("sleep 0.2\n", hook_within=0)
    assert 0 == found.finish()["exit_code"]


def test_canceling_ends_a_hook(attempt: Callable[..., Attempt]) -> None:
    found = attempt("echo begun\nsleep 300\n")
    supervisor = found.supervise()
    found.wait_for_line("begun")
    found.stop("cancel")
    assert 0 == supervisor.wait(30)
    assert "cancel" == found.exit["how_stopped"]
    assert not left_of(found)


def test_an_adopter_tells_of_a_hook_that_failed_meanwhile(attempt: Callable[..., Attempt]) -> None:
    found = attempt("echo begun\nwhile [ ! -e go ]; do sleep 0.02; done\nexit 3\n")
    supervisor = found.supervise()
    found.wait_for_line("begun")
    supervisor.kill()
    supervisor.wait()
    (found.folder / "code" / "go").write_text("")
    record = found.finish(adopt=True)
    end = verdict(record, found.end)
    assert ("error", 3) == (end.reason, end.exit_code)
    assert "startup-hook.sh: it ended with exit status 3" in (end.detail or "")


def test_without_bash_it_says_so(attempt: Callable[..., Attempt], monkeypatch: pytest.MonkeyPatch) -> None:
    found = attempt("echo\n")
    monkeypatch.setattr("shutil.which", lambda _: "/nowhere/bash")
    monkeypatch.setattr(os, "execve", lambda *_: pytest.fail("the training began"))
    assert 126 == startup_hook.main(str(found.folder), ["/bin/true"])
    assert "could not be run: No such file or directory (/nowhere/bash)" in (sentence(found) or "")


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.13"])
def test_it_runs_in_the_persons_interpreter(attempt: Callable[..., Attempt], version: str) -> None:
    python = interpreter(version)
    found = attempt("export X=1\n", "import os, sys; print(os.environ['X'], '%d.%d' % sys.version_info[:2])")
    words = [python if word == sys.executable else word for word in found.order["argv"]]
    layout.write_json(layout.order_file(found.folder), {**found.order, "argv": words})
    assert 0 == found.finish()["exit_code"], found.log
    assert f"1 {version}" == found.log.splitlines()[-1]


def test_the_pid_stays(attempt: Callable[..., Attempt]) -> None:
    found = attempt("export X=1\n", "import os; print(os.getpid())")
    found.finish()
    assert str(found.pid) == found.log.split()[-1]


def left_of(attempt: Attempt) -> list[str]:
    """Commands of the processes that carry the attempt in their environment."""
    marker = f"JUPYTER_TRAINING_SPOOL={attempt.folder}".encode()

    names = []
    for place in Path("/proc").iterdir():
        try:
            if place.name.isdigit() and marker in (place / "environ").read_bytes().split(b"\0"):
                names.append((place / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return names
