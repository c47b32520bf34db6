"""``schema``: the JSON Schema of what ``--json`` prints and of what a submit sends."""

from __future__ import annotations

import argparse
import inspect
from typing import TYPE_CHECKING

from jupyter_training.cli import say
from jupyter_training.cli.arguments import Parser
from jupyter_training.errors import NotFound, near_miss

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["arguments", "run"]


def arguments(parser: Parser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="a shape, like JobView; else all of them")
    parser.add_argument("--list", action="store_true", help="only the names")


def run(options: argparse.Namespace) -> int:
    from pydantic.json_schema import models_json_schema

    known = _models()
    if options.list:
        for name, model in known.items():
            first = (inspect.getdoc(model) or "").partition("\n")[0]
            print(f"{name.ljust(18)}{first if model.__doc__ else ''}".rstrip())
        return 0
    if options.name is not None:
        if options.name not in known:
            close = near_miss(options.name, [name.lower() for name in known])
            match = next((name for name in known if name.lower() == close), None)
            hint = f"Did you mean {match}?" if match else f"There is: {', '.join(known)}."
            raise NotFound(f"There is no shape {options.name!r}.", hint=hint)
        say.as_json(known[options.name].model_json_schema())
        return 0
    _, document = models_json_schema([(model, "serialization") for model in known.values()], title="jupyter-training")
    say.as_json(document)
    return 0


def _models() -> dict[str, type[BaseModel]]:
    from jupyter_training import schema

    named = ((name, getattr(schema, name)) for name in schema.__all__)
    return {name: one for name, one in named if isinstance(one, type)}  # the words for a choice are no shape
