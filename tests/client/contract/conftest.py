"""One store with a client for each way to it, and with a job that succeeded and one that failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jupyter_training.client.client import Client
from tests.client.contract.speaking import BAD, GOOD, fresh
from tests.client.places import WAYS, fresh_home, ways


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
        path = folder / f"{fresh('script').replace('-', '_')}.py"
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
