"""What people wish of searches. Each call is one transaction, with all that it means for the jobs of the search.

    pause      its trials pause (a hold of the experiment), and so does its driver
    activate   the hold goes from both
    cancel     its trials are asked to stop; its driver notes how they end, and ends the search
    kill       all of its jobs are killed, and it has ended
    extend     so many more trials; one that had ended goes on
    retry      trials that failed are tried again; it goes on

A driver that had left (paused by the experiment) or has ended is queued again in
the same transaction: whoever wishes something wakes it. Where there is none that
could note the end, as it never began or has failed, a cancel ends the search here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select, update

from jupyter_training.core.experiment import Experiment, ExperimentState
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant, Job
from jupyter_training.core.lifecycle import TERMINAL, Desired, Hold, JobState, Verb
from jupyter_training.errors import IllegalVerb, InvalidUsage, NoCheckpoint, TrainingError, UnknownExperiment
from jupyter_training.store import experiments, verbs
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.rows import UNFINISHED, jobs_of
from jupyter_training.store.search_tables import experiments as table
from jupyter_training.store.search_tables import trials
from jupyter_training.store.tables import jobs

__all__ = ["Done", "activate", "archive", "cancel", "delete", "extend", "kill", "pause", "reorder", "retry"]

_STOPPED = (Desired.CANCEL, Desired.KILL)
_SHOWN = 5  # numbers of trials in a sentence

HasBegun = Callable[[JobId, int], bool]
Settle = Callable[[Job], None]


@dataclass(frozen=True)
class Done:
    """How it stands afterwards; ``notes`` are sentences. ``gone``: the jobs that were deleted with it."""

    experiment: Experiment
    notes: tuple[str, ...] = ()
    gone: tuple[Job, ...] = ()


def pause(
    store: Store, experiment: JobId, *, now: Instant, discard: bool = False, has_begun: HasBegun = lambda *_: False
) -> Done:
    """Its trials pause after their next checkpoint, and none is begun. Repeating it changes nothing.

    A trial that runs and has no checkpoint runs on, unless ``discard`` gives up what it has done.

    Raises:
        UnknownExperiment
        IllegalVerb: it has ended, or is being stopped.
    """
    with store.write() as connection:
        act = _Act.of(connection, store, experiment, now)
        act.must_go_on("paused")
        going = act.unfinished()
        told = act.wish(going, Verb.PAUSE, discard=discard, has_begun=has_begun)
        act.run_on([job for job, one in zip(going, told, strict=True) if isinstance(one, NoCheckpoint)])
        act.wish([act.driver], Verb.PAUSE, discard=True)
        if act.experiment.paused_since is None and act.experiment.started is not None:
            act.set(paused_since=now)
        return act.done(desired=Desired.PAUSE.value, state=ExperimentState.PAUSED.value)


def activate(store: Store, experiment: JobId, *, now: Instant) -> Done:
    """What its pause has paused goes on. What a person has paused of it, or its searcher, stays so.

    Raises:
        UnknownExperiment
        IllegalVerb: it is not paused, or being stopped.
    """
    with store.write() as connection:
        act = _Act.of(connection, store, experiment, now)
        act.must_go_on("activated")
        if act.experiment.state is not ExperimentState.PAUSED and act.experiment.desired is not Desired.PAUSE:
            raise act.refused("activated", f"it is {act.experiment.state.value}, and only a paused one can be")
        act.wish([job for job in act.unfinished() if Hold.EXPERIMENT in job.holds], Verb.ACTIVATE)
        act.wake()
        act.no_longer_paused()
        return act.done(desired=Desired.RUN.value, state=ExperimentState.RUNNING.value, detail=None)


def cancel(store: Store, experiment: JobId, *, now: Instant) -> Done:
    """Its trials are asked to stop, and it ends once they have. Repeating it changes nothing.

    Raises:
        UnknownExperiment
        IllegalVerb: it has ended, and so have all its trials.
    """
    with store.write() as connection:
        act = _Act.of(connection, store, experiment, now)
        going = act.unfinished()
        if act.experiment.state.is_final and going:  # its driver failed, and they went on without it
            act.wish(going, Verb.CANCEL)
            return act.done()
        act.must_not_have_ended("canceled")
        act.wish(going, Verb.CANCEL)
        if act.driver.attempt == 0 or act.driver.state in TERMINAL:
            return act.ended(Desired.CANCEL)
        act.wake()
        return act.done(desired=_stronger(act.experiment.desired, Desired.CANCEL).value)


def kill(store: Store, experiment: JobId, *, now: Instant) -> Done:
    """All of its jobs are killed at once.

    Raises:
        UnknownExperiment
        IllegalVerb: it has ended, and so have all its trials.
    """
    with store.write() as connection:
        act = _Act.of(connection, store, experiment, now)
        going = act.unfinished()
        if act.experiment.state.is_final and going:
            act.wish(going, Verb.KILL)
            return act.done()
        act.must_not_have_ended("killed")
        act.wish(going, Verb.KILL)
        return act.ended(Desired.KILL)


def extend(store: Store, experiment: JobId, more: int | None, *, now: Instant, settle: Settle | None = None) -> Done:
    """It begins so many more trials, also where it had ended. ``settle``: as in ``verbs.wish``, for its driver.

    Raises:
        UnknownExperiment
        InvalidUsage: nobody said by how many.
        IllegalVerb: it is being stopped, or archived.
    """
    if more is None:
        raise InvalidUsage("By how many trials is the search to be extended?", hint="Say trials, e.g. 20.")
    with store.write() as connection:
        act = _Act.of(connection, store, experiment, now)
        act.must_be_open("extended")
        if act.experiment.state is ExperimentState.PAUSED:
            act.notes.append("It is paused; activate it to begin them.")
        else:
            act.go_on(settle)
        reason = experiments.exhausted(connection, experiment)
        if reason is not None:
            act.notes.append(f"{reason} So no trial is begun: {act.experiment.spec.searcher} proposes no other.")
        return act.done(more=act.experiment.more + more)


def retry(
    store: Store,
    experiment: JobId,
    *,
    now: Instant,
    numbers: Collection[int] | None = None,
    settle: Settle | None = None,
) -> Done:
    """Its trials that failed are tried again, or those of ``numbers`` that failed or were canceled.

    A driver that has failed is tried again, too. ``settle`` is called for each job that is.

    Raises:
        UnknownExperiment
        IllegalVerb: there is none, or the search is being stopped, paused or archived.
    """
    with store.write() as connection:
        act = _Act.of(connection, store, experiment, now)
        act.must_be_open("retried")
        if act.experiment.state is ExperimentState.PAUSED:
            raise act.refused("retried", "it is paused", hint="Activate it first.")
        states = (JobState.FAILED,) if numbers is None else (JobState.FAILED, JobState.CANCELED)
        failed = [job for job in act.trial_jobs(states) if numbers is None or job.trial in numbers]
        if not failed and act.driver.state is not JobState.FAILED:
            raise act.refused("retried", "none of its trials has failed", hint="To begin more of them: extend.")
        told = act.wish(failed, Verb.RETRY, settle=settle)
        again = [job.trial for job, one in zip(failed, told, strict=True) if isinstance(one, Job)]
        for part in chunks(again):
            mine = (trials.c.experiment == experiment) & trials.c.number.in_(part)
            connection.execute(update(trials).where(mine).values(outcome=None, detail=None))
        if again:
            act.notes.append(f"{_trials(again)} {'is' if len(again) == 1 else 'are'} tried again.")
        act.go_on(settle)
        return act.done()


def archive(store: Store, experiment: JobId, *, now: Instant, archived: bool) -> Done:
    """Put one that has ended away, or bring it back.

    Raises:
        UnknownExperiment
        IllegalVerb: it has not ended, or it is so already.
    """
    with store.write() as connection:
        act = _Act.of(connection, store, experiment, now)
        word = "archived" if archived else "taken out of the archive"
        if not act.experiment.state.is_final:
            raise act.refused(word, f"it is {act.experiment.state.value}", hint="Cancel it first, or wait for its end.")
        if act.experiment.archived is archived:
            raise act.refused(word, "it is archived" if archived else "it is not in it")
        act.wish([act.driver], Verb.ARCHIVE if archived else Verb.UNARCHIVE)
        return act.done(archived=archived)


def delete(store: Store, experiment: JobId, *, now: Instant) -> Done:
    """Remove one that has ended, with its trials and all that is theirs.

    Raises:
        UnknownExperiment
        IllegalVerb: it has not ended, or a trial of it is still being stopped.
    """
    with store.write() as connection:
        act = _Act.of(connection, store, experiment, now)
        if not act.experiment.state.is_final:
            raise act.refused(
                "deleted", f"it is {act.experiment.state.value}", hint="Cancel it first, or wait for its end."
            )
        own = [*act.trial_jobs(tuple(JobState)), act.driver]
        going = [job for job in own if job.state not in TERMINAL]
        if going:
            count = f"{len(going)} of its jobs {'has' if len(going) == 1 else 'have'} not ended"
            left = any(job.desired not in _STOPPED and not job.is_driver for job in going)  # its driver failed
            hint = "Cancel it first: they run on." if left else "Try again in a moment: they are being stopped."
            raise act.refused("deleted", count, hint=hint)
        act.wish(own, Verb.DELETE)
        return Done(act.experiment, (), tuple(own))


def reorder(store: Store, experiment: JobId, *, now: Instant, **columns: str | float) -> Experiment:
    """Let the trials that are still to come have another pool, priority or weight.

    Raises:
        UnknownExperiment
    """
    with store.write() as connection:
        return _Act.of(connection, store, experiment, now).done(**columns).experiment


@dataclass
class _Act:
    """One wish of one search, within its transaction."""

    connection: Connection
    store: Store
    experiment: Experiment
    driver: Job
    now: Instant
    notes: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, connection: Connection, store: Store, experiment: JobId, now: Instant) -> _Act:
        found = experiments.read(connection, [experiment])
        if not found:
            raise UnknownExperiment(f"There is no experiment {experiment!r}.")
        row = connection.execute(select(jobs).where(jobs.c.id == experiment))
        (driver,) = jobs_of(connection, store.specs, row)
        return cls(connection, store, found[0], driver, now)

    def must_not_have_ended(self, participle: str) -> None:
        if self.experiment.state.is_final:
            raise self.refused(participle, f"it has {_ended(self.experiment.state)}")

    def must_go_on(self, participle: str) -> None:
        self.must_not_have_ended(participle)
        if self.experiment.desired in _STOPPED:
            raise self.refused(participle, "it is being stopped")

    def must_be_open(self, participle: str) -> None:
        if self.experiment.archived:
            raise self.refused(participle, "it is archived", hint="Take it out of the archive first.")
        if not self.experiment.state.is_final and self.experiment.desired in _STOPPED:
            raise self.refused(participle, "it is being stopped", hint="Wait for its end.")

    def refused(self, participle: str, why: str, *, hint: str | None = None) -> IllegalVerb:
        one = self.experiment
        return IllegalVerb(f"The search {one.id} ({one.spec.name}) can't be {participle}: {why}.", hint=hint)

    def trial_jobs(self, states: Sequence[JobState]) -> list[Job]:
        mine = select(jobs).where(
            jobs.c.experiment == self.experiment.id,
            jobs.c.trial.isnot(None),
            jobs.c.state.in_([state.value for state in states]),
        )
        return jobs_of(self.connection, self.store.specs, self.connection.execute(mine.order_by(jobs.c.trial)))

    def unfinished(self) -> list[Job]:
        return self.trial_jobs([JobState(state) for state in UNFINISHED])

    def wish(self, listed: Sequence[Job], verb: Verb, **how: Any) -> list[Job | TrainingError]:
        ids = [job.id for job in listed]
        hold = Hold.EXPERIMENT
        return verbs.wish_within(self.connection, self.store, ids, verb, now=self.now, hold=hold, **how) if ids else []

    def wake(self, settle: Settle | None = None) -> None:
        """See that its driver is queued or runs."""
        if self.driver.state in TERMINAL:
            self.wish([self.driver], Verb.RETRY, force=True, settle=settle)
        elif Hold.EXPERIMENT in self.driver.holds:
            self.wish([self.driver], Verb.ACTIVATE)

    def go_on(self, settle: Settle | None) -> None:
        """There is more to do; one that had ended is open again. The time in between is no time of the search."""
        one = self.experiment
        if one.state.is_final:
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
            self.notes.append(f"{_trials(numbers)} {runs} no checkpoint. --discard pauses without one.")

    def ended(self, desired: Desired) -> Done:
        """End it here. No driver may write any more; those trials that have no outcome were canceled."""
        mine = (trials.c.experiment == self.experiment.id) & trials.c.outcome.is_(None)
        self.connection.execute(update(trials).where(mine).values(outcome="canceled", is_held=False))
        if self.driver.state not in TERMINAL:
            self.wish([self.driver], Verb.KILL)
        self.no_longer_paused()
        return self.done(
            state=ExperimentState.CANCELED.value,
            desired=_stronger(self.experiment.desired, desired).value,
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


def _stronger(one: Desired, other: Desired) -> Desired:
    return Desired.KILL if Desired.KILL in (one, other) else other


def _ended(state: ExperimentState) -> str:
    return "been canceled" if state is ExperimentState.CANCELED else state.value


def _trials(numbers: Sequence[int | None]) -> str:
    """``Trial 3``, ``Trials 1, 4 and 7``."""
    shown = [str(number) for number in numbers[:_SHOWN]]
    if len(numbers) > _SHOWN:
        shown.append(f"{len(numbers) - _SHOWN} more")
    if len(shown) == 1:
        return f"Trial {shown[0]}"
    return f"Trials {', '.join(shown[:-1])} and {shown[-1]}"
