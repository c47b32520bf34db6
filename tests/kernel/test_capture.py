"""What comes along with a cell. No job is started; what comes along is run here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_training.runtime import pieces
from tests.kernel.capturing import along, definitions, printed, refused
from tests.kernel.shells import Cells

# -- what comes along ------------------------------------------------------------------------------------------------


def test_only_what_the_body_uses_comes_along(cells: Cells) -> None:
    cells.run("import math\nimport os\nrate = 0.5\nother = 3\ndef half(x):\n    return x * rate\ndef unused(): ...\n")
    assert "import math\nrate = 0.5\n\ndef half(x):\n    return x * rate\n" == definitions(
        cells, "print(half(math.pi))\n"
    )
    assert "" == definitions(cells, "print(1)\n")


@pytest.mark.parametrize(
    "body",
    [
        "rate = 3\nprint(rate)",
        "for rate in range(3): print(rate)",
        "def rate(): ...\nprint(rate())",
        "import math as rate\nprint(rate)",
        "def f(rate): return rate\nprint(f(1), [rate for rate in ()])",
        "try:\n    import nothing as rate\nexcept ImportError:\n    rate = None\nprint(rate)",
        "if input:\n    rate = 1\nelse:\n    raise SystemExit\nprint(rate)",
        "with open('x') as rate: print(rate)",
        "print((rate := 3))\nprint(rate)",
        "def late():\n    return rate\nrate = 3\nlate()",
        "match input:\n    case [rate]: pass\n    case _: raise SystemExit\nprint(rate)",
    ],
)
def test_what_the_body_defines_does_not_come_along(cells: Cells, body: str) -> None:
    cells.run("rate = 0.5")
    assert "" == definitions(cells, body)


@pytest.mark.parametrize(
    "body",
    [
        "print(rate)\nrate = 3",
        "rate += 1",
        "if input:\n    rate = 1\nprint(rate)",
        "def f(x=rate): ...",
        "class A:\n    rate = rate",
        "def f():\n    global rate\n    rate += 1",
        "print([x for x in range(rate)])",
    ],
)
def test_what_the_body_uses_before_it_defines_it_comes_along(cells: Cells, body: str) -> None:
    cells.run("rate = 1")
    assert "rate = 1\n" == definitions(cells, body)


def test_what_is_perhaps_defined_stays_where_it_can_not_travel(cells: Cells) -> None:
    cells.run("rate = object()")
    assert "" == definitions(cells, "if input:\n    rate = 1\nprint(rate)")
    assert "" == definitions(cells, "try:\n    rate\nexcept NameError:\n    rate = 1\nprint(rate)")


def test_a_parameter_of_the_line_wins_over_the_notebook(cells: Cells) -> None:
    cells.run("rate = 1")
    assert "" == definitions(cells, "print(rate)", "rate=2")


@pytest.mark.parametrize(
    ("statement", "expression", "shown"),
    [
        ("x = [1, (2.5, None), {'a': {3}}, b'c', 1j]", "x", "[1, (2.5, None), {'a': {3}}, b'c', 1j]"),
        ("x = float('nan'), -float('inf'), set(), frozenset({1}), 10 ** 5000", "x[:4]", None),
        ("import pathlib\nx = pathlib.Path('a b') / 'c'", "str(x)", "a b/c"),
        ("import datetime\nx = datetime.datetime(2026, 1, 2), datetime.timedelta(days=1)", "x[0] + x[1]", None),
        ("import re\nx = re.compile('a+', re.I)", "x.match('AA')", "<re.Match object; span=(0, 2), match='AA'>"),
        ("import functools\ndef f(a, b): return a - b\nx = functools.partial(f, 5)", "x(3)", "2"),
        ("import collections\nx = collections.defaultdict(list, a=[1])", "x['b'], x['a']", "([], [1])"),
        ("from collections import namedtuple\nP = namedtuple('P', 'x y', defaults=[2])\nx = P(1)", "x", "P(x=1, y=2)"),
        ("from typing import NamedTuple\nclass P(NamedTuple):\n    x: int = 3\nx = P()", "x, P(4)", "(P(x=3), P(x=4))"),
        ("import enum\nx = enum.Enum('C', 'RED GREEN')", "x.RED.value, x(2).name", "(1, 'GREEN')"),
        ("def a(): return 1\nx = {'a': a, 'len': len}", "x['a'](), x['len']('ab')", "(1, 2)"),
        ("import numpy as np\nx = np.float64(0.5), np.sin", "x[0], float(x[1](0))", "(np.float64(0.5), 0.0)"),
        ("from numpy import sin as x", "float(x(0))", "0.0"),
        ("import logging\nx = logging.getLogger('a')", "x.name", "a"),
        ("x = list[int]", "x", "list[int]"),
        ("from typing import Callable, Literal, Optional\nx = Callable[[int], Optional[str]], Literal['a']",
         "x", "(typing.Callable[[int], typing.Optional[str]], typing.Literal['a'])"),
        ("from typing import TypedDict\nclass T(TypedDict):\n    a: int\nx = T", "x(a=1)", "{'a': 1}"),
        ("from pydantic import BaseModel\nclass M(BaseModel):\n    a: int = 3\nx = M", "x()", "a=3"),
        ("REG = {}\ndef reg(f):\n    REG[f.__name__] = f\n    return f\n@reg\ndef one(): return 1\nx = REG",
         "x['one'](), list(x), one()", "(1, ['one'], 1)"),
        ("class M(type):\n    def z(self): return 9\nclass A(metaclass=M): ...", "A.z()", "9"),
        ("import functools\n@functools.singledispatch\ndef x(a): return 1\n@x.register\ndef _(a: int): return 'int'",
         "x('a'), x(1)", "(1, 'int')"),
        ("x = print", "x is print", "True"),
        ("def make():\n    def inner(): return inner\n    return inner\nx = make()", "x() is x", "True"),
        ("x = (lambda a, *, b=2:\n      a + b)", "x(1)", "3"),
        ("x = [lambda n=n: n for n in range(3)]", "[one() for one in x]", "[0, 1, 2]"),
        ("if True:\n    def x():\n        '''a\n  b'''\n        return x.__doc__", "x()", "a\n  b"),
        ("class O:\n    class I:\n        def f(self): return 1\nx = O.I", "x().f()", "1"),
        ("class A:\n    def f(self): return 1\nx = A.f", "x(None)", "1"),
        ("def old(): return 1\nx = old\ndef old(): return 2", "x(), old()", "(1, 2)"),
        ("def f(): return 1\nx = f\ndel f", "x()", "1"),
        ("class A: ...\ndef f(self): return 7\nA.f = f\nx = A", "x().f()", "7"),
        ("def d(f):\n    def g(): return f() + 1\n    return g\n@d\ndef x(): return 1", "x()", "2"),
        ("def d(f):\n    def g(): return f() + 1\n    return g\ndef y(): return 1\nx = d(y)", "x()", "2"),
        ("import contextlib\n@contextlib.contextmanager\ndef x():\n    yield 4", "x().__enter__()", "4"),
        ("from __future__ import annotations\ndef x(a: Nothing = 1) -> Nothing: return a", "x()", "1"),
        ("class A:\n    @property\n    def p(self): return 5\nclass B(A):\n    k = 3\nx = B", "x().p, x.k", "(5, 3)"),
        ("K = 3\nclass A:\n    v = [K for _ in range(2)]\nx = A", "x.v", "[3, 3]"),
    ],
)  # fmt: skip
def test_it_is_the_same_in_the_job(cells: Cells, statement: str, expression: str, shown: str | None) -> None:
    assert "" == cells.run(statement)
    expected = cells.run(f"print(({expression}))").rstrip("\n")
    assert shown in (None, expected)
    assert expected == printed(cells, f"print(({expression}))")


def test_the_class_that_was_run_last_is_taken_also_without_methods(cells: Cells) -> None:
    first = "class Sizes:\n    small = 1\n    large = small * 10"
    cells.run(first)
    cells.run("class Sizes:\n    small = 1\n    large = small * 20")
    assert "20" == printed(cells, "print(Sizes.large)")
    cells.run(first)
    assert "10" == printed(cells, "print(Sizes.large)")


def test_definitions_stand_below_what_they_need_at_once(cells: Cells) -> None:
    cells.run("SIZES = [3, 2]\ndef z(x):\n    return a_helper(x)\ndef a_helper(x):\n    return x * len(SIZES)")
    cells.run("def m_decorate(f):\n    f.mark = z(2)\n    return f")
    cells.run("@m_decorate\ndef a_first(): ...")
    assert "4" == printed(cells, "print(a_first.mark)")


def test_submodules_that_are_reached_by_dots_are_imported(cells: Cells) -> None:
    cells.run("import concurrent.futures\nimport xml.dom as d\nimport xml.dom.minidom")
    text = definitions(cells, "concurrent.futures.Executor\nd.minidom.parse\n")
    assert "__import__('xml.dom.minidom')\nimport concurrent\nimport concurrent.futures\nimport xml.dom as d\n" == text


def test_imports_read_as_they_were_written(cells: Cells) -> None:
    cells.run("from sklearn.svm import SVC\nfrom os.path import *\nfrom jupyter_training import report as say")
    expected = "from jupyter_training import report as say\nfrom os.path import join\nfrom sklearn.svm import SVC\n"
    assert expected == definitions(cells, "say(x=1)\nSVC()\njoin('a')\n")


def test_python_s_own_open_and_exit_are_not_the_shell_s(cells: Cells) -> None:
    cells.run("def use():\n    return open, exit")
    assert "\ndef use():\n    return open, exit\n" == definitions(cells, "open('x')\nexit()\nuse()\ndisplay(1)")


def test_the_positions_are_those_in_the_cell_with_its_blank_lines(cells: Cells) -> None:
    cells.run("\n\n# a comment\ndef f():\n    return 1")
    text = next(one["text"] for one in along(cells, "f()")["files"] if one["path"] == pieces.FILE)
    assert [[3, 2, 0, 4, 0]] == json.loads(text.partition("\n")[0].removeprefix(pieces.HEAD))


def test_the_bytes_do_not_depend_on_how_often_cells_were_run(cells: Cells) -> None:
    both = ["names = {'b', 'a', 'c'}", "def f():\n    return names, g\ndef g(): ...\n"]
    for one in both:
        cells.run(one)
    first = along(cells, "f()")
    for one in [*both, *reversed(both)]:
        cells.run(one)
    second = along(cells, "f()")
    assert first["files"] == second["files"]
    assert first["entry"]["cells"] != second["entry"]["cells"]


def test_a_name_that_a_function_of_the_body_may_bind_is_not_missed(cells: Cells) -> None:
    shown = cells.run("%%train one --dry-run\ndef f():\n    global made\n    made = 1\nf()\nprint(made)")
    assert "defined neither" not in shown


def test_a_name_that_is_defined_nowhere_is_said_and_not_refused(cells: Cells) -> None:
    cells.run("def f():\n    return nowhere")
    shown = cells.run("%%train one --dry-run\nprint(f(), nothing)")
    assert "line 2: `nothing`, which is defined neither in the cell nor in this kernel." in shown
    assert "`f` uses `nowhere`, which is defined neither in the cell nor in this kernel." in shown


# -- where it comes from ---------------------------------------------------------------------------------------------


def test_a_folder_that_was_put_on_the_path_is_there_in_the_job(
    cells: Cells, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "beside_all.py").write_text("def f(): return 6\n")
    monkeypatch.setattr("sys.path", [*sys.path, str(tmp_path / "src")])
    cells.run("from beside_all import f")
    expected = f"__import__('sys').path.extend(['{tmp_path}/src'])\nfrom beside_all import f\n"
    assert expected == definitions(cells, "print(f())")
    del sys.modules["beside_all"]


def test_what_a_script_has_left_behind_comes_along(cells: Cells, tmp_path: Path) -> None:
    (tmp_path / "helpers.py").write_text("STEP = 3\n\ndef stepped(x):\n    return x + STEP\n")
    cells.run("%run helpers.py")
    assert "5" == printed(cells, "print(stepped(2))")
    assert [str(tmp_path / "helpers.py")] == along(cells, "stepped(1)")["entry"]["cells"]


def test_definitions_below_a_cell_magic_are_found(cells: Cells) -> None:
    cells.run("\n%%time\n\ndef timed(x):\n    return x + 1")
    cells.run("%%capture\ndef quiet(x):\n    return timed(x)")
    assert "3" == printed(cells, "print(quiet(2))")
    text = next(one["text"] for one in along(cells, "timed(1)")["files"] if one["path"] == pieces.FILE)
    assert [[3, 2, 0, 4, 0]] == json.loads(text.partition("\n")[0].removeprefix(pieces.HEAD))


def test_an_object_is_not_asked_for_what_it_may_have_to_compute(cells: Cells) -> None:
    cells.run("class Lazy:\n    def __getattr__(self, name):\n        raise RuntimeError(name)\nx = Lazy()")
    assert "`x` lives only in this kernel (Lazy)." in refused(cells, "print(x)")
    cells.run("Lazy.__call__ = lambda self: 1")
    assert "`x` lives only in this kernel (Lazy)." in refused(cells, "print(x)")


_IN_A_KERNEL_OF_ITS_OWN = """
import sys
from IPython.core.interactiveshell import InteractiveShell
from jupyter_training.kernel.capture import carried
from jupyter_training.kernel.notebook import Place

shell = InteractiveShell.instance()
shell.run_cell('''
import functools, math, os
names, kinds = {"b", "a", "c"}, frozenset("xyz")
def deco(f):
    @functools.wraps(f)
    def inner(*args): return f(*args), names
    return inner
@deco
def one(x, y=kinds): return two(x), table, math.pi
def two(x): return one, os.sep
table = {"one": one, "both": [lambda: names, lambda: kinds], "root": math.sqrt}
class A: size = 1
class B(A):
    def f(self): return table
made = deco(two)
''', store_history=True)
found = carried("\\nprint(one(1), B(), made(2), table)\\n", shell.user_ns, place=Place(None, None, 2))
sys.stdout.write("".join(text.decode() for text in found.files.values()))
"""


def test_the_bytes_do_not_depend_on_the_order_of_sets(tmp_path: Path) -> None:
    """Another hash seed gives each kernel another order of its sets of texts."""
    made = {
        subprocess.run(
            [sys.executable, "-c", _IN_A_KERNEL_OF_ITS_OWN],
            env={**os.environ, "PYTHONHASHSEED": str(seed), "IPYTHONDIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in range(3)
    }
    assert 1 == len(made)
    assert "class B(A):" in made.pop()
