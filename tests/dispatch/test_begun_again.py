"""A service starts the container of an attempt again: the attempt begins once more, and its curves stay whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import EndReason, Verb
from jupyter_training.dispatch import ingest
from jupyter_training.dispatch.ingest import Ingester
from jupyter_training.seams.backend import End
from jupyter_training.spool.lines import PageWriter
from jupyter_training.store import aside, checkpoints, facts, points
from jupyter_training.store.restarts import key_of
from tests.dispatch.stage import Stage

NOW = Instant(1_800_000_000.0)
T = 1_800_000_000_000_000
ABOUT = {"size": 5, "files": 1, "sha256": "ab", "place": None, "kind": "bytes", "metrics": None, "seconds": 0.1}

Event = list[Any]


@pytest.fixture(params=["at once", "put aside"])
def stage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    if request.param == "put aside":
        monkeypatch.setattr(aside, "_AT_ONCE", 0)
        monkeypatch.setattr(aside, "_SLICE", 3)
    monkeypatch.setattr(ingest, "_DIVIDING", 60.0)
    return Stage(tmp_path / "home")


@pytest.fixture
def job(stage: Stage) -> JobId:
    job = stage.submit("digits")
    stage.tick()
    return job


@pytest.fixture(params=["together", "one by one"])
def read(request: pytest.FixtureRequest) -> str:
    """Whether a dispatcher finds all at once, or each event is taken in by another dispatcher."""
    return str(request.param)


def boot(run: str, **about: Any) -> Event:
    return ["boot", T, {"run": run, "host": "algo-1", "rank": 0, **about}]


def loss(*steps: int) -> list[Event]:
    return [["p", T, step, {"loss": step / 2}] for step in steps]


def saved(step: int, attempt: int = 1) -> Event:
    return ["c", T, step, f"step-{step:09}.{attempt}", ABOUT]


def given(step: int | None, attempt: int = 1) -> Event:
    return ["r", T, step, None if step is None else f"step-{step:09}.{attempt}"]


def take_in(stage: Stage, job: JobId, folder: Path, events: Sequence[Event], read: str) -> None:
    folder.mkdir(exist_ok=True)
    writer = PageWriter(str(folder))
    ingester = Ingester(stage.store)
    attempt = stage.attempts(job)[-1]
    for event in events:
        assert writer.write(json.dumps(event, separators=(",", ":")).encode() + b"\n")
        if read == "one by one":
            ingester = Ingester(stage.store)
            ingester.ingest(stage.job(job), attempt, folder, epoch=stage.epoch, now=NOW)
            ingester.ingest(stage.job(job), attempt, folder, epoch=stage.epoch, now=NOW)
    ingester.ingest(stage.job(job), attempt, folder, epoch=stage.epoch, now=NOW, final=True)
    assert 0 == ingester.faults(job, attempt.number)


def steps(stage: Stage, job: JobId, name: str = "loss", *, superseded: int = 0) -> list[int]:
    return [
        step
        for one in points.series(stage.store, job, [name], budget=10_000)
        if one.superseded == superseded
        for step, _, _ in one.points
    ]


def test_steps_behind_the_checkpoint_are_superseded(stage: Stage, job: JobId, tmp_path: Path, read: str) -> None:
    events = [boot("a"), *loss(*range(1, 8)), saved(7), *loss(8, 9)]
    events += [boot("b"), saved(7), given(7), *loss(8, 9, 10, 11), saved(11), *loss(12)]
    events += [boot("c"), given(11), *loss(12, 13)]
    take_in(stage, job, tmp_path / "attempt", events, read)
    assert list(range(1, 14)) == steps(stage, job)
    assert [8, 9] == steps(stage, job, superseded=key_of(1, 1))
    assert [12] == steps(stage, job, superseded=key_of(1, 2))


def test_where_the_attempt_began_stays_where_it_began_first(
    stage: Stage, job: JobId, tmp_path: Path, read: str
) -> None:
    events = [boot("a"), given(None), *loss(1, 2), saved(2), boot("b"), given(2), *loss(3)]
    take_in(stage, job, tmp_path / "attempt", events, read)
    assert stage.attempts(job)[0].start_step in (None, 0)
    assert [2] == [one.step for one in checkpoints.of_jobs(stage.store, [job])[job]]


@pytest.mark.parametrize("asks", [True, False])
def test_without_a_checkpoint_it_begins_at_the_beginning(
    stage: Stage, job: JobId, tmp_path: Path, read: str, asks: bool
) -> None:
    """Whether it says so or only reports its first step."""
    events = [boot("a"), *loss(1, 2, 3), boot("b"), *([given(None)] if asks else []), *loss(1, 2)]
    take_in(stage, job, tmp_path / "attempt", events, read)
    assert [1, 2] == steps(stage, job)
    assert [1, 2, 3] == steps(stage, job, superseded=key_of(1, 1))


def test_points_without_steps_count_on_from_the_checkpoint(stage: Stage, job: JobId, tmp_path: Path, read: str) -> None:
    def noise(count: int) -> list[Event]:
        return [["p", T, None, {"noise": 0.5}]] * count

    events = [boot("a"), *noise(5), saved(5), *noise(2), boot("b"), given(5), *noise(3)]
    take_in(stage, job, tmp_path / "attempt", events, read)
    assert list(range(8)) == steps(stage, job, "noise")
    assert [5, 6] == steps(stage, job, "noise", superseded=key_of(1, 1))


def test_what_it_reports_before_it_asks_where_it_stands_is_there_once(
    stage: Stage, job: JobId, tmp_path: Path, read: str
) -> None:
    size: Event = ["p", T, None, {"size": 3.0}]
    events = [boot("a"), size, *loss(1, 2), saved(2), *loss(3), boot("b"), size, given(2), *loss(3, 4)]
    take_in(stage, job, tmp_path / "attempt", events, read)
    assert [1, 2, 3, 4] == steps(stage, job)
    assert [0] == steps(stage, job, "size")


def test_an_own_checkpoint_that_is_asked_for_later_is_no_start(
    stage: Stage, job: JobId, tmp_path: Path, read: str
) -> None:
    events = [boot("a"), *loss(1, 2), saved(2), boot("b"), given(2), *loss(3, 4), saved(4), *loss(5), given(4)]
    take_in(stage, job, tmp_path / "attempt", events, read)
    assert [1, 2, 3, 4, 5] == steps(stage, job)


def test_a_start_that_is_read_again_and_other_hosts_starts_change_nothing(
    stage: Stage, job: JobId, tmp_path: Path, read: str
) -> None:
    events = [boot("a"), boot("x", host="algo-2", rank=1), *loss(1, 2), boot("a"), boot("y", rank=1), *loss(2, 3)]
    take_in(stage, job, tmp_path / "attempt", events, read)
    assert [1, 2, 2, 3] == steps(stage, job)


def test_a_later_attempt_that_is_interrupted_too(stage: Stage, job: JobId, tmp_path: Path, read: str) -> None:
    first = [boot("a"), *loss(1, 2), saved(2), *loss(3), boot("b"), given(2), *loss(3, 4), saved(4), *loss(5)]
    take_in(stage, job, tmp_path / "first", first, read)
    facts.ended(stage.store, stage.epoch, job, 1, End(EndReason.ERROR), NOW)
    stage.wish(job, Verb.RETRY)
    stage.tick()
    second = [boot("c"), given(4), *loss(5, 6), saved(6, 2), *loss(7, 8), boot("d"), given(6, 2), *loss(7)]
    take_in(stage, job, tmp_path / "second", second, read)
    assert [1, 2, 3, 4, 5, 6, 7] == steps(stage, job)
    beside = {key: steps(stage, job, superseded=key) for key in (key_of(1, 1), key_of(2), key_of(2, 1))}
    assert {key_of(1, 1): [3], key_of(2): [5], key_of(2, 1): [7, 8]} == beside
    assert 4 == stage.attempts(job)[-1].start_step


@pytest.mark.parametrize("is_over", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_what_is_printed_belongs_to_the_run_that_printed_it(
    stage: Stage, job: JobId, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, is_over: bool
) -> None:
    """The log of both runs lies there before anything is taken in, and comes in small pieces."""
    monkeypatch.setattr(ingest, "_PIECE", 20 + 7 * seed)
    folder = tmp_path / "attempt"
    folder.mkdir()
    first = "".join(f"epoch {n}/9 acc={n / 10}\n" for n in range(1, 6))
    second = "".join(f"epoch {n}/9 acc={n / 10}\n" for n in range(4, 8))
    (folder / "log").write_text(first + second)
    writer = PageWriter(str(folder))
    told = [
        ["cursor", T, {"log": 0}],
        boot("a"),
        saved(3),
        ["cursor", T, {"log": len(first)}],
        boot("b"),
        given(3),
        ["cursor", T, {"log": len(first) + len(second)}],
    ]
    for event in told:
        assert writer.write(json.dumps(event, separators=(",", ":")).encode() + b"\n")
    ingester = Ingester(stage.store)
    attempt = stage.attempts(job)[-1]
    for _ in range(1 if is_over else 60):
        ingester.ingest(stage.job(job), attempt, folder, epoch=stage.epoch, now=NOW, final=is_over)
    assert [1, 2, 3, 4, 5, 6, 7] == steps(stage, job, "acc")
    assert [4, 5] == steps(stage, job, "acc", superseded=key_of(1, 1))
