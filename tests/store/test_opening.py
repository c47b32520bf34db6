"""How a store is opened: made, found, read only, elsewhere, with the journal that its folder allows."""

from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from jupyter_training.core.lifecycle import Verb
from jupyter_training.core.resources import Pool
from jupyter_training.errors import InvalidSpec, StaleEpoch, StoreBusy, StoreElsewhere, StoreReadOnly, Unavailable
from jupyter_training.settings import Settings
from jupyter_training.store import lease, points, pools, verbs, views
from jupyter_training.store.engine import Store
from jupyter_training.store.filesystems import kind_of
from jupyter_training.store.machine import Machine
from jupyter_training.testing.builders import a_submission
from tests.store.conftest import Bench

HERE = Machine("id-1", "lab-1", "boot-1")
THERE = Machine("id-2", "lab-2", "boot-2")

Open = Callable[..., Store]


def header_says_wal(path: Path) -> bool:
    return path.read_bytes()[18:20] == b"\x02\x02"


def test_a_store_keeps_its_identity(open_store: Open) -> None:
    assert open_store().store_id == open_store().store_id


def test_eight_that_open_a_new_home_at_once_get_one_store(open_store: Open) -> None:
    with ThreadPoolExecutor(8) as threads:
        opened = list(threads.map(lambda _: open_store(), range(8)))
    assert 1 == len({store.store_id for store in opened})
    assert {"wal"} == {store.journal for store in opened}


def test_the_files_are_their_owners_only(open_store: Open, home: Path) -> None:
    store = open_store()
    Bench(store).a_job()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()}
    assert {"jobs.sqlite", "points.sqlite"} <= modes.keys()
    assert {0o600} == set(modes.values())
    assert 0o700 == stat.S_IMODE(home.stat().st_mode)


def test_jobs_wait_for_the_disk_at_each_commit_and_points_do_not(open_store: Open) -> None:
    store = open_store()
    with store.write() as connection:
        assert 2 == connection.exec_driver_sql("PRAGMA synchronous").scalar()
    with store.write_points() as connection:
        assert 1 == connection.exec_driver_sql("PRAGMA synchronous").scalar()


def test_a_path_with_signs_of_a_uri_is_a_path(tmp_path: Path) -> None:
    home = tmp_path / "50% done? #1 é"
    with Store.open(Settings(home=home)) as store:
        Bench(store).a_job()
    assert (home / "jobs.sqlite").is_file()


def test_a_sqlite_url_names_the_jobs_file(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", store_url=f"sqlite:///{tmp_path}/team.db")
    with Store.open(settings) as store:
        Bench(store).a_job()
    assert (tmp_path / "team.db").is_file()
    assert (tmp_path / "team.points.db").is_file()


@pytest.mark.parametrize("url", ["mysql://me@host/db", "no url at all", "sqlite://"])
def test_a_url_of_no_known_kind_is_refused_by_name(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidSpec, match="store's URL"):
        Store.open(Settings(home=tmp_path, store_url=url))


def test_a_server_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    settings = Settings(home=tmp_path, store_url=f"postgresql://me:hunter2@/team?host={tmp_path}")
    with pytest.raises(Unavailable, match="'team'") as caught:
        Store.open(settings)
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_no_database_is_left_alone_with_a_sentence(home: Path, open_store: Open) -> None:
    home.mkdir()
    (home / "jobs.sqlite").write_bytes(b"these are my notes, not a database" * 100)
    with pytest.raises(Unavailable, match="damaged or is not a database"):
        open_store()
    assert (home / "jobs.sqlite").read_bytes().startswith(b"these are my notes")


# --- the journal ---


def no_shared_memory(home: Path) -> None:
    """Make it impossible to have the log's shared memory: a folder stands where its file would be."""
    for name in ("jobs", "points"):
        (home / f"{name}.sqlite-shm").mkdir(parents=True)


def test_where_no_log_can_be_had_a_rollback_journal_is_used_and_said(open_store: Open, home: Path) -> None:
    no_shared_memory(home)
    store = open_store()
    assert "delete" == store.journal
    bench = Bench(store)
    job = bench.a_running_job()
    batch = points.Batch(1, "f", 0, 9, [])
    points.ingest(store, job.id, [batch], now=bench.now)
    other = open_store()
    assert "delete" == other.journal
    assert views.job(store, job.id) == views.job(other, job.id)
    assert not header_says_wal(home / "jobs.sqlite")


def test_two_write_at_once_with_a_rollback_journal(open_store: Open, home: Path) -> None:
    no_shared_memory(home)
    stores = [open_store(), open_store()]

    def feed(store: Store) -> None:
        bench = Bench(store)
        bench.rng.seed(id(store))
        for _ in range(25):
            bench.a_job()
            views.unfinished(store)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(feed, stores))
    assert 50 == len(views.unfinished(stores[0]))
    assert list(range(1, 51)) == [change.n for change in views.changes(stores[0], 0, 100).changes]


def test_a_log_whose_memory_can_not_be_had_any_more_is_given_up_without_loss(open_store: Open, home: Path) -> None:
    with Store.open(Settings(home=home)) as store:
        job = Bench(store).a_job()
    assert header_says_wal(home / "jobs.sqlite")
    no_shared_memory(home)
    store = open_store()
    assert "delete" == store.journal
    assert job == views.job(store, job.id)
    Bench(store).submit(a_submission(key="after"))


MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 22 0:35 / /home rw,relatime - nfs4 server:/home rw,vers=4.2
41 40 0:36 / /home/ada/local rw - ext4 /dev/vdb rw
42 22 0:37 / /mnt/with\\040space rw - fuse.sshfs ada@host: rw
43 22 0:38 / /data rw - ext4 /dev/vdc rw
44 22 0:39 / /data rw - lustre mds:/data rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/tmp/home", "ext4"),
        ("/home/ada/.local/share", "nfs4"),
        ("/home/ada/local/x", "ext4"),
        ("/homeless", "ext4"),
        ("/mnt/with space/x", "fuse.sshfs"),
        ("/data/x", "lustre"),
    ],
)
def test_the_file_system_of_a_path_is_that_of_its_nearest_mount(path: str, kind: str) -> None:
    assert kind == kind_of(Path(path), MOUNTS)


# --- another machine ---


def test_a_store_of_another_machine_is_read_and_not_written(open_store: Open) -> None:
    job = Bench(open_store(machine=HERE)).a_job()
    there = open_store(machine=THERE)
    assert (True, True) == (there.read_only, there.is_elsewhere)
    assert job == views.job(there, job.id)
    for write in (
        lambda: Bench(there).a_job(),
        lambda: verbs.wish(there, [job.id], Verb.CANCEL, now=job.submitted),
        lambda: points.ingest(there, job.id, [points.Batch(1, "f", 0, 1, [])], now=job.submitted),
        lambda: Bench(there).take(),
    ):
        with pytest.raises(StoreElsewhere, match="'lab-1' and this is 'lab-2'"):
            write()


def test_a_machine_that_changed_its_name_is_the_same(open_store: Open) -> None:
    open_store(machine=HERE)
    assert not open_store(machine=Machine("id-1", "renamed", "boot-7")).read_only


def test_a_container_started_anew_on_the_same_kernel_is_at_home(open_store: Open) -> None:
    """Its name, and with it its id, are new ones; files and locks are shared with the former."""
    open_store(machine=HERE)
    anew = open_store(machine=Machine("id-3", "f00dcafe", HERE.boot_id))
    assert not anew.read_only
    Bench(anew).a_job()
    after_a_restart = open_store(machine=Machine("id-3", "f00dcafe", "boot-2"))
    assert not after_a_restart.read_only


def test_taking_a_store_over_deposes_its_former_machine(open_store: Open) -> None:
    before = Bench(open_store(machine=HERE))
    job = before.a_job()
    before.take()
    after = Bench(open_store(machine=THERE, adopt=True))
    assert not after.store.read_only
    assert 1 == after.begin([job.id])
    with pytest.raises(StaleEpoch):
        before.begin([job.id])
    assert open_store(machine=HERE).read_only


def test_taking_over_what_is_ones_own_deposes_nobody(open_store: Open) -> None:
    bench = Bench(open_store(machine=HERE))
    bench.take()
    open_store(machine=HERE, adopt=True)
    held = lease.current(bench.store)
    assert held is not None
    assert bench.epoch == held.epoch


def test_a_server_takes_any_machine(served: Bench) -> None:
    url = served.store.settings.store_url
    settings = Settings(home=served.store.settings.home, store_url=url)
    with Store.open(settings, machine=HERE) as first, Store.open(settings, machine=THERE) as second:
        assert not first.read_only
        assert not second.read_only
        Bench(second).a_job()


# --- in use ---


def test_a_file_that_somebody_holds_is_busy_after_the_patience(open_store: Open, home: Path) -> None:
    store = open_store(patience=0.2)
    with sqlite3.connect(home / "jobs.sqlite", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match=r"jobs\.sqlite is in use by another process"):
            Bench(store).a_job()
        other.execute("ROLLBACK")
    other.close()
    Bench(store).a_job()


def test_a_thread_that_holds_the_turn_makes_others_busy(open_store: Open) -> None:
    store = open_store(patience=0.2)
    failed = threading.Event()

    def write() -> None:
        try:
            Bench(store).a_job()
        except StoreBusy:
            failed.set()

    with store.write():
        other = threading.Thread(target=write)
        other.start()
        assert failed.wait(10)
    other.join()


def test_a_block_that_fails_leaves_nothing(bench: Bench) -> None:
    def fail() -> None:
        with bench.store.write() as connection:
            connection.execute(text("DELETE FROM meta"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    pools.write(bench.store, Pool("local", "local", 1), now=bench.now)
    with bench.store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM meta")).scalar()


def test_a_reader_sees_one_state_while_others_write(bench: Bench) -> None:
    bench.a_job()
    with bench.store.read() as connection:
        before = connection.execute(text("SELECT count(*) FROM jobs")).scalar()
        bench.a_job()
        assert before == connection.execute(text("SELECT count(*) FROM jobs")).scalar()


def test_a_folder_that_can_not_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreReadOnly, match="can't be written"):
        Store.open(Settings(home=tmp_path / "file" / "home"))
