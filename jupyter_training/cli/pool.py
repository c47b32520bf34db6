"""``pool list`` and ``pool set``: capacity."""

from __future__ import annotations

import argparse

from jupyter_training.cli import say
from jupyter_training.cli.arguments import Parser, add_json, add_place, whole
from jupyter_training.cli.place import client_of

__all__ = ["arguments", "run"]

COLUMNS = (
    say.Column("pool"),
    say.Column("backend"),
    say.Column("slots", right=True),
    say.Column("used", right=True),
    say.Column("waiting", right=True),
    say.Column("policy"),
)


def arguments(parser: Parser) -> None:
    verbs = parser.add_verbs({"list": "every pool with what it uses", "set": "make a pool or change its slots"})
    verbs["set"].add_argument("name", metavar="NAME")
    verbs["set"].add_argument("--slots", metavar="N", type=whole, required=True, help="how many jobs of one slot run")
    verbs["set"].add_argument("--backend", metavar="NAME", default="local", help="where it runs them (local)")
    for one in verbs.values():
        add_json(one)
        add_place(one)


def run(options: argparse.Namespace) -> int:
    with client_of(options) as client:
        if options.action == "set":
            pools = client.set_pool(options.name, slots=options.slots, backend=options.backend)
        else:
            pools = client.pools()
    if options.json:
        say.as_json({"pools": pools})
        return 0
    rows = [
        (pool["name"], pool["backend"], *(str(pool[key]) for key in ("slots", "used", "queued")), pool["policy"])
        for pool in pools
    ]
    say.table(COLUMNS, rows, empty="There is no pool yet; the dispatcher makes one for this machine.")
    return 0
