"""The person's code runs as they would run it, and its end is on record."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.attempts import Attempt, attempt_in, until


def ran(home: Path, code: str, **options: Any) -> tuple[Attempt, Any]:
    attempt = attempt_in(home, textwrap.dedent(code), **options)
    return attempt, attempt.run()


# -- scripts ---------------------------------------------------------------------------------------------------------


def test_a_script_runs_as_python_would_run_it(tmp_path: Path) -> None:
    attempt, answer = ran(
        tmp_path,
        """
        import json, sys, os, model
        print(json.dumps([__name__, __file__, sys.argv, os.getcwd(), model.NAME, __spec__ is None]))
        assert sys.modules["__main__"].__dict__ is globals()
        """,
        files={"model.py": "NAME = 'mine'"},
        args=("--fast", "data.csv"),
        params={"lr": 0.1},
    )
    code = attempt.folder / "code"
    argv = [str(code / "train.py"), "--fast", "data.csv", "--lr", "0.1"]
    assert ["__main__", str(code / "train.py"), argv, str(tmp_path / "work"), "mine", True] == json.loads(answer.stdout)
    assert (0, "completed", None) == tuple(attempt.end[key] for key in ("exit_code", "reason_class", "error"))


def test_parameters_are_arguments(tmp_path: Path) -> None:
    params = {
        "lr": 1e-05,
        "batch_size": 32,
        "name": "a b",
        "flag": True,
        "off": False,
        "nothing": None,
        "layers": [1, 2],
        "options": {"a": 1},
        "dash": "-x",
        "negative": -1,
        "empty": "",
    }
    _, answer = ran(tmp_path, "import json, sys; print(json.dumps(sys.argv[1:]))", params=params)
    assert [
        *("--lr", "1e-05", "--batch_size", "32", "--name", "a b", "--flag", "True", "--off", "False"),
        *("--layers", "[1, 2]", "--options", '{"a": 1}', "--dash=-x", "--negative", "-1", "--empty", ""),
    ] == json.loads(answer.stdout)


def test_argparse_leaves_with_its_own_code(tmp_path: Path) -> None:
    attempt, answer = ran(
        tmp_path,
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--lr', type=float)\np.parse_args()",
        params={"learning_rate": 0.1},
    )
    assert 2 == answer.returncode
    assert "unrecognized arguments: --learning_rate" in answer.stderr
    assert (2, "exit", None) == tuple(attempt.end[key] for key in ("exit_code", "reason_class", "error"))


def test_imports_are_found_beside_the_script_then_in_the_code_and_last_in_the_folder(tmp_path: Path) -> None:
    attempt = attempt_in(
        tmp_path,
        "import beside, top, here\nprint(beside.x, top.x, here.x)",
        name="sub/train.py",
        files={"sub/beside.py": "x = 1", "top.py": "x = 2", "beside.py": "x = 0"},
    )
    for name in ("here", "beside", "top"):
        (tmp_path / "work" / f"{name}.py").write_text("x = 3")
    assert "1 2 3\n" == attempt.run().stdout


def test_a_module_of_the_persons_may_have_any_name_of_ours(tmp_path: Path) -> None:
    names = ("job", "entry", "report", "layout", "spool", "runtime", "script")
    _, answer = ran(
        tmp_path,
        f"import {', '.join(names)}\nprint([m.x for m in ({', '.join(names)})])",
        files={f"{name}.py": "x = 1" for name in names},
    )
    assert f"{[1] * len(names)}\n" == answer.stdout


def test_programs_that_the_code_starts_can_report_too(tmp_path: Path) -> None:
    attempt, answer = ran(
        tmp_path,
        """
        import subprocess, sys
        subprocess.run([sys.executable, "-c", "from jupyter_training import report; report(a=1.0)"], check=True)
        """,
    )
    assert 0 == answer.returncode, answer.stderr
    assert [(None, {"a": 1.0})] == attempt.points()


# -- cells -----------------------------------------------------------------------------------------------------------


def test_a_cell_runs_with_parameters_in_place_of_its_literals(tmp_path: Path) -> None:
    _, answer = ran(
        tmp_path,
        """
        '''A docstring.'''
        import json
        lr = 0.1
        layers: list = [1, 2]
        def f(): return lr
        name = "a"
        lr = 0.2
        untouched = 5
        print(json.dumps([lr, layers, f(), name, untouched, other]))
        lr = 0.3
        print(lr, __name__)
        """,
        kind="cell",
        params={"lr": 0.5, "layers": [3, [True, None]], "name": "b'\n\"", "other": {"a": -1.5}},
    )
    assert answer.stderr == ""
    first, second = answer.stdout.splitlines()
    # The second assignment is the person's own, below: it wins, as the magic has warned.
    assert [0.2, [3, [True, None]], 0.2, "b'\n\"", 5, {"a": -1.5}] == json.loads(first)
    assert "0.3 __main__" == second


def test_an_assignment_below_the_top_is_not_a_parameter(tmp_path: Path) -> None:
    _, answer = ran(tmp_path, "print('work')\nlr = 0.1\nprint(lr)", kind="cell", params={"lr": 0.5})
    assert "work\n0.1\n" == answer.stdout


def test_an_error_in_a_cell_is_shown_where_the_cell_was_written(tmp_path: Path) -> None:
    code = "lr = 0.1\n\ndef f(x):\n    return x / 0\n\nf(lr)\n"
    attempt = attempt_in(tmp_path, "\n" + code, kind="cell", shown_as="cell [3] of a.ipynb", params={"lr": 0.7})
    answer = attempt.run()
    assert 1 == answer.returncode
    assert answer.stderr == attempt.end["error"]["traceback"]
    assert answer.stderr.startswith(
        'Traceback (most recent call last):\n  File "cell [3] of a.ipynb", line 7, in <module>\n    f(lr)\n'
    )
    assert 'File "cell [3] of a.ipynb", line 5, in f\n    return x / 0' in answer.stderr
    error = attempt.end["error"]
    assert ("ZeroDivisionError", "float division by zero") == (error["type"], error["message"])
    assert [
        {"file": "cell [3] of a.ipynb", "line": 7, "name": "<module>", "text": "f(lr)", "own": True},
        {"file": "cell [3] of a.ipynb", "line": 5, "name": "f", "text": "return x / 0", "own": True},
    ] == error["frames"]


def test_await_at_the_top_level_of_a_cell(tmp_path: Path) -> None:
    attempt, answer = ran(
        tmp_path,
        """
        import asyncio
        n = 1
        async def f(): return n
        print(await f() + await asyncio.sleep(0, 1))
        await asyncio.gather(*[f()])
        1 / 0
        """,
        kind="cell",
        shown_as="cell",
        params={"n": 41},
    )
    assert "42\n" == answer.stdout
    assert ["cell"] == [frame["file"] for frame in attempt.end["error"]["frames"]]


def test_what_inspect_and_warnings_and_display_need_is_there_in_a_cell(tmp_path: Path) -> None:
    _, answer = ran(
        tmp_path,
        """
        import inspect, warnings, traceback
        def f():
            return 1
        print(inspect.getsource(f))
        try:
            1 / 0
        except ZeroDivisionError:
            print("1 / 0" in traceback.format_exc())
        display(3, "x")
        """,
        kind="cell",
        shown_as="cell [1] of b.ipynb",
    )
    assert ["def f():", "    return 1", "", "True", "3", "'x'"] == answer.stdout.splitlines()


def test_a_cell_may_use_modules_of_its_folder(tmp_path: Path) -> None:
    attempt = attempt_in(tmp_path, "import helpers\nprint(helpers.x)", kind="cell")
    (tmp_path / "work" / "helpers.py").write_text("x = 7")
    assert "7\n" == attempt.run().stdout


# -- functions -------------------------------------------------------------------------------------------------------


def test_a_function_gets_its_parameters_by_name_and_what_it_returns_is_reported(tmp_path: Path) -> None:
    attempt, answer = ran(
        tmp_path,
        """
        def train(lr, *, layers=(1,)):
            print(__name__, lr, layers)
            return {"accuracy": lr * 2, "note": "text"}
        """,
        kind="function",
        function="train",
        params={"lr": 0.25, "layers": [1, 2]},
    )
    assert "train 0.25 [1, 2]\n" == answer.stdout, answer.stderr
    assert [(None, {"accuracy": 0.5})] == attempt.points()


@pytest.mark.parametrize("returned", ["None", "3", "[1]", "{}", "{1: 2}", "object()"])
def test_a_function_may_return_anything(tmp_path: Path, returned: str) -> None:
    attempt, answer = ran(tmp_path, f"def f(): return {returned}", kind="function", function="f")
    assert (0, "") == (answer.returncode, answer.stderr)
    assert [] == attempt.points()


def test_a_function_may_be_a_coroutine_or_stand_in_a_package(tmp_path: Path) -> None:
    _, answer = ran(
        tmp_path,
        "from . import other\nasync def f(): print(other.x, __name__)",
        name="pkg/train.py",
        files={"pkg/__init__.py": "", "pkg/other.py": "x = 5"},
        kind="function",
        function="f",
    )
    assert "5 pkg.train\n" == answer.stdout, answer.stderr


def test_a_function_may_be_called_like_a_module(tmp_path: Path) -> None:
    _, answer = ran(
        tmp_path, "import json\ndef json_(): pass\ndef f(): print('ran')", name="json.py", kind="function", function="f"
    )
    assert "ran\n" == answer.stdout, answer.stderr


def test_an_error_in_a_function_names_its_file(tmp_path: Path) -> None:
    attempt, _ = ran(
        tmp_path, "def f():\n    raise KeyError('x')", kind="function", function="f", shown_as="/home/ada/train.py"
    )
    assert [("/home/ada/train.py", 2)] == [(one["file"], one["line"]) for one in attempt.end["error"]["frames"]]


# -- children --------------------------------------------------------------------------------------------------------

SPAWNS = """
import multiprocessing
factor = 2
class Thing:
    def __init__(self, value): self.value = value
