"""``doctor``: see whether all is well, one line for each check; ``--backend``: whether a service is ready for jobs."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

from jupyter_training.cli import say
from jupyter_training.cli.arguments import Parser, add_json
from jupyter_training.cli.options import add, said
from jupyter_training.errors import InvalidUsage
from jupyter_training.kernel.commands import SERVED
from jupyter_training.settings import Settings

if TYPE_CHECKING:
    from jupyter_training.services.doctor import Check

__all__ = ["arguments", "run"]

_COLOURS = {"ok": "32", "warn": "33", "fail": "31"}
_WIDTH = 12  # of the names of what a service is asked about: its checks are shown as they come


def arguments(parser: Parser) -> None:
    parser.epilog = (
        "Exit code 0: nothing is broken; 3: something is. Nothing is changed.\n"
        "With --backend sagemaker: identity, role, permissions, bucket, and with --instance quota, image and price."
    )
    parser.add_argument("--home", metavar="FOLDER", help="the home folder (default: JUPYTER_TRAINING_HOME)")
    parser.add_argument("--backend", metavar="NAME", help="look whether this service is ready for jobs")
    parser.add_argument(
        "--live", action="store_true", help="run ten small jobs there that prove what can't be known before; they cost"
    )
    parser.add_argument("--only", metavar="NAME[,NAME]", help="of those ten only these")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
    add(parser.add_argument_group("as a job would say it"), SERVED)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    from jupyter_training.services import doctor

    settings = Settings.load(options.home)
    asked = said(options, SERVED).get("options", {})
    if options.backend is None:
        if asked or options.live:
            raise InvalidUsage("These go with --backend.", hint="e.g. jupyter training doctor --backend sagemaker")
        checks = doctor.examine(settings)
        width = max(len(check.name) for check in checks)
        return _told(checks, width, as_json=options.json)
    if options.live:
        from jupyter_training.cli import live

        only = options.only.split(",") if options.only else None
        return live.run(settings, options.backend, asked, only=only, yes=options.yes, as_json=options.json)
    return _told(doctor.examine_backend(settings, options.backend, asked), _WIDTH, as_json=options.json)


def _told(checks: Iterable[Check], width: int, *, as_json: bool) -> int:
    told: list[Check] = []
    for check in checks:
        told.append(check)
        if not as_json:
            status = say.coloured(check.status.ljust(4), _COLOURS[check.status])
            print(f"{status}  {check.name.ljust(width)}  {check.sentence}", flush=True)
            if check.fix and check.status != "ok":
                print(f"{' ' * (width + 8)}{check.fix}")
    if as_json:
        say.as_json({"checks": [asdict(check) for check in told]})
    return 3 if any(check.status == "fail" for check in told) else 0
