"""Stories in a private mount namespace: `unshare --mount ... python -m tests.store.confined STORY FOLDER`.

There a folder of its own can be a disk of two megabytes, or be made read-only
also for root. What a story finds is asserted here; the caller looks at the exit
code. The namespace, and every mount in it, ends with the process.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from jupyter_training.core.ids import JobId, new_job_id
from jupyter_training.core.job import Instant
from jupyter_training.core.metric import Point
from jupyter_training.errors import StoreFull, StoreReadOnly, TrainingError
from jupyter_training.settings import Settings
from jupyter_training.store import points, upkeep, views, wishes
from jupyter_training.store.engine import Store
from jupyter_training.testing.builders import a_submission

NOW = Instant(1_800_000_000.0)
RNG = random.Random(3)


def mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)


def submit(store: Store, count: int = 1) -> dict[str, str]:
    made = wishes.submit(
        store, [a_submission(params={"n": number}) for number in range(count)], new_id=lambda: new_job_id(RNG), now=NOW
    )
    return {one.job.key: one.job.id for one in made}


def jobs(store: Store) -> dict[str, str]:
    return {job.key: job.id for job in views.page(store, views.JobQuery(), after=None, limit=100_000).jobs}


def refused(kind: type[TrainingError], act: object) -> str:
    try:
        act()  # type: ignore[operator]
    except kind as error:
        return str(error)
    raise AssertionError(f"{kind.__name__} was expected")


def full_disk(folder: Path) -> None:
    """A disk of 2 MB fills up with jobs: a sentence, nothing half, nothing lost; with room again it goes on."""
    mount("-t", "tmpfs", "-o", "size=2m", "none", str(folder))
    ballast = folder / "ballast"
    ballast.write_bytes(b"x" * 300_000)
    store = Store.open(Settings(home=folder / "home"))
    told: dict[str, str] = {}
    words = ""
    for _ in range(10_000):
        try:
            told |= submit(store, 20)
        except StoreFull as error:
            words = str(error)
            break
    assert "no room left" in words, words
    assert "jobs.sqlite" in words, words
    assert told
    assert told == jobs(store)
    store.close()
    refusals = 0
    store = Store.open(Settings(home=folder / "home"))
    assert told == jobs(store)
    for _ in range(3):
        try:
            told |= submit(store, 400)
        except StoreFull:
            refusals += 1
    assert refusals
    assert told == jobs(store)
    ballast.unlink()
    told |= submit(store)
    assert told == jobs(store)
    assert not [finding for finding in upkeep.check(store) if finding.level == "fault"]
    store.close()


def full_disk_of_points(folder: Path) -> None:
    """The same with points: what is refused leaves the offset where it was, so that it is taken in later."""
    mount("-t", "tmpfs", "-o", "size=2m", "none", str(folder))
    ballast = folder / "ballast"
    ballast.write_bytes(b"x" * 400_000)
    store = Store.open(Settings(home=folder / "home"))
    job = JobId(next(iter(submit(store).values())))
    taken = 0
    for piece in itertools.count():
        batch = points.Batch(
            1, "f", piece, piece + 1, [Point("x", taken + n, 1.0, float(taken + n)) for n in range(500)]
        )
        try:
            taken += points.ingest(store, job, [batch], now=NOW)
        except StoreFull:
            break
    assert taken
    (curve,) = points.series(store, job, None, budget=100_000)
    place = points.offsets(store, job)[1, "f"]
    assert [float(n) for n in range(place * 500)] == [value for _, _, value in curve.points]
    ballast.unlink()
    missed = [Point("x", place * 500 + n, 1.0, float(place * 500 + n)) for n in range(500)]
    points.ingest(store, job, [points.Batch(1, "f", place, place + 1, missed)], now=NOW)
    assert {(1, "f"): place + 1} == points.offsets(store, job)
    store.close()


def full_from_the_start(folder: Path) -> None:
    """Not even an empty store fits: a sentence, and after that nothing in the way."""
    mount("-t", "tmpfs", "-o", "size=2m", "none", str(folder))
    ballast = folder / "ballast"
    ballast.write_bytes(b"x" * (2 * 1024 * 1024 - 40 * 1024))
    words = refused(StoreFull, lambda: Store.open(Settings(home=folder / "home")))
    assert "no room left" in words, words
    ballast.unlink()
    with Store.open(Settings(home=folder / "home")) as store:
        assert submit(store) == jobs(store)


def read_only(folder: Path) -> None:
    """A store in a folder that can't be written opens for reading; each write says why not."""
    mount("-t", "tmpfs", "-o", "size=20m", "none", str(folder))
    with Store.open(Settings(home=folder / "home")) as store:
        told = submit(store, 5)
    assert not (folder / "home" / "jobs.sqlite-wal").exists()
    mount("-o", "remount,ro", str(folder))
    look_only(folder, told)


def read_only_with_a_log(folder: Path) -> None:
    """The same after a crash, when the newest jobs are in the log only."""
    mount("-t", "tmpfs", "-o", "size=20m", "none", str(folder))
    words = [sys.executable, "-m", "tests.store.children", "hold", str(folder / "home")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = process.stdout.readline().strip()
        process.send_signal(signal.SIGKILL)
    assert (folder / "home" / "jobs.sqlite-wal").stat().st_size > 0
    mount("-o", "remount,ro", str(folder))
    with Store.open(Settings(home=folder / "home")) as store:
        assert [told] == list(jobs(store).values())


def read_only_and_empty(folder: Path) -> None:
    """No store, and no way to make one."""
    mount("-t", "tmpfs", "-o", "size=2m,ro", "none", str(folder))
    words = refused(StoreReadOnly, lambda: Store.open(Settings(home=folder / "home")))
    assert "can't be written" in words, words
    mount("-o", "remount,rw", str(folder))
    (folder / "home").mkdir()
    mount("-o", "remount,ro", str(folder))
    refused(StoreReadOnly, lambda: Store.open(Settings(home=folder / "home")))


def read_only_and_old(folder: Path) -> None:
    """A store of an older schema can't be upgraded where it can't be written."""
    mount("-t", "tmpfs", "-o", "size=20m", "none", str(folder))
    (folder / "home").mkdir()
    with Store.open(Settings(home=folder / "home")):
        pass
    asset = Path(__file__).parents[1] / "assets" / "db" / "jobs-0001.sqlite"
    (folder / "home" / "jobs.sqlite").write_bytes(asset.read_bytes())
    mount("-o", "remount,ro", str(folder))
    words = refused(StoreReadOnly, lambda: Store.open(Settings(home=folder / "home"), adopt=True))
    assert "older program" in words, words


def look_only(folder: Path, told: dict[str, str]) -> None:
    with Store.open(Settings(home=folder / "home")) as store:
        assert store.read_only
        assert not store.is_elsewhere
        assert told == jobs(store)
        assert 5 == len(views.unfinished(store))
        words = refused(StoreReadOnly, lambda: submit(store))
        assert "read-only" in words, words
        assert "JUPYTER_TRAINING_HOME" in words, words
        assert [] == [finding for finding in upkeep.check(store) if finding.level == "fault"]
        assert any("only be read" in finding.sentence for finding in upkeep.check(store))


STORIES = (
    full_disk,
    full_disk_of_points,
    full_from_the_start,
    read_only,
    read_only_with_a_log,
    read_only_and_empty,
    read_only_and_old,
)

if __name__ == "__main__":
    {story.__name__: story for story in STORIES}[sys.argv[1]](Path(sys.argv[2]))
    sys.stdout.flush()
    os._exit(0)
