"""What looking at many searches costs: as many statements as looking at a few."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.engine import Engine

from jupyter_training.core.experiment import Objective
from jupyter_training.core.ids import JobId
from jupyter_training.core.metric import Point
from jupyter_training.schema import CurvesView
from jupyter_training.services import experiments, results
from jupyter_training.services.experiments import CurvesQuery, ExperimentsQuery
from jupyter_training.store import experiment_listing, points
from jupyter_training.store.points import Batch
from tests.services.searching import Searching
from tests.services.stage import Stage


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements that are run meanwhile, in any database."""
    found: list[str] = []

    def ran(connection: object, cursor: object, statement: str, *_: object) -> None:
        found.append(statement)

    event.listen(Engine, "before_cursor_execute", ran)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", ran)


def a_search(stage: Stage, *values: float, **wish: object) -> Searching:
    search = Searching(stage, **wish)
    search.drive()
    for number, value in enumerate(values):
        search.trial(number)
        search.tell(number, 1, value)
    return search


def read(stage: Stage) -> int:
    experiments.page(stage.site, ExperimentsQuery())  # what is remembered of records is read
    with statements() as found:
        experiments.page(stage.site, ExperimentsQuery())
    return len(found)


def test_a_list_of_many_searches_takes_no_more_statements_than_one_of_a_few(stage: Stage) -> None:
    for value in (0.5, 0.25):
        a_search(stage, value)
    few = read(stage)
    for value in range(5):
        a_search(stage, value / 8)
    assert few == read(stage)


def test_each_has_its_own_best_by_its_own_mode(stage: Stage) -> None:
    low = a_search(stage, 0.5, 0.25, 0.25)
    high = a_search(stage, 0.5, 0.75, 0.75, mode="max")
    none = a_search(stage)
    found = experiment_listing.best_of_each(stage.site.store, {low.id: "min", high.id: "max", none.id: "min"})
    assert {low.id: (1, 0.25), high.id: (1, 0.75)} == {one: (best.number, best.best) for one, best in found.items()}


def test_what_is_added_to_a_record_that_was_read_is_seen(stage: Stage) -> None:
    search = a_search(stage, 0.5)
    read(stage)
    search.tell(0, 2, 0.25)
    (shown,) = experiments.page(stage.site, ExperimentsQuery()).experiments
    assert ((0, 0.5), (1, 0.25)) == shown.curve


def curves(stage: Stage, search: Searching) -> tuple[int, CurvesView]:
    with statements() as found:
        seen = experiments.curves(stage.site, search.id, CurvesQuery(points=10))
    return len(found), seen


def test_the_curves_of_many_trials_take_no_more_statements_than_those_of_a_few(stage: Stage) -> None:
    search = a_search(stage, *(number / 8 for number in range(6)))

    def reports(number: int, count: int) -> None:
        now = stage.site.now()
        line = [Point("loss", step, now, number / 8) for step in range(1, count + 1)]
        points.ingest(stage.site.store, JobId(search.trials[number].job), [Batch(1, "report", 0, count, line)], now=now)

    reports(0, 3)
    few, seen = curves(stage, search)
    assert [(0, ((1, 0.0), (2, 0.0), (3, 0.0)))] == [(one.trial, one.points) for one in seen.curves]
    for number in range(1, 5):
        reports(number, 3)
    more, seen = curves(stage, search)
    assert (few, 5) == (more, len(seen.curves))
    reports(5, 30)  # one that is sampled costs its own
    assert 10 >= len(curves(stage, search)[1].curves[5].points) > 1


def test_the_configurations_of_a_name_are_those_of_searches_that_judged_the_same(stage: Stage) -> None:
    one = a_search(stage, 0.5, 0.25)
    other = a_search(stage, 0.75, mode="max")
    name, user = one.row.spec.name, one.row.origin.user
    low = Objective(metrics=("loss",), modes=("min",))

    def found(objective: Objective, limit: int = 5) -> list[object]:
        return [
            config["lr"]
            for config in experiment_listing.best_of_name(stage.site.store, name, user, objective, limit=limit)
        ]

    assert [0.02, 0.01] == found(low)
    assert [0.02] == found(low, limit=1)
    assert [0.01] == found(replace_modes(low))
    assert [] == experiment_listing.best_of_name(stage.site.store, "another", user, low, limit=5)
    assert other.row.spec.name == name


def replace_modes(objective: Objective) -> Objective:
    return objective.model_copy(update={"modes": ("max",)})


def test_the_epochs_of_the_results_are_those_that_the_code_has_reported(stage: Stage) -> None:
    search = a_search(stage, 0.5)
    search.tell(0, 2, 0.25)
    now = stage.site.now()
    line = [Point("loss", step, now, 1 / step) for step in (10, 20)]
    points.ingest(stage.site.store, JobId(search.trials[0].job), [Batch(1, "report", 0, 2, line)], now=now)
    rows = csv.DictReader(io.StringIO(results.results(stage.site, search.id).csv))
    assert [("10", "0"), ("20", "1")] == [(row["epoch"], row["st_worker_iter"]) for row in rows]
