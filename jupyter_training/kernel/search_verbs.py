"""``%train experiment`` and the verbs below it: look at searches, and change how they go."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jupyter_training.errors import InvalidUsage, NotFound, Problem, Refused, TrainingError, from_problem
from jupyter_training.kernel import search_card, search_words
from jupyter_training.kernel.arguments import Parsed
from jupyter_training.kernel.asking import agreed
from jupyter_training.kernel.desk import Desk
from jupyter_training.kernel.notebook import notebook_of
from jupyter_training.kernel.subject import subject_of
from jupyter_training.kernel.tables import Cell, Table
from jupyter_training.kernel.values import expression
from jupyter_training.kernel.wording import TERMINAL, ago, number, plain, short

__all__ = ["ACTIONS", "FIRST_SEARCH", "listing", "searchers_table", "show", "space_table"]

FIRST_SEARCH = """\
No searches yet. Put this in a cell:

%%train sweep x=uniform(-2,2) --metric loss --mode min --max-trials 8 --workers 2
from jupyter_training import report
x = 0.0
report(loss=(x - 1) ** 2)
"""

_NAMED = 10  # searches that a question names
_LONGEST = 70  # characters of a sentence in a list


def list_(desk: Desk, parsed: Parsed) -> None:
    notebook = notebook_of(desk.shell) if parsed.on("here") else None
    if parsed.on("here") and notebook is None:
        raise InvalidUsage("This kernel does not know which notebook it belongs to.", hint="Leave out --here.")
    state, archived, client = parsed.text("state"), parsed.on("archived") or None, desk.session.client
    page = client.experiments(state=state, notebook=notebook, archived=archived, limit=parsed.whole("n", 20))
    empty = "No search fits."
    if not (page["experiments"] or state or notebook or archived):
        put_away = client.experiments(archived=True, limit=1)["experiments"]
        empty = "All searches are archived: %train experiment list --archived" if put_away else FIRST_SEARCH
    more = bool(page["next"]) and not plain()
    found = listing(page["experiments"], now=time.time(), empty=empty)
    note = "There are more: %train experiment list -n 100" if more else ""
    desk.screen.table(Table(found.columns, found.rows, found.empty, note))


def show_one(desk: Desk, parsed: Parsed) -> None:
    show(desk, desk.search(parsed))


def show(desk: Desk, search: Mapping[str, Any]) -> None:
    """The card of a search, and below it all about it."""
    if plain():
        desk.screen.say(search_card.text(search))
    else:
        desk.screen.show(subject_of(search).bundle(desk.session.client, search, failure=True))
    rows = [[Cell(key), Cell(text)] for key, text in search_words.facts(search, now=time.time()) if text]
    desk.screen.table(Table(("", f"{search['name']} {search['phase']}"), rows))


def best(desk: Desk, parsed: Parsed) -> None:
    """The best trial, or with --cell a cell that trains with its parameters."""
    search, client = desk.search(parsed), desk.session.client
    top = search["best"]
    if top is None:
        raise NotFound(f"{search['name']} has no best trial: none has reported {search['metrics'][0]}.")
    if parsed.on("cell"):
        desk.shell.set_next_input(client.cell(top["job"]))
        which = "the best trial" if plain() else f"trial {top['trial']}"
        desk.screen.say(f"A cell with the parameters of {which} is the next cell, to be changed and run.")
        note = search_words.of_a_clone(search)
        if note is not None and not plain():
            desk.screen.say(note)
        return
    desk.screen.table(_best_table(search))


def trials(desk: Desk, parsed: Parsed) -> None:
    search, count = desk.search(parsed), parsed.whole("n", 20)
    sort, state = parsed.text("sort") or "value", parsed.text("state")
    page = desk.session.client.trials(search["id"], sort=sort, outcome=state, limit=count)
    pinned = search["best"]["trial"] if search["best"] is not None else None
    found = search_card.trials_table(search, page["trials"], pinned=pinned)
    note = f"{number(page['total'])} in all: -n {page['total']}" if page["next"] else ""
    desk.screen.table(Table(found.columns, found.rows, found.empty, note))


def results(desk: Desk, parsed: Parsed) -> None:
    from jupyter_training.client.experiment_handle import ExperimentHandle

    search, count, variable = desk.search(parsed), parsed.whole("n", 20), parsed.text("o")
    if variable is not None:
        desk.shell.user_ns[variable] = ExperimentHandle(desk.session.client, search).results()
        desk.screen.say(f"{variable} has one row for each report that was judged.")
        return
    rows = list(csv.reader(io.StringIO(desk.session.client.results(search["id"])["csv"])))
    columns, shown = rows[0] if rows else [], rows[1 : count + 1]
    note = (
        f"{number(len(rows) - 1)} rows in all; -o VAR gives them as a list of dicts." if len(rows) > count + 1 else ""
    )
    cells = [[Cell(_figure(text)) for text in row] for row in shown]
    desk.screen.table(Table(columns, cells, f"{search['name']} has no report that was judged yet.", note))


def pause(desk: Desk, parsed: Parsed) -> None:
    _act(desk, parsed, "pause", "is asked to pause")


def activate(desk: Desk, parsed: Parsed) -> None:
    _act(desk, parsed, "activate", "goes on")


def retry_failed(desk: Desk, parsed: Parsed) -> None:
    _act(desk, parsed, "retry_failed", "tries its failed trials again")


def stop(desk: Desk, parsed: Parsed) -> None:
    _act(desk, parsed, "cancel", "is asked to stop")


def kill(desk: Desk, parsed: Parsed) -> None:
    _act(desk, parsed, "kill", "is being killed")


def archive(desk: Desk, parsed: Parsed) -> None:
    _act(desk, parsed, "archive", "is archived")


def unarchive(desk: Desk, parsed: Parsed) -> None:
    _act(desk, parsed, "unarchive", "is back in the lists")


def extend(desk: Desk, parsed: Parsed) -> None:
    """Let a search start more trials.

    Raises:
        InvalidUsage: how many is no whole number above 0.
    """
    text = parsed.operands[1]
    if not text.isdigit() or int(text) < 1:
        column = parsed.written[1][1]
        raise InvalidUsage(
            f"{text!r} is no number of trials.",
            hint=f"Write how many more: {parsed.command.magic} {parsed.operands[0]} 20",
            errors=[Problem("how many more", line=1, column=column)],
        )
    more = int(text)
    words = f"may start {more} {'trial' if more == 1 else 'trials'} more"
    _act(desk, parsed, "extend", words, texts=parsed.operands[:1], trials=more)


def delete(desk: Desk, parsed: Parsed) -> None:
    """Delete searches, once somebody has agreed to the list of what goes.

    Raises:
        InvalidUsage: nobody can be asked here, and --yes was not said.
        Refused: the answer was no.
    """
    found = [desk.search_of(text) for text in parsed.operands]
    going = [search for search in found if "delete" in search["verbs"]]  # the others are refused with their reason
    if going and not parsed.on("yes"):
        answer = agreed(desk.shell, _question(going))
        if answer is None:
            what = search_words.called(going[0]) if len(going) == 1 else f"{len(going)} searches"
            again = " ".join([parsed.command.magic, *(word for word, _ in parsed.written)])
            raise InvalidUsage(
                f"{what} would be deleted, with all trials and what they have saved, and nobody can be asked here.",
                hint=f"If that is meant: {again} --yes",
            )
        if not answer:
            raise Refused("Nothing was deleted.")
    _act(desk, parsed, "delete", "is deleted", searches=found)


def searchers(desk: Desk, _: Parsed) -> None:
    desk.screen.table(searchers_table(desk.session.client.searchers()))


def space(desk: Desk, parsed: Parsed) -> None:
    """What values on the line mean, or the space of a search."""
    client, count = desk.session.client, parsed.whole("n", 3)
    if parsed.values and parsed.operands:
        raise InvalidUsage("One of them: a search, or values of parameters.", hint=f"Usage: {parsed.command.usage}.")
    if parsed.values:
        wanted: Mapping[str, object] = {
            name: expression(parsed.texts[name], value) for name, value in parsed.values.items()
        }
    else:
        search = desk.search(parsed)
        wanted = {**search["constants"], **{axis["name"]: axis["expression"] for axis in search["space"]}}
    try:
        found = client.space(wanted, samples=count)
    except TrainingError as error:
        error.errors = tuple(_at_params(one) for one in error.errors)
        raise
    desk.screen.table(space_table(found))


def listing(searches: Sequence[Mapping[str, Any]], *, now: float, empty: str = FIRST_SEARCH) -> Table:
    """One line for each search, the newest first."""
    if plain():
        rows = [[Cell(one["phase"]), Cell(one["name"]), Cell(search_words.objective_text(one))] for one in searches]
        return Table(("state", "name", "looks for"), rows, empty)
    rows = []
    for one in searches:
        says = "" if one["state"] in ("running", "succeeded") else search_words.sentence_text(one)
        says = says or next(iter(one["notes"]), "")
        rows.append(
            [
                Cell(search_words.say_state(one["phase"]) + (", archived" if one["archived"] else "")),
                Cell(one["name"]),
                Cell(short(one["id"])),
                Cell(search_words.progress(one)),
                Cell(search_words.best_text(one)),
                Cell(one["searcher"]),
                Cell(search_words.ran(one, now=now), right=True),
                Cell(ago(one["submitted"], now=now), right=True),
                Cell(says if len(says) <= _LONGEST else says[: _LONGEST - 3] + "..."),
            ]
        )
    return Table(("state", "name", "id", "trials", "best", "searcher", "time", "submitted", ""), rows, empty)


def searchers_table(searchers: Sequence[Mapping[str, Any]]) -> Table:
    """Every searcher by its name; what can't be used says why."""
    signs = {"installed": "✓", "alias": "→", "needs": "○", "refused": "✕"}
    rows = [
        [
            Cell(f"{signs.get(one['status'], '·')} {one['name']}"),
            Cell(one["origin"]),
            Cell("" if one["status"] == "alias" else ", ".join(one["kind"])),
            Cell(_meaning(one)),
        ]
        for one in searchers
    ]
    return Table(("searcher", "from", "kind", ""), rows, "There is no searcher.")


