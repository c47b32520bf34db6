"""Older stores are upgraded, newer ones refused, and the chain makes what the code expects."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, text

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Submission
from jupyter_training.core.lifecycle import JobState
from jupyter_training.errors import StoreBusy, StoreElsewhere, StoreTooNew
from jupyter_training.settings import Settings
from jupyter_training.store import (
    databases,
    migrate,
    record,
    search_tables,  # noqa: F401 (its tables belong to JOBS)
    upkeep,
    views,
)
from jupyter_training.store.databases import Database
from jupyter_training.store.engine import Store
from jupyter_training.store.machine import Machine
from jupyter_training.store.tables import JOBS, POINTS
from tests.store import postgres
from tests.store.conftest import Bench

ASSETS = Path(__file__).parents[1] / "assets" / "db"
OWNER = Machine("first-machine", "lab-1", Machine.current().boot_id)

Open = Callable[..., Store]


@pytest.fixture
def old(home: Path) -> Path:
    """A home whose jobs were written by the first version of the program."""
    return of_revision(home, "0001")


def of_revision(home: Path, revision: str) -> Path:
    home.mkdir()
    shutil.copy(ASSETS / f"jobs-{revision}.sqlite", home / "jobs.sqlite")
    return home


def differences(database: Database, tables: MetaData) -> list[object]:
    with database.read() as connection:
        options = {
            "version_table": migrate.version_table(database),
            "include_name": lambda name, kind, _: kind != "table" or name in tables.tables,
        }
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables))


def test_the_chain_makes_the_tables_that_the_code_expects(bench: Bench) -> None:
    assert [] == differences(bench.store.jobs, JOBS)
    assert [] == differences(bench.store.points, POINTS)


@pytest.mark.parametrize("name", ["jobs", "points"])
def test_the_newest_revision_is_the_end_of_the_one_chain(name: str) -> None:
    folder = Path(migrate.__file__).parent / "alembic"
    chain = ScriptDirectory(str(folder), version_locations=[str(folder / "versions" / name)])
    assert [migrate.HEADS[name]] == chain.get_heads()
    assert migrate.HEADS[name] == max(script.revision for script in chain.walk_revisions())


@pytest.mark.parametrize("revision", ["0001", "0002", "0003", "0004", "0005", "0006"])
def test_an_older_store_is_upgraded_with_a_copy_beside_it(home: Path, open_store: Open, revision: str) -> None:
    old = of_revision(home, revision)
    store = open_store(machine=OWNER)
    assert "5" * 32 == store.store_id
    assert [] == differences(store.jobs, JOBS)
    assert [] == [finding for finding in upkeep.check(store) if finding.level == "fault"]
    states = {job.name: job.state for job in views.page(store, views.JobQuery(), after=None, limit=10).jobs}
    assert {
        "done": JobState.SUCCEEDED,
        "unmirrored": JobState.FAILED,
        "killed": JobState.RUNNING,
        "canceled": JobState.RUNNING,
        "waiting": JobState.QUEUED,
    } == states
    with closing(sqlite3.connect(old / "jobs.sqlite.before-0007")) as copy:
        assert [(revision,)] == copy.execute("SELECT version_num FROM jobs_schema").fetchall()
        assert [(5,)] == copy.execute("SELECT count(*) FROM jobs").fetchall()


def test_what_an_upgrade_adds_is_filled_in(old: Path, open_store: Open) -> None:
    store = open_store(machine=OWNER)
    attempts = views.attempts(store, [JobId("k" * 10), JobId("c" * 10), JobId("d" * 10)])
    assert {"k" * 10: "kill", "c" * 10: "cancel", "d" * 10: None} == {
        job: of_job[-1].stop_asked for job, of_job in attempts.items()
    }
    behind = {job.name for job in record.pending(store, 10)}
    assert {"unmirrored", "killed", "canceled"} == behind


@pytest.mark.parametrize("by_hand", [False, True])
def test_the_pool_of_an_older_store_follows_the_machine_unless_somebody_said_its_slots(
    old: Path, open_store: Open, *, by_hand: bool
) -> None:
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with closing(sqlite3.connect(old / "jobs.sqlite")) as connection:
        connection.execute("UPDATE pools SET slots = ?", [cpus + by_hand])
        connection.commit()
    local = views.pools(open_store(machine=OWNER))["local"]
    assert (cpus + by_hand, not by_hand, True) == (local.slots, local.is_found, local.is_default)


def test_a_job_of_an_older_store_stands_in_for_an_equal_wish(old: Path, open_store: Open) -> None:
    """What the upgrade fills in as identity is what the program computes for a new wish."""
    bench = Bench(open_store(machine=OWNER))
    waiting = views.job(bench.store, JobId("w" * 10))
    wish = Submission("a-new-key", waiting.spec, waiting.origin, if_exists="reuse")
    (found,) = bench.submit(wish)
    assert (waiting.id, True) == (found.job.id, found.reused)


def test_an_upgraded_store_goes_on(old: Path, open_store: Open) -> None:
    bench = Bench(open_store(machine=OWNER))
    new = bench.a_job()
    assert 6 == new.seq
    assert 2 == bench.begin([JobId("w" * 10), new.id])


def test_many_that_find_an_older_store_upgrade_it_once(old: Path, open_store: Open) -> None:
    stores = [open_store(machine=OWNER) for _ in range(3)]
    assert 1 == len({store.store_id for store in stores})
    assert ["jobs.sqlite.before-0007"] == [path.name for path in old.glob("*.before-*")]


def hold(old: Path, *, pid: int, boot_id: str, seconds: float) -> None:
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    with closing(sqlite3.connect(old / "jobs.sqlite")) as connection:
        connection.execute("INSERT INTO lease VALUES ('store', 'lab-1', ?, 1, ?, 3, ?)", (pid, boot_id, now + seconds))
        connection.commit()


def test_a_store_is_not_upgraded_under_a_working_dispatcher(old: Path, open_store: Open) -> None:
    hold(old, pid=os.getpid(), boot_id=OWNER.boot_id, seconds=500)
    with pytest.raises(StoreBusy, match="dispatcher of the older program"):
        open_store(machine=OWNER)
    with closing(sqlite3.connect(old / "jobs.sqlite")) as connection:
        assert [("0001",)] == connection.execute("SELECT version_num FROM jobs_schema").fetchall()


@pytest.mark.parametrize(
    "holder",
    [
        {"pid": os.getpid(), "boot_id": OWNER.boot_id, "seconds": -1.0},
        {"pid": os.getpid(), "boot_id": "an earlier boot", "seconds": 500.0},
        {"pid": 2**22 - 1, "boot_id": OWNER.boot_id, "seconds": 500.0},
    ],
    ids=["its term is over", "the machine was restarted", "its process is gone"],
)
def test_a_dispatcher_that_is_gone_stops_no_upgrade(old: Path, open_store: Open, holder: dict[str, object]) -> None:
    hold(old, **holder)  # type: ignore[arg-type]
    assert not open_store(machine=OWNER).read_only


def test_another_machines_store_is_not_upgraded_here_unless_taken_over(old: Path, open_store: Open) -> None:
    other = Machine("second-machine", "lab-2", OWNER.boot_id)
    with pytest.raises(StoreElsewhere, match="'lab-1' and this is 'lab-2'"):
        open_store(machine=other)
    assert not open_store(machine=other, adopt=True).read_only


@pytest.fixture
def empty(server: postgres.Cluster, tmp_path: Path) -> Iterator[Settings]:
    """A PostgreSQL database with nothing in it."""
    server.run("CREATE DATABASE empty")
    yield Settings(home=tmp_path, store_url=server.url("empty"))
    server.run("DROP DATABASE empty WITH (FORCE)")


def test_a_servers_store_is_upgraded_too_but_not_under_a_working_dispatcher(empty: Settings) -> None:
    jobs, points = databases.open_databases(empty, patience=5)
    migrate.upgrade(jobs, "0001")
    lease = "INSERT INTO lease VALUES ('store', 'lab-9', 7, 1, 'b', 1, extract(epoch FROM now()) + 500)"
    with jobs.write() as connection:
        connection.execute(text("INSERT INTO meta VALUES ('store_id', 'abc'), ('program', '0.0.1')"))
        connection.execute(text(lease))
    with pytest.raises(StoreBusy, match="process 7 on lab-9"):
        Store.open(empty)
    with jobs.write() as connection:
        connection.execute(text("UPDATE lease SET expires = expires - 600"))
    with Store.open(empty) as store:
        assert "abc" == store.store_id
        assert [] == differences(store.jobs, JOBS)
    jobs.dispose()
    points.dispose()


def test_four_that_find_an_empty_server_make_one_store(empty: Settings) -> None:
    with ThreadPoolExecutor(4) as threads:
        stores = list(threads.map(lambda _: Store.open(empty), range(4)))
    assert 1 == len({store.store_id for store in stores})
    for store in stores:
        store.close()


@pytest.mark.parametrize("name", ["jobs", "points"])
def test_a_newer_store_is_refused_with_both_versions(home: Path, open_store: Open, name: str) -> None:
    open_store().close()
    with closing(sqlite3.connect(home / f"{name}.sqlite")) as connection:
        connection.execute(f"UPDATE {name}_schema SET version_num = '9999'")
        connection.commit()
    with closing(sqlite3.connect(home / "jobs.sqlite")) as connection:
        connection.execute("UPDATE meta SET value = '12.3' WHERE key = 'program'")
        connection.commit()
    before = (home / f"{name}.sqlite").read_bytes()
    with pytest.raises(StoreTooNew, match=rf"schema 9999.*knows schema {migrate.HEADS[name]}.*[Uu]pgrade") as caught:
        open_store()
    assert "jupyter_training 12.3" in str(caught.value)
    assert before == (home / f"{name}.sqlite").read_bytes()


def test_opening_a_current_store_imports_no_alembic(new_home: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from pathlib import Path; from jupyter_training.settings import Settings;"
        "from jupyter_training.store.engine import Store; Store.open(Settings(home=Path(sys.argv[1]))).close();"
        "print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(new_home)], capture_output=True, text=True, check=True)
    assert "False" == done.stdout.strip()
