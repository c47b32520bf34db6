"""``serve``: the API of a home on a private socket, without JupyterLab."""

from __future__ import annotations

import argparse
from pathlib import Path

from jupyter_training.cli.arguments import Parser
from jupyter_training.settings import Settings

__all__ = ["arguments", "run"]


def arguments(parser: Parser) -> None:
    parser.epilog = (
        "Clients start one by themselves where no server of the home runs; one for each home is enough.\n"
        "It listens on a Unix socket that only you can open. Ending it stops no job."
    )
    parser.add_argument("--home", metavar="FOLDER", help="the home folder (default: JUPYTER_TRAINING_HOME)")
    parser.add_argument(
        "--socket", metavar="PATH", type=Path, help="where to listen (default: in the home's run folder)"
    )
    parser.add_argument("--idle-exit", metavar="SECONDS", type=float, help="end after so long unused; 0 = never (3600)")


def run(options: argparse.Namespace) -> int:
    from jupyter_training.server import serve

    idle_exit = serve.IDLE_EXIT if options.idle_exit is None else options.idle_exit
    return serve.serve(Settings.load(options.home), idle_exit=idle_exit, socket=options.socket)
