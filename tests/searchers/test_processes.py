"""A driver that is started again answers like the one before: nothing hangs on the process."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from jupyter_training.core.experiment import Objective
from jupyter_training.core.space import SearchSpace
from jupyter_training.seams.searcher import Setup
from jupyter_training.searchers import catalogue
from jupyter_training.testing.searcher_contract import MIXED, Play, SearcherContract

_GRID = {"optimizer": "choice(adam, sgd)", "layers": "randint(1, 4)", "width": "ordinal(1, 2, 4, 8)"}


def traces() -> dict[str, object]:
    """A short search by each searcher that runs here."""
    found: dict[str, object] = {}
    for entry in catalogue.rows():
        if catalogue.status(entry) != "installed":
            continue
        kit = SearcherContract()
        if entry.metrics == "several":
            kit.objective = Objective(metrics=("loss", "accuracy"), modes=("min", "max"))
        space = SearchSpace.read(_GRID if entry.name == "grid" else dict(MIXED))
        setup = Setup(space, kit.objective, seed=3, workers=3, max_resource=9, max_trials=9)
        played = Play(catalogue.make(entry.name, setup), kit.score).until(9)
        found[entry.name] = [step for step in played.trace if step[0] in ("ask", "resume", "end")]
    return found


@pytest.mark.slow
@pytest.mark.processes
def test_another_process_gives_the_same_search() -> None:
    """With other hashes of texts, and whatever the number of threads."""
    told = []
    for hashes, threads in (("1", "1"), ("2", "2")):
        done = subprocess.run(
            [sys.executable, "-m", __name__],
            env={**os.environ, "PYTHONHASHSEED": hashes, "OMP_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        )
        told.append(json.loads(done.stdout))
    assert len(told[0]) >= 25
    for name, trace in told[0].items():
        assert trace == told[1][name], name


if __name__ == "__main__":
    print(json.dumps(traces()))
