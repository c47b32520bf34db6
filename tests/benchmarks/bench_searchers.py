"""What a proposal costs, searcher by searcher, beside that of random: with fifty trials to learn from, nine axes.

No budget: a model takes what its library takes. It is shown to choose by.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from jupyter_training.core.experiment import Objective
from jupyter_training.core.space import SearchSpace
from jupyter_training.seams.searcher import Setup
from jupyter_training.searchers import catalogue
from jupyter_training.searchers.entries import ENTRIES, Entry
from jupyter_training.testing.searcher_contract import MIXED, Play, SearcherContract
from tests.benchmarks.row import Row, middle, row, seconds

__all__ = ["measure"]

_TRIALS = 50
_ASKS = 5

# Begun earlier than usual, so that what is measured is the algorithm and not its random beginning.
_OPTIONS: Mapping[str, dict[str, JsonValue]] = {
    "rea": {"population": 20},
    "mo_rea": {"population": 20},
    "nsga2": {"population": 20},
    "nsga3": {"population": 20},
    "st_tpe": {"random_share": 0.0},
    "bohb": {"random_share": 0.0},
}


def measure() -> list[Row]:
    figures = {entry.name: _milliseconds(entry.name, entry.metrics) for entry in ENTRIES if _fits(entry)}
    base = figures["random"]
    return [
        row(f"a proposal of {name}", figure, "ms", baseline=base, baseline_what="random")
        for name, figure in sorted(figures.items(), key=lambda item: item[1])
    ]


def _fits(entry: Entry) -> bool:
    """Grid has no continuous axes; what needs a package is not measured without it."""
    return entry.name != "grid" and catalogue.status(entry) == "installed"


def _milliseconds(name: str, metrics: str) -> float:
    kit = SearcherContract()
    if metrics == "several":
        kit.objective = Objective(metrics=("loss", "accuracy"), modes=("min", "max"))
    setup = Setup(SearchSpace.read(dict(MIXED)), kit.objective, workers=4, max_resource=9, max_trials=_TRIALS + _ASKS)
    played = Play(catalogue.make(name, setup, _OPTIONS.get(name)), kit.score, workers=4).until(_TRIALS)
    taken = []
    for _ in range(_ASKS):
        taken.append(seconds(played.ask))
        for trial in list(played.running):  # so that a model has something new to learn before the next one
            while trial in played.running:
                played.report(trial)
    return middle(taken) * 1000
