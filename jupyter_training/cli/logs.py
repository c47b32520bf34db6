"""``logs``: what a job printed."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from typing import Any

from jupyter_training.cli import say
from jupyter_training.cli.arguments import Parser, add_job, add_json, add_place, whole
from jupyter_training.cli.place import client_of, found
from jupyter_training.cli.wait import detaching
from jupyter_training.client.client import Client
from jupyter_training.errors import InvalidUsage

__all__ = ["arguments", "run"]

_PIECE = 256 * 1024
_LARGEST_TAIL = 1024 * 1024


def arguments(parser: Parser) -> None:
    add_job(parser)
    parser.add_argument("-n", "--lines", metavar="N", type=whole, help="only the last so many lines")
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the job has ended")
    parser.add_argument("--attempt", metavar="N", type=whole, help="of this attempt instead of the latest")
    parser.add_argument("--offset", metavar="BYTES", type=whole, help="with --json: where the piece begins")
    add_json(parser)
    add_place(parser)


def run(options: argparse.Namespace) -> int:
    if options.lines is not None and options.lines < 1:
        raise InvalidUsage(f"--lines {options.lines} is not allowed; it must be 1 or more.")
    if options.follow and (options.json or options.attempt is not None):
        raise InvalidUsage("--follow shows the latest attempt as text; it goes with neither --json nor --attempt.")
    with client_of(options) as client:
        (job,) = found(client, [options.job])
        if options.json:
            tail = _LARGEST_TAIL if options.lines is not None else None
            chunk = client.logs(job["id"], offset=options.offset, attempt=options.attempt, tail=tail, limit=_PIECE)
            say.as_json({**chunk, "text": _last_lines(chunk["text"], options.lines)})
            return 0
        if options.follow:
            if job["phase"] == "queued":
                print(job["sentence"], file=sys.stderr)
            with detaching(job["name"], job["id"]):
                _print(_follow(client, job, options.lines))
        else:
            _print(_all(client, job, options))
    return 0


def _print(texts: Iterator[str]) -> None:
    last = ""
    for text in texts:
        sys.stdout.write(text)
        sys.stdout.flush()
        last = text or last
    if last and not last.endswith("\n"):
        print()


def _all(client: Client, job: dict[str, Any], options: argparse.Namespace) -> Iterator[str]:
    if options.lines is not None:
        chunk = client.logs(job["id"], tail=_LARGEST_TAIL, attempt=options.attempt)
        yield _last_lines(chunk["text"], options.lines)
        return
    offset = 0
    while True:
        chunk = client.logs(job["id"], offset=offset, limit=_PIECE, attempt=options.attempt)
        yield chunk["text"]
        if chunk["next"] <= offset or chunk["next"] >= chunk["size"]:
            return
        offset = chunk["next"]


def _follow(client: Client, job: dict[str, Any], lines: int | None) -> Iterator[str]:
    if lines is None:
        yield from client.follow(job["id"])
        return
    pieces = client.follow(job["id"], tail=_LARGEST_TAIL)
    yield _last_lines(next(pieces, ""), lines)
    yield from pieces


def _last_lines(text: str, lines: int | None) -> str:
    if lines is None:
        return text
    # Not splitlines: a bar that draws itself again with carriage returns is one line.
    return "".join(re.findall(r"[^\n]*\n|[^\n]+", text)[-lines:])
