"""A search played on the table: a clock that jumps, trials that report as the table says, and who decides.

Reports come in one order for all who play: by time, then by the trial's number.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from jupyter_training.core.experiment import Event, ExperimentSpec
from jupyter_training.core.stop_rule import rule
from jupyter_training.seams.searcher import Searcher
from jupyter_training.tuning.engine import Search
from tests.tuning.quality.make_table import AXES, TABLE

__all__ = ["Decides", "Line", "Ours", "Table", "play"]


@dataclass(frozen=True)
class Line:
    """One report: when, of which trial, what it was, and whether the trial goes on."""

    time: float
    trial: int
    config: str
    epoch: int
    accuracy: float
    goes_on: bool


class Table:
    """What each configuration reaches after each epoch, and how long one takes."""

    def __init__(self) -> None:
        read = json.loads(TABLE.read_text())
        self.axes: dict[str, list[float]] = read["axes"]
        self.rows: dict[str, dict[str, Any]] = {key(row["config"]): row for row in read["rows"]}

    def accuracies(self, config: Mapping[str, Any]) -> list[float]:
        return list(self.rows[key(config)]["accuracy"])

    def seconds(self, config: Mapping[str, Any]) -> float:
        return float(self.rows[key(config)]["seconds"])


def key(config: Mapping[str, Any]) -> str:
    return json.dumps({name: config[name] for name in AXES})


class Decides(Protocol):
    """A library alone, or our engine."""

    def ask(self, number: int) -> Mapping[str, Any] | None:
        """The next trial's configuration; None: none any more."""

    def tell(self, trial: int, epoch: int, accuracy: float) -> bool:
        """Whether the trial goes on."""

    def end(self, trial: int, *, stopped: bool) -> None:
        """It has ended: by itself, or as ``tell`` said."""


def play(decides: Decides, table: Table, *, workers: int, trials: int) -> list[Line]:
    """The trace of a search with so many trials, so many of them at once."""
    return list(_lines(decides, table, workers, trials))


def _lines(decides: Decides, table: Table, workers: int, trials: int) -> Iterator[Line]:
    running: list[tuple[float, int, int]] = []  # when the next report comes, the trial, its epoch
    configs: dict[int, Mapping[str, Any]] = {}
    now, asks = 0.0, True
    while True:
        while asks and len(running) < workers and len(configs) < trials:
            number = len(configs)
            config = decides.ask(number)
            if config is None:
                asks = False
                break
            configs[number] = config
            heapq.heappush(running, (now + table.seconds(config), number, 1))
        if not running:
            return
        now, trial, epoch = heapq.heappop(running)
        accuracies = table.accuracies(configs[trial])
        goes_on = decides.tell(trial, epoch, accuracies[epoch - 1])
        yield Line(round(now, 6), trial, key(configs[trial]), epoch, accuracies[epoch - 1], goes_on)
        if goes_on and epoch < len(accuracies):
            heapq.heappush(running, (now + table.seconds(configs[trial]), trial, epoch + 1))
        else:
            decides.end(trial, stopped=not goes_on)


@dataclass
class Ours:
    """Our engine with one of its searchers. ``record`` is what the store would hold of it."""

    spec: ExperimentSpec
    searcher: Searcher
    record: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.search = Search(self.spec, self.searcher)

    def ask(self, number: int) -> Mapping[str, Any] | None:
        ruling = rule(self.spec.stop, self.search.tally, workers=self.spec.workers, seconds=0.0)
        event = self.search.ask() if ruling.may_start != 0 else None
        if event is None:
            return None
        self._keep(event)
        assert event.trial in (number, None)
        return event.body.get("config")

    def tell(self, trial: int, epoch: int, accuracy: float) -> bool:
        event = self.search.report(trial, epoch, epoch, [accuracy], 0.0)
        verdict = self.search.hear(event)
        self.search.trials[trial].waits = None  # it is carried out at once
        self._keep(replace(event, verdict=verdict))
        return verdict == "continue"

    def end(self, trial: int, *, stopped: bool) -> None:
        event = self.search.end(trial, "stopped" if stopped else "completed")
        self.search.hear(event)
        self._keep(event)

    def _keep(self, event: Event) -> None:
        self.record.append(replace(event, body=json.loads(json.dumps(event.body))))
