"""The error tree: what went wrong, where, and what to do about it.

    TrainingError
    +-- InvalidRequest        what was asked for is malformed
    |   +-- InvalidSpec       a job's wish breaks a rule (with positions)
    |   +-- InvalidUsage      an option, verb or argument does not exist
    |   +-- LaunchFailed      an attempt that can never start as it is
    +-- NotFound              nothing has that id or name
    |   +-- UnknownJob
    |   +-- UnknownExperiment
    |   +-- UnknownPool
    |   +-- UnknownPlugin     no backend, environment ... of that name
    +-- Refused               understood, but not in this state
    |   +-- IllegalVerb       the life cycle does not allow it now
    |   +-- NoCheckpoint      it needs a checkpoint, and there is none
    |   +-- AmbiguousJob      a prefix or name that fits several jobs
    |   +-- KeyReused         an idempotency key with another content
    |   +-- JobExists         an equal job is active, and a second one was not wished
    |   +-- TooLarge          over a limit, which is named
    +-- Forbidden             the authorizer says no
    +-- Unavailable           the store or a server can't serve now
    |   +-- StoreTooNew       written by a newer program
    |   +-- StoreElsewhere    an embedded store that another host uses
    |   +-- StoreReadOnly
    |   +-- StoreFull
    |   +-- StoreBusy
    |   +-- ServerUnreachable
    |   +-- WrongStore        a server answers, but with another store
    |   +-- DispatcherDown    it died three times in a minute
    +-- StaleEpoch            a dispatcher wrote after it lost its lease
    +-- JobFailed             raised by ``wait`` in scripts and CI
    +-- Internal              ours: a bug, never the person's fault

Every error carries a ``code`` (stable, for programs), an HTTP ``status``, a
sentence for a person and, where there is one, a ``hint`` that can be acted on.
On the wire it is a problem document (RFC 9457). This module is on the light
side: standard library only.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

__all__ = [
    "AmbiguousJob",
    "DispatcherDown",
    "Forbidden",
    "IllegalVerb",
    "Internal",
    "InvalidRequest",
    "InvalidSpec",
    "InvalidUsage",
    "JobExists",
    "JobFailed",
    "KeyReused",
    "LaunchFailed",
    "NoCheckpoint",
    "NotFound",
    "Problem",
    "Refused",
    "ServerUnreachable",
    "StaleEpoch",
    "StoreBusy",
    "StoreElsewhere",
    "StoreFull",
    "StoreReadOnly",
    "StoreTooNew",
    "TooLarge",
    "TrainingError",
    "Unavailable",
    "UnknownExperiment",
    "UnknownJob",
    "UnknownPlugin",
    "UnknownPool",
    "WrongStore",
    "near_miss",
]


@dataclass(frozen=True)
class Problem:
    """One fault at one place: a key path, and a position where text was read.

    ``line`` and ``column`` count from 1 in the text the person wrote.
    """

    detail: str
    key: str | None = None
    line: int | None = None
    column: int | None = None
    hint: str | None = None


class TrainingError(Exception):
    """The root of every error that this package raises on purpose."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500

    def __init__(self, detail: str, *, hint: str | None = None, errors: Iterable[Problem] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.errors = tuple(errors)

    def __str__(self) -> str:
        return f"{self.detail} {self.hint}" if self.hint else self.detail

    def to_problem(self) -> dict[str, Any]:
        """The problem document (RFC 9457), ready for JSON."""
        return {
            "type": f"about:blank#{self.code}",
            "title": type(self).__name__,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "hint": self.hint,
            "errors": [asdict(problem) for problem in self.errors],
        }


class InvalidRequest(TrainingError):
    code, status = "invalid_request", 400


class InvalidSpec(InvalidRequest):
    code, status = "invalid_spec", 422


class InvalidUsage(InvalidRequest):
    code, status = "invalid_usage", 400


class LaunchFailed(InvalidRequest):
    code, status = "launch_failed", 422


class NotFound(TrainingError):
    code, status = "not_found", 404


class UnknownJob(NotFound):
    code = "unknown_job"


class UnknownExperiment(NotFound):
    code = "unknown_experiment"


class UnknownPool(NotFound):
    # 422, not 404: the pool is named inside a request, the route itself exists.
    code, status = "unknown_pool", 422


class UnknownPlugin(NotFound):
    code, status = "unknown_plugin", 422


class Refused(TrainingError):
    code, status = "refused", 409


class IllegalVerb(Refused):
    code = "illegal_verb"


class IllegalMove(Refused):
    """A change of order, priority, weight or pool that the job's state or its pool's policy does not allow."""

    code = "illegal_move"


class PoolInUse(Refused):
    code = "pool_in_use"


class PoolExists(Refused):
    code = "pool_exists"


class NoCheckpoint(Refused):
    code = "no_checkpoint"


class AmbiguousJob(Refused):
    code = "ambiguous_job"


class KeyReused(Refused):
    code = "key_reused"


class JobExists(Refused):
    code = "job_exists"


class TooLarge(Refused):
    code, status = "too_large", 413


class Forbidden(TrainingError):
    code, status = "forbidden", 403


class Unavailable(TrainingError):
    code, status = "unavailable", 503


class StoreTooNew(Unavailable):
    code = "store_too_new"


class StoreElsewhere(Unavailable):
    code = "store_elsewhere"


class StoreReadOnly(Unavailable):
    code = "store_read_only"


class StoreFull(Unavailable):
    code, status = "store_full", 507


class StoreBusy(Unavailable):
    code = "store_busy"


class ServerUnreachable(Unavailable):
    code = "server_unreachable"


class WrongStore(Unavailable):
    code = "wrong_store"


class DispatcherDown(Unavailable):
    code = "dispatcher_down"


class StaleEpoch(TrainingError):
    code, status = "stale_epoch", 409


class JobFailed(TrainingError):
    """A waited-for job did not succeed. ``job`` is its JSON, ``log`` its last lines."""

    code, status = "job_failed", 409

    def __init__(self, detail: str, *, job: Mapping[str, Any], log: str = "", hint: str | None = None) -> None:
        super().__init__(detail, hint=hint)
        self.job = job
        self.log = log


class Internal(TrainingError):
    code, status = "internal", 500


def near_miss(word: str, known: Iterable[str]) -> str | None:
    """The known word that somebody most likely meant, or None."""
    known, word = list(known), word.lower()
    found = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    found = found or [one for one in known if sorted(one.lower()) == sorted(word)]  # `rl` for `lr`
    return found[0] if found else None


def by_code() -> dict[str, type[TrainingError]]:
    """Every class of the tree by its code, to rebuild errors from problem documents."""
    found: dict[str, type[TrainingError]] = {}
    waiting: list[type[TrainingError]] = [TrainingError]
    while waiting:
        kind = waiting.pop()
        found[kind.code] = kind
        waiting.extend(kind.__subclasses__())
    return found


def from_problem(problem: Mapping[str, Any]) -> TrainingError:
    """The error that a problem document stands for (unknown codes give TrainingError)."""
    kind = by_code().get(str(problem.get("code")), TrainingError)
    detail = str(problem.get("detail") or problem.get("title") or "The server reported an error without words.")
    hint = problem.get("hint")
    errors = [
        Problem(**{name: entry.get(name) for name in ("detail", "key", "line", "column", "hint")})
        for entry in problem.get("errors") or ()
    ]
    if kind is JobFailed:
        return JobFailed(detail, job={}, hint=hint)
    return kind(detail, hint=hint, errors=errors)
