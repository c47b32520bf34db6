"""A home of its own with a headless server, as a person's would be, for one benchmark."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from jupyter_training.client.client import Client
from jupyter_training.settings import Settings
from tests.kernel.living import emptied

__all__ = ["Stand", "stand", "until"]


@dataclass(frozen=True)
class Stand:
    """A client of a running server, and where its home is."""

    client: Client
    settings: Settings

    def wish(self, script: str, **keys: Any) -> dict[str, Any]:
        """A request to run this text as a script."""
        request = {
            "key": uuid.uuid4().hex,
            "entry": {"kind": "script", "path": "script.py"},
            "files": [{"path": "script.py", "text": script}],
        }
        return {**request, **keys}

    def dispatcher(self) -> psutil.Process | None:
        """The live dispatcher of this home."""
        try:
            mark = json.loads((self.settings.run_folder / "dispatcher.lock").read_text("utf-8"))
            return psutil.Process(mark["pid"])
        except (OSError, ValueError, KeyError, psutil.NoSuchProcess):
            return None

    def stop_dispatcher(self) -> None:
        """End the dispatcher in order, and wait until it has gone."""
        alive = self.dispatcher()
        if alive is not None:
            alive.send_signal(signal.SIGTERM)
            alive.wait(20)


@contextlib.contextmanager
def stand(**settings: object) -> Iterator[Stand]:
    """A fresh home with these settings, its server running; all of it is gone afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder,
        emptied(Path(folder) / "home") as home,
    ):
        (home / "settings.toml").write_text(
            "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
        )
        kept = {name: os.environ.get(name) for name in ("JUPYTER_TRAINING_HOME", "JUPYTER_TRAINING_URL")}
        os.environ.update(JUPYTER_TRAINING_HOME=str(home), JUPYTER_TRAINING_URL="home")
        try:
            found = Settings.load()
            client = Client(settings=found)
            client.info()
            yield Stand(client, found)
        finally:
            for name, value in kept.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def until(ready: Callable[[], object], *, within: float = 60.0, every: float = 0.002) -> None:
    """Wait for a condition of the world.

    Raises:
        TimeoutError: it did not come true in time.
    """
    deadline = time.monotonic() + within
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Not within {within:.0f} s.")
        time.sleep(every)
