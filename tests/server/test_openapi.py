"""The description is right: what it says is served, what is served keeps to it, and nothing breaks the server."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from jupyter_training.server import openapi
from jupyter_training.services.api import OPERATIONS
from tests.server.house import API, House, house

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]
SCHEMA = schemathesis.openapi.from_dict(openapi.document())
DESCRIBED = {f"{one.ok().method.upper()} {one.ok().path}": one.ok() for one in SCHEMA.get_all_operations()}


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("openapi") / "home") as living:
        yield living


@pytest.fixture(scope="module")
def ran(living: House) -> str:
    """A job that has attempts, points and an output."""
    job = living.submit(name="ran")
    script = living.dispatching()
    script.run(job)
    script.report(job, 1, loss=0.5)
    output = living.settings.outputs / job / "model.bin"
    output.parent.mkdir(parents=True)
    output.write_bytes(b"model")
    script.end(job)
    return job


def test_every_operation_of_the_table_is_described() -> None:
    assert {f"{one.method} /{one.path}" for one in OPERATIONS} == set(DESCRIBED)


@pytest.mark.parametrize(
    ("label", "mode"),
    [(label, GenerationMode.POSITIVE) for label in sorted(DESCRIBED)]
    # Where nothing is sent, or a name and nothing else, nothing can be sent wrongly.
    + [
        (label, GenerationMode.NEGATIVE)
        for label in sorted(DESCRIBED)
        if label
        not in (
            "GET /info",
            "GET /light",
            "GET /pools",
            "GET /searchers",
            "GET /spaces/{updater}",
            "DELETE /pools/{pool}",
        )
    ],
)
def test_whatever_is_sent_the_server_keeps_to_its_word(
    living: House, ran: str, label: str, mode: GenerationMode
) -> None:
    """Requests made from the description, and broken ones; each answer is checked against the description."""

    @settings(
        max_examples=25,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=DESCRIBED[label].as_strategy(generation_mode=mode), known=st.booleans())
    def send(case: schemathesis.Case, known: bool) -> None:
        if known and "job" in case.path_parameters:
            case.path_parameters["job"] = ran
        if "wait" in case.query:
            case.query["wait"] = 0.01
        case.call_and_validate(
            base_url=living.url + API.rstrip("/"), headers={"Authorization": f"token {living.token}"}, checks=CHECKS
        )

    send()


def test_the_document_is_served_as_it_is_printed(living: House) -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "jupyter_training.server.openapi"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    served = living.ask("GET", "openapi.json")
    assert printed == served.content.decode()
    assert "application/json" == served.headers["content-type"]
    assert printed == json.dumps(json.loads(printed), indent=2, sort_keys=True) + "\n"
    assert "3.1.0" == json.loads(printed)["openapi"]


def test_answers_always_have_the_keys_that_requests_may_leave_out() -> None:
    """Clients in TypeScript rely on it: a view's defaulted keys are required, a request's are not."""
    schemas = openapi.document()["components"]["schemas"]
    assert {"changes", "jobs"} <= set(schemas["ChangeMessage"]["required"])
    assert {"key", "entry", "files"} == set(schemas["SubmitRequest"]["required"])


def test_the_page_that_draws_it_fetches_nothing_from_elsewhere(living: House) -> None:
    page = living.ask("GET", "docs")
    assert (200, "text/html; charset=utf-8") == (page.status, page.headers["content-type"])
    text = page.content.decode()
    assert not re.search(r"(?:https?:)?//", text), text
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    assert {"default-src": "'none'", "script-src": "'self'", "connect-src": "'self'"}.items() <= policy.items()
    assert not re.search(r"https?:|//", policy["style-src"] + policy["img-src"])

    links = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert 4 <= len(links)
    kinds = {".js": "text/javascript", "css": "text/css", "png": "image/png", "son": "application/json"}
    for link in links:
        found = living.ask("GET", link.lstrip("/"), below="")
        assert (200, kinds[link[-3:]]) == (found.status, found.headers["content-type"].partition(";")[0]), link
        assert found.content

    start = living.ask("GET", "docs/start.js").content.decode()
    assert "validatorUrl: null" in start
    assert "http" not in start
