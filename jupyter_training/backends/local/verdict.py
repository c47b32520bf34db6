"""From the records an attempt left to why it ended, in words. Pure."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from typing import Any, cast

from jupyter_training.core.lifecycle import STOPPED, EndReason, StopHow
from jupyter_training.seams.backend import End

__all__ = ["verdict"]

_RESTARTED = "Lost: the machine was restarted while it ran."


def verdict(exit_record: Mapping[str, Any], end_record: Mapping[str, Any] | None, *, restarted: bool = False) -> End:
    """The end that ``exit.json`` and, where there is one, ``end.json`` tell.

    ``restarted``: between its launch and the record of its end the machine was
    started anew, which ends everything.

    The supervisor's word on the exit status is first; where it was killed and
    could not see the status, the runtime's own end record is the truth; where
    neither knows, the attempt is lost. A stop that the supervisor acted on
    names the reason, however the process answered it.
    """
    code, number = exit_record.get("exit_code"), exit_record.get("signal")
    peak = exit_record.get("peak_memory")
    if exit_record.get("launch_error"):
        return End(EndReason.LAUNCH_FAILED, f"Could not start: {exit_record['launch_error']}")
    if exit_record.get("not_begun"):
        return End(EndReason.NOT_BEGUN)
    if code is None and number is None and end_record is not None:
        code = end_record.get("exit_code")
    reason = STOPPED.get(cast("StopHow", str(exit_record.get("how_stopped"))))
    if reason is not None:
        return End(reason, None, code, number, peak)
    if number is None and end_record is not None and end_record.get("exit_code") == code:
        number = end_record.get("signal")  # it became an exit of the code's own
    if number is not None:
        return _signaled(int(number), exit_record, peak)
    if code is None:
        return End(EndReason.LOST, _RESTARTED if restarted else None, None, None, peak)
    if code == 0:
        return End(EndReason.COMPLETED, None, 0, None, peak)
    reason = EndReason.INVALID if _is_invalid(end_record) else EndReason.ERROR
    return End(reason, _error_sentence(int(code), end_record), int(code), None, peak)


def _signaled(number: int, exit_record: Mapping[str, Any], peak: int | None) -> End:
    limit = exit_record.get("memory_limit")
    if exit_record.get("oom"):
        used = f": {_size(peak)} of {_size(limit)}" if peak and limit else ""
        return End(EndReason.OUT_OF_MEMORY, f"Killed, probably out of memory{used}.", None, number, peak)
    name = _signal_name(number)
    memory = f" Its peak memory was {_size(peak)}." if peak else ""
    crash = number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT)
    words = f"Failed: the process crashed ({name})." if crash else f"Failed: {name} from outside ended it."
    return End(EndReason.SIGNALED, words + memory, None, number, peak)


def _is_invalid(end_record: Mapping[str, Any] | None) -> bool:
    """Whether the code has raised InvalidConfig."""
    error = (end_record or {}).get("error")
    return isinstance(error, Mapping) and error.get("type") == "jupyter_training.InvalidConfig"


def _error_sentence(code: int, end_record: Mapping[str, Any] | None) -> str:
    error = (end_record or {}).get("error")
    if not isinstance(error, Mapping):
        return f"Failed: the code ended with exit status {code}."
    message = str(error.get("message") or "").strip().splitlines()
    words = f"{error.get('type')}: {message[0][:300]}" if message else str(error.get("type"))
    frames = error.get("frames") or []
    frames = [frame for frame in frames if frame.get("own")] or frames  # the person's line, not a library's
    place = f" at {frames[-1]['file']}, line {frames[-1]['line']}" if frames else ""
    return f"Failed: {words}{place}."


def _signal_name(number: int) -> str:
    try:
        return f"signal {number}, {signal.Signals(number).name}"
    except ValueError:
        return f"signal {number}"


def _size(count: float | None) -> str:
    value = float(count or 0)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} GB"
