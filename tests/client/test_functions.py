"""Functions of a notebook: their source, and what comes along or stays behind.

Each cell is run as a notebook would: compiled under a name whose lines are in
``linecache``, in the namespace of a module called ``__main__``.
"""

from __future__ import annotations

import inspect
import itertools
import linecache
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from jupyter_training.client.functions import Captured, captured_source, module_of
from jupyter_training.errors import InvalidSpec
from jupyter_training.runtime import pieces

_number = itertools.count()


class Notebook:
    """A ``__main__`` of its own, filled by cells."""

    def __init__(self) -> None:
        self.module = ModuleType("__main__")

    def run(self, cell: str) -> None:
        name = f"<cell {next(_number)}>"
        linecache.cache[name] = (len(cell), None, cell.splitlines(keepends=True), name)
        exec(compile(cell, name, "exec", dont_inherit=True), vars(self.module))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, name)


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    found = Notebook()
    monkeypatch.setitem(sys.modules, "__main__", found.module)
    return found


def run_elsewhere(found: Captured, call: str) -> Any:
    """What the captured source gives in a fresh namespace: as plain Python, and the same as a job runs it."""
    spaces: list[dict[str, Any]] = [{"__name__": "elsewhere"}, {"__name__": "elsewhere"}]
    exec(compile(found.source, "<elsewhere>", "exec", dont_inherit=True), spaces[0])
    pieces.run(found.source, "<elsewhere>", found.cells, spaces[1])
    plain, in_job = (eval(call, space) for space in spaces)
    assert plain == in_job
    return in_job


def test_a_function_brings_modules_constants_and_the_functions_it_uses(notebook: Notebook) -> None:
    notebook.run("import math\nimport os.path as p\nfrom collections import OrderedDict\nSCALE = [2, {'a': 0.5}]\n")
    notebook.run("def half(x):\n    return x * SCALE[1]['a']\n")
    notebook.run(
        "def train(lr):\n    return half(math.floor(lr)), p.basename('a/b'), OrderedDict().__class__.__name__\n"
    )
    source = captured_source(notebook.train)
    assert (2.0, "b", "OrderedDict") == run_elsewhere(source, "train(4.5)")


def test_a_class_of_the_notebook_comes_along(notebook: Notebook) -> None:
    notebook.run("class Net:\n    width = 3\n    def double(self):\n        return self.width * 2\n")
    notebook.run("def train():\n    return Net().double()\n")
    assert 6 == run_elsewhere(captured_source(notebook.train), "train()")


def test_functions_that_call_each_other_come_along_once(notebook: Notebook) -> None:
    notebook.run("def even(n):\n    return n == 0 or odd(n - 1)\n\ndef odd(n):\n    return n != 0 and even(n - 1)\n")
    found = captured_source(notebook.even)
    assert run_elsewhere(found, "even(4)")
    assert 1 == found.source.count(b"def odd")


@pytest.mark.parametrize("above", [0, 1, 5])
def test_the_function_keeps_its_line(notebook: Notebook, above: int) -> None:
    notebook.run("import math\nRATE = 3\ndef helper():\n    return RATE\n")
    notebook.run("\n" * above + "def train():\n    return math.pi, helper()\n")
    found = captured_source(notebook.train)
    assert 3 == run_elsewhere(found, "train()")[1]
    space: dict[str, Any] = {}
    pieces.run(found.source, "train.py", found.cells, space)
    assert above + 1 == space["train"].__code__.co_firstlineno
    assert found.shown_as == space["train"].__code__.co_filename
    assert "def train():\n    return math.pi, helper()\n" == inspect.getsource(space["train"])


def test_what_a_definition_needs_at_once_stands_above_it(notebook: Notebook) -> None:
    notebook.run("import functools\nDEFAULT = 7\n")
    notebook.run("@functools.lru_cache\ndef cached(x=DEFAULT):\n    return x\n")
    notebook.run("def train(y=DEFAULT):\n    return cached(y)\n")
    assert 7 == run_elsewhere(captured_source(notebook.train), "train()")


