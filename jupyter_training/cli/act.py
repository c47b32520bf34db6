"""The verbs of the life cycle, each on any number of jobs: cancel, pause, activate, retry, archive, delete ..."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from jupyter_training.cli import asking, say
from jupyter_training.cli.arguments import Parser, add_job, add_json, add_place
from jupyter_training.cli.place import client_of, each
from jupyter_training.errors import TrainingError, from_problem
from jupyter_training.kernel import service_words

__all__ = ["arguments", "run"]

_STOPS = (
    "cancel lets the code finish what it is doing: it is asked, then gets SIGTERM, and after its\n"
    "grace SIGKILL. kill is SIGKILL to all of its processes. Neither removes anything."
)
_EPILOGS = {
    "cancel": _STOPS,
    "kill": _STOPS,
    "pause": "The job stops after its next checkpoint and gives its slots up; `activate` lets it go on from there.",
    "retry": "The same job starts once more, from its last good checkpoint. Variables that it was handed by\n"
    "--pass-env are taken from here again.",
    "archive": "Archived jobs are left out of lists: jupyter training jobs is:archived shows them.",
    "delete": "Its checkpoints, outputs and logs go too, for good. Its run in MLflow is deleted as a person would:\n"
    "it lies in MLflow's trash, which `mlflow gc` empties. Outputs that a service has stay there; it says where.",
}
_NAMED = 5  # jobs in a question


def arguments(parser: Parser) -> None:
    verb = parser.get_default("verb")
    parser.epilog = _EPILOGS.get(verb)
    add_job(parser, several=True)
    if verb == "pause":
        parser.add_argument("--discard", action="store_true", help="at once, without a checkpoint")
    if verb == "retry":
        parser.add_argument("--force", action="store_true", help="also what has succeeded")
    if verb == "delete":
        parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
    add_json(parser)
    add_place(parser)


def run(options: argparse.Namespace) -> int:
    """Every job is asked, also when another one refuses or a word means none; 3 if one did."""
    flags = {name: True for name in ("discard", "force") if getattr(options, name, False)}
    with client_of(options) as client:
        named = each(client, options.jobs)
        (first, *others) = named.values()
        if isinstance(first, TrainingError) and not (others or options.json):
            raise first
        jobs = {key: one for key, one in named.items() if not isinstance(one, TrainingError)}
        if options.verb == "delete" and jobs:
            _ask(list(jobs.values()), yes=options.yes)
        told = {one["id"]: one for one in client.act(options.verb, *jobs, **flags)} if jobs else {}
    results = [_unknown(key, one) if isinstance(one, TrainingError) else told[key] for key, one in named.items()]
    if options.json:
        say.as_json({"results": results})
    for result in results:
        called = f"{result['id']}  {jobs[result['id']]['name']}" if result["id"] in jobs else result["id"]
        if not result["ok"]:
            error = from_problem(result["problem"])
            print(f"{called}  {error}", file=sys.stderr)
        elif not options.json:
            print(f"{called}  {_said(options.verb, result['job'], before=jobs[result['id']])}")
    return 0 if all(result["ok"] for result in results) else 3


def _unknown(word: str, error: TrainingError) -> dict[str, Any]:
    return {"id": word, "ok": False, "job": None, "problem": error.to_problem()}


def _said(verb: str, job: dict[str, Any], *, before: dict[str, Any]) -> str:
    words = {"archive": "Archived.", "unarchive": "Back in the lists.", "delete": "Deleted."}
    left = service_words.stays(before) if verb == "delete" else ""
    return (words.get(verb) or str(job["sentence"])) + (f" {left}." if left else "")


def _ask(jobs: list[dict[str, Any]], *, yes: bool) -> None:
    named = ", ".join(f"{job['name']} {job['id'][:6]}" for job in jobs[:_NAMED])
    more = f" and {len(jobs) - _NAMED} more" if len(jobs) > _NAMED else ""
    runs = "Its run lies" if len(jobs) == 1 else "Their runs lie"
    asking.agree(
        f"Delete {named}{more} for good, with checkpoints, outputs and logs? {runs} in MLflow's trash then.",
        yes=yes,
        would=f"{named}{more} would be deleted for good, with checkpoints, outputs and logs.",
    )
