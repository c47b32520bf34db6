"""``doctor``: see whether all is well, one line for each check."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from jupyter_training.cli import say
from jupyter_training.cli.arguments import Parser, add_json
from jupyter_training.settings import Settings

__all__ = ["arguments", "run"]

_COLOURS = {"ok": "32", "warn": "33", "fail": "31"}


def arguments(parser: Parser) -> None:
    parser.epilog = "Exit code 0: nothing is broken; 3: something is. Nothing is changed."
    parser.add_argument("--home", metavar="FOLDER", help="the home folder (default: JUPYTER_TRAINING_HOME)")
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    from jupyter_training.services import doctor

    checks = doctor.examine(Settings.load(options.home))
    if options.json:
        say.as_json({"checks": [asdict(check) for check in checks]})
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            status = say.coloured(check.status.ljust(4), _COLOURS[check.status])
            print(f"{status}  {check.name.ljust(width)}  {check.sentence}")
            if check.fix and check.status != "ok":
                print(f"{' ' * (width + 8)}{check.fix}")
    return 3 if any(check.status == "fail" for check in checks) else 0
