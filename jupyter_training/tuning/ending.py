"""How trials and a search end, in words: from what the search knows, without looking anywhere."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_training.core.experiment import ExperimentState, Outcome
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import EndReason, JobState, end_sentence
from jupyter_training.core.stop_rule import Ending
from jupyter_training.errors import near_miss
from jupyter_training.tuning.engine import Search, TrialState

__all__ = [
    "CLOSED",
    "NO_FURTHER",
    "absent",
    "exhausted",
    "missing",
    "outcome_of",
    "senseless",
    "state_after",
    "unreported",
]

_ALL_INVALID = 10  # at least so many, before it is said
CLOSED = "Stopped as the search ended."
NO_FURTHER = "No further trial is begun before one reports it."  # the note's end, while it is true


def outcome_of(
    trial: TrialState, job: Job | None, *, closes: bool, missed: str, whole: int | None = None
) -> tuple[Outcome, str]:
    """What the end of a trial's job means for the search.

    ``closes``: what runs is being stopped; ``missed``: what is said of a trial that has succeeded without a report;
    ``whole``: the resource of a whole trial. One that is stopped there has completed.
    """
    if job is None:
        return "canceled", "Its job was deleted."
    if trial.verdict == "stop" and job.state is not JobState.SUCCEEDED:  # however its code answered the stop
        if whole is not None and trial.resource >= whole:
            return "completed", ""
        return "stopped", f"Stopped early by the searcher at {trial.resource}."
    if job.state is JobState.CANCELED:
        return ("stopped", CLOSED) if closes else ("canceled", job.detail or "Canceled.")
    if job.state is JobState.SUCCEEDED:
        return ("completed", "") if trial.told else ("failed", missed)
    if job.reason is EndReason.INVALID:
        return "invalid", job.detail or end_sentence(EndReason.INVALID)
    return "failed", job.detail or "Its job failed."


def absent(metrics: Sequence[str], names: Sequence[str]) -> list[str]:
    """The metrics that are not among the reported names."""
    return [name for name in metrics if name not in names]


def missing(metrics: Sequence[str], names: Sequence[str]) -> str:
    """The sentence for a trial that ended without its metric; it reported ``names``."""
    wanted = " and ".join(absent(metrics, names) or metrics)
    if not names:
        said = ", ".join(f"{name}=..." for name in metrics if name.isidentifier()) or "..."
        return (
            f"It ended without reporting {wanted}, or anything else. Call report({said}) in it; "
            "a function may also return the value."
        )
    return f"It ended without reporting {wanted}; it reported {', '.join(names)}.{_near(metrics, names)}"


def unreported(trial: int, metrics: Sequence[str], names: Sequence[str]) -> str:
    """The note that a trial reports, and nothing of what is judged."""
    return (
        f"Trial {trial} has reported {', '.join(names)}, and not {' or '.join(absent(metrics, names))}."
        f"{_near(metrics, names)} {NO_FURTHER}"
    )


def _near(metrics: Sequence[str], names: Sequence[str]) -> str:
    lacking = absent(metrics, names)
    # "accuracy" is more like "val_accuracy" than any rule of letters sees.
    close = next((name for name in names if lacking and (lacking[0] in name or name in lacking[0])), None)
    close = close or (near_miss(lacking[0], names) if lacking else None)
    return f" Is {close} meant?" if close else ""


def senseless(search: Search) -> Ending | None:
    """The end of a search in which no configuration makes sense: they count nowhere, so nothing else would end it."""
    tally = search.tally
    invalid = tally.count("invalid")
    if tally.finished or invalid < max(_ALL_INVALID, search.spec.workers):
        return None
    return Ending("senseless", f"The configurations of all {invalid} trials that have ended make no sense.", True)


def exhausted(search: Search) -> Ending:
    """The end of a search whose searcher has nothing more to propose."""
    tally = search.tally
    if tally.count("failed") and not tally.count("completed") and not tally.count("stopped"):
        return Ending("all_failed", f"All {tally.count('failed')} trials failed.", is_failure=True)
    return Ending("exhausted", search.exhausted or "The searcher has nothing more to propose.")


def state_after(ending: Ending) -> ExperimentState:
    if ending.rule == "canceled":
        return ExperimentState.CANCELED
    return ExperimentState.FAILED if ending.is_failure else ExperimentState.SUCCEEDED
