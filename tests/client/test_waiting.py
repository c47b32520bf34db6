"""Waiting while a server is away, and what is said of a job that failed."""

from __future__ import annotations

import time
from typing import Any

import pytest

from jupyter_training.client import experiment_waiting
from jupyter_training.client.client import Client
from jupyter_training.client.transport import Answer, error_of
from jupyter_training.client.waiting import _collapsed, _telling
from jupyter_training.errors import DispatcherDown, ServerUnreachable, StoreBusy, StoreTooNew, TrainingError, WrongStore

FIRST = "Traceback (most recent call last)\n  one\nKeyError: 1\n"


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("a\nb\n", "a\nb"),
        ("\n".join(str(n) for n in range(30)), "\n".join(str(n) for n in range(20, 30))),
        (f"before\n{FIRST}", FIRST.strip()),
        (
            f"{FIRST}caught it\nTraceback (most recent call last)\nValueError\n",
            "Traceback (most recent call last)\nValueError",
        ),
        (
            f"x\n{FIRST}\nDuring handling of the above exception, another exception occurred:\n\n{FIRST}",
            f"{FIRST}During handling of the above exception, another exception occurred:\n{FIRST}".strip(),
        ),
        (
            f"x\n{FIRST}\nThe above exception was the direct cause of the following exception:\n\n{FIRST}",
            f"{FIRST}The above exception was the direct cause of the following exception:\n{FIRST}".strip(),
        ),
        ("10%|#  |\r50%|## |\r100%|###|\nend\n", "100%|###|\nend"),
        ("", ""),
    ],
)
def test_the_telling_end_of_a_log(log: str, expected: str) -> None:
    assert expected == "\n".join(_telling(_collapsed(log)))


RUNNING: dict[str, Any] = {"id": "aaaaaaaaaa", "name": "digits", "version": 3, "state": "running", "phase": "running"}
ENDED = RUNNING | {"state": "succeeded", "phase": "succeeded"}
AWAY = ServerUnreachable("Nobody answers.")


class Scripted:
    """A server that answers one thing after the other; the last one stays."""

    place = "the server"

    def __init__(self, *answers: dict[str, Any] | TrainingError) -> None:
        self.answers = list(answers)
        self.waits: list[float] = []

    def request(self, method: str, path: str, *, query: Any = None, **how: object) -> Answer:
        if query and query.get("wait"):
            self.waits.append(query["wait"])
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, TrainingError):
            raise answer
        return Answer(200, json=answer)

    def close(self) -> None: ...


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Time that stands still but for the pauses, which take none."""
    made: list[float] = []
    monkeypatch.setattr(time, "sleep", made.append)
    monkeypatch.setattr(time, "monotonic", lambda: sum(made))
    return made


def wait_for_search(client: Client, search: str, *, timeout: float | None = None) -> dict[str, Any]:
    """As the client does, by the clock of now."""
    how: dict[str, Any] = {"clock": time.monotonic, "pause": time.sleep}
    return experiment_waiting.wait(client, search, timeout=timeout, check=False, on_change=None, **how)


@pytest.mark.parametrize("ask", [Client.wait, wait_for_search])
@pytest.mark.parametrize(("answers", "called"), [([RUNNING, AWAY], "digits (aaaaaaaaaa)"), ([AWAY], "aaaaaaaaaa")])
def test_a_time_to_wait_is_over_also_while_nobody_answers(
    pauses: list[float], ask: Any, answers: list[Any], called: str
) -> None:
    with pytest.raises(TimeoutError) as caught:
        ask(Client(transport=Scripted(*answers)), "aaaaaaaaaa", timeout=2)
    assert f"Nobody answers. {called} has not been seen to end in 2 s of waiting." == str(caught.value)
    assert 2 == pytest.approx(sum(pauses))


def test_what_is_left_of_a_time_is_what_a_server_that_is_back_is_asked_for(pauses: list[float]) -> None:
    server = Scripted(RUNNING, AWAY, AWAY, ENDED)
    assert ENDED == Client(transport=server).wait("aaaaaaaaaa", timeout=2)
    assert [2, 1.8, 1.4] == server.waits


@pytest.mark.parametrize("ask", [Client.wait, wait_for_search])
@pytest.mark.parametrize(
    "meanwhile",
    [*(error_of(status, b"<html>", place="The server") for status in (502, 503, 504)), AWAY, StoreBusy("It is busy.")],
    ids=str,
)
def test_a_server_that_is_away_for_a_moment_ends_no_waiting(
    pauses: list[float], ask: Any, meanwhile: TrainingError
) -> None:
    assert ENDED == ask(Client(transport=Scripted(RUNNING, meanwhile, ENDED)), "aaaaaaaaaa")


def test_a_server_that_stays_away_ends_it(pauses: list[float]) -> None:
    with pytest.raises(ServerUnreachable):
        Client(transport=Scripted(RUNNING, AWAY)).wait("aaaaaaaaaa", timeout=3600)
    assert 120 == pytest.approx(sum(pauses))


@pytest.mark.parametrize("error", [StoreTooNew, WrongStore, DispatcherDown])
def test_what_does_not_pass_by_itself_is_said_at_once(pauses: list[float], error: type[TrainingError]) -> None:
    with pytest.raises(error):
        Client(transport=Scripted(RUNNING, error("So it is."), ENDED)).wait("aaaaaaaaaa", timeout=60)
    assert [] == pauses
