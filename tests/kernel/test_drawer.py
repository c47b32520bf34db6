"""Cards that go on after their cell: how often, what at the end, and when it is left alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import pytest

from jupyter_training.client.client import Client
from jupyter_training.errors import ServerUnreachable, UnknownJob
from jupyter_training.kernel.drawer import Drawer
from tests.kernel.builders import attempt, job, metric, search, trial

Answer = Mapping[str, Any] | Exception


class Scripted:
    """A client whose job goes from view to view, one for each question; the last one stays."""

    def __init__(self, *views: Answer) -> None:
        self._views: Iterator[Answer] = iter(views)
        self._last = views[-1]
        self.asked = 0

    def job(self, _: str, *, after: int, wait: float | None) -> Mapping[str, Any]:
        self.asked += 1
        found = next(self._views, self._last)
        if isinstance(found, Exception):
            raise found
        return found

    def metrics(self, _: str, *names: str, points: int) -> dict[str, Any]:
        return {"series": [{"name": name, "points": [[0, 0.0, 1.0], [1, 1.0, 0.5]]} for name in names]}

    def logs(self, _: str, *, tail: int) -> dict[str, Any]:
        return {"text": "before\nTraceback (most recent call last):\nValueError: bad\n"}

    def artifact(self, _: str, artifact: str) -> bytes:
        return artifact.encode()


class Paper:
    """A drawing that keeps what was drawn."""

    every = 0.5

    def __init__(self, *, lasts: bool = True, fault: Exception | None = None) -> None:
        self.lasts, self.fault = lasts, fault
        self.drawn: list[tuple[str, bool]] = []
        self.html = ""

    def draw(self, bundle: Mapping[str, Any], *, final: bool = False) -> None:
        if self.fault is not None:
            raise self.fault
        self.drawn.append((bundle["text/plain"].split("   ")[0].rpartition(" ")[2], final))
        self.html = bundle["text/html"]


class Time:
    """A clock that only the drawer's pauses move."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def pause(self, _: threading.Event, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def drawn(
    views: Sequence[Answer], *, paper: Paper | None = None, quietly: bool = False
) -> tuple[Paper, Scripted, Time]:
    """Follow a job through its views, until the drawer has nothing more to do."""
    paper, client, time = paper or Paper(), Scripted(*views), Time()
    drawer = Drawer(clock=lambda: time.now, pause=time.pause)
    drawer.follow(cast(Client, client), job("queued"), paper, quietly=quietly)
    drawer.join(20)
    assert not [one for one in threading.enumerate() if one.name == "jupyter-training-cards"]
    return paper, client, time


def test_each_news_is_drawn_and_the_end_closes_it() -> None:
    paper, _, time = drawn([job("running", version=2), job("running", version=3), job("succeeded", version=4)])
    assert [("running", False), ("running", False), ("succeeded", True)] == paper.drawn
    assert min(time.pauses) >= 0.5


def test_without_news_nothing_is_drawn() -> None:
    paper, client, _ = drawn([job("running", version=2)] * 5 + [job("succeeded", version=3)])
    assert [("running", False), ("succeeded", True)] == paper.drawn
    assert client.asked == 6


def test_where_the_page_draws_itself_only_the_end_is_written() -> None:
    paper, _, time = drawn(
        [job("running", version=2), job("running", version=3), job("failed", version=4)], quietly=True
    )
    assert [("failed", True)] == paper.drawn
    assert min(time.pauses) >= 2


def test_a_failure_s_traceback_and_a_small_figure_are_on_it() -> None:
    figure = {"id": "figure", "name": "figures/0001.png", "size": 6, "type": "image/png", "modified": ""}
    paper, _, _ = drawn([job("failed", version=2, attempts=[attempt()], figure=figure, metrics={"loss": metric(0.5)})])
    assert "ValueError: bad" in paper.html
    assert "data:image/png;base64,ZmlndXJl" in paper.html
    assert "loss 1 → 0.5" in paper.html


def test_a_server_that_is_away_for_a_while_is_waited_for() -> None:
    paper, _, _ = drawn([ServerUnreachable("It is away.")] * 20 + [job("succeeded", version=2)])
    assert [("succeeded", True)] == paper.drawn


def test_a_server_that_is_away_for_good_is_given_up() -> None:
    paper, client, time = drawn([ServerUnreachable("It is away.")])
    assert [] == paper.drawn
    assert 600 <= time.now < 700
    assert client.asked > 100


def test_a_job_that_is_gone_leaves_its_card_as_it_was() -> None:
    paper, client, _ = drawn([job("running", version=2), UnknownJob("No job has that id.")])
    assert [("running", False)] == paper.drawn
    assert 2 == client.asked


def test_an_output_that_can_t_be_drawn_is_left_without_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    _, client, _ = drawn([job("running", version=2)], paper=Paper(fault=OSError("The channel is closed.")))
    assert 1 == client.asked
    assert ("", "") == capsys.readouterr()


