"""What ``submit --test`` shows: a line for each thing that was tried."""

from __future__ import annotations

import sys
from typing import Any

from jupyter_training.cli import say
from jupyter_training.kernel.wording import span_text

__all__ = ["rehearsed"]

_WORDS = {True: "ok", False: "fail", None: "-"}


def rehearsed(found: dict[str, Any], *, as_json: bool) -> int:
    """Print a ``RehearsalView``; 0 where all went well, else 1."""
    if as_json:
        say.as_json(found)
        return 0 if found["ok"] else 1
    columns = (say.Column("", is_state=True), say.Column("tried"), say.Column("took", right=True), say.Column(""))
    rows = [
        (
            _WORDS[step["ok"]],
            step["name"],
            span_text(step["seconds"]) if step["seconds"] is not None else "",
            step["sentence"],
        )
        for step in found["steps"]
    ]
    say.table(columns, rows, empty="")
    if not found["ok"]:
        shown = found["error"] or found["log"]
        if shown.strip():
            print(f"\n{shown.rstrip()}", file=sys.stderr)
    print(found["sentence"])
    return 0 if found["ok"] else 1