def work(thing): return thing.value * factor
"""


def test_spawned_children_find_what_a_script_defines(tmp_path: Path) -> None:
    guarded = """
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        print(pool.map(work, [Thing(1), Thing(2)]))
"""
    _, answer = ran(tmp_path, SPAWNS + guarded)
    assert ("[2, 4]\n", "") == (answer.stdout, answer.stderr)


def test_spawned_children_find_what_a_function_needs(tmp_path: Path) -> None:
    called = """
def train():
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        print(pool.map(work, [Thing(1), Thing(2)]))
"""
    _, answer = ran(tmp_path, SPAWNS + called, kind="function", function="train")
    assert ("[2, 4]\n", "") == (answer.stdout, answer.stderr)


def test_spawned_children_of_a_cell_repeat_its_definitions_and_not_its_training(tmp_path: Path) -> None:
    unguarded = """
print("training")
with multiprocessing.get_context("spawn").Pool(2) as pool:
    print(pool.map(work, [Thing(1), Thing(2)]))
"""
    _, answer = ran(tmp_path, SPAWNS + unguarded, kind="cell", shown_as="cell [1]", params={"factor": 5})
    assert ("training\n[5, 10]\n", "") == (answer.stdout, answer.stderr)


def test_a_cell_that_guards_itself_is_repeated_as_it_stands(tmp_path: Path) -> None:
    guarded = """
made = dict(value=3)
def get(_): return made["value"]
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(get, [0]))
"""
    _, answer = ran(tmp_path, SPAWNS + guarded, kind="cell")
    assert ("[3]\n", "") == (answer.stdout, answer.stderr)


# -- ends ------------------------------------------------------------------------------------------------------------


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
    dear |= {"threading", "logging", "argparse", "linecache", "ctypes", "socket", "urllib", "importlib.abc"}
    bare = [sys.executable, "-c", "import sys; print(' '.join(sys.modules))"]
    without_us = subprocess.run(bare, capture_output=True, text=True, check=True).stdout
    assert set() == (there & dear) - set(without_us.split())
