"""Which notebook and which cell this is, as far as a kernel can know."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["Place", "is_jupyter_page", "line_of", "notebook_of", "place_of"]

_MAGIC_LINE = re.compile(r"\s*%%train(?:_config)?\b")


@dataclass(frozen=True)
class Place:
    """Where a cell's code was written. ``first_line`` is the number of the body's first line in the cell."""

    notebook: str | None  # path
    cell: str | None  # the front end's id of the cell
    count: int
    first_line: int = 2

    @property
    def shown_as(self) -> str:
        """What a traceback calls the cell."""
        return f"cell [{self.count}]" + (f" of {Path(self.notebook).name}" if self.notebook else "")


def place_of(shell: InteractiveShell, body: str) -> Place:
    """The place of the cell that runs now; ``body`` is its text below the magic line."""
    return Place(notebook_of(shell), _cell_id(shell), _count(shell), _first_line(shell, body))


def line_of(shell: InteractiveShell, text: str) -> int:
    """The number of the line in the cell that runs now which is this text; 1 where that can't be told."""
    found = [number for number, line in enumerate(_history(shell)[-1].splitlines(), 1) if line.strip() == text.strip()]
    return found[0] if len(found) == 1 else 1


def notebook_of(shell: InteractiveShell) -> str | None:
    """The notebook's path: from VS Code's variable, or from what a Jupyter server tells its kernels."""
    for path in (shell.user_ns.get("__vsc_ipynb_file__"), os.environ.get("JPY_SESSION_NAME")):
        if isinstance(path, str) and path.endswith(".ipynb"):
            return path
    return None


def is_jupyter_page(shell: InteractiveShell) -> bool:
    """Whether the cell that runs now was sent by JupyterLab or Notebook, by what they add to each request."""
    cell = _cell_id(shell)
    return cell is not None and "deletedCells" in _request_metadata(shell) and not cell.startswith("vscode-")


def _cell_id(shell: InteractiveShell) -> str | None:
    found = _request_metadata(shell).get("cellId")
    return found if isinstance(found, str) else None


def _request_metadata(shell: InteractiveShell) -> Mapping[str, Any]:
    """What the front end said beside the code of the cell that runs now."""
    header: Any = getattr(shell, "parent_header", None)  # of kernels only
    found = header.get("metadata") if isinstance(header, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _count(shell: InteractiveShell) -> int:
    """The number of the cell that runs now. IPython's counter is ahead of it in some versions, the history never."""
    return max(1, len(_history(shell)) - 1)


def _history(shell: InteractiveShell) -> list[str]:
    """The cells as they were written, the one that runs now at the end."""
    return list(getattr(shell.history_manager, "input_hist_raw", None) or [""])


def _first_line(shell: InteractiveShell, body: str) -> int:
    """Blank lines above the magic line are dropped before a magic is called; the raw cell still has them."""
    raw = _history(shell)[-1]
    if not raw.rstrip().endswith(body.rstrip()):
        return 2
    for number, line in enumerate(raw.splitlines(), start=1):
        if line.strip():
            return number + 1 if _MAGIC_LINE.match(line) else 2
    return 2
