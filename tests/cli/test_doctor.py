"""The doctor tells what is wrong, and what mends it; the worse the home, the more it must say."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from jupyter_training.cli.main import main
from jupyter_training.services import doctor
from jupyter_training.services.site import Site
from jupyter_training.settings import Settings
from jupyter_training.spool import identity, layout, lines


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return Settings.load(tmp_path / "home")


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    with Site.open(settings) as opened:
        yield opened


def told(settings: Settings, name: str) -> doctor.Check:
    (check,) = (one for one in doctor.examine(settings) if one.name == name)
    return check


def test_a_home_that_is_not_there_is_well_and_stays_away(settings: Settings) -> None:
    checks = doctor.examine(settings)
    assert {"ok"} == {check.status for check in checks}, checks
    assert not settings.home.exists()


def test_a_fresh_home_is_well(settings: Settings, site: Site) -> None:
    assert [] == [check for check in doctor.examine(settings) if check.status != "ok"]
    assert site.store.store_id in told(settings, "store").sentence


def test_a_file_where_the_home_should_be(settings: Settings) -> None:
    settings.home.write_text("")
    assert "fail" == told(settings, "home").status


def test_a_home_that_others_can_read_is_a_warning_with_its_cure(settings: Settings, site: Site) -> None:
    settings.home.chmod(0o755)
    check = told(settings, "home")
    assert ("warn", f"chmod 700 {settings.home}") == (check.status, check.fix)


def test_a_damaged_store_is_told_and_the_other_checks_go_on(settings: Settings, site: Site) -> None:
    site.close()
    settings.jobs_file.write_bytes(b"this is no database, whatever its name says" * 200)
    checks = {check.name: check for check in doctor.examine(settings)}
    assert "fail" == checks["store"].status
    assert {"home", "disk", "store", "server"} == set(checks)


def test_rows_that_contradict_each_other_are_told(settings: Settings, site: Site) -> None:
    site.close()
    with closing(sqlite3.connect(settings.points_file)) as file:
        names = [row[0] for row in file.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND sql NOT NULL")]
        page = int(file.execute("PRAGMA page_size").fetchone()[0])
    assert names
    with open(settings.points_file, "r+b") as out:  # a page of an index or table becomes nonsense
        out.seek(page * 3)
        out.write(b"\xff" * page)
    assert "fail" in {check.status for check in doctor.examine(settings) if check.name in ("content", "store")}


def test_garbage_in_an_event_page_is_counted_and_named(settings: Settings, site: Site) -> None:
    folder = layout.attempt_folder(settings.spool_root, "abcdefghij", 1)
    folder.mkdir(parents=True)
    good = b'["p", 1, 0, {"loss": 1.0}]\n'
    (folder / "events-1-1-0.page").write_bytes(lines.MAGIC + good + b"binary \xff\xfe garbage\n" + good + bytes(64))
    check = told(settings, "spool")
    assert "warn" == check.status
    assert "1 unreadable place in the events of abcdefghij, attempt 1." == check.sentence


def test_a_dispatcher_that_kept_dying_is_told_with_its_last_words(settings: Settings, site: Site) -> None:
    (settings.run_folder / "dispatcher.starts").write_text(json.dumps([time.time()] * 3))
    (settings.logs / "dispatcher.log").write_text("first\nImportError: no such thing\n\n")
    check = told(settings, "dispatcher")
    assert "fail" == check.status
    assert check.sentence.endswith("Its log ends: ImportError: no such thing")


def test_a_record_that_does_not_answer_is_a_warning_without_its_password(settings: Settings, site: Site) -> None:
    elsewhere = Settings.load(settings.home, tracking_uri="http://me:open-sesame@127.0.0.1:9/mlflow")
    check = told(elsewhere, "record")
    assert "warn" == check.status
    assert "http://***@127.0.0.1:9/mlflow can't be reached" in check.sentence
    assert "open-sesame" not in check.sentence


def test_a_server_that_lives_and_does_not_answer_is_a_warning(settings: Settings, site: Site) -> None:
    note = {**identity.own()._asdict(), "url": None, "socket": str(settings.home / "nobody.sock")}
    (settings.run_folder / "server-1.json").write_text(json.dumps(note))
    assert "warn" == told(settings, "server").status
    (settings.run_folder / "server-1.json").write_text("{")
    assert "ok" == told(settings, "server").status


def test_little_space_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one thing that is not real here: a disk can't be filled for a test."""
    usage = type(shutil.disk_usage("/"))
    for free, status in ((50_000_000, "fail"), (500_000_000, "warn"), (50_000_000_000, "ok")):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: usage(free, 0, free))
        assert status == told(settings, "disk").status


def test_the_command_prints_a_line_for_each_and_fails_with_3(
    settings: Settings, capsys: pytest.CaptureFixture[str], make_fail: Callable[[], None]
) -> None:
    assert 0 == main(["doctor", "--home", str(settings.home)])
    make_fail()
    assert 3 == main(["doctor", "--home", str(settings.home)])
    out = capsys.readouterr().out
    assert "fail  home" in out
    assert "Name another one in JUPYTER_TRAINING_HOME." in out


@pytest.fixture
def make_fail(settings: Settings) -> Callable[[], None]:
    return lambda: settings.home.write_text("")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_can_not_be_written_is_told(settings: Settings, site: Site) -> None:
    site.close()
    settings.home.chmod(0o500)
    try:
        assert "fail" == told(settings, "home").status
    finally:
        settings.home.chmod(0o700)
