"""One wish of one search, within its transaction: the search, its jobs, and what is to change of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select, update

from jupyter_training.core.experiment import Experiment, ExperimentState
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant, Job
from jupyter_training.core.lifecycle import TERMINAL, Desired, Hold, JobState, Verb
from jupyter_training.errors import IllegalVerb, TrainingError, UnknownExperiment
from jupyter_training.store import experiments, verbs
from jupyter_training.store.engine import Store
from jupyter_training.store.rows import UNFINISHED, jobs_of
from jupyter_training.store.search_tables import experiments as table
from jupyter_training.store.search_tables import trials
from jupyter_training.store.tables import jobs

__all__ = ["STOPPED", "Act", "Done", "Settle", "stronger", "trials_in_words"]

STOPPED = (Desired.CANCEL, Desired.KILL)
_SHOWN = 5  # numbers of trials in a sentence

Settle = Callable[[Job], None]


@dataclass(frozen=True)
class Done:
    """How it stands afterwards; ``notes`` are sentences. ``gone``: the jobs that were deleted with it."""

    experiment: Experiment
    notes: tuple[str, ...] = ()
    gone: tuple[Job, ...] = ()


@dataclass
class Act:
    """One wish of one search, within its transaction."""

    connection: Connection
    store: Store
    experiment: Experiment
    driver: Job
    now: Instant
    notes: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, connection: Connection, store: Store, experiment: JobId, now: Instant) -> Act:
        found = experiments.read(connection, [experiment])
        if not found:
            raise UnknownExperiment(f"There is no experiment {experiment!r}.")
        row = connection.execute(select(jobs).where(jobs.c.id == experiment))
        (driver,) = jobs_of(connection, store.specs, row)
        return cls(connection, store, found[0], driver, now)

    def must_not_have_ended(self, participle: str) -> None:
        if self.experiment.state.is_final:
            raise self.refused(participle, f"it has {_ended(self.experiment.state)}")

    def must_have_ended(self, participle: str) -> None:
        if not self.experiment.state.is_final:
            why = f"it is {self.experiment.state.value}"
            raise self.refused(participle, why, hint="Cancel it first, or wait for its end.")

    def must_have_left(self, participle: str, going: Sequence[Job]) -> None:
        """``going``: the jobs of one that has ended that have not."""
        if going:
            count = f"{len(going)} of its jobs {'has' if len(going) == 1 else 'have'} not ended"
            left = any(job.desired not in STOPPED and not job.is_driver for job in going)  # its driver failed
            hint = "Cancel it first: they run on." if left else "Try again in a moment: they are being stopped."
            raise self.refused(participle, count, hint=hint)

    def must_go_on(self, participle: str) -> None:
        self.must_not_have_ended(participle)
        if self.experiment.desired in STOPPED:
            raise self.refused(participle, "it is being stopped")

    def must_be_open(self, participle: str) -> None:
        if self.experiment.archived:
            raise self.refused(participle, "it is archived", hint="Take it out of the archive first.")
        if not self.experiment.state.is_final and self.experiment.desired in STOPPED:
            raise self.refused(participle, "it is being stopped", hint="Wait for its end.")
        if self.experiment.state.is_final and self.driver.desired in STOPPED:  # what goes on would be stopped with it
            self.must_have_left(participle, [self.driver] if self.driver.state not in TERMINAL else [])

    def refused(self, participle: str, why: str, *, hint: str | None = None) -> IllegalVerb:
        one = self.experiment
        return IllegalVerb(f"The search {one.id} ({one.spec.name}) can't be {participle}: {why}.", hint=hint)

    def trial_jobs(self, states: Sequence[JobState], *, limit: int | None = None) -> list[Job]:
        mine = select(jobs).where(
            jobs.c.experiment == self.experiment.id,
            jobs.c.trial.isnot(None),
            jobs.c.state.in_([state.value for state in states]),
        )
        return jobs_of(
            self.connection, self.store.specs, self.connection.execute(mine.order_by(jobs.c.trial).limit(limit))
        )

    def unfinished(self) -> list[Job]:
        """The jobs of its trials that have not ended."""
        return self.trial_jobs([JobState(state) for state in UNFINISHED])

    def unfinished_of_all(self) -> list[Job]:
        """The same, and its driver's."""
        return self.unfinished() + ([self.driver] if self.driver.state not in TERMINAL else [])

    def held(self) -> list[Job]:
        """What is paused with the search."""
        return [job for job in self.unfinished() if Hold.EXPERIMENT in job.holds]

    def release(self) -> None:
        self.wish(self.held(), Verb.ACTIVATE)

    def wish(self, listed: Sequence[Job], verb: Verb, **how: Any) -> list[Job | TrainingError]:
        ids = [job.id for job in listed]
        hold = Hold.EXPERIMENT
        return verbs.wish_within(self.connection, self.store, ids, verb, now=self.now, hold=hold, **how) if ids else []

    def wake(self, settle: Settle | None = None) -> None:
        """See that its driver is queued or runs."""
        if self.driver.state in TERMINAL:
            self.wish([self.driver], Verb.RETRY, force=True, settle=settle)
        elif Hold.EXPERIMENT in self.driver.holds:
            if self.driver.state is JobState.QUEUED:  # of old stores: only what is paused can be activated
                self.wish([self.driver], Verb.PAUSE)
            self.wish([self.driver], Verb.ACTIVATE)

    def go_on(self, settle: Settle | None) -> None:
        """There is more to do; one that had ended is open again. The time in between is no time of the search."""
        one = self.experiment
        if one.state.is_final:
            self.release()
            since = one.paused_since if one.paused_since is not None else one.ended  # it may have ended in a pause
            between = self.now - since if since is not None and one.started is not None else 0.0
            self.set(
                state=ExperimentState.RUNNING.value,
                desired=Desired.RUN.value,
                ended=None,
                detail=None,
                paused_since=None,
                paused_seconds=one.paused_seconds + max(0.0, between),
            )
        self.wake(settle)

    def no_longer_paused(self) -> None:
        one = self.experiment
        if one.paused_since is not None:
            since = max(0.0, self.now - one.paused_since)
            self.set(paused_since=None, paused_seconds=one.paused_seconds + since)

    def run_on(self, going: Sequence[Job]) -> None:
        numbers = [job.trial for job in going if job.trial is not None]
        if numbers:
            runs = "runs on to its end: it has" if len(numbers) == 1 else "run on to their end: they have"
            self.notes.append(f"{trials_in_words(numbers)} {runs} no checkpoint. --discard pauses without one.")

    def ended(self, desired: Desired) -> Done:
        """End it here. No driver may write any more; those trials that have no outcome were canceled."""
        mine = (trials.c.experiment == self.experiment.id) & trials.c.outcome.is_(None)
        self.connection.execute(update(trials).where(mine).values(outcome="canceled", is_held=False))
        if self.driver.state not in TERMINAL:
            self.wish([self.driver], Verb.KILL)
        self.no_longer_paused()
        return self.done(
            state=ExperimentState.CANCELED.value,
            desired=stronger(self.experiment.desired, desired).value,
            ended=self.now,
            detail="Stopped by you." if desired is Desired.CANCEL else "Killed by you.",
            driver=max(self.experiment.driver, self.driver.attempt + 1),
        )

    def set(self, **values: Any) -> None:
        self.values |= values

    def done(self, **values: Any) -> Done:
        self.set(**values)
        one = self.experiment.id
        if self.values:
            self.connection.execute(update(table).where(table.c.id == one).values(**self.values))
        experiments.told(self.connection, one, self.now)
        (found,) = experiments.read(self.connection, [one])
        return Done(found, tuple(self.notes))


def stronger(one: Desired, other: Desired) -> Desired:
    return Desired.KILL if Desired.KILL in (one, other) else other


def _ended(state: ExperimentState) -> str:
    return "been canceled" if state is ExperimentState.CANCELED else state.value


def trials_in_words(numbers: Sequence[int | None]) -> str:
    """``Trial 3``, ``Trials 1, 4 and 7``."""
    shown = [str(number) for number in numbers[:_SHOWN]]
    if len(numbers) > _SHOWN:
        shown.append(f"{len(numbers) - _SHOWN} more")
    if len(shown) == 1:
        return f"Trial {shown[0]}"
    return f"Trials {', '.join(shown[:-1])} and {shown[-1]}"
