"""Where outputs go: a front end that redraws them, or a terminal that gets lines."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from jupyter_training.kernel.tables import Table
from jupyter_training.kernel.wording import plain

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["Drawing", "Screen"]


class Drawing(Protocol):
    """One output that is drawn again when what it shows has changed."""

    every: float  # seconds between two drawings, at least
    lasts: bool  # whether it can still be drawn when its cell is done

    def draw(self, bundle: Mapping[str, Any], *, final: bool = False) -> None: ...


class Screen:
    """Shows MIME bundles. In a kernel the front end picks the richest form it knows; in a terminal it is text."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._kernel = getattr(shell, "kernel", None) is not None

    def drawing(self) -> Drawing:
        return _Updated() if self._kernel else _Lines()

    def show(self, bundle: Mapping[str, Any]) -> None:
        self.drawing().draw(bundle, final=True)

    def table(self, table: Table) -> None:
        self.show({"text/plain": table.text} if plain() else {"text/plain": table.text, "text/html": table.html})

    def say(self, text: str) -> None:
        """A text that is text everywhere, like a log."""
        sys.stdout.write(text + "\n")

    def warn(self, text: str) -> None:
        sys.stderr.write(text + "\n")


class _Updated:
    every = 0.5
    lasts = True

    def __init__(self) -> None:
        self._handle: Any = None
        self._last: Mapping[str, Any] | None = None

    def draw(self, bundle: Mapping[str, Any], *, final: bool = False) -> None:
        from IPython.display import DisplayHandle

        if bundle == self._last:
            return
        if self._handle is None:
            self._handle = DisplayHandle()  # type: ignore[no-untyped-call]
            self._handle.display(dict(bundle), raw=True)
        else:
            self._handle.update(dict(bundle), raw=True)
        self._last = bundle


class _Lines:
    every = 2.0
    lasts = False

    def __init__(self) -> None:
        self._last = ""

    def draw(self, bundle: Mapping[str, Any], *, final: bool = False) -> None:
        text = str(bundle["text/plain"])
        if text != self._last and (final or not plain()):
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
            self._last = text
