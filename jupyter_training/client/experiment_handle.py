"""One search, for people: what ``submit`` gives where a parameter is to be searched."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Generator
from typing import Any, NamedTuple

from jupyter_training.client.experiment_waiting import TERMINAL
from jupyter_training.client.followed import Followed
from jupyter_training.client.handle import Handle
from jupyter_training.errors import NotFound

__all__ = ["Best", "ExperimentHandle"]

_AWAIT_SECONDS = 0.5  # between two looks of an await


class Best(NamedTuple):
    """The best trial by the first metric: its parameters, its best value, and its job."""

    config: dict[str, Any]
    value: float
    job: Handle


class ExperimentHandle(Followed):
    """A search. Its properties ask the server anew, also once it has ended: it may be extended or tried again."""

    def __await__(self) -> Generator[Any, None, ExperimentHandle]:
        return self._ended().__await__()

    @property
    def notes(self) -> list[str]:
        """What is worth knowing of how it goes, in sentences."""
        return list(self.view["notes"])

    def wait(self, timeout: float | None = None, *, check: bool = False) -> ExperimentHandle:
        """Wait until the search has ended; see ``Client.wait_for_experiment`` for what it raises."""
        self._view = self._client.wait_for_experiment(self.id, timeout=timeout, check=check)
        return self

    def cancel(self) -> ExperimentHandle:
        """Ask the search and its trials to end; what they have found stays."""
        return self._wished("cancel")

    def kill(self) -> ExperimentHandle:
        """End the search and its trials at once."""
        return self._wished("kill")

    def pause(self, *, discard: bool = False) -> ExperimentHandle:
        """Start no more trials, and let those that run stop after their next checkpoint, until it is activated.

        A trial that writes no checkpoints runs on to its end; ``discard``: it is stopped, too, and begins anew then.
        """
        return self._wished("pause", discard=discard)

    def activate(self) -> ExperimentHandle:
        """Let the paused search and its trials go on."""
        return self._wished("activate")

    def extend(self, trials: int) -> ExperimentHandle:
        """Let the search start so many trials more, also once it has ended."""
        return self._wished("extend", trials=trials)

    def retry_failed(self) -> ExperimentHandle:
        """Try those trials again that failed; the others stay as they are."""
        return self._wished("retry_failed")

    def archive(self) -> ExperimentHandle:
        """Put the search away: lists leave it out."""
        return self._wished("archive")

    def unarchive(self) -> ExperimentHandle:
        """Take the search out of the archive."""
        return self._wished("unarchive")

    def delete(self) -> None:
        """Remove the search for good, with its trials: checkpoints, outputs, logs."""
        self._wished("delete")

    def best(self) -> Best:
        """The best trial so far by the first metric: ``config, value, job = handle.best()``.

        Raises:
            NotFound: no trial has reported the metric yet.
        """
        view = self.view
        best = view["best"]
        if best is None:
            raise NotFound(
                f"{view['name']} has no best trial: none has reported {view['metrics'][0]}.",
                hint=None if view["state"] in TERMINAL else "Ask again once one has.",
            )
        return Best(dict(best["config"]), float(best["value"]), Handle(self._client, self._client.job(best["job"])))

    def pareto(self) -> list[dict[str, Any]]:
        """The trials that no other one beats in every metric (each a ``ParetoView``); of one metric the best alone."""
        view = self.view
        if len(view["metrics"]) > 1 or view["best"] is None:
            return [dict(one) for one in view["pareto"]]
        best = view["best"]
        values = {view["metrics"][0]: best["value"]}
        return [{"trial": best["trial"], "job": best["job"], "values": values, "config": dict(best["config"])}]

    def cell(self) -> str:
        """The text of a cell that trains with the parameters of the best trial.

        Raises:
            NotFound: no trial has reported the metric yet.
        """
        return self._client.cell(self.best().job.id)

    def trials(self, *, sort: str | None = None, outcome: str | None = None) -> list[dict[str, Any]]:
        """Every trial (each a ``TrialView``); see ``Client.trials`` for ``sort``."""
        return list(self._client.all_trials(self.id, sort=sort, outcome=outcome))

    def results(self) -> list[dict[str, Any]]:
        """One row for each report that was judged, in the columns of Syne Tune's ``results.csv``.

        Made for ``pandas.DataFrame(handle.results())``; numbers are numbers.
        """
        rows = csv.DictReader(io.StringIO(self._client.results(self.id)["csv"]))
        return [{name: _value(text) for name, text in row.items()} for row in rows]

    def curves(self, metric: str | None = None, *, trials: int = 20) -> dict[int, list[tuple[int, float | None]]]:
        """The learning curves of the best trials, by their numbers: (step, value)."""
        found = self._client.trial_curves(self.id, metric, trials=trials)["curves"]
        return {one["trial"]: [(step, value) for step, value in one["points"]] for one in found}

    def job(self, trial: int) -> Handle:
        """The job of one trial, by its number.

        Raises:
            NotFound: there is no such trial.
        """
        for one in self._client.all_trials(self.id):
            if one["number"] == trial:
                return Handle(self._client, self._client.job(one["job"]))
        raise NotFound(f"{self.name} has no trial {trial}.")

    def _asked(self) -> dict[str, Any]:
        return self._client.experiment(self.id)

    def _in_words(self, view: dict[str, Any]) -> str:
        total = "" if view["total"] is None else f" of {view['total']}"
        best = view["best"]
        found = "" if best is None else f", best {view['metrics'][0]} {best['value']:.4g}"
        return f"Experiment {view['name']} {view['id']}: {view['phase']}, {view['trials']}{total} trials{found}"

    def _wished(self, verb: str, *, trials: int | None = None, discard: bool = False) -> ExperimentHandle:
        self._view = self._client.wish(self.id, verb, trials=trials, discard=discard)
        return self

    async def _ended(self) -> ExperimentHandle:
        while True:
            view = await asyncio.to_thread(self._client.patiently, lambda: self._client.experiment(self.id))
            self._view = view
            if view["state"] in TERMINAL:
                return self
            await asyncio.sleep(_AWAIT_SECONDS)


def _value(text: str | None) -> Any:
    """A cell of the table: a number, a truth, nothing, else its text."""
    if not text:
        return None
    if text in ("True", "False"):
        return text == "True"
    try:
        found = json.loads(text)
    except ValueError:
        try:
            return float(text)  # nan and inf, as pandas writes them
        except ValueError:
            return text
    return found if isinstance(found, (int, float)) else text
