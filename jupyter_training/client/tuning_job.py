"""``execute_tuning_job``: a training that a config file defines, or a search over its configurations, in one call.

    execute_tuning_job("max", config_space("RD"), "val_accuracy", "local", config_file="renate_config.py", ...)

The arguments are Renate's, with their meanings; what differs is said in the
notes. Where every value of the space is a constant, it is one plain training.
"""

from __future__ import annotations

import inspect
import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_training.client import config_job, foreign_domains, model_states, sagemaker_job, submission
from jupyter_training.client.config_job import refused
from jupyter_training.errors import (
    InvalidRequest,
    InvalidUsage,
    Problem,
    TrainingError,
    UnknownPlugin,
    near_miss,
)
from jupyter_training.languages import default_spaces
from jupyter_training.runtime import state

if TYPE_CHECKING:
    from jupyter_training.client.client import Client
    from jupyter_training.client.experiment_handle import ExperimentHandle
    from jupyter_training.client.handle import Handle

__all__ = ["Notice", "execute_tuning_job", "prepared", "run_training_job", "submit"]

_MODES = ("min", "max")
_BACKENDS = ("local", "sagemaker")
_SCHEDULERS = ("random", "bo", "asha", "rush")
# At random here as in Renate tries nothing twice, so that a choice of two is two trials.
_SEARCHERS: Mapping[object, str] = {None: "random_once", "random": "random_once"}
_ACCELERATORS = ("auto", "cpu", "gpu")
_PRECISIONS = ("16", "32", "64", "bf16")
_CLIPPING = ("norm", "value")
_STOPS = {
    "max_time": "max_time",
    "max_num_trials_started": "max_trials_started",
    "max_num_trials_completed": "max_trials_completed",
    "max_num_trials_finished": "max_trials_finished",
    "max_cost": "max_cost",
}
# What a server calls otherwise than this function does.
_IN_OUR_WORDS = {
    "searcher_options": "scheduler_kwargs",
    "searcher": "scheduler",
    "workers": "n_workers",
    "space": "config_space",
    "name": "job_name",
    "timeout": "instance_max_time",
    **{ours: theirs for theirs, ours in sagemaker_job.OPTIONS.items()},
    **{f"stop.{theirs}": ours for ours, theirs in _STOPS.items()},
}
_OLD_NAMES = {
    "state_url": "input_state_url",
    "next_state_url": "output_state_url",
    "model_data_definition": "config_file",
    "source_dir": "dependencies",
}
_OF_SAGEMAKER = {
    "dependencies": None,
    "requirements_file": None,
    "role": None,
    "instance_type": "ml.c5.xlarge",
    "instance_count": 1,
    "instance_max_time": 259_200.0,
    "options": None,
}


class Notice(UserWarning):
    """Something that a person should know of a job that was taken on."""


@dataclass(frozen=True)
class Prepared:
    """A wish in the wire's shape (``SubmitRequest``), and what is to be said of it."""

    request: dict[str, Any]
    notes: tuple[str, ...]


