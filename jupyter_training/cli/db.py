"""``db backup|check|gc|adopt``: look after the store."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_training.cli import say
from jupyter_training.cli.arguments import Parser, add_json
from jupyter_training.errors import InvalidUsage
from jupyter_training.settings import Settings

if TYPE_CHECKING:
    from jupyter_training.services.tidy import Tidied

__all__ = ["arguments", "run"]


def arguments(parser: Parser) -> None:
    verbs = parser.add_verbs(
        {
            "backup": "copy the store while it is at work",
            "check": "read every page and row, and say what is wrong",
            "gc": "remove old jobs and what no job needs any more",
            "adopt": "make this machine the owner of a store that came from another one",
        }
    )
    verbs["backup"].add_argument("target", metavar="FOLDER", help="a folder for the copy; made if it is not there")
    verbs["gc"].add_argument(
        "--keep-days",
        metavar="DAYS",
        type=float,
        help="remove jobs that ended longer ago (default: keep_finished_days of the settings; 0 = none)",
    )
    for verb in verbs.values():
        verb.add_argument("--home", metavar="FOLDER", help="the home folder (default: JUPYTER_TRAINING_HOME)")
        add_json(verb)


def run(options: argparse.Namespace) -> int:
    settings = Settings.load(options.home)
    if settings.store_url is None and not settings.jobs_file.exists():
        raise InvalidUsage(f"There is no store in {settings.home} yet.", hint="Name another home with --home.")
    return {"backup": _backup, "check": _check, "gc": _gc, "adopt": _adopt}[options.action](options, settings)


def _backup(options: argparse.Namespace, settings: Settings) -> int:
    from jupyter_training.services.site import Site
    from jupyter_training.store import upkeep

    with Site.open(settings) as site:
        files = upkeep.backup(site.store, Path(options.target).expanduser().absolute())
    if options.json:
        say.as_json({"files": [str(file) for file in files]})
    else:
        for file in files:
            print(f"{file}  {file.stat().st_size / 1e6:.1f} MB")
    return 0


def _check(options: argparse.Namespace, settings: Settings) -> int:
    from jupyter_training.services.site import Site
    from jupyter_training.store import upkeep

    with Site.open(settings) as site:
        findings = upkeep.check(site.store)
    if options.json:
        say.as_json({"findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            print(f"{finding.level}: {finding.sentence}")
            if finding.hint:
                print(f"  {finding.hint}")
        if not findings:
            print("The store is sound.")
    return 3 if any(finding.level == "fault" for finding in findings) else 0


def _gc(options: argparse.Namespace, settings: Settings) -> int:
    from jupyter_training.services.site import Site
    from jupyter_training.services.tidy import tidy

    if options.keep_days is not None and not 0 <= options.keep_days < float("inf"):
        raise InvalidUsage(f"--keep-days {options.keep_days} is not allowed; it must be a number of days, 0 or more.")
    with Site.open(settings) as site:
        done = tidy(site, keep_days=options.keep_days)
    if options.json:
        say.as_json(asdict(done))
        return 0
    if not (done.jobs or done.points or done.spools or done.blobs or done.data):
        print("There is nothing to remove.")
    else:
        _say_removed(done)
    if done.held_back:
        print(f"{done.held_back} old jobs stay until their record in MLflow is complete.")
    if done.strangers:
        print(f"{done.strangers} folders in {settings.spool_root} belong to no job of this store; they are left alone.")
    return 0


def _adopt(options: argparse.Namespace, settings: Settings) -> int:
    from jupyter_training.store.engine import Store

    with Store.open(settings, adopt=True) as store:
        owner = store.owner
    if options.json:
        say.as_json({"owner": owner.host if owner is not None else None})
    elif owner is not None:
        print(f"The store in {settings.home} now belongs to {owner.host}.")
    else:
        print("A store on a database server belongs to no machine; there is nothing to do.")
    return 0


def _say_removed(done: Tidied) -> None:
    print(
        f"Removed {done.jobs} jobs with {done.points} points, {done.spools} spools of jobs that stay, "
        f"{done.blobs} files of code, {done.data} of data: {done.bytes / 1e6:.1f} MB."
    )
