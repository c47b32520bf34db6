"""The HTTP transport against a server that misbehaves on purpose: drops, stalls, answers that are not ours."""

from __future__ import annotations

import http.server
import json
import os
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.client.http import HttpTransport
from jupyter_training.errors import (
    Forbidden,
    Internal,
    InvalidRequest,
    InvalidSpec,
    InvalidUsage,
    NotFound,
    ServerUnreachable,
    TooLarge,
    Unavailable,
    UnknownJob,
)

Answering = Callable[["Handler"], None]


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers as the test's script says, one step for each request; the last step is repeated."""

    protocol_version = "HTTP/1.1"
    server: Server  # type: ignore[assignment]

    def do(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        self.server.seen.append(
            {
                "method": self.command,
                "path": self.path,
                "body": json.loads(body) if body else None,
                "token": self.headers.get("Authorization"),
                "connection": str(self.client_address),
            }
        )
        steps = self.server.steps
        (steps.pop(0) if len(steps) > 1 else steps[0])(self)

    do_GET = do_POST = do_PUT = do  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:
        pass

    def address_string(self) -> str:  # a Unix socket's peer has no address
        return "peer"


class Server(socketserver.ThreadingMixIn, socketserver.BaseServer):
    daemon_threads = True
    seen: list[dict[str, Any]]
    steps: list[Answering]

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


class TcpServer(Server, socketserver.TCPServer):
    pass


class UnixServer(Server, socketserver.UnixStreamServer):
    pass


def says(value: object, *, status: int = 200, kind: str = "application/json", close: bool = False) -> Answering:
    def answer(handler: Handler) -> None:
        content = value if isinstance(value, bytes) else json.dumps(value).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(content)))
        if close:
            handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def drops(handler: Handler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def answers_then_drops(value: object) -> Answering:
    """Keeps the connection alive by its words, and closes it in silence: what an idle server does."""

    def answer(handler: Handler) -> None:
        says(value)(handler)
        handler.wfile.flush()
        handler.close_connection = True

    return answer


@contextmanager
def serving(*steps: Answering, at: Path | None = None) -> Iterator[tuple[Server, HttpTransport]]:
    server: Server = UnixServer(str(at), Handler) if at else TcpServer(("127.0.0.1", 0), Handler)
    server.seen, server.steps = [], list(steps)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    if at:
        transport = HttpTransport(socket_path=str(at), token="secret")
    else:
        transport = HttpTransport(f"http://127.0.0.1:{server.server_address[1]}/base/", token="secret")
    try:
        yield server, transport
    finally:
        transport.close()
        server.shutdown()
        server.server_close()
        thread.join(10)


def test_a_request_carries_path_query_body_and_token() -> None:
    with serving(says({"ok": 1})) as (server, transport):
        answer = transport.request("POST", "jobs", query={"a": ["x y", "z"], "b": None, "c": True}, body={"k": [1]})
    assert ({"ok": 1}, 200) == (answer.json, answer.status)
    (seen,) = server.seen
    assert "/base/jupyter-training/api/v1/jobs?a=x+y&a=z&c=true" == seen["path"]
    assert ({"k": [1]}, "token secret") == (seen["body"], seen["token"])


def test_the_connection_is_used_again() -> None:
    with serving(says({})) as (server, transport):
        for _ in range(3):
            transport.request("GET", "info")
    assert 1 == len({seen["connection"] for seen in server.seen})


def test_each_thread_has_its_own_connection() -> None:
    with serving(says({})) as (server, transport):
        both = threading.Barrier(2)

        def ask() -> None:
            both.wait(10)
            transport.request("GET", "info")
            both.wait(10)
            transport.close()

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert 2 == len(server.seen)


def test_a_unix_socket_serves_as_well(tmp_path: Path) -> None:
    with serving(says({"ok": 1}), at=tmp_path / "s") as (server, transport):
        assert {"ok": 1} == transport.request("GET", "info").json
    assert "/jupyter-training/api/v1/info" == server.seen[0]["path"]


def test_a_connection_that_an_idle_server_closed_is_no_error() -> None:
    with serving(answers_then_drops({"n": 1}), says({"n": 2})) as (_, transport):
        assert {"n": 1} == transport.request("GET", "info").json
        assert {"n": 2} == transport.request("GET", "info").json


@pytest.mark.parametrize(("method", "path"), [("GET", "jobs/x"), ("POST", "jobs"), ("POST", "verbs")])
def test_what_may_be_repeated_is_sent_again_after_a_drop(method: str, path: str) -> None:
    with serving(drops, says({"n": 2})) as (server, transport):
        assert {"n": 2} == transport.request(method, path, body={"key": "k"} if method == "POST" else None).json
    assert 2 == len(server.seen)


def test_what_may_not_be_repeated_is_sent_once() -> None:
    with serving(drops, says({})) as (server, transport), pytest.raises(ServerUnreachable):
        transport.request("PUT", "pools", body={})
    assert 1 == len(server.seen)


def test_a_server_that_always_drops_is_unreachable_after_the_second_time() -> None:
    with serving(drops) as (server, transport), pytest.raises(ServerUnreachable, match="closed the connection"):
        transport.request("GET", "info")
    assert 2 == len(server.seen)


def test_a_server_that_stalls_is_given_up_after_the_timeout() -> None:
    gate = threading.Event()
    with serving(lambda handler: gate.wait(20)) as (_, transport):
        try:
            with pytest.raises(ServerUnreachable, match="did not answer within 0 s"):
                transport.request("GET", "info", timeout=0.05)
        finally:
            gate.set()


def test_a_refusal_that_comes_before_all_was_sent_is_heard(tmp_path: Path) -> None:
    """A limit is told by the headers alone; who hangs up then resets the connection, with the answer before it."""
    (large := tmp_path / "large").write_bytes(bytes(8_000_000))
    refused = TooLarge("A context may have 100 MiB.").to_problem()

    def refuse(listener: socket.socket) -> None:
        line, _ = listener.accept()
        with line:
            line.recv(1024)
            content = json.dumps(refused).encode()
            head = (
                f"HTTP/1.1 413 No\r\nContent-Type: application/problem+json\r\nContent-Length: {len(content)}\r\n\r\n"
            )
            line.sendall(head.encode() + content)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=refuse, args=[listener])
        thread.start()
        transport = HttpTransport(f"http://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(TooLarge, match="100 MiB"):
            transport.request("PUT", "contexts/some", body=large)
        transport.close()
        thread.join(10)


def test_nobody_there_is_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ServerUnreachable, match=f"http://127.0.0.1:{port}/"):
        HttpTransport(f"http://127.0.0.1:{port}").request("GET", "info")
    with pytest.raises(ServerUnreachable, match="socket"):
        HttpTransport(socket_path=str(tmp_path / "none")).request("GET", "info")


