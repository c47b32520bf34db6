"""Runs code in an attempt of its own, and waits for its end."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from tests.runtime.attempts import Attempt, attempt_in

__all__ = ["ran"]


def ran(home: Path, code: str, **options: Any) -> tuple[Attempt, Any]:
    """The attempt, and what its process left: exit code, output and errors."""
    attempt = attempt_in(home, textwrap.dedent(code), **options)
    return attempt, attempt.run()
