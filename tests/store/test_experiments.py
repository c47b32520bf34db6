"""Searches in the store: their pages, their trials in order, what is best, and what is wished of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from jupyter_training.core.experiment import (
    DRIVERS,
    Event,
    EventKind,
    ExperimentSpec,
    ExperimentState,
    Objective,
    Trial,
)
from jupyter_training.core.ids import JobId
from jupyter_training.core.lifecycle import Desired, Hold, JobState, Verb
from jupyter_training.core.resources import Pool
from jupyter_training.core.search_jobs import driver_submission, trial_submission
from jupyter_training.errors import IllegalVerb, InvalidUsage, UnknownExperiment
from jupyter_training.store import (
    driving,
    experiment_listing,
    experiment_verbs,
    experiments,
    pools,
    trial_listing,
    upkeep,
    verbs,
    views,
    wishes,
)
from jupyter_training.store.experiment_listing import ExperimentQuery
from jupyter_training.store.tables import jobs as table
from jupyter_training.testing.builders import a_spec, a_submission
from tests.store.conftest import Bench

LOSS = Objective(metrics=("loss",), modes=("min",))


def a_search(bench: Bench, name: str = "sweep", *, objective: Objective = LOSS, **more: Any) -> JobId:
    """Store a search with the job that drives it."""
    spec = ExperimentSpec(name=name, template=a_spec(name), space={}, objective=objective, searcher="random", **more)
    like = a_submission(name)
    bench.now = bench.now + 1  # type: ignore[assignment]
    pools.write(bench.store, Pool(DRIVERS, "local", 8), now=bench.now)
    (made,) = wishes.submit(
        bench.store,
        [driver_submission(spec, like.origin, key=f"{name}-{bench.now}")],
        new_id=bench.new_id,
        now=bench.now,
        settle=lambda connection, job: experiments.create_row(connection, job, spec, like, bench.now),
    )
    return made.job.id


def trials_of(bench: Bench, search: JobId, values: list[float | None], **columns: Any) -> list[JobId]:
    """Trials with these best values; their jobs."""
    driving.claim(bench.store, search, 1)
    row = experiments.one(bench.store, search)
    begun = [
        (Trial(search, number, JobId(""), {"lr": value}), trial_submission(row, number, {"lr": value}))
        for number, value in enumerate(values)
    ]
    with driving.writing(bench.store, search, 1, bench.now) as writer:
        made = writer.start(begun, bench.new_id)
        told = [Event(n, EventKind.TELL, n - 1, {"values": [value]}) for n, value in enumerate(values, 1)]
        writer.events(told)
        for number, value in enumerate(values):
            writer.trial(number, best=value, told={"loss": value}, **columns)
    return [job.id for job in made]


def numbers(bench: Bench, search: JobId, sort: str, **more: Any) -> list[int]:
    page = trial_listing.trials_page(bench.store, search, mode="min", sort=sort, limit=50, **more)
    return [trial.number for trial in page.trials]


def test_the_driver_gives_the_search_its_id_and_both_stay_out_of_plain_lists(bench: Bench) -> None:
    own = bench.a_job()
    search = a_search(bench)
    (job,) = trials_of(bench, search, [1.0])
    assert (search, None) == (views.job(bench.store, search).experiment, views.job(bench.store, search).trial)
    assert (search, 0) == (views.job(bench.store, job).experiment, views.job(bench.store, job).trial)
    plain = views.page(bench.store, views.JobQuery(), after=None, limit=10)
    assert [own.id] == [one.id for one in plain.jobs]
    asked = views.page(bench.store, views.JobQuery(experiment=search), after=None, limit=10)
    assert [job, search] == [one.id for one in asked.jobs]
    assert ({JobState.QUEUED: 1}, {JobState.QUEUED: 3}) == (
        views.counts(bench.store),
        views.counts(bench.store, trials=True),
    )
    assert search == views.find(bench.store, "last", user="ada", notebook=None).id, "a trial is nobody's last"


def test_pages_of_searches_are_cut_by_key(bench: Bench) -> None:
    made = [a_search(bench, name) for name in ("a", "b", "a")]
    first = experiment_listing.page(bench.store, ExperimentQuery(), after=None, limit=2)
    assert [made[2], made[1]] == [one.id for one in first.experiments]
    rest = experiment_listing.page(bench.store, ExperimentQuery(), after=first.next, limit=2)
    assert ([made[0]], None) == ([one.id for one in rest.experiments], rest.next)
    named = experiment_listing.page(bench.store, ExperimentQuery(name="a", user="ada"), after=None, limit=9)
    assert [made[2], made[0]] == [one.id for one in named.experiments]
    with pytest.raises(InvalidUsage):
        experiment_listing.page(bench.store, ExperimentQuery(), after="x", limit=2)


def test_trials_are_sorted_with_those_without_a_value_last(bench: Bench) -> None:
    search = a_search(bench)
    trials_of(bench, search, [0.5, None, 0.1, 0.5])
    assert [2, 0, 3, 1] == numbers(bench, search, "value")
    assert [0, 3, 2, 1] == numbers(bench, search, "-value")
    assert [2, 0, 3, 1] == numbers(bench, search, "lr")
    assert [3, 2, 1, 0] == numbers(bench, search, "-number")
    assert [2, 0] == [one.number for one in experiment_listing.best(bench.store, search, "min", 2)]
    told = experiment_listing.told_values(bench.store, search)
    assert [(1, 0, (0.5,)), (2, 1, (None,)), (3, 2, (0.1,)), (4, 3, (0.5,))] == told
    assert told[3:] == experiment_listing.told_values(bench.store, search, after=3)
    assert told[1:3] == experiment_listing.told_values(bench.store, search, after=1, limit=2)


def test_a_cursor_holds_while_what_it_named_moves(bench: Bench) -> None:
    search = a_search(bench)
    trials_of(bench, search, [0.4, 0.3, 0.2, 0.1])
    page = trial_listing.trials_page(bench.store, search, mode="min", sort="value", limit=2)
    assert [3, 2] == [trial.number for trial in page.trials]
    with driving.writing(bench.store, search, 1, bench.now) as writer:
        writer.trial(2, best=0.05)
    assert [1, 0] == numbers(bench, search, "value", after=page.next)


def test_what_has_ended_is_counted_by_its_outcome_the_rest_by_its_job(bench: Bench) -> None:
    search = a_search(bench)
    jobs = trials_of(bench, search, [None] * 5)
    bench.begin(jobs[1:3])
    with driving.writing(bench.store, search, 1, bench.now) as writer:
        writer.trial(0, outcome="completed")
        writer.trial(3, is_held=True)
    found = experiment_listing.counted(bench.store, [search])[search]
    assert ({"queued": 1, "running": 2, "held": 1, "completed": 1}, 5) == (found.states, found.total)
    assert [3] == numbers(bench, search, "number", outcomes=frozenset({"held"}))


def test_the_best_configurations_of_a_name_are_of_the_same_metric(bench: Bench) -> None:
    same, other = a_search(bench), a_search(bench, objective=Objective(metrics=("acc",), modes=("max",)))
    trials_of(bench, same, [0.3, 0.1, 0.3])
    trials_of(bench, other, [0.01])
    trials_of(bench, a_search(bench, "another"), [0.02])
    found = experiment_listing.best_of_name(bench.store, "sweep", "ada", LOSS, limit=5)
    assert [{"lr": 0.1}, {"lr": 0.3}] == found


def test_a_pause_holds_what_waits_and_an_activate_lets_it_go(bench: Bench) -> None:
    search = a_search(bench)
    jobs = trials_of(bench, search, [None, None])
    verbs.wish(bench.store, [jobs[0]], Verb.PAUSE, now=bench.now)
    experiment_verbs.pause(bench.store, search, now=bench.now)
    both = [views.job(bench.store, job).holds for job in jobs]
    assert [frozenset({Hold.USER, Hold.EXPERIMENT}), frozenset({Hold.EXPERIMENT})] == both
    assert JobState.PAUSED is views.job(bench.store, search).state
    experiment_verbs.activate(bench.store, search, now=bench.now)
    states = [views.job(bench.store, job).state for job in (*jobs, search)]
    assert [JobState.PAUSED, JobState.QUEUED, JobState.QUEUED] == states


def test_a_wish_wakes_the_driver_that_had_left(bench: Bench) -> None:
    search = a_search(bench)
    verbs.wish(bench.store, [search], Verb.PAUSE, now=bench.now, hold=Hold.EXPERIMENT)
    experiment_verbs.extend(bench.store, search, 3, now=bench.now)
    job = views.job(bench.store, search)
    assert (JobState.QUEUED, frozenset(), 3) == (job.state, job.holds, experiments.one(bench.store, search).more)


def test_a_kill_ends_it_and_delete_takes_all_of_it(bench: Bench) -> None:
    search = a_search(bench)
    jobs = trials_of(bench, search, [None, 0.5])
    before = views.head(bench.store)
    done = experiment_verbs.kill(bench.store, search, now=bench.now)
    assert (ExperimentState.CANCELED, Desired.KILL) == (done.experiment.state, done.experiment.desired)
    kinds = {change.kind for change in views.changes(bench.store, before, 100).changes if change.job == search}
    assert {"wish", "experiment"} == {kind.value for kind in kinds}
    with pytest.raises(IllegalVerb, match="have not ended"):
        experiment_verbs.delete(bench.store, search, now=bench.now)
    with bench.store.write() as connection:
        connection.execute(update(table).values(state="canceled"))
    gone = experiment_verbs.delete(bench.store, search, now=bench.now).gone
    assert {search, *jobs} == {job.id for job in gone}
    with pytest.raises(UnknownExperiment):
        experiments.one(bench.store, search)
    assert {} == experiments.belongs_to(bench.store, jobs)


def test_a_repeated_key_gives_the_first_trial_job(bench: Bench) -> None:
    """A driver that died between the commit and the answer asks for the same number again."""
    search = a_search(bench)
    (job,) = trials_of(bench, search, [None])
    row = experiments.one(bench.store, search)
    again = replace(trial_submission(row, 0, {"lr": None}))
    with driving.writing(bench.store, search, 1, bench.now) as writer:
        (found,) = writer.start([(Trial(search, 0, JobId(""), {"lr": None}), again)], bench.new_id)
    assert (job, 1) == (found.id, len(experiments.trials_of(bench.store, search)))


def test_old_trials_stay_as_long_as_their_search_and_go_with_it(bench: Bench) -> None:
    own = bench.a_job()
    search = a_search(bench)
    jobs = trials_of(bench, search, [0.1, 0.2])
    with bench.store.write() as connection:
        old = update(table).where(table.c.id.in_([own.id, *jobs]))
        connection.execute(old.values(state="succeeded", ended=bench.now - 100 * upkeep.DAY))
    later = bench.now
    assert (own.id,) == upkeep.collect(bench.store, now=later, keep_days=30).jobs
    experiment_verbs.kill(bench.store, search, now=bench.now)
    with bench.store.write() as connection:
        ended = update(table).where(table.c.id == search)
        connection.execute(ended.values(state="canceled", ended=bench.now))
    assert () == upkeep.collect(bench.store, now=later, keep_days=30).jobs
    gone = upkeep.collect(bench.store, now=later + 31 * upkeep.DAY, keep_days=30).jobs  # type: ignore[arg-type]
    assert {search, *jobs} == set(gone)
    assert () == experiment_listing.page(bench.store, ExperimentQuery(), after=None, limit=9).experiments
