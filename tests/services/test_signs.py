"""What a job's view tells beside its rows: curves' source, machine, figure, last word, time left, code."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_training import spool
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import EndReason
from jupyter_training.core.metric import Point, PointSource, Progress
from jupyter_training.core.resources import Allocation
from jupyter_training.schema import JobView, SubmitRequest
from jupyter_training.seams.backend import End
from jupyter_training.services import code, jobs
from jupyter_training.services.site import Site
from jupyter_training.services.submit import submit
from jupyter_training.settings import Settings
from jupyter_training.spool import layout
from jupyter_training.store import facts, lease, points

NOW = 1_800_000_000.0


class House:
    def __init__(self, home: Path) -> None:
        self.site = Site.open(Settings(home=home))
        self.site.clock = lambda: self.now
        self.site.ensure_dispatcher = lambda: None  # type: ignore[method-assign]
        self.now = NOW
        taken = lease.take(self.site.store, lease.Holder("t", 1, 1, "b"), ttl=1e9, boot_now=0, alive=lambda _: False)
        assert taken is not None
        self.epoch = taken.epoch
        self.told = 0

    def run(self) -> JobId:
        request = {
            "key": f"key-{time.monotonic_ns()}",
            "entry": {"kind": "script", "path": "train.py"},
            "files": [{"path": "train.py", "text": "print('ü')\n"}, {"path": "lib.bin", "base64": "/w=="}],
        }
        job = submit(self.site, SubmitRequest.model_validate(request), user="ada").job.id
        facts.begin(self.site.store, self.epoch, [(job, Allocation("local", 1), "t")], Instant(NOW))
        facts.running(self.site.store, self.epoch, job, 1, Instant(NOW), Instant(NOW))
        return job

    def tell(self, job: JobId, *said: Point, progress: Progress | None = None) -> None:
        self.told += 1
        batch = points.Batch(1, f"f{self.told}", 0, 1, said, progress)
        points.ingest(self.site.store, job, [batch], now=Instant(self.now))

    def view(self, job: JobId) -> JobView:
        return jobs.show(self.site, job)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "home")
    with made.site:
        yield made


def point(name: str, value: float, source: PointSource = "report", at: float = NOW) -> Point:
    return Point(name, 1, at, value, source)


def test_a_job_that_said_nothing_shows_nothing(house: House) -> None:
    view = house.view(house.run())
    assert (None, None, {}, None, None, ()) == (
        view.source, view.eta, view.machine, view.seen, view.figure, view.data,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("sources", "expected"),
    [(["log"], "log"), (["log", "mlflow"], "mlflow"), (["mlflow", "report", "log"], "report"), (["machine"], None)],
)
def test_where_metrics_come_from(house: House, sources: list[PointSource], expected: str | None) -> None:
    job = house.run()
    house.tell(job, *(point(f"{source}/x", 1.0, source) for source in sources))
    assert expected == house.view(job).source


def test_machine_samples_are_no_metrics(house: House) -> None:
    job = house.run()
    for cpu in (0.5, 1.5):
        house.tell(job, point("machine/cpu", cpu, "machine"), point("machine/memory", 2e9, "machine"))
    house.tell(job, point("loss", 0.5))
    view = house.view(job)
    assert ({"cpu": 1.5, "memory": 2e9}, ["loss"]) == (view.machine, list(view.metrics))


def test_the_last_word_is_the_newest_of_points_progress_and_print(house: House) -> None:
    job = house.run()
    house.tell(job, point("loss", 0.5, at=NOW + 1), point("machine/cpu", 1.0, "machine", at=NOW + 99))
    assert "2027-01-15T08:00:01.000Z" == house.view(job).seen
    house.tell(job, progress=Progress(1, 10, "epoch", NOW + 2))
    assert "2027-01-15T08:00:02.000Z" == house.view(job).seen
    log = layout.log_file(spool.attempt_folder(house.site.settings.spool_root, job, 1))
    log.parent.mkdir(parents=True)
    log.write_text("hello\n")
    os.utime(log, (NOW + 3, NOW + 3))
    assert "2027-01-15T08:00:03.000Z" == house.view(job).seen


def test_the_time_left_is_told_while_it_runs(house: House) -> None:
    job = house.run()
    for step in range(6):
        house.tell(job, progress=Progress(step, 10, "epoch", NOW + 2 * step))
    house.now = NOW + 10
    left = house.view(job).eta
    assert left is not None
    assert (10.0, 10.0) == (left.low, left.high)
    facts.ended(house.site.store, house.epoch, job, 1, End(EndReason.COMPLETED), Instant(NOW + 11))
    assert house.view(job).eta is None


def test_the_figure_is_the_latest_whole_picture(house: House, tmp_path: Path) -> None:
    job = house.run()
    folder = house.site.settings.outputs / job / "figures"
    folder.mkdir(parents=True)
    for name, content in (
        ("0002.png", b"two"),
        ("0010.png", b"ten"),
        ("0011.png", b""),
        ("0012.txt", b"x"),
        ("2024.png", b"own"),
    ):
        (folder / name).write_bytes(content)
    (tmp_path / "secret.png").write_bytes(b"secret")
    (folder / "0013.png").symlink_to(tmp_path / "secret.png")
    figure = house.view(job).figure
    assert figure is not None
    assert ("figures/0010.png", 3, "image/png") == (figure.name, figure.size, figure.type)
    listed = {one.name: one.id for one in house.view(job).artifacts or ()}
    assert listed["figures/0010.png"] == figure.id


def test_the_code_is_shown_as_it_was_sent(house: House) -> None:
    found = code.code(house.site, house.run())
    assert "train.py" == found.entry
    assert {"train.py": "print('ü')\n", "lib.bin": None} == {file.path: file.text for file in found.files}
    assert {"train.py": 12, "lib.bin": 1} == {file.path: file.size for file in found.files}


def test_code_that_is_too_long_is_named_and_not_shown(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code, "_SHOWN_BYTES", 5)
    assert {None} == {file.text for file in code.code(house.site, house.run()).files if file.path == "train.py"}
