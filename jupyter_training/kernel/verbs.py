"""What ``%train VERB`` does: the verbs that look at jobs; those that change them are in ``life`` and ``descent``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from jupyter_training.client.experiment_waiting import is_driver
from jupyter_training.errors import InvalidRequest, InvalidUsage, NotFound, near_miss
from jupyter_training.kernel import beside, card, descent, explain, life, queue, search_verbs, tell, waiting
from jupyter_training.kernel.arguments import Parsed
from jupyter_training.kernel.commands import FRONT
from jupyter_training.kernel.desk import Desk
from jupyter_training.kernel.filter_line import filter_of
from jupyter_training.kernel.kept import checkpoints
from jupyter_training.kernel.line_verbs import SYNONYMS
from jupyter_training.kernel.meant import NEWEST
from jupyter_training.kernel.notebook import notebook_of
from jupyter_training.kernel.subject import subject_of
from jupyter_training.kernel.terminal_text import collapsed
from jupyter_training.kernel.wording import all_archived, plain, short

__all__ = ["ACTIONS"]

_OWN, _OTHERS = 8, 4  # lines of %train alone
_SEARCHES = 4  # and of searches below them
_COUNTED = 100  # archived jobs that are counted where there are no others
_BYTES_A_LINE = 200
_MOST_BYTES = 1024 * 1024


def front(desk: Desk, _: Parsed) -> None:
    """``%train`` alone: this notebook's newest jobs, then the newest of others, what can be typed, and searches."""
    notebook, client = notebook_of(desk.shell), desk.session.client
    if notebook is None or '"' in notebook:
        own, others = client.jobs(limit=_OWN + _OTHERS)["jobs"], []
    else:
        own = client.jobs(notebook=notebook, limit=_OWN)["jobs"]
        others = client.jobs(filter=f'-notebook:"/{notebook.removeprefix("/")}"', limit=_OTHERS)["jobs"]
    searches = client.experiments(limit=_SEARCHES)["experiments"]
    if own or others or not searches:
        empty = "" if own or others else _why_empty(desk)
        desk.screen.table(tell.front(own, others, now=time.time(), empty=empty))
    if searches:
        desk.screen.table(search_verbs.listing(searches, now=time.time()))


def list_(desk: Desk, parsed: Parsed) -> None:
    state = parsed.text("state")
    notebook = notebook_of(desk.shell) if parsed.on("here") else None
    if parsed.on("here") and notebook is None:
        raise InvalidUsage("This kernel does not know which notebook it belongs to.", hint="Leave out --here.")
    wanted = filter_of(parsed.written)
    text = wanted.text if wanted is not None else None
    try:
        page = desk.session.client.jobs(state=state, filter=text, notebook=notebook, limit=parsed.whole("n", 20))
    except InvalidRequest as error:
        raise wanted.placed(error) if wanted is not None else error from None
    jobs = page["jobs"]
    empty = "No job fits." if jobs or state or text or notebook else _why_empty(desk)
    if text is not None and not jobs and desk.session.client.experiments(limit=1)["experiments"]:
        empty += " The trials of a search: %train experiment trials EXPERIMENT"
    desk.screen.table(tell.listing(jobs, now=time.time(), more=bool(page["next"]), empty=empty))


def show(desk: Desk, parsed: Parsed) -> None:
    found = desk.job(parsed)
    if is_driver(found):
        search_verbs.show(desk, desk.session.client.experiment(found["id"]))
        return
    job = desk.session.client.job(found["id"])  # what was found may lack outputs
    desk.screen.table(tell.about(job, now=time.time()))


def logs(desk: Desk, parsed: Parsed) -> None:
    job, client = desk.job(parsed), desk.session.client
    wanted = parsed.whole("n", 50)
    attempt = parsed.options.get("attempt")
    number = attempt if isinstance(attempt, int) else None
    tail = max(1, min(_MOST_BYTES, wanted * _BYTES_A_LINE))
    if parsed.on("follow") and number is None:
        _follow(desk, job, tail)
        return
    chunk = client.logs(job["id"], tail=tail, attempt=number)
    while chunk["offset"] > 0 and chunk["text"].count("\n") <= wanted and tail < _MOST_BYTES:
        tail = min(_MOST_BYTES, tail * 4)
        chunk = client.logs(job["id"], tail=tail, attempt=number)
    lines = collapsed(chunk["text"]).removesuffix("\n").split("\n")
    if not chunk["text"]:
        desk.screen.say(f"{job['name']} has written nothing" + (" yet." if job["ended"] is None else "."))
        return
    whole = chunk["offset"] == 0 and len(lines) <= wanted
    if not whole and not plain():
        desk.screen.say(f"[ the last {min(wanted, len(lines))} lines; more: %train logs {short(job['id'])} -n 1000 ]")
    desk.screen.say("\n".join(lines[-wanted:] if wanted > 0 else []))


