"""When to save: ``every()``, ``due()``, ``steps()``, and what a pause waits for.

    the code uses           a pause is told by should_stop()
    due()                   after due() has answered True for it
    every() alone           after the checkpoint that follows
    neither, or no_more()   at once

Every other stop is told at once. The supervisor waits likewise: it sees by marks
in the attempt's folder that the code saves, that it has saved since the stop was
asked for, or that no checkpoint will come.
"""

from __future__ import annotations

import operator
import os
import sys
from time import monotonic

from jupyter_training.runtime import job, journal, mode, stopping
from jupyter_training.runtime.checkpoint import place
from jupyter_training.spool import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["committed", "current_step", "due", "every", "no_more", "note_use", "start_after", "steps"]

_WAITED_FOR = ("pause", "preempt")
_NEEDS_NONE = ("discard", "kill")  # stops for which nothing has to be saved

_marked = False
_at: int | None = None  # the step that `steps` has given, while its loop runs
_end: int | None = None  # the last one that this loop gives
_reached = 0  # the last step that it ever gave
_counts: dict[object, int] = {}  # by place in the code, how often it has asked without a step
_fired: dict[object, float] = {}  # by place in the code, when it was last told to save
_last_commit = 0.0
_uses_every = _uses_due = False
_due_told = False  # that a stop was asked for
_has_saved_since = False
_none_comes = False


def every(
    count: int | None = None,
    /,
    step: int | None = None,
    *,
    minutes: float | None = None,
    seconds: float | None = None,
) -> bool:
    """Whether it is time to save: at each ``count``-th step, or so long after the last time.

        if checkpoint.every(5, step): ...
        if checkpoint.every(minutes=10): ...

    True at its own steps only; a pause waits for the next of them. Within
    ``steps()`` the step need not be given; elsewhere the calls are counted.

    Raises:
        ValueError: not exactly one span was given, or one that is not above 0.
    """
    global _uses_every
    note_use()
    _uses_every = True
    return _is_time(count, step, minutes, seconds, sys._getframe(1))


def due(
    step: int | None = None,
    every: int | None = None,
    *,
    minutes: float | None = None,
    seconds: float | None = None,
) -> bool:
    """As ``every()``, and also True when somebody has asked the job to stop, until that is saved.

        if checkpoint.due(step, every=5): ...

    True at the last step of ``steps()`` as well, so that what comes later goes
    on from the very end. With no span at all it is True for these two only.

    Raises:
        ValueError: two spans were given, or one that is not above 0.
    """
    global _uses_due, _due_told
    note_use()
    if not _uses_due:
        _uses_due = True
        _mark(layout.DUE)
    is_time = False
    if (every, minutes, seconds) != (None, None, None) or mode.test_mode:
        is_time = _is_time(every, step, minutes, seconds, sys._getframe(1))
    is_time = is_time or (_at is not None and _at == _end)
    how = stopping.asked()
    if how is None or how in _NEEDS_NONE or _saved_since():
        return is_time
    _due_told = True
    stopping.look_now()
    return True


def steps(count: int) -> Iterator[int]:
    """The numbers of the steps that are left, from the one after ``latest()`` on.

    A new job gives 1 to ``count``; one that goes on from step 10 gives 11 to
    ``count``; a job that was asked to do more (``--resume``) does ``count``
    steps more than it had done. A second loop goes on where the first one
    ended: ``steps(5)`` and then ``steps(15)`` give 1 to 5 and 6 to 15. In test
    mode one step.

    Raises:
        ValueError: ``count`` is below 0.
    """
    if operator.index(count) < 0:
        raise ValueError(f"steps({count}): the number of steps can't be below 0.")
    from jupyter_training.runtime.checkpoint import found

    note_use()
    return _steps(max(found.start(), _reached), place.base() + operator.index(count))


def no_more() -> None:
    """Say that no checkpoint will come any more: a pause need not wait for one."""
    global _none_comes
    _none_comes = True
    _mark(layout.NO_CHECKPOINT)
    stopping.look_now()


def current_step() -> int | None:
    """The step that ``steps()`` has given last; None outside of it."""
    return _at


def start_after(step: int) -> None:
    """Count calls without a step from there on."""
    global _start
    _start = step


def note_use() -> None:
    """Say once that this code saves."""
    global _marked
    if not _marked:
        _marked = True
        stopping.hold_back = _holds_back
        _mark(layout.SAVES)


def committed(record: dict[str, object]) -> None:
    """Take note of a checkpoint that is there now; told on if somebody waits for it."""
    global _last_commit, _has_saved_since
    _last_commit = monotonic()
    if stopping.asked(exactly=True) is None:
        return
    _has_saved_since = True
    stopping.look_now()
    folder = job.folder()
    if folder is not None:
        try:
            layout.write_json(os.path.join(folder, layout.SAVED), record, durable=False)
        except OSError as error:
            journal.say(f"that the checkpoint is there can't be said: {error.strerror}. A pause waits its full time.")


_start = 0


def _steps(start: int, end: int) -> Iterator[int]:
    global _at, _end, _reached
    if start >= end:
        journal.say(f"there is nothing left to do: {start} of {end} steps are done.")
    try:
        for step in range(start + 1, min(end, start + 1) + 1 if mode.test_mode else end + 1):
            _at = _reached = step
            _end = end
            yield step
    finally:
        _at = _end = None


def _is_time(
    count: int | None, step: int | None, minutes: float | None, seconds: float | None, asker: FrameType
) -> bool:
    spans = [one for one in (count, minutes, seconds) if one is not None]
    if len(spans) > 1 or any(one <= 0 for one in spans) or (not spans and not mode.test_mode):
        raise ValueError(
            "say after how many steps or how long, one of them and above 0: every(5, step), every(minutes=10)"
        )
    if mode.test_mode:
        return True
    place_in_code = (asker.f_code, asker.f_lasti)
    if count is not None:
        if step is None:
            step = _at if _at is not None else _counted(place_in_code)
        return step > 0 and step % count == 0
    now = monotonic()
    span = minutes * 60 if minutes is not None else seconds
    assert span is not None
    last = max(_last_commit, _fired.setdefault(place_in_code, now))
    if now - last < span:
        return False
    _fired[place_in_code] = now
    return True


def _counted(place_in_code: object) -> int:
    _counts[place_in_code] = _counts.get(place_in_code, _start) + 1
    return _counts[place_in_code]


def _holds_back(how: str) -> bool:
    """Whether ``should_stop()`` does not tell of a stop yet."""
    if how not in _WAITED_FOR or _none_comes or _saved_since():
        return False
    return not _due_told if _uses_due else _uses_every


def _saved_since() -> bool:
    """Whether a checkpoint has been committed since the stop was asked for, by this process or another of the job."""
    folder = job.folder()
    return _has_saved_since or (folder is not None and os.path.exists(os.path.join(folder, layout.SAVED)))


def _mark(name: str) -> None:
    folder = job.folder()
    if folder is None:
        return
    try:
        os.close(os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError:
        pass  # a full disk: a pause waits less long, or its full time
