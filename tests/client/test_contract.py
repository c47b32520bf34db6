"""One contract, three transports: what is asked over HTTP, a Unix socket or in-process gets the same answer."""

from __future__ import annotations

import hashlib
import itertools
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.client import submission
from jupyter_training.client.client import Client
from jupyter_training.client.local import LocalTransport
from jupyter_training.errors import (
    AmbiguousJob,
    IllegalVerb,
    InvalidRequest,
    InvalidSpec,
    InvalidUsage,
    JobFailed,
    KeyReused,
    NotFound,
    TrainingError,
    UnknownJob,
    UnknownPool,
)
from tests.client.places import WAYS, fresh_home, ways

pytestmark = pytest.mark.processes

_number = itertools.count()

GOOD = """
import json, os, sys
from jupyter_training import report, output
print("begin", *sys.argv[1:])
for step in range(3):
    report(step=step, loss=1 / (step + 1))
with open(output("result.json"), "w") as out:
    json.dump({"folder": os.getcwd()}, out)
print("done é")
"""
BAD = "def inner():\n    raise ValueError('no such luck')\n\n\nprint('before')\ninner()\n"
LONG = "import time\nprint('begun', flush=True)\ntime.sleep(600)\n"


def fresh(prefix: str = "name") -> str:
    return f"{prefix}-{next(_number)}"


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Client]]:
    folder = tmp_path_factory.mktemp("contract")
    with fresh_home() as home, ways(home, folder=folder) as found:
        found["local"].set_pool("local", slots=4)
        yield found


@pytest.fixture(params=WAYS)
def client(request: pytest.FixtureRequest, clients: dict[str, Client]) -> Client:
    found: Client = clients[request.param]
    return found


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("scripts")

    def written(source: str) -> Path:
        path = folder / f"script_{next(_number)}.py"
        path.write_text(source, "utf-8")
        return path

    return written


@pytest.fixture(scope="module")
def ended(clients: dict[str, Client], script: Callable[[str], Path]) -> dict[str, str]:
    """A job that succeeded and one that failed, by their ids."""
    good = clients["local"].submit(script(GOOD), "--fast", lr=0.1, name="contract-good")
    bad = clients["local"].submit(script(BAD), name="contract-bad")
    good.wait(60, check=True)
    bad.wait(60)
    return {"good": good.id, "bad": bad.id}


def answers(clients: dict[str, Client], ask: Callable[[Client], Any]) -> list[Any]:
    """What each way gives; an error as its kind and words."""
    found = []
    for name in WAYS:
        try:
            found.append(ask(clients[name]))
        except TrainingError as error:
            found.append((type(error), error.detail, error.hint, error.errors))
    return found


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


def test_a_submit_with_the_same_key_gives_the_first_job(client: Client, script: Callable[[str], Path]) -> None:
    path, key = script("print(1)\n"), fresh("a-key-for-this")
    first = client.submit(path, name="keyed", key=key)
    assert first.id == client.submit(path, name="keyed", key=key).id
    with pytest.raises(KeyReused):
        client.submit(path, name="other", key=key)


def test_fifty_submits_with_one_key_make_one_job(client: Client, script: Callable[[str], Path]) -> None:
    path, key = script("print(1)\n"), fresh("a-key-for-all")
    found: list[str] = []
    both = threading.Barrier(50)

    def submit() -> None:
        both.wait(30)
        found.append(client.submit(path, key=key).id)
        client.close()

    threads = [threading.Thread(target=submit) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (50, 1) == (len(found), len(set(found)))


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


def test_secrets_reach_the_job_and_nothing_that_is_shown(
    client: Client, script: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "open-sesame")
    source = "import os\nprint(os.environ['MY_TOKEN'][::-1], os.environ['GIVEN'])\n"
    job = client.submit(script(source), name=fresh("secret"), pass_env="MY_TOKEN", env={"GIVEN": "yes"})
    job.wait(60, check=True)
    assert "emases-nepo yes\n" == job.logs()
    assert "open-sesame" not in repr(job.view) + repr(client.jobs())
    assert ["MY_TOKEN"] == job.view["spec"]["environment"]["pass_env"]


def test_a_value_is_kept_whichever_way_it_came(client: Client, tmp_path: Path) -> None:
    content = fresh("value").encode() * 300_000
    file = tmp_path / "value.npy"
    file.write_bytes(content)
    address = f"data/{hashlib.sha256(content).hexdigest()}"
    with pytest.raises(NotFound):
        client.transport.request("GET", address)
    first, again = (client.transport.request("PUT", address, body=file) for _ in range(2))
    assert (201, 200) == (first.status, again.status)
    assert len(content) == client.transport.request("GET", address).json["size"]
    with pytest.raises(InvalidRequest, match="another SHA-256"):
        client.transport.request("PUT", f"data/{'0' * 64}", body=file)


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


@pytest.mark.parametrize("way", WAYS)
def test_a_value_is_sent_from_its_file_and_only_when_it_is_not_there(
    clients: dict[str, Client], way: str, tmp_path: Path
) -> None:
    path = tmp_path / "value.npy"
    path.write_bytes(random.Random(way).randbytes(3_000_000))
    value = Value(hashlib.sha256(path.read_bytes()).hexdigest(), 3_000_000, path)
    assert [True, False] == [clients[way].put_data(value) for _ in range(2)]
    with pytest.raises(InvalidRequest, match="another SHA-256"):
        clients[way].put_data(Value("0" * 64, value.size, path))


@dataclass(frozen=True)
class Value:
    sha256: str
    size: int
    path: Path


def test_a_config_comes_back_with_its_places(client: Client) -> None:
    found = client.config("\npool: local\ntake: X, y\nparams: {lr: 0.1}\n")
    assert {"pool": "local", "take": ["X", "y"], "params": {"lr": 0.1}} == found["values"]
    assert {"pool": [2, 1], "take": [3, 1]} == {key: found["places"][key] for key in ("pool", "take")}


def test_a_plan_stores_nothing(client: Client, script: Callable[[str], Path]) -> None:
    name = fresh("planned")
    wish = submission.request(script(GOOD), (), {"lr": 0.1}, limit=10**6, name=name, backend="local", timeout="2h")
    plan = client.plan(wish)
    assert (name, "local", 7200, {"lr": 0.1}) == (
        plan["spec"]["name"],
        plan["pool"],
        plan["spec"]["timeout"],
        plan["spec"]["params"],
    )
    assert [] == client.jobs(name=name)["jobs"]


def test_an_equal_job_is_taken_where_that_is_asked_for(client: Client, script: Callable[[str], Path]) -> None:
    path, name = script(LONG), fresh("equal")
    first = client.submit(path, name=name)
    assert first.id == client.submit(path, name=name, if_exists="reuse").id
    with pytest.raises(TrainingError, match=first.id):
        client.submit(path, name=name, if_exists="error")
    second = client.submit(path, name=name)
    assert first.id != second.id
    client.kill(first.id, second.id)


def test_once_takes_a_job_that_has_succeeded(client: Client, script: Callable[[str], Path]) -> None:
    path, name = script("print(1)\n"), fresh("once")
    first = client.submit(path, name=name, wait=True)
    assert first.id == client.submit(path, name=name, once=True).id
    assert first.id != client.submit(path, name=name).id


def test_a_job_s_cell_can_be_had(client: Client, ended: dict[str, str]) -> None:
    assert "Client().submit(" in client.cell(ended["good"])
