"""What the driver of a search reads and writes, while it is the one that claimed the search last.

``writing`` is one transaction for a decision and all that it entails: an ask
and its trial's job, a verdict and the wish that carries it out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.experiment import Event, Experiment, ExperimentState, Trial
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant, Job, Submission
from jupyter_training.core.lifecycle import TERMINAL, Desired, Hold, JobState, Verb
from jupyter_training.errors import StaleEpoch, TrainingError, UnknownExperiment
from jupyter_training.store import changelog, verbs, wishes
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.experiments import one, told
from jupyter_training.store.rows import UNFINISHED, jobs_of
from jupyter_training.store.search_tables import experiments, searches, trials
from jupyter_training.store.tables import jobs

__all__ = ["Standing", "Writer", "claim", "failed", "rouse", "standing", "unattended", "writing"]

_GOING = (ExperimentState.RUNNING.value, ExperimentState.PAUSED.value)


def claim(store: Store, experiment: JobId, attempt: int) -> Experiment:
    """Be the one that drives it, under the number of one's own attempt; whoever did before can't write any more.

    Raises:
        StaleEpoch: a later attempt drives it already.
        UnknownExperiment
    """
    with store.write() as connection:
        mine = (experiments.c.id == experiment) & (experiments.c.driver <= attempt)
        claimed = connection.execute(update(experiments).where(mine).values(driver=attempt)).rowcount == 1
    found = one(store, experiment)
    if not claimed:
        raise _stale(found.id, attempt)
    return found


@dataclass(frozen=True)
class Writer:
    """What a driver may write in its transaction. Jobs change as people's wishes change them; see ``verbs``."""

    connection: Connection
    store: Store
    experiment: JobId
    now: Instant

    @property
    def standing(self) -> Standing:
        """What is wished of the search at this very moment; it stays so until the transaction ends."""
        return _standing(self.connection, self.experiment)

    def events(self, listed: Sequence[Event]) -> None:
        """Add to the record. Numbers go on from the last one, without a hole."""
        if listed:
            self.connection.execute(
                insert(searches),
                [
                    {
                        "experiment": self.experiment,
                        "n": event.n,
                        "kind": event.kind.value,
                        "trial": event.trial,
                        "body": json.dumps(event.body),
                        "verdict": event.verdict,
                    }
                    for event in listed
                ],
            )

    def verdicts(self, judged: Mapping[int, str]) -> None:
        """Note what was made of tells, by the numbers of their events."""
        if judged:
            mine = (searches.c.experiment == self.experiment) & (searches.c.n == bindparam("number"))
            rows = [{"number": n, "said": verdict} for n, verdict in judged.items()]
            self.connection.execute(update(searches).where(mine).values(verdict=bindparam("said")), rows)

    def start(
        self,
        begun: Sequence[tuple[Trial, Submission]],
        new_id: Callable[[], JobId],
        settle: Callable[[Connection, Job], None] | None = None,
    ) -> list[Job]:
        """Store the jobs of new trials, and the trials; idempotent by the submissions' keys."""
        found = wishes.submit_within(
            self.connection, self.store, [one for _, one in begun], new_id=new_id, now=self.now, settle=settle
        )
        fresh = [(trial, made.job) for (trial, _), made in zip(begun, found, strict=True) if made.created]
        if fresh:
            self.connection.execute(
                insert(trials),
                [
                    {
                        "experiment": self.experiment,
                        "number": trial.number,
                        "job": job.id,
                        "config": json.dumps(trial.config),
                        "clone_of": trial.clone_of,
                    }
                    for trial, job in fresh
                ],
            )
        return [one.job for one in found]

    def trial(self, number: int, **values: Any) -> None:
        """Change columns of a trial; ``told`` as a mapping."""
        if "told" in values and values["told"] is not None:
            values["told"] = json.dumps(values["told"])
        mine = (trials.c.experiment == self.experiment) & (trials.c.number == number)
        self.connection.execute(update(trials).where(mine).values(**values))

    def wish(
        self, listed: Sequence[JobId], verb: Verb, *, hold: Hold = Hold.SEARCHER, discard: bool = False
    ) -> list[Job | TrainingError]:
        """As ``verbs.wish``, in this transaction."""
        if not listed:
            return []
        return verbs.wish_within(self.connection, self.store, listed, verb, now=self.now, hold=hold, discard=discard)

    def has_trials(self) -> bool:
        """Whether any trial has not ended, or was begun again since."""
        open_ = select(trials.c.number).where(trials.c.experiment == self.experiment, trials.c.outcome.is_(None))
        jobs_ = select(jobs.c.id).where(
            jobs.c.experiment == self.experiment, jobs.c.trial.isnot(None), jobs.c.state.in_(UNFINISHED)
        )
        return any(self.connection.execute(one.limit(1)).first() is not None for one in (open_, jobs_))

    def got_on(self) -> None:
        """The driver has brought the search forward: what its attempts failed of before counts no more."""
        mine = (jobs.c.id == self.experiment) & (jobs.c.retries_used > 0)
        if self.connection.execute(update(jobs).where(mine).values(retries_used=0)).rowcount:
            changelog.touch(self.connection, self.experiment, [ChangeKind.WISH], self.now)

    def change(self, **values: Any) -> None:
        """Change columns of the experiment; ``notes`` as a sequence."""
        if "notes" in values:
            values["notes"] = json.dumps(list(values["notes"]))
        if values:
            self.connection.execute(update(experiments).where(experiments.c.id == self.experiment).values(**values))


