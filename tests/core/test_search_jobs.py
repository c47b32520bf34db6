"""A trial's job gets its configuration as its code can take it."""

from __future__ import annotations

import pytest

from jupyter_training.core.job import Entry
from jupyter_training.core.search_jobs import params_of

CONFIG = {"lr": 0.1, "sgd.momentum": 0.9, "sgd.nesterov": True, "layers": [64, 32]}


def test_a_script_takes_dotted_names() -> None:
    assert CONFIG == params_of(Entry(kind="script", path="train.py"), CONFIG)


@pytest.mark.parametrize("kind", ["function", "cell"])
def test_a_function_and_a_cell_take_groups(kind: str) -> None:
    entry = Entry(kind=kind, path="train.py", function="train")  # type: ignore[arg-type]
    params = params_of(entry, CONFIG)
    assert {"lr": 0.1, "sgd": {"momentum": 0.9, "nesterov": True}, "layers": [64, 32]} == params
