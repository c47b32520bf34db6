"""A training that a config file defines: calls its functions, and keeps the state of its model.

    state of the update before -> model_fn, data_module_fn -> train_fn | an updater's plug-in | model.fit -> state

``train_fn`` is given, by name, what it takes: ``model``, ``data_module``, ``loss``
(what ``loss_fn`` gives) and so on, settings like ``max_epochs``, and its custom
arguments. It reports as any job does, once per epoch. While it runs, the model is
kept whenever the metric is better than before; without one its last state is.

The file that a job runs is made by the client: it calls ``Training`` with what
``languages.config_file`` has read from the text.
"""

from __future__ import annotations

import importlib
import json
import os
import sys

from jupyter_training.runtime import job, journal, state, typed_values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType
    from typing import Any

__all__ = ["Parts", "Training"]

GROUP = "jupyter_training.updaters"
_OBJECTIVE = "JUPYTER_TRAINING_OBJECTIVE"  # the trials of a search have it
_LAZY = (
    "loss", "optimizer", "lr_scheduler", "metrics", "train_transform", "train_target_transform", "test_transform",
    "test_target_transform", "buffer_transform", "buffer_target_transform",
)  # fmt: skip
_FALLBACKS = {"buffer_transform": "train_transform", "buffer_target_transform": "train_target_transform"}
_VALIDATION = ("val_data", "val_dataloader", "val")


class NothingToTrainWith(Exception):
    """Nobody says how the model is trained."""


class NoValidationData(Exception):
    """A metric of validation data is searched by, and there are none."""


class _AlreadyPublished(Exception):
    """The state to begin with is the one that this training has made itself; the text is a sentence."""


class Parts:
    """What a training is made of, for an updater's plug-in: ``plug_in(parts)`` trains ``parts.model``.

    ``options``: settings and hyperparameters by name. ``learner``: what the plug-in remembers between updates.
    ``get("loss")`` and so on give what the config file's functions return, None where there is no such function.
    """

    def __init__(self, model: Any, data_module: Any, learner: dict[str, Any], options: Mapping[str, Any]) -> None:
        self.model = model
        self.data_module = data_module
        self.learner = learner
        self.options = options
        self.get: Callable[[str], Any] = lambda name: None


class Training:
    """The function that the job calls with its parameters.

    ``module``: the config file's; ``takes``: which names each of its functions
    takes, ``takes_all`` those that take any; ``arguments``: the types of the custom
    ones; ``settings``: of the training as a whole; ``metric`` and ``mode``: what
    says which epoch's model is kept.
    """

    def __init__(
        self,
        module: str,
        *,
        takes: Mapping[str, list[str]],
        takes_all: list[str],
        arguments: Mapping[str, list[Any]],
        settings: Mapping[str, Any],
        metric: str,
        mode: str,
    ) -> None:
        self._name = module
        self._takes = takes
        self._takes_all = takes_all
        self._arguments = arguments
        self._settings = settings
        self._metric = metric
        self._mode = mode
        self._is_search = _OBJECTIVE in os.environ

    def __call__(self, **params: Any) -> None:
        values = {**self._settings, **{name: self._arrived(name, value) for name, value in params.items()}}
        wish = json.loads(os.environ.get(state.VARIABLE) or "{}")
        try:
            before = _fetched(wish)
        except _AlreadyPublished as said:
            journal.say(str(said))
            return
        keeper = self._keeper(wish, before, params)
        module = importlib.import_module(self._name)
        model = self._call(module, "model_fn", values, model_state_url=before and os.path.join(before, state.MODEL))
        data = self._data(module, values)
        if keeper is not None:
            keeper.begin(model, self._metric)
        elif before is not None:
            journal.say("no output_state_url is given: what this training makes of the model is not kept.")
        learner = keeper.learner if keeper is not None else _learner_before(before)
        answer = self._train(module, Parts(model, data, learner, values))
        if isinstance(answer, dict) and answer and all(isinstance(one, str) for one in answer):
            from jupyter_training.runtime.report import report

            report(answer)
        if keeper is not None:
            keeper.finish()

    def _arrived(self, name: str, value: Any) -> Any:
        """A parameter as the type that its function says."""
        if name not in self._arguments:
            return value
        kind, item, optional = self._arguments[name]
        try:
            return typed_values.arriving(value, kind, item, optional=optional)
        except ValueError as error:
            raise TypeError(f"{name}: {error}, as {self._name}.py says it is") from None

    def _keeper(self, wish: Mapping[str, Any], before: str | None, params: Mapping[str, Any]) -> Any:
        """Who keeps the model; None where it is not to be kept."""
        if not wish.get("output") or job.own_order().get("test"):
            return None
        from jupyter_training.runtime.state_keeper import Keeper

        target = None if self._is_search else str(wish["output"])
        about = {"task_id": wish.get("task_id"), "updater": params.get("updater"), "metric": self._metric}
        return Keeper(before, target, self._mode, params, about)

    def _data(self, module: ModuleType, values: Mapping[str, Any]) -> Any:
        """The data module, prepared: by one process at a time, so that one downloads and the others find it."""
        path = os.path.abspath(os.path.join(str(values.get("working_directory") or "."), "data"))
        if "data_path" in self._takes.get("data_module_fn", ()) or "data_module_fn" in self._takes_all:
            os.makedirs(path, exist_ok=True)
        data = self._call(module, "data_module_fn", values, data_path=path)
        prepare, set_up = getattr(data, "prepare_data", None), getattr(data, "setup", None)
        if callable(prepare):
            with _Alone(path):
                prepare()
        if callable(set_up):
            set_up(*_stage(set_up))
        self._check_validation(data)
        return data

    def _check_validation(self, data: Any) -> None:
        if not self._metric.startswith("val_") or _has_validation(data) is not False:
            return
        if self._is_search:
            raise NoValidationData(
                f"{self._metric} is to be optimised, and data_module_fn provides no validation data."
                " Provide a validation set, or search by a train_ metric."
            )
        journal.say(f"data_module_fn provides no validation data: {self._metric} is not used, the last epoch is kept.")
        self._metric = ""

    def _train(self, module: ModuleType, parts: Parts) -> Any:
        made: dict[str, Any] = {}

        def get(name: str) -> Any:
            if name not in made:
                own = f"{name}_fn" if f"{name}_fn" in self._takes else name
                made[name] = self._call(module, own, parts.options) if own in self._takes else None
                if own not in self._takes and name in _FALLBACKS:
                    made[name] = get(_FALLBACKS[name])
            return made[name]

        parts.get = get
        if "train_fn" in self._takes:
            wanted = self._takes["train_fn"]
            given = {name: get(name) for name in _LAZY if name in wanted}
            given.update(model=parts.model, data_module=parts.data_module, learner=parts.learner)
            return _awaited(self._call(module, "train_fn", parts.options, **given))
        plug_in = _plug_in(str(parts.options.get("updater")))
        if plug_in is not None:
            return _awaited(plug_in(parts))
        fit = getattr(parts.model, "fit", None)
        if callable(fit):
            return _awaited(fit(parts.data_module, **_named(fit, parts.options)))
        raise NothingToTrainWith(
            f"{self._name}.py defines no train_fn(model, data_module), the model has no fit(data_module), and there is"
            f" no plug-in here for the updater {parts.options.get('updater')}. Write one of these, e.g."
            " def train_fn(model, data_module, max_epochs): ..."
        )

    def _call(self, module: ModuleType, name: str, values: Mapping[str, Any], **given: Any) -> Any:
        """Call a function of the config file with what it takes."""
        takes = self._takes[name]
        found = {one: given[one] for one in given if one in takes or name in self._takes_all}
        found.update((one, values[one]) for one in takes if one in values and one not in found)
        if name in self._takes_all:
            found.update((one, value) for one, value in values.items() if one not in found)
        return getattr(module, name)(**found)


