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

from sqlalchemy import Connection, bindparam, select

from jupyter_training.store.tables import points, pyramid

__all__ = ["BASE", "FACTOR", "Bucket", "Raw", "Sample", "build", "drawn", "merge", "of_samples", "sampled"]

BASE = 64  # points of a bucket of level 1
FACTOR = 8  # buckets of a level in one of the next
_READ = 8  # buckets read, at most, for one that is drawn


_NONE = (None, None, None, None)

# Made once: putting a statement together takes SQLAlchemy longer than SQLite takes to run it.
_SAMPLE = (points.c.n, points.c.step, points.c.time, points.c.value)
_NEWEST = (
    select(*_SAMPLE)
    .where(points.c.series == bindparam("own"), points.c.n < bindparam("below"))
    .order_by(points.c.n.desc())
    .limit(bindparam("count"))
)
_AFTER = (
    select(*_SAMPLE).where(points.c.series == bindparam("own"), points.c.n > bindparam("after")).order_by(points.c.n)
)
_BUCKETS = (
    select(*list(pyramid.c)[3:])
    .where(pyramid.c.series == bindparam("own"), pyramid.c.level == bindparam("depth"))
    .where(pyramid.c.bucket >= bindparam("start"), pyramid.c.bucket < bindparam("end"))
    .order_by(pyramid.c.bucket)
)


class Sample(NamedTuple):
    """A point by its number in the job. ``value`` None: a gap."""

    n: int
    step: int
    time: float
    value: float | None


# The same as a bare tuple: there are many of them.
Raw = tuple[int, int, float, float | None]


class Bucket(NamedTuple):
    """A stretch of ``size`` points; each part None where there is none."""

    size: int
    last_n: int
    low: Sample | None
    high: Sample | None
    gap: Sample | None


def build(connection: Connection, series: int, before: int, fresh: Sequence[Raw]) -> list[tuple[Any, ...]]:
    """Rows of ``tables.pyramid`` that the points ``fresh`` complete, after the ``before`` points that the series had.

    To be inserted in the transaction that adds the points, which come in the order of their numbers.
    """
    pending = before % BASE
    if pending + len(fresh) < BASE:
        return []
    run = [*_newest_points(connection, series, pending, fresh[0][0]), *fresh]
    items = [of_samples(run[start : start + BASE]) for start in range(0, len(run) - BASE + 1, BASE)]
    rows: list[tuple[Any, ...]] = []
    level, index = 1, before // BASE
    while items:
        rows += [_row(series, level, index + place, item) for place, item in enumerate(items)]
        pending = index % FACTOR
        if pending + len(items) < FACTOR:
            break
        lower = [*_buckets(connection, series, level, index - pending, index), *items]
        items = [merge(lower[start : start + FACTOR]) for start in range(0, len(lower) - FACTOR + 1, FACTOR)]
        level, index = level + 1, index // FACTOR
    return rows


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


def of_samples(samples: Sequence[Raw]) -> Bucket:
    """The bucket of these points."""
    values = [sample[3] for sample in samples]
    numbers = [value for value in values if value is not None]
    low = high = gap = None
    if numbers:
        low = Sample(*samples[values.index(min(numbers))])
        high = Sample(*samples[values.index(max(numbers))])
    if len(numbers) < len(values):
        gap = Sample(*samples[values.index(None)])
    return Bucket(len(samples), samples[-1][0], low, high, gap)


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
    rows = connection.execute(_NEWEST, {"own": series, "below": below, "count": count})
    return [Sample(*row) for row in rows][::-1]


def _points_after(connection: Connection, series: int, after: int) -> Iterable[Sample]:
    return (Sample(*row) for row in connection.execute(_AFTER, {"own": series, "after": after}))


def _buckets(connection: Connection, series: int, level: int, start: int, end: int) -> list[Bucket]:
    """The buckets ``start`` to ``end`` (without it) of a level."""
    if start >= end:
        return []
    size = _size(level)
    rows = connection.execute(_BUCKETS, {"own": series, "depth": level, "start": start, "end": end})
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


def _row(series: int, level: int, index: int, bucket: Bucket) -> tuple[Any, ...]:
    low, high = bucket.low or _NONE, bucket.high or _NONE
    return (series, level, index, bucket.last_n, *low, *high, *(bucket.gap or _NONE)[:3])