def test_postponed_annotations_need_nothing(notebook: Notebook) -> None:
    notebook.run("from __future__ import annotations\ndef train(x: NoSuchType = 1) -> Another:\n    return x\n")
    assert 1 == run_elsewhere(captured_source(notebook.train), "train()")


def test_names_that_can_not_travel_are_refused_all_at_once(notebook: Notebook) -> None:
    notebook.run("import threading\nlock = threading.Lock()\nframe = object()\n")
    notebook.run("def train():\n    return lock, frame, never_defined\n")
    with pytest.raises(InvalidSpec) as caught:
        captured_source(notebook.train)
    assert ["frame", "lock", "never_defined"] == sorted(problem.key or "" for problem in caught.value.errors)
    assert "`never_defined` is not defined" in caught.value.detail
    assert "`lock` lives only in this kernel (lock)" in caught.value.detail
    assert "def train(frame)" in (caught.value.hint or "")


def test_a_secret_does_not_travel_as_code(notebook: Notebook) -> None:
    notebook.run("api_key = 'sk-123'\ndef train():\n    return api_key\n")
    with pytest.raises(InvalidSpec, match="`api_key` looks like a secret") as caught:
        captured_source(notebook.train)
    assert "pass_env='API_KEY'" in (caught.value.hint or "")


def test_what_a_helper_uses_is_refused_too(notebook: Notebook) -> None:
    notebook.run("big = object()\ndef helper():\n    return big\ndef train():\n    return helper()\n")
    with pytest.raises(InvalidSpec, match="big"):
        captured_source(notebook.train)


def test_a_closure_brings_what_it_closes_over(notebook: Notebook) -> None:
    notebook.run("def make(n):\n    def train():\n        return n\n    return train\n")
    notebook.run("train = make(3)\n")
    assert 3 == run_elsewhere(captured_source(notebook.train), "train()")
    notebook.run("def make(n):\n    def train():\n        return n\n    return train\n")
    notebook.run("import threading\ntrain = make(threading.Lock())\n")
    with pytest.raises(InvalidSpec, match="train closes over `n`, which lives only in this kernel"):
        captured_source(notebook.train)


def test_local_names_arguments_and_comprehensions_are_not_taken_for_globals(notebook: Notebook) -> None:
    notebook.run(
        "def train(x):\n"
        "    import json\n"
        "    total = sum(i for i in range(x))\n"
        "    with open(__file__) as f: pass\n"
        "    try: pass\n"
        "    except ValueError as e: print(e)\n"
        "    return json.dumps([k for k, v in {}.items()]), total, (lambda q: q)(x)\n"
    )
    assert b"def train" in captured_source(notebook.train).source


def test_report_comes_from_the_public_package(notebook: Notebook) -> None:
    runtime = pytest.importorskip("jupyter_training.runtime.public")
    assert runtime is not None
    notebook.run("from jupyter_training import report\ndef train():\n    report(x=1)\n")
    assert b"from jupyter_training import report" in captured_source(notebook.train).source


def test_a_function_of_main_has_no_module_and_one_of_a_module_has(notebook: Notebook) -> None:
    notebook.run("def train(): pass\n")
    assert module_of(notebook.train) is None
    assert module_of(captured_source) is sys.modules["jupyter_training.client.functions"]


def test_a_function_without_source_is_refused(notebook: Notebook) -> None:
    exec("def train(): pass", vars(notebook.module))
    with pytest.raises(InvalidSpec, match="train is a function whose source is gone"):
        captured_source(notebook.train)


def test_a_script_s_function_brings_its_classes_and_imports(notebook: Notebook, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from dataclasses import dataclass\nfrom os.path import join\n\n"
        "@dataclass\nclass Config:\n    lr: float = 0.5\n\n"
        "def train():\n    return join('a', 'b'), Config().lr\n"
    )
    notebook.module.__file__ = str(script)
    exec(compile(script.read_text(), str(script), "exec", dont_inherit=True), vars(notebook.module))
    found = captured_source(notebook.train)
    assert ("a/b", 0.5) == run_elsewhere(found, "train()")
    assert (str(script), (str(script),)) == (found.shown_as, found.cells)
