"""Searches as the store keeps them: their rows, their trials, and the record of asks and tells.

What a person wishes of a search stands in ``experiment_verbs``. What its driver
finds is written through ``writing``: one transaction for a decision and all that
it entails (an ask and its trial's job, a verdict and the wish that carries it
out), and only while the driver is the one that claimed the search last.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.experiment import Event, EventKind, Experiment, ExperimentSpec, ExperimentState, Trial
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant, Job, Origin, Submission
from jupyter_training.core.lifecycle import Desired, Hold, Verb
from jupyter_training.errors import StaleEpoch, TrainingError, UnknownExperiment
from jupyter_training.store import changelog, verbs, wishes
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.search_tables import experiments, searches, trials
from jupyter_training.store.tables import jobs

__all__ = [
    "Standing",
    "Writer",
    "belongs_to",
    "claim",
    "counts",
    "create_row",
    "driver_failed",
    "events",
    "experiment_of",
    "many",
    "one",
    "rouse",
    "standing",
    "told",
    "trial_at",
    "trials_of",
    "writing",
]

_JOINED = select(experiments, jobs.c.user_name, jobs.c.notebook, jobs.c.cell, jobs.c.client).join(
    jobs, jobs.c.id == experiments.c.id
)


def create_row(connection: Connection, driver: Job, spec: ExperimentSpec, submission: Submission, now: Instant) -> None:
    """The row of a search whose driver was stored in this transaction; ``submission``: what its trials are like."""
    connection.execute(
        insert(experiments).values(
            id=driver.id,
            seq=driver.seq,
            spec=spec.model_dump_json(),
            pool=submission.pool,
            priority=submission.priority,
            weight=submission.weight,
            state=ExperimentState.RUNNING.value,
            desired=Desired.RUN.value,
            tag=int(now),
            submitted=now,
            version=driver.version,
        )
    )


def one(store: Store, experiment: JobId) -> Experiment:
    """The search of that id.

    Raises:
        UnknownExperiment
    """
    found = many(store, [experiment])
    if not found:
        raise UnknownExperiment(f"There is no experiment {experiment!r}.")
    return found[0]


def many(store: Store, ids: Sequence[JobId]) -> list[Experiment]:
    """The searches of these ids, in their order; unknown ones are left out."""
    with store.read() as connection:
        return read(connection, ids)


def read(connection: Connection, ids: Sequence[JobId]) -> list[Experiment]:
    """The same within a transaction."""
    found: dict[str, Experiment] = {}
    for part in chunks(ids):
        rows = connection.execute(_JOINED.where(experiments.c.id.in_(part)))
        found.update((row.id, experiment_of(row)) for row in rows)
    return [found[one] for one in ids if one in found]


def experiment_of(row: Row[Any]) -> Experiment:
    return Experiment(
        id=JobId(row.id),
        spec=ExperimentSpec.model_validate_json(row.spec),
        origin=Origin(row.user_name, row.notebook, row.cell, row.client),
        pool=row.pool,
        priority=row.priority,
        weight=row.weight,
        state=ExperimentState(row.state),
        desired=Desired(row.desired),
        detail=row.detail,
        notes=tuple(json.loads(row.notes)),
        tag=row.tag,
        submitted=row.submitted,
        started=row.started,
        ended=row.ended,
        paused_since=row.paused_since,
        paused_seconds=row.paused_seconds,
        more=row.more,
        driver=row.driver,
        archived=row.archived,
        version=row.version,
    )


def trials_of(store: Store, experiment: JobId) -> list[Trial]:
    """All its trials, by number."""
    with store.read() as connection:
        rows = connection.execute(select(trials).where(trials.c.experiment == experiment).order_by(trials.c.number))
        return [trial_at(row) for row in rows]


def trial_at(row: Row[Any]) -> Trial:
    return Trial(
        experiment=JobId(row.experiment),
        number=row.number,
        job=JobId(row.job),
        config=json.loads(row.config),
        clone_of=row.clone_of,
        outcome=row.outcome,
        is_held=row.is_held,
        resource=row.resource,
        values=json.loads(row.told) if row.told else None,
        best=row.best,
        best_at=row.best_at,
        detail=row.detail,
    )


def events(store: Store, experiment: JobId, *, after: int = 0) -> list[Event]:
    """The record from behind ``after`` on, in its order."""
    with store.read() as connection:
        wanted = select(searches).where(searches.c.experiment == experiment, searches.c.n > after)
        rows = connection.execute(wanted.order_by(searches.c.n)).all()
    return [Event(row.n, EventKind(row.kind), row.trial, json.loads(row.body), row.verdict) for row in rows]


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


def told(connection: Connection, experiment: JobId, now: float) -> int:
    """Log that an experiment changed; its new version."""
    (version,) = changelog.append(connection, [(ChangeKind.EXPERIMENT, experiment)], now)
    connection.execute(update(experiments).where(experiments.c.id == experiment).values(version=version))
    return version


def rouse(store: Store, drivers: Sequence[JobId], now: Instant) -> None:
    """Let drivers that had left for want of work come back."""
    if drivers:
        verbs.wish(store, drivers, Verb.ACTIVATE, now=now, hold=Hold.EXPERIMENT)


def belongs_to(store: Store, listed: Sequence[JobId]) -> set[JobId]:
    """The experiments that these jobs are trials of."""
    found: set[JobId] = set()
    with store.read() as connection:
        for part in chunks(listed):
            wanted = select(jobs.c.experiment).where(jobs.c.id.in_(part), jobs.c.trial.isnot(None)).distinct()
            found.update(JobId(one) for one in connection.execute(wanted).scalars())
    return found


def driver_failed(store: Store, experiment: JobId, detail: str, now: Instant) -> None:
    """A search whose driver has failed for good has failed, unless it was over before. Its trials go on."""
    with store.write() as connection:
        mine = (experiments.c.id == experiment) & experiments.c.state.in_(
            [ExperimentState.RUNNING.value, ExperimentState.PAUSED.value]
        )
        values = {"state": ExperimentState.FAILED.value, "detail": detail, "ended": now}
        if connection.execute(update(experiments).where(mine).values(**values)).rowcount == 1:
            told(connection, experiment, now)


def counts(store: Store, ids: Sequence[JobId]) -> dict[JobId, dict[str, int]]:
    """How many trials of each have which outcome; those that go on under "running" and, held, "held"."""
    found: dict[JobId, dict[str, int]] = {one: {} for one in ids}
    with store.read() as connection:
        for part in chunks(ids):
            rows = connection.execute(
                select(trials.c.experiment, trials.c.outcome, trials.c.is_held, func.count())
                .where(trials.c.experiment.in_(part))
                .group_by(trials.c.experiment, trials.c.outcome, trials.c.is_held)
            )
            for experiment, outcome, held, number in rows:
                word = outcome or ("held" if held else "running")
                found[experiment][word] = found[experiment].get(word, 0) + number
    return found


def _stale(experiment: JobId, attempt: int) -> StaleEpoch:
    return StaleEpoch(f"Another driver has taken over the experiment {experiment}; attempt {attempt} is past.")
