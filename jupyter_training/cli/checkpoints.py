"""``checkpoints``: what a job has saved, and another policy for what of it is kept."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

from jupyter_training.cli import asking, say
from jupyter_training.cli.arguments import Parser, add_job, add_json, add_place, whole
from jupyter_training.cli.place import client_of, found
from jupyter_training.kernel.policies import KEEPS, folded, removed_text
from jupyter_training.kernel.wording import ago, bytes_text, number, span_text

__all__ = ["arguments", "run"]

_NAMED = 10  # checkpoints in a question


def arguments(parser: Parser) -> None:
    parser.epilog = (
        "With one of --keep-... another policy holds from then on: what would go is listed, and goes once you\n"
        "have agreed. A job that may still go on keeps its two newest checkpoints."
    )
    add_job(parser)
    parser.add_argument("--all", action="store_true", help="also each of those that were removed")
    policy = parser.add_argument_group("what is kept")
    policy.add_argument("--keep-latest", metavar="N", type=whole, help="so many of the newest")
    policy.add_argument("--keep-best", metavar="N", type=whole, help="so many of the best")
    policy.add_argument(
        "--keep-experiment-best",
        metavar="N",
        type=whole,
        help="so many of the best of its experiment; of the job alone where it belongs to none",
    )
    policy.add_argument("--metric", metavar="NAME", help="what makes a checkpoint a good one")
    policy.add_argument("--mode", metavar="min|max", choices=("min", "max"), help="which value of it is better")
    policy.add_argument("-y", "--yes", action="store_true", help="do not ask")
    add_json(parser)
    add_place(parser)


def run(options: argparse.Namespace) -> int:
    with client_of(options) as client:
        (job,) = found(client, [options.job])
        listed = client.checkpoints(job["id"])
        wished = {key: getattr(options, name) for name, key in KEEPS.items() if getattr(options, name) is not None}
        if wished or options.metric or options.mode:
            how = {"metric": options.metric, "mode": options.mode}
            keep = {**listed["keep"], **wished}
            told = client.retention(job["id"], keep, **how)
            if told["go"]:
                asking.agree(_question(job, told), yes=options.yes, would=_would(job, told["go"]))
            done = client.retention(job["id"], keep, **how, apply=True)
            if options.json:
                say.as_json(done)
            else:
                print(_done(job, done))
            return 0
    if options.json:
        say.as_json(listed)
        return 0
    _print(job, listed, removed_too=options.all)
    return 0


def _print(job: dict[str, Any], listed: dict[str, Any], *, removed_too: bool) -> None:
    shown, removed = folded(listed["checkpoints"], everything=removed_too)
    now = time.time()
    columns = (
        say.Column("step", right=True),
        say.Column("name"),
        say.Column("saved", right=True),
        say.Column("size", right=True),
        say.Column("took", right=True),
        say.Column(listed["metric"] or "metric", right=True),
        say.Column("attempt", right=True),
        say.Column("state"),
        say.Column("where", folds=True),
    )
    rows = [
        (
            number(one["step"]),
            one["name"],
            ago(one["created"], now=now),
            bytes_text(one["size"]),
            span_text(one["seconds"]) if one["seconds"] is not None else "",
            number(one["metric"]) if one["metric"] is not None else "",
            str(one["attempt"]) if one["attempt"] else "another job's",
            {"corrupt": "damaged", "deleted": "removed"}.get(one["state"], one["state"]),
            one["place"] or ("this machine" if one["state"] == "kept" else ""),
        )
        for one in shown
    ]
    empty = f"{job['name']} has {'no checkpoint any more' if removed else 'saved no checkpoint'}."
    say.table(columns, rows, empty=empty)
    if removed:
        print(f"{removed_text(removed)} (--all lists them)")


def _question(job: dict[str, Any], told: dict[str, Any]) -> str:
    lines = [f"  step {one['step']}  {one['name']}  {bytes_text(one['size'])}" for one in told["go"][:_NAMED]]
    if len(told["go"]) > _NAMED:
        lines.append(f"  and {len(told['go']) - _NAMED} more")
    head = f"{_would(job, told['go'])} It frees {bytes_text(told['bytes'])}."
    return "\n".join([head, *lines, "Remove them?"])


def _would(job: dict[str, Any], going: Sequence[dict[str, Any]]) -> str:
    count = f"{len(going)} checkpoint{'' if len(going) == 1 else 's'}"
    return f"{count} of {job['name']} {job['id'][:6]} would be removed for good."


def _done(job: dict[str, Any], done: dict[str, Any]) -> str:
    count = len(done["go"])
    if not count:
        return f"{job['id']}  {job['name']}  Its policy is changed; nothing of it goes."
    gone = "removed" if job["ended"] is not None else "being removed"
    what = f"{count} checkpoint{'' if count == 1 else 's'} {gone}, {bytes_text(done['bytes'])}"
    return f"{job['id']}  {job['name']}  {what}."
