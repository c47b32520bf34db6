"""Write events so that a killed process tears nothing and a full disk is a value, not a crash.

A page is a file of zeros that has its disk space from the start, mapped into
the writer's memory:

    jupyter-training events 1\\n
    ["p",1700000000000000,1,{"loss":0.5}]\\n
    ["p",1700000000100000,2,{"loss":0.4}]\\n
    \\0\\0\\0\\0 ...                              <- the next line goes here

Once a line is copied in, the kernel keeps it whatever happens to the process;
no system call is needed. JSON text has no zero byte, so a line is there exactly
when its newline is and no zero stands before it. A writer killed halfway, or a
processor that shows the end of a copy before its beginning, leaves a line that
readers do not see.

The copy is one call into C that also moves the write position: other threads,
and signal handlers that report themselves, come before or after it. Tried and
refused: a lock around the call (a signal handler would wait for itself), a
position of our own (an exception between copy and advance loses a line).

Pages are per process. A page that can't be made is counted, and tried again a
second later, not at each call.
"""

from __future__ import annotations

import errno
import mmap
import os
import sys
import time
from _thread import RLock  # what threading offers, without its price

from jupyter_training.spool import identity, layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_training.spool.layout import StrPath

__all__ = ["MAGIC", "MAX_LINE", "PageWriter", "is_page", "pages", "trim"]

MAGIC = b"jupyter-training events 1\n"
MAX_LINE = 1024 * 1024  # bytes; readers refuse longer ones

FIRST_PAGE = 64 * 1024
NEXT_PAGE = 1024 * 1024
_RETRY_AFTER = 1.0  # seconds

_HAS_GIL = getattr(sys, "_is_gil_enabled", lambda: True)()


class PageWriter:
    """Appends lines to pages of an attempt's folder. For one process and all its threads.

    ``lost`` counts lines that could not be kept, ``fault`` is why the last one was not.
    ``put`` is the shortest way for one line: it copies it to the present page, or
    raises ValueError if there is no room; then ``write`` turns the page. ``stem`` begins the names of its pages, in
    place of the process: readers take pages in the order of their names.
    """

    def __init__(
        self, folder: str, *, first_page: int = FIRST_PAGE, next_page: int = NEXT_PAGE, stem: str | None = None
    ) -> None:
        self.lost = 0
        self.fault: OSError | None = None
        self._folder = folder
        self._size = first_page
        self._next_size = next_page
        own = stem or f"{os.getpid()}-{identity.start_time(os.getpid()) or time.time_ns()}"
        self._stem = f"events-{own}"
        self._number = 0
        self._retry_at = 0.0
        # Reentrant: a signal handler may report while its own thread turns the page.
        self._turning = RLock()
        self.put = self._use(_no_page())

    def write(self, line: bytes) -> bool:
        """Keep one line, which ends in a newline and has no other. False: it is lost, ``fault`` says why."""
        try:
            self.put(line)
            return True
        except ValueError:  # no room left
            return self._write_on_next_page(line)

    def _write_on_next_page(self, line: bytes) -> bool:
        if len(line) > MAX_LINE:
            return self._lose(OSError(errno.EMSGSIZE, f"one call gave {len(line)} bytes, more than {MAX_LINE}"))
        with self._turning:
            try:
                self.put(line)  # another thread has turned the page meanwhile
                return True
            except ValueError:
                pass
            if time.monotonic() < self._retry_at:
                self.lost += 1
                return False
            try:
                page = self._new_page(max(self._size, len(MAGIC) + len(line)))
            except OSError as error:
                self._retry_at = time.monotonic() + _RETRY_AFTER
                return self._lose(error)
            self._size = self._next_size
            page.write(line)  # before others see the page: they could fill it in the meantime
            self.put = self._use(page)
            return True

    def _use(self, page: mmap.mmap) -> Callable[[bytes], int]:
        if _HAS_GIL:
            return page.write

        def put(line: bytes) -> int:
            with self._turning:
                return page.write(line)

        return put

    def _new_page(self, size: int) -> mmap.mmap:
        while True:
            path = os.path.join(self._folder, f"{self._stem}-{self._number}.page")
            self._number += 1
            try:
                handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
                break
            except FileExistsError:  # the same pid and start time in another container
                continue
        try:
            layout.allocate(handle, size)
            page = mmap.mmap(handle, size)
        except OSError:
            os.unlink(path)
            raise
        finally:
            os.close(handle)
        page.write(MAGIC)
        return page

    def _lose(self, error: OSError) -> bool:
        self.lost += 1
        self.fault = error
        return False


def is_page(name: str) -> bool:
    return name.startswith("events-") and name.endswith(".page")


def pages(folder: StrPath) -> list[str]:
    """The names of a folder's pages, in no order."""
    try:
        return [name for name in os.listdir(folder) if is_page(name)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def trim(path: str) -> None:
    """Give back a page's unused rest. Only once no process has it mapped any more."""
    handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        size = os.fstat(handle).st_size
        with mmap.mmap(handle, size) as page:
            used = size
            while used > 0 and page[used - 1] == 0:
                # Whole stretches of zeros at once: a page is mostly empty or mostly full.
                step = min(used, 4096)
                piece = page[used - step : used].rstrip(b"\0")
                used -= step - len(piece)
        if used < size:
            os.ftruncate(handle, used)
    except ValueError:
        pass  # an empty file can't be mapped and has nothing to give back
    finally:
        os.close(handle)


def _no_page() -> mmap.mmap:
    """A page on which nothing has room."""
    page = mmap.mmap(-1, 1)
    page.write(b"\0")
    return page
