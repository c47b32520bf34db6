"""``jobs``: the list, newest first."""

from __future__ import annotations

import argparse
import time
from typing import Any

from jupyter_training.cli import say
from jupyter_training.cli.arguments import Parser, add_json, add_place, whole
from jupyter_training.cli.place import client_of, tell_standstill
from jupyter_training.errors import InvalidUsage, near_miss
from jupyter_training.kernel.card import ranked
from jupyter_training.kernel.wording import ago, all_archived, icon, number, ran_seconds, span_text

__all__ = ["arguments", "run"]

STATES = ("queued", "running", "paused", "succeeded", "failed", "canceled")
COLUMNS = (
    say.Column("id"),
    say.Column("name", folds=True),
    say.Column("state", is_state=True),
    say.Column("submitted", right=True),
    say.Column("ran", right=True),
    say.Column("metric"),
    say.Column("", folds=True),
)

_FIRST = "No trainings yet. To start one: jupyter training submit train.py"
_SEARCHES = "No trainings of their own; searches: jupyter training experiment list"
_TRIALS = "No job fits. The trials of a search are no part of this list: jupyter training experiment trials EXPERIMENT"
_UNDER_WAY = ("queued", "running")
_COUNTED = 100  # archived jobs that are counted where there are no others


def arguments(parser: Parser) -> None:
    parser.epilog = (
        "FILTER is a part of a name, and what tells jobs apart: state:failed tag:team=vision user:x pool:x\n"
        "notebook:x is:archived 'val_accuracy>0.9' 'lr<=0.1'. A - before a word negates it; put the whole into\n"
        "quotes then: jupyter training jobs 'state:failed -tag:old'."
    )
    parser.add_argument("filter", nargs="*", metavar="FILTER", help="only jobs that it fits")
    parser.add_argument("--state", metavar="STATE", action="append", default=[], help=f"one of {', '.join(STATES)}")
    parser.add_argument("--name", metavar="NAME", help="only jobs of exactly this name")
    parser.add_argument("--pool", metavar="POOL", help="only jobs of this pool")
    parser.add_argument("--user", metavar="USER", help="only jobs of this user")
    parser.add_argument("--archived", action="store_true", help="only jobs that were put away")
    parser.add_argument("-n", "--limit", metavar="N", type=whole, default=20, help="how many (20)")
    parser.add_argument("--after", metavar="CURSOR", help="go on where a page ended")
    add_json(parser)
    add_place(parser)


def run(options: argparse.Namespace) -> int:
    states = [state for text in options.state for state in text.split(",") if state]
    for state in states:
        if state not in STATES:
            close = near_miss(state, STATES)
            hint = f"Did you mean {close!r}?" if close else f"There is: {', '.join(STATES)}."
            raise InvalidUsage(f"There is no state {state!r}.", hint=hint)
    text = " ".join(options.filter) or None
    with client_of(options) as client:
        page = client.jobs(
            state=states,
            name=options.name,
            filter=text,
            pool=options.pool,
            user=options.user,
            archived=True if options.archived else None,
            after=options.after,
            limit=options.limit,
        )
        narrowed = any((states, options.name, text, options.pool, options.user, options.archived, options.after))
        all_of_them = not (narrowed or page["jobs"] or options.json)
        archived = client.jobs(archived=True, limit=_COUNTED) if all_of_them else None
        looks = all_of_them or not (page["jobs"] or options.json)
        searches = client.experiments(limit=1)["experiments"] if looks else []
        if not options.json and any(job["state"] in _UNDER_WAY and job["phase"] != "paused" for job in page["jobs"]):
            tell_standstill(client)
    if options.json:
        say.as_json(page)
        return 0
    empty = _TRIALS if searches and (text or options.name) else "No job fits."
    if archived is not None:
        empty = all_archived(archived, "jupyter training jobs --archived") or (_SEARCHES if searches else _FIRST)
    now = time.time()
    say.table(COLUMNS, [_row(job, now) for job in page["jobs"]], empty=empty)
    if page["next"] is not None:
        print(f"There are more: --after {page['next']}")
    return 0


def _row(job: dict[str, Any], now: float) -> tuple[str, ...]:
    ran = ran_seconds(job, now=now)
    return (
        job["id"],
        job["name"],
        f"{icon(job['phase'])} {job['phase']}",
        ago(job["submitted"], now=now),
        span_text(ran) if ran is not None else "",
        telling_metric(job),
        job["sentence"] if job["phase"] not in ("running", "succeeded") else "",
    )


def telling_metric(job: dict[str, Any]) -> str:
    """The metric that says most about a job, with its last value."""
    for name in ranked(job["metrics"]):
        return f"{name} {number(job['metrics'][name]['last'])}"
    return ""
