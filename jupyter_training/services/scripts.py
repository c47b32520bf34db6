"""A script's parameters: as they go over the wire, and whether it takes those that it is given.

Only a server with a root folder can offer the first, as scripts are named below it.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Any, Literal, NoReturn

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from jupyter_training.errors import InvalidSpec, InvalidUsage, Problem
from jupyter_training.languages import argparse_text, script_options
from jupyter_training.languages.script_options import Options
from jupyter_training.schema import SubmitRequest

__all__ = [
    "ScriptParameter",
    "ScriptQuery",
    "ScriptSubmit",
    "ScriptView",
    "check_params",
    "defaults_of",
    "only_a_server",
]

_LARGEST_READ = 200_000  # bytes; a longer script is not looked at, as nobody should wait for that

ScriptPath = Annotated[str, Field(min_length=1, max_length=4096, description="below the server's root folder")]


class ScriptQuery(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    path: ScriptPath


class ScriptParameter(BaseModel):
    """An argument of a script's argparse parser. ``flags`` is empty for one that goes by position."""

    model_config = ConfigDict(frozen=True)

    name: str
    flags: tuple[str, ...]
    type: Literal["str", "int", "float", "bool", "choice", "list"]
    default: JsonValue
    choices: tuple[JsonValue, ...] | None
    required: bool
    help: str | None


class ScriptView(BaseModel):
    """What a script's text says of its parameters; it was not run. ``notes``: what could not be read, in sentences."""

    model_config = ConfigDict(frozen=True)

    path: str
    parameters: tuple[ScriptParameter, ...]
    notes: tuple[str, ...]


class ScriptSubmit(BaseModel):
    """A script below the server's root folder. ``kernel``: the kernelspec whose interpreter runs it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: ScriptPath
    params: dict[str, JsonValue] = {}
    args: Annotated[tuple[str, ...], Field(max_length=1000)] = ()
    name: str | None = None
    pool: str | None = None
    priority: int | None = None
    kernel: Annotated[str, Field(max_length=200)] | None = None
    key: Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")] | None = None  # as a submit's


def check_params(content: bytes, path: str, names: Iterable[str]) -> None:
    """See that a script takes parameters of these names, where its text tells all that it takes.

    Raises:
        InvalidSpec: one of them is none of its options, with the near miss.
    """
    names = list(names)
    options = _options(content) if names and len(content) <= _LARGEST_READ else None
    if options is None:
        return
    problems = [_unknown(name, path, options) for name in names if not options.take(name)]
    if problems:
        words = "; ".join(one.detail for one in problems)
        raise InvalidSpec(f"{words}.", hint=problems[0].hint, errors=problems)


def _unknown(name: str, path: str, options: Options) -> Problem:
    close = options.near(name)
    hint = f"Did you mean {close}?" if close else f"It takes: {', '.join(options.names) or 'none'}."
    return Problem(f"{path} takes no parameter {name!r}", key=f"params.{name}", hint=hint)


def defaults_of(request: SubmitRequest) -> dict[str, JsonValue]:
    """What the parser of a request's script takes for what it is not given, as far as its text tells."""
    entry = request.entry
    text = next((one.text for one in request.files if one.path == entry.path), None)
    if entry.kind != "script" or text is None or len(text) > _LARGEST_READ:
        return {}
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return {}  # which its trials say
    return {one.name: one.default for one in argparse_text.read(tree).parameters if one.default is not None}


@lru_cache(maxsize=16)
def _options(content: bytes) -> Options | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an odd escape is the job's own business
        return script_options.read(ast.parse(content))


def only_a_server(*_given: Any) -> NoReturn:
    """In-process there is no root folder below which scripts would be named."""
    raise InvalidUsage(
        "Scripts are named below the root folder of a Jupyter server, and there is none here.",
        hint="Submit the file itself: `jupyter training submit train.py`.",
    )
