"""``experiment``: make searches, look at them and their trials, change how they go."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_training.cli import asking, say, submit
from jupyter_training.cli.arguments import Parser, add_json, add_place, whole
from jupyter_training.cli.parameters import split, texts_of
from jupyter_training.cli.place import client_of
from jupyter_training.client.client import Client
from jupyter_training.errors import InvalidUsage, NotFound, Refused, UnknownJob, from_problem
from jupyter_training.kernel import search_words
from jupyter_training.kernel.search_commands import OUTCOMES, SEARCH_VERBS, STATES
from jupyter_training.kernel.search_verbs import searchers_table, space_table
from jupyter_training.kernel.values import expression
from jupyter_training.kernel.wording import ago, number

__all__ = ["arguments", "run"]

_WHICH = "an id or the start of one, a name, or last (the newest search)"
_ACTS = {  # what the wire calls them
    "pause": "pause",
    "activate": "activate",
    "retry-failed": "retry_failed",
    "stop": "cancel",
    "kill": "kill",
    "archive": "archive",
    "unarchive": "unarchive",
    "delete": "delete",
}
_SAID = {"archive": "Archived.", "unarchive": "Back in the lists.", "delete": "Deleted."}
_NAMED = 5  # searches in a question
_COLUMNS = (
    say.Column("id"),
    say.Column("name", folds=True),
    say.Column("state", is_state=True),
    say.Column("trials"),
    say.Column("best"),
    say.Column("searcher"),
    say.Column("submitted", right=True),
    say.Column("ran", right=True),
    say.Column("", folds=True),
)


def arguments(parser: Parser) -> None:
    told = {command.name.partition(" ")[2]: command.summary for command in SEARCH_VERBS if " " in command.name}
    words = {verb: text[0].lower() + text[1:].removesuffix(".") for verb, text in told.items()}
    verbs = parser.add_verbs({"create": "submit a script as a search, as `submit` does", **words})
    submit.arguments(verbs["create"])
    verbs["create"].set_defaults(insists=True)
    for verb, one in verbs.items():
        if verb == "create":
            continue
        if verb in ("show", "best", "trials", "results"):
            one.add_argument("experiment", nargs="?", default="last", metavar="EXPERIMENT", help=_WHICH)
        elif verb in _ACTS:
            one.add_argument("experiments", nargs="+", metavar="EXPERIMENT", help=_WHICH)
        _add_own(verb, one)
        add_json(one)
        add_place(one)


def run(options: argparse.Namespace) -> int:
    if options.action == "create":
        return submit.run(options)
    with client_of(options) as client:
        if options.action in _ACTS:
            return _act(client, options, _ACTS[options.action], options.experiments)
        return _LOOKS[options.action](client, options)


def _add_own(verb: str, parser: Parser) -> None:
    add = parser.add_argument
    if verb == "list":
        add("--state", metavar="STATE", action="append", default=[], help=f"one of {', '.join(STATES)}")
        add("--name", metavar="NAME", help="only searches of exactly this name")
        add("--user", metavar="USER", help="only searches of this user")
        add("--archived", action="store_true", help="only searches that were put away")
        add("-n", "--limit", metavar="N", type=whole, default=20, help="how many (20)")
        add("--after", metavar="CURSOR", help="go on where a page ended")
    elif verb == "best":
        add("--cell", action="store_true", help="print a notebook cell with its parameters")
        parser.epilog = "--json prints {best, pareto}, in the shapes BestView and ParetoView of `schema`."
    elif verb == "trials":
        add(
            "--sort",
            metavar="KEY",
            default="value",
            help="number, value, state or a parameter; --sort=-KEY turns it round",
        )
        add("--state", metavar="STATE", choices=OUTCOMES, help=f"one of {', '.join(OUTCOMES)}")
        add("-n", "--limit", metavar="N", type=whole, default=20, help="how many (20)")
        add("--after", metavar="CURSOR", help="go on where a page ended")
    elif verb == "results":
        parser.epilog = (
            "CSV in the columns of Syne Tune's results.csv: jupyter training experiment results > results.csv"
        )
        add("--yaml", action="store_true", help="the best alone, as Hydra's optimization_results.yaml has it")
    elif verb == "pause":
        add("--discard", action="store_true", help="also trials without a checkpoint: they begin anew then")
    elif verb == "extend":
        add("experiment", metavar="EXPERIMENT", help=_WHICH)
        add("trials", metavar="N", type=whole, help="how many trials more")
    elif verb == "delete":
        add("-y", "--yes", action="store_true", help="do not ask")
    elif verb == "space":
        parser.usage = "%(prog)s [EXPERIMENT] [key=value ...] [options]"
        add("words", nargs="*", metavar="EXPERIMENT key=value", help="a search, or values of parameters")
        add("-n", "--samples", metavar="N", type=whole, default=3, help="how many samples (3)")
        add("--seed", metavar="N", type=whole, default=0, help="of the samples")


def _list(client: Client, options: argparse.Namespace) -> int:
    states = [state for text in options.state for state in text.split(",") if state]
    for state in states:
        if state not in STATES:
            raise InvalidUsage(f"There is no state {state!r}.", hint=f"There is: {', '.join(STATES)}.")
    page = client.experiments(
        state=states,
        name=options.name,
        user=options.user,
        archived=options.archived or None,
        after=options.after,
        limit=options.limit,
    )
    if options.json:
        say.as_json(page)
        return 0
    now = time.time()
    narrowed = any((states, options.name, options.user, options.archived, options.after))
    first = "No searches yet. To start one: jupyter training submit train.py 'lr=loguniform(1e-4,1e-1)' --metric loss"
    say.table(
        _COLUMNS,
        [_row(one, now) for one in page["experiments"]],
        empty="No search fits." if narrowed else f"{first} --mode min",
    )
    if page["next"] is not None:
        print(f"There are more: --after {page['next']}")
    return 0


def _show(client: Client, options: argparse.Namespace) -> int:
    search = client.find_experiment(options.experiment)
    if options.json:
        say.as_json(search)
        return 0
    print(f"{search['name']}  {search['phase']}")
    say.facts(search_words.facts(search, now=time.time()))
    if search["error"]:
        print(f"\n{search['error'].rstrip()}")
    return 0


def _best(client: Client, options: argparse.Namespace) -> int:
    search = client.find_experiment(options.experiment)
    best = search["best"]
    if options.json and not options.cell:
        say.as_json({"best": best, "pareto": search["pareto"]})
        return 0
    if best is None:
        raise NotFound(f"{search['name']} has no best trial: none has reported {search['metrics'][0]}.")
    if options.cell:
        print(client.cell(best["job"]), end="")
        note = search_words.of_a_clone(search)
        if note is not None:
            print(note, file=sys.stderr)
    elif len(search["metrics"]) > 1:
        axes = search_words.axes_of(search)
        rows = [
            (
                str(one["trial"]),
                *(number(one["values"].get(name)) for name in search["metrics"]),
                *(search_words.value_text(one["config"].get(name, "")) for name in axes),
            )
            for one in search["pareto"]
        ]
        say.table([say.Column(title) for title in search_words.pareto_titles(search)], rows, empty="None yet.")
    else:
        print(search_words.best_text(search))
        say.facts((name, str(value)) for name, value in best["config"].items())
        print(f"job {best['job']}; its cell: jupyter training experiment best {search['id'][:6]} --cell")
    return 0


def _trials(client: Client, options: argparse.Namespace) -> int:
    search = client.find_experiment(options.experiment)
    page = client.trials(
        search["id"], sort=options.sort, outcome=options.state, after=options.after, limit=options.limit
    )
    if options.json:
        say.as_json(page)
        return 0
    titles = search_words.trial_titles(search)
    columns = [say.Column(title, right=title == "trial", is_state=title == "state") for title in titles]
    rows = [search_words.trial_cells(search, one) for one in page["trials"]]
    say.table(columns, rows, empty=f"{search['name']} has no such trial.")
    if page["next"] is not None:
        print(f"{number(page['total'])} in all. There are more: --after {page['next']}")
    return 0


def _results(client: Client, options: argparse.Namespace) -> int:
    search = client.find_experiment(options.experiment)
    found = client.results(search["id"])
    if options.json:
        say.as_json(found)
    else:
        print(found["yaml" if options.yaml else "csv"], end="")
    return 0


def _extend(client: Client, options: argparse.Namespace) -> int:
    if options.trials < 1:
        raise InvalidUsage("extend needs how many trials more, above 0.", hint="e.g. experiment extend sweep 20")
    return _act(client, options, "extend", [options.experiment])


def _searchers(client: Client, options: argparse.Namespace) -> int:
    found = client.searchers()
    if options.json:
        say.as_json({"searchers": found})
    else:
        print(searchers_table(found).text)
    return 0


def _space(client: Client, options: argparse.Namespace) -> int:
    named, params = split(options.words)
    if len(named) > 1 or (named and params):
        raise InvalidUsage("space takes one search, or values of parameters.", hint="e.g. experiment space lr=0.1,0.2")
    if params:
        texts = texts_of(options.words)
        wanted: Mapping[str, object] = {name: expression(texts[name], value) for name, value in params.items()}
    else:
        search = client.find_experiment(named[0] if named else "last")
        wanted = {**search["constants"], **{axis["name"]: axis["expression"] for axis in search["space"]}}
    found = client.space(wanted, samples=options.samples, seed=options.seed)
    if options.json:
        say.as_json(found)
    else:
        print(space_table(found).text)
    return 0


def _act(client: Client, options: argparse.Namespace, verb: str, texts: Sequence[str]) -> int:
    """Every search is asked, also when another one refuses or a word means none; 3 if one did."""
    named: dict[str, dict[str, Any]] = {}
    results: list[dict[str, Any]] = []
    for text in texts:
        try:
            search = client.find_experiment(text)
        except (NotFound, Refused, UnknownJob) as error:
            if len(texts) == 1 and not options.json:
                raise
            results.append({"id": text, "ok": False, "experiment": None, "problem": error.to_problem(), "notes": []})
        else:
            named.setdefault(search["id"], search)
    if verb == "delete" and named:
        _ask(list(named.values()), yes=options.yes)
    trials, discard = getattr(options, "trials", None), getattr(options, "discard", False)
    results += client.act_on_experiments(verb, *named, trials=trials, discard=discard) if named else []
    if options.json:
        say.as_json({"results": results})
    for result in results:
        called = f"{result['id']}  {named[result['id']]['name']}" if result["id"] in named else result["id"]
        if not result["ok"]:
            print(f"{called}  {from_problem(result['problem'])}", file=sys.stderr)
            continue
        if not options.json:
            print(f"{called}  {_SAID.get(verb) or result['experiment']['sentence']}")
            for note in result["notes"]:
                print(note, file=sys.stderr)
    return 0 if all(result["ok"] for result in results) else 3


def _ask(searches: list[dict[str, Any]], *, yes: bool) -> None:
    named = ", ".join(f"{one['name']} {one['id'][:6]}" for one in searches[:_NAMED])
    more = f" and {len(searches) - _NAMED} more" if len(searches) > _NAMED else ""
    asking.agree(
        f"Delete {named}{more} for good, with all trials, their checkpoints, outputs and logs?"
        " Their runs lie in MLflow's trash then.",
        yes=yes,
        would=f"{named}{more} would be deleted for good, with all trials, their checkpoints, outputs and logs.",
    )


def _row(search: Mapping[str, Any], now: float) -> tuple[str, ...]:
    says = "" if search["state"] in ("running", "succeeded") else search_words.sentence_text(search)
    return (
        search["id"],
        search["name"],
        search_words.say_state(search["phase"]),
        search_words.progress(search),
        search_words.best_text(search),
        search["searcher"],
        ago(search["submitted"], now=now),
        search_words.ran(search, now=now),
        says or next(iter(search["notes"]), ""),
    )


_LOOKS = {
    "list": _list,
    "show": _show,
    "best": _best,
    "trials": _trials,
    "results": _results,
    "extend": _extend,
    "searchers": _searchers,
    "space": _space,
}
