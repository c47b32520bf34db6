"""``fork``, ``continue`` and ``resume``: from a job that is there to the next one, or to more of it."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from jupyter_training.cli import say
from jupyter_training.cli.arguments import Parser, add_json, add_place, amount
from jupyter_training.cli.options import add, said
from jupyter_training.cli.parameters import config_of, split
from jupyter_training.cli.place import client_of, found
from jupyter_training.client.client import Client
from jupyter_training.errors import InvalidUsage
from jupyter_training.kernel.commands import BACKEND, SERVED

__all__ = ["arguments", "run"]

_EPILOGS = {
    "fork": "A new job with the same code and config; what is given here is edited. No weights go along.",
    "continue": "A new job with the same code and config that begins with a checkpoint of the old one: the newest,\n"
    "or that of --checkpoint.",
    "resume": "The same job goes on from its last checkpoint, with the same record: checkpoint.steps(n) in its code\n"
    "means n more steps.",
}


def arguments(parser: Parser) -> None:
    verb = parser.get_default("verb")
    parser.usage = "%(prog)s JOB [key=value ...] [options]"
    parser.epilog = _EPILOGS[verb]
    parser.add_argument("words", nargs="+", metavar="JOB key=value", help="the job, and parameters that change")
    if verb == "continue":
        parser.add_argument("--checkpoint", metavar="STEP", help="this one, by its step or name (the newest)")
    if verb != "resume":
        parser.add_argument("--name", metavar="NAME", help="its name (that of the old one)")
        parser.add_argument("-f", "--config", metavar="FILE", help="a YAML file with any of a job's keys")
        parser.add_argument("--pool", metavar="POOL", help="where it waits and runs")
        add(parser, [BACKEND])
        add(parser.add_argument_group("where a service runs it; these replace the old job's"), SERVED)
        parser.add_argument("--priority", metavar="N", type=amount, help="1 to 99, smaller goes first")
        parser.add_argument("--weight", metavar="W", type=amount, help="its share in a pool that shares fairly")
        parser.add_argument("--key", metavar="TEXT", help="repeating it with the same key gives the first job")
    parser.add_argument("--wait", action="store_true", help="stay until it has ended; exit code 1 if it fails")
    add_json(parser)
    add_place(parser)


def run(options: argparse.Namespace) -> int:
    names, params = split(options.words)
    if len(names) != 1:
        raise InvalidUsage(f"{options.verb} takes one job, and parameters as key=value.")
    with client_of(options) as client:
        (job,) = found(client, names)
        if options.verb == "resume":
            result = client.resume(job["id"], params=params)
        else:
            edited: dict[str, Any] = {
                "params": params,
                "name": options.name,
                "config": config_of(options.config) if options.config is not None else None,
                "pool": options.pool,
                **said(options, (BACKEND, *SERVED)),
                "priority": options.priority,
                "weight": options.weight,
                "origin": {"client": "cli"},
                "key": options.key,
            }
            if options.verb == "continue":
                result = client.continue_from(job["id"], checkpoint=options.checkpoint, **edited)
            else:
                result = client.fork(job["id"], **edited)
        return _told(client, result, waits=options.wait, as_json=options.json)


def _told(client: Client, result: dict[str, Any], *, waits: bool, as_json: bool) -> int:
    """Say what became of the wish; with ``waits`` stay to the job's end, whose exit code it is then."""
    view = result["job"]
    if not as_json:
        for note in result["notes"]:
            print(note, file=sys.stderr)
    if waits:
        from jupyter_training.cli.wait import stay

        return stay(client, [view["id"]], timeout=None, as_json=as_json, quiet=as_json)
    if as_json:
        say.as_json(result)
    else:
        print(f"{view['id']}  {view['name']}  {view['phase']}. To follow it: jupyter training logs -f {view['id'][:6]}")
    return 0
