"""MLflow behind our login: on demand, one per home, streamed, and gone when nobody looks."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config

from jupyter_training.dispatch.wake import socket_folder
from jupyter_training.server.discovery import private_folder
from jupyter_training.server.record import RecordServer, Starting
from jupyter_training.settings import Settings
from tests.server.house import API, Answer, House, eventually, house

START = 180.0  # seconds; MLflow takes 15 to 40 on a machine that has nothing else to do
PAGE = {"Accept": "text/html"}


def with_option(**options: Any) -> Config:
    config = Config()
    config.TrainingApp.update(options)
    return config


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[House]:
    config = with_option(tracking_uri="https://mlflow.example/team")
    config.ServerApp.allow_unauthenticated_access = True
    with house(tmp_path / "home", config=config) as living:
        yield living


def login(living: House) -> dict[str, str]:
    """What a browser sends that is logged in."""
    return {"Cookie": living.ask("GET", "info").headers["set-cookie"].partition(";")[0]}


def kept(home: Path) -> list[int]:
    """The processes that have the home's record in their command line."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if os.fsencode(home) in words and (b"mlflow" in words or b"keeper.py" in words):
                found.append(int(folder.name))
    return found


def test_a_record_with_a_server_of_its_own_is_only_pointed_to(elsewhere: House) -> None:
    answer = elsewhere.ask("GET", "record/")
    assert (302, "https://mlflow.example/team") == (answer.status, answer.headers["location"])
    assert not (elsewhere.home / "run" / "record.lock").exists()


def test_nobody_is_pointed_to_it_with_its_password(tmp_path: Path) -> None:
    with house(tmp_path / "home", config=with_option(tracking_uri="https://ada:hunter2@mlflow.example/team")) as living:
        answer = living.ask("GET", "record/")
    assert (302, "https://mlflow.example/team") == (answer.status, answer.headers["location"])


