"""Keep a log under its cap without moving a byte: its beginning stays, its newest part stays.

    |---- head ----|......... given back .........|---- newest ----|
    0                                                              size

The person's processes go on appending to the same open file; disk space in the
middle is given back by punching a hole, which reads as zeros and has no blocks.
Readers know holes from ``log.holes`` (``spool.log``).
"""

from __future__ import annotations

import json
import os

from jupyter_training.spool import layout
from jupyter_training.spool import log as spool_log

__all__ = ["LogCap"]

_PUNCH_HOLE, _KEEP_SIZE = 0x02, 0x01
_BLOCK = 4096
_LARGEST_SLACK = 16 * 1024 * 1024


class LogCap:
    """Watches one attempt's log. ``cap_bytes`` 0: no limit."""

    def __init__(self, folder: str, *, cap_bytes: int, head_bytes: int) -> None:
        self._log = os.path.join(folder, layout.LOG)
        self._holes = os.path.join(folder, layout.HOLES)
        self._cap = cap_bytes
        self._head = _up(min(head_bytes, cap_bytes // 2))
        self._slack = max(_BLOCK, min(cap_bytes // 16, _LARGEST_SLACK))
        self._given_back = max((hole.end for hole in spool_log.holes(folder)), default=self._head)
        self._works = cap_bytes > 0

    def keep(self) -> bool:
        """Give back what is over the cap. False: this file system can't, and the log grows on."""
        if not self._works:
            return self._cap == 0
        try:
            size = os.stat(self._log).st_size
        except FileNotFoundError:
            return True
        end = (size - (self._cap - self._head)) // _BLOCK * _BLOCK
        if size <= self._cap + self._slack or end - self._given_back < self._slack:
            return True
        self._works = self._give_back(self._given_back, end)
        if self._works:
            self._given_back = end
        return self._works

    def _give_back(self, start: int, end: int) -> bool:
        """Note the hole, then make it; so that no reader takes zeros for what was printed."""
        try:
            notes = os.open(self._holes, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError:
            return True  # full: a later try may succeed
        try:
            before = os.fstat(notes).st_size
            line = f"{json.dumps([start, end, self._cap])}\n".encode()
            try:
                is_noted = os.write(notes, line) == len(line)
            except OSError:
                is_noted = False
            if not is_noted:
                os.ftruncate(notes, before)
                return True
            done = _punch(self._log, start, end - start)
            if not done:
                os.ftruncate(notes, before)
            return done
        finally:
            os.close(notes)


def _punch(path: str, offset: int, length: int) -> bool:
    import ctypes

    handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fallocate = ctypes.CDLL(None, use_errno=True).fallocate
        fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
        return bool(fallocate(handle, _PUNCH_HOLE | _KEEP_SIZE, offset, length) == 0)
    except AttributeError:  # no such call on this system
        return False
    finally:
        os.close(handle)


def _up(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK
