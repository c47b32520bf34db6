"""``queue`` and the verbs below it: what waits in which order and why, and how the order is changed."""

from __future__ import annotations

import argparse
import csv
import sys
import time
from typing import Any

from jupyter_training.cli import say
from jupyter_training.cli.arguments import Parser, add_json, add_place, amount, whole
from jupyter_training.cli.place import client_of, found, tell_standstill
from jupyter_training.client.client import Client
from jupyter_training.errors import from_problem
from jupyter_training.kernel import queue_words
from jupyter_training.kernel.commands import Option
from jupyter_training.kernel.line_verbs import VERBS as MAGICS

__all__ = ["CSV", "arguments", "run"]

_BELOW = {
    "update": "change one thing of a job's place",
    "update-batch": "change several jobs' places, a result for each item",
    "after": "let a waiting job start once others have succeeded",
}
_ITEMS = (
    "An ITEM is JOB.OPERATION=VALUE, and OPERATION an option of `queue update` without its dashes:\n"
    "  jupyter training queue update-batch a.priority=1 b.resource-pool=lab c.ahead-of=a d.top\n"
    "The last dot before an operation divides the job from it. Items are carried out one after the other."
)
_ROOM_FOR_WHY = 60  # characters
_NAME = 3  # its place among the columns
_JOB = "an id or the start of one, a name (its newest job), or last"

# What --csv has of each job, by the names that --json has. They stay; new ones come behind them.
CSV = (
    "pool", "ahead", "job", "type", "name", "priority", "aged", "weight", "submitted", "waiting_since", "acquired",
    "slots", "gpus", "devices", "state", "phase", "user", "sentence", "start_low", "start_high", "start_note",
)  # fmt: skip


def arguments(parser: Parser) -> None:
    verbs = parser.add_verbs(_BELOW, alone=True)
    for option in MAGICS["queue"].options:
        _add(parser, option)
    form = parser.add_mutually_exclusive_group()
    add_json(form)
    form.add_argument("--csv", action="store_true", help="print CSV, a line for each job")
    verbs["update"].add_argument("job", metavar="JOB", help=_JOB)
    for option in MAGICS["queue update"].options:
        _add(verbs["update"], option)
    verbs["update"].epilog = "Exactly one of the options is given; each job may be named as JOB is."
    verbs["update-batch"].add_argument("items", metavar="ITEM", nargs="+", help="JOB.OPERATION=VALUE")
    verbs["update-batch"].add_argument("--atomic", action="store_true", help="all of them or none")
    verbs["update-batch"].epilog = _ITEMS
    verbs["after"].add_argument("job", metavar="JOB", help=_JOB)
    verbs["after"].add_argument("others", metavar="OTHER", nargs="*", help="without one it waits for none any more")
    for one in verbs.values():
        add_json(one)
    for one in (parser, *verbs.values()):
        add_place(one)


def run(options: argparse.Namespace) -> int:
    with client_of(options) as client:
        if options.action == "update":
            return _update(client, options)
        if options.action == "update-batch":
            return _update_batch(client, options)
        if options.action == "after":
            return _after(client, options)
        return _look(client, options)


def _look(client: Client, options: argparse.Namespace) -> int:
    names = [pool["name"] for pool in client.pools()] if options.all_pools else [options.pool]
    limit = 100 if options.limit is None else options.limit
    pages = [queue_words.read(client, name, limit=limit, reverse=options.reverse) for name in names]
    if options.json:
        say.as_json({"queues": pages} if options.all_pools else pages[0])
        return 0
    if options.csv:
        _as_csv(pages)
    for place, page in enumerate(pages):
        if not options.csv:
            _table(page, above=place > 0)
        rest = queue_words.more(page, len(page["rows"]), "jupyter training queue --limit", reverse=options.reverse)
        if rest:
            # A file of some of them would look like one of all.
            print(rest, file=sys.stderr if options.csv else sys.stdout)
    if any(page["rows"] for page in pages):
        tell_standstill(client)
    return 0


def _table(page: dict[str, Any], *, above: bool) -> None:
    if above:
        print()
    print(queue_words.heading(page))
    columns = [
        say.Column(
            title,
            right=title in ("#", "Priority", "Weight", "Submitted", "Slots"),
            folds=title in ("Name", "Why"),
            is_state=title == "State",
        )
        for title in queue_words.titles(page)
    ]
    now = time.time()
    rows = [queue_words.row_cells(page, row, now=now, whole_id=True) for row in page["rows"]]
    room = say.width()
    if rows and room is not None and room - say.widths_of(columns[:-1], [row[:-1] for row in rows]) < _ROOM_FOR_WHY:
        # A column that says little helps nobody: why they wait stands below then, by their names.
        say.table(columns[:-1], [row[:-1] for row in rows], empty="")
        say.facts((row[_NAME], row[-1]) for row in rows)
    else:
        say.table(columns, rows, empty="Nothing waits or runs.")


def _as_csv(pages: list[dict[str, Any]]) -> None:
    out = csv.DictWriter(sys.stdout, CSV, extrasaction="ignore", lineterminator="\n")
    out.writeheader()
    for page in pages:
        for row in page["rows"]:
            start = row["start"] or {"low": None, "high": None}
            given = {"start_low": start["low"], "start_high": start["high"], "devices": " ".join(row["devices"])}
            out.writerow({**row, **given, "pool": page["pool"]["name"]})


def _update(client: Client, options: argparse.Namespace) -> int:
    asked = queue_words.chosen(vars(options))
    job = client.move(options.job, **asked)
    if options.json:
        say.as_json(job)
    else:
        print(f"{job['id']}  {job['name']}  {_sentence(queue_words.moved(job, asked))}")
    return 0


def _update_batch(client: Client, options: argparse.Namespace) -> int:
    """Every item is tried, also when another one is refused; 3 if one was, or what the one item's refusal is."""
    results = client.move_all(options.items, atomic=options.atomic)
    refused = [one for one in results if not one["ok"]]
    if options.json:
        say.as_json({"results": results})
    elif refused and len(results) == 1:
        raise from_problem(refused[0]["problem"])
    for item, one in zip(options.items, results, strict=True):
        if one["ok"] and not options.json:
            print(f"{item}  {queue_words.became(item, one)}")
        elif not one["ok"]:
            print(f"{item}  {queue_words.became(item, one)}", file=sys.stderr)
    if refused and len(results) > 1:
        print(queue_words.refusal(len(refused), len(results), atomic=options.atomic), file=sys.stderr)
    return 3 if refused else 0


def _after(client: Client, options: argparse.Namespace) -> int:
    (job,) = found(client, [options.job])
    view = client.set_after(job["id"], options.others)
    if options.json:
        say.as_json(view)
    else:
        print(f"{view['id']}  {view['name']}  {_sentence(queue_words.starts_after(view))}")
    return 0


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _add(parser: argparse._ActionsContainer, option: Option) -> None:
    """An option of the magic's table in argparse's terms, but for those of a notebook alone."""
    if option.name == "quiet":
        return
    if option.kind == "switch":
        parser.add_argument(*option.flags, action="store_true", help=option.help)
        return
    kind = {"whole": whole, "amount": amount}.get(option.kind, str)
    parser.add_argument(*option.flags, metavar=option.metavar, type=kind, help=option.help)
