"""What notebooks define, used in jobs: each run for real, through a kernel, a server and a dispatcher."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_training.client.client import Client
from jupyter_training.client.local import LocalTransport
from jupyter_training.settings import Settings
from tests.kernel.living import Kernel, Outputs, emptied, variables

pytestmark = pytest.mark.processes

BOOK = "Mein Büchlein № 3.ipynb"


class Book:
    """A notebook whose path has blanks and letters beyond ASCII, in a kernel."""

    def __init__(self, kernel: Kernel, folder: Path, home: Path) -> None:
        self.kernel = kernel
        self.folder = folder
        self.client = Client(transport=LocalTransport(Settings.load(home)))
        self._number = 0

    def cell(self, text: str) -> int:
        """Run a cell that must succeed; its number."""
        got = self.kernel.run(f"{text}\nprint('cell', len(In) - 1)")
        assert got.error is None, got.shown
        return int(got.text.split()[-1])

    def train(self, body: str, options: str = "") -> Outputs:
        """Train a body and wait for its end; what the cell shows."""
        self._number += 1
        self.name = f"case-{self._number}"
        return self.kernel.run(f"%%train {self.name} --wait -q {options}\n{body}")

    def printed(self, body: str, options: str = "") -> str:
        """What a job prints that must succeed."""
        got = self.train(body, options)
        assert got.error is None, got.shown
        return self.kernel.run(f"%train logs {self.name}").text.rstrip("\n")

    def refused(self, body: str, options: str = "") -> str:
        """What is said of a body that is refused; nothing of it is stored."""
        before = self.client.jobs(limit=1)["counts"]
        got = self.train(body, options)
        assert got.error is not None, got.shown
        assert before == self.client.jobs(limit=1)["counts"]
        return "\n".join(got.error)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    folder = tmp_path_factory.mktemp("corpus") / "Über uns, alle"
    folder.mkdir()
    with emptied(folder / "home") as home:
        environment = variables(home, JUPYTER_TRAINING_URL="home", JPY_SESSION_NAME=str(folder / BOOK))
        with Kernel(environment, folder=folder) as kernel:
            book = Book(kernel, folder, home)
            book.cell("%load_ext jupyter_training")
            yield book
            book.client.close()


def test_the_later_definition_of_a_function_wins_and_so_does_a_cell_that_was_run_again(book: Book) -> None:
    first = "def scale(x):\n    return 2 * x"
    book.cell(first)
    book.cell("def scale(x):\n    return 30 * x")
    assert "90" == book.printed("print(scale(3))")
    book.cell(first)
    assert "6" == book.printed("print(scale(3))")


def test_a_decorated_function(book: Book) -> None:
    book.cell(
        "import functools\n"
        "def loud(word):\n"
        "    def around(function):\n"
        "        @functools.wraps(function)\n"
        "        def inner(*args):\n"
        "            return word + str(function(*args))\n"
        "        return inner\n"
        "    return around\n"
    )
    book.cell("@loud('is ')\n@functools.lru_cache\ndef triple(x):\n    return 3 * x")
    assert "is 12 triple" == book.printed("print(triple(4), triple.__name__)")


def test_a_class_with_a_base_class(book: Book) -> None:
    book.cell("import abc\nclass Layer(abc.ABC):\n    def __init__(self, size):\n        self.size = size")
    book.cell(
        "WIDTH = 4\nclass Dense(Layer):\n    width = WIDTH\n    def area(self):\n        return self.size * self.width"
    )
    assert "20 True" == book.printed("print(Dense(5).area(), isinstance(Dense(1), Layer))")


def test_a_dataclass_and_an_instance_of_it(book: Book) -> None:
    book.cell(
        "from dataclasses import dataclass, field\n@dataclass\n"
        "class Config:\n    lr: float = 0.5\n    sizes: list = field(default_factory=list)"
    )
    book.cell("config = Config(lr=0.25, sizes=[8, 4])")
    assert "Config(lr=0.25, sizes=[8, 4]) Config(lr=0.5, sizes=[])" == book.printed("print(config, Config())")
    book.cell("@dataclass\nclass Config:\n    lr: float = 0.125")
    assert "Config(lr=0.125)" == book.printed("print(Config())")


def test_an_enum_and_its_members(book: Book) -> None:
    book.cell("from enum import Enum, auto\nclass Mode(Enum):\n    FAST = auto()\n    SLOW = 'slow'\nmode = Mode.SLOW")
    assert "Mode.SLOW slow True" == book.printed("print(mode, mode.value, mode is Mode.SLOW)")


def test_a_closure_over_a_constant(book: Book) -> None:
    book.cell(
        "def adder(n):\n    def add(x, more=n):\n        return x + n + more\n    return add\nadd_five = adder(5)"
    )
    assert "17" == book.printed("print(add_five(7))")


def test_lambdas_wherever_they_were_written(book: Book) -> None:
    book.cell(
        "square = lambda x: x ** 2\nboth = [lambda x: x + 1, lambda x: x - 1]\n"
        "make = lambda n: lambda x: n * x\nfour = make(4)"
    )
    assert "9 [11, 9] 40" == book.printed("print(square(3), [one(10) for one in both], four(10))")


def test_recursion_alone_and_in_turn(book: Book) -> None:
    book.cell("def fact(n):\n    return 1 if n < 2 else n * fact(n - 1)")
    book.cell("def even(n):\n    return n == 0 or odd(n - 1)\ndef odd(n):\n    return n != 0 and even(n - 1)")
    assert "120 True False" == book.printed("print(fact(5), even(4), odd(4))")


def test_names_of_a_star_import_and_imports_by_other_names(book: Book) -> None:
    book.cell(
        "from math import *\nimport os.path as p, xml.etree.ElementTree\nfrom collections import OrderedDict as OD"
    )
    book.cell("import concurrent.futures\ndef root(x):\n    return sqrt(x) + floor(pi)")
    assert "5.0 b OrderedDict x True" == book.printed(
        "print(root(4), p.basename('a/b'), OD().__class__.__name__, xml.etree.ElementTree.Element('x').tag,\n"
        "      concurrent.futures.ThreadPoolExecutor is not None)"
    )


def test_names_that_a_loop_a_with_or_unpacking_has_bound(book: Book) -> None:
    book.cell(
        "import io\nfor step in range(5):\n    last = step * 2\n"
        "with io.StringIO('x') as file:\n    text = file.read()\na, (b, *c) = 1, (2, 3, 4)"
    )
    assert "4 8 x 1 2 [3, 4]" == book.printed("print(step, last, text, a, b, c)")


def test_a_body_that_awaits_what_the_notebook_defines(book: Book) -> None:
    book.cell("import asyncio\nasync def later(x):\n    await asyncio.sleep(0)\n    return x + 1")
    assert "[2, 3]" == book.printed("print(await asyncio.gather(later(1), later(2)))")


def test_children_that_multiprocessing_spawns_find_the_functions(book: Book) -> None:
    book.cell("offset = 100\ndef shifted(x):\n    return x + offset")
    assert "[100, 101, 102]" == book.printed(
        "import multiprocessing\n"
        "with multiprocessing.get_context('spawn').Pool(2) as pool:\n"
        "    print(pool.map(shifted, range(3)))\n"
    )


def test_the_guard_of_a_script_holds(book: Book) -> None:
    book.cell("def told():\n    return 'told'")
    assert "told" == book.printed("if __name__ == '__main__':\n    print(told())")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("x = 1\n!pip install more\n", "Install in a cell of its own before (%pip install ...)"),
        ("%time x = 1\nprint(1)\n", "Leave it out, or run it in a cell of its own before."),
    ],
)
def test_lines_for_the_notebook_are_refused_with_a_hint(book: Book, body: str, words: str) -> None:
    assert words in book.refused(body)


def test_a_function_with_a_line_for_the_notebook_is_refused(book: Book) -> None:
    book.cell("def listing():\n    files = !ls\n    return files")
    said = book.refused("print(listing())")
    assert "`get_ipython` is there in notebooks only: a job runs no lines with % or ! (`listing` uses it)." in said


def test_a_definition_whose_source_is_gone_is_refused_by_name(book: Book) -> None:
    book.cell("exec('def made(x): return x')\nexec('class Made: pass')")
    said = book.refused("print(made(1), Made())")
    assert "`Made` is a class whose source is gone; `made` is a function whose source is gone." in said


def test_values_of_the_kernel_are_refused_together_with_the_line_to_copy(book: Book) -> None:
    book.cell(
        "import numpy as np, pandas as pd, threading\n"
        "X_train = pd.DataFrame(np.zeros((1797, 65)))\ny = np.arange(1797.0)\nlock = threading.Lock()\n"
        "def fit():\n    return lock, y.sum()"
    )
    said = book.refused("print(X_train.shape, fit())", "lr=0.5")
    assert (
        "`X_train` lives only in this kernel (DataFrame, 1797 x 65, 0.9 MB); "
        "`lock` lives only in this kernel (lock) (`fit` uses it); "
        "`y` lives only in this kernel (ndarray, 1797, 14.4 kB) (`fit` uses it)." in said
    )
    assert f"Send them along:  %%train {book.name} --wait -q lr=0.5 --take X_train,y" in said
    assert "Make `lock` inside the cell." in said


def test_data_go_along_by_name(book: Book) -> None:
    book.cell(
        "import numpy as np, pandas as pd\n"
        "frame = pd.DataFrame({'a': ['1', '2'], 'b': ['x', 'y']}, index=[10, 20])\n"
        "series = pd.Series([1.5, 2.5], name='s')\n"
        "array = np.arange(12).reshape(3, 4)\nempty = np.zeros((0, 3))\n"
        "words = {'a': [1, None, 'ü'], 'b': {'c': 0.5}}\n"
        "def total():\n    return int(array.sum())"
    )
    assert (
        "[('a', '2'), ('b', 'y')] [10, 20] s 4.0 66 (3, 4) False ndarray (0, 3) {'a': [1, None, 'ü'], 'b': {'c': 0.5}}"
        == book.printed(
            "print(list(frame.loc[20].items()), list(frame.index), series.name, series.sum(), total(), array.shape,\n"
            "      array.flags.writeable, type(array).__name__, empty.shape, words)",
            "--take frame,series --take array,empty,words",
        )
    )
    job = book.client.find(book.name)
    found = {one["name"]: (one["kind"], one["words"]) for one in job["data"]}
    assert {
        "frame": ("parquet", "frame 2 x 2"),
        "series": ("parquet", "series 2 float64"),
        "array": ("npy", "array 3 x 4 int64"),
        "empty": ("npy", "array 0 x 3 float64"),
        "words": ("json", "dict of 2"),
    } == found


@pytest.mark.skipif(
    not all(importlib.util.find_spec(one) for one in ("torch", "safetensors")),
    reason="torch and safetensors are not installed here",
)
def test_tensors_go_along_by_name(book: Book) -> None:
    book.cell("import torch\nimages = torch.ones(3, 4)\nstate = {'w': torch.zeros(2), 'b': torch.ones(1)}")
    assert "12.0 ['b', 'w']" == book.printed("print(images.sum().item(), sorted(state))", "--take images,state")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("objects", "--take objects: an array of dtype object holds Python objects, and nothing is ever pickled."),
        ("pairs", "--take pairs: this dict holds what JSON can't give back (dict, 1 items)."),
        ("objets", "--take objets: there is no variable 'objets' in this kernel."),
    ],
)
def test_what_no_format_holds_is_refused(book: Book, name: str, words: str) -> None:
    book.cell("import numpy as np\nobjects = np.array([object()])\npairs = {1: 2}")
    assert words in book.refused("print(1)", f"--take {name}")


def test_a_local_package_with_relative_imports(book: Book) -> None:
    package = book.folder / "shapes"
    package.mkdir()
    (package / "__init__.py").write_text("from .round import area\n")
    (package / "round.py").write_text("from . import numbers\ndef area(r):\n    return numbers.PI * r\n")
    (package / "numbers.py").write_text("PI = 3\n")
    book.cell("from shapes import area\nimport shapes.round as circles")
    got = book.printed("print(area(2), circles.area(3), circles.__file__.split('/')[-4:-1])")
    shutil.rmtree(package)
    assert got.startswith("6 9 ")
    assert "code" in got


def test_a_traceback_points_at_the_cells_and_lines_where_the_code_was_written(book: Book) -> None:
    number = book.cell(
        "\n\n# a comment\ndef outer(x):\n    return inner(x)\n\n\ndef inner(x):\n    raise ValueError(f'no {x}')"
    )
    other = book.cell("def adder(n):\n    def add(x):\n        return outer(x + n)\n    return add\nadd = adder(1)")
    got = book.train("print('begins')\n\nadd(1)")
    shown = "\n".join(got.error or [])
    assert "ValueError: no 2" in shown
    for cell, line, name, text in (
        (None, 4, "<module>", "add(1)"),
        (other, 3, "add", "return outer(x + n)"),
        (number, 5, "outer", "return inner(x)"),
        (number, 9, "inner", "raise ValueError(f'no {x}')"),
    ):
        file = f"cell [{cell}] of {BOOK}" if cell is not None else f" of {BOOK}"
        assert f'{file}", line {line}, in {name}\n    {text}' in shown, shown


def test_the_source_of_what_came_along_can_be_read_in_the_job(book: Book) -> None:
    text = "def with_source(x):\n    # a comment\n    return x"
    book.cell(f"\n{text}")
    assert text == book.printed("import inspect\nprint(inspect.getsource(with_source), end='')")


def test_the_same_notebook_gives_the_same_bytes(book: Book) -> None:
    definition = "def steady(x, kinds=frozenset('abcdefgh')):\n    return x"
    book.cell(f"kinds = set('abcdefgh')\n{definition}")
    assert "1 8" == book.printed("print(steady(1), len(kinds))")
    first = book.client.find(book.name)["spec"]
    book.cell(f"kinds = set('hgfedcba')\n{definition}")
    book.printed("print(steady(1), len(kinds))")
    second = book.client.find(book.name)["spec"]
    assert first is not None
    assert second is not None
    assert first["files"] == second["files"]
    assert first["entry"]["cells"] != second["entry"]["cells"]


def test_a_submitted_function_comes_with_what_it_uses(book: Book) -> None:
    book.cell("from jupyter_training import Client\nbase = 10\ndef deeper(x):\n    return x + base")
    number = book.cell("def submitted(x):\n    print(deeper(x))\n    raise KeyError('at the end')")
    got = book.kernel.run("handle = Client().submit(submitted, x=5)\nhandle.wait()\nprint(handle.logs())")
    assert "15" in got.shown
    assert f'File "cell [{number}] of {BOOK}", line 3, in submitted' in got.shown


def test_run_all_twice_makes_one_job_and_a_changed_definition_a_second(book: Book) -> None:
    def run_all(definition: str) -> Outputs:
        book.cell("import time")
        book.cell(definition)
        return book.kernel.run("%%train run-all -o run_all\nwhile True:\n    time.sleep(pause())")

    first = "def pause():\n    return 0.05"
    got = run_all(first)
    assert got.error is None, got.shown
    one = book.kernel.value("run_all.id")
    run_all(first)
    assert one == book.kernel.value("run_all.id")
    got = run_all("def pause():\n    return 0.1")
    assert one != book.kernel.value("run_all.id")
    assert "still runs with the code before; this is a new job." in got.shown
    book.kernel.run("%train kill run-all")
    book.kernel.run(f"%train kill {one}")