def metrics(desk: Desk, parsed: Parsed) -> None:
    job = desk.job(parsed)
    names = list(parsed.operands[1:]) or card.ranked(job["metrics"])
    for name in names:
        if name not in job["metrics"]:
            close = near_miss(name, job["metrics"])
            known = ", ".join(sorted(job["metrics"])) or "none yet"
            raise NotFound(
                f"{job['name']} has no metric {name!r}; it has: {known}.",
                hint=f"Did you mean {close!r}?" if close else None,
            )
    series = beside.curves(desk.session.client, job, *names, points=200) if names and not plain() else {}
    desk.screen.table(tell.metrics(job, series, names))


def wait(desk: Desk, parsed: Parsed) -> None:
    client = desk.session.client
    found = desk.jobs(parsed, meant=NEWEST)
    jobs = [client.experiment(job["id"]) if is_driver(job) else job for job in found]
    quiet = parsed.on("quiet")
    limit = parsed.options.get("timeout")
    waiting.stay(
        client,
        jobs,
        [None if quiet else desk.screen.drawing() for _ in jobs],
        timeout=float(limit) if isinstance(limit, (int, float)) else None,
        drawer=desk.session.drawer,
        say=desk.screen.warn,
        quietly=not quiet and desk.session.is_drawn_by_page(desk.shell),
    )


def clone(desk: Desk, parsed: Parsed) -> None:
    job = desk.job(parsed)
    desk.shell.set_next_input(desk.session.client.cell(job["id"]))
    desk.screen.say(f"The cell of {tell.called(job)} is in the next cell, to be changed and run.")


def attach(desk: Desk, parsed: Parsed) -> None:
    variable = parsed.text("o")
    client, job = desk.session.client, desk.job(parsed)
    if variable is None and parsed.on("quiet"):
        raise InvalidUsage("With -q and no variable, %train attach does nothing.", hint="Add -o h for the handle.")
    view = client.experiment(job["id"]) if is_driver(job) else job
    if variable is not None:
        desk.shell.user_ns[variable] = client.handle_of({"experiment" if is_driver(job) else "job": view})
    if not parsed.on("quiet"):
        drawing = desk.screen.drawing()
        drawing.draw(subject_of(view).bundle(client, view, failure=True), final=True)
        quietly = desk.session.is_drawn_by_page(desk.shell)
        desk.session.drawer.follow(client, view, drawing, quietly=quietly)


def doctor(desk: Desk, _: Parsed) -> None:
    desk.screen.table(explain.doctor(desk.session, desk.shell))


def help_(desk: Desk, parsed: Parsed) -> None:
    if not parsed.operands:
        desk.screen.say(explain.overview())
        return
    name = " ".join(parsed.operands).lstrip("%")
    command = explain.TOPICS.get(name)
    if command is None:
        close = SYNONYMS.get(name) or near_miss(name, explain.TOPICS)
        raise InvalidUsage(
            f"%train has no verb {name!r}.", hint=f"Did you mean %train help {close}?" if close else "See %train help."
        )
    desk.screen.say(explain.command(command))


def _why_empty(desk: Desk) -> str:
    """What is said where no job is listed though all were asked for: that they are archived, or how to begin."""
    archived = desk.session.client.jobs(archived=True, limit=_COUNTED)
    put_away = all_archived(archived, "%train list is:archived")
    if put_away is None and desk.session.client.experiments(limit=1)["experiments"]:
        return "No trainings of their own; searches: %train experiment list"
    return put_away or tell.FIRST_CELL


def _follow(desk: Desk, job: Mapping[str, Any], tail: int) -> None:
    """Print the log as it grows; an interrupt ends the looking, which is how one leaves it."""
    try:
        for piece in desk.session.client.follow(job["id"], tail=tail):
            sys.stdout.write(piece)
            sys.stdout.flush()
    except KeyboardInterrupt:
        desk.screen.say(f"\n[ no longer followed; {job['name']} goes on ]")


ACTIONS: dict[str, Callable[[Desk, Parsed], None]] = {
    FRONT.name: front,
    "list": list_,
    "show": show,
    "logs": logs,
    "metrics": metrics,
    "checkpoints": checkpoints,
    "wait": wait,
    **life.ACTIONS,
    **descent.ACTIONS,
    **queue.ACTIONS,
    **search_verbs.ACTIONS,
    "clone": clone,
    "attach": attach,
    "doctor": doctor,
    "help": help_,
}