def execute_tuning_job(
    mode: str,
    config_space: Mapping[str, object],
    metric: str,
    backend: str,
    *,
    updater: str | None = None,
    max_epochs: int | None = None,
    task_id: str = "default_task",
    chunk_id: int | None = None,
    input_state_url: str | os.PathLike[str] | None = None,
    output_state_url: str | os.PathLike[str] | None = None,
    working_directory: str | os.PathLike[str] = "renate_working_dir",
    dependencies: list[str] | None = None,
    config_file: str | os.PathLike[str] | None = None,
    requirements_file: str | None = None,
    role: str | None = None,
    instance_type: str = "ml.c5.xlarge",
    instance_count: int = 1,
    instance_max_time: float = 259_200.0,
    options: Mapping[str, object] | None = None,
    max_time: float | str | None = None,
    max_num_trials_started: int | None = None,
    max_num_trials_completed: int | None = None,
    max_num_trials_finished: int | None = None,
    max_cost: float | None = None,
    n_workers: int = 1,
    scheduler: str | None = None,
    scheduler_kwargs: Mapping[str, object] | None = None,
    seed: int | None = None,
    accelerator: str = "auto",
    devices: int = 1,
    strategy: str = "ddp",
    precision: str | int = "32",
    deterministic_trainer: bool = False,
    gradient_clip_val: float | None = None,
    gradient_clip_algorithm: str | None = None,
    job_name: str = "renate",
    wait: bool = False,
    client: Client | None = None,
    **old_names: Any,
) -> Handle | ExperimentHandle:
    """Search for the best configuration of a config file's training, or train with the only one there is.

    It is a search if any value of ``config_space`` is a range; the mapping stays
    as it is. ``metric`` and ``mode`` say what is better, within a training too:
    the model of its best epoch is kept. The answer comes once the job is stored;
    with ``wait`` once it has ended.

    ``updater`` ("ER"), ``max_epochs`` (50) and ``seed`` (0) may also stand in the space.
    ``scheduler`` is "random", "bo", "asha", "rush" or any other searcher; without
    one it is "random". ``max_num_trials_finished=3`` means 3.
    ``input_state_url`` is where the model comes from, ``output_state_url`` where
    the best one goes: folders, or s3://... Data are kept below ``working_directory``.

    With ``backend="sagemaker"`` it runs there as ``role``, on ``instance_count``
    machines of ``instance_type``, for ``instance_max_time`` seconds at most;
    ``dependencies`` (files, folders) go along, ``requirements_file`` is installed
    first, and ``options`` are the backend's others: ``{"spot": True, "region": ...}``.
    The handle's ``service`` knows the training job's name.

    Raises:
        InvalidSpec: a value, the config file or the space breaks a rule; each fault is named.
        InvalidUsage: an argument that there is none of.
        JobFailed: with ``wait``, when it did not succeed.
    """
    given = dict(locals())
    return submit(given.pop("client"), wait=given.pop("wait"), **given.pop("old_names"), **given)


run_training_job = execute_tuning_job


def submit(client: Client | None, *, wait: bool = False, **arguments: Any) -> Handle | ExperimentHandle:
    """The same with its arguments by name; notes are given as warnings."""
    from jupyter_training.client.client import Client

    client = client if client is not None else Client()
    wish = prepared(arguments, limit=client.settings.bundle_limit_bytes)
    try:
        result = client.submit_request(wish.request)
    except TrainingError as error:
        raise _in_our_words(error) from None
    for note in (*wish.notes, *result["notes"]):
        warnings.warn(note, Notice, stacklevel=_frames_of_ours())
    handle = client.handle_of(result)
    return handle.wait(check=True) if wait else handle


