"""What can't come along with a cell is refused, by name and with what to do."""

from __future__ import annotations

import linecache

import pytest

from tests.kernel.capturing import printed, refused
from tests.kernel.shells import Cells


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("x = open('/dev/null')", "`x` lives only in this kernel (TextIOWrapper)."),
        ("x = (n for n in ())", "`x` lives only in this kernel (generator)."),
        ("x = [1] * 100_000", "`x` lives only in this kernel (list, 100000 items). Send it along:  %%train"),
        ("x = [object()]", "`x` lives only in this kernel (list, 1 items, holding object)."),
        ("import types\nx = types.ModuleType('by_hand')", "`x` is a module that no import gives."),
        ("x = []\nx.append(x)", "`x` lives only in this kernel (list, 1 items)."),
        ("import threading\nx = threading.Lock().acquire", "(builtin_function_or_method)."),
        ("def f():\n    class A: ...\n    return A\nx = f()", "`x` is a class that was made inside of a function;"),
        ("import threading\ndef f(n):\n    def g(): return n\n    return g\nx = f(threading.Lock())",
         "`x` closes over `n`, which lives only in this kernel (lock)."),
    ],
)  # fmt: skip
def test_what_can_not_travel_is_refused_by_name(cells: Cells, statement: str, said: str) -> None:
    assert "" == cells.run(statement)
    assert said in refused(cells, "print(x)")


def test_a_secret_stays_in_the_kernel(cells: Cells) -> None:
    cells.run("hf_token = 'hf_0123456789abcdef'\ndef fetch(): return hf_token\nwatched = 'val_loss'")
    said = refused(cells, "print(fetch(), watched)")
    assert "`hf_token` looks like a secret, and a job's code is kept and shown (`fetch` uses it)." in said
    assert "hand that over by --pass-env HF_TOKEN, and read os.environ['HF_TOKEN'] in the job." in said
    assert "hf_0123456789abcdef" not in said


def test_a_secret_that_a_function_closes_over_stays_too(cells: Cells) -> None:
    cells.run("def make(password):\n    def fetch(): return password\n    return fetch\nfetch = make('open sesame')")
    assert "`fetch` closes over `password`, which looks like a secret" in refused(cells, "fetch()")


def test_a_class_on_an_earlier_base_class_is_refused(cells: Cells) -> None:
    cells.run("class Base:\n    def f(self): ...")
    cells.run("class Own(Base):\n    def g(self): ...")
    cells.run("class Base:\n    def h(self): ...")
    assert "`Own` was defined with an earlier `Base`; run its cell again." in refused(cells, "Own()")


def test_a_text_that_is_not_that_of_the_code_any_more_is_not_taken(
    cells: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a debugger, which gives all cells one file name."""
    monkeypatch.setattr(cells.shell.compile, "get_code_name", lambda *_: "<one name for all>")
    cells.run("def f():\n    return 1")
    cells.run("def g():\n    return 2")
    assert "`f` is a function whose source is gone; `g` is a function whose source is gone." in refused(
        cells, "f(), g()"
    )


def test_a_cell_that_was_cleared_from_the_cache_of_lines_is_found_in_the_history(cells: Cells) -> None:
    cells.run("\ndef f():\n    return 4")
    linecache.clearcache()
    assert "4" == printed(cells, "print(f())")


def test_the_line_to_copy_keeps_what_was_typed(cells: Cells) -> None:
    cells.run("import numpy as np\na = np.zeros(3)\nb = [0] * 99999\nc = {'k': np.zeros(2)}")
    said = refused(cells, "a, b, c", "lr=0.5  --take d")
    assert "--take d: there is no variable 'd'" in said
    cells.run("d = 1")
    refused(cells, "a, b, c", "lr=0.5  --take d")
    lines = cells.result.error_in_exec._render_traceback_()
    assert "Send them along:  %%train one --dry-run lr=0.5 --take d,a,b" in lines, "ready to copy"
    assert "Make `c` inside the cell." in lines
