"""Code that is tried holds no thread that answers others, and ends when whoever asked has left."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.server.house import API, House, eventually, house, wish

pytestmark = pytest.mark.processes

SLEEPS = "import time\ntime.sleep(600)\n"


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("rehearsals") / "home") as living:
        yield living


def asked(living: House, code: str) -> http.client.HTTPConnection:
    """A connection on which a test was asked for."""
    parts = urlsplit(living.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    body = json.dumps(wish(files=[{"path": "train.py", "text": code}]))
    connection.request("POST", f"{parts.path}{API}rehearsals", body, {"Authorization": f"token {living.token}"})
    return connection


def places(living: House) -> list[Any]:
    root = living.settings.rehearsals
    return [one for one in root.glob("*") if not one.name.startswith(".")]


def test_the_answer_says_what_became_of_it(living: House) -> None:
    answer = living.ask("POST", "rehearsals", body=wish())
    assert (200, True) == (answer.status, answer.json["ok"])
    assert ["import", "train", "report", "checkpoint", "restore"] == [step["name"] for step in answer.json["steps"]]
    assert [] == living.get("jobs")["jobs"]


def test_others_are_answered_meanwhile_and_it_ends_when_its_reader_leaves(living: House) -> None:
    connection = asked(living, SLEEPS)
    try:
        eventually(lambda: list(living.settings.rehearsals.glob("*/spool/*/1/started")), what="the code runs")
        assert living.get("info")["store"]
        second = living.ask("POST", "rehearsals", body=wish())
        assert (409, "refused") == (second.status, second.json["code"])
    finally:
        connection.close()
    eventually(lambda: not places(living), within=30, what="its place is gone")
