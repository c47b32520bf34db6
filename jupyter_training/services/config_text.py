"""A request with the keys of its config text, and errors at their place in that text."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from jupyter_training.core.job import CheckpointPolicy, EnvironmentWish, HangWatch, Keep, Retries
from jupyter_training.core.resources import Resources
from jupyter_training.errors import InvalidRequest, InvalidSpec, NotFound, Problem
from jupyter_training.languages import config_cell, quantities, shorthands
from jupyter_training.schema import SubmitRequest
from jupyter_training.services import destinations
from jupyter_training.services.problems import problems_of

__all__ = ["CLIENT_KEYS", "CONFIG_KEYS", "EVERY_KEY", "placed", "positioned", "with_config"]

# The keys that a config text may hold: a request's own, less what only a client can know.
CONFIG_KEYS = frozenset(SubmitRequest.model_fields) - {
    "key", "entry", "files", "data", "context", "secrets", "config", "origin", "verbatim",
}  # fmt: skip

# What only the side that submits can do something about; a submit passes over them.
CLIENT_KEYS = frozenset({"context", "take", "out", "wait", "detach", "quiet"})
_MERGED = ("params", "tags", "resources", "space", "stop", "searcher_options", "options")  # key by key

EVERY_KEY = CONFIG_KEYS | CLIENT_KEYS | shorthands.KEYS


def with_config(request: SubmitRequest) -> SubmitRequest:
    """The request with the keys of its config text, where it does not say them itself."""
    if request.config is None:
        return request
    name = request.config.name
    config = config_cell.read(request.config.text, name=name, keys=EVERY_KEY)
    values = shorthands.gathered({key: value for key, value in config.values.items() if key not in CLIENT_KEYS})
    if values.get("metrics") is False:  # YAML's reading of `metrics: off`
        values["metrics"] = "off"
    if isinstance(values.get("resources"), dict) and isinstance(values["resources"].get("memory"), str):
        values["resources"]["memory"] = quantities.size(values["resources"]["memory"], key=f"{name}: memory")
    own = request.model_dump(mode="json", exclude_unset=True, exclude={"config"})
    merged: dict[str, Any] = {**values, **{key: value for key, value in own.items() if value is not None}}
    for key in _MERGED:
        if isinstance(values.get(key), dict) and isinstance(own.get(key), dict):
            merged[key] = {**values[key], **own[key]}
    if isinstance(values.get("space"), dict) and isinstance(own.get("params"), dict):
        said = own["params"].keys() - (own.get("space") or {}).keys()  # a value that is said here fixes an axis there
        merged["space"] = {name: value for name, value in merged["space"].items() if name not in said}
    try:
        wish = SubmitRequest.model_validate(merged)
    except ValidationError as error:
        known = {"": sorted(CONFIG_KEYS), "resources": sorted(Resources.model_fields)}
        known["environment"] = sorted(EnvironmentWish.model_fields)
        known["retries"] = sorted(Retries.model_fields)
        known["checkpoints"] = sorted(CheckpointPolicy.model_fields)
        known["checkpoints.keep"] = sorted(Keep.model_fields)
        known["hang"] = sorted(HangWatch.model_fields)
        raise positioned(name, config, problems_of(error, known=known)) from None
    if destinations.KEY in config.places and wish.checkpoints is not None and wish.checkpoints.to is not None:
        found = destinations.fault(wish.checkpoints.to)
        if found is not None and "checkpoints" not in own:
            raise positioned(name, config, [found])
    return wish


@contextlib.contextmanager
def placed(request: SubmitRequest) -> Iterator[None]:
    """Let an error about a key that the request's config text says name the place in that text."""
    try:
        yield
    except (InvalidRequest, NotFound) as error:
        if request.config is None or not error.errors or error.errors[0].line is not None:
            raise
        text = request.config
        config = config_cell.read(text.text, name=text.name, keys=EVERY_KEY)
        own = request.model_dump(mode="json", exclude_unset=True, exclude={"config"})
        found = [_where_it_lacks(one, config) for one in error.errors]
        mine = [one for one in found if _has(config, one.key) and not _says(own, one.key)]
        if len(mine) < len(error.errors):
            raise
        raise positioned(text.name, config, mine, text=text.text) from None


def _has(config: config_cell.Config, path: str | None) -> bool:
    return path is not None and config.has(shorthands.written(path, config.places))


_LACKS = {"metric": ("params", "space"), "mode": ("metric",), "max_resource": ("searcher",)}  # and who needs it


def _where_it_lacks(problem: Problem, config: config_cell.Config) -> Problem:
    """The problem of a key that the text does not have, at the key that asks for it."""
    near = next((key for key in _LACKS.get(problem.key or "", ()) if config.has(key)), None)
    return problem if near is None or config.has(problem.key) else replace(problem, key=near)


def _says(own: Mapping[str, Any], path: str | None) -> bool:
    """Whether a request says the key itself, so that its config's word does not count."""
    top, _, rest = (path or "").partition(".")
    value = own.get(top)
    if isinstance(value, dict) and rest:
        return rest in value or rest.partition(".")[0] in value
    return value is not None


def positioned(name: str, config: config_cell.Config, problems: list[Problem], *, text: str = "") -> InvalidSpec:
    """These problems of a config, each at the line and column of its key.

    ``text``: of the config, where columns within values are to become columns of it.
    """
    placed = []
    for problem in problems:
        path = shorthands.written(problem.key or "", config.places)
        line, column = config.place(path)
        if problem.column is not None and line is not None and column is not None:
            column = config_cell.column_of_value(text, line, column, problem.column) or column
        words = problem.detail[:1].lower() + problem.detail[1:].removesuffix(".")
        placed.append(Problem(words, path, line, column, problem.hint))
    first = placed[0]
    place = f" line {first.line}, column {first.column}" if first.line is not None else ""
    end = "" if first.detail.endswith("?") else "."
    return InvalidSpec(f"{name}{place}: {first.key}: {first.detail}{end}", hint=first.hint, errors=placed)
