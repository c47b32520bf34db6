"""What a move of a search means: its trials that wait are moved, and those to come are stored likewise.

Only what says where its trials run is meant of them: priority, weight and pool.
A place in the order is one of the job that drives it, among other drivers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import JobState
from jupyter_training.errors import TrainingError
from jupyter_training.services import placing
from jupyter_training.services.site import Site
from jupyter_training.store import experiment_verbs, experiments, views
from jupyter_training.store.queue_moves import Move, SetPool, SetPriority, SetWeight

__all__ = ["Spread", "gathered", "spread"]

_MOST = 100_000  # trials that wait


@dataclass
class Spread:
    """``moves``: one after the other; ``searches``: by the place of the wish, the job that drives it."""

    moves: list[tuple[JobId, Move]] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    searches: dict[int, Job] = field(default_factory=dict)
    refused: dict[int, TrainingError] = field(default_factory=dict)


def spread(site: Site, wished: Sequence[tuple[JobId, Move]]) -> Spread:
    """The moves of jobs that these come to."""
    found = Spread()
    drivers = {job.id: job for job in views.jobs(site.store, list({one for one, _ in wished})) if job.is_driver}
    for place, (job, move) in enumerate(wished):
        driver = drivers.get(job)
        if driver is None or not isinstance(move, (SetPriority, SetWeight, SetPool)):
            found.moves.append((job, move))
            found.places.append(place)
            continue
        try:
            _judge(site, driver, move)
        except TrainingError as error:
            found.refused[place] = error
            continue
        found.searches[place] = driver
        waiting = views.JobQuery(experiment=job, states=frozenset({JobState.QUEUED, JobState.PAUSED}))
        trials = [one for one in views.page(site.store, waiting, after=None, limit=_MOST).jobs if not one.is_driver]
        found.moves += [(one.id, move) for one in reversed(trials)]
        found.places += [place] * len(trials)
    return found


def gathered(
    site: Site,
    wished: Sequence[tuple[JobId, Move]],
    found: Spread,
    told: Sequence[Job | TrainingError],
) -> list[Job | TrainingError]:
    """What became of each wish. The trials of a search that are to come follow where none of those refused."""
    outcomes: dict[int, Job | TrainingError] = {**found.refused, **found.searches}
    outcomes |= {
        place: outcome
        for place, outcome in zip(found.places, told, strict=True)
        if place not in found.searches or isinstance(outcome, TrainingError)
    }
    for place, driver in found.searches.items():
        if isinstance(outcomes[place], Job):
            _, move = wished[place]
            experiment_verbs.reorder(site.store, driver.id, now=site.now(), **_column(move))
    return [outcomes[place] for place in range(len(wished))]


def _judge(site: Site, driver: Job, move: Move) -> None:
    """See that the search's pool goes by what is given, or that another one can hold its trials."""
    one, pools = experiments.one(site.store, driver.id), views.pools(site.store)
    pool = placing.known_pool(pools, move.pool if isinstance(move, SetPool) else one.pool)
    if isinstance(move, SetPool):
        placing.check_same(pools.get(one.pool), pool, one.spec.template.options)
        placing.check_fit(pool, one.spec.template.resources)
    placing.check_order(
        pool,
        priority=move.priority if isinstance(move, SetPriority) else None,
        weight=move.weight if isinstance(move, SetWeight) else None,
    )


def _column(move: Move) -> dict[str, str | float]:
    if isinstance(move, SetPriority):
        return {"priority": move.priority}
    if isinstance(move, SetWeight):
        return {"weight": move.weight}
    assert isinstance(move, SetPool)
    return {"pool": move.pool}
