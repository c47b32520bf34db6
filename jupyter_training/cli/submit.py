"""``submit SCRIPT key=value ...``: the options of ``%%train``, from a shell."""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_training.cli import say
from jupyter_training.cli.arguments import Parser, add_json, add_place, pair, whole
from jupyter_training.cli.place import client_of
from jupyter_training.client.client import Client
from jupyter_training.client.handle import Handle
from jupyter_training.errors import InvalidSpec, InvalidUsage, Problem, near_miss
from jupyter_training.kernel.commands import CELL, Option
from jupyter_training.kernel.values import literal

if TYPE_CHECKING:
    from jupyter_training.languages.config_cell import Config

__all__ = ["arguments", "run"]

# Those options of the cell magic that are a job's own; what a shell does differently stands below.
_ELSEWHERE = frozenset(
    {"backend", "detach", "env", "folder", "if_exists", "metrics", "o", "once", "pass_env", "python", "quiet", "take"}
    | {"wait"}
)
_SHARED = tuple(option for option in CELL.options if option.key and option.name not in _ELSEWHERE)
_PARAMETER = re.compile(r"([A-Za-z_][\w.-]*)=(.*)\Z", re.DOTALL)


def arguments(parser: Parser) -> None:
    parser.usage = "%(prog)s SCRIPT [key=value ...] [options] [-- ARGUMENT ...]"
    parser.epilog = (
        "Parameters arrive as --key value: lr=0.1 becomes --lr 0.1. Values are read as numbers,\n"
        "true, false, null, quoted texts, lists and dicts; anything else is a text. What stands\n"
        "behind -- goes to the script as it is. Local modules that the script imports travel with it."
    )
    parser.takes_rest = True
    parser.add_argument("words", nargs="*", metavar="SCRIPT key=value", help="the script, and its parameters")
    job = parser.add_argument_group("the job")
    for option in _SHARED:
        job.add_argument(*option.flags, **_shared(option))
    job.add_argument("--metrics", metavar="auto|off", choices=("auto", "off"), help="read metrics from printed lines")
    job.add_argument("-f", "--config", metavar="FILE", help="a YAML file with any of these keys; options win over it")
    job.add_argument("--key", metavar="TEXT", help="repeating a submit with the same key gives the first job")
    around = parser.add_argument_group("its environment")
    around.add_argument("--python", metavar="PATH", help="the interpreter that runs it (default: this command's own)")
    around.add_argument("--folder", metavar="FOLDER", help="its working folder (default: the current one)")
    repeated: dict[str, Any] = {"action": "append", "default": []}
    around.add_argument("--env-var", metavar="NAME=VALUE", type=pair, help="a variable, kept with the job", **repeated)
    around.add_argument("--pass-env", metavar="NAME", help="hand a variable's value over, not kept", **repeated)
    after = parser.add_argument_group("afterwards")
    after.add_argument("--wait", action="store_true", help="stay until it has ended; exit code 1 if it fails")
    after.add_argument("--follow", action="store_true", help="like --wait, with its output")
    add_json(after)
    add_place(parser)


def run(options: argparse.Namespace) -> int:
    script, params = _words(options.words)
    wish: dict[str, Any] = {name: getattr(options, name) for name in (option.name for option in _SHARED)}
    wish["tags"] = dict(wish.pop("tag") or []) or None
    around = {"python": options.python, "folder": options.folder, "kind": None, "variables": {}, "pass_env": []}
    if options.config is not None:
        wish["config"] = _config(options.config)
        around = _around(wish["config"], around)
    with client_of(options) as client:
        handle = client.submit(
            script,
            *options.rest,
            params=params,
            metrics=options.metrics,
            env={**around["variables"], **dict(options.env_var)},
            pass_env=[*around["pass_env"], *(name for text in options.pass_env for name in text.split(",") if name)],
            environment=around["kind"],
            python=around["python"],
            folder=around["folder"],
            key=options.key,
            origin={"client": "cli"},
            **wish,
        )
        if not (options.wait or options.follow):
            view = client.job(handle.id)
            if options.json:
                say.as_json(view)
            else:
                print(f"{view['id']}  {view['name']}  {view['phase']}. {_next(view)}")
            return 0
        print(f"{handle.id}  {handle.name}  submitted", file=sys.stderr)
        return _stay(client, handle, follow=options.follow, as_json=options.json)