def _meaning(searcher: Mapping[str, Any]) -> str:
    """What it does, and what it needs or why it is refused; of another name for one which that is."""
    if searcher["status"] == "alias" and searcher["sentence"]:
        return str(searcher["sentence"])
    return f"{searcher['summary']} {searcher['sentence'] or ''}".rstrip()


def space_table(space: Mapping[str, Any]) -> Table:
    """A space in words: a line for each axis, how many there are, and some samples."""
    rows = [[Cell(axis["name"]), Cell(axis["expression"]), Cell(axis["words"])] for axis in space["axes"]]
    rows += [
        [Cell(name), Cell(search_words.value_text(value)), Cell("always")] for name, value in space["constants"].items()
    ]
    size = "endless" if space["size"] is None else number(space["size"])
    grid = f"a grid has {number(space['grid'])}" if space["grid"] is not None else str(space["grid_note"] or "")
    lines = [f"combinations: {size}" + (f"; {grid}" if grid else "")]
    lines += [f"for example {search_words.config_text(one)}" for one in space["samples"]]
    return Table(("parameter", "written", "means"), rows, "There is nothing in this space.", "\n".join(lines))


def _best_table(search: Mapping[str, Any]) -> Table:
    """The best trial, a line for each parameter; of several metrics the trials that none beats."""
    axes = search_words.axes_of(search)
    if len(search["metrics"]) > 1:
        rows = [
            [
                Cell(str(one["trial"])),
                *(Cell(number(one["values"].get(name)), right=True) for name in search["metrics"]),
                *(Cell(search_words.value_text(one["config"].get(name, ""))) for name in axes),
            ]
            for one in search["pareto"]
        ]
        return Table(search_words.pareto_titles(search), rows, f"{search['name']} has no best trial yet.")
    top = search["best"]
    if plain():
        return Table(("", f"the best of {search['name']}"), [[Cell(name), Cell("found")] for name in axes])
    rows = [[Cell(name), Cell(search_words.value_text(top["config"].get(name, "")))] for name in axes]
    rows.append([Cell("job"), Cell(short(top["job"]))])
    return Table(
        ("", search_words.best_text(search)), rows, note=f"%train experiment best {short(search['id'])} --cell"
    )


