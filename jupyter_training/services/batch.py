"""Moves as texts, one after the other.

item       JOB.OPERATION=VALUE, or JOB.top, JOB.bottom
JOB        an id, a unique prefix of one, a name, or `last`; it may have dots: the last one divides
OPERATION  priority weight resource-pool ahead-of behind-of position; with _ for - as well
VALUE      may stand in single or double quotes, and may have dots and equals signs
"""

from __future__ import annotations

from typing import NamedTuple

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job
from jupyter_training.errors import IllegalMove, InvalidSpec, InvalidUsage, TrainingError, near_miss
from jupyter_training.schema import BatchRequest, BatchResult, BatchView, amounts
from jupyter_training.services import moves, references
from jupyter_training.services.site import Site
from jupyter_training.store.queue_moves import Ahead, At, Behind, Bottom, Move, SetPool, SetPriority, SetWeight, Top

__all__ = ["batch"]

_OPERATIONS = ("priority", "weight", "resource-pool", "ahead-of", "behind-of", "top", "bottom", "position")
_WITHOUT_VALUE = ("top", "bottom")
_HINT = "Write JOB.OPERATION=VALUE, e.g. digits.priority=1, digits.ahead-of=mnist, digits.top."


class _Item(NamedTuple):
    job: str
    operation: str
    value: str


def batch(site: Site, user: str, request: BatchRequest) -> BatchResult:
    """Carry the items out in their order; a result per item. ``atomic``: all of them or none."""
    wished: list[tuple[JobId, Move]] = []
    faults: dict[int, TrainingError] = {}
    for place, text in enumerate(request.items):
        try:
            wished.append(_wish(site, user, request.notebook, _read(text)))
        except TrainingError as error:
            faults[place] = error
    outcomes: list[Job | TrainingError]
    if faults and request.atomic:
        first = min(faults) + 1
        others = IllegalMove(f"Not done: all or none was wished, and item {first} was refused.")
        outcomes = [faults.get(place, others) for place in range(len(request.items))]
    else:
        told = iter(moves.carry_out(site, wished, atomic=request.atomic))
        outcomes = [faults[place] if place in faults else next(told) for place in range(len(request.items))]
    return BatchResult(
        results=tuple(
            BatchView(item=item, ok=problem is None, job=view, problem=problem)
            for item, (view, problem) in zip(request.items, moves.views_after(site, outcomes), strict=True)
        )
    )


def _read(text: str) -> _Item:
    """The parts of an item.

    Raises:
        InvalidUsage: it has none, or its operation is none; with what there is.
    """
    left, equals, value = text.strip().partition("=")
    job, dot, word = left.strip().rpartition(".")
    operation = word.strip().replace("_", "-")
    job = job.strip()
    if not dot or not job:
        raise InvalidUsage(f"{text[:80]!r} names no job and operation.", hint=_HINT)
    if operation not in _OPERATIONS:
        close = near_miss(operation, _OPERATIONS)
        raise InvalidUsage(
            f"{text[:80]!r}: there is no operation {word[:40]!r}; there is: {', '.join(_OPERATIONS)}.",
            hint=f"Did you mean {close!r}?" if close else None,
        )
    value = _unquoted(value.strip())
    if operation in _WITHOUT_VALUE:
        if equals:
            raise InvalidUsage(f"{text[:80]!r}: {operation} takes no value.", hint=f"Write {job}.{operation}.")
    elif not value:
        raise InvalidUsage(f"{text[:80]!r} gives no value.", hint=f"Write {job}.{operation}=VALUE.")
    return _Item(job, operation, value)


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'" else text


def _wish(site: Site, user: str, notebook: str | None, item: _Item) -> tuple[JobId, Move]:
    """Which job is meant, and what is to become of it.

    Raises:
        InvalidSpec: a value that none may have.
        UnknownJob, AmbiguousJob: with the near miss or the candidates.
    """

    def named(text: str) -> JobId:
        return references.job_of(site, text, user=user, notebook=notebook).id

    job, value = named(item.job), item.value
    try:
        if item.operation == "priority":
            return job, SetPriority(amounts.priority(value))
        if item.operation == "weight":
            return job, SetWeight(amounts.weight(value))
        if item.operation == "position":
            return job, At(amounts.position(value))
    except ValueError as error:
        raise InvalidSpec(f"{item.operation}: {error}.") from None
    if item.operation == "resource-pool":
        return job, SetPool(value)
    if item.operation in _WITHOUT_VALUE:
        return job, Top() if item.operation == "top" else Bottom()
    anchor = named(value)
    return job, Ahead(anchor) if item.operation == "ahead-of" else Behind(anchor)
