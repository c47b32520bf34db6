"""A store that can't take anything for a while: the dispatcher stays, and goes on when it can."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from jupyter_training.core.lifecycle import JobState, Verb
from jupyter_training.dispatch import loop
from jupyter_training.dispatch.calm_log import Calm
from jupyter_training.dispatch.tick import Round, Ticker
from jupyter_training.errors import StoreFull
from jupyter_training.settings import Settings
from jupyter_training.store import lease
from jupyter_training.store.engine import Store
from jupyter_training.testing.clock import VirtualClock
from jupyter_training.testing.scripted_backend import Script
from tests.dispatch.stage import Stage

FULL = StoreFull("There is no room left on the disk of jobs.sqlite.")


@pytest.fixture
def dispatcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> loop.Loop:
    monkeypatch.setattr(loop, "_OUTAGE", 0.01)
    settings = Settings(home=tmp_path)
    settings.run_folder.mkdir()
    return loop.Loop(settings, Store.open(settings), VirtualClock())


def test_a_full_disk_is_waited_out_and_told_once(
    dispatcher: loop.Loop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tickers: list[Ticker] = []

    def tick(ticker: Ticker, epoch: int) -> Round:
        tickers.append(ticker)
        if len(tickers) <= 3:
            raise FULL
        dispatcher.leave()
        return Round(busy=False, changed=False, active=0, next_wake=None)

    monkeypatch.setattr(Ticker, "tick", tick)
    with caplog.at_level(logging.WARNING):
        dispatcher.run()
    assert 4 == len(tickers) == len(set(map(id, tickers))), "what an interrupted round knew is not trusted"
    assert 1 == caplog.text.count("no room left")


def test_a_disk_that_is_full_from_the_start_is_waited_out(
    dispatcher: loop.Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, refusals = lease.take, iter([FULL, FULL])

    def take(*args: object, **kwargs: object) -> object:
        for refusal in refusals:
            raise refusal
        return taken(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(lease, "take", take)
    monkeypatch.setattr(Ticker, "tick", lambda ticker, epoch: dispatcher.leave() or Round(False, False, 0, None))
    dispatcher.run()
    assert [] == list(refusals)


def test_a_stop_that_the_disk_does_not_take_is_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(tmp_path / "home")
    stage.scripts["a"] = Script(runs=1e6)
    job = stage.submit("a")
    stage.tick()
    stage.tick()
    stage.wish(job, Verb.KILL)

    def refuses(*args: object) -> None:
        raise FULL

    with monkeypatch.context() as full:
        full.setattr(stage.backend, "stop", refuses)
        for _ in range(2):
            with pytest.raises(StoreFull):
                stage.tick()
            stage.succeed()
    stage.settle()
    assert JobState.CANCELED is stage.job(job).state


def test_once_does_not_wait(dispatcher: loop.Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    def tick(ticker: Ticker, epoch: int) -> Round:
        raise FULL

    monkeypatch.setattr(Ticker, "tick", tick)
    with pytest.raises(StoreFull):
        dispatcher.run(once=True)


def test_what_lasts_is_logged_once_a_minute() -> None:
    clock = VirtualClock()
    calm = Calm(clock.boot)
    said = []
    for _ in range(700):
        clock.advance(0.1)
        record = logging.LogRecord("dispatch", logging.WARNING, "", 0, "points wait: %s", ("full",), None)
        said.append(calm.filter(record))
    assert 2 == sum(said)
