"""The services in this very process, behind the same protocol as a server. For the command line and tests.

Not on the light side: this module needs all that the server needs.
"""

from __future__ import annotations

import getpass
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from pydantic import BaseModel, ValidationError

from jupyter_training.client.transport import Answer, encoded, query_pairs
from jupyter_training.errors import InvalidSpec, NotFound
from jupyter_training.services import api, jobs
from jupyter_training.services.site import Site
from jupyter_training.services.submit import problems_of
from jupyter_training.settings import Settings

__all__ = ["LocalTransport"]

_LOOK_EVERY = 0.1  # seconds between looks at a job that is waited for


class LocalTransport:
    """Answers requests from the home itself. Opens it at once, so that a store that can't be used says so here."""

    def __init__(self, settings: Settings, *, user: str | None = None, site: Site | None = None) -> None:
        self.place = f"the store in {settings.home}"
        self.site = site or Site.open(settings)
        self._user = user or getpass.getuser()

    def __repr__(self) -> str:
        return f"LocalTransport({self.site.settings.home})"

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: object = None,
        timeout: float | None = None,
    ) -> Answer:
        operation, parts = _operation(method, path)
        # Through texts and JSON, as over a line: what one transport refuses the other does too.
        wanted = _checked(operation.query, _collected(operation.query, query or {}), "query")
        request = _checked(operation.request, json.loads(encoded(body)), "request")
        if operation.name == "job" and wanted.wait:
            self._settle(parts["job"], wanted)
        found = operation.call(self.site, self._user, parts, wanted, request)
        if operation.response is None:
            file, view = found
            with file:
                return Answer(200, {"content-type": view.type}, content=file.read())
        status = 201 if operation.name == "submit" and found.created else 200
        return Answer(status, {"content-type": "application/json"}, json=found.model_dump(mode="json"))

    def close(self) -> None:
        self.site.close()

    def _settle(self, job: str, wanted: jobs.ShowQuery) -> None:
        """Return once there is news of the job, or the wait is over."""
        deadline = time.monotonic() + wanted.wait
        while not jobs.settled(jobs.known(self.site, job), wanted.after):
            left = deadline - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(_LOOK_EVERY, left))


def _operation(method: str, path: str) -> tuple[api.Operation, dict[str, str]]:
    words = path.split("/")
    for operation in api.OPERATIONS:
        pattern = operation.path.split("/")
        if operation.method == method and len(pattern) == len(words):
            parts: dict[str, str] = {}
            for expected, word in zip(pattern, words, strict=True):
                if expected.startswith("{"):
                    parts[expected.strip("{}")] = unquote(word)
                elif expected != word:
                    break
            else:
                return operation, parts
    raise NotFound(f"There is nothing at {path!r}.")


def _collected(model: type[BaseModel] | None, query: Mapping[str, object]) -> dict[str, Any]:
    """A query as a server reads it: texts, lists where the model has several values."""
    values: dict[str, Any] = {}
    for name, text in query_pairs(query):
        several = model is not None and name in model.model_fields and _is_several(model, name)
        if several:
            values.setdefault(name, []).append(text)
        else:
            values[name] = text
    return values


def _is_several(model: type[BaseModel], name: str) -> bool:
    return isinstance(model.model_fields[name].get_default(), tuple)


def _checked(model: type[BaseModel] | None, value: object, what: str) -> Any:
    if model is None:
        return None
    try:
        return model.model_validate(value)
    except ValidationError as error:
        problems = problems_of(error, known={"": sorted(model.model_fields)})
        raise InvalidSpec(
            f"{what}: {problems[0].key}: {problems[0].detail}.", hint=problems[0].hint, errors=problems
        ) from None
