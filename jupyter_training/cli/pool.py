"""``pool list``, ``add``, ``set`` and ``remove``: capacity, and the policy by which it is given out."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from typing import Any

from jupyter_training.cli import say
from jupyter_training.cli.arguments import Parser, add_json, add_place, whole
from jupyter_training.cli.options import assigned
from jupyter_training.cli.place import client_of
from jupyter_training.errors import InvalidUsage
from jupyter_training.kernel.queue_words import pool_remark

__all__ = ["arguments", "run"]

COLUMNS = (
    say.Column("pool"),
    say.Column("backend"),
    say.Column("slots", right=True),
    say.Column("gpus", right=True),
    say.Column("waiting", right=True),
    say.Column("policy"),
    say.Column("preemption"),
    say.Column("default"),
)

_KEYS = ("backend", "slots", "gpus", "devices", "cpus", "memory", "policy", "preemption", "victim", "aging")


def arguments(parser: Parser) -> None:
    verbs = parser.add_verbs(
        {
            "list": "every pool with what it uses",
            "add": "make a pool",
            "set": "change what is given of a pool",
            "remove": "remove a pool in which no job waits or runs",
        }
    )
    for verb in ("add", "set", "remove"):
        verbs[verb].add_argument("name", metavar="NAME")
    for verb in ("add", "set"):
        _add_values(verbs[verb])
    for one in verbs.values():
        add_json(one)
        add_place(one)


def run(options: argparse.Namespace) -> int:
    with client_of(options) as client:
        if options.action in ("add", "set"):
            pools = client.set_pool(options.name, **_given(options))
        elif options.action == "remove":
            pools = client.remove_pool(options.name)
        else:
            pools = client.pools()
    if options.json:
        say.as_json({"pools": pools})
        return 0
    say.table(COLUMNS, [_row(pool) for pool in pools], empty="There is no pool yet; the dispatcher makes one.")
    for pool in pools:
        for words in filter(None, (pool["note"], pool_remark(pool))):
            print(f"{pool['name']}: {words}")
    return 0


def _add_values(parser: Parser) -> None:
    add = parser.add_argument
    add(
        "--slots",
        metavar="N",
        type=whole,
        help="how many jobs of one slot run (one per GPU, else per CPU); of a service: at most so many",
    )
    add("--gpus", metavar="N", type=whole, help="how many GPUs: the machine's first ones")
    add("--devices", metavar="IDS", help="which GPUs, as CUDA_VISIBLE_DEVICES names them: 0,1 or UUIDs")
    add("--cpus", metavar="X", type=_number, help="CPUs that jobs may ask for; 0: not counted")
    add("--memory", metavar="SIZE", help="memory that jobs may ask for, e.g. 64G; 0: not counted")
    add("--policy", metavar="NAME", help="priority (each job in its turn) or fair-share (shares by weight)")
    add("--preemption", metavar="on|off", type=_switch, help="whether running jobs make room for better ones")
    add("--victim", metavar="WHICH", help="who makes room: last (the last in the queue) or cheapest (who loses least)")
    add("--aging", metavar="SPAN", help="after each such wait a job counts one priority better, e.g. 30m; or off")
    add("--default", action="store_true", help="jobs that name no pool go here")
    add("--found", action="store_true", help="its capacity is what the machine or the service has")
    add("--backend", metavar="NAME", help="where it runs them (local)")
    add(
        "--option", metavar="KEY=VALUE", type=assigned, action="append", help="of its backend, as instance=ml.g5.xlarge"
    )


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """What the options say of the pool.

    Raises:
        InvalidUsage: a change that changes nothing.
    """
    given = {key: getattr(options, key) for key in _KEYS if getattr(options, key) is not None}
    if "devices" in given:
        given["devices"] = [word.strip() for word in given["devices"].split(",") if word.strip()]
    if options.option:
        given["options"] = dict(options.option)
    if options.default:
        given["is_default"] = True
    if options.found:
        given["is_found"] = True
    if options.action == "set" and not given:
        raise InvalidUsage(
            "pool set needs what to set.", hint=f"e.g. jupyter training pool set {options.name} --slots 2"
        )
    return {**given, "is_new": options.action == "add"}


def _row(pool: Mapping[str, Any]) -> tuple[str, ...]:
    gpus = len(pool["devices"])
    return (
        pool["name"],
        pool["backend"],
        f"{pool['used']}/{pool['slots']}",
        f"{gpus - len(pool['free_devices'])}/{gpus}" if gpus else "",
        str(pool["queued"]),
        pool["policy"].replace("_", "-"),
        "on" if pool["preemption"] else "off",
        "yes" if pool["is_default"] else "",
    )


def _switch(text: str) -> bool:
    if text not in ("on", "off"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither on nor off")
    return text == "on"


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return value