def _stay(client: Client, handle: Handle, *, follow: bool, as_json: bool) -> int:
    from jupyter_training.cli.wait import detaching, stay

    if follow:
        with detaching(handle.name, handle.id):
            for text in handle.follow():
                print(text, end="", flush=True, file=sys.stderr if as_json else sys.stdout)
    return stay(client, [handle.id], timeout=None, as_json=as_json, quiet=follow or as_json)


def _next(view: dict[str, Any]) -> str:
    """What can be typed now."""
    return f"To follow it: jupyter training logs -f {view['id'][:6]}"


def _words(words: list[str]) -> tuple[str, dict[str, object]]:
    """The script and its parameters.

    Raises:
        InvalidUsage: a word that is none of these, or a value that can't be read.
    """
    scripts = [word for word in words if _PARAMETER.match(word) is None]
    if not scripts:
        raise InvalidUsage("submit needs the path of a script.", hint="E.g. jupyter training submit train.py lr=0.1")
    if len(scripts) > 1:
        raise InvalidUsage(
            f"{scripts[1]!r} is neither an option nor key=value.", hint="Arguments of the script stand behind --."
        )
    params: dict[str, object] = {}
    for word in words:
        match = _PARAMETER.match(word)
        if match is None:
            continue
        name, text = match.groups()
        if name in params:
            raise InvalidUsage(f"{name} is given twice.")
        try:
            params[name] = literal(text)
        except ValueError as error:
            raise InvalidUsage(f"{name}: {error}.") from None
    return scripts[0], params


def _config(file: str) -> dict[str, str]:
    try:
        return {"text": Path(file).read_text("utf-8"), "name": Path(file).name}
    except OSError as error:
        raise InvalidUsage(f"The config {file!r} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InvalidUsage(f"The config {file!r} is not UTF-8 text.") from None


def _around(config: dict[str, str], given: dict[str, Any]) -> dict[str, Any]:
    """The environment that a config asks for, under what was given on the command line.

    Read here and not by the server: interpreter, folder and secrets are this side's.

    Raises:
        InvalidSpec: the text is no config, or its environment has an unknown key or a value of the wrong kind.
    """
    from jupyter_training.languages import config_cell
    from jupyter_training.services.submit import CONFIG_KEYS, SHORTHANDS

    read = config_cell.read(config["text"], name=config["name"], keys=CONFIG_KEYS | SHORTHANDS)
    asked = read.values.get("environment") or {}
    kinds: dict[str, tuple[type, str]] = {
        "kind": (str, "a text"),
        "python": (str, "a path"),
        "folder": (str, "a path"),
        "variables": (dict, "a mapping"),
        "pass_env": (list, "a list of names"),
    }
    if not isinstance(asked, dict):
        raise _misplaced(read, config["name"], "environment", "it must be a mapping")
    for key, value in asked.items():
        if key not in kinds:
            close = near_miss(key, kinds)
            hint = f"Did you mean {close!r}?" if close else f"Known: {', '.join(kinds)}."
            raise _misplaced(read, config["name"], f"environment.{key}", "there is no such key", hint)
        if value is not None and not isinstance(value, kinds[key][0]):
            raise _misplaced(read, config["name"], f"environment.{key}", f"it must be {kinds[key][1]}")
    kept = {key: value for key, value in asked.items() if value is not None}
    return {**given, **kept, **{key: value for key, value in given.items() if value}}


def _misplaced(read: Config, name: str, key: str, words: str, hint: str | None = None) -> InvalidSpec:
    line, column = read.place(key)
    place = f"{name} line {line}, column {column}: {key}: {words}."
    return InvalidSpec(place, hint=hint, errors=[Problem(words, key, line, column, hint)])


def _shared(option: Option) -> dict[str, Any]:
    """An option of the magics' table in argparse's terms."""
    text = "the job's name (default: the script's)" if option.name == "name" else option.help
    told: dict[str, Any] = {"metavar": option.metavar, "help": text.replace("%", "%%"), "default": None}
    if option.kind == "whole":
        told["type"] = whole
    elif option.kind == "number":
        told["type"] = _number
    elif option.kind == "pair":
        told.update(type=pair, action="append")
    return told


def _number(text: str) -> float:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not math.isfinite(found):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return found
