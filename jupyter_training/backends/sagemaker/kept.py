"""Answers that are kept in a file of the home, so that nobody is asked twice. Losing them costs a question."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from pydantic import JsonValue

__all__ = ["put", "read"]


def read(file: Path) -> dict[str, JsonValue]:
    """What is kept; nothing, where that can't be read."""
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def put(file: Path, key: str, value: JsonValue) -> None:
    """Keep one more answer: the file is there as a whole or as it was. One that can't be written is let be."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=file.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump({**read(file), key: value}, out, indent=1, sort_keys=True)
        os.replace(temporary, file)
    except OSError:
        return
