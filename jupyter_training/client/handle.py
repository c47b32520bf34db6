"""One job, for people: what ``submit`` and ``-o`` give."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

from jupyter_training.client import outputs
from jupyter_training.client.followed import Followed
from jupyter_training.client.waiting import has_ended

__all__ = ["Handle"]

_AWAIT_SECONDS = 2.0  # of one long poll; an await that is canceled leaves its thread behind for so long


class Handle(Followed):
    """A job. Its properties ask the server anew, also once it has ended: it may be retried, extended or put away."""

    def __await__(self) -> Generator[Any, None, Handle]:
        return self._ended().__await__()

    @property
    def params(self) -> dict[str, Any]:
        return dict(self.view["params"])

    def wait(self, timeout: float | None = None, *, check: bool = False) -> Handle:
        """Wait until the job has ended; see ``Client.wait`` for what it raises."""
        self._view = self._client.wait(self.id, timeout=timeout, check=check)
        return self

    def cancel(self) -> Handle:
        """Ask the job to end; it may finish what it is doing."""
        (self._view,) = self._client.cancel(self.id)
        return self

    def kill(self) -> Handle:
        """End the job at once."""
        (self._view,) = self._client.kill(self.id)
        return self

    def pause(self, *, discard: bool = False) -> Handle:
        """Let the job stop after its next checkpoint, until it is activated; ``discard``: at once, without one."""
        (self._view,) = self._client.pause(self.id, discard=discard)
        return self

    def activate(self) -> Handle:
        """Let the paused job go on, from its last checkpoint."""
        (self._view,) = self._client.activate(self.id)
        return self

    def retry(self, *, force: bool = False) -> Handle:
        """Start the job again, from its last checkpoint; ``force``: also if it has succeeded."""
        (self._view,) = self._client.retry(self.id, force=force)
        return self

    def resume(self, **params: object) -> Handle:
        """Extend the job from its last checkpoint; ``checkpoint.steps(n)`` then means ``n`` more."""
        self._view = self._client.resume(self.id, params=params)["job"]
        return self

    def move(self, **to: Any) -> Handle:
        """Change one thing of the job's place; see ``Client.move``. Other jobs may be named by their handles."""
        named: dict[str, Any] = {name: one.id if isinstance(one, Handle) else one for name, one in to.items()}
        self._view = self._client.move(self.id, **named)
        return self

    def start_after(self, *jobs: Handle | str) -> Handle:
        """Let the waiting job start once these have succeeded; without one it waits for no other job."""
        names = [one.id if isinstance(one, Handle) else one for one in jobs]
        self._view = self._client.set_after(self.id, names)
        return self

    def archive(self) -> Handle:
        """Put the job away: lists leave it out."""
        (self._view,) = self._client.archive(self.id)
        return self

    def unarchive(self) -> Handle:
        """Take the job out of the archive."""
        (self._view,) = self._client.unarchive(self.id)
        return self

    def delete(self) -> None:
        """Remove the job for good: checkpoints, outputs, logs. Its run lies in MLflow's trash then."""
        (self._view,) = self._client.delete(self.id)

    def fork(self, **params: object) -> Handle:
        """A new job with the same code and config, but for these parameters. See ``Client.fork`` for more."""
        return Handle(self._client, self._client.fork(self.id, params=params)["job"])

    def continue_from(self, checkpoint: str | int | None = None, **params: object) -> Handle:
        """The same, and it begins with a checkpoint of this job: by its name, its step, or the newest."""
        result = self._client.continue_from(self.id, checkpoint=checkpoint, params=params)
        return Handle(self._client, result["job"])

    @property
    def service(self) -> dict[str, Any] | None:
        """Where a service runs it (``ServiceView``): the ``name`` that it has there, ``machines``, ``cost``, ``model``.

        None: it runs on this machine.
        """
        found: dict[str, Any] | None = self.view["service"]
        return found

    @property
    def checkpoints(self) -> list[dict[str, Any]]:
        """The job's checkpoints, newest first (each a ``CheckpointView``)."""
        found: list[dict[str, Any]] = self._client.checkpoints(self.id)["checkpoints"]
        return found

    def logs(self, *, tail: int | None = None, attempt: int | None = None) -> str:
        """What the job printed so far; ``tail`` bytes from the end, or all of it."""
        if tail is not None:
            return str(self._client.logs(self.id, tail=tail, attempt=attempt)["text"])
        pieces: list[str] = []
        offset, size = 0, 1
        while offset < size:
            chunk = self._client.logs(self.id, offset=offset, attempt=attempt, limit=1024 * 1024)
            pieces.append(chunk["text"])
            size = chunk["size"] if chunk["next"] > offset else 0
            offset, attempt = chunk["next"], chunk["attempt"] or None
        return "".join(pieces)

    def follow(self) -> Iterator[str]:
        """The log as it grows, until the job has ended."""
        return self._client.follow(self.id)

    def metrics(self, *names: str, points: int | None = None) -> dict[str, list[tuple[int, float | None]]]:
        """The job's curves: (step, value) by name; a value of None is a gap.

        What a later attempt did anew is there once, as that one reported it.
        """
        found = [one for one in self._client.metrics(self.id, *names, points=points)["series"] if not one["superseded"]]
        return {series["name"]: [(step, value) for step, _, value in series["points"]] for series in found}

    @property
    def artifacts(self) -> list[str]:
        """The names of the files that the job kept."""
        return [artifact["name"] for artifact in self._client.artifacts(self.id)]

    def path(self, name: str) -> Path:
        """A kept file as a local path: the file itself where this machine has it, else a copy of it.

        Raises:
            NotFound: the job kept no file of that name; with the near miss.
        """
        return outputs.path(self._client, self.id, self.store, name)

    def load(self, name: str, *, allow_pickle: bool = False) -> Any:
        """The content of a kept file, by its suffix: json, txt, csv, npy, npz, parquet; see ``outputs.load``."""
        return outputs.load(self.path(name), allow_pickle=allow_pickle)

    def _asked(self) -> dict[str, Any]:
        return self._client.job(self.id)

    def _in_words(self, view: dict[str, Any]) -> str:
        return f"Job {view['name']} {view['id']}: {view['phase']}"

    async def _ended(self) -> Handle:
        view = await asyncio.to_thread(self._client.job, self.id)
        while not has_ended(view):
            view = await asyncio.to_thread(self._later, view["version"])
        self._view = view
        return self

    def _later(self, version: int) -> dict[str, Any]:
        return self._client.patiently(lambda: self._client.job(self.id, after=version, wait=_AWAIT_SECONDS))
