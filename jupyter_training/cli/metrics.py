"""``metrics``: the curves of a job, as a table with their shapes or as JSON with their points."""

from __future__ import annotations

import argparse
from typing import Any

from jupyter_training.cli import say
from jupyter_training.cli.arguments import Parser, add_job, add_json, add_place, whole
from jupyter_training.cli.place import client_of, found
from jupyter_training.cli.show import METRIC_COLUMNS, metric_rows
from jupyter_training.errors import NotFound, near_miss
from jupyter_training.kernel.curve import spark

__all__ = ["arguments", "run"]


def arguments(parser: Parser) -> None:
    add_job(parser)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these metrics")
    parser.add_argument("--points", metavar="N", type=whole, help="at most so many points of each (500)")
    parser.add_argument("--machine", action="store_true", help="CPU, memory and GPU of the job too")
    add_json(parser)
    add_place(parser)


def run(options: argparse.Namespace) -> int:
    with client_of(options) as client:
        (job,) = found(client, [options.job])
        view = client.metrics(job["id"], *options.names, points=options.points, machine=options.machine or None)
    series = {one["name"]: one for one in view["series"] if not one["superseded"]}
    for name in options.names:
        if name not in series:
            close = near_miss(name, job["metrics"])
            hint = f"Did you mean {close!r}?" if close else f"It has {', '.join(job['metrics']) or 'none yet'}."
            raise NotFound(f"{job['name']} has no metric {name!r}.", hint=hint)
    if options.json:
        say.as_json(view)
        return 0
    rows = metric_rows({name: _summary(one) for name, one in series.items()})
    curves = {name: spark([(step, value) for step, _, value in one["points"]]) for name, one in series.items()}
    say.table(
        (*METRIC_COLUMNS, say.Column("curve")),
        [(*row, curves[row[0]]) for row in rows],
        empty=f"{job['name']} has reported no metrics yet.",
    )
    return 0


def _summary(series: dict[str, Any]) -> dict[str, Any]:
    """What a series sums up to; its sampled points keep the lowest and the highest (``MetricView``)."""
    known = [(value, step) for step, _, value in series["points"] if value is not None]
    low, high = min(known, default=(None, None)), max(known, key=lambda one: one[0], default=(None, None))
    last = series["points"][-1] if series["points"] else (0, 0.0, None)
    return {
        "last": last[2],
        "last_step": last[0],
        "low": low[0],
        "low_step": low[1],
        "high": high[0],
        "high_step": high[1],
        "count": series["count"],
        "source": series["source"],
    }
