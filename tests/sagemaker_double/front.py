"""What stands before moto: it tells the operation of each request, lets it meet its faults, and notes it."""

from __future__ import annotations

import io
import json
import re
import socket
import time
import urllib.parse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from tests.sagemaker_double.faults import Calls, Rule, Switches
from tests.sagemaker_double.host import CONTAINER_KEY
from tests.sagemaker_double.storage import MOTO
from tests.sagemaker_double.surroundings import products

__all__ = ["Front"]

Start = Callable[..., Any]
Control = Callable[[str, str, dict[str, Any]], Any]


@dataclass(frozen=True)
class Call:
    """What is asked, of whom, about what, by whom."""

    service: str
    region: str
    operation: str
    about: str
    by: str
    request: dict[str, Any]


class Front:
    """The WSGI application."""

    def __init__(self, switches: Switches, calls: Calls, control: Control) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._switches = switches
        self._calls = calls
        self._control = control

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        body = _body(environ)
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ.update({"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))})
        if environ["PATH_INFO"].startswith("/double/"):
            return self._controlled(environ, body, start)
        call = recognise(environ, body)
        if call.by == "container":
            return self._passed(environ, call, body, start)
        rule = self._switches.meets(call.service, call.operation, call.about)
        if rule is None and not self._switches.may_pass(call.region, call.operation):
            rule = Rule(call.operation, "throttle")
        if rule is not None:
            return self._met(rule, environ, call, body, start)
        return self._passed(environ, call, body, start)

    def _met(self, rule: Rule, environ: dict[str, Any], call: Call, body: bytes, start: Start) -> Iterable[bytes]:
        if rule.fault in {"lost", "late"}:
            answered = self._passed(environ, call, body, start if rule.fault == "late" else _unheard, also=rule.fault)
            if rule.fault == "late":
                self._switches.wait(rule.seconds)
                return answered
            return _hang_up(environ)
        self._note(call, rule.fault)
        if rule.fault in {"hang", "broken"}:
            self._switches.wait(rule.seconds if rule.fault == "hang" else 0)
            return _hang_up(environ)
        status, code, sentence = _refusal(rule.fault, call)
        kind, text = _written(call.service, code, sentence)
        start(
            f"{status} {code}", [("Content-Type", kind), ("Content-Length", str(len(text))), ("x-amzn-errortype", code)]
        )
        return [text]

    def _passed(
        self, environ: dict[str, Any], call: Call, body: bytes, start: Start, also: str | None = None
    ) -> Iterable[bytes]:
        seen: list[str] = []

        def noting(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            seen.append(next((v for k, v in headers if k.lower() == "x-amzn-errortype"), status.split(maxsplit=1)[0]))
            return start(status, headers, *more)

        if call.service == "pricing":
            text = json.dumps(products(body)).encode()
            noting("200 OK", [("Content-Type", "application/x-amz-json-1.1"), ("Content-Length", str(len(text)))])
            answer = [text]
        else:
            # moto is not made for several threads at once.
            with MOTO:
                answer = list(self._moto(environ, noting))
        self._note(call, f"{also}: {seen[-1]}" if also else seen[-1])
        return answer

    def _note(self, call: Call, outcome: str) -> None:
        self._calls.note(
            time=time.time(),
            service=call.service,
            operation=call.operation,
            about=call.about,
            by=call.by,
            outcome=outcome,
            request=call.request if call.service == "sagemaker" else {},
        )

    def _controlled(self, environ: dict[str, Any], body: bytes, start: Start) -> Iterable[bytes]:
        query = dict(urllib.parse.parse_qsl(environ.get("QUERY_STRING", "")))
        path = environ["PATH_INFO"].removeprefix("/double/")
        try:
            given = {**query, **(json.loads(body) if body else {})}
            status, answer = "200 OK", self._control(environ["REQUEST_METHOD"], path, given)
        except LookupError as missing:
            status, answer = "404 Not Found", {"error": str(missing)}
        except (TypeError, ValueError) as wrong:
            status, answer = "400 Bad Request", {"error": str(wrong)}
        text = json.dumps(answer, indent=1).encode()
        start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
        return [text]


def recognise(environ: dict[str, Any], body: bytes) -> Call:
    """What a request to an AWS service asks for."""
    query = urllib.parse.parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    signed = re.search(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
    key, region, service = signed.groups() if signed else ("", "us-east-1", "s3")
    if not signed and "X-Amz-Credential" in query:
        key, _, region, service, *_ = query["X-Amz-Credential"][0].split("/")
    by = "container" if key == CONTAINER_KEY else "caller"
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        request = json.loads(body or b"{}")
        about = next(
            (str(request[n]) for n in ("TrainingJobName", "NameContains", "logStreamName") if n in request), ""
        )
        return Call(service, region, target.rpartition(".")[2], about, by, request)
    if service != "s3":
        form = urllib.parse.parse_qs(body.decode("utf-8", "replace"))
        return Call(service, region, form.get("Action", ["?"])[0], "", by, {})
    path = urllib.parse.unquote(environ["PATH_INFO"]).lstrip("/")
    return Call("s3", region, _s3_operation(environ, path, set(query)), path, by, {})


def _s3_operation(environ: dict[str, Any], path: str, query: set[str]) -> str:
    method, of_object = environ["REQUEST_METHOD"], "/" in path.rstrip("/") if path else False
    if method == "GET":
        if not path:
            return "ListBuckets"
        if of_object:
            return "ListParts" if "uploadId" in query else "GetObject"
        return (
            "GetBucketLocation" if "location" in query else "ListObjectsV2" if "list-type" in query else "ListObjects"
        )
    if method == "HEAD":
        return "HeadObject" if of_object else "HeadBucket"
    if method == "PUT":
        if not of_object:
            return "CreateBucket"
        return (
            "CopyObject"
            if "HTTP_X_AMZ_COPY_SOURCE" in environ
            else "UploadPart"
            if "partNumber" in query
            else "PutObject"
        )
    if method == "POST":
        if "uploads" in query:
            return "CreateMultipartUpload"
        return (
            "CompleteMultipartUpload" if "uploadId" in query else "DeleteObjects" if "delete" in query else "PostObject"
        )
    if method == "DELETE":
        return "DeleteBucket" if not of_object else "AbortMultipartUpload" if "uploadId" in query else "DeleteObject"
    return method


def _refusal(fault: str, call: Call) -> tuple[int, str, str]:
    """HTTP status, code and words of a fault, as that service has them."""
    s3, query = call.service == "s3", call.service in {"sts", "iam"}
    if fault == "throttle":
        return (
            (503, "SlowDown", "Please reduce your request rate.")
            if s3
            else (
                400,
                "Throttling" if query else "ThrottlingException",
                "Rate exceeded",
            )
        )
    if fault == "expired":
        if s3:
            return 400, "ExpiredToken", "The provided token has expired."
        code = "ExpiredToken" if query else "ExpiredTokenException"
        return 403 if query else 400, code, "The security token included in the request is expired"
    if fault == "denied":
        sentence = (
            f"User: arn:aws:sts::123456789012:user/moto is not authorized to perform: {call.service}:{call.operation} "
            f"because no identity-based policy allows the {call.service}:{call.operation} action"
        )
        return (403, "AccessDenied", sentence) if s3 or query else (400, "AccessDeniedException", sentence)
    return 500, "InternalError" if s3 else "InternalFailure", "We encountered an internal error. Please try again."


def _written(service: str, code: str, sentence: str) -> tuple[str, bytes]:
    if service == "s3":
        text = f"<Error><Code>{code}</Code><Message>{sentence}</Message><RequestId>0</RequestId></Error>"
        return "application/xml", f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()
    if service in {"sts", "iam"}:
        text = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{sentence}</Message></Error>"
        return "text/xml", f"<ErrorResponse>{text}<RequestId>0</RequestId></ErrorResponse>".encode()
    return "application/x-amz-json-1.1", json.dumps({"__type": code, "message": sentence}).encode()


def _body(environ: dict[str, Any]) -> bytes:
    """All of it; a body in chunks ends by itself, any other must not be read past its length."""
    if "HTTP_TRANSFER_ENCODING" in environ:
        return environ["wsgi.input"].read()
    return environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))


def _unheard(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
    return lambda data: None


def _hang_up(environ: dict[str, Any]) -> Iterable[bytes]:
    """Break the connection without a word."""
    connection: socket.socket = environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("a fault")
