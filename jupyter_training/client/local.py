"""The services in this very process, behind the same protocol as a server. For the command line and tests.

Not on the light side: this module needs all that the server needs.
"""

from __future__ import annotations

import getpass
import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jupyter_training.client.transport import Answer, encoded, query_pairs
from jupyter_training.services import asking, jobs, logs
from jupyter_training.services.site import Site
from jupyter_training.settings import Settings

__all__ = ["LocalTransport"]

_LOOK_EVERY = 0.1  # seconds between looks at a job that is waited for


class LocalTransport:
    """Answers requests from the home itself, which is opened (and made) with the first of them."""

    def __init__(self, settings: Settings, *, user: str | None = None) -> None:
        self.settings = settings
        self.place = f"the store in {settings.home}"
        self._user = user or _account()
        self._site: Site | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"LocalTransport({self.settings.home})"

    @property
    def site(self) -> Site:
        """The opened home.

        Raises:
            Unavailable: its store can't be used; the sentence says why.
        """
        with self._lock:
            if self._site is None:
                self._site = Site.open(self.settings)
            return self._site

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: object = None,
        timeout: float | None = None,
    ) -> Answer:
        # Through texts and JSON, as over a line: what one transport refuses the other does too.
        matched = asking.match(method, path)
        operation = matched.operation
        wanted = asking.read_query(operation, query_pairs(query or {}))
        request: Any = body
        if not (operation.uploads and isinstance(body, (bytes, Path))):
            request = asking.read_body(operation, None if body is None else json.loads(encoded(body)))
        if isinstance(wanted, jobs.ShowQuery) and wanted.wait:
            self._wait(wanted.wait, lambda: jobs.settled(jobs.known(self.site, matched.path["job"]), wanted.after))
        elif isinstance(wanted, logs.LogQuery) and wanted.wait:
            self._wait(wanted.wait, lambda: logs.has_news(logs.logs(self.site, matched.path["job"], wanted), wanted))
        found = operation.call(self.site, self._user, matched.path, wanted, request)
        if operation.response is None:
            file, view = found
            with file:
                return Answer(200, {"content-type": view.type}, content=file.read())
        headers = {"content-type": "application/json"}
        return Answer(asking.status_of(found), headers, json=found.model_dump(mode="json"))

    def close(self) -> None:
        with self._lock:
            if self._site is not None:
                self._site.close()
                self._site = None

    def _wait(self, seconds: float, has_news: Callable[[], bool]) -> None:
        """Return once there is news, or the wait is over. Who waits sees that somebody acts."""
        deadline = time.monotonic() + seconds
        self.site.ensure_dispatcher()
        while not has_news():
            left = deadline - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(_LOOK_EVERY, left))


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"
