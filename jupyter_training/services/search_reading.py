"""What a request says of a search, apart from the training that each trial is.

    params, space   -> what varies (a SearchSpace) and what is the same in all trials
    metric, mode    -> the Objective
    stop, max_*     -> the StopRule

Nothing is stored here, and nothing of the house is known. A value that is no
axis is left as it is: a text is read only where it is an expression of the grammar.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from typing import Any

from pydantic import JsonValue, ValidationError

from jupyter_training.core.experiment import Objective, StopRule, Target
from jupyter_training.core.job import CheckpointPolicy
from jupyter_training.core.search_jobs import params_of
from jupyter_training.core.space import Const, SearchSpace, may_vary, unquoted
from jupyter_training.errors import InvalidSpec, Problem, near_miss
from jupyter_training.languages import default_spaces, quantities
from jupyter_training.schema import SubmitRequest

__all__ = [
    "KEYS",
    "Parted",
    "as_plain",
    "max_resource_of",
    "nothing_varies",
    "objective_of",
    "parted",
    "refused",
    "stop_of",
    "updater_of",
]

_STOP_KEYS = ("stop", "max_trials", "max_time", "max_failures", "target")
KEYS = (
    "metric", "mode", "searcher", "searcher_options", "workers", *_STOP_KEYS, "resource", "max_resource", "seed",
    "space",
)  # fmt: skip
_OF_A_TRAINING = ("metric", "mode")  # what one training has a use for, too
_EPOCHS = ("max_epochs", "epochs", "num_epochs", "n_epochs", "max_iter", "max_steps")

# What other programs call the limits.
_LIKE = {
    "max_trials": "max_trials_started",
    "max_num_trials_started": "max_trials_started",
    "max_num_trials_completed": "max_trials_completed",
    "max_num_trials_finished": "max_trials_finished",
    "max_wallclock_time": "max_time",
}
_MODES = {
    "minimize": "min",
    "minimise": "min",
    "minimum": "min",
    "maximize": "max",
    "maximise": "max",
    "maximum": "max",
}
_SMALLER = ("loss", "error", "err", "mse", "rmse", "mae", "nll", "perplexity", "seconds", "time", "cost", "size")
_LARGER = ("acc", "accuracy", "auc", "f1", "score", "precision", "recall", "r2", "bleu", "iou", "map", "reward")


@dataclass(frozen=True)
class Parted:
    """``params``: what every trial gets. ``space`` None: nothing varies."""

    params: dict[str, JsonValue]
    space: SearchSpace | None


def parted(request: SubmitRequest) -> Parted:
    """What varies among the parameters, and what does not. ``space`` wins over a parameter of the same name.

    Raises:
        InvalidSpec: with the key and, within an expression, the column.
    """
    own = dict(request.space or {})
    params = {name: value for name, value in (request.params or {}).items() if name not in own}
    fixed = {name: value for name, value in params.items() if name in request.verbatim}
    asked = {name: value for name, value in params.items() if name not in fixed and may_vary(value)}
    if not own and not asked:
        return Parted({name: value if name in fixed else _text(value) for name, value in params.items()}, None)
    # Scalars go along: a condition may name them.
    known = {name: _constant(value) if name in fixed else value for name, value in params.items()}
    given = {**{name: one for name, one in known.items() if name in asked or not _is_nested(params[name])}, **own}
    try:
        space = SearchSpace.read(given, key="params")
    except InvalidSpec as error:
        raise _of_space(error, own) from None
    kept = {name: value for name, value in params.items() if _is_constant(space, name)}
    constants = {name: space.constants.get(name, value) for name, value in kept.items()}
    named = {name: value for name, value in space.constants.items() if name not in params}
    if not space.is_search and not any(one.when is not None for one in space.domains.values()):
        return Parted({**constants, **named}, None)
    return Parted({**constants, **named}, space)


def objective_of(request: SubmitRequest) -> Objective:
    """What is judged.

    Raises:
        InvalidSpec: there is no metric, or no direction to each; with what to add.
    """
    metrics, modes = request.metric or (), request.mode or ()
    if not metrics:
        raise refused("metric", "a search needs to know what to judge", hint="Add e.g. metric val_loss and mode min.")
    twice = next((one for one in metrics if metrics.count(one) > 1), None)
    if twice is not None:
        raise refused("metric", f"{twice!r} stands twice", hint="Name each metric once.")
    if not modes:
        raise refused("mode", f"is a smaller or a larger {metrics[0]} better?", hint=_hint(metrics))
    for mode in modes:
        if mode not in ("min", "max"):
            close = _MODES.get(mode.lower()) or near_miss(mode, ["min", "max"])
            hint = f"Did you mean {close!r}?" if close else None
            raise refused("mode", f"{mode!r} is neither min nor max", hint=hint)
    if len(metrics) != len(modes):
        count = f"{len(metrics)} metric{'s' if len(metrics) > 1 else ''}"
        given = f"{len(modes)} mode{'s' if len(modes) > 1 else ''}"
        raise refused("mode", f"there are {count} and {given}", hint="Give one for each, in the metrics' order.")
    return Objective(metrics=metrics, modes=modes)  # type: ignore[arg-type]


def stop_of(request: SubmitRequest, objective: Objective) -> StopRule:
    """What ends the search, as it was said; nothing is presumed.

    Raises:
        InvalidSpec: an unknown limit, a value that is none, or two values for one limit.
    """
    found: dict[str, Any] = {}
    keys: dict[str, str] = {}
    for name, value in (request.stop or {}).items():
        rule = _LIKE.get(name, name)
        if rule not in StopRule.model_fields:
            known = [*StopRule.model_fields]
            close = near_miss(name, known)
            hint = f"Did you mean {close!r}?" if close else f"There is: {', '.join(known)}."
            raise refused(f"stop.{name}", f"there is no stop rule {name!r}", hint=hint)
        _set(found, keys, rule, f"stop.{name}", value)
    for name in ("max_trials", "max_time", "max_failures", "target"):
        value = getattr(request, name)
        if value is not None:
            _set(found, keys, _LIKE.get(name, name), name, value)
    if found.get("max_time") is not None:
        found["max_time"] = _seconds(found["max_time"], keys["max_time"])
    if isinstance(found.get("target"), (int, float)) and not isinstance(found["target"], bool):
        found["target"] = Target(metric=objective.metric, value=found["target"])
    if isinstance(found.get("plateau"), int) and not isinstance(found["plateau"], bool):
        found["plateau"] = {"trials": found["plateau"]}
    try:
        return StopRule.model_validate(found)
    except ValidationError as error:
        problems = [_stop_problem(item, keys) for item in error.errors(include_url=False)]
        first = problems[0]
        raise InvalidSpec(f"{first.key}: {first.detail}.", hint=first.hint, errors=problems) from None


def max_resource_of(
    request: SubmitRequest, params: Mapping[str, JsonValue], defaults: Mapping[str, JsonValue]
) -> tuple[int | None, str | None]:
    """How many reports a whole trial makes, and where that was found if nobody said it.

    ``params``: what is the same in all trials; ``defaults``: what its script takes for what it is not given.
    """
    if request.max_resource is not None:
        return request.max_resource, None
    for name in _EPOCHS:
        value = params.get(name, defaults.get(name))
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value, f"A whole trial is taken to make {value} reports: {name} is {value}. (max_resource says it.)"
    return None, None


def as_plain(request: SubmitRequest, found: Parted) -> tuple[SubmitRequest, tuple[str, ...]]:
    """The request of a plain training, and the notice where something of a search was said.

    Raises:
        InvalidSpec: it has a metric whose direction is not said.
    """
    said = [name for name in KEYS if getattr(request, name) is not None]
    changes: dict[str, Any] = dict.fromkeys(KEYS)
    if request.params is not None or found.params:
        changes["params"] = found.params if request.space is None else params_of(request.entry, found.params)
    if not said:
        return request.model_copy(update={"params": changes.get("params", request.params)}), ()
    if request.metric is not None:
        objective = objective_of(request)
        policy = (request.checkpoints or CheckpointPolicy()).model_copy(
            update={"metric": objective.metric, "mode": objective.mode}
        )
        changes["checkpoints"] = policy
    note = "Every parameter has exactly one value: this is one plain training, and no search."
    unused = [name for name in said if name not in (*_OF_A_TRAINING, "space")]
    if unused:
        note += f" {_listed(unused)} {'is' if len(unused) == 1 else 'are'} ignored."
    close = _of_a_list(found.params) if unused else None
    return request.model_copy(update=changes), (note if close is None else f"{note} {close}",)


def nothing_varies(params: Mapping[str, JsonValue]) -> InvalidSpec:
    """What is said where a search is insisted on, and these are all the parameters."""
    hint = _of_a_list(params) or "Let one vary, e.g. lr=loguniform(1e-4, 1e-1), or submit it as a training."
    return refused("params", "every parameter has one value, so there is nothing to search", hint=hint)


def _of_a_list(params: Mapping[str, JsonValue]) -> str | None:
    """What to write where a list was meant as values to try: by itself it is one value, layers for instance."""
    for name, value in params.items():
        if isinstance(value, list) and len(value) > 1 and not any(map(_is_nested, value)):
            shown = ", ".join(json.dumps(one, ensure_ascii=False) for one in value)
            return f"A list is one value: to try each of {name}, write {name}=choice({shown})."
    return None


def refused(key: str, words: str, *, hint: str | None = None) -> InvalidSpec:
    end = "" if words.endswith("?") else "."
    return InvalidSpec(f"{key}: {words}{end}", hint=hint, errors=[Problem(words, key=key, hint=hint)])


def _is_nested(value: JsonValue) -> bool:
    return isinstance(value, (dict, list))


def _is_constant(space: SearchSpace, name: str) -> bool:
    """Whether a parameter is neither an axis, a group of axes, nor there only under a condition."""
    own = space.domains.get(name)
    if own is not None:
        return isinstance(own, Const) and own.when is None
    return not any(one.startswith(f"{name}.") for one in space.domains)


def _constant(value: JsonValue) -> JsonValue:
    """A value as a space takes it without looking for an expression in it."""
    return {"type": "const", "val": value} if isinstance(value, str) else value


def _text(value: JsonValue) -> JsonValue:
    return unquoted(value) if isinstance(value, str) else value


def _of_space(error: InvalidSpec, own: Mapping[str, Any]) -> InvalidSpec:
    """The same faults; those of the mapping ``space`` under its name."""
    placed = []
    for problem in error.errors:
        key = problem.key or "params"
        name = key.removeprefix("params.")
        if name.split(".")[0] in own or name in own:
            key = f"space.{name}"
        placed.append(replace(problem, key=key))
    if not placed:
        return error
    first = placed[0]
    at = f", column {first.column}" if first.column is not None else ""
    return InvalidSpec(f"{first.key}{at}: {first.detail.removesuffix('.')}.", hint=first.hint, errors=placed)


def _set(found: dict[str, Any], keys: dict[str, str], rule: str, key: str, value: Any) -> None:
    if rule in found and found[rule] != value:
        raise refused(key, f"{keys[rule]} says {found[rule]!r}, and this {value!r}", hint="Say one of them.")
    found.setdefault(rule, value)
    keys.setdefault(rule, key)


def _seconds(value: Any, key: str) -> float:
    try:
        return quantities.duration(value, key=key)
    except InvalidSpec as error:
        raise refused(key, error.detail.removeprefix(f"{key}: ").removesuffix("."), hint=error.hint) from None
    except TypeError:
        raise refused(key, "it must be a duration", hint="Write seconds, or e.g. 45s, 90m, 2h, 1h30m.") from None


def updater_of(request: SubmitRequest) -> str | None:
    """The updater that is named, as it is written here.

    Raises:
        InvalidSpec: there is none of that name; with the near miss.
    """
    if request.updater is None:
        return None
    plug_ins = {point.name for point in entry_points(group="jupyter_training.updaters")}
    return default_spaces.check_updater(request.updater, plug_ins=plug_ins)


def _stop_problem(item: Any, keys: Mapping[str, str]) -> Problem:
    path = [str(part) for part in item["loc"]]
    key = ".".join([keys.get(path[0], f"stop.{path[0]}"), *path[1:]])
    words = item["msg"].removeprefix("Value error, ")
    return Problem(words[0].lower() + words[1:], key=key)


def _hint(metrics: tuple[str, ...]) -> str:
    """What to add, with the direction that the names let one guess; it is never assumed."""
    guessed = [_guess(name) for name in metrics]
    if None in guessed:
        return f"Add mode min or mode max{' for each' if len(metrics) > 1 else ''}."
    return f"Add mode {','.join(one for one in guessed if one)}?"


def _guess(metric: str) -> str | None:
    words = metric.lower().replace("-", "_").replace("/", "_").split("_")
    if any(word in _SMALLER for word in words):
        return "min"
    return "max" if any(word in _LARGER for word in words) else None


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
