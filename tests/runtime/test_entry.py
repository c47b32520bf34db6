"""The person's code runs as they would run it: scripts, cells, functions and what these start."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.runtime.attempts import attempt_in
from tests.runtime.entering import ran

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
