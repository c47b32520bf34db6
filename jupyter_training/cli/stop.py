"""``cancel`` and ``kill``: ask jobs to end, gently or at once."""

from __future__ import annotations

import argparse
import sys

from jupyter_training.cli import say
from jupyter_training.cli.arguments import Parser, add_job, add_json, add_place
from jupyter_training.cli.place import client_of, found
from jupyter_training.errors import from_problem

__all__ = ["arguments", "run"]


def arguments(parser: Parser) -> None:
    parser.epilog = (
        "cancel lets the code finish what it is doing: it is asked, then gets SIGTERM, and after its\n"
        "grace SIGKILL. kill is SIGKILL to all of its processes. Neither removes anything."
    )
    add_job(parser, several=True)
    add_json(parser)
    add_place(parser)


def run(options: argparse.Namespace) -> int:
    """Every job is asked, also when another one refuses; 3 if one did."""
    with client_of(options) as client:
        jobs = found(client, options.jobs)
        results = client.act(options.verb, *(job["id"] for job in jobs))
    if options.json:
        say.as_json({"results": results})
    for job, result in zip(jobs, results, strict=True):
        if result["ok"]:
            if not options.json:
                print(f"{result['id']}  {job['name']}  {result['job']['sentence']}")
        else:
            error = from_problem(result["problem"])
            print(f"{result['id']}  {job['name']}  {error}", file=sys.stderr)
    return 0 if all(result["ok"] for result in results) else 3
