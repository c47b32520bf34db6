"""The queue and its pools, as methods of the client: look, reorder, make room."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from jupyter_training.client.verbs import part
from jupyter_training.errors import from_problem

if TYPE_CHECKING:
    from jupyter_training.client.connection import Connection

__all__ = ["Queue", "named"]


class Queue:
    """A part of ``Client``. Jobs are named by their ids, unique prefixes of them, their names, or ``last``."""

    _connection: Connection

    def queue(
        self,
        pool: str | None = None,
        *,
        limit: int | None = None,
        after: str | None = None,
        reverse: bool | None = None,
    ) -> dict[str, Any]:
        """One page of a pool's queue, in the order in which it is served (``QueuePage``); None: the default pool.

        ``after`` is the ``next`` of the page before; ``reverse`` begins at the end.
        """
        query = {"pool": pool, "limit": limit, "after": after, "reverse": reverse}
        return self._connection.record("GET", "queue", query=query)

    def move(
        self,
        job: str,
        *,
        priority: int | str | None = None,
        weight: float | str | None = None,
        resource_pool: str | None = None,
        ahead_of: str | None = None,
        behind_of: str | None = None,
        top: bool = False,
        bottom: bool = False,
        position: int | None = None,
        notebook: str | None = None,
    ) -> dict[str, Any]:
        """Change exactly one thing of a job; gives its ``JobView``.

        ``priority`` from 1 (first) to 99; ``weight`` above 0, in pools that share
        fairly. ``ahead_of`` and ``behind_of`` another job, at the ``top`` or
        ``bottom`` of its priority, or at a ``position`` of the whole queue, from 1.

        Raises:
            InvalidUsage: none of them, or several.
            InvalidSpec: a value that none may have.
            IllegalMove: the job has ended, or its pool's policy has no such thing.
        """
        body: dict[str, object] = {"jobs": [job], "priority": priority, "weight": weight, "notebook": notebook}
        body |= {"resource_pool": resource_pool, "ahead_of": ahead_of, "behind_of": behind_of}
        body |= {"top": top or None, "bottom": bottom or None, "position": position}
        asked = {name: value for name, value in body.items() if value is not None}
        results: list[dict[str, Any]] = self._connection.record("POST", "queue/moves", body=asked)["results"]
        if not results[0]["ok"]:
            raise from_problem(results[0]["problem"])
        moved: dict[str, Any] = results[0]["job"]
        return moved

    def move_all(
        self, items: Iterable[str], *, atomic: bool = False, notebook: str | None = None
    ) -> list[dict[str, Any]]:
        """Moves as texts like ``job1.priority=1``, ``job3.ahead-of=job1``, ``job2.top``; each one's ``BatchView``.

        They are carried out one after the other; a refusal is in its result and
        stops no other one. ``atomic``: all of them or none.
        """
        body = {"items": list(items), "atomic": atomic, "notebook": notebook}
        found: list[dict[str, Any]] = self._connection.record("POST", "queue/batch", body=body)["results"]
        return found

    def set_after(self, job: str, after: object, *, notebook: str | None = None) -> dict[str, Any]:
        """Let a waiting job, by its id, start after these have succeeded; an empty list frees it (``JobView``).

        ``after``: one or several ids, names or handles.
        """
        body = {"after": named(after), "notebook": notebook}
        return self._connection.record("PUT", f"jobs/{part(job)}/after", body=body)

    def pools(self) -> list[dict[str, Any]]:
        """Every pool (each a ``PoolView``)."""
        found: list[dict[str, Any]] = self._connection.record("GET", "pools")["pools"]
        return found

    def set_pool(self, name: str, **given: object) -> list[dict[str, Any]]:
        """Make a pool or change what is given of it; gives all pools.

        ``slots``, ``gpus`` (a number) or ``devices`` (ids), ``cpus``, ``memory``
        ("64G"), ``policy`` ("priority" or "fair_share"), ``preemption`` (a boolean),
        ``victim`` ("last" or "cheapest"), ``aging`` ("30m" or "off"), ``is_default``, ``backend``.

        Raises:
            InvalidSpec: a key or value that none may have, with the near miss.
        """
        found: list[dict[str, Any]] = self._connection.record("PUT", "pools", body={"name": name, **given})["pools"]
        return found

    def remove_pool(self, name: str) -> list[dict[str, Any]]:
        """Remove a pool in which no job waits or runs; gives the other ones."""
        found: list[dict[str, Any]] = self._connection.record("DELETE", f"pools/{part(name)}")["pools"]
        return found


def named(jobs: object) -> list[str]:
    """One or several jobs, by id or name or as handles, as a request names them."""
    listed = jobs if isinstance(jobs, Iterable) and not isinstance(jobs, str) else [jobs]
    return [str(getattr(one, "id", one)) for one in listed]
