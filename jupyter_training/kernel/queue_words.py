"""The queue in words, for a cell and for a terminal: its table, why a job waits and when it starts, what a move did."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jupyter_training.client.experiment_waiting import is_driver
from jupyter_training.errors import InvalidUsage, Problem, from_problem
from jupyter_training.kernel.wording import ago, icon, number, plain, short, starts_text, unmeasured

if TYPE_CHECKING:
    from jupyter_training.client.client import Client

__all__ = [
    "OPERATIONS",
    "POOL_TITLES",
    "became",
    "chosen",
    "devices_text",
    "heading",
    "item_of",
    "more",
    "moved",
    "pool_cells",
    "pool_remark",
    "read",
    "refusal",
    "row_cells",
    "starts_after",
    "titles",
    "waits_for",
    "weight_text",
    "why",
]

Page = Mapping[str, Any]
Row = Mapping[str, Any]
Job = Mapping[str, Any]

OPERATIONS = ("priority", "weight", "resource_pool", "ahead_of", "behind_of", "top", "bottom", "position")

POOL_TITLES = ("Pool", "Backend", "Slots", "GPUs", "Waiting", "")

_ITEM = re.compile(r"\.(" + "|".join(one.replace("_", "[-_]") for one in OPERATIONS) + r")(?:=(.*))?\Z", re.DOTALL)
_AT_ONCE = 500  # jobs that a server gives in one page
_OF_TRIALS = ("priority", "weight", "resource_pool")  # what is meant of them where a search is moved
_BACKFILLED = "goes first only because it can be preempted"


def read(client: Client, pool: str | None, *, limit: int, reverse: bool = False) -> dict[str, Any]:
    """The first ``limit`` jobs of a pool's queue as one page, from as many as a server gives at once.

    Raises:
        InvalidUsage: the limit is none.
    """
    if limit < 1:
        raise InvalidUsage(f"The limit is a number from 1, not {limit}.", errors=[Problem("too small", key="limit")])
    page = client.queue(pool, limit=min(limit, _AT_ONCE), reverse=reverse or None)
    while page["next"] is not None and len(page["rows"]) < limit:
        left = min(limit - len(page["rows"]), _AT_ONCE)
        name = page["pool"]["name"]
        following = client.queue(name, limit=left, after=page["next"], reverse=reverse or None)
        page = {**following, "rows": [*page["rows"], *following["rows"]]}
    return page


def titles(page: Page) -> tuple[str, ...]:
    """The columns: nine, and why a job waits. Where slots are shared fairly weights stand for priorities."""
    worth = "Weight" if _is_fair(page) else "Priority"
    if plain():
        return ("#", "Type", "Name", worth, "Slots", "State", "Why")
    return ("#", "ID", "Type", "Name", worth, "Submitted", "Slots", "State", "User", "Why")


def row_cells(page: Page, row: Row, *, now: float, whole_id: bool = False) -> tuple[str, ...]:
    """One job of the queue, a text for each title. ``#`` counts the jobs before it; ``Slots`` are held/needed."""
    ahead = "N/A" if row["ahead"] is None else str(row["ahead"])
    worth = number(row["weight"]) if _is_fair(page) else str(row["priority"])
    if row["aged"] is not None and not _is_fair(page):
        worth += f", aged {row['aged']}"
    slots = f"{row['acquired']}/{row['slots']}"
    if plain():
        return (ahead, row["type"], row["name"], worth, slots, _state(row), why(row))
    who = row["job"] if whole_id else short(row["job"])
    since = ago(row["submitted"], now=now)
    return (ahead, who, row["type"], row["name"], worth, since, slots, _state(row), row["user"], why(row))


def why(row: Row) -> str:
    """Of a job that waits why, and when it starts; of one that runs only what is out of the usual."""
    words = str(row["sentence"]).removeprefix("Waits: ")
    if row["state"] == "queued":
        return unmeasured(words) if plain() else " · ".join(filter(None, [words, starts_text(row)]))
    said = [words] if row["phase"] not in ("starting", "running") else []
    said += [_BACKFILLED] if row["state"] == "backfilled" else []
    said += [_gpus(row["devices"])] if row["devices"] else []
    return " · ".join(said)


def heading(page: Page) -> str:
    """The pool in a line: ``local: 2 of 2 slots used, 3 jobs wait; by priority, with preemption``."""
    pool = page["pool"]
    waiting = f"{pool['queued']} {'job waits' if pool['queued'] == 1 else 'jobs wait'}"
    order = "slots are shared fairly" if _is_fair(page) else "by priority"
    preemption = ", with preemption" if pool["preemption"] else ""
    words = f"{pool['name']}: {pool['used']} of {pool['slots']} slots used, {waiting}; {order}{preemption}"
    remark = pool_remark(pool)
    return f"{words}. {remark}" if remark else words


def pool_remark(pool: Mapping[str, Any]) -> str:
    """Why a pool of a service has no more: what that says, and what a person lets it have."""
    most = pool["options"].get("at_most")
    limit = f"You let it have {most} at most." if most is not None else ""
    return " ".join(filter(None, [pool["remark"] or "", limit]))


