"""However the person's code ends, its end is on record, in its words and with its frames."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runtime.attempts import attempt_in, until
from tests.runtime.entering import ran


@pytest.mark.parametrize(
    ("code", "exit_code", "reason"),
    [
        ("", 0, "completed"),
        ("import sys; sys.exit()", 0, "completed"),
        ("import sys; sys.exit(0)", 0, "completed"),
        ("import sys; sys.exit(3)", 3, "exit"),
        ("import sys; sys.exit(True)", 1, "exit"),
        ("import sys; sys.exit(-1)", 255, "exit"),
        ("import sys; sys.exit(256)", 0, "completed"),
        ("import sys; sys.exit('words')", 1, "exit"),
        ("raise SystemExit(4)", 4, "exit"),
        ("raise KeyboardInterrupt", 130, "error"),
        ("raise ValueError('x')", 1, "error"),
        ("raise BaseExceptionGroup('g', [SystemExit(3)])", 1, "error"),
    ],
)
def test_exit_codes_are_those_of_python(tmp_path: Path, code: str, exit_code: int, reason: str) -> None:
    attempt, answer = ran(tmp_path, code)
    assert (exit_code, exit_code, reason) == (
        answer.returncode,
        attempt.end["exit_code"],
        attempt.end["reason_class"],
    )


@pytest.mark.parametrize("leaves", ["sys.exit(0)", "raise ValueError('of the fork')", "pass"])
def test_a_fork_that_leaves_through_us_does_not_end_the_attempt(tmp_path: Path, leaves: str) -> None:
    """Else its end would stand there while the code goes on, and be the attempt's if that is killed."""
    attempt, answer = ran(
        tmp_path,
        f"""
        import os, sys
        child = os.fork()
        if child == 0:
            {leaves}
        else:
            os.waitpid(child, 0)
            print("ended", os.path.exists(os.environ["JUPYTER_TRAINING_SPOOL"] + "/end.json"))
            sys.exit(3)
        """,
    )
    assert "ended False\n" == answer.stdout
    assert (3, "exit", None) == (attempt.end["exit_code"], attempt.end["reason_class"], attempt.end["error"])


def test_a_text_given_to_exit_is_printed(tmp_path: Path) -> None:
    _, answer = ran(tmp_path, "import sys; sys.exit('no data')")
    assert "no data\n" == answer.stderr


def test_causes_are_shown_and_none_of_our_frames_is(tmp_path: Path) -> None:
    attempt, answer = ran(
        tmp_path,
        """
        import json
        from jupyter_training import output
        def load():
            try:
                json.loads("{")
            except ValueError as error:
                raise RuntimeError("no config") from error
        try:
            load()
        except RuntimeError:
            output("/etc/passwd")
        """,
        shown_as="/home/ada/train.py",
    )
    text = attempt.end["error"]["traceback"]
    assert text == answer.stderr
    assert "JSONDecodeError" in text
    assert "The above exception was the direct cause" in text
    assert "jupyter_training" not in text
    assert ["/home/ada/train.py"] == [frame["file"] for frame in attempt.end["error"]["frames"]]


def test_frames_tell_the_persons_files_from_libraries(tmp_path: Path) -> None:
    attempt, answer = ran(
        tmp_path, "import model\nmodel.load()", files={"model.py": "import json\ndef load(): json.loads('{')"}
    )
    own = [(frame["file"], frame["own"]) for frame in attempt.end["error"]["frames"]]
    assert [("train.py", True), ("model.py", True)] == own[:2]
    assert not any(is_own for _, is_own in own[2:])
    assert 'File "model.py", line 2, in load' in answer.stderr


def test_a_syntax_error_has_its_line(tmp_path: Path) -> None:
    attempt, answer = ran(tmp_path, "x = 1\ny = = 2\n", kind="cell", shown_as="cell [2] of a.ipynb")
    error = attempt.end["error"]
    assert ("SyntaxError", "cell [2] of a.ipynb", 2) == (
        error["type"],
        error["frames"][-1]["file"],
        error["frames"][-1]["line"],
    )
    assert "y = = 2" in answer.stderr


def test_an_endless_recursion_has_a_record_of_a_sensible_size(tmp_path: Path) -> None:
    attempt, answer = ran(tmp_path, "def f(n): g(n)\ndef g(n): f(n + 1)\nf(0)")
    error = attempt.end["error"]
    assert (1, "RecursionError") == (answer.returncode, error["type"])
    assert len(error["frames"]) <= 50
    assert len(json.dumps(attempt.end)) < 60_000


def test_an_error_with_a_broken_text_is_recorded(tmp_path: Path) -> None:
    attempt, _ = ran(
        tmp_path,
        "class Odd(Exception):\n    def __str__(self): raise ValueError\nraise Odd('x' * 10_000_000)",
    )
    assert ("Odd", "(its message can't be shown)") == (attempt.end["error"]["type"], attempt.end["error"]["message"])


def test_a_job_that_asks_is_told_that_nobody_answers_and_what_to_do(tmp_path: Path) -> None:
    attempt = attempt_in(tmp_path, "try:\n    input('Your name? ')\nexcept EOFError:\n    raise ValueError('no name')")
    attempt.finish()
    error = attempt.end["error"]
    assert ("ValueError", "no name") == (error["type"], error["message"])
    words = "EOFError: input() asks at the keyboard, and a job has none. Make what it asks for a parameter"
    assert words in error["traceback"]
    assert words in attempt.log


def test_the_end_of_a_text_that_the_person_gives_is_left_as_it_is(tmp_path: Path) -> None:
    attempt, _ = ran(tmp_path, "import io, sys\nsys.stdin = io.StringIO('Ada\\n')\ninput()\ninput()")
    assert "EOF when reading a line" == attempt.end["error"]["message"]


