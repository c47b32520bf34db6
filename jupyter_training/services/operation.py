"""What one thing that can be asked for consists of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from jupyter_training.services.site import Site

__all__ = ["Call", "Operation", "Path"]

Path = Mapping[str, str]
Call = Callable[[Site, str, Path, Any, Any], Any]


@dataclass(frozen=True)
class Operation:
    """One thing that can be asked for.

    ``response`` None: bytes of a file (``call`` gives file and view).
    ``uploads``: the body is bytes as they are, which ``call`` gets.
    """

    name: str
    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    summary: str
    call: Call
    query: type[BaseModel] | None = None
    request: type[BaseModel] | None = None
    response: type[BaseModel] | None = None
    uploads: bool = False
