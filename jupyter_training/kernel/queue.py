"""``%train queue`` and the verbs below it: look at the order, and change it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from jupyter_training.errors import Problem, Refused, from_problem
from jupyter_training.kernel import queue_words
from jupyter_training.kernel.arguments import Parsed
from jupyter_training.kernel.desk import Desk
from jupyter_training.kernel.notebook import notebook_of
from jupyter_training.kernel.session import held
from jupyter_training.kernel.tables import Cell, Table
from jupyter_training.kernel.tell import called
from jupyter_training.kernel.wording import plain

__all__ = ["ACTIONS"]

_EMPTY = "Nothing waits or runs in the pool {}."
_OWN = re.compile(r"@([^\W\d]\w*)(?=\.)")  # the job of an item
_OTHER = re.compile(r"=(['\"]?)@([^\W\d]\w*)\1\Z")  # and the one that it is moved to


def queue(desk: Desk, parsed: Parsed) -> None:
    """The queue of a pool as a table, or of each."""
    client = desk.session.client
    names = [pool["name"] for pool in client.pools()] if parsed.on("all_pools") else [parsed.text("pool")]
    for name in names:
        page = queue_words.read(client, name, limit=parsed.whole("limit", 100), reverse=parsed.on("reverse"))
        desk.screen.table(_table(page, reverse=parsed.on("reverse")))


def update(desk: Desk, parsed: Parsed) -> None:
    """Change one thing of a job's place.

    Raises:
        InvalidUsage: none is given, or several.
        TrainingError: it can't be; nothing was changed.
    """
    asked = queue_words.chosen(parsed.options)
    names = desk.shell.user_ns
    wish = {name: _by_id(value, names) for name, value in asked.items()}
    job = desk.session.client.move(_by_id(parsed.operands[0], names), notebook=notebook_of(desk.shell), **wish)
    if not parsed.on("quiet"):
        desk.screen.say(f"{called(job)}: {queue_words.moved(job, asked)}.")


def update_batch(desk: Desk, parsed: Parsed) -> None:
    """Carry items out one after the other, and say what became of each.

    Raises:
        TrainingError: the one refusal, where it was all that was asked; else Refused, with the number of them.
    """
    items = [_with_ids(item, desk.shell.user_ns) for item in parsed.operands]
    results = desk.session.client.move_all(items, atomic=parsed.on("atomic"), notebook=notebook_of(desk.shell))
    told = list(zip(parsed.operands, results, strict=True))
    refused = [(item, result) for item, result in told if not result["ok"]]
    if len(told) == 1 and refused:
        raise from_problem(refused[0][1]["problem"])
    for item, result in told if not parsed.on("quiet") else ():
        desk.screen.say(f"{item}: {queue_words.became(item, result)}")
    if refused:
        raise Refused(
            queue_words.refusal(len(refused), len(told), atomic=parsed.on("atomic")),
            errors=[Problem(queue_words.became(item, one), key=item) for item, one in refused]
            if parsed.on("quiet")
            else (),
        )


def after(desk: Desk, parsed: Parsed) -> None:
    """Let a job start after others, or after none."""
    job = desk.job(parsed)
    others = [str(_by_id(text, desk.shell.user_ns)) for text in parsed.operands[1:]]
    view = desk.session.client.set_after(job["id"], others, notebook=notebook_of(desk.shell))
    if not parsed.on("quiet"):
        desk.screen.say(f"{called(view)} {queue_words.starts_after(view)}.")


def _table(page: Mapping[str, Any], *, reverse: bool = False) -> Table:
    titles = queue_words.titles(page)
    right = {"#", "Priority", "Weight", "Submitted", "Slots"}
    now = time.time()
    rows = [
        [Cell(text, right=title in right) for title, text in zip(titles, cells, strict=True)]
        for cells in (queue_words.row_cells(page, row, now=now) for row in page["rows"])
    ]
    more = queue_words.more(page, len(rows), "%train queue -n", reverse=reverse)
    notes = [queue_words.heading(page), more] if not plain() else []
    return Table(titles, rows, _EMPTY.format(page["pool"]["name"]), "\n".join(filter(None, notes)))


def _by_id(value: Any, names: Mapping[str, Any]) -> Any:
    """The id of a handle that is named as ``@variable``; anything else as it is."""
    return held(value[1:], names) if isinstance(value, str) and value.startswith("@") else value


def _with_ids(item: str, names: Mapping[str, Any]) -> str:
    """An item with ids in place of ``@variable``."""
    item = _OWN.sub(lambda found: held(found[1], names), item) if item.startswith("@") else item
    return _OTHER.sub(lambda found: f"={held(found[2], names)}", item)


def pools(desk: Desk, _: Parsed) -> None:
    """Every pool with what it uses, and what is out of the ordinary with it."""
    found = desk.session.client.pools()
    rows = [[Cell(text) for text in queue_words.pool_cells(pool)] for pool in found]
    desk.screen.table(Table(queue_words.POOL_TITLES, rows, "There is no pool yet; the dispatcher makes one."))


ACTIONS: dict[str, Callable[[Desk, Parsed], None]] = {
    "pools": pools,
    "queue": queue,
    "queue update": update,
    "queue update-batch": update_batch,
    "queue after": after,
}
