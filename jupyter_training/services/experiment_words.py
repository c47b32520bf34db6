"""How a search and its trials stand, in words: the sentences that cards, lists and the command line show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jupyter_training.core.experiment import Experiment, ExperimentState, StopRule, Trial
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import TERMINAL, Desired, JobState, Phase
from jupyter_training.core.stop_rule import Concluded, begun_at_most
from jupyter_training.schema import ExperimentVerb
from jupyter_training.services.sentences import span

__all__ = ["GOES_THROUGH", "at_most", "ends", "phase", "sentence", "total", "trial_sentence", "verbs"]

GOES_THROUGH = ("grid", "random_once")  # searchers that propose each configuration once

_STOPPED = (Desired.CANCEL, Desired.KILL)
_PARTS = (
    ("running", "running"),
    ("queued", "waiting"),
    ("paused", "paused"),
    ("held", "held at a rung"),
    ("stopped", "stopped early"),
    ("failed", "failed"),
    ("canceled", "canceled"),
    ("invalid", "invalid"),
)


def phase(one: Experiment, driver: Job | None, counts: Mapping[str, int]) -> Phase:
    """What a person is shown. A search starts once its driver does, and pauses until its trials have."""
    if one.state.is_final:
        return Phase(one.state.value)
    if one.desired in _STOPPED:
        return Phase.STOPPING
    if one.state is ExperimentState.PAUSED:
        return Phase.PAUSING if counts.get("running") else Phase.PAUSED
    if driver is not None and driver.attempt == 0 and not counts:
        return Phase.QUEUED
    return Phase.RUNNING if counts else Phase.STARTING


def sentence(
    one: Experiment,
    shown: Phase,
    counts: Mapping[str, int],
    *,
    total: int | None,
    best: Trial | None,
    waits: str | None,
) -> str:
    """``waits``: what keeps its driver, where that has not begun."""
    if shown is Phase.QUEUED:
        return waits or "Waits for its driver."
    parts = _parts(counts, total)
    told = ", ".join(parts)
    if best is not None and best.best is not None:
        told += f"; best {one.spec.objective.metric} {best.best:.4g} (trial {best.number})"
    if one.state.is_final:
        return f"{one.detail or f'{one.state.value.capitalize()}.'} {_capital(told)}." if counts else one.detail or ""
    if shown is Phase.STOPPING:
        return f"{'Being killed' if one.desired is Desired.KILL else 'Stopping'}: {told}."
    if shown in (Phase.PAUSED, Phase.PAUSING):
        why = one.detail or ("Paused by you" if shown is Phase.PAUSED else "Pausing, after their next checkpoints")
        return f"{why.removesuffix('.')}: {told}." if counts else f"{why.removesuffix('.')} before its first trial."
    return f"{_capital(told)}." if counts else "Starting."


def total(one: Experiment, size: int | None, ends: Sequence[Concluded] = ()) -> int | None:
    """After how many trials it ends, where that is known.

    ``size``: of a space that is gone through once. ``ends``: its own so far; that by which it has ended now leaves
    it at what it was to begin.
    """
    stop = one.spec.stop
    limits = [limit + one.more for limit in (stop.max_trials_started, stop.max_trials_finished) if limit is not None]
    if size is not None and one.spec.searcher in GOES_THROUGH:
        limits.append(size)
    is_last = one.state.is_final and bool(ends) and ends[-1].more == one.more
    most = begun_at_most(ends[:-1] if is_last else ends, one.more)
    if most is not None:
        limits.append(most)
    return min(limits) if limits else None


def at_most(stop: StopRule, searcher: str, size: int | None) -> int | None:
    """How many trials it begins at most, where that is known; ``size`` as of ``total``."""
    limits = [stop.max_trials_started, size if searcher in GOES_THROUGH else None]
    return min((one for one in limits if one is not None), default=None)


def ends(stop: StopRule, searcher: str) -> str:
    """What ends a search, as a sentence."""
    found = []
    for limit, words in (
        (stop.max_trials_started, "{} trials were begun"),
        (stop.max_trials_completed, "{} trials ran to their end"),
        (stop.max_trials_finished, "{} trials have ended"),
    ):
        if limit is not None:
            found.append(words.format(limit) if limit != 1 else words.format(1).replace("trials", "trial", 1))
    if stop.max_time is not None:
        found.append(f"it has run for {span(stop.max_time)}")
    if stop.target is not None:
        found.append(f"{stop.target.metric} reaches {stop.target.value:g}")
    if stop.plateau is not None:
        found.append(f"{stop.plateau.trials} trials bring nothing better")
    if stop.max_cost is not None:
        found.append(f"it has cost {stop.max_cost:g}")
    if stop.max_failures is not None:
        found.append(f"more than {stop.max_failures} trials fail")
    if searcher in GOES_THROUGH:
        found.append("every configuration was tried")
    if not found:
        return "It ends when it is stopped."
    first = " or ".join(filter(None, [", ".join(found[:-1]), found[-1]]))
    return f"It ends once {first}{', whichever comes first' if len(found) > 1 else ''}."


def verbs(one: Experiment, counts: Mapping[str, int], driver: Job | None) -> tuple[ExperimentVerb, ...]:
    """What a person may wish now; what would change nothing is left out."""
    stopped = one.desired in _STOPPED
    found: list[ExperimentVerb] = []
    if not one.state.is_final:
        if not stopped:
            found.append("activate" if one.state is ExperimentState.PAUSED else "pause")
        if one.desired is not Desired.KILL:
            found += ["kill"] if stopped else ["cancel", "kill"]
    going = one.state.is_final and any(counts.get(word) for word in ("queued", "running", "paused", "held"))
    if going:  # its driver failed, and these went on without it
        found += ["pause"] if counts.get("queued") or counts.get("running") else []
        found += ["activate"] if counts.get("paused") else []
        found += ["cancel", "kill"]
    if one.archived:
        return ("unarchive", "delete")
    if _may_go_on(one, driver):
        found.append("extend")
        lost = driver is not None and driver.state is JobState.FAILED
        if (counts.get("failed") or lost) and one.state is not ExperimentState.PAUSED:
            found.append("retry_failed")
    return (*found, "archive", "delete") if one.state.is_final and not going else tuple(found)


def _may_go_on(one: Experiment, driver: Job | None) -> bool:
    """Whether it is not being stopped, and neither is the driver of one that has ended."""
    if not one.state.is_final:
        return one.desired not in _STOPPED
    return driver is None or driver.state in TERMINAL or driver.desired not in _STOPPED


def trial_sentence(trial: Trial, state: str, job: Job | None) -> str:
    if trial.outcome is not None:
        return trial.detail or _OUTCOMES[trial.outcome]
    if state == "queued":
        again = job is not None and job.attempt > 0
        return "Waits to go on." if again else "Waits for its turn."
    if state == "held":
        return f"Paused by its searcher at {trial.resource}."
    if state == "paused":
        return "Paused."
    if job is not None and job.state in TERMINAL:
        return job.detail or f"{state.capitalize()}."
    return f"Running, {trial.resource} reported." if trial.resource else "Running."


_OUTCOMES = {
    "completed": "Ran to its end.",
    "stopped": "Stopped early.",
    "failed": "Failed.",
    "canceled": "Canceled.",
    "invalid": "Its configuration makes no sense.",
}


def _parts(counts: Mapping[str, int], total: int | None) -> list[str]:
    """``12 of 50 trials``, ``4 running``, ``3 stopped early``."""
    begun = sum(counts.values())
    of = f" of {total}" if total is not None else ""
    trials = "trial" if (total if total is not None else begun) == 1 else "trials"
    return [f"{begun}{of} {trials}", *(f"{counts[word]} {said}" for word, said in _PARTS if counts.get(word))]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
