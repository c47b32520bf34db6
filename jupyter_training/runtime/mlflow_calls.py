"""Stand beside the person's own mlflow calls: note their metrics, keep their run apart from ours.

What is wrapped, and why:

* ``MlflowClient.log_metric`` and ``log_batch`` (everything ends there: the fluent
  calls, autologging): points are noted in the spool for the live chart, marked
  "mlflow" so that the mirror does not send them again. Where the code logs to a
  run that is not the job's, the first such run is taken for the job's curve and
  its points are ordinary ones, which the mirror does send.
* ``MlflowClient.log_param`` and ``log_batch``: a parameter of the job is already
  recorded; another value would make MLflow raise, and the code would fail only
  because it is a job. It is left out, in words.
* ``start_run`` and ``set_tracking_uri``: when the code turns to another server
  or experiment, the job's run must not follow it there (MLflow would raise).
* fluent ``log_metric`` and ``log_metrics``: MLflow makes "no step" a 0; the chart
  should count instead.

Standard library only. A failure of ours is said once and never raised.
"""

from __future__ import annotations

import functools
import math
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any, Optional

__all__ = ["wrap"]

Note = Callable[[float, Optional[int], Mapping[str, Optional[float]], str], bool]


def wrap(
    mlflow: ModuleType,
    *,
    run_id: str | None,
    experiment_id: str | None,
    tracking_uri: str,
    params: Mapping[str, object],
    note: Note,
    say: Callable[[str], None],
) -> None:
    """Wrap the calls of an imported mlflow.

    Args:
        run_id: the job's run if it was handed to mlflow, else None.
        note: takes time (seconds), step, values by name, source.
    """
    watch = _Watch(run_id, experiment_id, tracking_uri, params, note, say)
    fluent = getattr(getattr(mlflow, "tracking", None), "fluent", None)
    for owner in (mlflow, getattr(mlflow, "tracking", None), fluent):
        for name, wrapper in (
            ("log_metric", watch.stepless),
            ("log_metrics", watch.stepless),
            ("start_run", watch.start_run),
            ("set_tracking_uri", watch.set_tracking_uri),
        ):
            _replace(owner, name, wrapper)
    client = getattr(mlflow, "MlflowClient", None)
    _replace(client, "log_metric", watch.log_metric)
    _replace(client, "log_param", watch.log_param)
    _replace(client, "log_batch", watch.log_batch)


