"""What a handle makes of the answers."""

from __future__ import annotations

from typing import Any, cast

import pytest

from jupyter_training.client.client import Client
from jupyter_training.client.handle import Handle
from jupyter_training.client.transport import Answer
from jupyter_training.errors import UnknownJob


class Answers:
    """A server's answer to the question for curves, as it is when an attempt has gone on from step 1."""

    def metrics(self, job: str, *names: str, points: int | None = None) -> dict[str, Any]:
        live = {"name": "loss", "superseded": False, "points": [[1, 0.0, 0.9], [2, 2.0, 0.4]]}
        return {"series": [live, {**live, "superseded": True, "points": [[2, 1.0, 0.7]]}]}


def test_a_curve_has_each_step_once_as_the_latest_attempt_reported_it() -> None:
    handle = Handle(cast(Client, Answers()), {"id": "3f2a91bcde"})
    assert {"loss": [(1, 0.9), (2, 0.4)]} == handle.metrics()


class Retried:
    """A server whose job has ended, and is then started again by somebody else with another parameter."""

    def __init__(self) -> None:
        self.views = iter([{"state": "failed", "params": {"lr": 1}}, {"state": "queued", "params": {"lr": 2}}])

    def job(self, job: str) -> dict[str, Any]:
        return {"id": job, "spec": {}, **next(self.views)}


def test_a_job_that_had_ended_is_asked_about_again() -> None:
    handle = Handle(cast(Client, Retried()), {"id": "3f2a91bcde", "state": "running"})
    assert "failed" == handle.state
    assert {"lr": 2} == handle.params


class Empty:
    """A server without jobs."""

    place = "nowhere"

    def request(self, method: str, path: str, *, body: object = None, **how: object) -> Any:
        error = UnknownJob(f"There is no job {path!r}.", hint="See the list of jobs.")
        if path != "verbs":
            raise error
        jobs = cast(dict[str, Any], body)["jobs"]
        results = [{"id": job, "ok": False, "job": None, "problem": error.to_problem()} for job in jobs]
        return Answer(200, json={"results": results})

    def close(self) -> None: ...


@pytest.mark.parametrize(
    "ask", [Client.job, Client.wait, Client.logs, Client.metrics, Client.artifacts, Client.cell, Client.checkpoints]
)
def test_a_name_where_an_id_is_wanted_is_told_who_takes_names(ask: Any) -> None:
    client = Client(transport=cast(Any, Empty()))
    with pytest.raises(UnknownJob) as caught:
        ask(client, "s3")
    assert "This takes ids. find('s3') takes names, too; handle('s3') gives the job's handle." == caught.value.hint
    with pytest.raises(UnknownJob) as caught:
        ask(client, "abcdefgh27")
    assert "See the list of jobs." == caught.value.hint


@pytest.mark.parametrize(
    ("verb", "method"),
    [(verb, verb) for verb in ("cancel", "kill", "pause", "activate", "retry", "archive", "unarchive", "delete")]
    + [("resume", "resume"), ("fork", "fork"), ("continue", "continue_from")],
)
def test_a_verb_that_is_given_a_name_says_what_to_type(verb: str, method: str) -> None:
    client = Client(transport=cast(Any, Empty()))
    with pytest.raises(UnknownJob) as caught:
        getattr(client, method)("my s3")
    typed = f"handle('my s3').{method}(), `%train {verb} 'my s3'` or `jupyter training {verb} 'my s3'`."
    assert f"This takes ids. By its name, or the start of its id: {typed}" == caught.value.hint
    with pytest.raises(UnknownJob) as caught:
        getattr(client, method)("abcdefgh27")
    assert "See the list of jobs." == caught.value.hint
