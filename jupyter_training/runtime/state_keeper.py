"""Keeps the state of the model that a training makes, and puts it where it is to go.

The state of the best epoch so far lies among the job's outputs, in ``state/``.
A plain training publishes it itself when it has succeeded; of a search's trials
the driver publishes the best one's, since only it knows which that is. Where the
outputs end with a container there are copies: see ``state_copies``.
"""

from __future__ import annotations

import json
import os
import shutil
import time

from jupyter_training.runtime import job, journal, state, state_copies, update_history

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["BEFORE", "FOLDER", "REPORTS", "Keeper", "Unkeepable", "read_learner", "write_model"]

FOLDER = "state"  # below the job's outputs
BEFORE = "before"  # in that: what the state before says of itself
REPORTS = state_copies.REPORTS
_KIND = "kind.json"


class Unkeepable(TypeError):
    """A model that nobody knows how to write to a file."""


class Keeper:
    """Watches what is reported. ``target``: where a plain training's state goes; None for a trial of a search."""

    def __init__(
        self,
        before: str | None,
        target: str | None,
        mode: str,
        config: Mapping[str, Any],
        about: Mapping[str, Any],
    ) -> None:
        self.learner: dict[str, Any] = {} if before is None else read_learner(before)
        self._before = before
        self._target = target
        self._metric = ""
        self._sign = -1.0 if mode == "min" else 1.0
        self._config = config
        self._about = about
        self._folder = os.path.join(os.environ.get(job.OUTPUT) or ".", FOLDER)
        self._copies = state_copies.here()
        self._model: Any = None
        self._best: float | None = None
        self._counts: dict[str, int] = {}
        self._has_failed = False

    def begin(self, model: Any, metric: str) -> None:
        """Keep this model from now on, of the epoch in which the metric is best; without a metric of the last."""
        self._model, self._metric = model, metric
        os.makedirs(os.path.join(self._folder, BEFORE), exist_ok=True)
        for name in (state.HISTORY, state.ABOUT):
            if self._before is not None and os.path.isfile(os.path.join(self._before, name)):
                shutil.copyfile(os.path.join(self._before, name), os.path.join(self._folder, BEFORE, name))
        reports = os.path.join(self._folder, REPORTS)
        copies = self._copies if not os.path.exists(reports) else None  # else nothing was interrupted
        back = copies.bring_back(self._folder, self._sign) if copies is not None else None
        if os.path.isfile(reports):
            with open(reports, "a", encoding="utf-8") as file:
                file.write("\n")  # behind what may be half a line
        for one in self._reports():  # of attempts before this one
            self._judge(one["metrics"])
        if copies is not None:
            self._came_back(back)
        if self._best is not None and not os.path.isfile(os.path.join(self._folder, state.MODEL)):
            self._best = None
        journal.watch, journal.put = self._see, journal.write  # also where the code has told of something before

    def finish(self) -> None:
        """The training has succeeded: the last state is kept if no better one is, and published."""
        journal.watch = None
        if self._best is None:
            self._keep()
        if self._target is None:
            return
        made = os.path.join(job.folder() or ".", "made_state")
        shutil.rmtree(made, ignore_errors=True)
        os.makedirs(made)
        for name in (state.MODEL, state.LEARNER):
            shutil.copyfile(os.path.join(self._folder, name), os.path.join(made, name))
        before, update = self._history(made)
        found = state.seal(made, state.about(before) if before is not None else {}, update)
        state.at(self._target).publish(made)
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._copies is not None:
            self._copies.remove()
        number = len(found["updates"]) - 1
        journal.say(f"the model's state after update {number} is in {self._target}.")

    def _history(self, made: str) -> tuple[str | None, dict[str, Any]]:
        rows_before = [] if self._before is None else update_history.read(os.path.join(self._before, state.HISTORY))
        number = update_history.next_update(rows_before)
        rows = [update_history.row(0, one["step"], one["metrics"], self._config) for one in self._reports()]
        columns = dict.fromkeys(name for one in rows for name in one)
        update_history.write(os.path.join(made, state.HISTORY), rows_before, number, rows, columns)
        order = job.own_order()
        update = {
            "update_id": number,
            "time": time.time(),
            "store": order.get("store"),
            "job": order.get("job"),
            "attempt": order.get("attempt"),
            "config": dict(self._config),
            "value": None if self._best is None else self._best * self._sign,
            **self._about,
        }
        return self._before, update

    def _see(self, line: bytes) -> None:
        """Look at a line of this process's events: note a report, and keep the model where it is better."""
        if not line.startswith(b'["p"'):
            return
        event: list[Any] = json.loads(line)
        if len(event) > 4 and event[4] == "machine":
            return
        step, metrics = event[2], event[3]
        if step is None:  # each metric's values are counted
            step = max(self._counts.get(name, 0) for name in metrics)
            self._counts.update(dict.fromkeys(metrics, step + 1))
        try:
            text = json.dumps({"step": step, "metrics": metrics}) + "\n"
            with open(os.path.join(self._folder, REPORTS), "a", encoding="utf-8") as file:
                file.write(text)
            if self._copies is not None:
                self._copies.report(text)
            if self._judge(metrics):
                self._keep()
                if self._copies is not None and self._best is not None:
                    self._copies.keep(self._folder, self._best * self._sign)
        except Exception as error:  # noqa: BLE001 (whatever somebody's save raises; a report never does)
            self._best = None  # so that the end says it once more, and fails
            if not self._has_failed:
                self._has_failed = True
                journal.say(f"the model can't be kept: {error}")

    def _came_back(self, value: float | None) -> None:
        """After an interruption only that state counts which was given back; ``value``: its own, None without one."""
        reported, self._best = self._best, None if value is None else value * self._sign
        if reported is not None and (self._best is None or self._best < reported):
            what = "none" if value is None else f"that of {self._metric} {value:g}"
            journal.say(
                f"the interruption came before the best epoch's model ({self._metric} {reported * self._sign:g}) was"
                f" copied: the best one that was given back is {what}."
            )

    def _judge(self, metrics: Mapping[str, float | None]) -> bool:
        """Whether a report is the best so far."""
        value = metrics.get(self._metric)
        if value is None or (self._best is not None and value * self._sign <= self._best):
            return False
        self._best = value * self._sign
        return True

    def _keep(self) -> None:
        """Write model and learner as they are now, each in the place of the one before."""
        fresh = os.path.join(self._folder, f".new-{os.getpid()}")
        shutil.rmtree(fresh, ignore_errors=True)
        os.makedirs(fresh)
        try:
            write_model(self._model, os.path.join(fresh, state.MODEL))
            _write_learner(self.learner, os.path.join(fresh, state.LEARNER))
            for name in (state.LEARNER, state.MODEL):
                os.replace(os.path.join(fresh, name), os.path.join(self._folder, name))
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _reports(self) -> list[dict[str, Any]]:
        """What all attempts have reported, by step: what was done anew replaces what it was done anew of."""
        found: dict[int, dict[str, Any]] = {}
        try:
            with open(os.path.join(self._folder, REPORTS), encoding="utf-8") as file:
                for line in file:
                    try:
                        one = json.loads(line)
                    except ValueError:  # none, or the last one of an attempt that was killed
                        continue
                    found.setdefault(one["step"], {}).update(one["metrics"])
        except FileNotFoundError:
            return []
        return [{"step": step, "metrics": found[step]} for step in sorted(found)]


