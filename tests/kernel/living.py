"""Real kernels, real servers, and a home whose processes are gone afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from tests.torture.processes import eventually, of_home

__all__ = ["Kernel", "Outputs", "Server", "emptied", "variables"]

REPOSITORY = Path(__file__).parents[2]


def variables(home: Path, **more: str) -> dict[str, str]:
    """This process's environment, with one home and nobody else's notebook, server or record."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER_", "JPY_", "MLFLOW_"))}
    folders = {f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "RUNTIME", "DATA")}
    return {**kept, **folders, "JUPYTER_TRAINING_HOME": str(home), "IPYTHONDIR": str(home / "ipython"), **more}


@contextlib.contextmanager
def emptied(home: Path) -> Iterator[Path]:
    """A home; every process that belongs to it is ended at the end."""
    home.mkdir(parents=True, exist_ok=True)
    try:
        yield home
    finally:
        for pid in of_home(home):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        try:
            eventually(lambda: not of_home(home), within=5, what="its processes end when asked")
        except AssertionError:
            for pid in of_home(home):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


@dataclass
class Outputs:
    """What one cell gave: streams as text, each display in its last state, and its error."""

    text: str = ""
    displays: list[dict[str, Any]] = field(default_factory=list)
    updates: int = 0
    error: list[str] | None = None
    error_name: str = ""
    places: dict[str, int] = field(default_factory=dict)  # of displays, by the id they are updated by

    @property
    def shown(self) -> str:
        """All that a person without a rich front end sees."""
        plain = [str(one.get("text/plain", "")) for one in self.displays]
        return "\n".join([self.text, *plain, *(self.error or [])])


class Kernel:
    """One kernel over its real channels."""

    def __init__(self, environment: Mapping[str, str], *, folder: Path, python: str = sys.executable) -> None:
        self.manager = KernelManager(kernel_name="python3")
        spec = self.manager.kernel_spec
        assert spec is not None
        spec.argv = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        self.manager.start_kernel(env=dict(environment), cwd=str(folder))
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()

    def interrupt(self) -> None:
        self.manager.interrupt_kernel()

    def send(self, cell: str) -> str:
        return str(self.client.execute(cell))

    def run(self, cell: str, *, within: float = 60) -> Outputs:
        return self.outputs(self.send(cell), within=within)

    def outputs(
        self, request: str, *, within: float = 60, until: str | None = None, after: Outputs | None = None
    ) -> Outputs:
        """What the cell gives until it is done, or until it shows the text ``until``; added to what came ``after``."""
        found = after or Outputs()
        deadline = time.monotonic() + within
        while True:
            try:
                message = self.client.get_iopub_msg(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"The cell was not done within {within:g} s; so far: {found}") from None
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                found.text += content["text"]
            elif kind in ("display_data", "execute_result"):
                found.places[content.get("transient", {}).get("display_id", "")] = len(found.displays)
                found.displays.append(content["data"])
            elif kind == "update_display_data":
                place = found.places.get(content["transient"]["display_id"])
                if place is not None:  # else it is an earlier cell's, whose job goes on
                    found.updates += 1
                    found.displays[place] = content["data"]
            elif kind == "error":
                found.error, found.error_name = content["traceback"], content["ename"]
            elif kind == "status" and content["execution_state"] == "idle":
                return found
            if until is not None and until in found.shown:
                return found

    def value(self, expression: str) -> Any:
        """The value of an expression, by way of JSON."""
        got = self.run(f"import json as _json\nprint(_json.dumps({expression}))")
        assert got.error is None, got.shown
        return json.loads(got.text)


class Server:
    """A Jupyter server with a token of its own, from the environment that runs the tests."""

    TOKEN = "a-token-for-tests"

    def __init__(self, environment: Mapping[str, str], *, folder: Path) -> None:
        self._log = open(folder / "jupyter-server.log", "wb")  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ServerApp.port=0",
             "--ServerApp.jpserver_extensions={'jupyter_training': True}",
             f"--IdentityProvider.token={self.TOKEN}", f"--ServerApp.root_dir={folder}"],
            env=dict(environment), cwd=folder, stdout=self._log, stderr=self._log,
        )  # fmt: skip
        note = Path(environment["JUPYTER_RUNTIME_DIR"]) / f"jpserver-{self._process.pid}.json"
        self.url = str(json.loads(eventually(lambda: _text(note), within=60, what="the server starts"))["url"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=20)
        self._log.close()


def _text(file: Path) -> str | None:
    try:
        text = file.read_text("utf-8")
        json.loads(text)
    except (OSError, ValueError):
        return None
    return text
