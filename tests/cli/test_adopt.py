"""A home that was copied from another machine is read-only until it is adopted."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_training.cli import main
from jupyter_training.settings import Settings
from jupyter_training.store.engine import Store
from jupyter_training.store.machine import Machine


def test_a_store_from_another_machine_is_adopted_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(home=tmp_path / "home")
    settings.home.mkdir()
    elsewhere = Machine(id="another-machine", host="another-host", boot_id="another-boot")
    Store.open(settings, machine=elsewhere).close()
    with Store.open(settings) as store:
        assert store.is_elsewhere
        assert store.read_only
    assert 0 == main(["db", "adopt", "--home", str(settings.home)])
    assert f"now belongs to {Machine.current().host}" in capsys.readouterr().out
    with Store.open(settings) as store:
        assert not store.read_only


def test_there_is_nothing_to_adopt_without_a_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == main(["db", "adopt", "--home", str(tmp_path / "nowhere")])
    assert "There is no store" in capsys.readouterr().err