def write_model(model: Any, path: str) -> None:
    """Write a model to a file, from which ``model_fn`` will read it.

    By its own ``save(path)``; torch's state; an estimator of scikit-learn by skops;
    numbers, texts, lists and dicts as JSON.

    Raises:
        Unkeepable: it is none of these.
    """
    from jupyter_training.runtime.checkpoint import sklearn_state

    if callable(getattr(model, "save", None)):
        model.save(path)
        if not os.path.isfile(path):
            raise Unkeepable(f"{type(model).__name__}.save(path) has written no file {path}")
    elif callable(getattr(model, "state_dict", None)):
        _write_state_dict(model.state_dict(), path)
    elif sklearn_state.is_estimator(model):
        folder, stem = os.path.split(path)
        os.replace(os.path.join(folder, sklearn_state.write(folder, stem, model)), path)
    else:
        try:
            text = json.dumps(model)
        except (TypeError, ValueError):
            raise Unkeepable(
                f"a {type(model).__name__} has no save(path) and no state_dict(). Give it one; model_fn reads the file."
            ) from None
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def _write_state_dict(found: Any, path: str) -> None:
    import sys

    torch = sys.modules.get("torch")
    if torch is not None:
        torch.save(found, path)
        return
    with open(path, "w", encoding="utf-8") as file:
        json.dump(found, file)


def _write_learner(learner: dict[str, Any], path: str) -> None:
    """One archive with the files of a checkpoint; nothing in it is pickled."""
    import zipfile

    from jupyter_training.runtime.checkpoint import contents

    folder = path + ".parts"
    os.makedirs(folder)
    manifest = contents.write(dict(learner), folder)
    with open(os.path.join(folder, _KIND), "w", encoding="utf-8") as file:
        json.dump(manifest, file)
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(os.listdir(folder)):
            archive.write(os.path.join(folder, name), name)
    shutil.rmtree(folder)


def read_learner(folder: str) -> dict[str, Any]:
    """What the update before remembered; nothing where it is of another system.

    Raises:
        NoState: it is damaged, or might run code of whoever wrote it.
    """
    import zipfile

    from jupyter_training.runtime.checkpoint import contents

    path = os.path.join(folder, state.LEARNER)
    if not os.path.isfile(path):
        return {}
    parts = path + ".parts"
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if _KIND not in names:
                return {}  # torch writes archives, too
            archive.extractall(parts)
        with open(os.path.join(parts, _KIND), encoding="utf-8") as file:
            manifest = json.load(file)
        found = contents.read(parts, manifest, is_foreign=True)
    except (zipfile.BadZipFile, ValueError, KeyError, OSError) as error:
        raise state.NoState(f"{path} can't be read: {error}") from None
    return dict(found) if isinstance(found, dict) else {}
