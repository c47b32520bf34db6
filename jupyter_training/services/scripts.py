"""A script's parameters and its submit, as they go over the wire. Only a server with a root folder can offer them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NoReturn

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from jupyter_training.errors import InvalidUsage

__all__ = ["ScriptParameter", "ScriptQuery", "ScriptSubmit", "ScriptView", "only_a_server"]

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


def only_a_server(*_given: Any) -> NoReturn:
    """In-process there is no root folder below which scripts would be named."""
    raise InvalidUsage(
        "Scripts are named below the root folder of a Jupyter server, and there is none here.",
        hint="Submit the file itself: `jupyter training submit train.py`.",
    )
