"""What is shown of a search: how it stands, what is best, its trials in any order, and the files of other programs."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
import yaml

from jupyter_training.core.ids import JobId
from jupyter_training.core.lifecycle import Phase
from jupyter_training.core.metric import Point
from jupyter_training.errors import InvalidUsage, UnknownExperiment
from jupyter_training.services import changes, experiment_curve, experiments, jobs, results
from jupyter_training.services.experiments import CurvesQuery, ExperimentsQuery, TrialsQuery
from jupyter_training.spool import layout
from jupyter_training.store import points
from jupyter_training.store.points import Batch
from tests.services.searching import Searching
from tests.services.stage import Stage


def played(stage: Stage, **wish: Any) -> Searching:
    """Four trials: one ran to its end, one was stopped, one has failed, one runs; another waits."""
    search = Searching(stage, **wish)
    search.drive()
    for number in range(4):
        search.trial(number)
    search.trial(4, begin=False)
    search.tell(0, 1, 0.9)
    search.tell(1, 1, 0.5)
    search.tell(0, 2, 0.3)
    search.tell(1, 2, 0.7, verdict="stop")
    search.tell(3, 1, 0.4)
    search.end(0)
    search.end(1, "stopped")
    search.end(2, "failed", "ValueError: no")
    return search


def test_a_search_waits_in_its_queues_words(stage: Stage) -> None:
    view = Searching(stage).view
    assert (Phase.QUEUED, 0, None, 50) == (view.phase, view.trials, view.best, view.total)
    assert view.sentence.startswith("Waits: ")


def test_how_it_stands_is_one_sentence(stage: Stage) -> None:
    view = played(stage).view
    assert {"queued": 1, "running": 1, "completed": 1, "stopped": 1, "failed": 1} == view.counts
    assert "5 of 50 trials, 1 running, 1 waiting, 1 stopped early, 1 failed; best loss 0.3 (trial 0)." == view.sentence
    assert view.best is not None
    assert (0, 0.3, 2, {"lr": 0.01}) == (view.best.trial, view.best.value, view.best.resource, view.best.config)
    assert ((0, 0.9), (1, 0.5), (2, 0.3), (4, 0.3)) == view.curve, "each improvement, and the last report"
    assert {"size": 8} == view.constants
    assert ("pause", "cancel", "kill", "extend", "retry_failed") == view.verbs


def test_an_ended_search_says_why_and_what_was_best(stage: Stage) -> None:
    search = played(stage)
    search.end(3)
    search.stage.begin(search.trials[4].job)
    search.end(4, "failed")
    search.finish()
    view = search.view
    assert (Phase.SUCCEEDED, "succeeded") == (view.phase, view.state)
    begins = "The 50 trials that were asked for have ended. 5 of 50 trials, 1 stopped early, 2 failed;"
    assert view.sentence.startswith(begins)
    assert ("extend", "retry_failed", "archive", "delete") == view.verbs


def test_a_search_whose_every_trial_failed_shows_the_first_ones_error(stage: Stage) -> None:
    search = Searching(stage)
    search.drive()
    job = search.trial(0)
    folder = layout.attempt_folder(stage.site.settings.spool_root, JobId(job), 1)
    folder.mkdir(parents=True)
    (folder / "log").write_text("Traceback (most recent call last):\nValueError: no such file\n")
    search.end(0, "failed", "ValueError: no such file")
    search.finish("failed", "All 3 trials that have ended have failed.")
    error = search.view.error
    assert error is not None
    assert "Trial 0" in error and "lr = 0.01" in error
    assert "Traceback (most recent call last):" in error, sorted(folder.iterdir())


def test_the_pareto_set_is_that_of_the_table(stage: Stage) -> None:
    """Four trials by hand: only one is beaten in both."""
    search = Searching(stage, metric="loss, accuracy", mode="min, max", searcher="tpe")
    search.drive()
    table = {0: (0.5, 0.8), 1: (0.4, 0.7), 2: (0.6, 0.75), 3: (0.3, 0.6)}
    for number, values in table.items():
        search.trial(number)
        search.tell(number, 1, *values)
    assert [(3, 0.3), (1, 0.4), (0, 0.5)] == [(one.trial, one.values["loss"]) for one in search.view.pareto]
    search.trial(4)
    search.tell(4, 1, 0.2, 0.9)
    assert [4] == [one.trial for one in search.view.pareto]
    solutions = yaml.safe_load(results.results(stage.site, search.id).yaml)["solutions"]
    assert [{"params": {"size": 8, "lr": 0.05}, "values": [0.2, 0.9]}] == solutions


@pytest.mark.parametrize(
    ("sort", "numbers"),
    [
        ("number", [0, 1, 2, 3, 4]),
        ("-number", [4, 3, 2, 1, 0]),
        ("value", [0, 3, 1, 2, 4]),
        ("-value", [1, 3, 0, 2, 4]),
        ("state", [4, 3, 0, 1, 2]),
        ("lr", [0, 1, 2, 3, 4]),
        ("-lr", [4, 3, 2, 1, 0]),
    ],
)
@pytest.mark.parametrize("limit", [2, 10])
def test_trials_come_in_any_order_page_by_page(stage: Stage, sort: str, numbers: list[int], limit: int) -> None:
    search = played(stage)
    found: list[int] = []
    after = None
    while True:
        page = experiments.trials(stage.site, search.id, TrialsQuery(sort=sort, limit=limit, after=after))
        assert 5 == page.total
        found += [trial.number for trial in page.trials]
        after = page.next
        if after is None:
            break
    assert numbers == found


def test_trials_of_some_states(stage: Stage) -> None:
    search = played(stage)
    page = experiments.trials(stage.site, search.id, TrialsQuery(outcome=("failed", "queued"), sort="-number"))
    assert [(4, "queued", "Waits for its turn."), (2, "failed", "ValueError: no")] == [
        (trial.number, trial.state, trial.sentence) for trial in page.trials
    ]


def test_an_order_that_there_is_not_is_refused_with_the_near_miss(stage: Stage) -> None:
    search = Searching(stage)
    with pytest.raises(InvalidUsage, match="Did you mean 'value'"):
        experiments.trials(stage.site, search.id, TrialsQuery(sort="-valu"))
    with pytest.raises(InvalidUsage, match="no cursor"):
        experiments.trials(stage.site, search.id, TrialsQuery(after="x"))
    with pytest.raises(UnknownExperiment):
        experiments.show(stage.site, "nothing")
    with pytest.raises(UnknownExperiment):
        experiments.show(stage.site, stage.submit().job.id)  # type: ignore[union-attr]


def test_the_curves_of_the_best_trials(stage: Stage) -> None:
    search = played(stage)
    for number, values in {0: [0.9, 0.3], 1: [0.5, 0.7], 3: [0.4]}.items():
        told = tuple(Point("loss", step, 1.0, value, "report") for step, value in enumerate(values, 1))
        batch = Batch(1, "points", 0, 10, told)
        points.ingest(stage.site.store, search.trials[number].job, [batch], now=stage.site.now())
    found = experiments.curves(stage.site, search.id, CurvesQuery(trials=2))
    assert ("loss", 3) == (found.metric, found.total)
    assert [(0, ((1, 0.9), (2, 0.3))), (3, ((1, 0.4),))] == [(one.trial, one.points) for one in found.curves]


def test_results_have_the_columns_of_syne_tune(stage: Stage) -> None:
    search = played(stage)
    found = results.results(stage.site, search.id)
    rows = list(csv.DictReader(io.StringIO(found.csv)))
    assert [
        "trial_id", "epoch", "loss", "config_size", "config_lr",
        "st_decision", "st_status", "st_worker_iter", "st_worker_timestamp", "st_worker_time", "st_tuner_time",
    ] == list(rows[0])  # fmt: skip
    assert [("0", "1", "0.9"), ("1", "1", "0.5"), ("0", "2", "0.3"), ("1", "2", "0.7"), ("3", "1", "0.4")] == [
        (row["trial_id"], row["epoch"], row["loss"]) for row in rows
    ]
    assert ["CONTINUE", "CONTINUE", "CONTINUE", "STOP", "CONTINUE"] == [row["st_decision"] for row in rows]
    assert ["InProgress", "InProgress", "Completed", "Stopped", "InProgress"] == [row["st_status"] for row in rows]
    assert all(float(row["st_tuner_time"]) >= float(row["st_worker_time"]) >= 0 for row in rows)
    assert {"name": "digits", "best_params": {"size": 8, "lr": 0.01}, "best_value": 0.3} == yaml.safe_load(found.yaml)


def test_lists_and_counts_leave_out_what_belongs_to_a_search(stage: Stage) -> None:
    own = stage.submit().job
    assert own is not None
    search = played(stage)
    assert [own.id] == [job.id for job in jobs.page(stage.site, jobs.JobsQuery()).jobs]
    assert {"queued": 1} == jobs.page(stage.site, jobs.JobsQuery()).counts
    mine = jobs.page(stage.site, jobs.JobsQuery(experiment=search.id)).jobs
    assert [4, 3, 2, 1, 0, None] == [job.trial for job in mine]
    assert 7 == len(jobs.page(stage.site, jobs.JobsQuery(trials=True)).jobs)
    assert [own.id] == [job.id for job in changes.snapshot(stage.site).jobs]
    assert 2 == changes.running(stage.site), "the driver and a trial keep a server awake"


def test_a_change_of_a_trial_brings_its_search_along(stage: Stage) -> None:
    search = played(stage)
    cursor = changes.head(stage.site)
    assert [search.id] == [one.id for one in changes.snapshot(stage.site).experiments]
    stage.begin(search.trials[4].job)
    message = changes.since(stage.site, cursor)
    assert [search.trials[4].job] == [job.id for job in message.jobs]
    assert [(search.id, 2)] == [(one.id, one.counts["running"]) for one in message.experiments]
    cursor = message.n
    search.tell(4, 1, 0.1)
    message = changes.since(stage.site, cursor)
    assert [("experiment", search.id)] == [(one.kind, one.job) for one in message.changes]
    (view,) = message.experiments
    assert (0.1, None) == (view.best.value if view.best else None, view.spec)


def test_searches_are_listed_newest_first(stage: Stage) -> None:
    first, second, third = (Searching(stage, name=name) for name in ("a", "b", "a"))
    third.act("kill")
    page = experiments.page(stage.site, ExperimentsQuery(limit=2))
    assert [third.id, second.id] == [one.id for one in page.experiments]
    assert {"running": 2, "canceled": 1} == page.counts
    rest = experiments.page(stage.site, ExperimentsQuery(limit=2, after=page.next))
    assert ([first.id], None) == ([one.id for one in rest.experiments], rest.next)
    named = experiments.page(stage.site, ExperimentsQuery(name="a", state=("running",)))  # type: ignore[arg-type]
    assert [first.id] == [one.id for one in named.experiments]
    third.act("archive")
    assert [third.id] == [one.id for one in experiments.page(stage.site, ExperimentsQuery(archived=True)).experiments]


def test_a_long_record_is_read_a_part_at_each_look_and_whole_where_one_is_shown(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    played(stage)
    monkeypatch.setattr(experiment_curve, "_AT_ONCE", 2)
    looks = [experiments.page(stage.site, ExperimentsQuery()).experiments[0].curve for _ in range(3)]
    best = ((0, 0.9), (1, 0.5), (2, 0.3))
    assert [best[:2], (*best, (3, 0.3)), (*best, (4, 0.3))] == looks
    again = Searching(stage)
    again.drive()
    again.trial(0)
    for resource in range(1, 6):
        again.tell(0, resource, 1 / resource)
    assert 5 == len(again.view.curve)
