"""The first process of a container: run a command, pass signals on, copy its output, tell why it failed.

    python -m jupyter_training.runtime.container [--failure FILE] [--end FILE] -- command ...

Pid 1 gets no signal that it does not ask for, and inherits every orphan. So
this process asks for the stop signals and sends them to the command's process
group, reaps what dies, and takes what the command left behind with it when it
leaves. Output is copied line by line, as log collectors want it. FILE gets a
short text if the command fails: the error that the job's own end record
(``--end``) names, else the last lines that were printed.
"""

from __future__ import annotations

import argparse
import collections
import os
import select
import signal
import sys
import time
from collections.abc import Sequence

from jupyter_training.spool import layout

__all__ = ["main", "run"]

_PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
_LONGEST_LINE = 64 * 1024  # a longer one is copied in pieces
_LAST_LINES = 20
_LONGEST_REASON = 1024  # characters that services show of a failure
_REST_SECONDS = 2.0  # for output and processes that are left when the command has ended


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="container", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--failure", help="the file that tells why the command failed")
    parser.add_argument("--end", help="the end record that the command's own runtime writes")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    given = parser.parse_args(arguments)
    command = given.command[1:] if given.command[:1] == ["--"] else given.command
    if not command:
        parser.error("there is no command to run")
    return run(command, failure=given.failure, end=given.end)


def run(command: Sequence[str], *, failure: str | None = None, end: str | None = None) -> int:
    """Run the command to its end; its exit code, or 128 + the signal that ended it."""
    readable, writable = os.pipe()
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    os.set_blocking(wake_read, False)
    child = 0
    waiting: list[int] = []

    def pass_on(number: int, _frame: object) -> None:
        if child:
            _send(child, number)
        else:
            waiting.append(number)

    # Both before the fork, so that nothing that happens right after it is missed.
    old_wake = signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    old = {number: signal.signal(number, pass_on) for number in _PASSED_ON}
    old[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
    try:
        child = _start(command, writable)
        os.close(writable)
        for number in waiting:
            _send(child, number)
        code, lines = _watch(child, readable, wake_read)
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(old_wake)
        for handle in (readable, wake_read, wake_write):
            os.close(handle)
    if code != 0 and failure is not None:
        _tell(failure, _reason(code, lines, end))
    return code


def _start(command: Sequence[str], output: int) -> int:
    """The command in a process group of its own, its stdout and stderr in one pipe."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        try:
            os.setpgid(pid, pid)  # both sides do it, so that it is done for whoever goes on first
        except OSError:
            pass
        return pid
    try:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        for number in (*_PASSED_ON, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.execvp(command[0], list(command))  # noqa: S606 (no shell is meant)
    except OSError as error:
        os.write(2, f"{command[0]} can't be started: {error.strerror}.\n".encode())
    finally:
        os._exit(127)


def _watch(child: int, output: int, wake: int) -> tuple[int, collections.deque[bytes]]:
    """Copy the output and reap, until the command and what it left behind are gone."""
    lines: collections.deque[bytes] = collections.deque(maxlen=_LAST_LINES)
    rest = b""
    code: int | None = None
    deadline = 0.0
    is_open, is_killed = True, False
    while code is None or is_open:
        timeout = None if code is None else max(0.0, deadline - time.monotonic())
        ready, _, _ = select.select([output, wake] if is_open else [wake], [], [], timeout)
        if wake in ready:
            _drain(wake)
        if output in ready:
            piece = os.read(output, _LONGEST_LINE)
            is_open = bool(piece)
            rest = _copied(rest + piece, lines)
        ended = _reap(child)
        if ended is not None:
            code, deadline = ended, time.monotonic() + _REST_SECONDS
            _send(child, signal.SIGTERM)
        elif code is not None and time.monotonic() >= deadline:
            if is_killed:
                break  # somebody outside of the group keeps the pipe
            _send(child, signal.SIGKILL)
            deadline, is_killed = time.monotonic() + _REST_SECONDS, True
    if rest:
        _copied(rest + b"\n", lines)
    _send(child, signal.SIGKILL)
    _reap(child)
    return code, lines


def _copied(data: bytes, lines: collections.deque[bytes]) -> bytes:
    """Write the whole lines of ``data``; what is left is the beginning of the next one."""
    whole = len(data) if len(data) >= _LONGEST_LINE else data.rfind(b"\n") + 1
    if whole:
        lines.extend(data[:whole].splitlines())
        _write_out(data[:whole])
    return data[whole:]


def _write_out(data: bytes) -> None:
    try:
        while data:
            data = data[os.write(1, data) :]
    except OSError:
        pass  # nobody collects the log; the command goes on


def _reap(child: int) -> int | None:
    """Take in whoever has died; the command's exit code if it was among them."""
    code = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if pid == 0:
            return code
        if pid == child:
            code = 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _send(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        pass


def _drain(handle: int) -> None:
    try:
        while os.read(handle, 512):
            pass
    except BlockingIOError:
        pass


def _reason(code: int, lines: collections.deque[bytes], end: str | None) -> str:
    how = f"signal {code - 128}" if code > 128 else f"exit code {code}"
    error = ((layout.read_json(end) if end is not None else None) or {}).get("error")
    if isinstance(error, dict):
        frames = error.get("frames") or [{}]
        place = f" at {frames[-1].get('file')}, line {frames[-1].get('line')}" if frames[-1] else ""
        head = f"{error.get('type')}: {error.get('message')}{place} ({how})"
        return f"{head}\n{error.get('traceback', '')}"[:_LONGEST_REASON]
    text = "\n".join(line.decode("utf-8", "replace") for line in lines)
    head = f"The command ended with {how}."
    return f"{head}\n{text[-(_LONGEST_REASON - len(head) - 1) :]}" if text else head


def _tell(path: str, text: str) -> None:
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        print(f"The reason of the failure can't be written to {path}: {error.strerror}.", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