def prepared(arguments: Mapping[str, Any], *, limit: int) -> Prepared:
    """The wish that these arguments stand for, checked as far as that can be before it is sent.

    Raises:
        InvalidSpec, InvalidUsage, TooLarge: as ``execute_tuning_job`` does.
    """
    asked, notes = _complete(arguments)
    _check(asked)
    space = foreign_domains.translated(asked["config_space"])
    updater = _or_of_space(asked, space, "updater", "ER")
    if isinstance(updater, str) and not config_job.is_axis(updater):
        updater = _known_updater(updater)
    epochs = _or_of_space(asked, space, "max_epochs", 50)
    seed = _or_of_space(asked, space, "seed", 0)
    if not config_job.is_axis(seed) and (not isinstance(seed, int) or isinstance(seed, bool)):
        raise refused("seed", f"{seed!r} is no whole number")
    states, more = model_states.asked(asked)
    notes += more
    settings = {name: asked[name] for name in _SETTINGS if asked[name] is not None}
    settings["precision"] = str(settings["precision"])
    settings["working_directory"] = os.fspath(asked["working_directory"])
    ready = config_job.of_config_file(
        Path(asked["config_file"]),
        {name: value for name, value in space.items() if name not in ("updater", "max_epochs", "seed")},
        settings=settings,
        metric=asked["metric"],
        mode=asked["mode"],
        updater=str(updater),
        goes_on=states["input"] is not None,
        limit=limit,
    )
    service, target = sagemaker_job.placed(asked, ready.target, limit=limit)
    options = dict(asked["scheduler_kwargs"] or {})
    if asked["scheduler"] == "rush":
        points, note = model_states.points(states["input"], space, asked["metric"], asked["mode"])
        options = {"points": points, **options} if points else options
        notes += [note] if note else []
    values = {"updater": updater, "max_epochs": epochs, "seed": seed, **ready.space}
    axes = {name: value for name, value in values.items() if config_job.is_axis(value)}
    plain = {name: value for name, value in values.items() if name not in axes}
    request = submission.request(
        target,
        (),
        plain,
        limit=limit,
        **service,
        name=asked["job_name"],
        metric=[asked["metric"]],
        mode=[asked["mode"]],
        updater=plain.get("updater"),
        gpus=asked["devices"] if asked["accelerator"] == "gpu" and not service else None,
        env={state.VARIABLE: json.dumps(states)} if states["input"] or states["output"] else None,
        **(_searched(asked, axes, options, epochs, seed) if axes else {}),
    )
    notes += [] if axes else _ignored(asked)
    return Prepared(request, (*notes, *ready.notes))


def _searched(
    asked: Mapping[str, Any], axes: Mapping[str, object], options: Mapping[str, object], epochs: object, seed: object
) -> dict[str, Any]:
    """What a search has beside a training, in the server's words; it has its own seed where its trials' varies."""
    return {
        "space": axes,
        "searcher": _SEARCHERS.get(asked["scheduler"], asked["scheduler"]),
        "searcher_options": options or None,
        "workers": asked["n_workers"],
        "stop": {theirs: asked[ours] for ours, theirs in _STOPS.items() if asked[ours] is not None} or None,
        "max_resource": epochs if isinstance(epochs, int) else None,
        "seed": seed if isinstance(seed, int) else 0,
    }


def _ignored(asked: Mapping[str, Any]) -> list[str]:
    """What was given for a search, where there is none; that it is a plain training is said by the server."""
    given = [name for name in ("scheduler", "scheduler_kwargs", *_STOPS) if asked[name] is not None]
    given += ["n_workers"] if asked["n_workers"] != 1 else []
    return [f"There is exactly one configuration, so these are ignored: {', '.join(given)}."] if given else []


_SIGNATURE = inspect.signature(execute_tuning_job)
_SETTINGS = (
    "task_id", "chunk_id", "accelerator", "devices", "strategy", "precision", "deterministic_trainer",
    "gradient_clip_val", "gradient_clip_algorithm",
)  # fmt: skip


