"""Office that is left is left whole: what a backend does besides its calls ends before somebody else takes it."""

from __future__ import annotations

import logging
import signal
from pathlib import Path

import pytest

from jupyter_training.dispatch import loop
from jupyter_training.dispatch.tick import Round, Ticker
from jupyter_training.errors import StaleEpoch
from jupyter_training.seams import registry
from jupyter_training.seams.clock import Clock
from jupyter_training.settings import Settings
from jupyter_training.store import lease
from jupyter_training.store.engine import Store
from jupyter_training.testing.clock import VirtualClock
from jupyter_training.testing.scripted_backend import Script, ScriptedBackend


class Told(ScriptedBackend):
    """Writes down what it is told of its life."""

    def __init__(self, settings: Settings, clock: Clock, life: list[str]) -> None:
        super().__init__(VirtualClock(), lambda order: Script())
        self._life = life
        life.append("made")

    def close(self) -> None:
        self._life.append("closed")


@pytest.fixture
def life(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    told: list[str] = []
    monkeypatch.setattr(registry, "load", lambda seam, name: lambda settings, clock: Told(settings, clock, told))
    return told


def test_its_backends_are_closed_while_the_lease_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, life: list[str]
) -> None:
    settings = Settings(home=tmp_path)
    settings.run_folder.mkdir()
    dispatcher = loop.Loop(settings, Store.open(settings), VirtualClock())
    release = lease.release

    def released(store: Store, held: lease.Lease) -> None:
        life.append("released")
        release(store, held)

    monkeypatch.setattr(lease, "release", released)
    monkeypatch.setattr(Ticker, "tick", lambda ticker, epoch: dispatcher.leave() or Round(False, False, 0, None))
    dispatcher.run()
    assert ["made", "closed", "released"] == life


def test_who_stepped_down_and_takes_office_again_has_closed_the_first_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, life: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(home=tmp_path)
    settings.run_folder.mkdir()
    ticks = 0

    def tick(ticker: Ticker, epoch: int) -> Round:
        nonlocal ticks
        ticks += 1
        if ticks == 1:
            raise StaleEpoch("It slept past its term.")
        signal.raise_signal(signal.SIGTERM)
        return Round(False, False, 0, None)

    monkeypatch.setattr(Ticker, "tick", tick)
    monkeypatch.setattr(loop, "_work_waits", lambda settings: True)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with caplog.at_level(logging.INFO):
            assert 0 == loop.main(settings)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert ["made", "closed"] * 2 == life
