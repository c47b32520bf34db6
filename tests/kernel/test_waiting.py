"""Staying with a job until it has ended: where its failure is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest

from jupyter_training.client.client import Client
from jupyter_training.errors import JobFailed
from jupyter_training.kernel.failure import present
from jupyter_training.kernel.screen import Drawing
from jupyter_training.kernel.waiting import stay
from tests.kernel.builders import attempt, job

TRACEBACK = "ValueError: math domain error"


class Failing:
    """A client whose job has failed when it is waited for."""

    def wait(
        self, _: str, *, timeout: float | None, on_change: Callable[[Mapping[str, Any]], None]
    ) -> Mapping[str, Any]:
        view = job("failed", attempts=[attempt()], metrics={})
        on_change(view)
        return view

    def logs(self, _: str, *, tail: int) -> dict[str, Any]:
        return {"text": f"step 1\nTraceback (most recent call last):\n{TRACEBACK}\n"}


class Paper:
    every, lasts = 0.5, True
    html = ""

    def draw(self, bundle: Mapping[str, Any], *, final: bool = False) -> None:
        self.html = bundle["text/html"]


@pytest.mark.parametrize("by_page", [True, False], ids=["jupyterlab", "elsewhere"])
def test_a_failure_s_traceback_is_told_once(by_page: bool) -> None:
    """On the card that a page draws, which the error stands below; anywhere else in the error."""
    paper = Paper()
    with pytest.raises(JobFailed) as caught:
        stay(cast(Client, Failing()), [job("running")], [cast(Drawing, paper)], quietly=by_page)
    error = "\n".join(cast(Any, present(caught.value))._render_traceback_())
    assert (by_page, not by_page) == (TRACEBACK in paper.html, TRACEBACK in error)
    assert "JobFailed: digits failed" in error


class Resting:
    """A client whose job is paused twice before it succeeds."""

    def wait(
        self, _: str, *, timeout: float | None, on_change: Callable[[Mapping[str, Any]], None]
    ) -> Mapping[str, Any]:
        views = [
            job(phase, sentence="Paused by you at step 10.") for phase in ("paused", "paused", "running", "paused")
        ]
        for view in [*views, job("succeeded")]:
            on_change(view)
        return view

    def metrics(self, _: str, *names: str, points: int) -> dict[str, Any]:
        return {"series": []}


@pytest.mark.parametrize("drawing", [None, Paper()], ids=["quiet", "drawn"])
def test_a_pause_is_said_once_and_waited_for(drawing: Paper | None) -> None:
    said: list[str] = []
    (ended,) = stay(
        cast(Client, Resting()),
        [job("running")],
        [cast(Drawing, drawing) if drawing is not None else None],
        say=said.append,
        clock=lambda: 0.0,
        pause=lambda _: None,
    )
    assert "succeeded" == ended["state"]
    words = (
        "digits is paused (Paused by you at step 10). The waiting goes on; "
        "%train activate abcdef in another notebook or a shell ends the pause."
    )
    assert [words, words] == said


def test_plain_mode_says_that_it_is_paused_without_ids_and_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_TRAINING_PLAIN", "1")
    said: list[str] = []
    stay(cast(Client, Resting()), [job("running")], [None], say=said.append)
    assert said[0].startswith("digits is paused. The waiting goes on; %train activate JOB in another")


class Interrupted(Resting):
    """A client whose person interrupts the waiting while the job is in a phase."""

    def __init__(self, phase: str) -> None:
        self.phase = phase

    def wait(
        self, _: str, *, timeout: float | None, on_change: Callable[[Mapping[str, Any]], None]
    ) -> Mapping[str, Any]:
        on_change(job(self.phase))
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("phase", "words"),
    [
        ("running", "Detached: Stopped waiting; digits goes on. To stop training: %train cancel abcdef"),
        ("paused", "Detached: Stopped waiting; digits is paused. To go on: %train activate abcdef"),
    ],
)
def test_who_stops_waiting_hears_how_the_job_stands(phase: str, words: str) -> None:
    with pytest.raises(KeyboardInterrupt) as caught:
        stay(cast(Client, Interrupted(phase)), [job("queued")], [None])
    assert [words] == cast(Any, caught.value)._render_traceback_()
