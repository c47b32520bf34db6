"""What may be asked of a backend, and what a wish comes to there: its static side, which the server asks.

``Backend`` launches and observes, in the dispatcher; this says beforehand where
a job belongs, what is wrong with it, what it will cost and whether the account
is ready. Both have the same name in the registry: "backends" and "wishes".

A call may speak to the service, and may take seconds: never in a transaction,
never in an event loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import BaseModel, JsonValue

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import JobSpec
from jupyter_training.core.resources import Pool

__all__ = ["Finding", "Price", "Rehearsal", "Traces", "Upload", "Wishes", "money"]


def money(value: float, currency: str) -> str:
    """An amount as people write it; what is there, and less than the smallest coin, is never nothing."""
    return f"less than 0.01 {currency}" if 0 < value < 0.01 else f"{value:,.2f} {currency}"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at before a job needs it. ``fix`` says what to do; None where nothing is wrong."""

    name: str
    status: Literal["ok", "warn", "fail"]
    sentence: str
    fix: str | None = None


@dataclass(frozen=True)
class Upload:
    """What goes to the service before a job starts. ``once``: it is sent again only when its content is another."""

    what: str  # "code", "values", "inputs.train"
    url: str
    size: int  # bytes
    files: int = 1
    once: bool = True


@dataclass(frozen=True)
class Price:
    """Of one slot for an hour. ``source`` says who says so, and when: "AWS Price List, 2026-08-01"."""

    amount: float
    currency: str
    source: str


@dataclass(frozen=True)
class Rehearsal:
    """What a submit would send, with nothing sent. ``cost``: a sentence, also where no price is known."""

    request: Mapping[str, JsonValue]
    uploads: Sequence[Upload]
    cost: str
    price: Price | None = None


@dataclass(frozen=True)
class Traces:
    """An attempt as its service knows it. ``name``: what it is called there; ``model``: where its result lies then."""

    machines: str  # "2 x ml.g5.xlarge, spot"
    name: str | None = None
    model: str | None = None


class Wishes(Protocol):
    """The static side of a backend. Cheap to make: ``Wishes(settings)``."""

    Options: type[BaseModel]  # what a job may say under ``options``; its JSON schema gives forms

    def pool(self, options: Mapping[str, JsonValue]) -> Pool | None:
        """The pool that a job with these options belongs to where it names none, as it is made when it is not there.

        None: the backend's pools are made by people, and the house's rule says which.

        Raises:
            InvalidSpec: an option that is wrong or unknown, with ``options.<key>`` as key.
        """

    def settled(self, spec: JobSpec, pool: Pool) -> JobSpec:
        """The spec with its options checked and resolved, so that a launch needs nothing else.

        Also for a spec that was settled before, as of a fork: it is settled anew, from what was written then.
        Settling twice at one time changes nothing.

        Raises:
            InvalidSpec: what this backend can't run, with the key that the person wrote and the limit; nothing was
                sent before.
        """

    def written(self, options: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """The options of a settled spec as a person would write them to have the same again."""

    def traces(self, spec: JobSpec, job: JobId | None, number: int) -> Traces | None:
        """Where an attempt of a settled spec is to be found, also before it is launched. Asks nobody.

        ``job`` None: there is none yet.

        None: there is nothing to find elsewhere.
        """

    def price(self, options: Mapping[str, JsonValue], *, ask: bool = False) -> Price | None:
        """What a slot costs; None: nobody knows. Quick, and asks nobody, unless it is to ``ask``."""

    def rehearsal(
        self,
        spec: JobSpec,
        *,
        seconds: float | None = None,
        jobs: int | None = 1,
        within: float | None = None,
        ask: bool = True,
    ) -> Rehearsal:
        """What a settled spec would send and cost. ``seconds``: how long one of the ``jobs`` is expected to run.

        ``jobs`` None: a search of which nobody knows how many trials it will have; ``within``: the cost that ends it.
        Without ``ask`` nobody is asked what it costs, and no folder is looked through for what would be sent.
        """

    def examine(self, options: Mapping[str, JsonValue]) -> Iterator[Finding]:
        """Look whether everything is there that a job with these options needs, one finding for each thing."""
