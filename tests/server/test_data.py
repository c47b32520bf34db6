"""Values that go along are kept once, whole or not at all, and only for who may."""

from __future__ import annotations

import http.client
import os
import socket
from collections.abc import Iterator
from hashlib import sha256
from urllib.parse import urlsplit

import pytest

from jupyter_training.services import data
from tests.server.house import API, House, eventually, house, wish

CONTENT = os.urandom(3_000_000)
HASH = sha256(CONTENT).hexdigest()


@pytest.fixture
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("data") / "home") as living:
        living.get("info")
        yield living


def kept(living: House) -> list[str]:
    folder = living.settings.data
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_a_value_is_kept_once(living: House) -> None:
    assert 404 == living.ask("GET", f"data/{HASH}").status
    first = living.ask("PUT", f"data/{HASH}", raw=CONTENT)
    assert (201, {"sha256": HASH, "size": len(CONTENT), "created": True}) == (first.status, first.json)
    again = living.ask("PUT", f"data/{HASH}", raw=CONTENT)
    assert (200, False) == (again.status, again.json["created"])
    assert {"sha256": HASH, "size": len(CONTENT), "created": False} == living.get(f"data/{HASH}")
    path = living.settings.data / HASH
    assert CONTENT == path.read_bytes()
    assert 0o600 == path.stat().st_mode & 0o777
    assert [HASH] == kept(living)


def test_an_empty_value_is_one_too(living: House) -> None:
    empty = sha256().hexdigest()
    assert (201, 0) == ((answer := living.ask("PUT", f"data/{empty}", raw=b"")).status, answer.json["size"])


def test_what_is_not_what_its_address_says_is_refused(living: House) -> None:
    refused = living.ask("PUT", f"data/{HASH}", raw=CONTENT[:-1])
    assert (400, "invalid_request") == (refused.status, refused.json["code"])
    assert "another SHA-256" in refused.json["detail"]
    assert [] == kept(living)


@pytest.mark.parametrize("address", ["data/abc", f"data/{HASH.upper()}", "data/..%2F..%2Fjobs.sqlite", "data/"])
def test_an_address_that_is_no_hash_is_none(living: House, address: str) -> None:
    assert {404} == {living.ask("PUT", address, raw=b"x").status, living.ask("GET", address).status}
    assert [] == kept(living)


def test_more_than_the_limit_is_refused_and_leaves_nothing(living: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "LIMIT", 2_000_000)
    refused = living.ask("PUT", f"data/{HASH}", raw=CONTENT)
    assert (413, "too_large") == (refused.status, refused.json["code"])
    assert [] == kept(living)


def test_what_is_announced_as_too_large_is_not_even_begun(living: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "LIMIT", 2_000_000)
    assert 413 == living.ask("PUT", f"data/{HASH}", raw=CONTENT).status
    assert not living.settings.data.exists()


def test_without_a_length_the_limit_holds_too(living: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "LIMIT", 2_000_000)
    parts = urlsplit(living.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    pieces = (CONTENT[start : start + 500_000] for start in range(0, len(CONTENT), 500_000))
    headers = {"Authorization": f"token {living.token}", "Transfer-Encoding": "chunked"}
    connection.request("PUT", f"/{API}data/{HASH}", pieces, headers, encode_chunked=True)
    assert 413 == connection.getresponse().status
    connection.close()
    assert [] == kept(living)


@pytest.mark.parametrize("length", ["-1", "abc", "1_0", "9" * 40])
def test_a_length_that_is_none_keeps_nothing_and_breaks_nothing(living: House, length: str) -> None:
    parts = urlsplit(living.url)
    head = f"PUT /{API}data/{HASH} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: token {living.token}\r\n"
    with socket.create_connection((parts.hostname or "", parts.port or 0)) as line:
        line.sendall(f"{head}Content-Length: {length}\r\nConnection: close\r\n\r\nabc".encode())
        line.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := line.recv(65536):
            answer += piece
    assert b" 500 " not in answer.partition(b"\r\n")[0]
    eventually(lambda: not kept(living), what="nothing is left")
    assert 200 == living.ask("GET", "info").status


def test_a_value_may_be_larger_than_other_bodies(living: House) -> None:
    """Four megabytes are the limit of a request that stands in memory."""
    large = CONTENT * 4
    assert 201 == living.ask("PUT", f"data/{sha256(large).hexdigest()}", raw=large).status


def test_nothing_is_written_for_who_has_no_token(living: House) -> None:
    refused = living.ask("PUT", f"data/{HASH}", raw=CONTENT, token=False)
    assert 403 == refused.status
    assert not living.settings.data.exists()


def test_nothing_is_written_for_who_may_not_write(living: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        living.app.authorizer, "is_authorized", lambda handler, user, action, resource: action == "read"
    )
    assert 403 == living.ask("PUT", f"data/{HASH}", raw=CONTENT).status
    assert not living.settings.data.exists()


def test_an_upload_that_breaks_off_leaves_nothing(living: House) -> None:
    parts = urlsplit(living.url)
    head = f"PUT /{API}data/{HASH} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: token {living.token}\r\n"
    line = socket.create_connection((parts.hostname or "", parts.port or 0))
    try:
        line.sendall(f"{head}Content-Length: {len(CONTENT)}\r\n\r\n".encode() + CONTENT[:2_000_000])
        eventually(lambda: kept(living), what="the upload has begun")
    finally:
        line.close()
    eventually(lambda: not kept(living), what="nothing is left of it")
    assert 404 == living.ask("GET", f"data/{HASH}").status


def test_a_submit_names_only_what_was_sent(living: House) -> None:
    taken = [{"name": "X", "kind": "npy", "sha256": HASH, "size": len(CONTENT), "words": "array 3 x 1"}]
    refused = living.ask("POST", "jobs", body=wish(data=taken))
    assert (422, "data[0]") == (refused.status, refused.json["errors"][0]["key"])
    assert f"PUT data/{HASH}" in refused.json["hint"]
    living.ask("PUT", f"data/{HASH}", raw=CONTENT)
    assert 422 == living.ask("POST", "jobs", body=wish(data=[{**taken[0], "size": 7}])).status
    assert 422 == living.ask("POST", "jobs", body=wish(data=taken * 2)).status
    job = living.ask("POST", "jobs", body=wish(data=taken)).json["job"]
    assert [{"name": "X", "kind": "npy", "words": "array 3 x 1", "size": len(CONTENT)}] == job["data"]
