"""Takes folders away, here and under URLs, in a thread of its own: storage far away may be slow or not answer.

It knows no store. What it could not do it gives back as a sentence; whoever
asked asks again. What was asked for when the process dies is asked for again
by the next one, which finds it still there.
"""

from __future__ import annotations

import logging
import os
import queue
import shutil
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_training.core.ids import JobId
from jupyter_training.seams import storage
from jupyter_training.settings import Settings

__all__ = ["Done", "Order", "Remover"]

log = logging.getLogger(__name__)

_TRIES = 5  # with a place of which a part is missing


@dataclass(frozen=True)
class Order:
    """Folders of a job to be removed. ``name``: of the one checkpoint that they are; None: all of a deleted job."""

    job: JobId
    name: str | None
    folders: tuple[Path, ...] = ()
    places: tuple[str, ...] = ()  # URLs


@dataclass(frozen=True)
class Done:
    """``fault``: why not all of it is gone, as the end of a sentence; None: it is."""

    order: Order
    fault: str | None


class Remover:
    """Works off orders, one after the other. Its thread is there while there is something to do."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Done] = queue.SimpleQueue()
        self._open: set[tuple[JobId, str | None]] = set()
        self._turn = threading.Lock()
        self._works = False

    def ask(self, order: Order) -> None:
        """Have this removed. What is asked for already is not asked for twice."""
        if (order.job, order.name) in self._open:
            return
        self._open.add((order.job, order.name))
        with self._turn:
            self._orders.put(order)
            if not self._works:
                self._works = True
                threading.Thread(target=self._work, name="remover", daemon=True).start()

    def done(self) -> list[Done]:
        """What has been finished since this was last asked."""
        found: list[Done] = []
        while self._open:
            try:
                found.append(self._done.get_nowait())
            except queue.Empty:
                break
            self._open.discard((found[-1].order.job, found[-1].order.name))
        return found

    def has(self, job: JobId) -> bool:
        """Whether something of the job is being removed."""
        return any(of == job for of, _ in self._open)

    @property
    def is_busy(self) -> bool:
        return bool(self._open)

    def _work(self) -> None:
        while True:
            with self._turn:
                try:
                    order = self._orders.get_nowait()
                except queue.Empty:
                    self._works = False
                    return
            self._done.put(Done(order, _remove(self._settings, order.folders, order.places)))


def _remove(settings: Settings, folders: Sequence[Path], places: Sequence[str]) -> str | None:
    """Remove all of it that can be; the first fault."""
    faults = [fault for fault in map(_remove_folder, folders) if fault is not None]
    faults += [fault for fault in (_remove_place(settings, one) for one in places) if fault is not None]
    return faults[0] if faults else None


def _remove_folder(folder: Path) -> str | None:
    while True:
        try:
            if folder.is_symlink():  # a job put it in its folder's place: where it leads is not the job's
                folder.unlink()
            else:
                shutil.rmtree(folder)
            return None
        except FileNotFoundError:
            if not os.path.lexists(folder):
                return None  # else somebody else removes it, too, and was quicker with a part of it
        except OSError as error:
            return f"{folder} can't be removed: {error.strerror or error}"


def _remove_place(settings: Settings, url: str) -> str | None:
    try:
        system, root = storage.opened(settings, url)
        for _ in range(_TRIES):
            try:
                system.rm(root, recursive=True)
            except FileNotFoundError:
                if not system.exists(root):
                    return None  # else somebody else removes it, too, and was quicker with a part of it
            else:
                return None
    except Exception as error:  # noqa: BLE001 (each storage library has errors of its own)
        return f"{url} can't be removed: {type(error).__name__}: {error}".rstrip(": .")
    return f"{url} can't be removed: a part of it is missing, and it is there still"
