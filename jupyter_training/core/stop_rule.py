"""When a search ends, and how many trials it may still begin.

N means N, and what is reached first counts. Two kinds of rules:

    the rest is stopped     max_time, max_trials_completed, max_cost, max_failures,
                            target, plateau, and that all trials fail
    those begun go on       max_trials_started, max_trials_finished: no trial is begun
                            that could be one too many, and the search ends when none
                            runs any more and the searcher lets none go on

A trial that a search pauses counts as begun, not as ended. An invalid one (its
configuration makes no sense) counts nowhere: another takes its place. A failed
one is ended, and says nothing about a plateau.

``Tally`` counts as the record of a search is gone through; ``rule`` judges.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from jupyter_training.core.experiment import Experiment, Objective, Outcome, StopRule
from jupyter_training.core.job import Instant
from jupyter_training.core.pareto import Front
from jupyter_training.errors import Problem, near_miss

__all__ = [
    "DEFAULT_TRIALS",
    "Concluded",
    "Ending",
    "Ruling",
    "Tally",
    "begun_at_most",
    "elapsed",
    "extended",
    "most_failures",
    "refusals",
    "rule",
    "with_default",
]

DEFAULT_TRIALS = 50  # of a search that nothing else would end
_ALL_FAILED = 3  # at least so many, and as many as run at once, before "all fail" is said

_LIMITS = ("max_trials_started", "max_trials_completed", "max_trials_finished")
NO_END = "Nothing says when this search ends."


@dataclass(frozen=True)
class Ending:
    """``rule``: the field of the StopRule, or "all_failed".

    ``is_failure``: the search as a whole has failed, and whoever says so shows the first trial's error with it.
    """

    rule: str
    sentence: str
    is_failure: bool = False


@dataclass(frozen=True)
class Concluded:
    """That the search had ended by ``rule``, when it was extended by ``more`` trials and had begun so many."""

    rule: str
    more: int
    begun: int


@dataclass(frozen=True)
class Ruling:
    """What is to happen now.

    ``now``: the search ends and what runs is stopped. ``when_idle``: no trial may be begun any more, and once none
    runs and the searcher lets none go on, it ends with this. ``may_start`` None: as many as one likes.
    ``within``: seconds until time ends it, if nothing else does.
    """

    may_start: int | None
    now: Ending | None = None
    when_idle: Ending | None = None
    within: float | None = None


class Tally:
    """How many trials of a search are where, and how good they have become. Each step costs the same at any size."""

    def __init__(self, objective: Objective, *, least: float = 0.0) -> None:
        self.objective = objective
        self.best: dict[str, float] = {}  # of each metric, over all reports
        self.since_better = 0  # trials with results that ended since the best got better by more than ``least``
        self._least = least
        self._front = Front(objective.modes) if objective.is_multiple else None
        self._mark: float | None = None
        self._better: int | None = None  # the trial that made the best better
        self._open: dict[int, bool] = {}  # begun and not ended: whether it has a result
        self._held: set[int] = set()
        self._ended: dict[int, Outcome] = {}
        self._unheard: set[int] = set()  # that were stopped before they had a result
        self._counts: dict[str, int] = dict.fromkeys(("completed", "stopped", "failed", "canceled", "invalid"), 0)

    def begin(self, trial: int) -> None:
        """It runs: for the first time, after a pause, or, as one that had failed, once more."""
        self._held.discard(trial)
        self._unheard.discard(trial)
        outcome = self._ended.pop(trial, None)
        if outcome is not None:
            self._counts[outcome] -= 1
        self._open.setdefault(trial, False)

    def hold(self, trial: int) -> None:
        """The searcher has paused it."""
        if trial in self._open:
            self._held.add(trial)

    def tell(self, trial: int, values: Mapping[str, float | None]) -> None:
        """A report with the objective's metrics. What is no finite number counts as not reported."""
        told = [values.get(metric) for metric in self.objective.metrics]
        numbers = [value for value in told if value is not None and isfinite(value)]
        if numbers and trial in self._open:
            self._open[trial] = True
        for metric, mode, value in zip(self.objective.metrics, self.objective.modes, told, strict=True):
            if value is not None and isfinite(value):
                before = self.best.get(metric, value)
                self.best[metric] = min(before, value) if mode == "min" else max(before, value)
        if len(numbers) == len(told) and self._is_better(numbers):
            self.since_better = 0
            self._better = trial

    def end(self, trial: int, outcome: Outcome) -> None:
        had_result = self._open.pop(trial, False)
        if outcome == "stopped" and not had_result:
            self._unheard.add(trial)
        self._held.discard(trial)
        self._ended[trial] = outcome
        self._counts[outcome] += 1
        if had_result and outcome in ("completed", "stopped") and trial != self._better:
            self.since_better += 1

    def _is_better(self, values: list[float]) -> bool:
        if self._front is not None:
            return self._front.add(values)
        (value,) = values
        gain = None if self._mark is None else (self._mark - value) * (1 if self.objective.mode == "min" else -1)
        if gain is not None and gain <= self._least:
            return False
        self._mark = value
        return True

    @property
    def running(self) -> int:
        return len(self._open) - len(self._held)

    @property
    def promising(self) -> bool:
        """Whether any that has not ended has a result."""
        return any(self._open.values())

    @property
    def unheard(self) -> int:
        """Stopped before they had a result: of them nobody knows whether they would have failed."""
        return len(self._unheard)

    @property
    def held(self) -> int:
        return len(self._held)

    @property
    def finished(self) -> int:
        """Ended for any reason, invalid ones left out."""
        return len(self._ended) - self._counts["invalid"]

    @property
    def started(self) -> int:
        """Begun, invalid ones left out."""
        return len(self._open) + self.finished

    def count(self, outcome: Outcome) -> int:
        return self._counts[outcome]


