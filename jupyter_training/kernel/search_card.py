"""A search as its card: a line of text, and static HTML; see ``card`` for what a card is.

Beside the head and the counts stand the best so far as a curve and the trials
as a table: the best one on top, then the newest.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from jupyter_training.errors import NotFound, Unavailable
from jupyter_training.kernel import card, search_words
from jupyter_training.kernel.curve import COLOURS, image, spark
from jupyter_training.kernel.tables import Cell, Table
from jupyter_training.kernel.wording import TERMINAL, number, plain, short

if TYPE_CHECKING:
    from jupyter_training.client.client import Client

__all__ = ["LIVE", "bundle", "html", "text", "trials_of", "trials_table"]

LIVE = "application/vnd.jupyter-training.experiment+json"

_ROWS = 10
_AXES, _METRICS = 6, 3  # columns of the card's table
_NOTES = 3
_ERROR_LINES = 24
_FAINT = "opacity:.75"
_RUNNING = "#2680d8"

Search = Mapping[str, Any]
Trials = Sequence[Mapping[str, Any]]

_log = logging.getLogger(__name__)


def bundle(search: Search, trials: Trials = (), *, error: bool = True) -> dict[str, Any]:
    """The MIME bundle of a card; in plain mode its text alone. ``error``: with the traceback of a failure."""
    if plain():
        return {"text/plain": text(search)}
    return {
        "text/plain": text(search),
        "text/html": html(search, trials, error=error),
        LIVE: {"store": search["store"], "experiment": search["id"]},
    }


def text(search: Search) -> str:
    """One line: which search, how it stands, the best so far, and what to type next."""
    phase = search["phase"]
    if plain():
        if search["state"] not in TERMINAL:
            return f"{search['name']} submitted"
        words = [f"{search['name']} {phase}", search_words.progress(search), ", ".join(search["metrics"])]
        return "   ".join(words)
    parts = [f"{search_words.called(search)} {phase}"]
    if phase not in ("running", "starting"):
        parts.append(search_words.sentence_text(search))
    parts.append(search_words.counts_text(search))
    best = search_words.best_text(search)
    if best:
        points = search_words.curve(search)
        line = spark(points) if len(points) > 1 else ""
        parts.append(f"{best} ({search_words.config_text(search['best']['config'])}) {line}".rstrip())
    parts += [str(note) for note in search["notes"][:1]]
    parts.append(_next_words(search))
    return "   ".join(filter(None, parts))


def html(search: Search, trials: Trials = (), *, error: bool = True) -> str:
    """The card as HTML, at most ``card.LIMIT`` characters: what has no place is left out, the table last."""
    phase = search["phase"]
    head = card.headline(phase, phase, search["name"])
    head += f'<span style="{_FAINT}"> · {escape(short(search["id"]))}</span>'
    ran = search_words.ran(search, now=time.time()) if search["state"] not in TERMINAL else ""
    if search["archived"]:
        head += f'<span style="{_FAINT}"> · archived</span>'
    if ran:
        head += f'<span style="{_FAINT};margin-left:12px">{escape(ran)}</span>'
    rows = [head]
    said = search_words.sentence_text(search) if phase not in ("running", "starting") else ""
    if said:
        rows.append(f"<span>{escape(said)}</span>")
    rows += [f'<span style="{_FAINT}">{escape(str(note))}</span>' for note in search["notes"][:_NOTES]]
    rows += [_progress(search), _best(search)]
    if error and search["error"]:
        rows += card.failure(card.Extras(search["error"].rstrip().splitlines()[-_ERROR_LINES:]))
    hint = _next_words(search)
    foot = [f'<code style="{_FAINT}">{escape(hint)}</code>'] if hint else []
    room = card.LIMIT - len(card.whole([*rows, "", *foot])) - 40
    return card.whole([*rows, _pictures(search, trials, room), *foot])


def trials_table(search: Search, trials: Trials, *, pinned: int | None = None, most: int | None = None) -> Table:
    """Trials as a table; the row of trial ``pinned`` is in bold. ``most``: columns of axes."""
    titles = search_words.trial_titles(search)
    first_axis = len(titles) - len(search_words.axes_of(search))
    kept = range(len(titles) if most is None else min(len(titles), first_axis + most))
    rows = []
    for trial in trials:
        cells = search_words.trial_cells(search, trial)
        bold = trial["number"] == pinned
        rows.append(
            [
                Cell(cells[at], f"<b>{escape(cells[at])}</b>" if bold else None, right=at != 1 and at < first_axis)
                for at in kept
            ]
        )
    return Table([titles[at] for at in kept], rows, f"{search['name']} has no such trial.")


def trials_of(client: Client, search: Search) -> Trials:
    """The trials that a card shows: the best one, then the newest. None where they can't be had just now."""
    try:
        newest = client.trials(search["id"], sort="-number", limit=_ROWS)["trials"]
        best = search["best"]
        if best is None or any(one["number"] == best["trial"] for one in newest):
            return sorted(newest, key=lambda one: (best is None or one["number"] != best["trial"], -one["number"]))
        top = client.trials(search["id"], sort="value", limit=1)["trials"]
        return [*top, *newest][:_ROWS]
    except (Unavailable, NotFound) as error:
        _log.debug("The card of %s lacks its trials: %s", search["id"], error)
        return ()


