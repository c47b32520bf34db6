"""``startup-hook.sh`` of a context: sourced by bash before the training, which then has what it exported.

    the supervisor starts  python -c ... FOLDER WORD...   (see ``command``)
    bash sources the hook in the working folder, its output goes to the log
    exit status 0     this process becomes WORD..., with the hook's variables
    anything else     the record of the end says what, and the attempt has failed

bash runs under ``set -e``: the first command that fails is the hook's failure.
Processes that a hook leaves behind run beside the training and end with it. A
hook that takes longer than the order's ``hook_within`` (0: no limit) is ended
with all it started. The variables come through a file that has no name: some are secrets.
"""

from __future__ import annotations

import os
import signal
import time

from jupyter_training.runtime import journal
from jupyter_training.spool import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from subprocess import Popen
    from typing import Any, BinaryIO

__all__ = ["FILE", "command", "main"]

FILE = "startup-hook.sh"

_CODE = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from jupyter_training.runtime.startup_hook import main; sys.exit(main(sys.argv[2], sys.argv[3:]))"
)
_WITHIN = 600.0  # seconds, where an order says nothing
_GRACE = 2.0  # between SIGTERM and SIGKILL
_LOOK_EVERY = 0.02

# The variables are told when the hook has been read to its end, and also when it leaves by itself with `exit 0`.
_SCRIPT = """
__jupyter_training_tell() {
    if [ "$1" -eq 0 ] && [ -z "$__jupyter_training_told" ]; then
        __jupyter_training_told=1
        "$__jupyter_training_env" -0 >&"$__jupyter_training_handle"
    fi
}
__jupyter_training_env=$1 __jupyter_training_handle=$2 __jupyter_training_told=
trap '__jupyter_training_tell $?' EXIT
set -- && set -e
source ./startup-hook.sh
__jupyter_training_tell 0
"""
# What bash sets for itself, and what says where the process was started and not where it shall be.
_ITS_OWN = ("_", "SHLVL", "PWD", "OLDPWD")
_OURS = "__jupyter_training_"  # exported by a hook that says `set -a`


def command(python: str, runtime_folder: str, attempt_folder: str, words: list[str]) -> list[str]:
    """The words that run an attempt's hook and then become ``words``. Isolated: the context's modules are not ours."""
    return [python, "-I", "-c", _CODE, runtime_folder, attempt_folder, *words]


def main(folder: str, words: list[str]) -> int:
    """Run the hook of the attempt in ``folder`` and become ``words``. Returns, with a status, only where it failed."""
    order = layout.read_json(os.path.join(folder, layout.ORDER)) or {}
    within = float(order.get("hook_within", _WITHIN))
    started = time.monotonic()
    try:
        variables, status = _run(within)
    except OSError as error:
        return _failed(folder, f"could not be run: {error.strerror} ({error.filename})", 126)
    if status is None:
        return _failed(folder, f"had not ended after {_span(within)}, its limit, and was stopped", 124)
    if status:
        how = f"ended with exit status {status}" if status > 0 else f"was ended by {_signal(-status)}"
        lasted = _span(time.monotonic() - started)
        return _failed(folder, f"{how} after {lasted}", status if status > 0 else 128 - status)
    if variables is None:
        return _failed(folder, "ended well, but did not tell what it exported", 126)
    try:
        os.execve(words[0], words, variables)  # noqa: S606 (no shell is meant)
    except OSError as error:
        return _failed(folder, f"ended well, but the training could not be started: {error.strerror}", 126)


def _run(within: float) -> tuple[dict[str, str] | None, int | None]:
    """The variables after the hook, None where they are not known, and its status; None where it took too long."""
    import shutil
    import subprocess
    import tempfile

    bash = shutil.which("bash") or "/bin/bash"
    lister = shutil.which("env") or "/usr/bin/env"
    with tempfile.TemporaryFile() as told:
        handle = told.fileno()
        process = subprocess.Popen(
            [bash, "--noprofile", "--norc", "-c", _SCRIPT, FILE, lister, str(handle)],
            stdin=subprocess.DEVNULL,
            pass_fds=[handle],
            preexec_fn=_as_usual,  # noqa: PLW1509 (there are no threads here)
        )
        deadline = time.monotonic() + within
        while process.poll() is None:
            if within and time.monotonic() >= deadline:
                _end(process)
                return None, None
            time.sleep(_LOOK_EVERY)
        return _variables(told) if process.returncode == 0 else None, process.returncode


def _as_usual() -> None:
    """In the hook's process: a group of its own, and the signals that Python ignores."""
    os.setpgid(0, 0)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)


def _end(process: Popen[bytes]) -> None:
    """End the hook's group, also those of it that do not listen. What has left the group is the supervisor's."""
    deadline = time.monotonic() + _GRACE
    _send(process.pid, signal.SIGTERM)
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY)
    _send(process.pid, signal.SIGKILL)
    process.wait()


def _send(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        pass


def _variables(told: BinaryIO) -> dict[str, str] | None:
    """All variables that the training shall have."""
    told.seek(0)
    content = os.fsdecode(told.read())
    if not content.endswith("\0"):
        return None
    found: dict[str, str] = {}
    for line in content.split("\0"):
        name, equals, value = line.partition("=")
        if equals and name not in _ITS_OWN and not name.startswith(_OURS):
            found[name] = value
    for name in _ITS_OWN:
        if name in os.environ:
            found[name] = os.environ[name]
    return found


def _failed(folder: str, words: str, status: int) -> int:
    """Say it in the log and in the record of the end; gives the status."""
    journal.say(f"{FILE} {words}.")
    message = f"it {words}; the training did not begin"
    end: dict[str, Any] = {
        "exit_code": status,
        "reason_class": "error",
        "error": {"type": FILE, "message": message, "frames": []},
        "heard_stop": False,
        "time": time.time(),
    }
    try:
        layout.write_json(os.path.join(folder, layout.END), end)
    except OSError as full:
        journal.say(f"the record of the end can't be written: {full.strerror}.")
    return status


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{max(seconds, 0.1):.1f} s".replace(".0 ", " ")
    minutes = seconds / 60
    return f"{minutes:.3g} min" if minutes < 120 else f"{minutes / 60:.3g} h"


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
