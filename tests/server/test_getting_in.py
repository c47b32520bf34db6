"""Nobody gets in: without a token, without permission, from another site, or by a crooked address."""

from __future__ import annotations

import asyncio
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from jupyter_server.auth import Authorizer
from jupyter_server.utils import JupyterServerAuthWarning
from tornado.httpclient import HTTPClientError
from traitlets.config import Config

from jupyter_training.services.api import OPERATIONS
from tests.server.house import API, House, Server, house, socket

VERBS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
ADDRESSES = sorted(
    {re.sub(r"\{\w+\}", "abcdefghij", one.path) for one in OPERATIONS}
    | {"", "changes", "openapi.json", "docs", "docs/start.js", "docs/swagger-ui.css", "record", "record/", "nothing"}
    | {"record/ajax-api/2.0/mlflow/runs/search", "record/get-artifact"}
)


class DenyAll(Authorizer):
    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return False


class ReadOnly(Authorizer):
    """Keeps what it was asked for, too."""

    asked: ClassVar[set[tuple[str, str]]] = set()

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        self.asked.add((action, resource))
        return action == "read"


def with_authorizer(kind: type[Authorizer]) -> Config:
    config = Config()
    config.ServerApp.authorizer_class = kind
    return config


@pytest.fixture(scope="module")
def open_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """As Jupyter comes: handlers without a decorator of their own would be open to all."""
    config = Config()
    config.ServerApp.allow_unauthenticated_access = True
    with house(tmp_path_factory.mktemp("open") / "home", config=config) as living:
        yield living


@pytest.fixture(scope="module")
def denied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("denied") / "home", config=with_authorizer(DenyAll)) as living:
        yield living


def refused_socket(living: House, **headers: str) -> int:
    async def attempt() -> int:
        try:
            async with socket(living, **headers):
                return 101
        except HTTPClientError as error:
            return error.code

    return asyncio.run(attempt())


@pytest.mark.parametrize("address", ADDRESSES)
def test_without_a_token_no_address_says_anything(open_house: House, address: str) -> None:
    answers = {verb: open_house.ask(verb, address, token=False) for verb in VERBS}
    assert {403} == {answer.status for answer in answers.values()}, answers
    assert not any(open_house.home.name.encode() in answer.content for answer in answers.values())


def test_with_a_wrong_token_neither(open_house: House) -> None:
    answer = open_house.ask("GET", "info", token=False, headers={"Authorization": "token guess"})
    assert (403, "forbidden") == (answer.status, answer.json["code"])


def test_without_a_token_there_is_no_socket(open_house: House) -> None:
    assert 403 == refused_socket(open_house, Authorization="")


@pytest.mark.parametrize("address", ADDRESSES)
def test_without_permission_each_verb_is_refused(denied: House, address: str) -> None:
    verbs = VERBS if not address.startswith(("docs", "openapi", "changes")) else ["GET"]
    assert dict.fromkeys(verbs, 403) == {verb: denied.ask(verb, address).status for verb in verbs}


def test_without_permission_there_is_no_socket(denied: House) -> None:
    assert 403 == refused_socket(denied)


def test_who_may_only_read_can_not_write_however_often_something_was_read(tmp_path: Path) -> None:
    """Jupyter's decorator remembers the first action it was asked for: verbs must not share one."""
    with house(tmp_path / "home", config=with_authorizer(ReadOnly)) as living:
        assert 200 == living.ask("GET", "jobs").status
        assert 403 == living.ask("POST", "jobs", body={}).status
        assert 403 == living.ask("PUT", "pools", body={"name": "local", "slots": 9}).status
        assert 200 == living.ask("GET", "pools").status
        assert 403 == living.ask("DELETE", "record/anything").status
        assert {("read", "jupyter_training"), ("write", "jupyter_training")} == ReadOnly.asked


def test_every_handler_says_who_may_come_in(tmp_path: Path) -> None:
    """Jupyter warns of handlers without a decorator when it is told to let nobody in unasked."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        server = Server(config=Config(), jpserver_extensions={"jupyter_training": True})
        server.allow_unauthenticated_access = False
        server.root_dir = str(tmp_path)
        server.config.TrainingApp.home = str(tmp_path / "home")
        server.initialize(argv=[], find_extensions=False, new_httpserver=False)
    assert [] == [str(one.message) for one in heard if issubclass(one.category, JupyterServerAuthWarning)]


def test_a_login_alone_does_not_write_without_the_xsrf_cookie(open_house: House) -> None:
    login = open_house.ask("GET", "info").headers["set-cookie"].partition(";")[0]
    assert (
        200 == open_house.ask("GET", "info", token=False, headers={"Cookie": login, "Referer": open_house.url}).status
    )
    answer = open_house.ask(
        "POST", "verbs", token=False, headers={"Cookie": login}, body={"verb": "kill", "jobs": ["x"]}
    )
    assert (403, True) == (answer.status, "_xsrf" in answer.json["detail"])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
)
def test_the_record_takes_no_post_from_other_sites(open_house: House, headers: dict[str, str], status: int) -> None:
    """With a login cookie alone; MLflow's page can't send the XSRF token, so the browser is asked."""
    login = open_house.ask("GET", "info").headers["set-cookie"].partition(";")[0]
    answer = open_house.ask("POST", "record/ajax-api/x", token=False, headers={"Cookie": login, **headers}, raw=b"{}")
    assert status == answer.status


CROOKED = [
    "jobs/../info",
    "jobs/..",
    "jobs/%2e%2e",
    "jobs/%2e%2e%2finfo",
    "jobs/%2E%2E%2F%2E%2E%2Fetc%2Fpasswd",
    "jobs/%252e%252e%252finfo",
    "jobs/..%5c..%5cinfo",
    "jobs/%2e%2e/metrics",
    "jobs/%00",
    "jobs/%ff%fe/logs",
    "jobs//logs",
    "jobs/abcdefghij%2f..%2finfo",
    "docs/../info",
    "docs/%2e%2e%2fapp.py",
    "docs/..%2f..%2fsettings.toml",
    "docs/%252e%252e%252fapp.py",
    "openapi.json/",
    "infox",
]


@pytest.mark.parametrize("address", CROOKED)
def test_crooked_addresses_find_nothing(open_house: House, address: str) -> None:
    answer = open_house.ask("GET", address)
    assert 404 == answer.status, answer


@pytest.mark.parametrize(
    "artifact", ["..", "%2e%2e%2f%2e%2e%2fjobs.sqlite", "%252e%252e%252fjobs.sqlite", "%2fetc%2fpasswd"]
)
def test_crooked_artifact_ids_find_nothing(open_house: House, artifact: str) -> None:
    job = open_house.submit()
    kept = open_house.settings.outputs / job / "model.bin"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"model")
    assert 404 == open_house.ask("GET", f"jobs/{job}/artifacts/{artifact}").status


def test_an_address_without_the_root_is_not_ours(open_house: House) -> None:
    assert 404 == open_house.ask("GET", f"x/{API}info", below="").status