@pytest.mark.processes
def test_a_password_of_its_database_stands_in_no_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of this Python a program that notes its words and its surroundings; as the keeper it is Python still."""
    noting = tmp_path / "noting"
    noting.write_text(
        "#!/bin/sh\n"
        f'printf "%s\\n" "$@" >> "{tmp_path}/words"\n'
        f'printenv MLFLOW_BACKEND_STORE_URI >> "{tmp_path}/told"\n'
        f'if [ "$1" = -I ]; then exec "{sys.executable}" "$@"; fi\n'
    )
    noting.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(noting))
    store = "postgresql://ada:hunter2@db.example/mlflow"
    server = RecordServer(Settings(home=tmp_path / "home", tracking_uri=store), logging.getLogger())

    async def started() -> None:
        assert isinstance(await server.state(), Starting)
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))  # until it has ended

    asyncio.run(started())
    words = (tmp_path / "words").read_text()
    assert (True, False) == ("mlflow\nserver\n" in words, "hunter2" in words)
    assert [store, store] == (tmp_path / "told").read_text().split()  # the keeper, and MLflow by it


def test_without_the_slash_it_is_led_there(elsewhere: House) -> None:
    answer = elsewhere.ask("GET", "record?x=1")
    assert (302, f"/{API}record/?x=1") == (answer.status, answer.headers["location"])


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "{own}"},
        {"Origin": "{own}"},
    ],
)
def test_its_own_page_may_post_without_the_xsrf_token(elsewhere: House, headers: dict[str, str]) -> None:
    sent = {name: value.format(own=elsewhere.url.rstrip("/")) for name, value in headers.items()}
    answer = elsewhere.ask("POST", "record/ajax-api/x", token=False, headers=login(elsewhere) | sent, raw=b"{}")
    assert 302 == answer.status


def test_other_sites_may_link_to_it_and_not_include_it(elsewhere: House) -> None:
    cross = login(elsewhere) | {"Sec-Fetch-Site": "cross-site"}
    linked = elsewhere.ask("GET", "record/", token=False, headers=cross | {"Sec-Fetch-Mode": "navigate"})
    included = elsewhere.ask("GET", "record/x.js", token=False, headers=cross | {"Sec-Fetch-Mode": "no-cors"})
    assert (302, 403) == (linked.status, included.status)


@pytest.mark.slow
@pytest.mark.processes
@pytest.mark.timeout(400)
def test_mlflow_from_the_first_look_to_the_last(tmp_path: Path) -> None:
    """One story, since each start of MLflow takes half a minute."""
    home = tmp_path / "home"
    with house(home, base_url="/user/ada/", config=with_option(record_idle_exit=4.0)) as living:
        assert [] == kept(home)
        starts(living)
        is_closed_to_others(living)
        shows_its_page_and_what_that_needs(living)
        run = answers_its_page(living)
        streams_what_was_kept(living, run)
        is_shared_with_the_homes_other_servers(living, tmp_path)
        eventually(lambda: not kept(home), within=60, what="it is gone when nobody looks")
        assert 202 == living.ask("GET", "record/", headers=PAGE).status
        assert kept(home)
    eventually(lambda: not kept(home), within=30, what="it ends with its server")
    assert not (socket_folder(living.settings) / "record.sock").exists()


def starts(living: House) -> None:
    page = living.ask("GET", "record/", headers=PAGE)
    assert (202, True) == (page.status, b"MLflow is starting" in page.content)
    (nonce,) = re.findall(r"'nonce-([^']+)'", page.headers["content-security-policy"])
    assert f'<script nonce="{nonce}">setTimeout(() => location.reload()'.encode() in page.content
    program = living.ask("GET", "record/ajax-api/2.0/mlflow/experiments/get?experiment_id=0")
    assert (503, "2", "unavailable") == (program.status, program.headers["retry-after"], program.json["code"])
    eventually(lambda: 202 != living.ask("GET", "record/", headers=PAGE).status, within=START, what="MLflow is ready")


def is_closed_to_others(living: House) -> None:
    """MLflow opens its socket to all; the folder around it is ours alone, and the socket soon is."""
    folder = socket_folder(living.settings)
    assert 0o700 == stat.S_IMODE(folder.stat().st_mode)
    eventually(lambda: 0o600 == stat.S_IMODE((folder / "record.sock").stat().st_mode))


def shows_its_page_and_what_that_needs(living: House) -> None:
    page = living.ask("GET", "record/", headers=PAGE)
    assert (200, True) == (page.status, b"<title>MLflow</title>" in page.content)
    assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
    assert "x-frame-options" not in page.headers
    (script,) = re.findall(rb'src="([^"]+)"', page.content)
    found = living.ask("GET", f"record/{script.decode()}")
    assert (200, int(found.headers["content-length"])) == (found.status, len(found.content))
    assert 1_000_000 < len(found.content)
    assert (
        304 == living.ask("GET", f"record/{script.decode()}", headers={"If-None-Match": found.headers["etag"]}).status
    )
    head = living.ask("HEAD", f"record/{script.decode()}")
    assert (200, b"", found.headers["content-length"]) == (head.status, head.content, head.headers["content-length"])


def post(living: House, path: str, **body: Any) -> Any:
    """As MLflow's page does: with the login cookie, from this origin, without Jupyter's XSRF token."""
    headers = login(living) | {"Content-Type": "application/json", "Origin": living.url.partition("/user")[0]}
    answer = living.ask("POST", f"record/ajax-api/2.0/mlflow/{path}", token=False, headers=headers, body=body)
    assert 200 == answer.status, answer
    return answer.json


def answers_its_page(living: House) -> str:
    experiment = post(living, "experiments/create", name="digits")["experiment_id"]
    run: str = post(living, "runs/create", experiment_id=experiment, start_time=1)["run"]["info"]["run_id"]
    found = post(living, "runs/search", experiment_ids=[experiment])["runs"]
    assert [run] == [one["info"]["run_id"] for one in found]
    secret = living.ask("GET", f"record/ajax-api/2.0/mlflow/runs/get?run_id={run}&token={living.token}", token=False)
    assert 200 == secret.status
    assert living.token not in (living.home / "logs" / "record.log").read_text()
    assert 404 == living.ask("GET", "record/%2e%2e/%2e%2e/jobs.sqlite").status
    return run


def streams_what_was_kept(living: House, run: str) -> None:
    content = os.urandom(3_000_000)
    assert 200 == upload(living, run, "weights.bin", content).status
    artifact = f"record/get-artifact?run_uuid={run}&path="
    assert content == living.ask("GET", f"{artifact}weights.bin").content
    assert 200 == upload(living, run, "page.html", b"<script>1</script>").status
    page = living.ask("GET", f"{artifact}page.html")
    assert b"<script>1</script>" == page.content
    assert page.headers["content-security-policy"].startswith("sandbox")


def upload(living: House, run: str, name: str, content: bytes) -> Answer:
    path = f"record/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run}&path={name}"
    return living.ask("POST", path, raw=content, headers={"Content-Type": "application/octet-stream"})


def is_shared_with_the_homes_other_servers(living: House, tmp_path: Path) -> None:
    before = kept(living.home)
    with house(living.home, config=with_option(record_idle_exit=4.0)) as other:
        assert 200 == other.ask("GET", "record/", headers=PAGE).status
    assert set(before) == set(kept(living.home))


@pytest.mark.slow
@pytest.mark.processes
@pytest.mark.timeout(300)
def test_a_start_that_fails_says_how_and_can_be_tried_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with house(home, config=with_option(tracking_uri="nonsense://nowhere")) as living:
        private_folder(home / "logs")
        eventually(lambda: 202 != living.ask("GET", "record/", headers=PAGE).status, within=START, what="it has failed")
        page = living.ask("GET", "record/", headers=PAGE)
        assert (503, True) == (page.status, b"MLflow could not be started" in page.content)
        assert b"nonsense" in page.content
        program = living.ask("GET", "record/")
        assert (503, True) == (program.status, "MLflow ended with status" in json.loads(program.content)["detail"])
        again = living.ask("GET", "record/?again", headers=PAGE)
        assert (302, f"/{API}record/") == (again.status, again.headers["location"])
        assert 202 == living.ask("GET", "record/", headers=PAGE).status
    eventually(lambda: not kept(home), within=30, what="it ends with its server")
