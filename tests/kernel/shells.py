"""A shell to run cells in, whose store is in this very process; and what it sent there."""

from __future__ import annotations

import atexit
from collections.abc import Mapping
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from jupyter_training.client.client import Client
from jupyter_training.client.local import LocalTransport
from jupyter_training.client.transport import Answer
from jupyter_training.kernel import magics
from jupyter_training.kernel.session import Session
from jupyter_training.settings import Settings

__all__ = ["Cells", "Recorded", "ended"]


class Recorded(LocalTransport):
    """Keeps what was asked, in order: method, path, body."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.asked: list[tuple[str, str, Any]] = []

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: object = None,
        timeout: float | None = None,
    ) -> Answer:
        self.asked.append((method, path, body))
        return super().request(method, path, query=query, body=body, timeout=timeout)

    @property
    def last(self) -> Any:
        """The body of the newest request."""
        return self.asked[-1][2]


def ended(shell: InteractiveShell) -> None:
    """IPython ends each shell when the process does, with a search for garbage: of hundreds that takes minutes."""
    atexit.unregister(shell.atexit_operations)
    shell.history_manager.end_session()


class Cells:
    """Runs cells; what a cell shows is given as one text. Nothing that is submitted here is started."""

    def __init__(self) -> None:
        self.shell = InteractiveShell()
        self.shell.colors = "nocolor"
        self.server = Recorded(Settings.load())
        self.client = Client(transport=self.server)
        magics.load(self.shell, session=Session(self.client))

    def close(self) -> None:
        magics.unload(self.shell)
        ended(self.shell)

    def run(self, cell: str) -> str:
        with capture_output() as shown:
            self.result = self.shell.run_cell(cell, store_history=True)
        return f"{shown.stdout}{shown.stderr}"

    def planned(self, cell: str) -> Any:
        """The request that a dry run of this cell makes."""
        shown = self.run(cell)
        assert self.result.error_in_exec is None, shown
        assert ("POST", "plans") == self.server.asked[-1][:2]
        return self.server.last
