"""The services in this very process, behind the same protocol as a server. For the command line and tests.

Not on the light side: this module needs all that the server needs.
"""

from __future__ import annotations

import getpass
import json
import time
from collections.abc import Mapping

from jupyter_training.client.transport import Answer, encoded, query_pairs
from jupyter_training.services import asking, jobs
from jupyter_training.services.site import Site
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
        # Through texts and JSON, as over a line: what one transport refuses the other does too.
        matched = asking.match(method, path)
        operation = matched.operation
        wanted = asking.read_query(operation, query_pairs(query or {}))
        request = asking.read_body(operation, None if body is None else json.loads(encoded(body)))
        if isinstance(wanted, jobs.ShowQuery) and wanted.wait:
            self._settle(matched.path["job"], wanted)
        found = operation.call(self.site, self._user, matched.path, wanted, request)
        if operation.response is None:
            file, view = found
            with file:
                return Answer(200, {"content-type": view.type}, content=file.read())
        headers = {"content-type": "application/json"}
        return Answer(asking.status_of(found), headers, json=found.model_dump(mode="json"))

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
