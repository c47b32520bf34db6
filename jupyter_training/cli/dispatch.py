"""``dispatch``: be the dispatcher of a home, for those who keep it under a service manager of their own."""

from __future__ import annotations

import argparse

from jupyter_training.cli.arguments import Parser
from jupyter_training.settings import Settings

__all__ = ["arguments", "run"]


def arguments(parser: Parser) -> None:
    parser.epilog = (
        "A submit starts a dispatcher by itself and it leaves when there is nothing to do; this verb is\n"
        "for looking at one, or for a service manager. A home has one dispatcher at a time."
    )
    parser.add_argument("--once", action="store_true", help="one round of starting, watching and ingesting")
    parser.add_argument("--home", metavar="FOLDER", help="the home folder (default: JUPYTER_TRAINING_HOME)")


def run(options: argparse.Namespace) -> int:
    from jupyter_training.dispatch import loop

    return loop.main(Settings.load(options.home), once=options.once)
