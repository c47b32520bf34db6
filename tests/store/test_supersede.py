"""A later attempt's steps take the place of earlier ones, which are kept beside the curve."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import func, select

from jupyter_training.core.ids import JobId
from jupyter_training.core.metric import Point
from jupyter_training.store import aside, last_values, points, supersede, tables, upkeep
from jupyter_training.store.points import Batch
from jupyter_training.store.supersede import COUNTED, STEPPED, TOLD, Restart
from tests.store.conftest import Bench

Curve = list[tuple[int, float | None]]


def some(*steps: int, attempt: int, name: str = "loss", source: str = "report") -> list[Point]:
    return [Point(name, step, attempt * 1000.0 + step, attempt + step / 1000, source) for step in steps]  # type: ignore[arg-type]


class Trial:
    """A job that is tried again and again."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.store = bench, bench.store
        self.job: JobId = bench.a_job().id
        self._end: dict[int, int] = {}
        self.before: object = None

    def report(
        self, attempt: int, found: list[Point], restart: Restart | None = None, counted: tuple[str, ...] = ()
    ) -> None:
        start = self._end.get(attempt, 0)
        self._end[attempt] = start + 1
        batch = Batch(attempt, "page", start, start + 1, found, counted=counted, restart=restart)
        while restart is not None and not aside.prepare(self.store, self.job, attempt, restart, is_over=lambda: True):
            assert self.drawn() == self.before, "until all is put aside, readers see what was there"
        points.ingest(self.store, self.job, [batch], now=self.bench.now)
        self.before = self.drawn()

    def drawn(self) -> object:
        """All that a reader sees."""
        return (
            points.series(self.store, self.job, None, budget=50),
            points.summaries(self.store, [self.job]),
            points.after(self.store, self.job, 0, 100_000),
        )

    def curve(self, name: str = "loss", superseded: int = 0) -> Curve:
        return [
            (step, value)
            for one in points.series(self.store, self.job, [name], budget=100_000)
            if one.superseded == superseded
            for step, _, value in one.points
        ]

    def steps(self, name: str = "loss", superseded: int = 0) -> list[int]:
        return [step for step, _ in self.curve(name, superseded)]


