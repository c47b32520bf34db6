"""The request for a script or a function: its code with what it imports, its surroundings, what was wished."""

from __future__ import annotations

import inspect
import os
import re
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from jupyter_training.client import context as contexts
from jupyter_training.client import environment as environments
from jupyter_training.client import interpreter, target
from jupyter_training.client.context import Packed
from jupyter_training.client.values import described, json_params, verbatim
from jupyter_training.languages import quantities

__all__ = ["of_search", "request"]

_METRIC = re.compile(r"^metric\s*:", re.MULTILINE)  # a config that makes a search
_BACKEND = re.compile(r"^backend\s*:\s*['\"]?(\w+)", re.MULTILINE)  # one that names where it runs


def request(
    what: str | os.PathLike[str] | Callable[..., Any] | target.Target,
    args: Iterable[object],
    params: Mapping[str, object],
    *,
    limit: int,
    slots: int | None = None,
    gpus: int | None = None,
    cpus: float | None = None,
    memory: int | str | None = None,
    max_slots: int | None = None,
    env: Mapping[str, str] | None = None,
    pass_env: str | Iterable[str] = (),
    environment: str | None = None,
    python: str | None = None,
    folder: str | os.PathLike[str] | None = None,
    context: Packed | None = None,
    key: str | None = None,
    origin: Mapping[str, str | None] | None = None,
    space: Mapping[str, object] | None = None,
    said: Collection[str] | None = None,
    **asked: object,
) -> dict[str, Any]:
    """A wish in the wire's shape (``SubmitRequest``); see ``Client.submit`` for the options.

    ``limit`` bounds the code in bytes. ``context`` is a folder that goes along, sent before the request.
    ``space`` has parameters too, with what they may be; ``said`` names those parameters whose texts may say that, by
    default all. ``asked`` are keys that the server reads as they are.

    Raises:
        InvalidSpec: the code is not Python, imports what its interpreter lacks, or an option breaks a rule.
    """
    given, searched = dict(params), dict(space or {})
    where = Path(folder).expanduser().absolute() if folder is not None else None
    if isinstance(what, target.Target):
        ready = what
    elif callable(what):
        ready = target.of_function(what, limit=limit)
        bound = target.bound(what, tuple(args), {**searched, **given})
        given = {name: value for name, value in bound.items() if name in given or name not in searched}
    else:
        ready = target.of_script(what, *args, limit=limit, context=context.folder if context is not None else None)
    secret_names = [pass_env] if isinstance(pass_env, str) else list(pass_env)
    surroundings = environments.captured(
        kind=environment, python=python, folder=where, variables=env, pass_env=secret_names
    )
    folders = [surroundings["folder"]]
    if context is not None:
        contexts.check_names(context, target.contents(ready))
        folders = [str(context.folder)]
        surroundings = contexts.surroundings(surroundings, folder)
    if not _is_served(asked):
        interpreter.check_imports(
            ready.foreign,
            surroundings["python"],
            variables=surroundings["variables"],
            folders=folders,
        )
    as_they_are = verbatim(given, said=given.keys() if said is None else said, is_search=_is_search(asked, searched))
    resources: dict[str, object] = {"slots": slots, "gpus": gpus, "cpus": cpus, "max_slots": max_slots}
    resources["memory"] = quantities.size(memory, key="memory") if memory is not None else None
    wish: dict[str, object] = {
        **{name: dict(value) if isinstance(value, Mapping) else value for name, value in asked.items()},
        "key": key or uuid.uuid4().hex,
        "entry": ready.entry,
        "files": list(ready.files),
        "params": json_params(given),
        "space": described(searched) or None,
        "verbatim": as_they_are or None,
        "resources": {name: value for name, value in resources.items() if value is not None} or None,
        "context": context.wire() if context is not None else None,
        "environment": surroundings,
        "secrets": environments.secret_values(secret_names),
        "origin": dict(origin) if origin is not None else _origin(),
    }
    return {name: value for name, value in wish.items() if value is not None}


def of_search(
    what: object, given: Mapping[str, Any], *, config: Mapping[str, str] | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options of a search among these keys, and those that are parameters of the code, as there is no search.

    A ``seed`` or a ``target`` is the code's own where no ``metric`` is named; and a ``metric``, where the function
    has a parameter of that name and there is no ``mode``.
    """
    said = {name: value for name, value in given.items() if value is not None}
    own = callable(what) and "metric" in _parameters(what) and "mode" not in said
    # A space and a searcher speak of a search alone; what it lacks is said by the server.
    searches = ("metric" in said and not own) or not said.keys().isdisjoint(("space", "searcher"))
    searches = searches or (config is not None and _METRIC.search(config["text"]) is not None)
    return (said, {}) if searches else ({}, said)


def _is_served(asked: Mapping[str, Any]) -> bool:
    """Whether these keys say that a service runs it: in an environment of which nothing is known here."""
    backend, config = asked.get("backend"), asked.get("config")
    if backend is None and config is not None:
        backend = (_BACKEND.search(config["text"]) or ("", None))[1]
    return bool(asked.get("options")) if backend is None else backend != "local"


def _is_search(asked: Mapping[str, object], space: Mapping[str, object]) -> bool:
    config = asked.get("config")
    text = config["text"] if isinstance(config, Mapping) else ""
    named = asked.get("metric") is not None or asked.get("searcher") is not None
    return named or bool(space) or _METRIC.search(text) is not None


def _parameters(function: Callable[..., Any]) -> frozenset[str]:
    try:
        return frozenset(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # what is no function is refused in its own words
        return frozenset()


def _origin() -> dict[str, str | None]:
    """Where this program stands: the notebook's path when a Jupyter server named one."""
    return {"client": "python", "notebook": os.environ.get("JPY_SESSION_NAME")}
