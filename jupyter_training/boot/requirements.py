"""Install the packages that the code asks for, by the pip of the image's own interpreter."""

from __future__ import annotations

import os
import subprocess
import sys

from jupyter_training.boot.lines import Lines
from jupyter_training.boot.order import Order
from jupyter_training.boot.places import Places
from jupyter_training.boot.records import Output
from jupyter_training.boot.refusals import BadRequirements, Stopped
from jupyter_training.boot.stopping import Stopping

__all__ = ["install"]

_AUTO = "auto"
_FILE = "requirements.txt"
_OPTIONS = ("--disable-pip-version-check", "--no-input", "--progress-bar", "off")


def install(order: Order, places: Places, variables: dict[str, str], out: Output, stopping: Stopping) -> None:
    """Install them, if the order says so. What pip prints goes to the log.

    Raises:
        BadRequirements: pip could not; the text is what it said last.
        Stopped: the container is to stop.
    """
    if order.requirements is None:
        return
    path = os.path.join(places.code, _FILE if order.requirements == _AUTO else order.requirements)
    if not os.path.isfile(path):
        if order.requirements == _AUTO:
            return
        raise BadRequirements(f"there is no {order.requirements} in the code.")
    out.say(f"installing what {os.path.relpath(path, places.code)} asks for.")
    words = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar",
        "off",
    ]
    process = subprocess.Popen(
        [*words, "-r", path],
        cwd=os.path.dirname(path),
        env={**variables, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    with stopping.ending(process.pid):
        last = _copied(process, out)
        status = process.wait()
    if stopping.is_asked:
        raise Stopped
    if status:
        raise BadRequirements(last or f"pip ended with exit status {status}.")


def _copied(process: subprocess.Popen[bytes], out: Output) -> str:
    """Copy what it prints; the last line that tells of an error, or the last line."""
    lines, last, error = Lines(), "", ""
    assert process.stdout is not None
    for piece in process.stdout:
        for line in lines.feed(piece.decode("utf-8", "replace"), 0.0):
            out.line(line)
            last = line.strip() or last
            if line.startswith("ERROR:"):
                error = line[len("ERROR:") :].strip()
    for line in lines.end():
        out.line(line)
        last = line.strip() or last
    return error or last