def test_a_problem_document_is_its_error_again() -> None:
    problem = UnknownJob("There is no job 'x'.", hint="Look again.").to_problem()
    step = says(problem, status=404, kind="application/problem+json")
    with serving(step) as (_, transport), pytest.raises(UnknownJob, match="There is no job 'x'") as caught:
        transport.request("GET", "jobs/x")
    assert "Look again." == caught.value.hint


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, Forbidden),
        (401, Forbidden),
        (403, Forbidden),
        (404, NotFound),
        (405, InvalidRequest),
        (500, Internal),
        (502, Unavailable),
        (503, Unavailable),
    ],
)
@pytest.mark.parametrize("content", [b"<html>who knows</html>", b'{"message": "Because."}', b"", b"[]", b"\xff"])
def test_an_answer_that_is_not_ours_is_still_an_error_of_the_tree(
    status: int, kind: type[Exception], content: bytes
) -> None:
    with serving(says(content, status=status, kind="text/html")) as (_, transport), pytest.raises(kind) as caught:
        transport.request("GET", "info")
    assert kind is type(caught.value)


def test_json_that_is_none_is_an_error_and_bytes_come_as_they_are() -> None:
    with serving(says(b"not json")) as (_, transport), pytest.raises(Internal, match="not JSON"):
        transport.request("GET", "info")
    with serving(says(b"\x00\xff", kind="application/octet-stream")) as (_, transport):
        assert b"\x00\xff" == transport.request("GET", "jobs/x/artifacts/y").content


def test_a_body_that_json_has_no_word_for_is_refused_before_it_is_sent() -> None:
    with serving(says({})) as (server, transport):
        for body in ({"x": float("nan")}, {"x": {1, 2}}):
            with pytest.raises(InvalidSpec, match="can't travel"):
                transport.request("POST", "jobs", body=body)
    assert [] == server.seen


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_does_not_speak_on_its_parents_line() -> None:
    with serving(says({"n": 1})) as (server, transport):
        transport.request("GET", "info")
        child = os.fork()
        if child == 0:
            try:
                os._exit(0 if transport.request("GET", "info").json == {"n": 1} else 1)
            finally:
                os._exit(2)
        _, status = os.waitpid(child, 0)
        assert 0 == os.waitstatus_to_exitcode(status)
        assert {"n": 1} == transport.request("GET", "info").json
    connections = [seen["connection"] for seen in server.seen]
    assert connections[0] == connections[2] != connections[1]


@pytest.mark.parametrize("url", ["ftp://x/", "localhost:8888", "", "http://", "http://x:99999/", "http://x:port/"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidUsage):
        HttpTransport(url)


def test_the_token_is_in_no_repr_and_no_error() -> None:
    transport = HttpTransport("http://127.0.0.1:9/", token="very-secret")
    with pytest.raises(ServerUnreachable) as caught:
        transport.request("GET", "info")
    assert "very-secret" not in repr(transport) + str(caught.value) + repr(caught.value.__cause__)