def pool_cells(pool: Mapping[str, Any]) -> tuple[str, ...]:
    """A pool as a row of a table, a text for each of ``POOL_TITLES``."""
    gpus = len(pool["devices"])
    used = f"{gpus - len(pool['free_devices'])}/{gpus}" if gpus else ""
    words = " ".join(filter(None, [pool["note"], pool_remark(pool)]))
    slots = "" if plain() else f"{pool['used']}/{pool['slots']}"
    return (pool["name"], pool["backend"], slots, used, "" if plain() else str(pool["queued"]), words)


def more(page: Page, shown: int, line: str, *, reverse: bool = False) -> str:
    """That not all jobs are listed, with the line that lists them, of this pool and as this one; else empty."""
    if shown >= page["total"]:
        return ""
    pool = "" if page["pool"]["is_default"] else f" --pool {page['pool']['name']}"
    return f"{number(page['total'] - shown)} more: {line} {page['total']}{pool}{' --reverse' if reverse else ''}"


def chosen(given: Mapping[str, object]) -> dict[str, Any]:
    """The one thing that an update changes.

    Raises:
        InvalidUsage: none is given, or several.
    """
    # 0 is a value, which is refused elsewhere, in words of its own.
    found = {name: given[name] for name in OPERATIONS if given.get(name) is not None and given[name] is not False}
    if len(found) == 1:
        return found
    flags = [_flag(name) for name in found or OPERATIONS]
    if not found:
        raise InvalidUsage(
            "queue update changes one thing, and none is given.", hint=f"Give one of {', '.join(flags)}."
        )
    raise InvalidUsage(
        f"queue update changes one thing, and {' and '.join([', '.join(flags[:-1]), flags[-1]])} are given.",
        hint="Give one of them; several changes are for queue update-batch, one after the other.",
        errors=[Problem("one too many", key=list(found)[-1])],
    )


def item_of(item: str) -> dict[str, str]:
    """The operation of a batch's item with its value, by name; empty where it has none that is known."""
    match = _ITEM.search(item)
    return {match[1].replace("-", "_"): (match[2] or "").strip("'\"")} if match is not None else {}


def became(item: str, result: Mapping[str, Any]) -> str:
    """What became of an item, as a sentence."""
    if result["ok"]:
        job, asked = result["job"], item_of(item)
        return f"{job['name']}{':' if _is_of_trials(job, asked) else ' is now'} {moved(job, asked)}."
    return str(from_problem(result["problem"]))


def refusal(refused: int, asked: int, *, atomic: bool) -> str:
    """That not all items of a batch were carried out."""
    if atomic:
        return "Nothing was changed, as not all of it can be."
    if refused == asked:
        return f"None of the {asked} could be carried out."
    return f"{refused} of {asked} could not be carried out; the others were."


def moved(job: Job, asked: Mapping[str, object]) -> str:
    """What a move came to, as the job is now: ``ahead of first, priority 42``; of a search what its trials have."""
    for name, value in asked.items():
        if _is_of_trials(job, asked):  # the job that drives it stays as it is
            return (
                f"its trials go to the pool {value}" if name == "resource_pool" else f"its trials have {name} {value}"
            )
        if name == "weight":
            return f"weight {number(job['weight'])}"
        if name == "resource_pool":
            return f"in the pool {job['pool']}"
        if name != "priority":
            where = {"ahead_of": "ahead of", "behind_of": "behind", "position": "at place"}.get(name)
            if not where:
                return f"{'before' if name == 'top' else 'after'} all others of priority {job['priority']}"
            return f"{where} {value}, priority {job['priority']}"
    return f"priority {job['priority']}"


def starts_after(job: Job) -> str:
    """What a job waits for from now on: ``starts after prepare``."""
    names = [one["name"] or one["job"] for one in job["after"]]
    return f"starts after {', '.join(names)}" if names else "waits for no other job"


def weight_text(job: Job) -> str:
    """``, weight 0.5``, of a job that has a weight of its own."""
    return f", weight {number(job['weight'])}" if job["weight"] != 1 else ""


def devices_text(job: Job) -> str:
    """The GPUs that a job was given at its latest start: ``GPU 0, 1``."""
    devices = job["attempts"][-1]["devices"] if job["attempts"] else ()
    return _gpus(devices) if devices else ""


def waits_for(job: Job) -> str:
    """Which jobs a job starts after, each with its state: ``prepare (running), load (succeeded)``; or empty."""
    if plain():
        return ", ".join(str(one["name"]) for one in job["after"])
    return ", ".join(
        f"{one['name'] or 'a job that is deleted'} ({'met' if one['met'] else one['state'] or 'gone'})"
        for one in job["after"]
    )


def _is_of_trials(job: Job, asked: Mapping[str, object]) -> bool:
    return is_driver(job) and not asked.keys().isdisjoint(_OF_TRIALS)


def _state(row: Row) -> str:
    phase = "" if row["phase"] in ("queued", "starting", "running") else f", {row['phase']}"
    return f"{icon(row['phase'])} {row['state']}{phase}"


def _is_fair(page: Page) -> bool:
    return str(page["pool"]["policy"]) == "fair_share"


def _gpus(devices: Sequence[str]) -> str:
    return f"GPU {', '.join(devices)}"


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
