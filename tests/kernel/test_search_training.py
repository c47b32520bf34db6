"""Searches in a real kernel, with a server, a dispatcher, a driver and trials of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jupyter_training.kernel.search_card import LIVE
from tests.kernel.living import Kernel, emptied, variables

pytestmark = [pytest.mark.processes, pytest.mark.slow]  # a driver loads its searcher, and trials start one by one

STEPS = """
from jupyter_training import report
x = 0.0
for step in range(3):
    report(step=step, loss=(x - 1) ** 2 + 1 / (step + 1))
"""
RETURNS = """
from jupyter_training import Client, choice
def train(x, n=1):
    return {}
found = Client().submit(train, x=choice([1, 2]), metric="loss,size", mode="min,min", searcher="grid", name="{}")
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("searching")
    with emptied(folder / "home") as home:
        environment = variables(home, JUPYTER_TRAINING_URL="home", JPY_SESSION_NAME=str(folder / "my book.ipynb"))
        with Kernel(environment, folder=folder) as kernel:
            kernel.run("%load_ext jupyter_training")
            yield kernel


def test_a_search_is_waited_for_extended_and_its_best_becomes_a_cell(kernel: Kernel) -> None:
    options = "--metric loss --mode min --searcher random --max-trials 3 --workers 2 --seed 1"
    got = kernel.run(f"%%train sweep x=uniform(-2,2) {options} --wait -o h{STEPS}", within=110)
    assert got.error is None
    (card,) = got.displays
    assert "3 trials · 3 completed" in card["text/plain"]
    assert {"store", "experiment"} == set(card[LIVE])
    assert "<table" in card["text/html"]
    assert got.updates > 0
    assert "Best(config={'x':" in kernel.run("h.best()").shown
    assert "9\n" in kernel.run("print(len(h.results()))").text
    kernel.run("%train experiment extend sweep 1")
    assert "4 trials · 4 completed" in kernel.run("%train wait sweep", within=110).shown
    assert "lr" not in kernel.run("print(h.cell())").text
    assert "%%train" in kernel.run("print(h.cell())").text


def test_a_search_whose_trials_fail_is_raised_with_the_first_traceback(kernel: Kernel) -> None:
    options = "--metric loss --mode min --searcher grid --wait"
    got = kernel.run(f"%%train wrong x=1,2 {options}\nx = 0\nraise ValueError(f'no {{x}}')\n", within=110)
    assert "JobFailed" == got.error_name
    shown = "\n".join(got.error or [])
    assert "ValueError: no 2" in shown
    assert "line 3" in shown


def test_a_function_returns_its_objectives_and_a_wrong_count_is_named(kernel: Kernel) -> None:
    kernel.run(RETURNS.format("x * 1.0, 3 - x", "pair"))
    got = kernel.run("found.wait(); print(sorted(one['values']['loss'] for one in found.pareto()))", within=110)
    assert "[1.0, 2.0]" in got.text
    kernel.run(RETURNS.format("x", "single"))
    got = kernel.run("print(found.wait().state, found.view['error'])", within=110)
    assert got.text.startswith("failed")
    assert "train returned 1 value, and its search judges 2 metrics: loss, size." in got.text
