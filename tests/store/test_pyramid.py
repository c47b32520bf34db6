"""Charts of long series keep each spike and each gap, however the series came in."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_training.core.metric import Point
from jupyter_training.store import points
from jupyter_training.store.pyramid import BASE, FACTOR, Bucket, Sample, merge, of_samples
from tests.store.conftest import Bench

Drawn = tuple[tuple[int, float, float | None], ...]


def feed(bench: Bench, values: list[float | None], sizes: list[int]) -> points.Series:
    """The values as one series, in batches of these sizes over and over; the curve of ``budget`` below."""
    job = bench.a_job().id
    start = turn = 0
    while start < len(values):
        size = sizes[turn % len(sizes)]
        run = enumerate(values[start : start + size], start)
        piece = [Point("x", step, float(step), value) for step, value in run]
        points.ingest(bench.store, job, [points.Batch(1, "f", start, start + size, piece)], now=bench.now)
        start, turn = start + size, turn + 1
    bench.last = job  # type: ignore[attr-defined]
    return draw(bench, 200)


def draw(bench: Bench, budget: int) -> points.Series:
    (found,) = points.series(bench.store, bench.last, None, budget=budget)  # type: ignore[attr-defined]
    return found


def noise(count: int) -> list[float | None]:
    rng = random.Random(5)
    return [rng.gauss(0, 1) for _ in range(count)]


@pytest.mark.parametrize("count", [201, BASE * FACTOR, BASE * FACTOR + 1, BASE * FACTOR**2 + 77, 40_000])
def test_a_sampled_curve_is_a_part_of_the_whole_in_its_order(local: Bench, count: int) -> None:
    values = noise(count)
    found = feed(local, values, [1000, 1, 63])
    steps = [step for step, _, _ in found.points]
    assert found.sampled
    assert count == found.count
    assert len(found.points) <= 200
    assert sorted(set(steps)) == steps
    assert all(values[step] == value and float(step) == time for step, time, value in found.points)
    assert (0, count - 1) == (steps[0], steps[-1])


def test_one_spike_in_many_is_drawn_wherever_it_is(local: Bench) -> None:
    for place in (0, 6_399, 6_400, 29_999):
        values: list[float | None] = [0.0] * 30_000
        values[place] = 99.0
        assert (place, float(place), 99.0) in feed(local, values, [5000]).points


def test_one_gap_in_many_is_drawn(local: Bench) -> None:
    values = noise(30_000)
    values[12_345] = None
    assert (12_345, 12_345.0, None) in feed(local, values, [5000]).points


def test_a_series_of_gaps_only_is_drawn_as_gaps(local: Bench) -> None:
    found = feed(local, [None] * 5_000, [700])
    assert {None} == {value for _, _, value in found.points}
    assert len(found.points) <= 200


def test_a_gap_at_every_second_point_keeps_to_the_budget(local: Bench) -> None:
    values = [None if place % 2 else value for place, value in enumerate(noise(20_000))]
    found = feed(local, values, [900])
    numbers = [value for value in values if value is not None]
    drawn = [value for _, _, value in found.points if value is not None]
    assert len(found.points) <= 200
    assert (min(numbers), max(numbers)) == (min(drawn), max(drawn))


@pytest.mark.parametrize("budget", [2, 3, 7, 8, 50, 1000, 20_000])
def test_each_budget_is_kept_with_the_lowest_and_the_highest(local: Bench, budget: int) -> None:
    values = noise(21_000)
    feed(local, values, [2100])
    found = draw(local, budget)
    drawn = [value for _, _, value in found.points]
    assert 2 <= len(drawn) <= budget
    assert min(values) in drawn  # type: ignore[type-var]
    assert max(values) in drawn  # type: ignore[type-var]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    count=st.integers(1, 1500),
    sizes=st.lists(st.sampled_from([1, 2, 63, 64, 65, 200, 512, 700]), min_size=1, max_size=4),
    budget=st.integers(2, 60),
    seed=st.integers(0, 1000),
    gaps=st.floats(0, 0.3),
)
def test_how_a_series_came_in_does_not_show(
    local: Bench, count: int, sizes: list[int], budget: int, seed: int, gaps: float
) -> None:
    """The pyramid is built from batches of any size; the chart is that of the same series taken in at once."""
    rng = random.Random(seed)
    values = [None if rng.random() < gaps else float(rng.randrange(100)) for _ in range(count)]
    sizes = [max(size, count // 40) for size in sizes]
    feed(local, values, sizes)
    in_pieces = draw(local, budget)
    feed(local, values, [count])
    assert draw(local, budget) == in_pieces


def test_a_bucket_of_buckets_is_the_bucket_of_their_samples() -> None:
    rng = random.Random(1)
    samples = [Sample(n, n, float(n), rng.choice([None, float(rng.randrange(9))])) for n in range(64)]
    parts = [of_samples(samples[start : start + 8]) for start in range(0, 64, 8)]
    whole = of_samples(samples)
    merged = merge(parts)
    assert isinstance(merged, Bucket)
    assert whole == merged