@pytest.fixture(autouse=True, params=["at once", "put aside"])
def how(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "put aside":
        monkeypatch.setattr(aside, "_AT_ONCE", 0)
        monkeypatch.setattr(aside, "_SLICE", 3 if "seed" not in request.fixturenames else 400)


@pytest.fixture
def trial(bench: Bench) -> Trial:
    return Trial(bench)


def test_what_comes_after_the_start_leaves_the_curve_and_is_kept_beside_it(trial: Trial) -> None:
    trial.report(1, some(1, 2, 3, 4, 5, attempt=1))
    trial.report(2, some(4, 5, 6, attempt=2), Restart(TOLD, 3))
    assert [(1, 1.001), (2, 1.002), (3, 1.003), (4, 2.004), (5, 2.005), (6, 2.006)] == trial.curve()
    assert [(4, 1.004), (5, 1.005)] == trial.curve(superseded=2)
    summary = points.summaries(trial.store, [trial.job])[trial.job]["loss"]
    assert (6, 6, 2.006, 1, 6) == (summary.count, summary.last_step, summary.last, summary.low_step, summary.high_step)
    assert {trial.job: {"loss": 2.006}} == last_values.of(trial.store, [trial.job], ["loss"])


def test_the_record_gets_every_point_in_the_order_of_reporting(trial: Trial) -> None:
    trial.report(1, some(1, 2, 3, attempt=1))
    trial.report(2, some(2, 3, attempt=2), Restart(TOLD, 1))
    found = points.after(trial.store, trial.job, 0, 100)
    assert [(1, 1, 1), (2, 1, 2), (3, 1, 3), (4, 2, 2), (5, 2, 3)] == [(n, own, one.step) for n, own, one in found]


def test_each_attempt_supersedes_what_is_still_in_the_curve(trial: Trial) -> None:
    trial.report(1, some(1, 2, 3, 4, attempt=1))
    trial.report(2, some(3, 4, 5, attempt=2), Restart(TOLD, 2))
    trial.report(3, some(4, 5, 6, attempt=3), Restart(TOLD, 3))
    assert [1, 2, 3, 4, 5, 6] == trial.steps()
    assert ([3, 4], [4, 5]) == (trial.steps(superseded=2), trial.steps(superseded=3))


def test_an_attempt_that_starts_anew_supersedes_all(trial: Trial) -> None:
    trial.report(1, some(0, 1, 2, attempt=1))
    trial.report(2, [], Restart(TOLD, None))
    assert ([], [0, 1, 2]) == (trial.steps(), trial.steps(superseded=2))
    assert {} == points.summaries(trial.store, [trial.job])
    trial.report(2, some(0, 1, attempt=2))
    assert [0, 1] == trial.steps()


def test_counted_series_go_on_from_the_marks_and_the_others_begin_anew(trial: Trial) -> None:
    both = [*some(0, 1, 2, 3, attempt=1, name="noise"), *some(0, 1, attempt=1, name="late")]
    trial.report(1, both, counted=("noise", "late"))
    trial.report(2, [], Restart(TOLD, 50, {"noise": 3}))
    assert ([0, 1, 2], [3]) == (trial.steps("noise"), trial.steps("noise", 2))
    assert ([], [0, 1]) == (trial.steps("late"), trial.steps("late", 2))


def test_samples_of_the_machine_are_no_steps(trial: Trial) -> None:
    trial.report(1, some(0, 1, 2, attempt=1, name="machine/cpu", source="machine"))
    trial.report(2, [], Restart(TOLD, None))
    assert [0, 1, 2] == trial.steps("machine/cpu")


def test_a_start_that_is_known_better_brings_back_what_had_left(trial: Trial) -> None:
    trial.report(1, [*some(1, 2, 3, 4, attempt=1), *some(0, 1, attempt=1, name="noise")], counted=("noise",))
    trial.report(2, some(0, attempt=2, name="noise"), Restart(COUNTED), ("noise",))
    assert ([1, 2, 3, 4], [0]) == (trial.steps(), trial.steps("noise"))
    trial.report(2, some(0, attempt=2), Restart(STEPPED, -1))
    assert ([0], [1, 2, 3, 4]) == (trial.steps(), trial.steps(superseded=2))
    trial.report(2, [], Restart(TOLD, 3, {"noise": 1}))
    assert ([1, 2, 3], [4, 0]) == (trial.steps(), trial.steps(superseded=2))
    assert ([0], [1, 0]) == (trial.steps("noise"), trial.steps("noise", 2))
    trial.report(2, some(9, attempt=2), Restart(STEPPED, 8))
    assert [1, 2, 3, 9] == trial.steps(), "a guess changes nothing any more"


def test_what_was_taken_over_already_moves_nothing_again(trial: Trial) -> None:
    trial.report(1, some(1, 2, 3, attempt=1))
    batch = Batch(2, "page", 0, 1, some(3, attempt=2), restart=Restart(TOLD, 2))
    for _ in range(2):
        points.ingest(trial.store, trial.job, [batch], now=trial.bench.now)
    assert ([1, 2, 3], [3]) == (trial.steps(), trial.steps(superseded=2))
    assert supersede.Known(TOLD, frozenset()) == supersede.known(trial.store, trial.job, 2)


def test_what_was_reported_before_it_asked_stands_beside_the_curve_and_comes_back(trial: Trial) -> None:
    trial.report(1, some(1, 2, 3, 4, 5, 6, attempt=1))
    trial.report(2, [*some(1, 4, attempt=2), *some(1, attempt=2, name="new")], Restart(STEPPED, 0))
    trial.report(2, some(6, 7, attempt=2), Restart(TOLD, 5))
    assert [(1, 1.001), (2, 1.002), (3, 1.003), (4, 1.004), (5, 1.005), (6, 2.006), (7, 2.007)] == trial.curve()
    assert [(6, 1.006), (1, 2.001), (4, 2.004)] == trial.curve(superseded=2)
    assert [1] == trial.steps("new"), "nobody else has reported it"
    summary = points.summaries(trial.store, [trial.job])[trial.job]["loss"]
    assert (7, 7, 1, 7) == (summary.count, summary.last_step, summary.low_step, summary.high_step)
    trial.report(2, [], Restart(TOLD, 3))
    assert [(1, 1.001), (2, 1.002), (3, 1.003), (4, 2.004), (6, 2.006), (7, 2.007)] == trial.curve()
    trial.report(2, [], Restart(TOLD, None))
    assert [1, 4, 6, 7] == trial.steps()
    assert {(step, 1 + step / 1000) for step in range(1, 7)} == set(trial.curve(superseded=2))


def test_what_came_before_in_the_same_batch_stands_beside_the_curve_too(trial: Trial) -> None:
    trial.report(1, some(1, 2, 3, attempt=1))
    found = some(1, 3, 4, attempt=2)
    points.ingest(
        trial.store, trial.job, [Batch(2, "page", 0, 1, found, restart=Restart(TOLD, 2), before=1)], now=trial.bench.now
    )
    assert [(1, 1.001), (2, 1.002), (3, 2.003), (4, 2.004)] == trial.curve()
    assert [(3, 1.003), (1, 2.001)] == trial.curve(superseded=2)


@pytest.mark.parametrize(("step", "left"), [(10**23, [1, 2]), (-(10**23), [])])
def test_a_start_beyond_what_a_column_holds_is_bounded(trial: Trial, step: int, left: list[int]) -> None:
    trial.report(1, some(1, 2, attempt=1))
    trial.report(2, [], Restart(TOLD, step))
    assert left == trial.steps()


@pytest.mark.parametrize("seed", range(12))
def test_any_story_draws_as_if_only_what_counts_had_been_reported(bench: Bench, seed: int) -> None:
    """Long series with buckets that are cut anywhere: curve, summary and every drawing are those of a fresh one."""
    rng = random.Random(seed)
    trial, fresh = Trial(bench), Trial(bench)
    live: list[tuple[int, Point]] = []
    step = 0
    for attempt in range(1, rng.randint(3, 6)):
        start = rng.randint(0, step) if attempt > 1 else 0
        restart = Restart(TOLD, start) if attempt > 1 else None
        live = [(own, point) for own, point in live if point.step <= start]
        step = start
        for _ in range(rng.randint(1, 4)):
            found = [
                Point("loss", step + place, float(len(live) + place), rng.choice([rng.random(), None]))
                for place in range(1, rng.randint(1, 700))
            ]
            step += len(found)
            trial.report(attempt, found, restart)
            live += [(attempt, point) for point in found]
            restart = None
    for attempt in sorted({own for own, _ in live}):
        fresh.report(attempt, [point for own, point in live if own == attempt])
    assert [(point.step, point.value) for _, point in live] == trial.curve()
    for budget in (5, 10, 60, 300, 1000):
        (expected,) = points.series(bench.store, fresh.job, None, budget=budget)
        found_one = points.series(bench.store, trial.job, None, budget=budget)[0]
        assert expected == found_one
    (expected_summary,) = points.summaries(bench.store, [fresh.job])[fresh.job].values()
    (summary,) = points.summaries(bench.store, [trial.job])[trial.job].values()
    assert expected_summary == type(summary)(**{**vars(summary), "job": fresh.job})


def test_a_start_that_is_known_better_meanwhile_begins_anew_and_leaves_nothing(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "_AT_ONCE", 0)
    monkeypatch.setattr(aside, "_SLICE", 2)
    trial.report(1, some(*range(1, 10), attempt=1))
    assert not aside.prepare(trial.store, trial.job, 2, Restart(STEPPED, 7), is_over=lambda: True)
    trial.report(2, some(4, 5, attempt=2), Restart(TOLD, 3))
    assert [1, 2, 3, 4, 5] == trial.steps()
    assert [4, 5, 6, 7, 8, 9] == trial.steps(superseded=2)
    while aside.clear(trial.store):
        pass
    with trial.store.read_points() as connection:
        assert 11 == connection.execute(select(func.count()).select_from(tables.points)).scalar()
        owners = connection.execute(select(tables.series.c.job).distinct()).scalars().all()
    assert [trial.job] == owners


def test_a_job_that_is_forgotten_is_not_seen_any_more_and_goes_slice_by_slice(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "_SLICE", 4)
    trial.report(1, some(*range(200), attempt=1))
    assert 200 == upkeep.forget(trial.store, trial.job)
    assert (0, []) == (upkeep.forget(trial.store, trial.job), points.after(trial.store, trial.job, 0, 100))
    slices = 0
    while aside.clear(trial.store):
        slices += 1
    assert slices >= 50
    with trial.store.read_points() as connection:
        for table in (tables.points, tables.pyramid, tables.series):
            assert 0 == connection.execute(select(func.count()).select_from(table)).scalar()