def _act(
    desk: Desk,
    parsed: Parsed,
    verb: str,
    words: str,
    *,
    texts: Sequence[str] | None = None,
    searches: Sequence[Mapping[str, Any]] | None = None,
    trials: int | None = None,
) -> None:
    """Wish something of every search that the line names, and say what becomes of each.

    Raises:
        TrainingError: the one refusal, where it was all that was asked; else Refused, with the number of them.
    """
    named = parsed.operands if texts is None else texts
    found = searches if searches is not None else [desk.search_of(text) for text in named]
    called = {one["id"]: search_words.called(one) for one in found}
    refused: list[tuple[str, TrainingError]] = []
    discard = parsed.on("discard")
    for one in desk.session.client.act_on_experiments(verb, *called, trials=trials, discard=discard):
        if not one["ok"]:
            refused.append((called[one["id"]], from_problem(one["problem"])))
            continue
        if not parsed.on("quiet"):
            desk.screen.say(f"{called[one['id']]} {words}.")
            for note in () if plain() else one["notes"]:
                desk.screen.say(str(note))
        if one["experiment"] is not None and one["experiment"]["state"] not in TERMINAL:
            desk.session.drawer.again(one["experiment"])
    if len(called) == 1 and refused:
        raise refused[0][1]
    for name, reason in refused if not parsed.on("quiet") else ():
        desk.screen.say(f"{name}: {reason}")
    if refused:
        raise Refused(f"{len(refused)} of {len(called)} could not be asked.")


