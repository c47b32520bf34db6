"""What a function returns to a search: its objectives, by their places.

A trial's environment names what its search judges. A function may report it,
return it by name, or return just the numbers: one, or as many as there are
objectives. A wrong number of them is the trial's failure, since nobody can tell
which value is which.
"""

from __future__ import annotations

import json
import os

from jupyter_training.runtime.report import has_reported, report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["VARIABLE", "named", "take", "values_of"]

VARIABLE = "JUPYTER_TRAINING_OBJECTIVE"  # a JSON list of the metrics


def take(function: str, answer: Any) -> None:
    """Report what a function returned to its search; what it has reported itself is not said twice.

    Raises:
        ValueError: see ``values_of``.
    """
    values = values_of(function, answer, named())
    if not all(map(has_reported, values)):
        report(values)


def named() -> list[str]:
    """The metrics that this process's search judges; none outside a search."""
    try:
        found = json.loads(os.environ.get(VARIABLE, "[]"))
    except ValueError:
        return []
    return found if isinstance(found, list) and all(isinstance(one, str) for one in found) else []


def values_of(function: str, answer: Any, metrics: list[str]) -> dict[str, Any]:
    """The objectives that a function returned; none where it returned something else, a model for instance.

    Raises:
        ValueError: more or fewer numbers than there are objectives, or something among them that is none.
    """
    if isinstance(answer, (tuple, list)):
        if not answer or not any(_is_number(one) for one in answer):
            return {}
        values = list(answer)
    elif _is_number(answer):
        values = [answer]
    else:
        return {}
    if metrics and len(values) != len(metrics):
        raise ValueError(
            f"{function} returned {_count(len(values), 'value')}, and its search judges"
            f" {_count(len(metrics), 'metric')}: {', '.join(metrics)}. Return as many numbers, in this order"
        )
    for name, value in zip(metrics, values):  # noqa: B905 (Python 3.9)
        if not _is_number(value):
            raise ValueError(
                f"{function} returned a {type(value).__name__} for {name}, which is no number. "
                f"Return {_count(len(metrics), 'number')}, for {', '.join(metrics)}"
            )
    return dict(zip(metrics, values))  # noqa: B905 (Python 3.9)


def _is_number(value: Any) -> bool:
    """A number of Python, or a scalar of numpy, torch and the like."""
    if isinstance(value, (int, float)):
        return not isinstance(value, bool)
    return getattr(value, "ndim", None) == 0 and callable(getattr(value, "item", None))


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
