"""What a config text says, read and judged by itself: before any code goes with it."""

from __future__ import annotations

import keyword
import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from jupyter_training.core.resources import Resources
from jupyter_training.errors import InvalidRequest, NotFound, Problem, TrainingError
from jupyter_training.languages import config_cell, shorthands
from jupyter_training.schema import ConfigText, ConfigView, SubmitRequest
from jupyter_training.services import bundle, options, placing, search_reading, searches, submit
from jupyter_training.services.config_text import CLIENT_KEYS, EVERY_KEY, positioned, with_config
from jupyter_training.services.problems import problems_of
from jupyter_training.services.site import Site
from jupyter_training.store import views

__all__ = ["config"]

# A config text alone has no code; with this it can be judged as a request can.
_STAND_IN = {
    "key": "config-check",
    "entry": {"kind": "cell", "path": "cell.py"},
    "files": [{"path": "cell.py", "text": "pass"}],
}
_KEY = re.compile(r"([a-z_]+(?:\.\w+)*)(?:: |(?= looks ))")
_OF_A_SEARCH = frozenset({"params", *search_reading.KEYS})  # whose faults come with keys, and columns within values
_SEAMS = {"backend": "backend", "launcher": "launcher", "environment": "environment.kind"}


def _switch(value: object) -> object:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false")
    return value


def _variable(value: object) -> object:
    if not isinstance(value, str) or not value.isidentifier() or keyword.iskeyword(value):
        raise ValueError(f"{value!r} is not a variable's name")
    return value


def _folder(value: object) -> object:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("it must be a folder's path")
    return value


def _listed(value: object) -> object:
    """``take: X, y`` is as good as ``take: [X, y]``."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


_Variable = Annotated[str, BeforeValidator(_variable)]
_Switch = Annotated[bool, BeforeValidator(_switch)]


class _OwnKeys(BaseModel):
    """What a config says to the side that submits (``config_text.CLIENT_KEYS``)."""

    model_config = ConfigDict(frozen=True)

    context: Annotated[str, BeforeValidator(_folder)] | None = None
    take: Annotated[tuple[_Variable, ...], BeforeValidator(_listed)] = ()
    out: _Variable | None = None
    wait: _Switch | None = None
    detach: _Switch | None = None
    quiet: _Switch | None = None


def config(site: Site, text: ConfigText) -> ConfigView:
    """The keys of a config text as they were understood, with resources in one place, and where each was written.

    A pool that it names must exist and be able to hold the job; plug-ins must be installed.

    Raises:
        InvalidSpec: with line and column in the text.
    """
    read = config_cell.read(text.text, name=text.name, keys=EVERY_KEY)
    try:
        own = _OwnKeys.model_validate({key: read.values[key] for key in CLIENT_KEYS & read.values.keys()})
    except ValidationError as error:
        raise positioned(text.name, read, problems_of(error)) from None
    try:
        merged = with_config(SubmitRequest.model_validate({**_STAND_IN, "config": text}))
        _judge(site, merged)
    except (InvalidRequest, NotFound) as error:
        if error.errors and error.errors[0].line is not None:
            raise
        of_a_search = error.errors and (error.errors[0].key or "").partition(".")[0] in _OF_A_SEARCH
        problems = list(error.errors) if of_a_search else [_problem(error, text.name)]
        raise positioned(text.name, read, problems, text=text.text) from None
    given = merged.model_dump(mode="json", exclude_unset=True, exclude={*_STAND_IN, "config", "origin", "secrets"})
    values = {key: value for key, value in given.items() if value is not None}
    said: dict[str, Any] = own.model_dump(mode="json", exclude_unset=True)
    # Also by what a short key stands for, as errors that come later speak of that.
    places = {**{shorthands.meant(key): place for key, place in read.places.items()}, **read.places}
    return ConfigView(values={**values, **said}, places=places)


def _judge(site: Site, request: SubmitRequest) -> None:
    """See that a job with these keys could be had, whatever its code is."""
    searches.check_parts(request)
    passed = request.environment.pass_env if request.environment else ()
    some = {"secrets": dict.fromkeys(passed, ""), "params": search_reading.parted(request).params}
    pools = views.pools(site.store)
    backend = options.backend_of(pools, request.pool, request.backend)
    spec = submit.spec_of(request.model_copy(update=some), bundle.listed({"cell.py": b"pass"}), backend=backend)
    submit.check_plugins(spec)
    is_named = request.pool is not None or request.backend is not None
    if request.pool is None and request.backend is not None and _has_options(site, request.backend):
        options.check_shape(site, request.backend, spec.options)  # its pool follows from all options together
        return
    pool = placing.known_pool(pools, placing.pool_of(pools, request.pool, request.backend))
    if is_named:
        options.check_shape(site, pool.backend, spec.options)
    # Where no pool is named, it is said elsewhere which one must hold it.
    placing.check_fit(pool, spec.resources if is_named else Resources(slots=0))
    if is_named:
        placing.check_order(pool, priority=request.priority, weight=request.weight)


def _has_options(site: Site, backend: str) -> bool:
    return bool(options.wishes_of(site, backend).Options.model_fields)


def _problem(error: TrainingError, name: str) -> Problem:
    """The error as a problem of the key that it speaks of."""
    words = error.detail.removeprefix(f"{name}: ").removesuffix(".")
    key = error.errors[0].key if error.errors else None
    found = _KEY.match(words)
    if found is not None:
        key, words = key or found[1], words[found.end() :].lstrip()
    if key is None and error.code == "unknown_plugin":
        key = next((path for noun, path in _SEAMS.items() if f" {noun} " in words), None)
    return Problem(words[:1].lower() + words[1:], key=key, hint=error.hint)
