"""What is asked in each way, and the scripts that the tests of the contract submit."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from jupyter_training.client.client import Client
from jupyter_training.errors import TrainingError
from tests.client.places import WAYS

__all__ = ["BAD", "GOOD", "LONG", "answers", "fresh"]

_number = itertools.count()

GOOD = """
import json, os, sys
from jupyter_training import report, output
print("begin", *sys.argv[1:])
for step in range(3):
    report(step=step, loss=1 / (step + 1))
with open(output("result.json"), "w") as out:
    json.dump({"folder": os.getcwd()}, out)
print("done é")
"""
BAD = "def inner():\n    raise ValueError('no such luck')\n\n\nprint('before')\ninner()\n"
LONG = "import time\nprint('begun', flush=True)\ntime.sleep(600)\n"


def fresh(prefix: str = "name") -> str:
    return f"{prefix}-{next(_number)}"


def answers(clients: dict[str, Client], ask: Callable[[Client], Any]) -> list[Any]:
    """What each way gives; an error as its kind and words."""
    found = []
    for name in WAYS:
        try:
            found.append(ask(clients[name]))
        except TrainingError as error:
            found.append((type(error), error.detail, error.hint, error.errors))
    return found
