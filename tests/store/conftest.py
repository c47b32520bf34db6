"""Stores to test on: SQLite, and PostgreSQL where its server and driver are installed."""

from __future__ import annotations

import importlib.util
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from jupyter_training.core.ids import JobId, new_job_id
from jupyter_training.core.job import Instant, Job, Submission
from jupyter_training.core.resources import Allocation
from jupyter_training.settings import Settings
from jupyter_training.store import (
    facts,
    lease,
    search_tables,  # noqa: F401 (its tables belong to JOBS)
    wishes,
)
from jupyter_training.store.engine import Store
from jupyter_training.store.tables import JOBS, POINTS
from jupyter_training.testing.builders import a_submission
from tests.store import postgres

START = Instant(1_800_000_000.0)


class Bench:
    """A store with the few moves that most tests need."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.rng = random.Random(7)
        self.now = START
        self.epoch = 0

    def new_id(self) -> JobId:
        return new_job_id(self.rng)

    def submit(self, *submissions: Submission) -> list[wishes.Submitted]:
        self.now = Instant(self.now + 1)
        return wishes.submit(self.store, submissions, new_id=self.new_id, now=self.now)

    def a_job(self, name: str = "digits", **wish: object) -> Job:
        (stored,) = self.submit(a_submission(name, **wish))  # type: ignore[arg-type]
        return stored.job

    def take(self, pid: int = 1) -> int:
        """Become the dispatcher; the epoch."""
        holder = lease.Holder("bench", pid, 0, "boot")
        taken = lease.take(self.store, holder, ttl=15, boot_now=self.now, alive=lambda one: False)
        assert taken is not None
        self.epoch = taken.epoch
        return taken.epoch

    def begin(self, jobs: Sequence[JobId]) -> int:
        """Give the jobs an attempt each; how many got one."""
        if not self.epoch:
            self.take()
        starts = [(job, Allocation("local", 1), f"token-{job}") for job in jobs]
        return len(facts.begin(self.store, self.epoch, starts, self.now))

    def a_running_job(self, name: str = "digits", **wish: object) -> Job:
        job = self.a_job(name, **wish)
        assert 1 == self.begin([job.id])
        facts.running(self.store, self.epoch, job.id, 1, self.now, self.now)
        return job


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Cluster]:
    """A server with the migrated database "shared"; made once, as each is half a second."""
    binaries = postgres.programs()
    if binaries is None or importlib.util.find_spec("psycopg") is None:
        pytest.skip("no PostgreSQL server or no driver on this machine")
    with postgres.cluster(binaries) as cluster:
        cluster.run("CREATE DATABASE shared")
        Store.open(Settings(home=cluster.folder / "none", store_url=cluster.url("shared"))).close()
        yield cluster


@pytest.fixture(scope="session")
def new_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an empty store, to be copied: migrating takes longer than most tests."""
    home = tmp_path_factory.mktemp("new") / "home"
    Store.open(Settings(home=home)).close()
    return home


@pytest.fixture
def served(server: postgres.Cluster, tmp_path: Path) -> Iterator[Bench]:
    """A bench on PostgreSQL only."""
    with Store.open(Settings(home=tmp_path / "home", store_url=server.url("shared"))) as store:
        yield Bench(store)
    rows = ", ".join(table.name for table in (*JOBS.sorted_tables, *POINTS.sorted_tables) if table.name != "meta")
    server.run(f"TRUNCATE {rows}", "shared")


@pytest.fixture(params=["sqlite", "postgres"])
def bench(request: pytest.FixtureRequest) -> Bench:
    """A bench on each kind of store: what is promised holds on both."""
    found: Bench = request.getfixturevalue("local" if request.param == "sqlite" else "served")
    return found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def open_store(home: Path) -> Iterator[Callable[..., Store]]:
    """Opens SQLite stores of one home; all are closed at the end."""
    opened: list[Store] = []

    def open_one(**how: object) -> Store:
        opened.append(Store.open(Settings(home=home), **how))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def local(new_home: Path, home: Path, open_store: Callable[..., Store]) -> Bench:
    """A bench on SQLite only, for what only files have."""
    shutil.copytree(new_home, home)
    return Bench(open_store())
