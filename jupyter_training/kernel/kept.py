"""``%train checkpoints``: what a job has saved, and which of it stays."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_training.errors import InvalidUsage, Refused
from jupyter_training.kernel import tell
from jupyter_training.kernel.arguments import Parsed
from jupyter_training.kernel.asking import agreed
from jupyter_training.kernel.desk import Desk
from jupyter_training.kernel.policies import KEEPS, folded, keep_text, removed_text
from jupyter_training.kernel.tables import Cell, Table
from jupyter_training.kernel.wording import ago, bytes_text, number, plain, short, span_text

__all__ = ["checkpoints", "table"]

Checkpoint = Mapping[str, Any]

_NAMED = 10


def checkpoints(desk: Desk, parsed: Parsed) -> None:
    """Show a job's checkpoints; with --keep-... change which of them stay, once somebody has agreed to what goes.

    Raises:
        InvalidUsage: nobody can be asked here, and --yes was not said.
        Refused: the answer was no.
    """
    job, client = desk.job(parsed), desk.session.client
    if {"metric", "mode", *KEEPS} & parsed.options.keys():
        _keep(desk, parsed, job)
    found = client.checkpoints(job["id"])
    desk.screen.table(table(job, found, now=time.time(), removed_too=parsed.on("all")))


def table(job: Mapping[str, Any], found: Mapping[str, Any], *, now: float, removed_too: bool = False) -> Table:
    """A line for each checkpoint, the newest first; below them how many were removed, and the policy."""
    shown, removed = folded(found["checkpoints"], everything=removed_too)
    listing = "" if plain() else f" (%train checkpoints {short(job['id'])} --all lists them)"
    more = f"{removed_text(removed)}{listing}" if removed else ""
    empty = f"{job['name']} has saved no checkpoint" + (" yet." if job["ended"] is None else ".")
    if removed:
        empty = f"{job['name']} has no checkpoint any more, {more}."
    rows = [_row(one, now) for one in shown]
    if plain():
        return Table(("step", "state"), rows, empty, more)
    stay = keep_text(found["keep"], found["metric"], found["mode"])
    always = "" if job["ended"] is not None else "; its two newest in any case, as it may go on"
    kept = f"Kept: {stay}{always}. To begin with one: %train continue {short(job['id'])} --checkpoint STEP"
    columns = ("step", "name", "saved", "size", "took", found["metric"] or "", "attempt", "state")
    return Table(columns, rows, empty, "\n".join(filter(None, (more, kept))))


def _row(one: Checkpoint, now: float) -> list[Cell]:
    state = (
        ""
        if one["state"] == "kept"
        else {"corrupt": "✕ damaged", "deleted": "removed"}.get(one["state"], str(one["state"]))
    )
    step = Cell(number(one["step"]), right=True)
    if plain():
        return [step, Cell(state or "kept")]
    place = f"at {one['place']}" if one["place"] else "on this machine"
    return [
        step,
        Cell(one["name"]),
        Cell(ago(one["created"], now=now), right=True),
        Cell(bytes_text(one["size"]), right=True),
        Cell(span_text(one["seconds"]) if (one["seconds"] or 0) >= 0.05 else "", right=True),
        Cell(number(one["metric"]) if one["metric"] is not None else "", right=True),
        Cell(str(one["attempt"]) if one["attempt"] else "another job's", right=True),
        Cell(state or f"kept {place}"),
    ]


def _keep(desk: Desk, parsed: Parsed, job: Mapping[str, Any]) -> None:
    client = desk.session.client
    before = client.checkpoints(job["id"])["keep"]
    keep = {key: parsed.whole(option, before[key]) for option, key in KEEPS.items()}
    metric, mode = parsed.text("metric"), parsed.text("mode")
    told = client.retention(job["id"], keep, metric=metric, mode=mode)
    going = told["go"]
    if going and not parsed.on("yes"):
        answer = agreed(desk.shell, _question(job, going, told["bytes"]))
        if answer is None:
            words = f"{_count(going)} of {tell.called(job)} would be removed, and nobody can be asked here."
            raise InvalidUsage(words, hint="If that is meant, write the same with --yes.")
        if not answer:
            raise Refused("Nothing was removed, and the policy is what it was.")
    client.retention(job["id"], keep, metric=metric, mode=mode, apply=True)
    if going:
        done = f"{'is' if len(going) == 1 else 'are'} {'' if job['ended'] is not None else 'being '}removed"
        freed = "" if plain() else f", {bytes_text(told['bytes'])}"
        desk.screen.say(f"{_count(going)} of {tell.called(job)} {done}{freed}.")


def _question(job: Mapping[str, Any], going: Sequence[Checkpoint], size: int) -> str:
    lines = [f"  step {one['step']}  {one['name']}, {bytes_text(one['size'])}" for one in going[:_NAMED]]
    if len(going) > _NAMED:
        lines.append(f"  and {len(going) - _NAMED} more")
    head = f"Remove {_count(going)} of {tell.called(job)} for good ({bytes_text(size)})?"
    return "\n".join([head, *lines, "Type yes to remove: "])


def _count(going: Sequence[Checkpoint]) -> str:
    return f"{len(going)} checkpoint{'' if len(going) == 1 else 's'}"