def rule(
    stop: StopRule,
    tally: Tally,
    *,
    workers: int,
    seconds: float,
    slot_seconds: float = 0.0,
    price: float | None = None,
    forgiven: int = 0,
) -> Ruling:
    """Judge where a search stands.

    ``stop`` is the one in force (``extended``); ``seconds`` since its start, pauses left out; ``slot_seconds``: what
    its trials have used, slots times seconds; ``price``: of one slot for an hour; ``forgiven``: trials that had
    failed when the search was last begun again, which don't tell once more that all fail, and use up nothing of what
    is borne where nobody has said how much. Where several rules are reached between two looks, the one that says most
    of the result is named.
    """
    now = (
        _failures(stop, tally, workers, forgiven)
        or _target(stop, tally)
        or _completed(stop, tally)
        or _plateau(stop, tally)
        or _time(stop, seconds)
        or _cost(stop, slot_seconds, price)
    )
    left = [
        (limit - count, name)
        for limit, count, name in (
            (stop.max_trials_started, tally.started, "max_trials_started"),
            # All that were begun will end, so one more than the limit must not begin.
            (stop.max_trials_finished, tally.started, "max_trials_finished"),
        )
        if limit is not None
    ]
    may_start, nearest = min(left, default=(None, ""))
    may_start = None if may_start is None else max(0, may_start)
    return Ruling(
        may_start=0 if now else may_start,
        now=now,
        when_idle=_full(nearest, tally) if may_start == 0 and now is None else None,
        within=None if stop.max_time is None else max(0.0, stop.max_time - seconds),
    )


def most_failures(stop: StopRule, workers: int) -> int:
    """How many failed trials a search bears: one more ends it."""
    return workers if stop.max_failures is None else stop.max_failures


def elapsed(experiment: Experiment, now: Instant) -> float:
    """Seconds since the start of a search in which it was not paused."""
    if experiment.started is None:
        return 0.0
    until = now if experiment.ended is None else experiment.ended
    if experiment.paused_since is not None:
        until = min(until, experiment.paused_since)
    return max(0.0, until - experiment.started - experiment.paused_seconds)


def extended(stop: StopRule, more: int, *, ended_by: str | None = None) -> StopRule:
    """The rule once a person has asked for ``more`` trials: each limit in trials grows by so many.

    ``ended_by``: the rule that had ended the search. One that is no limit in trials would end it again at once, so it
    no longer counts.
    """
    changed: dict[str, object] = {name: limit + more for name in _LIMITS if (limit := getattr(stop, name)) is not None}
    if ended_by is not None and _falls(ended_by):
        changed[ended_by] = None
    return stop.model_copy(update=changed)


def begun_at_most(ends: Sequence[Concluded], more: int) -> int | None:
    """How many trials are begun in all, extended by ``more``, after an end by a rule that no longer counts.

    None: there was no such end. Else it is what had begun by then, and what a person has asked for since: whatever
    is left of a limit in trials was never reached, and nobody asks for it with one more trial, or with none.
    """
    last = next((one for one in reversed(ends) if _falls(one.rule)), None)
    return None if last is None else last.begun + more - last.more


def _falls(rule: str) -> bool:
    """Whether a rule counts no more once it has ended a search."""
    return rule in StopRule.model_fields and rule not in _LIMITS and rule != "max_failures"


def with_default(stop: StopRule, *, size: int | None, exhausts: bool = False) -> tuple[StopRule, str | None]:
    """The rule with an end, and a sentence where one had to be presumed.

    ``size``: how many configurations the space has, None = more than can be counted; ``exhausts``: the searcher
    proposes each of them once and ends by itself, as a grid does.
    """
    if not stop.is_empty or (exhausts and size is not None):
        return stop, None
    if size is not None and size <= DEFAULT_TRIALS:
        count, why = size, f"the space has no more than {size} configuration{'' if size == 1 else 's'}"
    else:
        count, why = DEFAULT_TRIALS, "that is presumed where nothing is said"
    note = f"{NO_END} It begins {_trials(count)}: {why}."
    hint = "Say max_trials, max_time or another limit to choose it yourself."
    return stop.model_copy(update={"max_trials_started": count}), f"{note} {hint}"