@dataclass(frozen=True)
class Standing:
    """What a driver looks at between its decisions: what is wished of the search, and its clock."""

    state: ExperimentState
    desired: Desired
    more: int
    started: Instant | None
    ended: Instant | None
    paused_since: Instant | None
    paused_seconds: float
    notes: tuple[str, ...]
    detail: str | None

    @property
    def may_ask(self) -> bool:
        return self.state is ExperimentState.RUNNING and self.desired is Desired.RUN

    def seconds(self, now: float) -> float:
        """Since its start, without pauses."""
        if self.started is None:
            return 0.0
        until = self.paused_since if self.paused_since is not None else now
        return max(0.0, until - self.started - self.paused_seconds)


def standing(store: Store, experiment: JobId) -> Standing:
    """How a search stands now.

    Raises:
        UnknownExperiment
    """
    with store.read() as connection:
        return _standing(connection, experiment)


def _standing(connection: Connection, experiment: JobId) -> Standing:
    row = connection.execute(select(experiments).where(experiments.c.id == experiment)).first()
    if row is None:
        raise UnknownExperiment(f"There is no experiment {experiment!r}.")
    return Standing(
        ExperimentState(row.state),
        Desired(row.desired),
        row.more,
        row.started,
        row.ended,
        row.paused_since,
        row.paused_seconds,
        tuple(json.loads(row.notes)),
        row.detail,
    )


@contextmanager
def writing(store: Store, experiment: JobId, attempt: int, now: Instant, *, tell: bool = True) -> Iterator[Writer]:
    """One transaction of the driver that claimed as ``attempt``. ``tell``: log a change of the experiment.

    Raises:
        StaleEpoch: another driver has taken over; nothing was written.
    """
    with store.write() as connection:
        driver = connection.execute(select(experiments.c.driver).where(experiments.c.id == experiment)).scalar()
        if driver != attempt:
            raise _stale(experiment, attempt)
        yield Writer(connection, store, experiment, now)
        if tell:
            told(connection, experiment, now)


def rouse(store: Store, drivers: Sequence[JobId], now: Instant) -> bool:
    """Let drivers that had left for want of work come back; True: any does.

    That of a search that a person has paused comes back with the search, and takes no other one's place until then.
    """
    goes_on = experiments.c.desired != Desired.PAUSE.value  # one that is canceled in its pause is driven to its end
    wanted: list[JobId] = []
    with store.read() as connection:
        for part in chunks(drivers):
            rows = connection.execute(select(experiments.c.id).where(experiments.c.id.in_(part), goes_on))
            wanted += map(JobId, rows.scalars())
    if wanted:
        verbs.wish(store, wanted, Verb.ACTIVATE, now=now, hold=Hold.EXPERIMENT)
    return bool(wanted)


def failed(store: Store, experiment: JobId, detail: str, now: Instant) -> None:
    """A search whose driver has failed for good has failed, unless it was over before. Its trials go on.

    One that a person had begun again by now has not failed.
    """
    with store.write() as connection:
        is_so = select(jobs.c.id).where(jobs.c.id == experiment, jobs.c.state == JobState.FAILED.value).exists()
        mine = (experiments.c.id == experiment) & experiments.c.state.in_(_GOING) & is_so
        values = {"state": ExperimentState.FAILED.value, "detail": detail, "ended": now}
        if connection.execute(update(experiments).where(mine).values(**values)).rowcount == 1:
            told(connection, experiment, now)


def unattended(store: Store) -> list[Job]:
    """The drivers that have ended while their searches have not: nobody has seen to these since."""
    ended = jobs.c.state.in_([state.value for state in TERMINAL])
    wanted = select(jobs).join(experiments, experiments.c.id == jobs.c.id)
    with store.read() as connection:
        rows = connection.execute(wanted.where(experiments.c.state.in_(_GOING), ended))
        return jobs_of(connection, store.specs, rows)


def _stale(experiment: JobId, attempt: int) -> StaleEpoch:
    return StaleEpoch(f"Another driver has taken over the experiment {experiment}; attempt {attempt} is past.")
