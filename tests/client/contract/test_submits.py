"""One contract, three transports: what is submitted or only planned over each of them comes to the same."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from jupyter_training.client import submission
from jupyter_training.client.client import Client
from jupyter_training.errors import (
    InvalidRequest,
    KeyReused,
    NotFound,
    TrainingError,
)
from tests.client.contract.speaking import GOOD, LONG, fresh
from tests.client.places import WAYS

pytestmark = pytest.mark.processes


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
