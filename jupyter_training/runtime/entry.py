"""The first code in the person's interpreter: run what was ordered, and record how it ended.

    read the order -> paths, SIGTERM, mlflow and figure hooks -> the person's code -> end.json -> exit

``end.json`` is written when the code has ended, also its threads, and before
exit handlers run. The supervisor, while it lives, sees the true exit status; a
job whose supervisor was killed has its end from here.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import time

from jupyter_training.runtime import job, mlflow_hook, show_hook, stopping
from jupyter_training.spool import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["main"]

_INTERRUPTED = 130


def main(folder: str) -> None:
    """Run the attempt in ``folder`` and leave with its exit code."""
    order = layout.read_json(os.path.join(folder, layout.ORDER))
    if order is None:
        sys.exit(f"jupyter_training: there is no readable order in {folder}.")
    os.environ[job.FOLDER] = folder
    own = os.getpid()
    runtime_folder = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    path = _place(order, runtime_folder)
    layout.reserve(os.path.join(folder, layout.END))
    if sys.stderr is not None:
        faulthandler.enable()  # a crash in a library leaves the place in the log
    stopping.install()
    mlflow_hook.install(folder)
    show_hook.install()
    if order.get("test"):
        from jupyter_training.runtime import mode

        mode.begin()
    sys.exit(_run(order, folder, path, own))


def _place(order: dict[str, Any], runtime_folder: str) -> str:
    """Set what imports are looked for in; the path of the file to run.

    The person's folder comes right behind the code for a cell or function, as in
    their notebook, and last for a script, as Python itself would not look there.
    """
    code, folder, entry = order["code"], order["folder"], order["entry"]
    path: str = os.path.join(code, *entry["path"].split("/"))
    beside = os.path.dirname(path)
    ahead = [runtime_folder, *([beside] if beside != code else []), code]
    behind = [folder] if folder not in ahead else []
    if entry["kind"] != "script":
        ahead, behind = ahead + behind, []
    sys.path[:] = ahead + [one for one in sys.path if os.path.abspath(one) not in ahead] + behind
    # What the code starts with the same interpreter can report too.
    others = [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one]
    os.environ["PYTHONPATH"] = os.pathsep.join([runtime_folder, *(one for one in others if one != runtime_folder)])
    return path


def _run(order: dict[str, Any], folder: str, path: str, own: int) -> int:
    """Run the person's code and record its end, if this is still the process ``own``; the exit code."""
    entry = order["entry"]
    shown_as = entry.get("shown_as") or path
    content = b""
    error: dict[str, Any] | None = None
    number: int | None = None
    try:
        with open(path, "rb") as file:
            content = file.read()
        _start(order, path, content, shown_as)
        _wait_for_threads()
        code, reason = 0, "completed"
    except SystemExit as left:
        code = _exit_code(left)
        reason = "completed" if code == 0 else "exit"
        number = code - 128 if isinstance(left, stopping.Terminated) else None
    except BaseException as raised:  # noqa: BLE001 (the edge of the process: each end has to be recorded)
        from jupyter_training.runtime import failure

        source = failure.Source(order["code"], shown_as, content, entry.get("cells") or ())
        error = failure.record(raised, source)
        failure.show(raised, error)
        code, reason = (_INTERRUPTED if isinstance(raised, KeyboardInterrupt) else 1), "error"
    if os.getpid() != own:
        return code  # a fork that the code has let leave through here: its end is not the attempt's
    stopping.let_go()
    end = {
        "exit_code": code,
        "signal": number,  # that became an exit
        "reason_class": reason,
        "error": error,
        "heard_stop": stopping.has_been_told(),
        "time": time.time(),
    }
    if order.get("launcher") == job.TORCHRUN and _is_said_by_another(folder, error):
        return code
    try:
        layout.write_json(os.path.join(folder, layout.END), end)
    except OSError as full:
        from jupyter_training.runtime import journal

        journal.say(f"the record of the end can't be written: {full.strerror}.")
    return code


def _is_said_by_another(folder: str, error: dict[str, Any] | None) -> bool:
    """Whether another rank tells how the attempt ended: the first with an error does, else rank 0."""
    said = layout.read_json(os.path.join(folder, layout.END)) or {}
    return bool(said.get("error")) or (error is None and job.is_beside())


def _start(order: dict[str, Any], path: str, content: bytes, shown_as: str) -> None:
    entry = order["entry"]
    if entry["kind"] == "script":
        from jupyter_training.runtime import script

        script.run(path, content, shown_as, entry.get("args") or (), order.get("params") or {})
    elif entry["kind"] == "cell":
        from jupyter_training.runtime import cell

        cell.run(path, content, shown_as, order)
    else:
        from jupyter_training.runtime import function

        function.run(path, content, shown_as, order)


def _wait_for_threads() -> None:
    """The interpreter waits for threads that are no daemons; the code has not ended before they have."""
    threading = sys.modules.get("threading")
    if threading is None:
        return
    waiting = True
    while waiting:
        waiting = False
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join()
                waiting = True


def _exit_code(left: SystemExit) -> int:
    """The status with which the interpreter would leave; a text goes to stderr, as it does there."""
    if left.code is None:
        return 0
    if isinstance(left.code, int):
        return left.code & 0xFF
    try:
        print(left.code, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        pass
    return 1
