"""A long curve that a later attempt divides: its job waits in the spool, the others and the lease do not."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Instant, Job
from jupyter_training.core.lifecycle import EndReason, Verb
from jupyter_training.core.metric import Point
from jupyter_training.dispatch import ingest
from jupyter_training.dispatch.ingest import Ingester
from jupyter_training.errors import Unavailable
from jupyter_training.seams.backend import End
from jupyter_training.spool import attempt_folder
from jupyter_training.spool.lines import PageWriter
from jupyter_training.store import aside, facts, points
from jupyter_training.testing.scripted_backend import Script
from tests.dispatch.stage import Stage

NOW = Instant(1_800_000_000.0)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(aside, "_AT_ONCE", 100)
    monkeypatch.setattr(aside, "_SLICE", 50)
    monkeypatch.setattr(ingest, "_DIVIDING", 0.0)  # one slice in a round
    return Stage(tmp_path / "home")


def running(stage: Stage, name: str) -> tuple[Job, Attempt, Path]:
    stage.scripts[name] = Script(runs=1e9)
    job = stage.submit(name)
    stage.tick()
    return entry(stage, job)


def entry(stage: Stage, job: JobId) -> tuple[Job, Attempt, Path]:
    attempt = stage.attempts(job)[-1]
    folder = attempt_folder(stage.settings.spool_root, job, attempt.number)
    folder.mkdir(parents=True, exist_ok=True)
    return stage.job(job), attempt, folder


def retried(stage: Stage, job: JobId, steps: int) -> tuple[Job, Attempt, Path]:
    """Its first attempt has reported so many steps; the second one goes on from the tenth."""
    batch = points.Batch(1, "page", 0, 1, [Point("loss", step, 1.0, 1.0) for step in range(1, steps + 1)])
    points.ingest(stage.store, job, [batch], now=NOW)
    facts.ended(stage.store, stage.epoch, job, 1, End(EndReason.ERROR), NOW)
    stage.wish(job, Verb.RETRY)
    stage.tick()
    again = entry(stage, job)
    assert 2 == again[1].number
    writer = PageWriter(str(again[2]))
    assert writer.write(b'["r",1800000000000000,10,null]\n')
    for step in (11, 12):
        assert writer.write(b'["p",1800000000000000,%d,{"loss":0.5}]\n' % step)
    return again


def steps(stage: Stage, job: JobId) -> list[int]:
    return [step for one in points.series(stage.store, job, None, budget=10_000)[:1] for step, _, _ in one.points]


def test_other_jobs_go_on_meanwhile_and_who_takes_over_goes_on_with_it(stage: Stage) -> None:
    other = running(stage, "other")
    long = retried(stage, running(stage, "long")[0].id, 1_000)
    writer = PageWriter(str(other[2]))
    ingester, rounds = Ingester(stage.store), 0
    while len(steps(stage, long[0].id)) > 12:
        assert list(range(1, 1_001)) == steps(stage, long[0].id)
        rounds += 1
        assert writer.write(b'["p",1800000000000000,%d,{"loss":0.5}]\n' % rounds)
        ingester.ingest_all([long, other], epoch=stage.epoch, now=NOW)
        assert list(range(1, rounds + 1)) == steps(stage, other[0].id)
        assert ingester.heard(long[1]), "who waits to be read is not silent"
        if rounds % 7 == 0:
            ingester = Ingester(stage.store)
    assert 20 <= rounds <= 23, "a slice a round"
    assert list(range(1, 13)) == steps(stage, long[0].id)
    beside = points.series(stage.store, long[0].id, None, budget=10_000)[1]
    assert list(range(11, 1_001)) == [step for step, _, _ in beside.points]


def test_the_end_of_an_attempt_waits_until_all_of_it_is_taken_in(stage: Stage) -> None:
    job, attempt, folder = retried(stage, running(stage, "long")[0].id, 500)
    ingester, waits = Ingester(stage.store), []
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            ingester.ingest(job, attempt, folder, epoch=stage.epoch, now=NOW, final=True)
            break
        except Unavailable as error:
            waits.append(str(error))
    assert 9 <= len(waits) <= 11
    assert all(f"the curves of the job {job.id} are long" in one for one in waits)
    assert list(range(1, 13)) == steps(stage, job.id)
