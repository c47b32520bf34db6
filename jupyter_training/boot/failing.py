"""Why the code failed, in the words that a service shows: few bytes, and the error itself first."""

from __future__ import annotations

import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

__all__ = ["MOST", "exit_code", "reason", "write"]

MOST = 900  # bytes; a service shows 1024 characters, and adds its own
_KILLED = 128


def exit_code(ended: Mapping[str, Any]) -> int:
    """The code's own exit status by the record of its end; as a shell has it where a signal ended it."""
    if ended.get("exit_code") is not None:
        return int(ended["exit_code"])
    if ended.get("signal") is not None:
        return _KILLED + int(ended["signal"])
    return 1


def reason(ended: Mapping[str, Any], end: Mapping[str, Any] | None, last_lines: Sequence[str]) -> str:
    """Why it failed. The last line of the error first, as the rest may be cut off."""
    if ended.get("launch_error"):
        return _with_tail(f"could not start: {ended['launch_error']}", "\n".join(last_lines))
    if ended.get("unwatched"):
        return _with_tail(str(ended["unwatched"]), "\n".join(last_lines))
    how = _how(ended)
    error = (end or {}).get("error")
    if isinstance(error, dict):
        frames = error.get("frames") or ()
        frames = [frame for frame in frames if frame.get("own")] or frames
        place = f" at {frames[-1].get('file')}, line {frames[-1].get('line')}" if frames else ""
        message = str(error.get("message") or "").strip()
        head = f"{error.get('type')}: {message}" if message else str(error.get("type"))
        return _with_tail(f"{_cut(head, MOST // 2)}{place} ({how})", str(error.get("traceback") or ""))
    if ended.get("oom"):
        used, limit = ended.get("peak_memory"), ended.get("memory_limit")
        sizes = f": {used / 1e9:.3g} GB of {limit / 1e9:.3g} GB" if used and limit else ""
        return _with_tail(f"killed, probably out of memory{sizes} ({how})", "\n".join(last_lines))
    return _with_tail(f"the code ended with {how}", "\n".join(last_lines))


def write(path: str, text: str) -> None:
    """Leave the reason where the service looks for it. That it can't be told is no reason to fail otherwise."""
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(_cut(text).encode())
    except OSError:
        pass


def _how(ended: Mapping[str, Any]) -> str:
    number = ended.get("signal")
    if number is None:
        return f"exit code {exit_code(ended)}"
    try:
        return f"signal {number}, {signal.Signals(int(number)).name}"
    except ValueError:
        return f"signal {number}"


def _with_tail(head: str, text: str) -> str:
    """The head, and as much of the text's end as has room."""
    head = _cut(head)
    room = MOST - len(head.encode()) - 1
    rest = text.strip("\n").encode("utf-8", "replace")
    if room <= 0 or not rest:
        return head
    return f"{head}\n{rest[-room:].decode('utf-8', 'ignore')}"


def _cut(text: str, most: int = MOST) -> str:
    return text.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")