def _progress(search: Search) -> str:
    words = search_words.counts_text(search)
    total = search["total"]
    if not total or search["state"] in TERMINAL:
        return escape(words)
    counts = search["counts"]
    ended = sum(counts.get(state, 0) for state in ("completed", "stopped", "failed", "canceled", "invalid"))
    share = max(0.0, min(1.0, ended / total))
    return (
        f'<span role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{share * 100:.0f}" '
        f'aria-label="{ended} of {total} trials have ended" style="display:inline-block;width:220px;height:6px;'
        'vertical-align:middle;background-color:rgba(128,128,128,.3)">'
        f'<span style="display:block;width:{share * 100:.1f}%;height:6px;background-color:{_RUNNING}"></span></span>'
        f'<span style="margin-left:12px">{escape(words)}</span>'
    )


def _best(search: Search) -> str:
    best = search["best"]
    if best is None:
        return ""
    words = ", ".join(
        f"{escape(name)} {search_words.arrow(mode)} best <b>{number(value)}</b> in trial {trial}"
        for name, mode, value, trial in search_words.bests(search)
    )
    if len(search["pareto"]) > 1:
        words += f"; {len(search['pareto'])} trials that none beats in every metric"
    config = search_words.config_text(best["config"])
    return f'{words}<span style="margin-right:16px"></span><span style="{_FAINT}">{escape(config)}</span>'


def _pictures(search: Search, trials: Trials, room: int) -> str:
    """The curve of the best so far beside the trials; rows that have no place are left out."""
    points = search_words.curve(search)
    drawn = ""
    if len(points) > 1:
        metric = search["metrics"][0]
        caption = f"{metric}, best so far"
        drawn = _captioned(caption, image(caption, points, colour=COLOURS[0]))
        drawn = drawn if len(drawn) < room else ""
    pinned = search["best"]["trial"] if search["best"] is not None else None
    for count in range(min(len(trials), _ROWS), 0, -1):
        table = trials_table(search, trials[:count], pinned=pinned, most=_AXES).html
        table = _captioned("trials: the best, then the newest", table)
        if len(drawn) + len(table) < room:
            return drawn + table
    return drawn


def _captioned(caption: str, picture: str) -> str:
    return (
        '<div style="display:inline-block;vertical-align:top;margin:4px 12px 0 0">'
        f'<div style="{_FAINT};font-size:11px">{escape(caption)}</div>{picture}</div>'
    )


def _next_words(search: Search) -> str:
    """What to type next about this search."""
    name = short(search["id"])
    if search["state"] == "succeeded":
        return (
            f"%train experiment best {name} --cell" if search["best"] is not None else f"%train experiment show {name}"
        )
    if search["state"] == "failed":
        return f"%train experiment trials {name}"
    if search["phase"] in ("pausing", "paused"):
        return f"%train experiment activate {name}"
    return f"%train experiment stop {name}" if search["state"] not in TERMINAL else ""
