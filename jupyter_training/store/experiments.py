"""Searches as the store keeps them: their rows, their trials, and the record of asks and tells.

What a person wishes of a search is written in ``experiment_verbs``, what its
driver finds and decides in ``driving``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.experiment import Event, EventKind, Experiment, ExperimentSpec, ExperimentState, Trial
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant, Job, JobSpec, Origin, Submission
from jupyter_training.core.lifecycle import Desired, JobState
from jupyter_training.errors import UnknownExperiment
from jupyter_training.store import changelog
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.search_tables import experiments, searches, trials
from jupyter_training.store.tables import attempts, jobs

__all__ = [
    "JOINED",
    "belongs_to",
    "counts",
    "create_row",
    "events",
    "experiment_of",
    "heard",
    "many",
    "one",
    "runs",
    "slot_seconds",
    "templates",
    "told",
    "trial_at",
    "trials_of",
]

JOINED = select(experiments, jobs.c.user_name, jobs.c.notebook, jobs.c.cell, jobs.c.client).join(
    jobs, jobs.c.id == experiments.c.id
)


def create_row(
    connection: Connection,
    driver: Job,
    spec: ExperimentSpec,
    submission: Submission,
    now: Instant,
    *,
    notes: Sequence[str] = (),
) -> None:
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
            tag=_free_tag(connection, int(now)),
            submitted=now,
            notes=json.dumps(list(notes)),
            version=driver.version,
        )
    )


def _free_tag(connection: Connection, wished: int) -> int:
    """The second of its begin, or the next one that no other search has: by its tag a search's runs are found."""
    taken = set(connection.execute(select(experiments.c.tag).where(experiments.c.tag >= wished)).scalars())
    while wished in taken:
        wished += 1
    return wished


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
        rows = connection.execute(JOINED.where(experiments.c.id.in_(part)))
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


def templates(store: Store) -> Iterator[JobSpec]:
    """What the trials of every search are like."""
    with store.read() as connection:
        texts = connection.execute(select(experiments.c.spec)).scalars().all()
    for text in texts:
        yield JobSpec.model_validate(json.loads(text)["template"])


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


def heard(store: Store, experiment: JobId) -> dict[JobId, int]:
    """How many reports of each trial's job were told and acted on; without those of which none was.

    One that was ignored may be told once more, and counts then.
    """
    with store.read() as connection:
        rows = connection.execute(
            select(trials.c.job, func.count())
            .join(searches, (searches.c.experiment == trials.c.experiment) & (searches.c.trial == trials.c.number))
            .where(
                trials.c.experiment == experiment,
                searches.c.kind == EventKind.TELL.value,
                searches.c.verdict != "ignored",
            )
            .group_by(trials.c.job)
        )
        return {JobId(job): number for job, number in rows}


def exhausted(connection: Connection, experiment: JobId) -> str | None:
    """Why its searcher has nothing more to propose, in its own words; None: it may have."""
    kind = EventKind.EXHAUSTED.value
    wanted = select(searches.c.body).where(searches.c.experiment == experiment, searches.c.kind == kind).limit(1)
    body = connection.execute(wanted).scalar()
    return None if body is None else str(json.loads(body)["reason"])


def told(connection: Connection, experiment: JobId, now: float) -> int:
    """Log that an experiment changed; its new version."""
    (version,) = changelog.append(connection, [(ChangeKind.EXPERIMENT, experiment)], now)
    connection.execute(update(experiments).where(experiments.c.id == experiment).values(version=version))
    return version


def belongs_to(store: Store, listed: Sequence[JobId]) -> dict[JobId, JobId]:
    """The experiment of each of these jobs that is a trial of one, also of those that were deleted."""
    found: dict[JobId, JobId] = {}
    with store.read() as connection:
        for part in chunks(listed):
            rows = connection.execute(select(trials.c.job, trials.c.experiment).where(trials.c.job.in_(part)))
            found.update((JobId(row.job), JobId(row.experiment)) for row in rows)
    return found


def runs(store: Store, experiment: JobId) -> dict[JobId, tuple[JobState, int]]:
    """The state and the generation of each of its trials' jobs that is there."""
    with store.read() as connection:
        rows = connection.execute(
            select(jobs.c.id, jobs.c.state, jobs.c.generation).where(
                jobs.c.experiment == experiment, jobs.c.trial.isnot(None)
            )
        )
        return {JobId(row.id): (JobState(row.state), row.generation) for row in rows}


def slot_seconds(store: Store, experiment: JobId, now: Instant) -> float:
    """What its trials have used by now: slots times seconds of all their attempts that have begun."""
    until = func.coalesce(attempts.c.ended, now)
    with store.read() as connection:
        found = connection.execute(
            select(func.sum((until - attempts.c.started) * attempts.c.slots))
            .join(jobs, jobs.c.id == attempts.c.job)
            .where(jobs.c.experiment == experiment, jobs.c.trial.isnot(None), attempts.c.started.isnot(None))
        ).scalar_one()
    return float(found or 0.0)


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
