"""From the words of a command line to an exit code."""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import sys
from collections.abc import Sequence

from jupyter_training.cli.verbs import VERBS
from jupyter_training.errors import InvalidUsage, TrainingError, near_miss

__all__ = ["exit_code", "main"]

PROGRAM = "jupyter training"
# What people type who know the magics, or another program; it is named in the refusal.
_MEANT = {
    **dict.fromkeys(("list", "ls", "ps"), "jobs"),
    **dict.fromkeys(("describe", "status"), "show"),
    **dict.fromkeys(("run", "start", "train"), "submit"),
    **dict.fromkeys(("rm", "remove"), "delete"),
    "stop": "cancel",
    "tail": "logs",
}
_INTERRUPTED = 130
_PIPE_CLOSED = 141  # what a shell says of a program that wrote to a closed pipe
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; gives its exit code. Errors are sentences on standard error, never tracebacks."""
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that lacks a sign shows another, no error
    try:
        code = _answered(words)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has left, as `head` does: no error
        _let_go()
        return _PIPE_CLOSED
    except OSError as error:
        if error.errno not in _FULL or error.filename is not None:
            raise
        with contextlib.suppress(OSError):
            print(f"error: What was to be printed can't be written: {error.strerror}.", file=sys.stderr)
        _let_go()
        return 3
    return code


def _answered(words: list[str]) -> int:
    try:
        code = _run(words)
        sys.stdout.flush()
    except TrainingError as error:
        from jupyter_training.cli.say import failure

        failure(error, as_json="--json" in words)
        return exit_code(error)
    except TimeoutError as error:
        print(f"{error} It goes on.", file=sys.stderr)
        return 3
    except KeyboardInterrupt as interrupt:
        said = str(interrupt)
        print(f"\n{said}" if said else "\nInterrupted.", file=sys.stderr)
        return _INTERRUPTED
    return code


def _let_go() -> None:
    """Leave nothing that fails when it is flushed at exit."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def exit_code(error: TrainingError) -> int:
    """What an error is to a shell."""
    if error.code == "job_failed":
        return 1
    return 2 if error.status in (400, 422) else 3


def _run(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        if len(words) > 1 and words[1] in VERBS:
            return _run([words[1], "--help"])
        print(_overview())
        return 0 if words else 2
    if words[0] in ("-V", "--version"):
        import jupyter_training

        print(f"jupyter-training {jupyter_training.__version__}")
        return 0
    verb = VERBS.get(words[0])
    if verb is None:
        raise _unknown(words[0])

    from jupyter_training.cli.arguments import Parser

    module = importlib.import_module(f"jupyter_training.cli.{verb.file}")
    parser = Parser(prog=f"{PROGRAM} {verb.name}", description=f"{verb.summary[0].upper()}{verb.summary[1:]}.")
    parser.set_defaults(verb=verb.name)
    module.arguments(parser)
    try:
        options = parser.read(words[1:])
    except SystemExit as leaving:  # --help
        return int(leaving.code or 0)
    return int(module.run(options))


def _unknown(word: str) -> InvalidUsage:
    if word.startswith("-"):
        return InvalidUsage(f"{word} stands before the verb.", hint=f"Options come behind it: {PROGRAM} jobs {word}")
    close = _MEANT.get(word) or near_miss(word, VERBS)
    if close:
        return InvalidUsage(f"There is no verb {word!r}.", hint=f"Did you mean {close!r}?")
    if word.endswith(".py"):
        return InvalidUsage(f"There is no verb {word!r}.", hint=f"To run it: {PROGRAM} submit {word}")
    return InvalidUsage(f"There is no verb {word!r}.", hint=f"There is: {', '.join(VERBS)}.")


def _overview() -> str:
    width = max(map(len, VERBS))
    lines = [f"  {verb.name.ljust(width)}  {verb.summary}" for verb in VERBS.values()]
    return "\n".join(
        [
            f"usage: {PROGRAM} VERB [options]",
            "",
            "Train models as durable jobs, from a shell.",
            "",
            *lines,
            "",
            f"{PROGRAM} VERB --help tells more. First steps:",
            f"  {PROGRAM} submit train.py lr=0.1 --name first",
            f"  {PROGRAM} wait first",
        ]
    )