def _fetched(wish: Mapping[str, Any]) -> str | None:
    """A copy of the state to begin with, of this attempt's own; None where there is none.

    Raises:
        NoState: it is not there, or another one than when the job was submitted.
        _AlreadyPublished: the other one is this attempt's own, which was interrupted between that and its end.
    """
    url = wish.get("input")
    if not url:
        return None
    folder = os.path.join(job.folder() or ".", "input_state")
    found = state.at(str(url)).fetch(folder)
    expected = wish.get("input_id")
    if found.get("id") != expected and _is_own(found):
        raise _AlreadyPublished(
            f"the state in {url} is the one that this training has put there before it was interrupted; all is done."
        )
    if expected and found.get("id") != expected:
        raise state.NoState(
            f"The state in {url} is no longer the one that this training was to begin with: it has been replaced since."
            " Submit it again, or give another output_state_url than input_state_url."
        )
    return folder


def _is_own(found: Mapping[str, Any]) -> bool:
    """Whether this attempt has made the newest update of a state. One that is to go on from it is another attempt."""
    last = (found.get("updates") or [{}])[-1]
    order = job.own_order()
    return bool(order.get("job")) and all(last.get(key) == order.get(key) for key in ("store", "job", "attempt"))


def _learner_before(before: str | None) -> dict[str, Any]:
    if before is None:
        return {}
    from jupyter_training.runtime import state_keeper

    return state_keeper.read_learner(before)


def _has_validation(data: Any) -> bool | None:
    """Whether a data module has validation data; None where it does not say."""
    for name in _VALIDATION:
        if hasattr(data, name):
            found = getattr(data, name)
            found = found() if callable(found) else found
            try:
                return found is not None and len(found) > 0
            except TypeError:  # it has no length
                return True
    return None


def _stage(set_up: Callable[..., Any]) -> tuple[str, ...]:
    """What a data module's ``setup`` has to be given: nothing, or which stage it is for."""
    import inspect

    takes = inspect.signature(set_up).parameters.values()
    return ("fit",) if any(one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD for one in takes) else ()


def _named(function: Callable[..., Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that a function takes by name."""
    import inspect

    takes = inspect.signature(function).parameters.values()
    return {one.name: values[one.name] for one in takes if one.name in values and one.kind is not one.POSITIONAL_ONLY}


def _plug_in(updater: str) -> Any:
    """The plug-in of that name in this environment; None where there is none."""
    from importlib import metadata

    points: Any = metadata.entry_points()
    listed = points.select(group=GROUP) if hasattr(points, "select") else points.get(GROUP, ())
    return next((one.load() for one in listed if one.name == updater), None)


def _awaited(answer: Any) -> Any:
    if not hasattr(answer, "__await__"):
        return answer
    import asyncio

    async def wait() -> Any:
        return await answer

    return asyncio.run(wait())


class _Alone:
    """One process at a time, among those that share a folder for data."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._file: Any = None

    def __enter__(self) -> None:
        if os.path.isdir(self._folder) and sys.platform != "win32":
            import fcntl

            self._file = open(os.path.join(self._folder, ".preparing"), "w")
            fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *exception: object) -> None:
        if self._file is not None:
            self._file.close()