def test_a_long_training_is_drawn_less_often() -> None:
    _, _, time = drawn([job("running", version=2 + n) for n in range(2000)] + [job("succeeded", version=9000)])
    assert 0.5 == time.pauses[0]
    assert 5.0 == time.pauses[-1]


def test_many_jobs_ask_no_more_than_a_few_times_a_second() -> None:
    time = Time()
    drawer = Drawer(clock=lambda: time.now, pause=time.pause)
    clients = [
        Scripted(*[job("running", version=2 + n) for n in range(30)], job("succeeded", version=99)) for _ in range(40)
    ]
    for client in clients:
        drawer.follow(cast(Client, client), job("queued"), Paper())
    drawer.join(20)
    assert all(client.asked == 31 for client in clients)
    assert sum(client.asked for client in clients) / time.now < 10


@pytest.mark.parametrize("why", ["terminal", "plain", "ended"])
def test_nothing_is_followed_that_is_the_same_later(why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if why == "plain":
        monkeypatch.setenv("JUPYTER_TRAINING_PLAIN", "1")
    client, paper = Scripted(job("succeeded", version=2)), Paper(lasts=why != "terminal")
    drawer = Drawer()
    drawer.follow(cast(Client, client), job("succeeded" if why == "ended" else "queued"), paper)
    drawer.join(5)
    assert [] == paper.drawn
    assert 0 == client.asked


def test_a_drawer_that_is_stopped_draws_nothing_more() -> None:
    stopped = threading.Event()
    client, paper = Scripted(job("running", version=2)), Paper()

    def pause(_: threading.Event, __: float) -> None:
        drawer.stop()
        stopped.set()

    drawer = Drawer(pause=pause)
    drawer.follow(cast(Client, client), job("queued"), paper)
    assert stopped.wait(10)
    drawer.join(10)
    assert [("running", False)] == paper.drawn


def test_a_job_that_rests_is_drawn_on_until_it_has_ended() -> None:
    paper, client, _ = drawn(
        [job("pausing", version=2)]
        + [job("paused", version=3)] * 3
        + [job("running", version=4), job("succeeded", version=5)]
    )
    words = [one for one, _ in paper.drawn]
    assert ["pausing", "paused", "running", "succeeded"] == words
    assert 6 == client.asked


def test_a_job_that_is_started_again_after_its_end_is_drawn_where_it_was() -> None:
    paper, client, time = (
        Paper(),
        Scripted(job("failed", version=2), job("running", version=4), job("succeeded", version=5)),
        Time(),
    )
    drawer = Drawer(clock=lambda: time.now, pause=time.pause)
    drawer.follow(cast(Client, client), job("queued"), paper)
    drawer.join(20)
    assert [("failed", True)] == paper.drawn
    drawer.again(job("queued", version=3))
    drawer.join(20)
    assert [("failed", True), ("running", False), ("succeeded", True)] == paper.drawn
    drawer.again(job("queued", id="another", version=9))
    drawer.join(5)
    assert 3 == client.asked


def test_one_that_had_ended_when_it_was_shown_is_drawn_when_it_is_started_again() -> None:
    paper, client = Paper(), Scripted(job("running", version=4), job("succeeded", version=5))
    time = Time()
    drawer = Drawer(clock=lambda: time.now, pause=time.pause)
    drawer.follow(cast(Client, client), job("failed", version=2), paper)
    drawer.join(5)
    assert [] == paper.drawn
    drawer.again(job("queued", version=3))
    drawer.join(20)
    assert [("running", False), ("succeeded", True)] == paper.drawn


class Searches:
    """A client whose search goes from view to view."""

    def __init__(self, *views: Mapping[str, Any]) -> None:
        self.views = list(views)

    def experiment(self, _: str) -> Mapping[str, Any]:
        return self.views.pop(0) if len(self.views) > 1 else self.views[0]

    def trials(self, _: str, *, sort: str, limit: int) -> dict[str, Any]:
        return {"trials": [trial(4)], "next": None, "total": 1}


def test_a_search_is_drawn_as_its_trials_go_on_though_its_version_stays() -> None:
    more = search(trials=8, counts={"completed": 8})
    client, paper = Searches(search(), more, more, search("succeeded")), Paper()
    drawer = Drawer(pause=lambda event, seconds: None)
    drawer.follow(cast(Client, client), search(), paper)
    drawer.join(10)
    assert [("running", False), ("succeeded", True)] == paper.drawn
    assert "<table" in paper.html


def test_of_a_search_that_the_page_draws_the_end_alone_is_written() -> None:
    client, paper = Searches(search(trials=5), search(trials=6), search("failed", error="ValueError: bad")), Paper()
    drawer = Drawer(pause=lambda event, seconds: None)
    drawer.follow(cast(Client, client), search(), paper, quietly=True)
    drawer.join(10)
    assert [("failed", True)] == paper.drawn
    assert "ValueError: bad" in paper.html
