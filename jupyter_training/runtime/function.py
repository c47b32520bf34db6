"""Run one function of a file, with its parameters by name; report what it returns."""

from __future__ import annotations

import importlib
import os
import sys

from jupyter_training.runtime import pieces
from jupyter_training.runtime.report import report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["run"]


def run(path: str, content: bytes, shown_as: str, order: Mapping[str, Any]) -> None:
    """Import the file and call the function; a coroutine is run to its end.

    A returned mapping of names to numbers is reported without a step, and so are
    the numbers that a search wants of it; see ``objective``. The file is imported
    under its own name, so that what it defines can be pickled and found again by
    the processes it starts.
    """
    sys.argv = [path]
    module = _imported(path, content, shown_as, order)
    answer = getattr(module, order["entry"]["function"])(**(order.get("params") or {}))
    if hasattr(answer, "__await__"):
        import asyncio

        answer = asyncio.run(_awaited(answer))
    if isinstance(answer, dict) and answer and all(isinstance(one, str) for one in answer):
        report(answer)
    elif answer is not None and "JUPYTER_TRAINING_OBJECTIVE" in os.environ:
        from jupyter_training.runtime import objective

        objective.take(order["entry"]["function"], answer)


async def _awaited(thing: Any) -> Any:
    return await thing


def _imported(path: str, content: bytes, shown_as: str, order: Mapping[str, Any]) -> Any:
    parts = os.path.splitext(order["entry"]["path"])[0].split("/")
    if len(parts) > 1 and all(part.isidentifier() for part in parts):
        return importlib.import_module(".".join(parts))
    from importlib.util import module_from_spec, spec_from_file_location

    stem = parts[-1]
    # Not in the place of a module that is there already: a function called json must not become the json.
    full = stem if stem not in sys.modules else f"{stem}_submitted"
    spec = spec_from_file_location(full, path)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[full] = module
    if order.get("data"):
        from jupyter_training.runtime import data

        data.load(order["data"], module.__dict__)
    if pieces.are_in(content):
        pieces.run(content, path, order["entry"].get("cells") or (), module.__dict__)
        return module
    # Not by its loader, so that tracebacks call the file what the person calls it.
    exec(compile(content, shown_as, "exec", dont_inherit=True), module.__dict__)  # noqa: S102
    return module
