"""Charts of long series: a pyramid of buckets that keeps each spike and each gap.

    points      | 64 | 64 | 64 | ... |  ..
    level 1     |  b    b    b   ...  b |        one bucket for 64 points
    level 2     |  b ( 8 of level 1 )  |         one for 512
    level 3     ...                              one for 4096, and so on

A bucket holds its lowest and highest point and its first gap. Only *complete*
buckets are written, once, when their last point arrives: a point costs less
than 1/50 of a row, however slowly a series grows, and nothing is rewritten.
What no complete bucket covers yet is at most 63 points and 7 buckets of each
level; a reader picks that up from the level below.

A chart of at most ``budget`` points reads the finest level that has few enough
buckets, and merges neighbours until they fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select

from jupyter_training.store.tables import points, pyramid

__all__ = ["BASE", "FACTOR", "Bucket", "Sample", "build", "drawn", "merge", "of_samples", "sampled"]

BASE = 64  # points of a bucket of level 1
FACTOR = 8  # buckets of a level in one of the next
_READ = 8  # buckets read, at most, for one that is drawn


_COLUMNS = [pyramid.c.last_n] + [
    pyramid.c[f"{what}_{field}"]
    for what in ("low", "high", "gap")
    for field in ("n", "step", "time", "value")
    if (what, field) != ("gap", "value")
]


class Sample(NamedTuple):
    """A point by its number in the job. ``value`` None: a gap."""

    n: int
    step: int
    time: float
    value: float | None


class Bucket(NamedTuple):
    """A stretch of ``size`` points; each part None where there is none."""

    size: int
    last_n: int
    low: Sample | None
    high: Sample | None
    gap: Sample | None


def build(connection: Connection, series: int, before: int, fresh: Sequence[Sample]) -> None:
    """Write the buckets that the points ``fresh`` complete, after the ``before`` points that the series had.

    To be called in the transaction that adds them, in the order of their numbers.
    """
    pending = before % BASE
    if pending + len(fresh) < BASE:
        return
    run = [*_newest_points(connection, series, pending, fresh[0].n), *fresh]
    items = [of_samples(run[start : start + BASE]) for start in range(0, len(run) - BASE + 1, BASE)]
    level, index = 1, before // BASE
    while items:
        rows = [_row(series, level, index + place, item) for place, item in enumerate(items)]
        connection.execute(insert(pyramid), rows)
        pending = index % FACTOR
        lower = [*_buckets(connection, series, level, index - pending, index), *items]
        items = [merge(lower[start : start + FACTOR]) for start in range(0, len(lower) - FACTOR + 1, FACTOR)]
        level, index = level + 1, index // FACTOR


def sampled(connection: Connection, series: int, count: int, parts: int) -> list[Bucket]:
    """The series of ``count`` points as at most ``parts`` buckets of about the same size, in order."""
    level = 0
    while level < 1 or count > _size(level) * parts * _READ:
        level += 1
    found: list[Bucket] = []
    covered = 0
    while level >= 1:
        have = count // _size(level)
        found += _buckets(connection, series, level, covered // _size(level), have)
        covered = have * _size(level)
        level -= 1
    after = found[-1].last_n if found else 0
    found += [of_samples([sample]) for sample in _points_after(connection, series, after)]
    return _grouped(found, parts)


def drawn(connection: Connection, series: int, count: int, budget: int) -> list[tuple[int, float, float | None]]:
    """The series as at most ``budget`` points (step, time, value), in the order of reporting."""
    buckets = sampled(connection, series, count, max(1, budget // 2))
    found = _samples(buckets)
    if len(found) > budget:  # where there are gaps, a bucket draws three
        found = _samples(_grouped(buckets, max(1, budget // 3)))
    return [(sample.step, sample.time, sample.value) for sample in found[:budget]]


def of_samples(samples: Sequence[Sample]) -> Bucket:
    """The bucket of these points."""
    low = high = gap = None
    for sample in samples:
        value = sample.value
        if value is None:
            if gap is None:
                gap = sample
        elif low is None or high is None:
            low = high = sample
        elif value < low.value:  # type: ignore[operator]  # a sample without a value is never kept as low or high
            low = sample
        elif value > high.value:  # type: ignore[operator]
            high = sample
    return Bucket(len(samples), samples[-1].n, low, high, gap)


def merge(buckets: Sequence[Bucket]) -> Bucket:
    """The bucket of what these, which follow each other, hold together."""
    lows = [bucket.low for bucket in buckets if bucket.low is not None]
    highs = [bucket.high for bucket in buckets if bucket.high is not None]
    return Bucket(
        sum(bucket.size for bucket in buckets),
        buckets[-1].last_n,
        min(lows, key=_value, default=None),
        max(highs, key=_value, default=None),
        next((bucket.gap for bucket in buckets if bucket.gap is not None), None),
    )


def _value(sample: Sample) -> float:
    return sample.value if sample.value is not None else 0.0


def _size(level: int) -> int:
    """How many points a bucket of the level covers."""
    return int(BASE * FACTOR ** (level - 1))


def _grouped(buckets: Sequence[Bucket], parts: int) -> list[Bucket]:
    """Neighbours merged so that at most ``parts`` are left, evenly by the points they cover."""
    if len(buckets) <= parts:
        return list(buckets)
    total = sum(bucket.size for bucket in buckets)
    groups: list[list[Bucket]] = []
    start, current = 0, -1
    for bucket in buckets:
        place = start * parts // total
        if place != current:
            groups.append([])
            current = place
        groups[-1].append(bucket)
        start += bucket.size
    return [merge(group) for group in groups]


def _samples(buckets: Sequence[Bucket]) -> list[Sample]:
    found: list[Sample] = []
    for bucket in buckets:
        found += sorted({sample for sample in (bucket.low, bucket.high, bucket.gap) if sample is not None}, key=_number)
    return found


def _number(sample: Sample) -> int:
    return sample.n


def _newest_points(connection: Connection, series: int, count: int, below: int) -> list[Sample]:
    if not count:
        return []
    rows = connection.execute(
        select(points.c.n, points.c.step, points.c.time, points.c.value)
        .where(points.c.series == series, points.c.n < below)
        .order_by(points.c.n.desc())
        .limit(count)
    )
    return [Sample(*row) for row in rows][::-1]


def _points_after(connection: Connection, series: int, after: int) -> Iterable[Sample]:
    rows = connection.execute(
        select(points.c.n, points.c.step, points.c.time, points.c.value)
        .where(points.c.series == series, points.c.n > after)
        .order_by(points.c.n)
    )
    return (Sample(*row) for row in rows)


def _buckets(connection: Connection, series: int, level: int, start: int, end: int) -> list[Bucket]:
    """The buckets ``start`` to ``end`` (without it) of a level."""
    if start >= end:
        return []
    rows = connection.execute(
        select(*_COLUMNS)
        .where(pyramid.c.series == series, pyramid.c.level == level)
        .where(pyramid.c.bucket >= start, pyramid.c.bucket < end)
        .order_by(pyramid.c.bucket)
    )
    size = _size(level)
    return [
        Bucket(
            size,
            row[0],
            Sample(*row[1:5]) if row[1] is not None else None,
            Sample(*row[5:9]) if row[5] is not None else None,
            Sample(row[9], row[10], row[11], None) if row[9] is not None else None,
        )
        for row in rows
    ]


def _row(series: int, level: int, index: int, bucket: Bucket) -> dict[str, Any]:
    row: dict[str, Any] = {"series": series, "level": level, "bucket": index, "last_n": bucket.last_n}
    for what, sample in (("low", bucket.low), ("high", bucket.high), ("gap", bucket.gap)):
        row[f"{what}_n"] = sample.n if sample else None
        row[f"{what}_step"] = sample.step if sample else None
        row[f"{what}_time"] = sample.time if sample else None
        if what != "gap":
            row[f"{what}_value"] = sample.value if sample else None
    return row
