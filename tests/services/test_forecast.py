"""When a waiting job starts, as its view says it: from the store, kept for a while, never in a submit's way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread

import pytest

from jupyter_training.core import forecast as core
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import EndReason, Hold, Verb
from jupyter_training.core.metric import Progress
from jupyter_training.schema import JobView
from jupyter_training.services import forecast, history, jobs, queue
from jupyter_training.services.site import Site
from jupyter_training.settings import Settings
from jupyter_training.store import checkpoints, facts, points, verbs
from tests.services.stage import Stage

BEGAN = 1_700_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> float:
        return self.now


class Place(Stage):
    """One slot, and a clock in the test's hands. No forecast is older than the store."""

    def __init__(self, site: Site, clock: Clock) -> None:
        super().__init__(site)
        self.clock = clock

    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    def past(self, name: str, *seconds: float, **wish: object) -> None:
        """Jobs of this name ran so long and succeeded."""
        for one in seconds:
            job = self.submit(name=name, **wish).job.id
            self.begin(job)
            self.wait(one)
            self.end(job, EndReason.COMPLETED)

    def look(self, job_id: str) -> JobView:
        return jobs.show(self.site, job_id)

    def waits(self, name: str) -> str:
        return self.submit(name=name).job.id


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setattr(forecast, "_SHARE", 0)
    monkeypatch.setattr("jupyter_training.services.standing._KEPT", 0.0)
    clock = Clock()
    with Site.open(Settings(home=tmp_path / "home", local_slots=1)) as site:
        site.clock = clock
        monkeypatch.setattr(site, "ensure_dispatcher", lambda: None)
        monkeypatch.setattr("jupyter_training.dispatch.ensure.why_down", lambda settings: None)
        yield Place(site, clock)


def told(view: JobView) -> tuple[float, float | None] | str | None:
    return (view.start.low, view.start.high) if view.start is not None else view.start_note


def about(seconds: float) -> tuple[object, object]:
    return pytest.approx(seconds, abs=0.2), pytest.approx(seconds, abs=0.2)


def test_jobs_behind_one_that_runs_start_after_what_the_same_name_took_before(place: Place) -> None:
    place.past("digits", *[60.0] * 5)
    running = place.waits("digits")
    place.begin(running)
    place.wait(20)
    first, second = place.waits("digits"), place.waits("digits")
    assert about(40) == told(place.look(first))
    assert about(100) == told(place.look(second))
    assert told(place.look(running)) is None


def test_without_history_it_says_so_and_what_stands_before_it_is_told(place: Place) -> None:
    place.past("digits", *[60.0] * 5)
    first, new, last = place.waits("digits"), place.waits("new"), place.waits("digits")
    assert [(0.0, 0.0), about(60), "no history yet"] == [told(place.look(one)) for one in (first, new, last)]


def test_it_goes_along_in_lists_and_in_the_queue(place: Place) -> None:
    place.past("digits", *[60.0] * 5)
    place.waits("digits")
    place.waits("digits")
    place.waits("new")
    place.waits("digits")
    wanted = [(0.0, 0.0), about(60), about(120), "no history yet"]
    assert wanted == [told(one) for one in jobs.page(place.site, jobs.JobsQuery(sort="queue")).jobs]
    rows = queue.page(place.site, queue.QueueQuery()).rows
    assert wanted == [(one.start.low, one.start.high) if one.start is not None else one.start_note for one in rows]


def test_progress_tells_more_than_history(place: Place) -> None:
    place.past("digits", *[60.0] * 5)
    running = place.waits("digits")
    place.begin(running)
    behind = place.waits("digits")
    for step in range(21):
        said = Progress(float(step), 100.0, "epoch", place.clock.now)
        points.ingest(
            place.site.store, JobId(running), [points.Batch(1, "f", step, step + 1, [], said)], now=Instant(BEGAN)
        )
        place.wait(10)
    low, high = told(place.look(behind))  # type: ignore[misc]
    assert 780 <= low <= high <= 800


def test_one_that_was_preempted_has_its_work_behind_it_and_its_restore_before_it(place: Place) -> None:
    place.past("digits", *[60.0] * 5)
    job = place.waits("digits")
    place.begin(job)
    place.wait(40)
    place.save(job, 4)
    facts.restored(place.site.store, place.epoch, JobId(job), 7.0, place.site.now())
    place.wait(5)
    place.end(job, EndReason.PREEMPTED)
    behind = place.waits("digits")
    assert about(20 + 7) == told(place.look(behind))


