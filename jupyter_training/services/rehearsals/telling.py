"""From what two runs have left to what a person should know. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jupyter_training.backends.local.verdict import verdict
from jupyter_training.core.lifecycle import EndReason, end_sentence
from jupyter_training.runtime import startup_hook
from jupyter_training.schema import RehearsalStepView, RehearsalView
from jupyter_training.services.rehearsals.place import Run
from jupyter_training.services.sentences import span

__all__ = ["can_restore", "told"]

# Ends before the code itself has begun.
_IMPORT = ("ImportError", "ModuleNotFoundError", "SyntaxError", "IndentationError", startup_hook.FILE)
_NAMES = 3  # metrics in a sentence


def can_restore(first: Run) -> bool:
    """Whether a second run would show anything."""
    return _fault(first) is None and bool(_committed(first))


def told(first: Run, second: Run | None, limit: float, *, to: str | None = None) -> RehearsalView:
    """What became of each of the five steps. ``to``: the URL that checkpoints of the job itself would be copied to."""
    steps = (*_first_steps(first, limit), _checkpoint(first, to), _restore(first, second, limit))
    failed = next((step for step in steps if step.ok is False), None)
    missing = [step.name for step in steps if step.ok is None]
    if failed is not None:
        sentence = failed.sentence
    elif missing:
        sentence = f"It runs: one step took {span(first.seconds)}. Not tried: {', '.join(missing)}."
    else:
        took = span(first.seconds)
        sentence = f"It works: one step took {took}, and it goes on from its checkpoint{_untried(to)}."
    last = second if second is not None and failed is not None and failed.name == "restore" else first
    error = (last.end or {}).get("error")
    return RehearsalView(
        ok=failed is None,
        sentence=sentence,
        steps=steps,
        error=str(error["traceback"]) if isinstance(error, Mapping) and error.get("traceback") else None,
        log=last.log,
    )


def _first_steps(run: Run, limit: float) -> Iterator[RehearsalStepView]:
    fault = _fault(run)
    if run.launch_error is not None or (run.exit or {}).get("launch_error"):
        yield RehearsalStepView(name="import", ok=False, sentence=fault or "It could not be started.")
        yield RehearsalStepView(name="train", ok=None, sentence="Not reached.")
        yield RehearsalStepView(name="report", ok=None, sentence="Not reached.")
        return
    reports = [event for event in run.events if event[0] == "p" and _source(event) != "log"]
    if fault is not None and not reports and _error_type(run) in _IMPORT:
        yield RehearsalStepView(name="import", ok=False, sentence=fault)
        yield RehearsalStepView(name="train", ok=None, sentence="Not reached.")
    else:
        yield RehearsalStepView(name="import", ok=True, sentence="What it imports is there.")
        if run.cut_off:
            words = f"It had not finished one step after {span(limit)}, and was stopped."
            if not reports:
                words += " Where a step ends, report(..., step=...) tells."
            yield RehearsalStepView(name="train", ok=False, sentence=words, seconds=round(run.seconds, 2))
        elif fault is not None:
            yield RehearsalStepView(name="train", ok=False, sentence=fault, seconds=round(run.seconds, 2))
        else:
            words = f"It ran {'one step' if reports else 'to its end'} in {span(run.seconds)}."
            yield RehearsalStepView(name="train", ok=True, sentence=words, seconds=round(run.seconds, 2))
    yield _report(reports, is_reached=fault is None)


def _report(reports: list[Any], *, is_reached: bool) -> RehearsalStepView:
    if not reports:
        words = "It reports nothing: report(loss=..., step=...) in its loop gives curves."
        return RehearsalStepView(name="report", ok=None, sentence=words if is_reached else "Not reached.")
    values: dict[str, Any] = {}
    for event in reports:
        values.update(event[3])
    names = list(values)
    shown = ", ".join(names[:_NAMES]) + (f" and {len(names) - _NAMES} more" if len(names) > _NAMES else "")
    empty = [name for name in names if values[name] is None]
    note = f" {', '.join(empty)}: not a number." if empty else ""
    step = reports[0][2]
    at = f" at step {step}" if step is not None else ""
    return RehearsalStepView(name="report", ok=True, sentence=f"It reported {shown}{at}.{note}")


def _checkpoint(run: Run, to: str | None) -> RehearsalStepView:
    saved = _committed(run)
    unsaved = [event[3] for event in run.events if event[0] == "n" and event[2] == "not_saved"]
    if unsaved:
        return RehearsalStepView(name="checkpoint", ok=False, sentence=str(unsaved[-1]))
    if saved:
        _, _, step, _, about = saved[-1]
        seconds = about.get("seconds")
        took = f" in {span(seconds)}" if seconds and seconds >= 0.1 else ""
        words = f"It saved step {step}: {_size(about['size'])}{took}{_untried(to)}."
        return RehearsalStepView(name="checkpoint", ok=True, sentence=words, seconds=seconds)
    if _fault(run) is not None:
        return RehearsalStepView(name="checkpoint", ok=None, sentence="Not reached.")
    words = "It saves none: it can't be paused, and a retry begins anew. checkpoint.save(...) keeps one."
    return RehearsalStepView(name="checkpoint", ok=None, sentence=words)


def _untried(to: str | None) -> str:
    """A test copies nothing to where a job would."""
    return f"; {to} was not tried" if to is not None else ""


def _restore(first: Run, second: Run | None, limit: float) -> RehearsalStepView:
    damaged = next((event[3] for event in first.events if event[0] == "x"), None)
    if damaged is not None:
        return RehearsalStepView(name="restore", ok=False, sentence=f"What it saved can't be read: {damaged}.")
    if second is None:
        words = "Not reached." if _fault(first) is not None else "There is nothing to go on from."
        return RehearsalStepView(name="restore", ok=None, sentence=words)
    seconds = round(second.seconds, 2)
    fault = _fault(second)
    if second.cut_off:
        fault = f"From its checkpoint it had not finished one step after {span(limit)}."
    if fault is not None:
        return RehearsalStepView(name="restore", ok=False, sentence=fault, seconds=seconds)
    saved = {event[3] for event in _committed(first)}
    given = next((event for event in second.events if event[0] == "r" and event[3] in saved), None)
    if given is None:
        words = "It saves checkpoints and begins anew all the same: checkpoint.latest() gives the one to go on from."
        return RehearsalStepView(name="restore", ok=False, sentence=words, seconds=seconds)
    return RehearsalStepView(name="restore", ok=True, sentence=f"It went on from step {given[2]}.", seconds=seconds)


def _fault(run: Run) -> str | None:
    """Why a run did not come to its end, in a sentence; None where it did."""
    if run.launch_error is not None:
        return f"Could not start: {run.launch_error}"
    if run.cut_off or run.exit is None:
        return "It was stopped."
    end = verdict(run.exit, run.end)
    if end.reason is EndReason.COMPLETED:
        return None
    return end_sentence(end.reason, end.detail).removeprefix("Failed: ")


def _committed(run: Run) -> list[Any]:
    return [event for event in run.events if event[0] == "c"]


def _error_type(run: Run) -> str | None:
    error = (run.end or {}).get("error")
    return str(error.get("type")) if isinstance(error, Mapping) else None


def _source(event: Any) -> str:
    return str(event[4]) if len(event) > 4 else "report"


def _size(count: int) -> str:
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} GB"
