"""Options of the magics' table on a command line: added to a parser, and read as a config has them."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterable
from typing import Any

from jupyter_training.cli.arguments import amount, pair, whole
from jupyter_training.errors import InvalidUsage
from jupyter_training.kernel.commands import Option
from jupyter_training.kernel.values import literal, span
from jupyter_training.kernel.wish import gathered

__all__ = ["add", "assigned", "said"]


def add(parser: argparse._ActionsContainer, options: Iterable[Option]) -> None:
    for option in options:
        parser.add_argument(*option.flags, **_told(option))


def said(given: argparse.Namespace, options: Iterable[Option]) -> dict[str, Any]:
    """What the command line says, nested by the keys of a config.

    Raises:
        InvalidUsage: a key is given twice, and differs; or an input is nowhere.
    """
    values = ((option, getattr(given, option.name)) for option in options)
    return gathered((one.key, _read(one, value)) for one, value in values if value is not None and value is not False)


def _told(option: Option) -> dict[str, Any]:
    """An option in argparse's terms."""
    text = "the job's name (default: the script's)" if option.name == "name" else option.help
    if option.kind == "switch":
        return {"action": "store_true", "help": text}
    told: dict[str, Any] = {"metavar": option.metavar, "help": text.replace("%", "%%"), "default": None}
    if option.kind == "whole":
        told["type"] = whole
    elif option.kind == "number":
        told["type"] = _number
    elif option.kind == "amount":
        told["type"] = amount
    elif option.kind == "pair":
        told.update(type=pair, action="append")
    elif option.kind == "assign":
        told.update(type=assigned, action="append")
    elif option.kind == "jobs":
        told["action"] = "append"
    if option.choices:
        told["choices"] = option.choices
    return told


def _read(option: Option, value: Any) -> object:
    """What argparse gives for an option, as a config has it."""
    if option.kind in ("pair", "assign"):
        found: dict[str, object] = {}
        for name, one in value:
            if found.get(name, one) != one:
                raise InvalidUsage(f"{option.flags[0]}: {name!r} is given twice.", hint="Leave one of them out.")
            found[name] = one
        return found
    if option.kind == "jobs":
        return [name for text in value for name in (one.strip() for one in text.split(",")) if name]
    if option.kind == "span":
        return span(value)
    return value


def assigned(text: str) -> tuple[str, object]:
    """``KEY=VALUE`` with the value as a literal."""
    key, given = pair(text)
    try:
        return key, literal(given)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{key}: {error}") from None


def _number(text: str) -> float:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not math.isfinite(found):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return found
