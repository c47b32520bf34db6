"""The socket: a picture first, then everything that changes, once each, whatever the reader's pace."""

from __future__ import annotations

import asyncio
import socket as sockets
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tornado.httpclient import HTTPClientError

from jupyter_training.dispatch import wake
from jupyter_training.schema import ChangeMessage
from jupyter_training.server import feed
from tests.server.house import API, House, Socket, eventually, house, socket


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("changes") / "home") as living:
        living.get("info")
        yield living


def listen(living: House, follow: Callable[[Socket], Awaitable[Any]], query: str = "") -> Any:
    async def main() -> Any:
        async with socket(living, query) as reader:
            return await follow(reader)

    return asyncio.run(main())


async def until(reader: Socket, done: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    """The messages up to the one that is waited for."""
    messages = []
    while True:
        message = await reader.read()
        assert message is not None, "the socket closed"
        ChangeMessage.model_validate(message)
        messages.append(message)
        if done(message):
            return messages


def head(living: House) -> int:
    found: int = living.get("info")["head"]
    return found


def test_a_snapshot_comes_first_with_the_unfinished_and_the_newest_finished(tmp_path: Path) -> None:
    with house(tmp_path / "home") as living:
        snapshot_of(living)


def snapshot_of(living: House) -> None:
    assert [] == listen(living, Socket.read)["jobs"]
    waits, runs, ended = (living.submit(name=name) for name in ("waits", "runs", "ended"))
    script = living.dispatching()
    script.run(runs)
    script.run(ended)
    script.end(ended)
    message = listen(living, Socket.read)
    assert ("snapshot", head(living)) == (message["type"], message["n"])
    assert {waits: "queued", runs: "running", ended: "succeeded"} == {
        job["id"]: job["state"] for job in message["jobs"]
    }


def test_then_what_changes_with_the_jobs_it_touches(living: House) -> None:
    async def follow(reader: Socket) -> Any:
        first = await reader.read()
        job = await asyncio.to_thread(living.submit, name="later")
        return first, job, await reader.read()

    first, job, message = listen(living, follow)
    assert ("changes", first["n"] + 1) == (message["type"], message["n"])
    assert [("submitted", job)] == [(one["kind"], one["job"]) for one in message["changes"]]
    assert ["later"] == [one["name"] for one in message["jobs"]]


def test_what_other_processes_change_is_seen_too(living: House) -> None:
    """Facts come from the dispatcher, straight into the store."""
    job = living.submit()
    script = living.dispatching()

    async def follow(reader: Socket) -> Any:
        await reader.read()
        await asyncio.to_thread(script.run, job)
        wake.send(living.settings, "server")
        return await until(reader, lambda message: any(one["state"] == "running" for one in message["jobs"]))

    assert "running" == listen(living, follow)[-1]["jobs"][0]["state"]


def test_without_wake_ups_the_log_is_still_read(living: House) -> None:
    job = living.submit()
    script = living.dispatching()

    async def follow(reader: Socket) -> Any:
        await reader.read()
        await asyncio.to_thread(script.run, job)
        return await until(reader, lambda message: any(one["state"] == "running" for one in message["jobs"]))

    assert listen(living, follow)


def test_who_comes_back_with_a_cursor_misses_nothing_and_sees_nothing_twice(living: House) -> None:
    script = living.dispatching()

    async def main() -> tuple[int, list[int]]:
        seen: list[int] = []
        async with socket(living) as reader:
            cursor = start = (await reader.read())["n"]
        for _ in range(5):
            for _ in range(3):
                script.run(await asyncio.to_thread(living.submit))
            goal = await asyncio.to_thread(head, living)
            async with socket(living, f"?after={cursor}") as reader:
                for message in await until(reader, lambda message, goal=goal: message["n"] >= goal):  # type: ignore[misc]
                    assert "changes" == message["type"]
                    seen += [one["n"] for one in message["changes"]]
                    cursor = message["n"]
        return start, seen

    start, seen = asyncio.run(main())
    assert sorted(seen) == seen
    assert len(seen) == len(set(seen))
    # Of several changes of one kind to one job only the last is told; nothing else is left out.
    assert {"submitted", "state", "attempt"} <= kinds_since(living, start)
    assert max(seen) == head(living)
    assert 15 * 3 == len(seen)


def kinds_since(living: House, n: int) -> set[str]:
    message = listen(living, Socket.read, f"?after={n}")
    return {one["kind"] for one in message["changes"]}


def test_changes_of_one_kind_to_one_job_come_as_the_last_one(living: House) -> None:
    job = living.submit()
    script = living.dispatching()
    script.run(job)
    before = head(living)
    for step in range(20):
        script.report(job, step, loss=float(step))
    message = listen(living, Socket.read, f"?after={before}")
    assert [("points", before + 20)] == [(one["kind"], one["n"]) for one in message["changes"]]
    assert 19.0 == message["jobs"][0]["metrics"]["loss"]["last"]


def test_a_cursor_from_the_future_is_sent_back(living: House) -> None:
    async def follow(reader: Socket) -> Any:
        return await reader.read(), await reader.read()

    message, closed = listen(living, follow, "?after=999999")
    assert ("resync", head(living), None) == (message["type"], message["n"], closed)


def test_a_reader_too_far_behind_is_sent_back(living: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "LAG_LIMIT", 5)
    before = head(living)
    for _ in range(8):
        living.submit()

    async def follow(reader: Socket) -> Any:
        return await reader.read(), await reader.read()

    message, closed = listen(living, follow, f"?after={before}")
    assert ("resync", None) == (message["type"], closed)


def test_a_slow_reader_gets_one_late_message_and_no_queue(living: House) -> None:
    """It does not read while much happens: it then gets it in few messages, and others are not held up."""
    script = living.dispatching()
    job = living.submit(tags={"filler": "x" * 60_000})
    script.run(job)

    slow = raw_socket(living)
    try:
        for step in range(150):
            script.report(job, step, loss=float(step))
            if step % 10 == 0:
                wake.send(living.settings, "server")
                eventually(lambda step=step: living.extension.desk.feed.head >= head(living))  # type: ignore[union-attr,misc]
        snapshot = listen(living, Socket.read)
        assert 149.0 == next(one for one in snapshot["jobs"] if one["id"] == job)["metrics"]["loss"]["last"]
        received = drained(slow, last=b'"last":149.0')
    finally:
        slow.close()
    texts = received.count(b'"type":"changes"')
    assert 1 <= texts < 100


def raw_socket(living: House) -> sockets.socket:
    """A socket whose other end can hold little, and that nobody reads."""
    parts = urlsplit(living.url)
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    raw.settimeout(10)
    raw.connect((parts.hostname, parts.port))
    raw.sendall(
        f"GET /{API}changes HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: token {living.token}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    return raw


def drained(raw: sockets.socket, *, last: bytes) -> bytes:
    """Everything that comes, up to what is said last."""
    received = bytearray()
    while last not in received[-200_000:]:
        piece = raw.recv(1_000_000)
        assert piece, "the socket closed"
        received += piece
    return bytes(received)


def test_nobody_looks_at_the_log_when_nobody_listens(living: House) -> None:
    listen(living, Socket.read)
    assert living.extension.desk is not None
    shared = living.extension.desk.feed
    eventually(lambda: shared.listeners == 0 and (shared._looker is None or shared._looker.done()))


def test_sockets_share_one_look_and_one_message(living: House) -> None:
    async def main() -> list[Any]:
        async with socket(living) as one, socket(living) as two, socket(living) as three:
            readers = (one, two, three)
            await asyncio.gather(*(reader.read() for reader in readers))
            await asyncio.to_thread(living.submit)
            return await asyncio.gather(*(reader.read() for reader in readers))

    first, second, third = asyncio.run(main())
    assert first == second == third
    desk = living.extension.desk
    assert desk is not None
    eventually(lambda: desk.feed.listeners == 0)


@pytest.mark.parametrize("query", ["?after=-1", "?after=x", "?aftr=1", "?after=99999999999999999999"])
def test_a_bad_cursor_is_refused_before_the_upgrade(living: House, query: str) -> None:
    with pytest.raises(HTTPClientError) as refusal:
        listen(living, Socket.read, query)
    assert 400 == refusal.value.code


def test_an_address_for_sockets_says_so_to_others(living: House) -> None:
    assert 400 == living.ask("GET", "changes").status


def test_the_server_stops_with_sockets_open(tmp_path_factory: pytest.TempPathFactory) -> None:
    with house(tmp_path_factory.mktemp("stops") / "home") as living:
        raw = raw_socket(living)
        desk = living.extension.desk
        assert desk is not None
        eventually(lambda: desk.feed.listeners == 1)
    raw.close()


def test_the_first_picture_has_the_queue_in_its_order_and_the_counts_of_all(tmp_path: Path) -> None:
    with house(tmp_path / "home") as living:
        later, sooner, runs = (
            living.submit(name=name, priority=level) for name, level in (("a", 60), ("b", 7), ("c", 1))
        )
        script = living.dispatching()
        script.run(runs)
        message = listen(living, Socket.read)
    assert [runs, sooner, later] == [job["id"] for job in message["jobs"]]
    assert {"queued": 2, "running": 1} == message["counts"]


def test_each_message_counts_the_jobs_that_there_are(tmp_path: Path) -> None:
    with house(tmp_path / "home") as living:
        job = living.submit()
        script = living.dispatching()

        async def follow(reader: Socket) -> Any:
            first = await reader.read()
            await asyncio.to_thread(script.run, job)
            return first, (await until(reader, lambda message: message["counts"].get("running") == 1))[-1]

        first, last = listen(living, follow)
    assert ({"queued": 1}, {"running": 1}) == (first["counts"], last["counts"])


def test_a_figure_is_a_change_by_itself(tmp_path: Path) -> None:
    """The runtime keeps it as a file; that there is one comes with its note in the spool, without any point."""
    with house(tmp_path / "home") as living:
        job = living.submit()
        script = living.dispatching()
        script.run(job)
        picture = living.settings.outputs / job / "figures" / "0002.png"

        async def follow(reader: Socket) -> Any:
            first = await reader.read()
            picture.parent.mkdir(parents=True)
            picture.with_name("0001.png").write_bytes(b"old")
            picture.write_bytes(b"picture")
            await asyncio.to_thread(script.show, job)
            return first, await reader.read()

        first, message = listen(living, follow)
    assert None is first["jobs"][0]["figure"]
    assert ["points"] == [one["kind"] for one in message["changes"]]
    figure = message["jobs"][0]["figure"]
    assert ("figures/0002.png", 7, "image/png") == (figure["name"], figure["size"], figure["type"])


def test_a_deleted_job_is_told_of_as_gone_and_counted_no_more(tmp_path: Path) -> None:
    with house(tmp_path / "home") as living:
        job = living.submit()
        script = living.dispatching()
        script.run(job)
        script.end(job)

        async def follow(reader: Socket) -> Any:
            first = await reader.read()
            body = {"verb": "delete", "jobs": [job]}
            await asyncio.to_thread(lambda: living.ask("POST", "verbs", body=body))
            return first, await reader.read()

        first, message = listen(living, follow)
    assert [job] == [one["id"] for one in first["jobs"]]
    assert [("gone", job)] == [(one["kind"], one["job"]) for one in message["changes"]]
    assert ([], {}) == (message["jobs"], message["counts"])