@pytest.mark.parametrize(
    "before", ["input('Your name? ')", "print('50 %', end='')\n1 / 0", "print('whole')\n1 / 0", "1 / 0"]
)
def test_a_traceback_begins_on_a_line_of_its_own(tmp_path: Path, before: str) -> None:
    """The first half of a line is on its own, nothing is where there was none: no empty lines either."""
    attempt = attempt_in(tmp_path, before)
    attempt.finish()
    lines = attempt.log.splitlines()
    assert "Traceback (most recent call last):" in lines
    assert "" not in lines


def test_a_huge_message_is_cut_in_the_record(tmp_path: Path) -> None:
    attempt, _ = ran(tmp_path, "raise ValueError('x' * 10_000_000)")
    assert len(json.dumps(attempt.end)) < 60_000


def test_the_persons_own_hook_for_errors_is_asked(tmp_path: Path) -> None:
    _, answer = ran(
        tmp_path, "import sys\nsys.excepthook = lambda kind, error, tb: print('mine', kind.__name__, tb.tb_lineno)\n1/0"
    )
    assert ("mine ZeroDivisionError 3\n", "") == (answer.stdout, answer.stderr)


def test_a_hook_that_fails_hides_nothing(tmp_path: Path) -> None:
    _, answer = ran(tmp_path, "import sys\nsys.excepthook = lambda *_: 1 / 0\nraise KeyError('mine')")
    assert 1 == answer.returncode
    assert "KeyError: 'mine'" in answer.stderr


def test_an_error_in_a_thread_does_not_end_the_job(tmp_path: Path) -> None:
    attempt, answer = ran(
        tmp_path,
        "import threading\nt = threading.Thread(target=lambda: 1 / 0)\nt.start()\nt.join()\nprint('goes on')",
    )
    assert (0, "goes on\n") == (answer.returncode, answer.stdout)
    assert "ZeroDivisionError" in answer.stderr
    assert "completed" == attempt.end["reason_class"]


def test_the_end_is_recorded_when_the_last_thread_has_ended(tmp_path: Path) -> None:
    attempt, answer = ran(
        tmp_path,
        """
        import os, threading
        main_is_done = threading.Event()
        def late():
            main_is_done.wait()
            print(os.path.exists(os.environ["JUPYTER_TRAINING_SPOOL"] + "/end.json"))
        threading.Thread(target=late).start()
        main_is_done.set()
        """,
    )
    assert "False\n" == answer.stdout
    assert "completed" == attempt.end["reason_class"]


def test_a_daemon_thread_is_not_waited_for(tmp_path: Path) -> None:
    _, answer = ran(tmp_path, "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()")
    assert 0 == answer.returncode


def test_exit_handlers_run_after_the_record(tmp_path: Path) -> None:
    _, answer = ran(
        tmp_path,
        """
        import atexit, os
        end = os.environ["JUPYTER_TRAINING_SPOOL"] + "/end.json"
        atexit.register(lambda: print(os.path.exists(end)))
        """,
    )
    assert "True\n" == answer.stdout


def test_an_end_without_a_word_leaves_no_record(tmp_path: Path) -> None:
    attempt, answer = ran(tmp_path, "import os\nos._exit(5)")
    assert 5 == answer.returncode
    assert attempt.record("end.json") is None


def test_a_crash_in_a_library_leaves_its_place_in_the_log(tmp_path: Path) -> None:
    attempt, answer = ran(
        tmp_path, "import ctypes\ndef crash():\n    ctypes.string_at(0)\ncrash()", kind="cell", shown_as="cell [9]"
    )
    assert -signal.SIGSEGV == answer.returncode
    assert 'File "cell [9]", line 3 in crash' in answer.stderr
    assert attempt.record("end.json") is None


def test_a_record_that_can_not_be_written_changes_nothing_about_the_end(tmp_path: Path) -> None:
    """A limit on file sizes, which no reserved room helps against."""
    attempt, answer = ran(
        tmp_path,
        "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))",
    )
    assert 0 == answer.returncode
    assert "the record of the end can't be written" in answer.stderr
    assert attempt.record("end.json") is None


def test_without_an_order_it_says_so(tmp_path: Path) -> None:
    attempt = attempt_in(tmp_path, "")
    (attempt.folder / "order.json").write_text("{")
    answer = attempt.run()
    assert 1 == answer.returncode
    assert "no readable order" in answer.stderr


def test_an_interrupt_ends_it_with_130(tmp_path: Path) -> None:
    attempt = attempt_in(tmp_path, "import signal\nprint('ready', flush=True)\nwhile True: signal.pause()")
    process = attempt.begin()
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert (130, 130) == (process.returncode, attempt.end["exit_code"])
    until(lambda: attempt.end["error"]["type"] == "KeyboardInterrupt")


def test_a_job_imports_next_to_nothing_of_ours(tmp_path: Path) -> None:
    """Each of these costs every job milliseconds before its first line."""
    _, answer = ran(tmp_path, "import sys\nprint(' '.join(sys.modules))")
    there = set(answer.stdout.split())
    dear = {"typing", "pathlib", "subprocess", "traceback", "inspect", "dataclasses", "tempfile", "ast", "asyncio"}
    dear |= {"json", "re", "enum", "signal", "functools", "importlib", "operator"}
    dear |= {"threading", "logging", "argparse", "linecache", "ctypes", "socket", "urllib", "importlib.abc"}
    bare = [sys.executable, "-c", "import sys; print(' '.join(sys.modules))"]
    without_us = subprocess.run(bare, capture_output=True, text=True, check=True).stdout
    assert set() == (there & dear) - set(without_us.split())
