"""How an attempt's end is told, once all that it left has been taken in.

A backend knows what became of the processes; here comes to it what they had
reached: the last step that was reported, and the checkpoint to go on from.
Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from jupyter_training.core.lifecycle import EndReason, StopHow, end_sentence
from jupyter_training.seams.backend import End

__all__ = ["Reached", "tells_how_far", "told"]

# A launch that was given up for one of these goes on as if it had been stopped later, and costs nothing.
_GIVEN_UP: dict[StopHow | None, EndReason] = {
    "pause": EndReason.PAUSED,
    "discard": EndReason.PAUSED,
    "preempt": EndReason.PREEMPTED,
}
_BROKEN_OFF = frozenset(
    {EndReason.LOST, EndReason.HUNG, EndReason.TIMEOUT, EndReason.OUT_OF_MEMORY, EndReason.SIGNALED}
)
_TELL = _BROKEN_OFF | {
    EndReason.VOID,
    EndReason.PAUSED,
    EndReason.PREEMPTED,
    EndReason.CANCELED,
    EndReason.KILLED,
}


@dataclass(frozen=True)
class Reached:
    """What an attempt had come to: the step that it reported last, and that of the checkpoint to go on from.

    ``saved``: the checkpoint was written after the stop was asked for, so nothing came after it, whatever counts
    the reported steps.
    """

    step: int | None = None
    checkpoint: int | None = None
    saved: bool = False


def tells_how_far(end: End) -> bool:
    """Whether the sentence of such an end has to do with what was reached. Most have not, and that costs queries."""
    return end.reason in _TELL


def told(end: End, asked: StopHow | None, reached: Reached, *, quiet: float | None = None) -> End:
    """The end with its sentence. ``asked``: the stop that was asked for; ``quiet``: seconds after which it is hung."""
    if end.reason is EndReason.VOID and asked in _GIVEN_UP:
        end = replace(end, reason=_GIVEN_UP[asked])
        if reached.checkpoint is None:
            return replace(end, detail=f"{_who(end.reason)} before it began.")
    if end.reason in (EndReason.PAUSED, EndReason.PREEMPTED):
        return replace(end, detail=_interrupted(end.reason, reached))
    if end.reason in (EndReason.CANCELED, EndReason.KILLED) and reached.checkpoint is not None:
        how = "Stopped" if end.reason is EndReason.CANCELED else "Killed"
        return replace(end, detail=f"{how} by you; the checkpoint of step {reached.checkpoint:,} is kept.")
    if end.reason in _BROKEN_OFF:
        return replace(end, detail=_broken_off(end, reached, quiet))
    return end


def _interrupted(reason: EndReason, reached: Reached) -> str:
    who = _who(reason)
    if reached.checkpoint is None:
        return f"{who}; it starts from the beginning."
    if reached.saved or reached.step is None or reached.step <= reached.checkpoint:
        return f"{who} at step {reached.checkpoint:,}; its checkpoint is kept."
    return f"{who} at step {reached.step:,}; it goes on from its checkpoint of step {reached.checkpoint:,}."


def _who(reason: EndReason) -> str:
    return end_sentence(reason).rstrip(".")


def _broken_off(end: End, reached: Reached, quiet: float | None) -> str | None:
    words = end.detail
    if words is None and end.reason is EndReason.HUNG and quiet is not None:
        words = f"Stopped: no report and no line of log for {_span(quiet)}."
    known = []
    if reached.step is not None:
        known.append(f"Last step reported: {reached.step:,}.")
    if reached.checkpoint is not None:
        known.append(f"Last checkpoint: step {reached.checkpoint:,}.")
    if not known:
        return words
    return " ".join([words or end_sentence(end.reason), *known])


def _span(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds < 120 else f"{seconds / 60:.0f} min"
