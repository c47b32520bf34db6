"""Searches, as methods of the client: look at them and their trials, and wish something of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jupyter_training.client import experiment_waiting
from jupyter_training.client.experiment_handle import ExperimentHandle
from jupyter_training.client.values import described
from jupyter_training.client.verbs import lacking_values, part
from jupyter_training.errors import NotFound, UnknownExperiment, UnknownJob, from_problem

if TYPE_CHECKING:
    from jupyter_training.client.connection import Connection

__all__ = ["Experiments"]

_PAGE = 500
_LISTED = "Searches are listed by `%train experiment list` and `jupyter training experiment list`."
_RESULTS_WITHIN = 120.0  # seconds: a table of 10,000 trials with all their reports


class Experiments:
    """A part of ``Client``. A search is named by its id, which is that of the job that drives it."""

    _connection: Connection

    def create_experiment(self, request: Mapping[str, object]) -> dict[str, Any]:
        """Send a wish that has to be a search, in the wire's shape (``SubmitRequest``); gives ``SubmitResult``.

        ``submit_request`` does the same where the wish has something to search, else it makes a plain job.
        """
        return self._connection.record("POST", "experiments", body=dict(request))

    def experiments(
        self,
        *,
        state: str | Sequence[str] | None = None,
        name: str | None = None,
        user: str | None = None,
        notebook: str | None = None,
        archived: bool | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> dict[str, Any]:
        """One page of searches, newest first (``ExperimentPage``); ``after`` is the ``next`` of the page before.

        ``archived``: those that were put away, instead.
        """
        states = [state] if isinstance(state, str) else list(state or ())
        query: dict[str, object] = {"state": states, "name": name, "user": user, "notebook": notebook}
        query["archived"] = archived
        return self._connection.record("GET", "experiments", query={**query, "after": after, "limit": limit})

    def experiment(self, experiment: str) -> dict[str, Any]:
        """One search with its spec (``ExperimentView``)."""
        return self._search(experiment)

    def search(self, text: str, *, notebook: str | None = None) -> ExperimentHandle:
        """The search that an id, a unique prefix, a name or ``last`` means, as an ``ExperimentHandle``.

        ``last`` is the newest one. A trial means its search.

        Raises:
            UnknownExperiment: it is a job of its own, or nothing at all.
        """
        return ExperimentHandle(self, self.find_experiment(text, notebook=notebook))  # type: ignore[arg-type]

    def find_experiment(self, text: str, *, notebook: str | None = None) -> dict[str, Any]:
        """The same, as an ``ExperimentView``."""
        if text == "last":
            here = self.experiments(notebook=notebook, limit=1)["experiments"] if notebook is not None else []
            newest = here or self.experiments(limit=1)["experiments"]
            if not newest:
                raise UnknownExperiment(
                    "There is no search yet.",
                    hint="A parameter such as lr=loguniform(1e-4,1e-1) and a --metric make one.",
                )
            return self._search(newest[0]["id"])
        try:
            job = self._connection.record("GET", "jobs-find", query={"text": text, "notebook": notebook})
        except UnknownJob as error:
            close = error.hint if error.hint and error.hint.startswith("Did you mean") else _LISTED
            raise UnknownExperiment(f"There is no experiment {text!r}.", hint=close) from None
        if job["experiment"] is None:
            raise UnknownExperiment(
                f"{job['name']} {job['id'][:6]} is a job of its own, and no search.",
                hint=_LISTED,
            )
        return self._search(job["experiment"])

    def trials(
        self,
        experiment: str,
        *,
        sort: str | None = None,
        outcome: str | Sequence[str] | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> dict[str, Any]:
        """One page of a search's trials (``TrialPage``).

        ``sort``: "number", "value" (the best first), "state", or an axis; a "-" before it turns it round.
        """
        outcomes = [outcome] if isinstance(outcome, str) else list(outcome or ())
        query: dict[str, object] = {"sort": sort, "outcome": outcomes, "after": after, "limit": limit}
        return self._search(experiment, "/trials", query=query)

    def all_trials(
        self, experiment: str, *, sort: str | None = None, outcome: str | Sequence[str] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Every trial of a search, page by page (each a ``TrialView``)."""
        after: str | None = None
        while True:
            page = self.trials(experiment, sort=sort, outcome=outcome, after=after, limit=_PAGE)
            yield from page["trials"]
            after = page["next"]
            if after is None:
                return

    def trial_curves(
        self, experiment: str, metric: str | None = None, *, trials: int | None = None, points: int | None = None
    ) -> dict[str, Any]:
        """The learning curves of a search's best trials (``CurvesView``); of the first metric, where none is named."""
        return self._search(experiment, "/curves", query={"metric": metric, "trials": trials, "points": points})

    def results(self, experiment: str) -> dict[str, Any]:
        """What a search found as files of other programs (``ResultsView``).

        ``csv``: one row for each report that was judged, in the columns of Syne Tune's ``results.csv``; ``yaml``:
        the best configuration, as Hydra's sweepers write ``optimization_results.yaml``.
        """
        return self._search(experiment, "/results", timeout=_RESULTS_WITHIN)

    def act_on_experiments(
        self, verb: str, *experiments: str, trials: int | None = None, discard: bool = False
    ) -> list[dict[str, Any]]:
        """Wish something of several searches; one ``ExperimentItemResult`` each. A refusal is in its result.

        ``verb``: pause, activate, cancel, kill, extend, retry_failed, archive, unarchive, delete. ``trials``: by how
        many more to extend. ``discard``: trials without a checkpoint are stopped by a pause, too. Trials that are
        tried again get the values of their ``pass_env`` from this process's environment once more.
        """
        wish: dict[str, Any] = {"verb": verb, "experiments": list(experiments)}
        if trials is not None:
            wish["trials"] = trials
        if discard:
            wish["discard"] = True
        results = self._wished(wish)
        lacking = {name for result in results for name in lacking_values(result)}
        if not lacking or not lacking <= os.environ.keys():
            return results
        again = [result["id"] for result in results if lacking_values(result)]
        secrets = {name: os.environ[name] for name in lacking}
        told = {one["id"]: one for one in self._wished({**wish, "experiments": again, "secrets": secrets})}
        return [told.get(result["id"], result) for result in results]

    def extend(self, experiment: str, trials: int) -> dict[str, Any]:
        """Let a search start so many trials more, also once it has ended (``ExperimentView``)."""
        return self.wish(experiment, "extend", trials=trials)

    def retry_failed(self, experiment: str) -> dict[str, Any]:
        """Try those trials of a search again that failed; the others stay as they are (``ExperimentView``)."""
        return self.wish(experiment, "retry_failed")

    def wish(self, experiment: str, verb: str, *, trials: int | None = None, discard: bool = False) -> dict[str, Any]:
        """Wish something of one search; gives it as it is then (``ExperimentView``), or raises the refusal."""
        (result,) = self.act_on_experiments(verb, experiment, trials=trials, discard=discard)
        if not result["ok"]:
            raise from_problem(result["problem"])
        found: dict[str, Any] = result["experiment"]
        return found

    def wait_for_experiment(
        self,
        experiment: str,
        *,
        timeout: float | None = None,
        check: bool = False,
        on_change: Callable[[dict[str, Any]], object] | None = None,
    ) -> dict[str, Any]:
        """Wait until a search has ended; gives its last ``ExperimentView``.

        ``on_change`` is called with each new view. A pause does not end the waiting. An interrupt detaches: the
        search goes on, and the KeyboardInterrupt says so.

        Raises:
            TimeoutError: it had not ended after ``timeout`` seconds.
            JobFailed: with ``check``, when it did not succeed; with the first trial's traceback where all failed.
        """
        return experiment_waiting.wait(self, experiment, timeout=timeout, check=check, on_change=on_change)  # type: ignore[arg-type]

    def searchers(self) -> list[dict[str, Any]]:
        """Who can propose configurations (each a ``SearcherView``), also those that need something or are refused."""
        found: list[dict[str, Any]] = self._connection.record("GET", "searchers")["searchers"]
        return found

    def space(self, space: Mapping[str, object], *, samples: int = 5, seed: int = 0) -> dict[str, Any]:
        """A space as the server understands it: its axes in words, its size, some samples (``SpaceView``).

        Raises:
            InvalidSpec: with the axis, the column in its expression and the near miss.
        """
        body = {"space": described(space), "samples": samples, "seed": seed}
        return self._connection.record("POST", "spaces", body=body)

    def _wished(self, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._connection.record("POST", "experiments/verbs", body=dict(body))["results"]
        return found

    def _search(self, experiment: str, rest: str = "", **how: Any) -> dict[str, Any]:
        try:
            return self._connection.record("GET", f"experiments/{part(experiment)}{rest}", **how)
        except UnknownExperiment:
            raise
        except NotFound as error:
            raise UnknownExperiment(error.detail, hint=error.hint, errors=error.errors) from None