def _replace(owner: Any, name: str, wrapper: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    original = getattr(owner, name, None)
    if callable(original):
        setattr(owner, name, functools.wraps(original)(wrapper(original)))


class _Watch:
    """What the wrappers share. Each method takes an original and gives its stand-in."""

    def __init__(
        self,
        run_id: str | None,
        experiment_id: str | None,
        tracking_uri: str,
        params: Mapping[str, object],
        note: Note,
        say: Callable[[str], None],
    ) -> None:
        self._run_id = run_id
        self._experiment_id = experiment_id
        self._tracking_uri = tracking_uri
        self._params = {name: str(value) for name, value in params.items()}
        self._note = note
        self._say = say
        self._said: set[str] = set()
        self._stand_in: str | None = None  # the first foreign run, where the code does not use the job's
        self._thread = threading.local()

    # -- metrics -------------------------------------------------------------------------------------------------

    def stepless(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(first: Any, *rest: Any, **named: Any) -> Any:
            # log_metric(key, value, step), log_metrics(metrics, step)
            place = 0 if isinstance(first, Mapping) else 1
            step = named.get("step", rest[place] if len(rest) > place else None)
            self._thread.stepless = step is None
            try:
                return original(first, *rest, **named)
            finally:
                self._thread.stepless = False

        return call

    def log_metric(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(client: Any, run_id: str, key: str, value: Any, *rest: Any, **named: Any) -> Any:
            answer = original(client, run_id, key, value, *rest, **named)
            timestamp = named.get("timestamp", rest[0] if rest else None)
            step = named.get("step", rest[1] if len(rest) > 1 else None)
            self._noted(run_id, [(key, value, timestamp, step)])
            return answer

        return call

    def _noted(self, run_id: str, metrics: Iterable[tuple[str, Any, Any, Any]]) -> None:
        """Note the points of one call, those of one moment and step together."""
        source = self._source(run_id)
        if source is None:
            return
        try:
            moments: dict[tuple[float, int | None], dict[str, float | None]] = {}
            now = time.time()
            for key, value, timestamp, step in metrics:
                number = float(value)
                counted = None if step is None or getattr(self._thread, "stepless", False) else int(step)
                moment = timestamp / 1000 if timestamp else now
                moments.setdefault((moment, counted), {})[key] = number if math.isfinite(number) else None
            for (moment, counted), values in moments.items():
                self._note(moment, counted, values, source)
        except Exception as error:  # noqa: BLE001  # the edge of somebody else's call: it has succeeded already
            self._once(f"a metric logged through mlflow is not in the live chart: {type(error).__name__}: {error}")

    def _source(self, run_id: str) -> str | None:
        if self._run_id is not None:
            return "mlflow" if run_id == self._run_id else None
        if self._stand_in is None:
            self._stand_in = run_id
        return "report" if run_id == self._stand_in else None

    # -- parameters ----------------------------------------------------------------------------------------------

    def log_param(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(client: Any, run_id: str, key: str, value: Any, *rest: Any, **named: Any) -> Any:
            if self._contradicts(run_id, key, value):
                return value
            return original(client, run_id, key, value, *rest, **named)

        return call

    def log_batch(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(client: Any, run_id: str, metrics: Any = (), params: Any = (), *rest: Any, **named: Any) -> Any:
            params = [param for param in params or () if not self._contradicts(run_id, param.key, param.value)]
            answer = original(client, run_id, metrics, params, *rest, **named)
            self._noted(run_id, [(m.key, m.value, m.timestamp, m.step) for m in metrics or ()])
            return answer

        return call

    def _contradicts(self, run_id: str, key: str, value: Any) -> bool:
        recorded = self._params.get(key) if run_id == self._run_id else None
        if recorded is None or recorded == str(value):
            return False
        self._once(f"mlflow: the parameter {key!r} is the job's own, recorded as {recorded}; {value!s} was left out.")
        return True

    # -- whose run -----------------------------------------------------------------------------------------------

    def start_run(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            wanted = named.get("experiment_id", args[1] if len(args) > 1 else None)
            fluent = getattr(original, "__globals__", {})
            current = wanted or fluent.get("_active_experiment_id") or os.environ.get("MLFLOW_EXPERIMENT_ID")
            elsewhere = current is not None and str(current) != self._experiment_id
            if self._is_waiting() and (elsewhere or named.get("parent_run_id")):
                del os.environ["MLFLOW_RUN_ID"]
                self._leave("another experiment")
            return original(*args, **named)

        return call

    def set_tracking_uri(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(uri: Any) -> Any:
            answer = original(uri)
            if self._is_waiting() and os.environ.get("MLFLOW_TRACKING_URI") != self._tracking_uri:
                del os.environ["MLFLOW_RUN_ID"]
                if os.environ.get("MLFLOW_EXPERIMENT_ID") == self._experiment_id:
                    del os.environ["MLFLOW_EXPERIMENT_ID"]
                self._leave("another tracking server")
            return answer

        return call

    def _is_waiting(self) -> bool:
        """Whether the job's run is still handed over and not yet taken by a ``start_run``."""
        return self._run_id is not None and os.environ.get("MLFLOW_RUN_ID") == self._run_id

    def _leave(self, place: str) -> None:
        self._run_id = None
        self._once(f"the code uses mlflow with {place}: it gets a run of its own there, beside the job's run.")

    def _once(self, sentence: str) -> None:
        if sentence not in self._said:
            self._said.add(sentence)
            self._say(sentence)
