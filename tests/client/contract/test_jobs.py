"""One contract, three transports: a job is found, looked at and waited for over each of them alike."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.client.client import Client
from jupyter_training.client.local import LocalTransport
from jupyter_training.errors import (
    AmbiguousJob,
    IllegalVerb,
    InvalidRequest,
    InvalidSpec,
    InvalidUsage,
    JobFailed,
    NotFound,
    TrainingError,
    UnknownJob,
    UnknownPool,
)
from tests.client.contract.speaking import LONG, answers, fresh

pytestmark = pytest.mark.processes


def test_all_ways_lead_to_one_store(clients: dict[str, Client]) -> None:
    assert 1 == len({client.info()["store"] for client in clients.values()})


@pytest.mark.parametrize(
    ("ask", "kind"),
    [
        (lambda client: client.job("aaaaaaaaaa"), UnknownJob),
        (lambda client: client.job("../../etc/passwd"), UnknownJob),
        (lambda client: client.job("%2e%2e"), UnknownJob),
        (lambda client: client.find("no-such-job"), UnknownJob),
        (lambda client: client.find(""), InvalidUsage),
        (lambda client: client.jobs(state="runing"), InvalidUsage),
        (lambda client: client.jobs(limit=0), InvalidUsage),
        (lambda client: client.logs("aaaaaaaaaa"), UnknownJob),
        (lambda client: client.metrics("aaaaaaaaaa", points=1), InvalidUsage),
        (lambda client: client.artifact("aaaaaaaaaa", "x"), UnknownJob),
        (lambda client: client.cancel("aaaaaaaaaa"), UnknownJob),
        (lambda client: client.act("explode", "aaaaaaaaaa"), InvalidSpec),
        (lambda client: client.jobs(filter="state:runing"), InvalidRequest),
        (lambda client: client.cell("aaaaaaaaaa"), UnknownJob),
        (lambda client: client.config("\nprioritty: 3\n", name="big"), InvalidSpec),
        (lambda client: client.plan({"key": "none-at-all"}), InvalidSpec),
        (lambda client: client.set_pool("no good name", slots=1), InvalidSpec),
        (lambda client: client.set_pool("p", slots=-1), InvalidSpec),
        (lambda client: client.submit_request({"key": "short"}), InvalidSpec),
        (lambda client: client.submit_request({"key": "long-enough", "flies": []}), InvalidSpec),
        (lambda client: client.submit(__file__, pool="lokal"), UnknownPool),
        (lambda client: client.submit(__file__, slots=99999), InvalidSpec),
        (lambda client: client.submit(__file__, name="no good name"), InvalidSpec),
        (lambda client: client.submit(__file__, timeout="soon"), InvalidSpec),
        (lambda client: client.submit(__file__, priority=0), InvalidSpec),
        (lambda client: client.submit(__file__, config={"text": "nmae: x\n", "name": "job.yaml"}), InvalidSpec),
    ],
)
def test_a_mistake_gets_the_same_words_whichever_way_it_came(
    clients: dict[str, Client], ask: Callable[[Client], Any], kind: type[TrainingError]
) -> None:
    first, *others = answers(clients, ask)
    assert kind is first[0], first
    assert [first, first] == others


@pytest.mark.parametrize("which", ["good", "bad"])
def test_a_job_looks_the_same_from_everywhere(clients: dict[str, Client], ended: dict[str, str], which: str) -> None:
    job = ended[which]
    for ask in (
        lambda client: {**client.job(job), "run_id": None, "version": 0},
        lambda client: client.metrics(job),
        lambda client: client.metrics(job, "loss", points=2),
        lambda client: client.logs(job),
        lambda client: client.logs(job, tail=7),
        lambda client: client.logs(job, offset=3, limit=5),
        lambda client: client.artifacts(job),
        lambda client: [client.artifact(job, one["id"]) for one in client.artifacts(job)],
        lambda client: client.find(job[:6])["id"],
    ):
        first, *others = answers(clients, ask)
        assert [first, first] == others
        assert not isinstance(first, tuple), first


def test_a_finished_job_tells_what_it_did(client: Client, ended: dict[str, str]) -> None:
    view = client.job(ended["good"])
    assert ("succeeded", {"lr": 0.1}) == (view["state"], view["params"])
    assert (2, 1 / 3) == (view["metrics"]["loss"]["last_step"], view["metrics"]["loss"]["last"])
    assert "begin --fast --lr 0.1\ndone é\n" == client.logs(ended["good"])["text"]
    (series,) = client.metrics(ended["good"], "loss")["series"]
    assert [(0, 1.0), (1, 0.5), (2, 1 / 3)] == [(step, value) for step, _, value in series["points"]]


def test_a_page_goes_on_where_the_one_before_ended(client: Client, script: Callable[[str], Path]) -> None:
    path, name = script("print(1)\n"), fresh("paged")
    ids = [client.submit(path, name=name).id for _ in range(3)]
    first = client.jobs(name=name, limit=2)
    second = client.jobs(name=name, limit=2, after=first["next"])
    assert (ids[::-1][:2], ids[::-1][2:]) == (
        [job["id"] for job in first["jobs"]],
        [job["id"] for job in second["jobs"]],
    )
    assert second["next"] is None


def test_a_job_is_found_by_its_name_and_by_last(client: Client, script: Callable[[str], Path]) -> None:
    name = fresh("found")
    job = client.submit(script("print(1)\n"), name=name)
    assert job.id == client.find(name)["id"] == client.find(job.id[:5])["id"]
    assert job.id == client.handle(name).id


class Twins(random.Random):
    """Draws ids that begin alike."""

    def choices(self, *_: Any, k: int = 1, **__: Any) -> list[Any]:
        return [*"twin", *super().choices("abcdefgh", k=k - 4)]


@pytest.fixture(scope="module")
def twins(clients: dict[str, Client], script: Callable[[str], Path]) -> list[str]:
    """Two jobs whose ids begin with ``twin``."""
    transport = clients["local"].transport
    assert isinstance(transport, LocalTransport)
    before, transport.site.rng = transport.site.rng, Twins(1)
    try:
        return sorted(clients["local"].submit(script("print(1)\n"), name="twin-job").id for _ in range(2))
    finally:
        transport.site.rng = before


def test_an_ambiguous_word_names_the_candidates(client: Client, twins: list[str]) -> None:
    with pytest.raises(AmbiguousJob) as caught:
        client.find("twin")
    assert all(one in str(caught.value) for one in twins)
    assert twins[0] == client.find(twins[0])["id"]


def test_waiting_ends_with_the_job_and_a_failure_is_raised_with_the_persons_traceback(
    client: Client, ended: dict[str, str]
) -> None:
    assert "succeeded" == client.wait(ended["good"], check=True)["state"]
    assert "failed" == client.wait(ended["bad"])["state"]
    with pytest.raises(JobFailed) as caught:
        client.wait(ended["bad"], check=True)
    assert caught.value.log.startswith("Traceback (most recent call last)")
    assert caught.value.log.endswith("ValueError: no such luck")
    assert "no such luck" in str(caught.value)
    assert ended["bad"] == caught.value.job["id"]


def test_waiting_sees_changes_and_gives_up_in_time(client: Client, script: Callable[[str], Path]) -> None:
    job = client.submit(script(LONG), name=fresh("long"))
    phases: list[str] = []
    with pytest.raises(TimeoutError, match="is still"):
        client.wait(job.id, timeout=0.2)
    running = threading.Event()

    def note(view: dict[str, Any]) -> None:
        phases.append(view["phase"])
        if view["phase"] == "running":
            running.set()

    waiter = threading.Thread(target=lambda: (client.wait(job.id, on_change=note), client.close()))
    waiter.start()
    try:
        assert running.wait(30)
        assert "begun\n" == next(client.follow(job.id))
    finally:
        job.kill()
    waiter.join(30)
    assert "canceled" == phases[-1] == job.state


def test_following_gives_the_whole_log_once(client: Client, script: Callable[[str], Path]) -> None:
    source = "import time\nfor i in range(5):\n    print('line', i, flush=True)\n    time.sleep(0.1)\n"
    job = client.submit(script(source), name=fresh("followed"))
    assert "".join(f"line {i}\n" for i in range(5)) == "".join(client.follow(job.id))


def test_any_number_of_jobs_can_be_asked(client: Client) -> None:
    results = client.act("cancel", *["aaaaaaaaaa"] * 10_001)
    assert [False] * 10_001 == [one["ok"] for one in results]
    with pytest.raises(InvalidSpec):
        client.act("cancel")


def test_a_verb_that_the_state_does_not_allow_is_refused_for_its_job_only(
    client: Client, ended: dict[str, str], script: Callable[[str], Path]
) -> None:
    job = client.submit(script(LONG), name=fresh("victim"))
    refused, granted = client.act("kill", ended["good"], job.id)
    assert (False, "illegal_verb", True) == (refused["ok"], refused["problem"]["code"], granted["ok"])
    assert "canceled" == job.wait(30).state
    with pytest.raises(IllegalVerb):
        client.cancel(ended["good"])


def test_what_a_job_kept_is_a_path_and_a_value(client: Client, ended: dict[str, str]) -> None:
    handle = client.handle(ended["good"])
    assert ["result.json"] == handle.artifacts
    assert handle.path("result.json").is_file()
    assert {"folder"} == set(handle.load("result.json"))
    with pytest.raises(NotFound, match=r"result\.jsn") as caught:
        handle.path("result.jsn")
    assert "Did you mean 'result.json'?" == caught.value.hint


def test_where_the_files_are_elsewhere_they_are_fetched_once(
    clients: dict[str, Client], ended: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    from jupyter_training.settings import Settings

    far = Client(settings=Settings(home=tmp_path / "another"), transport=clients["unix"].transport)
    handle = far.handle(ended["good"])
    path = handle.path("result.json")
    assert path.is_relative_to(tmp_path / "cache")
    written = path.stat().st_mtime_ns
    assert (path, written) == (handle.path("result.json"), path.stat().st_mtime_ns)


async def _both(*handles: Any) -> list[Any]:
    import asyncio

    async def one(handle: Any) -> Any:
        return await handle

    return await asyncio.gather(*(one(handle) for handle in handles))


def test_a_handle_can_be_awaited(client: Client, script: Callable[[str], Path], ended: dict[str, str]) -> None:
    import asyncio

    job = client.submit(script("print(1)\n"), name=fresh("awaited"))
    found = asyncio.run(_both(job, client.handle(ended["good"])))
    assert ["succeeded", "succeeded"] == [handle.state for handle in found]
    assert f"<Job {job.name} {job.id}: succeeded>" == repr(job)


def test_more_of_a_log_is_waited_for(client: Client, script: Callable[[str], Path], tmp_path: Path) -> None:
    go = tmp_path / "go"
    source = (
        f"import os, time\nprint('one', flush=True)\nwhile not os.path.exists({str(go)!r}):\n    time.sleep(0.01)\n"
    )
    job = client.submit(script(source + "print('two')\n"), name=fresh("waited"))
    log = f"jobs/{job.id}/logs"
    assert "one\n" == client.transport.request("GET", log, query={"wait": 30}).json["text"]
    go.touch()
    assert "two\n" == client.transport.request("GET", log, query={"offset": 4, "wait": 30}).json["text"]
    end = client.transport.request("GET", log, query={"offset": 8, "wait": 30}).json
    assert ("", True) == (end["text"], end["end"])


def test_a_job_s_cell_can_be_had(client: Client, ended: dict[str, str]) -> None:
    assert "Client().submit(" in client.cell(ended["good"])