def refusals(stop: StopRule, objective: Objective, *, price: float | None) -> list[Problem]:
    """What of a rule can't be judged, with what to do instead."""
    found = []
    if stop.max_cost is not None and price is None:
        found.append(
            Problem(
                f"max_cost {stop.max_cost:g} can't be kept: nobody has said what a slot of this pool costs.",
                key="stop.max_cost",
                hint="Use max_time or max_trials, or say the pool's price of a slot for an hour.",
            )
        )
    if stop.target is not None and stop.target.metric not in objective.metrics:
        close, known = near_miss(stop.target.metric, objective.metrics), ", ".join(objective.metrics)
        found.append(
            Problem(
                f"The target is one of {stop.target.metric!r}, but the search looks at {known}.",
                key="stop.target.metric",
                hint=f"Did you mean {close!r}?" if close else f"Name one of: {known}.",
            )
        )
    return found


def _failures(stop: StopRule, tally: Tally, workers: int, forgiven: int) -> Ending | None:
    failed, limit = tally.count("failed"), most_failures(stop, workers)
    if stop.max_failures is None:
        limit += forgiven  # what is borne where nobody has said how much is counted anew
    judged = tally.finished - tally.count("canceled") - tally.unheard
    is_hopeless = failed == judged and not tally.promising and stop.max_failures is None
    if is_hopeless and failed - forgiven >= max(_ALL_FAILED, workers):
        return Ending("all_failed", f"All {failed} trials that have ended have failed.", is_failure=True)
    if failed <= limit:
        return None
    allowed = "none is tolerated" if limit == 0 else f"{limit} {'is' if limit == 1 else 'are'} tolerated"
    return Ending("max_failures", f"{_trials(failed)} failed; {allowed}.", is_failure=True)


def _target(stop: StopRule, tally: Tally) -> Ending | None:
    wanted = stop.target
    best = None if wanted is None else tally.best.get(wanted.metric)
    if wanted is None or best is None:
        return None
    mode = dict(zip(tally.objective.metrics, tally.objective.modes, strict=True))[wanted.metric]
    if not (best <= wanted.value if mode == "min" else best >= wanted.value):
        return None
    return Ending("target", f"The target is reached: {wanted.metric} is {best:g}, {wanted.value:g} was asked for.")


def _completed(stop: StopRule, tally: Tally) -> Ending | None:
    done, limit = tally.count("completed"), stop.max_trials_completed
    if limit is None or done < limit:
        return None
    return Ending("max_trials_completed", f"{_trials(done)} ran to the end; {limit} {_were(limit)} asked for.")


def _plateau(stop: StopRule, tally: Tally) -> Ending | None:
    if stop.plateau is None or tally.since_better < stop.plateau.trials:
        return None
    by = f" by more than {stop.plateau.least:g}" if stop.plateau.least else ""
    what = tally.objective.metric if not tally.objective.is_multiple else "the set of best results"
    return Ending("plateau", f"{_trials(tally.since_better)} ended without bettering {what}{by}.")


def _time(stop: StopRule, seconds: float) -> Ending | None:
    if stop.max_time is None or seconds < stop.max_time:
        return None
    return Ending("max_time", f"Its time is over: {_span(stop.max_time)}.")


def _cost(stop: StopRule, slot_seconds: float, price: float | None) -> Ending | None:
    if stop.max_cost is None or price is None:
        return None
    cost = slot_seconds * price / 3600
    if cost < stop.max_cost:
        return None
    return Ending("max_cost", f"Its trials have cost {cost:.2f}; {stop.max_cost:g} was the limit.")


def _full(name: str, tally: Tally) -> Ending:
    """With no trial to begin any more. A search none of whose trials ended well has failed."""
    useful = tally.count("completed") + tally.count("stopped")
    failed = tally.count("failed")
    count = tally.started
    sentence = f"The {count} trials that were asked for have ended." if count != 1 else "The one trial has ended."
    if failed and not useful and not tally.held and not tally.running:
        return Ending("all_failed", f"All {_trials(failed)} failed." if failed > 1 else "Its only trial failed.", True)
    return Ending(name, sentence)


def _trials(count: int) -> str:
    return f"{count} trial{'' if count == 1 else 's'}"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _span(seconds: float) -> str:
    """ "90 s", "1 h 30 min"."""
    if seconds < 120:
        return f"{seconds:g} s"
    minutes = round(seconds / 60)
    hours, minutes = divmod(minutes, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "") if part)