def _question(searches: Sequence[Mapping[str, Any]]) -> str:
    lines = [f"  {search_words.called(one)}  {one['phase']}, {search_words.progress(one)}" for one in searches[:_NAMED]]
    if len(searches) > _NAMED:
        lines.append(f"  and {len(searches) - _NAMED} more")
    what = "this search" if len(searches) == 1 else f"these {len(searches)} searches"
    head = f"Delete {what} for good, with all trials, their checkpoints, logs and outputs? Their runs lie in MLflow's"
    return "\n".join([f"{head} trash then.", *lines, "Type yes to delete: "])


def _at_params(problem: Problem) -> Problem:
    """A fault of a space at the word of the line that has it."""
    key = problem.key
    if key is None:
        return problem
    name = key.removeprefix("space.").removeprefix("params.")
    return Problem(problem.detail, key=f"params.{name}", line=problem.line, column=problem.column, hint=problem.hint)


def _figure(text: str) -> str:
    try:
        return number(float(text))
    except (ValueError, OverflowError):
        return text


ACTIONS: dict[str, Callable[[Desk, Parsed], None]] = {
    "experiment": list_,
    "experiment list": list_,
    "experiment show": show_one,
    "experiment best": best,
    "experiment trials": trials,
    "experiment results": results,
    "experiment pause": pause,
    "experiment activate": activate,
    "experiment extend": extend,
    "experiment retry-failed": retry_failed,
    "experiment stop": stop,
    "experiment kill": kill,
    "experiment archive": archive,
    "experiment unarchive": unarchive,
    "experiment delete": delete,
    "experiment searchers": searchers,
    "experiment space": space,
}