def test_work_is_of_all_attempts_that_the_last_one_goes_back_to(place: Place) -> None:
    job = place.waits("digits")
    store, epoch = place.site.store, place.epoch
    place.begin(job)
    place.wait(1000)  # lost: it begins anew
    place.end(job, EndReason.NOT_BEGUN)
    place.begin(job)
    place.wait(30)
    saved = place.save(job, 3)
    place.end(job, EndReason.PREEMPTED)
    place.wait(500)
    place.begin(job)
    checkpoints.started_from(store, epoch, JobId(job), 3, 3, saved.name, place.site.now())
    place.wait(12)
    place.end(job, EndReason.COMPLETED)
    (found,) = history.earlier(place.site, ["digits", "other"])["digits"]
    assert (42.0, "ada") == (found.seconds, found.user)


def test_failed_jobs_are_no_history(place: Place) -> None:
    job = place.waits("digits")
    place.begin(job)
    place.end(job, EndReason.ERROR)
    assert {"digits": ()} == history.earlier(place.site, ["digits"])


def test_history_is_read_again_once_a_job_has_ended_and_not_before(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.past("digits", 60.0)
    read = []
    original = history.history.succeeded
    monkeypatch.setattr(history.history, "succeeded", lambda *args: read.append(1) or original(*args))  # type: ignore[func-returns-value]
    history.earlier(place.site, ["digits"])
    place.waits("digits")
    history.earlier(place.site, ["digits"])
    assert [1] == read
    place.past("digits", 70.0)
    assert [70.0, 60.0] == [one.seconds for one in history.earlier(place.site, ["digits"])["digits"]]


def test_a_paused_job_has_no_start(place: Place) -> None:
    place.past("digits", 60.0)
    job = place.waits("digits")
    verbs.wish(place.site.store, [JobId(job)], Verb.PAUSE, now=place.site.now())
    assert Hold.USER in place.job(job).holds
    assert told(place.look(job)) is None


def test_more_than_a_hundred_ahead_is_too_far(place: Place) -> None:
    place.past("digits", *[60.0] * 5)
    waiting = [place.waits("digits") for _ in range(102)]
    assert about(99 * 60) == told(place.look(waiting[99]))
    assert core.FAR == told(place.look(waiting[101]))


def test_a_submit_makes_no_forecast_and_who_looks_then_does(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.past("digits", *[60.0] * 5)
    made = _counted(monkeypatch)
    answer = place.submit(name="digits")
    assert ([], None) == (made, answer.job.start)
    assert (0.0, 0.0) == told(place.look(answer.job.id))
    assert ["local"] == made


def test_a_forecast_is_kept_while_nothing_changes_and_ages_meanwhile(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.past("digits", *[60.0] * 5)
    _, second = place.waits("digits"), place.waits("digits")
    made = _counted(monkeypatch)
    assert about(60) == told(place.look(second))
    place.wait(15)
    assert about(45) == told(place.look(second))
    assert ["local"] == made


def test_after_a_change_there_is_a_new_one_unless_the_last_one_was_dear(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.past("digits", *[60.0] * 5)
    job = place.waits("digits")
    made = _counted(monkeypatch)
    place.look(job)
    place.waits("digits")
    place.look(job)
    assert 2 == len(made)
    monkeypatch.setattr(forecast, "_SHARE", 1e9)
    place.waits("digits")
    place.look(job)
    assert 2 == len(made)


def test_while_one_is_made_others_have_the_one_before_and_submits_go_on(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.past("digits", *[60.0] * 5)
    _, second = place.waits("digits"), place.waits("digits")
    before = told(place.look(second))
    place.waits("digits")
    inside, over = Barrier(2), Barrier(2)
    original = forecast.forecast

    def slow(*args: object, **more: object) -> object:
        inside.wait(10)
        over.wait(10)
        return original(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(forecast, "forecast", slow)
    other = Thread(target=lambda: place.look(second))
    other.start()
    inside.wait(10)
    assert before == told(place.look(second))
    assert place.submit(name="digits").created
    over.wait(10)
    other.join(10)
    assert not other.is_alive()


def _counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pools for which a forecast is made from now on."""
    made: list[str] = []
    original = forecast._make

    def make(site: Site, name: str) -> forecast.Told:
        made.append(name)
        return original(site, name)

    monkeypatch.setattr(forecast, "_make", make)
    return made
