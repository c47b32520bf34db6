"""What comes along with a cell: asked of a dry run, and run here."""

from __future__ import annotations

import contextlib
import io
from typing import Any

from jupyter_training.runtime import pieces
from tests.kernel.shells import Cells

__all__ = ["along", "definitions", "printed", "refused"]


def along(cells: Cells, body: str, options: str = "") -> dict[str, Any]:
    """The request for a body."""
    request: dict[str, Any] = cells.planned(f"%%train one --dry-run {options}\n{body}")
    return request


def definitions(cells: Cells, body: str, options: str = "") -> str:
    """The file of definitions that goes along with a body, without its table."""
    files = {file["path"]: file["text"] for file in along(cells, body, options)["files"]}
    return str(files.get(pieces.FILE, "\n").partition("\n")[2])


def printed(cells: Cells, body: str) -> str:
    """What a body prints in a fresh namespace, with what comes along."""
    request = along(cells, body)
    files = {file["path"]: file["text"] for file in request["files"]}
    space: dict[str, Any] = {"__name__": "elsewhere"}
    # Other names than the cells have here, whose lines must stay as they are.
    names = [f"elsewhere {number}" for number, _ in enumerate(request["entry"]["cells"])]
    with contextlib.redirect_stdout(io.StringIO()) as out:
        if pieces.FILE in files:
            pieces.run(files[pieces.FILE].encode(), pieces.FILE, names, space)
        exec(compile(files["cell.py"], "cell", "exec", dont_inherit=True), space)
    return out.getvalue().rstrip("\n")


def refused(cells: Cells, body: str, options: str = "") -> str:
    """The words in which a body is refused, before anything is sent."""
    cells.run(f"%%train one --dry-run {options}\n{body}")
    assert cells.result.error_in_exec is not None
    assert "plans" not in [path for _, path, _ in cells.server.asked]
    return str(cells.result.error_in_exec)