def _complete(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """All arguments with their defaults, and what is to be said of those that came."""
    known = {name: one for name, one in _SIGNATURE.parameters.items() if name not in ("old_names", "wait", "client")}
    asked = {name: one.default for name, one in known.items()}
    notes = []
    for name, value in arguments.items():
        meant = _OLD_NAMES.get(name, name)
        if meant not in known:
            close = near_miss(name, known)
            hint = f"Did you mean {close!r}?" if close else f"There is: {', '.join(known)}."
            raise InvalidUsage(f"A tuning job has no argument {name!r}.", hint=hint)
        if meant != name:
            if arguments.get(meant) is not None:
                raise InvalidUsage(f"{name} is the old name of {meant}, which is given too.", hint="Leave it out.")
            notes.append(f"{name} is called {meant} now.")
        asked[meant] = value
    missing = [name for name, value in asked.items() if value is inspect.Parameter.empty]
    if missing:
        raise InvalidUsage(f"A tuning job needs {', '.join(missing)}.", hint=f"Give {missing[0]}=...")
    unused = [name for name, default in _OF_SAGEMAKER.items() if asked[name] != default]
    if unused and asked["backend"] == "local":
        notes.append(f"Only the backend sagemaker has a use for {', '.join(unused)}: ignored.")
    return asked, notes


def _check(asked: Mapping[str, Any]) -> None:
    """See that values which only we know of are allowed."""
    _one_of("mode", asked["mode"], _MODES)
    _one_of("backend", asked["backend"], _BACKENDS)
    if not isinstance(asked["config_space"], Mapping):
        raise refused(
            "config_space", f"it is a {type(asked['config_space']).__name__}, no mapping from names to values"
        )
    if not asked["metric"] or not isinstance(asked["metric"], str):
        raise refused("metric", "it is to be the name of one metric", "E.g. metric='val_accuracy'.")
    if asked["config_file"] is None:
        words = "it is missing: the file that defines the model and the data"
        raise refused(
            "config_file", words, "E.g. config_file='renate_config.py', with a model_fn and a data_module_fn."
        )
    scheduler = asked["scheduler"]
    if scheduler is not None and not isinstance(scheduler, str):
        shown = getattr(scheduler, "__name__", type(scheduler).__name__)
        words = f"{shown} is an object, and a search outlives this process: a scheduler is given by its name"
        raise refused("scheduler", words, f"There is: {', '.join(_SCHEDULERS)}; `GET searchers` lists all.")
    for name in ("n_workers", "devices", "max_epochs"):
        value = asked[name]
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            raise refused(name, f"{value!r} is no whole number above 0")
    _one_of("accelerator", asked["accelerator"], _ACCELERATORS)
    _one_of("precision", str(asked["precision"]), _PRECISIONS)
    if asked["gradient_clip_algorithm"] is not None:
        _one_of("gradient_clip_algorithm", asked["gradient_clip_algorithm"], _CLIPPING)


def _or_of_space(asked: Mapping[str, Any], space: Mapping[str, object], name: str, otherwise: object) -> object:
    """An argument that may also stand in the space; the argument wins."""
    return asked[name] if asked[name] is not None else space.get(name, otherwise)


def _known_updater(name: str) -> str:
    """An updater's name as it is written here; plug-ins of this environment are the job's, too."""
    plug_ins = {point.name for point in entry_points(group="jupyter_training.updaters")}
    return default_spaces.check_updater(name, plug_ins=plug_ins)


def _one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        close = near_miss(str(value), allowed)
        hint = f"Did you mean {close!r}?" if close else None
        raise refused(name, f"{value!r} is not one of {', '.join(allowed)}", hint)


def _in_our_words(error: TrainingError) -> TrainingError:
    """A server's refusal with the names of this function's arguments."""
    if not isinstance(error, (InvalidRequest, UnknownPlugin)):
        return error
    errors = [
        Problem(one.detail, _ours(one.key) if one.key else None, one.line, one.column, one.hint) for one in error.errors
    ]
    detail, hint = _ours(error.detail), error.hint
    if detail.startswith("There is no searcher"):
        detail = detail.replace("searcher", "scheduler", 1)
        hint = hint or f"The usual ones are {', '.join(_SCHEDULERS)}."
    return type(error)(detail, hint=hint, errors=errors)


def _ours(text: str) -> str:
    for theirs, ours in _IN_OUR_WORDS.items():
        if text == theirs or text.startswith((f"{theirs}:", f"{theirs}.")):
            return ours + text[len(theirs) :]
    return text


def _frames_of_ours() -> int:
    """How many frames lie between ``warnings.warn`` and who called this module."""
    frame = inspect.currentframe()
    count = 0
    while frame is not None and frame.f_globals.get("__name__") == __name__:
        frame, count = frame.f_back, count + 1
    return count
